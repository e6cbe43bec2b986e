"""What reads cost, told in statements, however much there is, and what many viewers share."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bench.scale.reads import READS
from bench.scale.seeding import Extent, Ids, seed
from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import ClipRow, OverrideRow, PlanRow
from orchestrator.views import Views
from orchestrator.views.shared import SharedReads
from tests.conftest import make_settings
from tests.fakes.statements import statements
from tests.unit.rows import add_clip, add_project

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = bootstrap.build(make_settings(tmp_path / "data"), is_durable=False)
    yield app
    app.stop()


def plan_of(app: App, project_id: str) -> str:
    with app.database.read() as session:
        return session.scalars(select(PlanRow.id).where(PlanRow.project_id == project_id)).one()


FEW, MANY = Extent(projects=6, clips=4, takes=2, singles=8), Extent(projects=72, clips=7, takes=3, singles=24)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tuple[App, Ids], tuple[App, Ids]]]:
    """A workspace with few of everything, and one with many."""
    made: list[tuple[App, Ids]] = []
    for extent in (FEW, MANY):
        folder = tmp_path_factory.mktemp("seeded")
        app = bootstrap.build(make_settings(folder / "data"), is_durable=False)
        made.append((app, seed(app.database, extent, now=datetime.now(UTC))))
    yield made[0], made[1]
    for app, _ in made:
        app.stop()


@pytest.mark.parametrize("name", READS)
def test_a_read_costs_as_many_statements_however_much_there_is(
    seeded: tuple[tuple[App, Ids], tuple[App, Ids]], name: str
) -> None:
    few, many = (_asked(app, ids, name) for app, ids in seeded)
    assert not many - few


def _asked(app: App, ids: Ids, name: str) -> Counter[str]:
    """Statements without the number of their values."""
    with statements(app) as said:
        READS[name](app.views, ids)
    return Counter(re.sub(r"\((\?, )*\?\)", "(?)", text) for text, _ in said)


def test_no_read_is_left_out() -> None:
    public = {name for name in dir(Views) if not name.startswith("_")}
    assert {name.partition(":")[0] for name in READS} == public - {"for_user", "require_role", "require_admin"}


def test_a_plan_costs_as_many_statements_however_long_it_is(app: App) -> None:
    short, long = add_project(app.database, AT, name="Short"), add_project(app.database, AT, name="Long")
    for project_id, clips in ((short, 1), (long, 12)):
        for _ in range(clips):
            add_clip(app.database, project_id, AT, takes=("fail", "fail"), status="needs_review")
            add_clip(app.database, project_id, AT, takes=("fail", "pass"))
    told: list[int] = []
    for plan_id in (plan_of(app, short), plan_of(app, long)):
        with statements(app) as said:
            app.views.plan(plan_id)
        told.append(len(said))
    assert told[0] == told[1] <= 16


def test_the_evidence_of_accepted_takes_is_not_read_for_the_timeline(app: App) -> None:
    project_id = add_project(app.database, AT)
    add_clip(app.database, project_id, AT, takes=("fail", "pass"))
    with statements(app) as said:
        clip = app.views.plan(plan_of(app, project_id)).clips[0]
    assert clip.verdict == "pass" and clip.score is not None
    assert not any("assessments.body" in statement or "clip_runs.request" in statement for statement, _ in said)


def test_a_corrected_check_counts_on_the_timeline(app: App) -> None:
    project_id = add_project(app.database, AT)
    clip_id = add_clip(app.database, project_id, AT)
    with app.database.write() as session:
        run = session.get_one(ClipRow, clip_id).runs[0]
        said = {"check_name": "no_artifacts", "old_value": "pass", "new_value": "fail", "reason": "Six fingers"}
        session.add(OverrideRow(clip_run_id=run.id, made_by="Ann", **said))
    assert app.views.plan(plan_of(app, project_id)).clips[0].verdict == app.views.takes(clip_id)[0].verdict == "fail"


def test_many_viewers_of_a_plan_share_one_read_until_somebody_writes(app: App) -> None:
    project_id = add_project(app.database, AT)
    clip_id = add_clip(app.database, project_id, AT)
    plan_id = plan_of(app, project_id)
    first = app.views.lately(app.views.plan, plan_id)
    with app.database.write() as session:
        session.get_one(ClipRow, clip_id).text = "The boat comes in."
    assert first.clips[0].text == "A lamp is lit."
    assert app.views.lately(app.views.plan, plan_id).clips[0].text == "The boat comes in."


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_shared_answer_holds_for_its_time_only(app: App) -> None:
    clock, answers = Clock(), iter(range(9))
    shared = SharedReads(app.database, seconds=0.5, now=clock)
    read: Callable[[], int] = lambda: next(answers)  # noqa: E731
    assert [shared.get("a", read), shared.get("a", read), shared.get("b", read)] == [0, 0, 1]
    clock.now = 0.6
    assert shared.get("a", read) == 2


def test_an_answer_that_was_read_beside_a_write_is_not_given_again(app: App) -> None:
    shared = SharedReads(app.database, seconds=60, now=Clock())

    def read_beside_a_write() -> str:
        with app.database.write():
            return "before"

    assert shared.get("a", read_beside_a_write) == "before"
    assert shared.get("a", lambda: "after") == "after"


def test_one_reads_for_all_who_ask_at_the_same_time(app: App) -> None:
    shared = SharedReads(app.database, seconds=60, now=Clock())
    reads: list[int] = []
    begun, may_end = threading.Event(), threading.Event()

    def read() -> int:
        reads.append(1)
        begun.set()
        may_end.wait(10)
        return 7

    found: list[int] = []
    asking = [threading.Thread(target=lambda: found.append(shared.get("a", read))) for _ in range(5)]
    for thread in asking:
        thread.start()
    begun.wait(10)
    may_end.set()
    for thread in asking:
        thread.join(10)
    assert (found, len(reads)) == ([7] * 5, 1)


def test_a_read_that_fails_is_tried_again(app: App) -> None:
    shared = SharedReads(app.database, seconds=60, now=Clock())
    with pytest.raises(ZeroDivisionError):
        shared.get("a", lambda: 1 // 0)
    assert shared.get("a", lambda: 1) == 1


def test_calibration_reads_no_evidence_of_takes_nobody_spoke_about(app: App) -> None:
    project_id = add_project(app.database, AT)
    for _ in range(3):
        add_clip(app.database, project_id, AT)
    with statements(app) as said:
        found = app.views.calibration(project_id)
    assert [week.verdicts for week in found.weeks] == [3] and found.weeks[0].decided == 0
    assert sum("assessments.body" in statement for statement, _ in said) == 0
