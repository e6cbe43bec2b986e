"""The models that plan, listen, look and speak: which, from where, and what is off without them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import DoctorItem
from orchestrator.settings import Settings
from pages.components.settings import house
from pages.components.shared import badge
from pages.components.shared.words import plain

MACHINE = "on this machine"


class Model(NamedTuple):
    """``item`` is the name of its line of the doctor's, empty where there is none: it is always there then."""

    title: str
    does: str
    name: str
    where: str
    variable: str
    item: str = ""


def show(app: App) -> None:
    """One card each; what is missing says what that turns off."""
    items = {item.name: item for item in app.views.doctor()}
    st.header("Who plans, listens and looks", anchor=False)
    for model in models(app.settings):
        _show_model(model, items.get(model.item))


def models(settings: Settings) -> tuple[Model, ...]:
    """Every model there is a place for. No key is among it. Pure."""
    host = urlsplit(settings.openai_base_url).netloc or settings.openai_base_url
    return (
        Model("Planner", "Cuts the script into clips and says what each shows.", "by rules", MACHINE, ""),
        Model(
            "Listener",
            "Hears what a take says, for the transcript match.",
            f"Whisper {settings.whisper_model}",
            MACHINE,
            "WHISPER_MODEL",
            "Listening (Whisper)",
        ),
        Model(
            "Viewer",
            "Answers questions about the picture, for visual requirements and continuity. Each look is paid.",
            settings.vision_model,
            f"at {host}",
            "VISION_MODEL, OPENAI_API_KEY",
            "Looking (vision model)",
        ),
        Model(
            "Reader",
            "Reads text in the picture, so that garbled letters are found.",
            "PP-OCR",
            MACHINE,
            "READ_TEXT",
            "Reading (text in the picture)",
        ),
        Model(
            "Comparer",
            "Tells how alike the stills of neighbouring takes are.",
            "image features",
            MACHINE,
            "COMPARE_STILLS",
            "Comparing (stills of neighbours)",
        ),
    )


def _show_model(model: Model, item: DoctorItem | None) -> None:
    with st.container(border=True, gap="xxsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
            st.markdown(f"**{model.title}** · {plain(model.name)}, {plain(model.where)}", width="content")
            badge.show(house.STATE_BADGES.get(item.state if item else "ok", house.UNKNOWN))
        st.caption(plain(model.does + (f" Set by {model.variable}." if model.variable else "")))
        if item and item.state != "ok":
            st.warning(plain(f"{item.detail}. {item.consequence}"), icon=":material/do_not_disturb_on:")
