"""Assessed takes as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.reviewing import AssessedTake, AssessmentFilter, AssessmentOrder, AssessmentPage

ROWS_AT_MOST = 10_000
_AT_ONCE = 500
_FIELDS = (
    *("run_id", "project_name", "position", "attempt", "attempts", "line", "verdict", "is_corrected", "decision"),
    *("score", "failed_checks", "is_accepted", "provider", "model", "seconds", "cost_usd", "assessed_at"),
)


def show(app: App, wanted: AssessmentFilter, *, order: AssessmentOrder, found: AssessmentPage, key: str) -> None:
    """A button; the rows are read when it is pressed."""

    def content() -> bytes:
        return write(_read(app, wanted, order=order)).encode("utf-8-sig")

    st.download_button(
        "Download as CSV" if found.has_more_than_total else f"Download {found.total:,} as CSV",
        content,
        file_name="assessments.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )


def _read(app: App, wanted: AssessmentFilter, *, order: AssessmentOrder) -> Iterable[AssessedTake]:
    after = ""
    for _ in range(ROWS_AT_MOST // _AT_ONCE):
        found = app.views.assessments(wanted, order=order, limit=_AT_ONCE, after=after)
        yield from found.takes
        if not (after := found.next):
            return


def write(takes: Iterable[AssessedTake]) -> str:
    """One line a take under a line of names. A text that a spreadsheet would take for a formula is quoted. Pure."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_FIELDS)
    for take in takes:
        told = take.model_dump(mode="json")
        told["failed_checks"] = " ".join(told["failed_checks"])
        table.writerow(_harmless(told[name]) for name in _FIELDS)
    return out.getvalue()


def _harmless(value: object) -> object:
    if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return value
