"""Success metrics and weeks from rows: what counts, over which time, and what is too little to say."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import RatingRow, new_id
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.statistics import Figure
from orchestrator.views.statistics import WEEKS, WEEKS_AT_MOST, by_week, monday_of, spend_by_week, weeks_until
from tests.conftest import make_settings
from tests.fakes.postgres import create_database
from tests.unit.rows import add_clip, add_film, add_project

NOW = datetime.now(UTC)
RECENT, BEFORE = NOW - timedelta(days=3), NOW - timedelta(days=40)
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Recently: six clips, four of which passed at once, one after two further takes, one failed. Forty days ago: five
    clips of which one passed at once."""
    server = {}
    if request.param == "postgres":
        url = create_database(request.getfixturevalue("postgres_url"), f"numbers_{new_id().replace('-', '')}")
        server = {"database_url": url}
    app = bootstrap.build(make_settings(tmp_path_factory.mktemp("numbers"), **server), is_durable=False)
    database = app.database
    new = add_project(database, RECENT)
    for _ in range(4):
        add_clip(database, new, RECENT)
    add_clip(database, new, RECENT, takes=("fail", "lost", "pass"), provider="kling", cost_usd=2.0)
    add_clip(database, new, RECENT, takes=("fail",), status="failed", failed=CheckName.DURATION_OK)
    film = add_film(database, new, RECENT)
    old = add_project(database, BEFORE)
    add_clip(database, old, BEFORE)
    for _ in range(4):
        add_clip(database, old, BEFORE, takes=("fail", "pass"))
    with database.write() as session:
        session.add(RatingRow(final_render_id=film, stars=5, made_by="Ann", created_at=RECENT))
        session.add(RatingRow(final_render_id=film, stars=4, made_by="Bo", created_at=RECENT))
    yield app
    app.stop()


def test_each_metric_is_of_its_period_and_beside_the_one_before(app: App) -> None:
    found = app.views.metrics(days=28)
    assert (found.first_pass_rate.value, found.first_pass_rate.sample) == (pytest.approx(4 / 6), 6)
    assert found.first_pass_rate.before == pytest.approx(1 / 5)
    assert found.first_pass_rate.is_met is False
    assert found.retries_per_clip.value == pytest.approx(2 / 6)
    assert found.retries_per_clip.change == pytest.approx(2 / 6 - 4 / 5)
    assert found.seconds_per_film_minute.value == pytest.approx(600, abs=0.01)
    assert found.seconds_per_film_minute.is_met is True
    assert found.spend.value == pytest.approx(4 + 6 + 1)
    assert found.cost_per_accepted_second.value == pytest.approx(11 / 20)
    assert (found.satisfaction.value, found.satisfaction.sample) == (pytest.approx(4.5), 2)
    assert found.satisfaction.before is None


def test_all_time_has_no_period_before_it(app: App) -> None:
    found = app.views.metrics()
    assert found.first_pass_rate.value == pytest.approx(5 / 11)
    assert found.first_pass_rate.change is None
    assert found.spend.sample == 8 + 9


def test_nothing_is_said_of_nothing_and_no_rate_of_too_little(tmp_path: Path) -> None:
    app = bootstrap.build(make_settings(tmp_path), is_durable=False)
    empty = app.views.metrics(days=7)
    assert empty.first_pass_rate == Figure(value=None, sample=0, target=0.7, is_more_better=True)
    assert empty.spend.value == 0
    project = add_project(app.database, RECENT)
    for _ in range(4):
        add_clip(app.database, project, RECENT)
    few = app.views.metrics(days=7)
    assert (few.first_pass_rate.value, few.first_pass_rate.sample, few.first_pass_rate.is_met) == (None, 4, None)
    assert few.retries_per_clip.value == 0
    app.stop()


def test_failures_count_each_check_and_what_was_never_delivered(app: App) -> None:
    found = app.views.trends(days=28).failures
    assert (found.takes, found.not_delivered) == (2, 1)
    assert found.by_check[CheckName.CONTINUITY] == found.by_check[CheckName.DURATION_OK] == 1
    assert found.by_check[CheckName.TRANSCRIPT_MATCH] == 0
    assert app.views.trends().failures.takes == 6


def test_the_same_lists_come_from_both_databases(app: App) -> None:
    found = app.views.library(search="LAMP")
    assert [project.clips_total for project in found.projects] == [6, 5]
    assert app.views.library(search="no lamp").total == 0
    assert [item.id for item in app.views.project_names()] == [project.id for project in found.projects]
    (film,) = app.views.films().films
    assert (film.stars, film.ratings, film.is_newest) == (4.5, 2, True)
    assert app.views.at_work().films == ()


def test_weeks_add_up_to_what_was_counted(app: App) -> None:
    trends = app.views.trends(days=28)
    assert len(trends.mondays) == WEEKS
    assert {week.monday for week in trends.passes} <= set(trends.mondays)
    assert sum(week.takes for week in trends.passes) == 11
    assert sum(week.passed for week in trends.passes if week.provider == "mock") == 5
    assert sum(week.cost_usd for week in trends.spend) == pytest.approx(11 + 9)


@given(today=DAYS, first=st.none() | DAYS)
def test_weeks_are_whole_evenly_apart_and_end_with_this_one(today: date, first: date | None) -> None:
    mondays = weeks_until(today, first=first)
    assert all(day.weekday() == 0 for day in mondays)
    assert {b - a for a, b in itertools.pairwise(mondays)} == {timedelta(weeks=1)}
    assert mondays[-1] == monday_of(today)
    assert WEEKS <= len(mondays) <= WEEKS_AT_MOST
    if first and (monday_of(today) - monday_of(first)).days // 7 < WEEKS_AT_MOST:
        assert first >= mondays[0]


@given(st.lists(st.tuples(DAYS, st.sampled_from(["a", "b"]), st.integers(1, 9), st.integers(0, 9))))
def test_no_take_gets_lost_between_days_and_weeks(rows: list[tuple[date, str, int, int]]) -> None:
    weeks = by_week(rows)
    assert sum(week.takes for week in weeks) == sum(row[2] for row in rows)
    assert sum(week.passed for week in weeks) == sum(row[3] for row in rows)
    assert len({(week.monday, week.provider) for week in weeks}) == len(weeks)
    spent = spend_by_week([(day, provider, float(usd)) for day, provider, usd, _ in rows])
    assert sum(week.cost_usd for week in spent) == pytest.approx(sum(row[2] for row in rows))
