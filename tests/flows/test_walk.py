"""The whole walk on the mock provider: plan, generate, assess, repair, assemble - and what people do in the middle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from orchestrator.bootstrap import App, build
from orchestrator.db.models import (
    Base,
    BriefRow,
    CharacterBibleRow,
    OverrideRow,
    PlanRow,
    RunRow,
    ScriptRow,
    StyleBibleRow,
)
from orchestrator.db.records import brief_of, fetch
from orchestrator.errors import BadInput, Conflict, NotFound
from orchestrator.media.probe import count_decoded_frames, probe
from orchestrator.perception.whisper import WhisperListener
from orchestrator.schema.assessment import CheckName, CheckStatus, Verdict
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import OnFailed, ProjectSettings
from orchestrator.schema.status import ClipStatus, PlanStatus
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import PlanView
from tests.conftest import make_settings
from tests.fakes.videos_server import FakeVideosServer

ONE, TWO, THREE = "The lamp is lit before dawn.", "Somebody waits beside the water.", "Now the heavy door opens."
SCRIPT = f"# First\n{ONE}\n\n# Second\n{TWO}\n\n# Third\n{THREE}"
BRIEF = ContentBrief(
    objective="Test", audience="Us", tone="calm", characters=(CharacterBible(name="Clara", appearance="grey coat"),)
)
SMALL = ProjectSettings(size="320x180", transition=Transition(kind=TransitionKind.CROSSFADE, seconds=0.5))


@pytest.fixture
def open_app(data_dir: Path, whisper: WhisperListener) -> Iterator[Callable[..., App]]:
    """Build and start an App on this test's folder; the same folder again is the same workspace."""
    apps: list[App] = []

    def open_with(**values: Any) -> App:
        app = build(make_settings(data_dir, **values), is_durable=False, listener=whisper)
        app.start()
        apps.append(app)
        return app

    yield open_with
    for app in apps:
        app.stop()


def make_plan(app: App, *, script: str = SCRIPT, settings: ProjectSettings = SMALL) -> str:
    project_id = app.service.create_project(name="Lamp", settings=settings)
    return app.service.create_plan(project_id, script=script, brief=BRIEF)


def wait_for(app: App, plan_id: str, until: Callable[[PlanView], bool], *, seconds: float = 120) -> PlanView:
    deadline = time.monotonic() + seconds
    while not until(plan := app.views.plan(plan_id)):
        assert time.monotonic() < deadline, plan.message
        time.sleep(0.05)
    return plan


def run_to_end(app: App, plan_id: str) -> PlanView:
    app.service.start_plan(plan_id)
    return wait_for(app, plan_id, lambda plan: not plan.is_active)


def test_a_script_becomes_a_film_and_every_step_is_a_row(open_app: Callable[..., App]) -> None:
    app = open_app()
    plan_id = make_plan(app)
    app.service.start_plan(plan_id)
    app.service.start_plan(plan_id)  # a second click is the same start
    plan = wait_for(app, plan_id, lambda plan: not plan.is_active)
    assert plan.status is PlanStatus.COMPLETED
    assert [clip.text for clip in plan.clips] == [ONE, TWO, THREE]
    assert [clip.verdict for clip in plan.clips] == [Verdict.PASS] * 3
    assert plan.creates == 3
    assert plan.render is not None and plan.render.duration_seconds == 12 - 2 * 0.5
    film = app.views.asset_file(plan.render.video_url.rsplit("/", 1)[-1]).path
    assert count_decoded_frames(film) == 11 * 30
    assert probe(film).has_audio
    with app.database.read() as session:
        counts = {
            table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
        }
    assert counts.pop("assessment_overrides") == 0, "nobody overrode anything"
    assert counts.pop("perception_calls") == 0, "without a key nobody is paid to look"
    assert counts.pop("executors") == 0, "on SQLite the lock on a file says who works"
    assert counts.pop("provider_turns") == counts.pop("provider_waits") == 0, "on SQLite one process asks"
    assert counts.pop("project_members") == counts.pop("sign_ins") == 0, "nobody was invited, and nobody signs in"
    for unasked in ("animatics", "preferences", "ratings", "workspaces"):
        assert counts.pop(unasked) == 0, "nobody asked for it or said so"
    assert len(counts) == 14 and all(counts.values()), counts


