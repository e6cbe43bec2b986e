"""Dashboard: what waits for a person, the projects and films there are, and how well it goes."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from pages.components.dashboard import going_on, numbers, project_list, project_menu, put_away_bar, renders_list
from pages.components.shared import address, visitor
from pages.components.shared.notices import guarded
from pages.components.takes import assessments_table, review_queue

VIEW, START = "view", "dashboard-start"


def draw() -> None:
    app = visitor.app()
    at_work = app.views.at_work()
    st.title("Dashboard", anchor=False)
    going_on.show(app, at_work)
    put_away_bar.show(app, key="put-away")
    project_menu.show_dialog(app)
    draw_view(app, choose_view(at_work.waiting))


def choose_view(waiting: int) -> str:
    """The view in the address; else, for as long as this visit lasts, what there was to do when it began."""
    titles = {
        "review": f"Needs you ({waiting:,})",
        "projects": "Projects",
        "films": "Films",
        "takes": "Takes",
        "numbers": "Numbers",
    }
    start = st.session_state.setdefault(START, "review" if waiting else "projects")
    return address.choose(VIEW, titles, label="View", default=start, forget=(address.AFTER, "take"))


def draw_view(app: App, view: str) -> None:
    with guarded():
        match view:
            case "review":
                heading("Needs you")
                review_queue.show(app, key="queue")
            case "films":
                heading("Films")
                renders_list.show(app, key="films")
            case "takes":
                heading("Takes")
                assessments_table.show(app, key="takes")
            case "numbers":
                numbers.show(app, key="numbers")
            case _:
                heading("Projects")
                project_list.show(app, key="project")


def heading(title: str) -> None:
    """For those who do not see which button above is pressed."""
    st.html(f'<h2 class="svo-aloud">{title}</h2>')


with guarded():
    draw()
