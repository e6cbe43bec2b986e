"""Which assessed takes are shown, and in what order: kept in the address."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from orchestrator.schema.assessment import CheckName, Verdict
from orchestrator.schema.reviewing import AssessmentFilter, AssessmentOrder, AssessmentPage
from pages.components.shared import address
from pages.components.shared.check_words import CHECK_TITLES
from pages.components.shared.words import shorten

TAKE = "take"
ANY = ""
VERDICT_WORDS = {Verdict.PASS: "Passed", Verdict.NEEDS_REVIEW: "Needs you", Verdict.FAIL: "Failed"}
_DAYS = {ANY: "All time", "1": "Last 24 hours", "7": "Last 7 days", "28": "Last 28 days"}
_DECIDED = {ANY: "Decided or not", "yes": "Decided by a person", "no": "Not decided by a person"}
_ORDERS = {
    AssessmentOrder.NEWEST: "Newest first",
    AssessmentOrder.OLDEST: "Oldest first",
    AssessmentOrder.WORST: "Lowest score first",
    AssessmentOrder.BEST: "Highest score first",
    AssessmentOrder.DEAREST: "Dearest first",
}


def read(query: dict[str, str]) -> tuple[AssessmentFilter, AssessmentOrder]:
    """What the address asks for; a value that makes no sense leaves all in. Pure."""
    said = {
        "project_id": query.get("project", "")[:64],
        "provider": query.get("provider", "")[:120],
        "verdict": _one_of(query.get("verdict"), Verdict),
        "failed_check": _one_of(query.get("check"), CheckName),
        "is_overridden": {"yes": True, "no": False}.get(query.get("decided", "")),
        "days": _one_of(query.get("days"), _DAYS) or None,
    }
    order = query.get("order", "")
    return AssessmentFilter.model_validate(said), AssessmentOrder(order) if order in set(
        AssessmentOrder
    ) else AssessmentOrder.NEWEST


def _one_of(value: str | None, known: Iterable[str]) -> str | None:
    return value if value in set(known) else None


def show(found: AssessmentPage) -> None:
    """One field for each filter; every choice is kept in the address."""
    projects = {project_id: shorten(name or "Untitled film", 60) for project_id, name in found.projects}
    filters: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("project", "Project", {ANY: "All projects", **projects}),
        ("provider", "Provider", {ANY: "All providers", **{name: name for name in found.providers}}),
        ("verdict", "Verdict", {ANY: "All verdicts", **{v.value: words for v, words in VERDICT_WORDS.items()}}),
        ("check", "Failed check", {ANY: "Any or none", **{c.value: title for c, title in CHECK_TITLES.items()}}),
        ("decided", "Decision", _DECIDED),
        ("days", "Period", _DAYS),
        ("order", "Order", {order.value: words for order, words in _ORDERS.items()}),
    )

    def clear() -> None:
        for name in (*(name for name, _, _ in filters), address.AFTER, TAKE):
            address.put(name, "")

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for name, label, titles in filters:
            with st.container(width=146):
                address.pick(name, titles, label=label, forget=(address.AFTER, TAKE))
        st.button(
            "Clear",
            icon=":material/filter_alt_off:",
            type="tertiary",
            key="filters-clear",
            on_click=clear,
        )
