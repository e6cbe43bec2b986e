"""Settings: who makes the clips, with what, for how much and how well, and what this machine keeps."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from pages.components.settings import (
    provider_list,
    settings_defaults,
    settings_judging,
    settings_look,
    settings_models,
    settings_storage,
)
from pages.components.shared import address, rights, visitor
from pages.components.shared.notices import guarded

SECTIONS = {
    "providers": "Providers",
    "models": "Models",
    "defaults": "Defaults and limits",
    "judging": "Thresholds",
    "storage": "Storage and database",
    "look": "Theme and keys",
}


FOR_ADMINS = {"models", "defaults", "judging", "storage"}


def draw() -> None:
    app = visitor.app()
    st.title("Settings", anchor=False)
    draw_section(app, address.choose("section", SECTIONS, label="Section"))


def draw_section(app: App, section: str) -> None:
    """Only the chosen one is drawn; of what only admins change nothing, for everybody else."""
    if section in FOR_ADMINS and not app.is_admin:
        rights.show_admins_only()
        return
    match section:
        case "models":
            settings_models.show(app)
        case "defaults":
            settings_defaults.show(app, key="defaults")
        case "judging":
            settings_judging.show(app, key="workspace-policy")
        case "storage":
            settings_storage.show(app, key="storage")
        case "look":
            settings_look.show(key="look")
        case _:
            provider_list.show(app)


with guarded():
    draw()