def test_spoiled_takes_are_repaired_and_the_reasons_are_kept(open_app: Callable[..., App]) -> None:
    app = open_app(mock_defects="1=wrong_words, 2=silence, 3=fail")
    plan = run_to_end(app, make_plan(app))
    assert plan.status is PlanStatus.COMPLETED
    assert [clip.attempts for clip in plan.clips] == [2, 2, 2]
    for clip, word in zip(plan.clips, ("said", "silent", "fail"), strict=True):
        accepted, spoiled = app.views.takes(clip.id)
        assert accepted.is_accepted and not spoiled.is_accepted
        assert spoiled.repair_strategy in ("prompt_patch", "remix", "retry")
        assert word in f"{spoiled.repair_reason} {spoiled.summary} {spoiled.error_message}".lower()
    wrong = app.views.takes(plan.clips[0].id)[1]
    assert wrong.checks[CheckName.TRANSCRIPT_MATCH].status is CheckStatus.FAIL
    assert wrong.checks[CheckName.VISUAL_REQUIREMENTS].status is CheckStatus.NOT_RUN
    assert "OPENAI_API_KEY" in wrong.checks[CheckName.VISUAL_REQUIREMENTS].reason
    with app.database.read() as session:
        second = session.scalars(select(RunRow).where(RunRow.clip_id == plan.clips[0].id, RunRow.attempt == 2)).one()
        assert ONE in second.request["prompt"]
        assert second.patches and all(line in second.request["prompt"] for line in second.patches)


def test_a_lost_answer_is_adopted_and_a_refused_prompt_rewritten(open_app: Callable[..., App], tmp_path: Path) -> None:
    app = open_app(mock_defects="1=crash_after_accept, 2=reject, 3=rate_limit")
    plan = run_to_end(app, make_plan(app))
    assert plan.status is PlanStatus.COMPLETED
    assert [clip.attempts for clip in plan.clips] == [1, 2, 2]
    assert plan.creates == 3
    assert len(list((tmp_path / "data" / "mock" / "generations").glob("*.json"))) == 3


def test_attempts_are_bounded_and_a_person_can_approve_what_failed(open_app: Callable[..., App]) -> None:
    app = open_app(mock_defects="2.*=wrong_words")
    settings = SMALL.model_copy(update={"retry_policy": RetryPolicy(max_attempts=2)})
    plan_id = make_plan(app, settings=settings)
    plan = run_to_end(app, plan_id)
    assert plan.status is PlanStatus.INCOMPLETE and plan.render is None
    assert [clip.status for clip in plan.clips] == [ClipStatus.PASSED, ClipStatus.FAILED, ClipStatus.PASSED]
    assert plan.clips[1].attempts == 2
    assert plan.clips[1].reason

    newest, oldest = app.views.takes(plan.clips[1].id)
    with pytest.raises(BadInput, match="Say why"):
        app.service.approve_take(oldest.run_id, reason=" ")
    app.service.approve_take(oldest.run_id, reason="The words do not matter here.", by="Rita")
    plan = wait_for(app, plan_id, lambda plan: plan.status is PlanStatus.COMPLETED and not plan.is_active)
    assert plan.render is not None and plan.render.is_current
    with app.database.read() as session:
        override = session.scalars(select(OverrideRow)).one()
        assert (override.made_by, override.old_value, override.new_value) == ("Rita", "failed", "approved")
    app.service.reject_take(oldest.run_id, reason="On second thoughts, no.")
    assert app.views.plan(plan_id).clips[1].status is ClipStatus.FAILED
    assert not newest.is_accepted


def test_failed_clips_are_tried_again_and_the_others_left_alone(open_app: Callable[..., App]) -> None:
    app = open_app(mock_defects="3.1-2=silence")
    settings = SMALL.model_copy(update={"retry_policy": RetryPolicy(max_attempts=2)})
    plan_id = make_plan(app, settings=settings)
    assert run_to_end(app, plan_id).failed == 1
    assert app.service.retry_failed(plan_id) == 1
    plan = wait_for(app, plan_id, lambda plan: not plan.is_active)
    assert plan.status is PlanStatus.COMPLETED
    assert [clip.attempts for clip in plan.clips] == [1, 1, 3]
    assert plan.creates == 5


def test_a_film_can_leave_out_what_failed(open_app: Callable[..., App]) -> None:
    app = open_app(mock_defects="1.*=silence")
    settings = SMALL.model_copy(update={"retry_policy": RetryPolicy(max_attempts=1), "on_failed": OnFailed.SKIP})
    plan = run_to_end(app, make_plan(app, settings=settings))
    assert plan.status is PlanStatus.COMPLETED
    assert plan.render is not None and plan.render.duration_seconds == 8 - 0.5


def test_pausing_starts_nothing_new_and_resuming_pays_nothing_twice(open_app: Callable[..., App]) -> None:
    app = open_app(mock_delay_seconds=1.0, max_concurrent_clips=1)
    plan_id = make_plan(app)
    app.service.start_plan(plan_id)
    wait_for(app, plan_id, lambda plan: plan.clips[0].status is ClipStatus.GENERATING)
    app.service.pause_plan(plan_id)
    app.service.pause_plan(plan_id)
    paused = wait_for(app, plan_id, lambda plan: not plan.is_active)
    assert paused.status is PlanStatus.PAUSED
    assert paused.creates == 1, "the clip under way is finished, the next is not begun"
    app.service.start_plan(plan_id)
    plan = wait_for(app, plan_id, lambda plan: not plan.is_active)
    assert plan.status is PlanStatus.COMPLETED
    assert plan.creates == 3


