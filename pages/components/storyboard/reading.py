"""Brief, script, canon and settings of a film for those who may read and not write them."""

from __future__ import annotations

import streamlit as st

from orchestrator.schema.view import PlanView, ProjectDetail
from pages.components.shared.notices import show_empty
from pages.components.shared.prices import money
from pages.components.shared.words import LANGUAGES, count, plain
from pages.components.storyboard import bibles, brief_form
from pages.components.storyboard.steps import Step

NOBODY_WROTE = ("Nothing is written here yet", "Those who make this film fill it in.")


def show(detail: ProjectDetail, plan: PlanView | None, step: Step) -> None:
    """What belongs to the step, as plain text."""
    lines = {Step.BRIEF: brief_lines, Step.BIBLES: canon_lines}.get(step, lambda _: [])(detail)
    if step is Step.SCRIPT:
        lines = [("Script", line) for line in detail.script.split("\n\n") if line.strip()]
    if step is Step.PLAN:
        lines = plan_lines(detail, plan)
    if not lines:
        show_empty(*NOBODY_WROTE, icon="edit_note")
        return
    st.caption("You may read this. Its owner and creators change it.")
    title = ""
    with st.container(width=860, gap="small"):
        for name, said in lines:
            if name != title:
                title = name
                st.markdown(f":small[:gray[{plain(name)}]]")
            st.markdown(plain(said))


def brief_lines(detail: ProjectDetail) -> list[tuple[str, str]]:
    """(what, said) of the brief, without what is empty. Pure."""
    said = [(label, getattr(detail.brief, name)) for name, label, *_ in brief_form.FIELDS]
    found = [(label, words) for label, words in said if words]
    language = detail.brief.language
    return [*found, ("Language spoken", LANGUAGES.get(language, language))] if found else []


def canon_lines(detail: ProjectDetail) -> list[tuple[str, str]]:
    """(what, said) of style and characters, without what is empty. Pure."""
    style = detail.brief.style
    said = [(label, getattr(style, name)) for name, label, *_ in bibles.STYLE_FIELDS]
    lists = [(label.partition(",")[0], " · ".join(getattr(style, name))) for name, label, _ in bibles.STYLE_LISTS]
    cast = [
        (who.name, " · ".join(filter(None, (who.appearance, who.wardrobe, who.personality, who.voice))) or who.name)
        for who in detail.brief.characters
    ]
    return [(label, words) for label, words in (*said, *lists, *cast) if words]


def plan_lines(detail: ProjectDetail, plan: PlanView | None) -> list[tuple[str, str]]:
    """(what, said) of how the clips are made. Pure."""
    settings = detail.settings
    made = " ".join(filter(None, (settings.provider, settings.model, settings.size)))
    budget = "No limit" if settings.budget_usd is None else money(settings.budget_usd)
    clips = f"{count(len(plan.clips), 'clip')}, {plan.total_seconds} s" if plan else "No plan yet"
    pace = f"{settings.words_per_minute} words per minute"
    return [("Plan", clips), ("Made by", made), ("Pace", pace), ("Budget", budget)]
