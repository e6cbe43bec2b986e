"""Single Gen: one prompt, one clip or several takes of it, and all that was made before."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.errors import NotFound
from orchestrator.schema.single import Wish
from pages.components.shared import visitor
from pages.components.shared.notices import guarded
from pages.components.single import (
    blind_pick,
    composer,
    deleted_bar,
    single_dialogs,
    single_live,
    single_stage,
    take_history,
)
from pages.components.single.composer import KEY

PAGE_SIZE, PAGE_MOST = 8, 400
PAGE_ADDRESS = "shown"


def draw() -> None:
    app = visitor.app()
    st.title("Single Gen", anchor=False)
    deleted_bar.show(app)
    found = app.views.wishes(limit=shown())
    chosen, is_lost = choose(app, found.wishes)
    left, right = st.columns([5, 6], gap="medium")
    with left, st.container(key=f"{KEY}-write"):
        composer.show(app)
    with right, st.container(key=f"{KEY}-stage"):
        if is_lost:
            st.info("The clip in the address is not here any more. This is the newest.", icon=":material/info:")
        if chosen is None:
            single_stage.show_empty(key=KEY)
        elif blind_pick.is_on(chosen):
            blind_pick.show(app, chosen, key=KEY)
        else:
            single_stage.show(app, chosen, key=KEY)
    is_watched = chosen is not None and chosen.is_active
    with left, st.container(key=f"{KEY}-history"):
        if found.wishes:
            st.header("History", anchor=False)
            if not is_watched:
                single_live.show(app, key=KEY)
            take_history.show(app, found.wishes, chosen=chosen, key=KEY)
        if found.next:
            st.button("Show more", icon=":material/expand_more:", key=f"{KEY}-more", on_click=show_more)
    single_dialogs.show(app)


def shown() -> int:
    """How many wishes the address asks for."""
    wanted = st.query_params.get(PAGE_ADDRESS, "")
    return min(int(wanted), PAGE_MOST) if wanted.isdecimal() and int(wanted) > PAGE_SIZE else PAGE_SIZE


def show_more() -> None:
    st.query_params[PAGE_ADDRESS] = str(shown() + PAGE_SIZE)


def choose(app: App, wishes: tuple[Wish, ...]) -> tuple[Wish | None, bool]:
    """(the wish looked at, whether that in the address is gone): the one in the address, else the newest."""
    newest, wanted = next(iter(wishes), None), st.query_params.get(composer.ADDRESS)
    if not wanted:
        return newest, False
    here = next((wish for wish in wishes if any(take.clip_id == wanted for take in wish.takes)), None)
    try:
        return here or app.views.wish(wanted), False
    except NotFound:
        return newest, newest is not None


with guarded():
    draw()
