"""What waits for a person and what was assessed, as read from rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import ClipRow, RunRow
from orchestrator.db.session import Database
from orchestrator.schema.assessment import CheckName, CheckStatus, Verdict
from orchestrator.schema.reviewing import AssessmentFilter, AssessmentOrder, NeedKind
from tests.conftest import make_settings
from tests.unit.rows import add_clip, add_project

NOW = datetime.now(UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = bootstrap.build(make_settings(tmp_path / "data"), is_durable=False)
    yield app
    app.stop()


def lose(database: Database, clip_id: str) -> None:
    """The answer to the newest request of this clip was lost."""
    with database.write() as session:
        clip = session.get(ClipRow, clip_id)
        assert clip is not None
        clip.runs[-1].error_code, clip.runs[-1].error_message = "needs_decision", "Nobody knows what became of it."


def runs_of(app: App, clip_id: str) -> list[str]:
    with app.database.read() as session:
        return [run.id for run in session.query(RunRow).filter_by(clip_id=clip_id).order_by(RunRow.attempt)]


def test_all_that_waits_is_told_with_its_kind_and_why(app: App) -> None:
    project = add_project(app.database, NOW, status="incomplete")
    to_decide = add_clip(app.database, project, NOW, takes=("fail", "needs_review"), status="needs_review")
    lost = add_clip(app.database, project, NOW, takes=("lost",), status="needs_review")
    lose(app.database, lost)
    failed = add_clip(app.database, project, NOW, takes=("fail",), status="failed")
    add_clip(app.database, project, NOW)
    found = app.views.needs_you()
    assert [(item.kind, item.clip_id) for item in found.items] == [
        (NeedKind.LOST, lost),
        (NeedKind.REVIEW, to_decide),
        (NeedKind.FAILED, failed),
    ]
    assert found.items[0].why == "Nobody knows what became of it."
    assert found.counts == {NeedKind.LOST: 1, NeedKind.REVIEW: 1, NeedKind.FAILED: 1}
    assert app.views.at_work().waiting == found.total == 3
    assert found.projects == ((project, "Lamp"),)
    only = app.views.needs_you(kind=NeedKind.FAILED)
    assert ([item.clip_id for item in only.items], only.total) == ([failed], 1)
    assert not app.views.needs_you(project_id="another").items


def test_nothing_waits_of_what_a_person_refused_or_put_away(app: App) -> None:
    project = add_project(app.database, NOW, status="incomplete")
    failed = add_clip(app.database, project, NOW, takes=("fail",), status="failed")
    (run_id,) = runs_of(app, failed)
    app.service.reject_take(run_id, reason="Wrong words")
    assert not app.views.needs_you().items
    app.service.take_back_decision(run_id)
    assert [item.clip_id for item in app.views.needs_you().items] == [failed]
    app.service.archive_project(project, True)
    assert not app.views.needs_you().items


def test_a_clip_that_never_got_a_take_waits_too(app: App) -> None:
    project = add_project(app.database, NOW, status="incomplete")
    clip = add_clip(app.database, project, NOW, takes=(), status="failed")
    (item,) = app.views.needs_you().items
    assert (item.clip_id, item.run_id, item.why) == (clip, "", "Every attempt failed")


def test_assessments_are_filtered_sorted_and_paged(app: App) -> None:
    lamp, boat = (add_project(app.database, NOW, name=name) for name in ("Lamp", "Boat"))
    add_clip(app.database, lamp, NOW - timedelta(days=9), takes=("fail", "pass"), cost_usd=0.5)
    add_clip(app.database, boat, NOW, takes=("fail",), status="failed", provider="other", failed=CheckName.DURATION_OK)
    everything = app.views.assessments()
    assert (everything.total, everything.providers) == (3, ("mock", "other"))
    assert {name for _, name in everything.projects} == {"Lamp", "Boat"}

    def runs(order: AssessmentOrder = AssessmentOrder.NEWEST, **wanted: object) -> list[tuple[str, int]]:
        page = app.views.assessments(AssessmentFilter.model_validate(wanted), order=order)
        assert page.total == len(page.takes)
        return [(take.project_name, take.attempt) for take in page.takes]

    assert runs(project_id=lamp, verdict="fail") == [("Lamp", 1)]
    assert runs(provider="other") == runs(failed_check="duration_ok") == runs(days=7) == [("Boat", 1)]
    assert runs(failed_check="continuity") == [("Lamp", 1)]
    assert runs(AssessmentOrder.DEAREST)[0] == ("Boat", 1)
    assert sorted(runs(AssessmentOrder.OLDEST)[:2]) == [("Lamp", 1), ("Lamp", 2)]
    assert runs(provider="nobody") == []
    first = app.views.assessments(limit=2)
    pages = [first.takes, app.views.assessments(limit=2, after=first.next).takes]
    assert [len(page) for page in pages] == [2, 1]
    assert len({take.run_id for page in pages for take in page}) == 3


def test_the_verdict_that_is_asked_for_is_the_one_people_corrected(app: App) -> None:
    project = add_project(app.database, NOW)
    clip = add_clip(app.database, project, NOW, takes=("pass",), status="failed")
    add_clip(app.database, project, NOW)
    (run_id,) = runs_of(app, clip)
    app.service.override_check(run_id, check=CheckName.CONTINUITY, status=CheckStatus.FAIL, reason="It jumps")
    (take,) = app.views.assessments(AssessmentFilter(verdict=Verdict.FAIL)).takes
    assert (take.run_id, take.verdict, take.is_corrected) == (run_id, Verdict.FAIL, True)
    assert app.views.assessments(AssessmentFilter(verdict=Verdict.PASS)).total == 1
    assert app.views.assessments(AssessmentFilter(is_overridden=True)).total == 1
