"""What people say about takes and how strictly those are judged, on rows alone: no engine runs, no file exists."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.assessor.labels import read_labels
from orchestrator import bootstrap
from orchestrator.__main__ import cli
from orchestrator.assessor.verdict import reach_verdict
from orchestrator.bootstrap import App
from orchestrator.db.models import AssessmentRow, AssetRow, ClipRow, PlanRow, RunRow, new_id, utc_now
from orchestrator.db.records import fetch
from orchestrator.errors import BadInput, Conflict
from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Finding, Verdict
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PlanStatus, RunStatus
from tests.conftest import make_settings

POLICY = AssessmentPolicy()
STRICT = POLICY.model_copy(update={"minima": {**POLICY.minima, CheckName.TRANSCRIPT_MATCH: 0.95}})
T, V, C, A, D = CheckName
LINE = "The lamp is lit before dawn."


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = bootstrap.build(make_settings(tmp_path / "data", reviewer_name="Rita"), is_durable=False)
    yield app
    app.stop()


def measured(transcript: float) -> Assessment:
    found = () if transcript >= 0.75 else (Finding(code="wrong_words", message="Said “dusk” instead of “dawn”"),)
    perfect = CheckResult(status=CheckStatus.PASS, score=1.0)
    heard = CheckResult(status=CheckStatus.PASS, score=transcript, findings=found)
    return reach_verdict({T: heard, A: perfect, D: perfect}, policy=POLICY)


def add_takes(app: App, *transcripts: float, accepted: int | None = None, line: str = LINE) -> tuple[str, list[str]]:
    """(project id, run ids) of a clip with a settled take for each of these scores; ``accepted`` is one's index."""
    project_id = app.service.create_project(name="Lamp", settings=ProjectSettings(size="320x180"))
    plan_id = app.service.create_plan(project_id, script=LINE, brief=ContentBrief())
    with app.database.write() as session:
        plan = fetch(session, PlanRow, plan_id)
        clip: ClipRow = plan.clips[0]
        run_ids = []
        for attempt, transcript in enumerate(transcripts, start=1):
            asset = AssetRow(
                id=new_id(), project_id=project_id, kind="take", storage_key=f"gone/{new_id()}.mp4", sha256="0" * 64,
                size_bytes=1, mime="video/mp4",
            )  # fmt: skip
            session.add(asset)
            session.flush()
            request = {
                "key": new_id(),
                "model": "mock",
                "prompt": "A lamp",
                "seconds": 4,
                "size": "320x180",
                "line": line,
            }
            run = RunRow(
                id=new_id(), clip_id=clip.id, attempt=attempt, status=RunStatus.SETTLED, provider="mock", model="mock",
                request=request, asset_id=asset.id, settled_at=utc_now(),
            )  # fmt: skip
            session.add(run)
            session.flush()
            assessment = measured(transcript)
            session.add(
                AssessmentRow(
                    clip_run_id=run.id, verdict=assessment.verdict, score=assessment.score,
                    weight_run=assessment.weight_run, body=assessment.model_dump(mode="json"),
                )
            )  # fmt: skip
            run_ids.append(run.id)
        clip.accepted_run_id = run_ids[accepted] if accepted is not None else None
        clip.status = ClipStatus.FAILED if accepted is None else ClipStatus.PASSED
        plan.status = PlanStatus.RUNNING
    return project_id, run_ids


def clip_of(app: App, run_id: str) -> tuple[str, str | None, str]:
    with app.database.read() as session:
        clip = fetch(session, RunRow, run_id).clip
        return clip.status, clip.accepted_run_id, clip.reason


def correct(app: App, run_id: str, check: CheckName, status: CheckStatus, reason: str = "I listened to it") -> str:
    return app.service.override_check(run_id, check=check, status=status, reason=reason)


# --- corrected checks ---


def test_verdict_follows_and_the_clip_takes_the_take_when_a_check_is_corrected(app: App) -> None:
    _, (run_id,) = add_takes(app, 0.5)
    assert app.views.take(run_id).verdict is Verdict.FAIL
    assert correct(app, run_id, T, CheckStatus.PASS) == "The take passes now and was taken for its clip."
    take = app.views.take(run_id)
    assert (take.verdict, take.score, take.is_accepted) == (Verdict.PASS, 1.0, True)
    assert take.summary.endswith("Corrected by a person: transcript match.")
    assert clip_of(app, run_id) == (ClipStatus.PASSED, run_id, "")
    (clip,) = app.views.plan(take.clip_plan_id).clips
    assert clip.verdict is Verdict.PASS
    with app.database.read() as session:
        (row,) = fetch(session, RunRow, run_id).assessments
        assert row.verdict == Verdict.FAIL, "what was measured stays on record"


def test_the_clip_loses_a_take_that_does_not_pass_any_more(app: App) -> None:
    _, (run_id,) = add_takes(app, 0.9, accepted=0)
    assert (
        correct(app, run_id, A, CheckStatus.FAIL, "The lamp flickers") == "The take fails now, and its clip is failed."
    )
    assert clip_of(app, run_id) == (ClipStatus.FAILED, None, "A reviewer corrected no artifacts: The lamp flickers")
    assert correct(app, run_id, A, CheckStatus.NOT_RUN) == "The take needs a person now."
    assert correct(app, run_id, A, CheckStatus.PASS).endswith("was taken for its clip.")


