"""What waits for a person and what is being made: the small part of the dashboard that ticks."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import AtWork
from pages.components.shared.notices import guarded
from pages.components.shared.numbers import percent
from pages.components.shared.words import count, plain, shorten

TICK_SECONDS, SHOWN_AT_MOST = 2.0, 4


def show(app: App, at_work: AtWork) -> None:
    """``at_work`` is what the page was drawn from: when something of it begins or ends the page is drawn again."""
    st.fragment(_draw, run_every=TICK_SECONDS if is_active(at_work) else None)(app, [at_work], _gist(at_work))


def is_active(at_work: AtWork) -> bool:
    return bool(at_work.films or at_work.singles)


def _draw(app: App, at_hand: list[AtWork], gist: tuple[object, ...]) -> None:
    """``at_hand`` is what the page has read already: good for the first drawing, and for no tick after it."""
    with guarded():
        at_work = at_hand.pop() if at_hand else app.views.at_work()
        if _gist(at_work) != gist:
            st.rerun(scope="app")
        with st.container(key="going-on"):
            _show(at_work)


def _show(at_work: AtWork) -> None:
    st.markdown(line(at_work))
    for film in at_work.films[:SHOWN_AT_MOST]:
        name = plain(shorten(film.project_name or "Untitled film", 60))
        doing = f"{percent(film.progress)} rendered" if film.is_rendering else f"{film.passed} of {film.clips} passed"
        st.progress(film.progress, text=f"{name}: {doing}")


def line(at_work: AtWork) -> str:
    """All of it in one line, as Markdown. Pure."""
    waiting = f"**{count(at_work.waiting, 'clip')} need{'s' if at_work.waiting == 1 else ''} you**"
    making = [count(len(at_work.films), "film")] if at_work.films else []
    making += [count(at_work.singles, "single clip")] if at_work.singles else []
    made = f"{' and '.join(making)} being made" if making else "nothing is being made"
    return f"{waiting if at_work.waiting else 'Nothing waits for you'} · {made}"


def _gist(at_work: AtWork) -> tuple[object, ...]:
    """What the rest of the page hangs on; progress alone does not."""
    films = tuple((film.project_id, film.passed, film.is_rendering) for film in at_work.films)
    return at_work.waiting, at_work.singles, films
