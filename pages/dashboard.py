"""Dashboard: how well it goes, what waits for a person, and everything that was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.view import TakeView
from pages.components import calibration, costs, metric_cards, player, review_queue, tables, take_review, what_if
from pages.components.notices import guarded, show_empty
from pages.components.words import plain, shorten

TICK_SECONDS = 2.0
TAKES_SHOWN = 100
THRESHOLDS = "Thresholds"


def draw() -> None:
    app = bootstrap.current()
    st.title("Dashboard", anchor=False)
    is_active = any_work(app)
    st.fragment(overview, run_every=TICK_SECONDS if is_active else None)(app, is_active)
    st.fragment(judging)(app)


def any_work(app: App) -> bool:
    return any(take.is_active for take in app.views.recent_takes(limit=20))


def overview(app: App, was_active: bool) -> None:
    """All of it in one flat fragment that ticks while clips are made."""
    with guarded():
        projects, takes = app.views.projects(), app.views.recent_takes(limit=TAKES_SHOWN)
        metric_cards.show(app.views.metrics())
        waiting = app.views.review_queue()
        st.header(f"Needs you ({len(waiting)})" if waiting else "Needs you", anchor=False)
        review_queue.show(app, waiting, key="queue")
        st.header("Projects", anchor=False)
        if not projects:
            show_empty("No projects yet", "Start one in the storyboard.", icon="movie")
        elif project_id := tables.show_projects(projects, key="projects"):
            st.switch_page("storyboard.py", query_params={"project": project_id})
        draw_work(app, takes)
        films = [project for project in projects if project.film_url]
        if films:
            st.header("Films", anchor=False)
            for column, project in zip(st.columns(3, gap="small") * (len(films) // 3 + 1), films, strict=False):
                with column, st.container(border=True, gap="small"):
                    title = shorten(project.name or "Untitled film", 60)
                    player.show(project.film_url, poster_url=project.poster_url, label=f"Film: {title}")
                    st.markdown(f"**{plain(title)}**")
                    player.show_download(f"{project.film_url}?download=1", label="Download MP4")
        if any_work(app) != was_active:
            st.rerun(scope="app")


def judging(app: App) -> None:
    """How strictly takes are judged, and how well. A fragment that does not tick, so that a slider answers at once."""

    def carry(project_id: str, minima: Mapping[CheckName, float]) -> None:
        what_if.propose(app, project_id, minima, key="what-if")
        st.session_state.judging = THRESHOLDS

    with guarded():
        st.header("How takes are judged", anchor=False)
        thresholds, agreement = st.tabs([THRESHOLDS, "Calibration"], key="judging", on_change="rerun")
        if thresholds.open:
            with thresholds:
                what_if.show(app, key="what-if")
        if agreement.open:
            with agreement:
                calibration.show(app, key="calibration", carry=carry)


def draw_work(app: App, takes: Sequence[TakeView]) -> None:
    """Every take with its evidence, and what all of it cost."""
    evidence, money = st.tabs(["Takes and assessments", "Costs"], key="work")
    with evidence:
        if not takes:
            show_empty("No takes yet", "Every attempt at a clip is listed here with its evidence.", icon="fact_check")
        elif run_id := tables.show_takes(takes, key="takes"):
            take_review.open_drawer(app, run_id)
    with money:
        costs.show(app.views.calls(), app.views.spending(), key="calls")


with guarded():
    draw()