def test_a_cancelled_plan_stops_and_can_be_started_again(open_app: Callable[..., App]) -> None:
    app = open_app(mock_delay_seconds=0.5, max_concurrent_clips=1)
    plan_id = make_plan(app)
    app.service.start_plan(plan_id)
    app.service.cancel_plan(plan_id)
    plan = wait_for(app, plan_id, lambda plan: not plan.is_active)
    assert plan.status is PlanStatus.CANCELLED
    with pytest.raises(Conflict):
        app.service.pause_plan(plan_id)
    assert run_to_end(app, plan_id).status is PlanStatus.COMPLETED


def test_clips_are_reordered_and_the_next_render_follows(open_app: Callable[..., App]) -> None:
    app = open_app()
    plan_id = make_plan(app)
    plan = run_to_end(app, plan_id)
    backwards = [clip.id for clip in reversed(plan.clips)]
    app.service.reorder_clips(plan_id, backwards)
    with pytest.raises(BadInput):
        app.service.reorder_clips(plan_id, backwards[:2])
    moved = app.views.plan(plan_id)
    assert [clip.id for clip in moved.clips] == backwards
    assert moved.render is not None and not moved.render.is_current
    render_id = app.service.render_plan(plan_id, transition=Transition())
    assert app.service.render_plan(plan_id, transition=Transition()) == render_id, "a second click is the same render"
    plan = wait_for(app, plan_id, lambda plan: not plan.is_active)
    assert plan.render is not None and plan.render.is_current
    assert plan.render.duration_seconds == 12
    assert plan.render.frames_encoded == 0, "a hard cut copies every frame"


def test_work_goes_on_in_a_new_process_where_the_old_one_stopped(open_app: Callable[..., App]) -> None:
    first = open_app(mock_delay_seconds=1.0)
    plan_id = make_plan(first)
    first.service.start_plan(plan_id)
    wait_for(first, plan_id, lambda plan: plan.creates == 3)
    first.stop()
    second = open_app()
    plan = wait_for(second, plan_id, lambda plan: not plan.is_active)
    assert plan.status is PlanStatus.COMPLETED
    assert plan.creates == 3


def test_a_budget_that_is_spent_pauses_and_raising_it_goes_on(open_app: Callable[..., App], tmp_path: Path) -> None:
    with FakeVideosServer(tmp_path / "server") as server:
        app = open_app(sora_base_url=server.base_url, sora_api_key="sk-test", max_concurrent_clips=1)
        settings = ProjectSettings(provider="sora", budget_usd=0.9)
        plan_id = make_plan(app, settings=settings)
        plan = run_to_end(app, plan_id)
        assert plan.status is PlanStatus.PAUSED
        assert (plan.passed, plan.failed, plan.cost_usd, len(server.charges())) == (2, 0, 0.8, 2)
        assert "Raise the budget" in plan.reason and plan.reason in plan.message
        assert plan.estimate is not None and plan.estimate.low_usd == pytest.approx(0.4)
        with pytest.raises(BadInput, match=r"\$0\.80 are spent already"):
            app.service.raise_budget(plan_id, budget_usd=0.5)
        app.service.raise_budget(plan_id, budget_usd=1.3)
        plan = wait_for(app, plan_id, lambda plan: not plan.is_active)
        assert plan.status is PlanStatus.COMPLETED
        assert (plan.cost_usd, len(server.charges())) == (pytest.approx(1.2), 3)
        assert [clip.attempts for clip in plan.clips] == [1, 1, 1], "waiting for money is no attempt"
        assert plan.reason == "" and plan.estimate is None


