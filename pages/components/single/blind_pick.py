"""Two takes side by side without scores or names: which one is better? Told only afterwards."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.single import Wish
from orchestrator.schema.view import TakeView
from pages.components.shared import player
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain
from pages.components.single import composer

ADDRESS = "pick"
SIDES = ("A", "B")


def is_on(wish: Wish) -> bool:
    """Whether the address asks for the comparison, and there is one left to make."""
    return st.query_params.get(ADDRESS) == wish.id and wish.pair is not None


def show_offer(wish: Wish, *, key: str) -> None:
    st.button(
        "Choose blind",
        icon=":material/compare:",
        help="Two takes side by side without scores. Your choice is kept on record and comes first.",
        key=f"{key}-blind",
        on_click=_start,
        args=(wish.id,),
    )


def show(app: App, wish: Wish, *, key: str) -> None:
    """The pair that is to be compared next."""
    assert wish.pair is not None, "the caller has asked is_on"
    takes = {take.run_id: take for take in wish.takes}
    pair = [takes[run_id] for run_id in wish.pair]
    with st.container(border=True, key=f"{key}-blind"):
        st.header("Which take is better?", anchor=False)
        st.caption("Scores and order are told after your choice. Play both, then choose.")
        for name, take, column in zip(SIDES, pair, st.columns(2, gap="medium"), strict=True):
            other = pair[1] if take is pair[0] else pair[0]
            with column:
                player.show(take.video_url, poster_url=take.poster_url, label=f"Take {name}")
                st.button(
                    f"{name} is better",
                    type="primary",
                    icon=":material/thumb_up:",
                    shortcut=name,
                    width="stretch",
                    key=f"{key}-{wish.pair[0]}-{wish.pair[1]}-{name}",
                    on_click=_prefer,
                    args=(app, wish, take, other),
                )
        st.caption(plain(f"Asked for: {wish.prompt}"))
        st.button("Show me the scores", type="tertiary", key=f"{key}-reveal", on_click=_stop)


def _start(wish_id: str) -> None:
    st.query_params[ADDRESS] = wish_id


def _stop() -> None:
    st.query_params.pop(ADDRESS, None)


def _prefer(app: App, wish: Wish, chosen: TakeView, other: TakeView) -> None:
    """Keep the choice; the winner is opened, and shown with its scores once nothing is left to compare."""
    with guarded():
        app.service.prefer(chosen.run_id, other.run_id, is_blind=True)
        st.query_params[composer.ADDRESS] = chosen.clip_id
        after = app.views.wish(chosen.clip_id)
        if after.pair is None:
            _stop()
            place = [take.run_id for take in wish.takes].index(chosen.run_id) + 1
            said = "the assessor ranked it first too" if place == 1 else f"the assessor had ranked it {_place(place)}"
            st.toast(f"Your choice is first now; {said}", icon=":material/thumb_up:")


def _place(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")
