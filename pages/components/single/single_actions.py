"""What can be done with a single clip, by buttons beside the player and by the menu of each card."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.single import Wish
from orchestrator.schema.view import TakeView
from pages.components.shared.notices import guarded
from pages.components.shared.prices import money
from pages.components.shared.take_words import is_cut_off
from pages.components.shared.words import plain
from pages.components.single import composer, deleted_bar, single_dialogs


class Action(StrEnum):
    """In the order they stand in the menu."""

    ASSESSMENT = "View Assessment"
    REMIX = "Remix"
    RETRY = "Retry"
    STORYBOARD = "Add to storyboard"
    REFERENCE = "Use as reference"
    PROMPT = "Use this prompt"
    DELETE = "Delete"


ICONS = {
    Action.ASSESSMENT: ":material/fact_check:",
    Action.REMIX: ":material/shuffle:",
    Action.RETRY: ":material/refresh:",
    Action.STORYBOARD: ":material/view_timeline:",
    Action.REFERENCE: ":material/add_photo_alternate:",
    Action.PROMPT: ":material/edit_note:",
    Action.DELETE: ":material/delete:",
}
BUTTONS = (Action.ASSESSMENT, Action.REMIX, Action.RETRY)


def offered(take: TakeView, *, can_remix: bool) -> tuple[Action, ...]:
    """What makes sense for a take as it stands. Pure."""
    has_video = bool(take.video_url)
    possible = {
        Action.ASSESSMENT: bool(take.checks),
        Action.REMIX: has_video and can_remix,
        Action.RETRY: not (take.is_active or take.is_held or take.error_code or is_cut_off(take)),
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
                _title(app, action, wish, take),
                icon=ICONS[action],
                key=f"{key}-{action.name.lower()}",
                on_click=_begin,
                args=(app, action, wish, take, False),
            )


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
        format_func=lambda action: f"{ICONS[action]} {_title(app, action, wish, take, is_whole=is_whole)}",
        type="tertiary" if is_whole else "secondary",
        key=widget,
        on_click=begin,
    )


def _title(app: App, action: Action, wish: Wish, take: TakeView, *, is_whole: bool = False) -> str:
    if action is Action.DELETE and len(wish.takes) > 1:
        return f"Delete all {len(wish.takes)} takes" if is_whole else "Delete this take"
    if action is Action.RETRY and (price := app.views.take_price_usd(take.clip_id)):
        return plain(f"{action} · {money(price)}")
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
            case Action.ASSESSMENT:
                single_dialogs.open_assessment(take.run_id)
            case Action.REMIX:
                single_dialogs.open_remix(take.run_id)
            case Action.RETRY:
                app.service.retry_clip(take.clip_id)
                st.toast("A new take was asked for", icon=ICONS[action])
            case Action.STORYBOARD:
                single_dialogs.open_gathering(take.run_id)


def _delete(app: App, takes: Sequence[TakeView]) -> None:
    for take in takes:
        app.service.delete_single(take.clip_id)
    st.query_params[deleted_bar.DELETED] = ",".join(take.clip_id for take in takes)
    st.query_params.pop(composer.ADDRESS, None)
