"""Single clips, newest first: state, picture, and what can be done with each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.single import Wish
from orchestrator.schema.view import TakeView
from pages.components.shared import badge
from pages.components.shared.states import WORKING_ICON, Badge
from pages.components.shared.take_words import take_badge
from pages.components.shared.words import count, plain, shorten
from pages.components.single import blind_pick, composer, single_actions

MAKING: Badge = ("Being made", WORKING_ICON, "blue")


def show(app: App, wishes: Sequence[Wish], *, chosen: Wish | None, key: str, columns: int = 2) -> None:
    """Every wish as a card; opening one puts it in the address."""
    for start in range(0, len(wishes), columns):
        cells = st.columns(columns, gap="small")
        for cell, wish in zip(cells, wishes[start : start + columns], strict=False):
            is_open = chosen is not None and wish.id == chosen.id
            with cell, st.container(border=True, gap="small", key=f"{key}-card-{'open-' if is_open else ''}{wish.id}"):
                _show_card(app, wish, is_open=is_open, key=f"{key}-card-{wish.id}")


def _show_card(app: App, wish: Wish, *, is_open: bool, key: str) -> None:
    is_blind = blind_pick.is_on(wish)  # then nothing here may tell how they are ranked
    first = wish.takes[0]
    st.html(pictures(sorted(wish.takes, key=lambda take: take.run_id) if is_blind else wish.takes))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        badge.show(MAKING if wish.is_active else take_badge(first))
        if first.score is not None and not (wish.is_active or is_blind):
            st.caption(f"{first.score:.2f}", width="content")
        if len(wish.takes) > 1:
            st.caption(count(len(wish.takes), "take"), width="content")
    st.caption(plain(shorten(wish.prompt, 80)))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="xsmall"):
        st.button(
            "Preview",
            icon=":material/visibility:",
            type="tertiary",
            disabled=is_open,
            help="Shown beside it" if is_open else None,
            key=f"{key}-open",
            on_click=_open,
            args=(first.clip_id,),
        )
        single_actions.show_menu(app, wish, first, is_whole=True, key=key)


def _open(clip_id: str) -> None:
    st.query_params[composer.ADDRESS] = clip_id
    st.query_params.pop("pick", None)


def pictures(takes: Sequence[TakeView]) -> str:
    """The posters of a wish as HTML, the first take large. Pure."""
    drawn = "".join(_picture(take, is_small=place > 0) for place, take in enumerate(takes[:4]))
    return f'<div class="svo-mosaic n{min(len(takes), 4)}">{drawn}<span>{takes[0].seconds} s</span></div>'


def _picture(take: TakeView, *, is_small: bool) -> str:
    if take.poster_url:
        return f'<img src="{escape(take.poster_url)}" alt="" loading="lazy">'
    if is_small:
        return "<i></i>"  # words do not fit; the badge below says it
    return f"<i>{escape('Being made' if take.is_active else take_badge(take)[0])}</i>"
