"""Lists by the page: each row once and in order, both ways, also while rows are added, on both databases."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import AssessmentRow, ClipRow, PerceptionCallRow, PlanRow, ProjectRow, RunRow, new_id
from orchestrator.db.paging import Cursor, read_cursor, write_cursor
from orchestrator.errors import BadInput
from orchestrator.schema.assessment import Verdict
from orchestrator.schema.paging import Paged
from orchestrator.schema.reviewing import AssessmentFilter, AssessmentOrder
from orchestrator.views import Views
from tests.conftest import make_settings
from tests.fakes.postgres import create_database
from tests.unit.rows import add_clip, add_film, add_plan, add_project

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# So few different ones that many rows are equal in what they are sorted by.
MINUTES = st.lists(st.integers(0, 2), min_size=1, max_size=6)
COSTS, SCORES = (0.0, 0.3, 0.8), (None, 0.4, 0.9)
ORDERLY = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

Turn = Callable[[Views, int, str], tuple[Paged, list[tuple[Any, str]]]]


def _of_takes(order: AssessmentOrder, key: Callable[[Any], Any], wanted: AssessmentFilter | None = None) -> Turn:
    def turn(views: Views, limit: int, after: str) -> tuple[Paged, list[tuple[Any, str]]]:
        page = views.assessments(wanted, order=order, limit=limit, after=after)
        return page, [(key(take), take.run_id) for take in page.takes]

    return turn


def _projects(views: Views, limit: int, after: str) -> tuple[Paged, list[tuple[Any, str]]]:
    page = views.library(limit=limit, after=after)
    return page, [(-one.updated_at.timestamp(), one.id) for one in page.projects]


def _films(views: Views, limit: int, after: str) -> tuple[Paged, list[tuple[Any, str]]]:
    page = views.films(limit=limit, after=after)
    return page, [(-film.created_at.timestamp(), film.id) for film in page.films]


def _ledger(views: Views, limit: int, after: str) -> tuple[Paged, list[tuple[Any, str]]]:
    page = views.ledger(limit=limit, after=after)
    return page, [(-call.sent_at.timestamp(), f"{call.provider} {call.run_id}") for call in page.calls]


def _wishes(views: Views, limit: int, after: str) -> tuple[Paged, list[tuple[Any, str]]]:
    page = views.wishes(limit=limit, after=after)
    return page, [(-wish.takes[0].created_at.timestamp(), wish.id) for wish in page.wishes]


def _score(missing: float) -> Callable[[Any], float]:
    return lambda take: missing if take.score is None else take.score


LISTS: dict[str, Turn] = {
    "projects": _projects,
    "films": _films,
    "ledger": _ledger,
    "wishes": _wishes,
    "newest": _of_takes(AssessmentOrder.NEWEST, lambda take: -take.assessed_at.timestamp()),
    "oldest": _of_takes(AssessmentOrder.OLDEST, lambda take: take.assessed_at.timestamp()),
    "worst": _of_takes(AssessmentOrder.WORST, _score(2)),
    "best": _of_takes(AssessmentOrder.BEST, lambda take: -_score(-1)(take)),
    "dearest": _of_takes(AssessmentOrder.DEAREST, lambda take: -take.cost_usd),
    "of a provider": _of_takes(
        AssessmentOrder.NEWEST, lambda take: -take.assessed_at.timestamp(), AssessmentFilter(provider="mock")
    ),
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    url = ""
    if request.param == "postgres":
        url = create_database(request.getfixturevalue("postgres_url"), f"paging_{new_id().replace('-', '')}")
    app = bootstrap.build(
        make_settings(tmp_path_factory.mktemp("paging"), database_url=SecretStr(url)), is_durable=False
    )
    yield app
    app.stop()


def empty(app: App) -> None:
    with app.database.write() as session:
        for kind in (PlanRow, ProjectRow):
            session.query(kind).delete()


def add(app: App, number: int, minute: int) -> None:
    """A film with a clip, two takes, a call and a look each, and a wish; ``minute`` is what all of it is sorted by."""
    at = NOW + timedelta(minutes=minute)
    project = add_project(app.database, at, name=f"Film {number}")
    provider = "mock" if number % 2 else "other"
    clip_id = add_clip(app.database, project, at, takes=("fail", "pass"), cost_usd=COSTS[minute], provider=provider)
    add_film(app.database, project, at)
    with app.database.write() as session:
        for run in session.query(RunRow).filter_by(clip_id=clip_id):
            run.cost_usd = COSTS[minute]
            session.query(AssessmentRow).filter_by(clip_run_id=run.id).update({"score": SCORES[minute]})
            look = {"model": "m", "endpoint": "", "owner": "o", "ask_by": at, "cost_usd": 0.0, "estimated_usd": 0.0}
            session.add(PerceptionCallRow(key=new_id(), project_id=project, clip_run_id=run.id, created_at=at, **look))
    with app.database.read() as session:  # all single clips are in one project
        kept = session.query(ProjectRow.id).filter_by(kind="single").scalar()
    single = kept or add_project(app.database, at, name="Single clips")
    plan_id = add_plan(app.database, single, at) if kept else ""
    add_clip(app.database, single, at, takes=("pass",), cost_usd=0.0, plan_id=plan_id)
    with app.database.write() as session:
        session.get_one(ProjectRow, single).kind = "single"
        for clip in session.query(ClipRow).join(PlanRow).filter(PlanRow.project_id == single):
            clip.created_at, clip.plan.created_at = clip.runs[0].created_at, clip.runs[0].created_at


def walk(app: App, turn: Turn, limit: int, *, after: str = "", is_back: bool = False) -> list[tuple[Any, str]]:
    """Everything from there to the end, or to the beginning, in the order in which pages show it."""
    found: list[tuple[Any, str]] = []
    for _ in range(100):
        page, rows = turn(app.views, limit, after)
        assert len(rows) <= limit
        found = rows + found if is_back else found + rows
        after = page.previous if is_back else page.next
        if not after:
            return found
    raise AssertionError("The list has no end.")


@pytest.mark.parametrize("name", LISTS)
@ORDERLY
@given(minutes=MINUTES, limit=st.integers(1, 4))
def test_every_row_is_on_one_page_in_order_both_ways(app: App, name: str, minutes: list[int], limit: int) -> None:
    empty(app)
    for number, minute in enumerate(minutes):
        add(app, number, minute)
    turn = LISTS[name]
    forwards = walk(app, turn, limit)
    _, everything = turn(app.views, 100, "")
    assert forwards == everything and len(set(everything)) == len(everything)
    assert [key for key, _ in everything] == sorted(key for key, _ in everything)
    last, last_rows = turn(app.views, limit, "")
    while last.next:
        last, last_rows = turn(app.views, limit, last.next)
    before = walk(app, turn, limit, after=last.previous, is_back=True) if last.previous else []
    assert before + last_rows == everything


@pytest.mark.parametrize("name", LISTS)
@ORDERLY
@given(minutes=MINUTES, late=st.lists(st.integers(0, 2), max_size=3), limit=st.integers(1, 3))
def test_rows_that_are_added_meanwhile_move_no_others(
    app: App, name: str, minutes: list[int], late: list[int], limit: int
) -> None:
    empty(app)
    for number, minute in enumerate(minutes):
        add(app, number, minute)
    turn = LISTS[name]
    _, known = turn(app.views, 100, "")
    page, found = turn(app.views, limit, "")
    late = list(late)
    while page.next:
        if late:
            add(app, len(minutes) + len(late), late.pop())
        page, rows = turn(app.views, limit, page.next)
        found = found + rows
    assert [row for row in found if row in known] == known
    assert len(set(found)) == len(found)
    assert [key for key, _ in found] == sorted(key for key, _ in found)


@given(
    st.datetimes(timezones=st.just(UTC)) | st.floats(allow_nan=False, allow_infinity=False), st.uuids(), st.booleans()
)
def test_a_cursor_is_read_as_it_was_written(key: datetime | float, row_id: Any, is_back: bool) -> None:
    cursor = Cursor(key, str(row_id), is_back)
    assert read_cursor("films", write_cursor("films", cursor)) == cursor
    with pytest.raises(BadInput):
        read_cursor("wishes", write_cursor("films", cursor))


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin1")))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not a page of this list"):
        read_cursor("films", text)


@pytest.mark.parametrize(
    "told", ['["films","2026-11-20T12:00:00",{id},0]', '["films",NaN,{id},0]', '["films",1,"x",0]',
             '["films",1,{id},2]', '["films",1,{id}]', "[" * 4000, '["films",null,{id},0]', '["films",1,5,0]']
)  # fmt: skip
def test_a_cursor_that_was_made_up_is_refused(told: str) -> None:
    text = base64.urlsafe_b64encode(told.replace("{id}", f'"{new_id()}"').encode()).decode()
    with pytest.raises(BadInput):
        read_cursor("films", text)


def test_pages_and_routes_refuse_a_page_of_another_list(app: App) -> None:
    empty(app)
    for number in range(2):
        add(app, number, number)
    cursor = app.views.films(limit=1).next
    for read in (app.views.library, app.views.wishes, app.views.ledger, app.views.assessments):
        with pytest.raises(BadInput):
            read(after=cursor)


def test_no_more_than_a_thousand_are_counted(tmp_path: Path) -> None:
    app = bootstrap.build(make_settings(tmp_path / "data"), is_durable=False)
    project = add_project(app.database, NOW)
    add_clip(app.database, project, NOW, takes=("fail",) * 1001)
    found = app.views.assessments(limit=1)
    assert (found.total, found.has_more_than_total) == (1000, True)
    found = app.views.assessments(AssessmentFilter(verdict=Verdict.PASS))
    assert (found.total, found.has_more_than_total) == (0, False)
    app.stop()