def test_a_clip_that_does_not_arrive_is_fetched_later_and_not_paid_again(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    with FakeVideosServer(tmp_path / "server", truncate_word="lamp") as server:
        app = open_app(sora_base_url=server.base_url, sora_api_key="sk-test")
        plan_id = make_plan(app, script=ONE, settings=ProjectSettings(provider="sora"))
        plan = run_to_end(app, plan_id)
        assert plan.status is PlanStatus.INCOMPLETE
        assert "could not be downloaded" in plan.clips[0].reason
        httpx.post(server.base_url.replace("/v1", "/_behaviour"), json={"truncate_word": ""}).raise_for_status()
        app.service.retry_failed(plan_id)
        plan = wait_for(app, plan_id, lambda plan: not plan.is_active)
        assert plan.status is PlanStatus.COMPLETED
        assert (plan.clips[0].attempts, len(server.charges())) == (1, 1)


def test_a_retry_starts_nothing_else(open_app: Callable[..., App]) -> None:
    app = open_app()
    plan_id = make_plan(app)
    clip_id = app.views.plan(plan_id).clips[0].id
    with pytest.raises(Conflict, match="not been started"):
        app.service.retry_clip(clip_id)
    assert app.views.plan(plan_id).status is PlanStatus.PLANNED


def test_drafts_replace_each_other_and_planned_ones_stay(open_app: Callable[..., App]) -> None:
    app = open_app()
    project_id = app.service.create_project(name="Draft", settings=SMALL)
    for tone in ("calm", "bright", "calm"):
        app.service.save_draft(project_id, brief=BRIEF.model_copy(update={"tone": tone}), script=f"{ONE} {tone}\x00")
    detail = app.views.project(project_id)
    assert (detail.brief, detail.script) == (BRIEF, f"{ONE} calm")
    plan_id = app.service.create_plan(project_id, script=ONE, brief=BRIEF)
    app.service.save_draft(project_id, brief=ContentBrief(), script="")
    with app.database.read() as session:
        counts = {
            row.__tablename__: session.scalar(select(func.count()).select_from(row))
            for row in (BriefRow, StyleBibleRow, CharacterBibleRow, ScriptRow)
        }
        planned = brief_of(fetch(session, PlanRow, plan_id).brief)
    assert counts == {"content_briefs": 2, "style_bibles": 2, "character_bibles": 0, "scripts": 2}
    assert planned == BRIEF.model_copy(update={"characters": ()}), "style and characters follow the draft, nothing else"


def test_the_next_provider_takes_over_when_the_account_is_empty(open_app: Callable[..., App], tmp_path: Path) -> None:
    with FakeVideosServer(tmp_path / "server", no_quota=99) as server:
        app = open_app(sora_base_url=server.base_url, sora_api_key="sk-test", fallback_providers=("mock",))
        plan = run_to_end(app, make_plan(app, script=ONE, settings=ProjectSettings(provider="sora")))
        assert plan.status is PlanStatus.COMPLETED
        assert plan.clips[0].provider == "mock"
        assert plan.cost_usd == 0
        assert server.charges() == []
        assert app.views.takes(plan.clips[0].id)[1].repair_strategy == "fallback"


def test_a_single_clip_is_made_remixed_and_overridden(open_app: Callable[..., App]) -> None:
    app = open_app()
    prompt = 'A lighthouse at dusk. The keeper says: "The lamp is lit before dawn."'
    clip_id = app.service.generate_single(prompt=prompt, seconds=4, size="320x180")
    take = wait_for_take(app, clip_id)
    assert take.line == ONE and take.verdict is Verdict.PASS and take.is_accepted
    assert app.views.history()[0].run_id == take.run_id
    remixed = wait_for_take(app, app.service.remix_take(take.run_id, prompt=f"{prompt} At night."))
    assert remixed.is_accepted and remixed.prompt.endswith("At night.")
    app.service.override_check(
        take.run_id, check=CheckName.NO_ARTIFACTS, status=CheckStatus.FAIL, reason="The lamp flickers."
    )
    check = app.views.take(take.run_id).checks[CheckName.NO_ARTIFACTS]
    assert check.status is CheckStatus.FAIL and "flickers" in check.reason
    for wrong in ({"prompt": " "}, {"prompt": "x", "seconds": 5}, {"prompt": "x", "size": "1x1"}):
        with pytest.raises(BadInput):
            app.service.generate_single(**wrong)


def test_silence_without_a_line_waits_for_a_person(open_app: Callable[..., App]) -> None:
    """Nothing was to be said and nobody looked at the picture: too little was measured to pass."""
    app = open_app()
    take = wait_for_take(app, app.service.generate_single(prompt="Waves at night", seconds=4, size="320x180"))
    assert take.verdict is Verdict.NEEDS_REVIEW
    assert [t.run_id for t in app.views.review_queue()] == [take.run_id]
    app.service.approve_take(take.run_id, reason="I looked at it.")
    assert app.views.review_queue() == ()
    assert app.views.take(take.run_id).is_accepted


def test_ids_that_are_none_are_not_found(open_app: Callable[..., App]) -> None:
    app = open_app()
    for call in (app.views.plan, app.views.take, app.views.render, app.views.asset_file, app.service.start_plan):
        for wrong in ("nonsense", "../../etc/passwd", "00000000-0000-0000-0000-000000000000", "\x00"):
            with pytest.raises(NotFound):
                call(wrong)


def wait_for_take(app: App, clip_id: str) -> Any:
    deadline = time.monotonic() + 90
    while (take := app.views.single(clip_id)).status != "settled":
        assert time.monotonic() < deadline, take
        time.sleep(0.05)
    return take
