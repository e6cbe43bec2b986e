"""What can be done with a single clip: by buttons beside the player, by the menu of each card, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.single import Wish
from orchestrator.schema.view import TakeView
from pages.components.shared.notices import guarded
from pages.components.shared.words import count, money, plain, shorten
from pages.components.single import composer, gathering, remix
from pages.components.takes import take_review

DELETED = "deleted"  # in the address: what can be brought back
_DIALOG = "single-dialog"


class Action(StrEnum):
    """In the order they stand in the menu."""

    ASSESSMENT = "View Assessment"
    REMIX = "Remix"
    STORYBOARD = "Add to storyboard"
    REFERENCE = "Use as reference"
    PROMPT = "Use this prompt"
    DELETE = "Delete"


ICONS = {
    Action.ASSESSMENT: ":material/fact_check:",
    Action.REMIX: ":material/shuffle:",
    Action.STORYBOARD: ":material/view_timeline:",
    Action.REFERENCE: ":material/add_photo_alternate:",
    Action.PROMPT: ":material/edit_note:",
    Action.DELETE: ":material/delete:",
}
BUTTONS = (Action.ASSESSMENT, Action.REMIX)


def offered(take: TakeView, *, can_remix: bool) -> tuple[Action, ...]:
    """What makes sense for a take as it stands. Pure."""
    has_video = bool(take.video_url)
    possible = {
        Action.ASSESSMENT: bool(take.checks),
        Action.REMIX: has_video and can_remix,
        Action.STORYBOARD: has_video and not take.is_active,
        Action.REFERENCE: has_video,
        Action.PROMPT: True,
        Action.DELETE: True,
    }
    return tuple(action for action in Action if possible[action])


def _offered(app: App, take: TakeView) -> tuple[Action, ...]:
    return offered(take, can_remix=app.views.can_remix(provider=take.provider, model=take.model))


def show_buttons(app: App, wish: Wish, take: TakeView, *, key: str) -> None:
    """What is done most often."""
    for action in _offered(app, take):
        if action in BUTTONS:
            st.button(
                action,
                icon=ICONS[action],
                key=f"{key}-{action.name.lower()}",
                on_click=_begin,
                args=(app, action, wish, take, False),
            )


def show_retry(app: App, take: TakeView, *, key: str) -> None:
    """Another take of the same clip, with its price."""
    price = app.views.take_price_usd(take.clip_id)
    label = f"Retry ({plain(money(price))})" if price else "Retry"
    st.button(label, icon=":material/refresh:", key=f"{key}-retry", on_click=_retry, args=(app, take.clip_id))


def show_menu(app: App, wish: Wish, take: TakeView, *, key: str, is_whole: bool = False) -> None:
    """What has no button, or everything on a card; with ``is_whole`` Delete takes all takes of the wish."""
    actions = [action for action in _offered(app, take) if is_whole or action not in BUTTONS]
    widget = f"{key}-menu"

    def begin() -> None:
        if action := st.session_state.get(widget):
            _begin(app, Action(action), wish, take, is_whole)

    st.menu_button(
        "More",
        actions,
        format_func=lambda action: f"{ICONS[action]} {_title(action, wish, is_whole=is_whole)}",
        type="tertiary" if is_whole else "secondary",
        key=widget,
        on_click=begin,
    )


def _title(action: Action, wish: Wish, *, is_whole: bool) -> str:
    if action is Action.DELETE and len(wish.takes) > 1:
        return f"Delete all {len(wish.takes)} takes" if is_whole else "Delete this take"
    return action


def _begin(app: App, action: Action, wish: Wish, take: TakeView, is_whole: bool) -> None:
    """Do it, or have the page open its dialog."""
    with guarded():
        match action:
            case Action.DELETE:
                _delete(app, wish.takes if is_whole else (take,))
            case Action.PROMPT:
                composer.fill(prompt=wish.prompt, line=wish.line)
                st.toast("The prompt is in the composer", icon=ICONS[action])
            case Action.REFERENCE:
                composer.use_reference(app.service.picture_from_take(take.run_id, at_seconds=None))
                st.toast("Its last frame is the reference picture of the next clip", icon=ICONS[action])
            case _:
                st.session_state[_DIALOG] = (action, take.run_id)


def show_dialog(app: App) -> None:
    """The dialog that was asked for, in every run until it is closed: the page is drawn anew whenever a take ends."""
    action, run_id = st.session_state.get(_DIALOG, (None, ""))
    match action:
        case Action.ASSESSMENT:
            close()  # opened once: it is not told when it is dismissed
            take_review.open_drawer(app, run_id)
        case Action.REMIX:
            _open_remix(app, run_id)
        case Action.STORYBOARD:
            _open_gathering(app, run_id)
        case _:
            pass


def close() -> None:
    st.session_state.pop(_DIALOG, None)


@st.dialog("Remix", icon=":material/shuffle:", on_dismiss=close)
def _open_remix(app: App, run_id: str) -> None:
    with guarded():
        if clip_id := remix.show(app, app.views.take(run_id), key=f"remix-{run_id}"):
            close()
            st.query_params[composer.ADDRESS] = clip_id
            st.rerun(scope="app")


@st.dialog("Add to storyboard", icon=":material/view_timeline:", on_dismiss=close)
def _open_gathering(app: App, run_id: str) -> None:
    with guarded():
        gathering.show(app, app.views.take(run_id), key=f"gather-{run_id}")


def _retry(app: App, clip_id: str) -> None:
    with guarded():
        app.service.retry_clip(clip_id)
        st.toast("A new take was asked for", icon=":material/refresh:")


def _delete(app: App, takes: Sequence[TakeView]) -> None:
    for take in takes:
        app.service.delete_single(take.clip_id)
    st.query_params[DELETED] = ",".join(take.clip_id for take in takes)
    st.query_params.pop(composer.ADDRESS, None)


def show_deleted(app: App) -> None:
    """What was deleted last, and the way back, until it is dismissed or something else is deleted."""
    wanted = [clip_id for clip_id in st.query_params.get(DELETED, "").split(",") if clip_id]
    takes = app.views.deleted_singles(wanted) if wanted else ()
    if not takes:
        return
    what = "Clip deleted" if len(takes) == 1 else f"{count(len(takes), 'take')} deleted"
    is_paid = any(take.is_active and take.run_id for take in takes)
    under_way = " What its provider is making is finished out of sight, for it is paid." if is_paid else ""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="deleted-bar"):
        clip_ids = [take.clip_id for take in takes]
        words = f"{what}: “{shorten(takes[0].prompt, 60)}”.{under_way}"
        st.markdown(f":material/delete: {plain(words)}", width="stretch")
        st.button(
            "Undo",
            icon=":material/undo:",
            key="deleted-undo",
            on_click=_restore,
            args=(app, clip_ids),
        )
        st.button(
            "Dismiss", icon=":material/close:", help="Dismiss", type="tertiary", key="icon-deleted", on_click=_forget
        )


def _restore(app: App, clip_ids: Sequence[str]) -> None:
    with guarded():
        for clip_id in clip_ids:
            app.service.restore_single(clip_id)
        _forget()
        st.query_params[composer.ADDRESS] = clip_ids[0]


def _forget() -> None:
    st.query_params.pop(DELETED, None)
