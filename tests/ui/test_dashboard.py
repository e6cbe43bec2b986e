"""The dashboard against the real service: what waits, projects, films and numbers, each as the address says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.bootstrap import App
from orchestrator.schema.library import AtWork, FilmAtWork, ListedProject, ProjectState, PutAway
from orchestrator.schema.statistics import Figure
from orchestrator.schema.status import PlanStatus
from pages.components.dashboard import (
    chart_marks,
    chart_tables,
    charts,
    going_on,
    metric_cards,
    project_card,
    project_menu,
    put_away_bar,
)
from pages.components.dashboard.project_menu import Action
from pages.components.shared.words import ago
from tests.ui.conftest import OpenPage, press, words
from tests.unit.rows import add_clip, add_film, add_project

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def shown(page: AppTest) -> str:
    """All that can be read, also what is drawn as HTML."""
    return words(page) + "\n".join(item.value for item in page.html)


def many(app: App, number: int) -> None:
    now = datetime.now(UTC)
    for one in range(number):
        project = add_project(app.database, now - timedelta(hours=one), name=f"Film {one:02}")
        add_clip(app.database, project, now, takes=("fail", "pass") if one % 2 else ("pass",))
        add_film(app.database, project, now - timedelta(hours=one), loudness_lufs=-14.1)


# --- where one begins ---


def test_an_empty_house_says_what_to_do_next_in_every_view(app: App, open_page: OpenPage) -> None:
    assert "Nothing waits for you · nothing is being made" in words(open_page("dashboard.py"))
    for view, said in {
        "projects": "No projects yet",
        "films": "No films yet",
        "numbers": "no clips yet",
        "review": "Nothing waits for you",
    }.items():
        assert said in shown(open_page("dashboard.py", view=view)), view
    assert "Nothing was asked for yet" in words(open_page("dashboard.py", view="numbers", part="costs"))


def test_the_dashboard_begins_with_what_waits_and_stays_there_once_that_is_done(app: App, open_page: OpenPage) -> None:
    project = add_project(app.database, datetime.now(UTC), status="paused")
    add_clip(app.database, project, datetime.now(UTC), takes=("needs_review",), status="needs_review")
    page = open_page("dashboard.py")
    assert "**1 clip needs you**" in words(page)
    assert page.session_state["address-view"] == "review"
    app.service.archive_project(project, True)
    assert "Nothing waits for you" in words(page.run())
    assert page.session_state["address-view"] == "review"


def test_an_address_that_means_nothing_shows_the_projects(app: App, open_page: OpenPage) -> None:
    page = open_page("dashboard.py", view="<b>", state="gone", search="'\x00*")
    page.query_params["after"] = "-1"
    page.run()
    assert "No project of that name" in words(page)


# --- projects ---


def test_projects_are_searched_filtered_and_paged_by_the_address(app: App, open_page: OpenPage) -> None:
    many(app, 26)
    page = open_page("dashboard.py", view="projects")
    assert "Film 23" in labels(page)
    assert "Film 24" not in labels(page)
    assert "26 projects" in words(page)
    page = press(page, "Older")
    assert labels(page) == ["Film 24", "Film 25"]
    page = press(page, "Newer")
    assert "Film 00" in labels(page) and "Film 24" not in labels(page)
    page = press(page, "Older")
    next(item for item in page.text_input if item.label == "Search by name").set_value("film 07").run()
    assert labels(page) == ["Film 07"]
    assert "after" not in page.query_params
    page = open_page("dashboard.py", view="projects", search="m 1")
    page.query_params["after"] = "9"
    assert labels(page.run()) == [f"Film {number}" for number in range(10, 20)]


def test_a_deleted_project_is_offered_back_until_that_is_dismissed(app: App, open_page: OpenPage) -> None:
    many(app, 2)
    page = open_page("dashboard.py", view="projects")
    project_menu.act(app, app.views.projects()[0].id, Action.DELETE)
    assert "**Film 00** is in the bin with everything it has." in words(page.run())
    assert "is in the bin" in words(open_page("dashboard.py", view="numbers")), "a second tab offers it too"
    page = press(page, "Undo")
    assert labels(page) == ["Film 00", "Film 01"]
    assert "in the bin" not in words(page)
    project_menu.act(app, app.views.projects()[0].id, Action.ARCHIVE)
    assert "is archived" in words(page.run())
    page = press(page, "Dismiss")
    assert "is archived" not in words(page)
    assert labels(page) == ["Film 01"]


def test_the_bin_restores_and_deletes_for_good_only_by_the_name(app: App, open_page: OpenPage) -> None:
    many(app, 1)
    (project,) = app.views.projects()
    app.service.delete_project(project.id)
    page = open_page("dashboard.py", view="projects", state="deleted")
    assert "**Film 00**" in words(page)
    page.session_state[project_menu.OPEN] = (Action.ERASE, project.id)
    page.run()
    assert r"the \$1.00 it cost are no longer counted" in words(page)
    page.text_input[-1].set_value("Film 01")
    page = press(page, "Delete for good")
    assert "That is not the name of this project" in words(page)
    page.text_input[-1].set_value("Film 00")
    page = press(page, "Delete for good")
    assert "No projects yet" in words(page)
    assert app.views.library(state="deleted").total == 0


def test_a_project_that_went_away_in_another_tab_is_said_to_be_gone(app: App, open_page: OpenPage) -> None:
    page = open_page("dashboard.py", view="projects")
    page.session_state[project_menu.OPEN] = (Action.RENAME, "00000000-0000-0000-0000-000000000000")
    assert "There is no project" in words(page.run())


def test_renaming_is_kept(app: App, open_page: OpenPage) -> None:
    many(app, 1)
    page = open_page("dashboard.py", view="projects")
    page.session_state[project_menu.OPEN] = (Action.RENAME, app.views.projects()[0].id)
    page.run()
    page.text_input[-1].set_value("<b>Lamp</b> $5")
    page = press(page, "Rename")
    assert app.views.projects()[0].name == "<b>Lamp</b> $5"
    assert labels(page) == [r"\<b\>Lamp\</b\> \$5"]


# --- films ---


def test_films_are_shown_with_their_facts_and_rated(app: App, open_page: OpenPage) -> None:
    many(app, 1)
    page = open_page("dashboard.py", view="films")
    assert "2.5 MB · −14.1 LUFS" in shown(page)
    (film,) = app.views.films().films
    assert app.views.rating(film.id) is None
    page.feedback[0].set_value(3).run()
    rating = app.views.rating(film.id)
    assert rating is not None
    assert rating.stars == 4
    page.text_area[0].set_value("A little dark")
    press(page, "Save comment")
    rating = app.views.rating(film.id)
    assert rating is not None
    assert (rating.stars, rating.comment) == (4, "A little dark")


# --- numbers ---


def test_numbers_stand_beside_their_targets_for_the_time_in_the_address(app: App, open_page: OpenPage) -> None:
    many(app, 6)
    page = open_page("dashboard.py", view="numbers")
    assert "The last 28 days, against the 28 days before." in words(page)
    said = shown(page)
    assert '<dd class="value">50%</dd><dd class="target"><b class="missed">Missed</b> target over 70%</dd>' in said
    assert '<dd class="value">0.5</dd><dd class="target"><b class="met">Met</b> target under 2.0</dd>' in said
    assert "From the first take until now." in words(open_page("dashboard.py", view="numbers", period="all"))


def test_a_rate_of_too_few_clips_is_not_told(made: tuple[App, str], open_page: OpenPage) -> None:
    said = shown(open_page("dashboard.py", view="numbers"))
    assert "2 clips: too few for a rate, 5 are needed" in said
    assert "2 first takes: too few for a rate." in said
    assert "too few" in chart_tables.passes_table(made[0].views.trends()).iloc[0]["Pass rate"]


def test_charts_have_every_week_and_say_the_same_in_words_and_tables(app: App) -> None:
    many(app, 6)
    trends = app.views.trends(days=28)
    chart = chart_marks.spend_chart(trends).to_dict()
    assert chart["encoding"]["x"]["scale"]["domain"] == [chart_tables.week_label(day) for day in trends.mondays]
    assert "mock 50% of 6. Target over 70%." in charts.passes_words(trends)
    assert list(chart_tables.failures_table(trends).itertuples(index=False, name=None)) == [("Continuity", 3)]


def test_a_number_says_whether_it_is_better_than_before() -> None:
    def card(value: float | None, before: float | None, *, is_more_better: bool = False) -> metric_cards.Card:
        figure = Figure(value=value, sample=9, before=before, target=2, is_more_better=is_more_better)
        return metric_cards._card("Retries", figure, "clip", lambda n: f"{n:.1f}", "under")

    assert (card(1, 1.5).change, card(1, 1.5).is_better) == ("−0.5, better", True)
    assert (card(1, 1.5, is_more_better=True).change, card(2, 1).change) == ("−0.5, worse", "+1.0, worse")
    assert (card(1, 1.01).change, card(1, 1.01).is_better) == ("unchanged", None)
    assert (card(1, None).change, card(None, 1).value) == ("", "–")


# --- words ---


def test_what_goes_on_is_said_in_one_line() -> None:
    film = FilmAtWork(project_id="p", project_name="Lamp", progress=0.5, passed=1, clips=2, is_rendering=False)
    assert going_on.line(AtWork(waiting=0, singles=0, films=())) == "Nothing waits for you · nothing is being made"
    both = AtWork(waiting=2, singles=1, films=(film,))
    assert going_on.line(both) == "**2 clips need you** · 1 film and 1 single clip being made"


def test_a_project_stands_in_one_line() -> None:
    draft = ListedProject(id="p", name="Lamp", created_at=NOW, updated_at=NOW)
    assert project_card.state_line(draft) == "Draft, no clips yet"
    asked = {
        "plan_status": PlanStatus.RUNNING,
        "clips_total": 5,
        "clips_passed": 2,
        "needs_review": 1,
        "clips_failed": 1,
    }
    assert project_card.state_line(draft.model_copy(update=asked)) == "Running · 2 of 5 passed · 1 needs you · 1 failed"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "just now"), (120, "2 minutes ago"), (3 * 3600, "3 hours ago"), (86_400 * 3, "3 days ago")],
)
def test_times_are_told_as_people_do(seconds: int, said: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), now=NOW) == said


def test_what_a_deleted_project_still_costs_is_said() -> None:
    gone = PutAway(project_id="p", name="*L*", state=ProjectState.DELETED, at=NOW, clips_under_way=2)
    said = put_away_bar.words(gone)
    assert said.endswith("2 takes under way are finished, for paid takes are.")
    assert r"**\*L\*** is in the bin" in said


def labels(page: AppTest) -> list[str]:
    """The names of the projects that can be opened, in their order."""
    words(page)
    links = [item.proto.label for item in page.get("page_link")]
    return [label.strip("*") for label in links if label.startswith("**")]