def test_the_clip_stays_as_it_is_when_something_stands_against_the_take(app: App) -> None:
    _, (failed, other) = add_takes(app, 0.5, 0.9, accepted=1)
    assert "has an accepted take" in correct(app, failed, T, CheckStatus.PASS)
    assert clip_of(app, failed)[1] == other
    _, (reworded,) = add_takes(app, 0.5, line="The lamp is lit at dusk.")
    assert "says other words now" in correct(app, reworded, T, CheckStatus.PASS)
    _, (rejected,) = add_takes(app, 0.5)
    app.service.reject_take(rejected, reason="Too dark")
    assert "stays rejected" in correct(app, rejected, T, CheckStatus.PASS)
    _, (approved,) = add_takes(app, 0.5)
    app.service.approve_take(approved, reason="It suits the scene")
    assert "It stays accepted" in correct(app, approved, A, CheckStatus.FAIL)
    assert clip_of(app, approved)[1] == approved


def test_who_when_old_and_new_stay_on_record_in_order(app: App) -> None:
    _, (run_id,) = add_takes(app, 0.5)
    correct(app, run_id, T, CheckStatus.PASS)
    correct(app, run_id, T, CheckStatus.FAIL, "On second thoughts, no")
    app.service.approve_take(run_id, reason="The director wants it", by="  Ada\x00 ")
    told = [(d.by, d.check, d.old, d.new, d.reason) for d in app.views.take(run_id).decisions]
    assert told == [
        ("Rita", T, "fail", "pass", "I listened to it"),
        ("Rita", T, "pass", "fail", "On second thoughts, no"),
        ("Ada", "", "failed", "approved", "The director wants it"),
    ]
    with pytest.raises(BadInput, match="Say why"):
        correct(app, run_id, A, CheckStatus.FAIL, " ")


def test_a_take_that_is_still_decided_on_is_not_corrected(app: App) -> None:
    _, (run_id,) = add_takes(app, 0.5)
    with app.database.write() as session:
        fetch(session, RunRow, run_id).status = RunStatus.ASSESSED
    with pytest.raises(Conflict, match="still being decided on"):
        correct(app, run_id, T, CheckStatus.PASS)


# --- policies ---


def test_stored_takes_are_judged_otherwise_at_once_and_nothing_runs(app: App) -> None:
    project_id, run_ids = add_takes(app, 0.5, 0.82, 1.0)
    before = [app.views.take(run_id) for run_id in run_ids]
    outcome = app.views.what_if(project_id, STRICT)
    assert [take.run_id for take in outcome.changed] == [run_ids[1]]
    assert (outcome.before[Verdict.PASS], outcome.after[Verdict.PASS]) == (2, 1)
    assert "wrong_words" in outcome.vetoes
    assert [app.views.take(run_id) for run_id in run_ids] == before
    assert app.views.policy(project_id).policy == POLICY


def test_a_projects_own_policy_stays_when_its_other_settings_change(app: App) -> None:
    project_id, _ = add_takes(app, 0.5)
    app.service.set_policy(project_id, STRICT)
    app.service.update_project(project_id, settings=ProjectSettings(size="320x180", seed=7))
    view = app.views.policy(project_id)
    assert view.is_own and view.policy == STRICT
    assert app.views.project(project_id).settings.seed == 7
    app.service.set_policy(project_id, None)
    assert not app.views.policy(project_id).is_own


def test_the_newest_five_hundred_takes_are_looked_at_in_a_moment(app: App) -> None:
    project_id, _ = add_takes(app, *([0.82] * 501))
    started = time.process_time()
    outcome = app.views.what_if(project_id, STRICT)
    assert (outcome.takes, outcome.has_more, outcome.after[Verdict.FAIL]) == (500, True, 500)
    assert time.process_time() - started < 3, "bounded, for a person waits for it"


def test_policy_and_labels_are_reached_from_the_command_line(app: App, tmp_path: Path) -> None:
    project_id, run_ids = add_takes(app, 0.5, 0.82)
    app.service.reject_take(run_ids[1], reason="It mumbles")
    app.stop()

    def run(*arguments: str, exit_code: int = 0) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"], env={"DATA_DIR": str(tmp_path / "data")})
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    tried = run("policy", project_id, "--minimum", "transcript_match=0.95")
    assert [take["run_id"] for take in tried["what_if"]["changed"]] == [run_ids[1]]
    assert not tried["is_used"] and not run("policy", project_id)["is_own"]
    table = tmp_path / "table.json"
    table.write_text(json.dumps(tried))
    used = run("policy", project_id, "--file", str(table), "--min-weight", "60", "--use")
    assert used["is_own"] and used["policy"]["min_weight_percent"] == 60
    assert run("policy", project_id)["policy"]["minima"][T] == 0.95
    assert not run("policy", project_id, "--defaults", "--use")["is_own"]
    for wrong in (["--weight", "continuity=50"], ["--minimum", "transcript_match=2"], ["--minimum", "nonsense"]):
        message = run("policy", project_id, *wrong, exit_code=2)["error"]["message"]
        assert wrong[1].partition("=")[0] in message or "weights_percent" in message
    with app.database.read() as session:
        key = fetch(session, AssetRow, fetch(session, RunRow, run_ids[1]).asset_id or "").storage_key
    video = tmp_path / "data" / "assets" / key
    video.parent.mkdir(parents=True, exist_ok=True)
    video.write_bytes(b"a take")
    found = run("calibrate", "--project", project_id, "--labels", str(tmp_path / "set"))
    assert found["overall"]["misses"] == 1
    (label,) = read_labels(tmp_path / "set")
    assert (label.file, label.truth.verdict, label.expectation.text) == (f"{run_ids[1]}.mp4", "fail", LINE)
