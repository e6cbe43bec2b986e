"""Everything that was assessed: filters that stay in the address, a page of takes, and the evidence of each beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.column_config import ButtonColumn, DatetimeColumn, ImageColumn, NumberColumn, TextColumn

from orchestrator.bootstrap import App
from orchestrator.schema.assessment import CheckName, Verdict
from orchestrator.schema.reviewing import AssessedTake, AssessmentOrder, AssessmentPage
from pages.components.shared import address
from pages.components.shared.check_words import CHECK_TITLES
from pages.components.shared.notices import guarded, show_empty
from pages.components.shared.words import shorten
from pages.components.takes import assessments_csv, assessments_filter, take_review
from pages.components.takes.assessments_filter import TAKE, VERDICT_WORDS

SIZE = 25  # takes a page
ROW_HEIGHT = 54
# what leads to the page before and after, where the newest are not first
_TURNS: dict[AssessmentOrder, dict[str, str]] = {
    AssessmentOrder.OLDEST: {"back": "Older", "on": "Newer"},
    AssessmentOrder.WORST: {"back": "Worse", "on": "Better"},
    AssessmentOrder.BEST: {"back": "Better", "on": "Worse"},
    AssessmentOrder.DEAREST: {"back": "Dearer", "on": "Cheaper"},
}
_DECISION_WORDS = {"approved": "Approved", "rejected": "Rejected"}
# so thin that the text stays readable on them, light and dark
_TINTS = {
    Verdict.PASS: "rgba(43, 176, 122, .2)",
    Verdict.NEEDS_REVIEW: "rgba(226, 140, 40, .24)",
    Verdict.FAIL: "rgba(226, 82, 93, .22)",
}


def show(app: App, *, key: str) -> None:
    """A fragment of its own that does not tick. A take that is named in the address is opened beside the table."""
    st.fragment(_show)(app, key=key)


def _show(app: App, *, key: str) -> None:
    with guarded():
        wanted, order = assessments_filter.read(st.query_params.to_dict())
        found = address.read_page(lambda after: app.views.assessments(wanted, order=order, limit=SIZE, after=after))
        if not found.projects:
            show_empty("No takes yet", "Every attempt at a clip is listed here with its evidence.", icon="fact_check")
            return
        assessments_filter.show(found)
        if not found.takes:
            show_empty("No take fits", "Take a filter away to see more.", icon="filter_alt_off")
        else:
            if run_id := _table(found.takes, key=key):
                address.put(TAKE, run_id)
            address.show_pages(found, f"{count_words(found)} takes", **_TURNS.get(order, {}))
            assessments_csv.show(app, wanted, order=order, found=found, key=f"{key}-csv")
    if run_id := st.query_params.get(TAKE):
        take_review.open_drawer(app, run_id)


def count_words(found: AssessmentPage) -> str:
    """How many takes fit. Pure."""
    return f"{'more than ' if found.has_more_than_total else ''}{found.total:,}"


def _table(takes: Sequence[AssessedTake], *, key: str) -> str:
    """The takes; the run id of the one whose button was pressed in this run, else ``""``."""
    button = f"{key}-open"
    frame = pd.DataFrame([_row(take) for take in takes])
    tints = pd.DataFrame("", index=frame.index, columns=frame.columns)
    for place, take in enumerate(takes):
        tints.loc[place, ["Verdict", "Score"]] = f"background-color: {_TINTS[take.verdict]}"
    config: dict[Any, Any] = {
        "Picture": ImageColumn("", width=84),
        "Clip": TextColumn(width=130),
        "Line": TextColumn(width=170),
        "Verdict": TextColumn(width=90),
        "A person": TextColumn(width=90),
        "Failed checks": TextColumn(width=130),
        "Provider": TextColumn(width=105),
        "Score": NumberColumn(format="%.2f", width="small"),
        "Cost": NumberColumn(format="$%.2f", width="small"),
        "Assessed": DatetimeColumn(format="distance"),
        "Open": ButtonColumn("", key=button, width=80),
    }
    styled = frame.style.apply(lambda _: tints, axis=None)
    st.dataframe(styled, hide_index=True, row_height=ROW_HEIGHT, height="content", column_config=config, key=key)
    click = st.session_state.get(button)
    place = None if click is None else int(click["row"])
    return takes[place].run_id if place is not None and place < len(takes) else ""


def _row(take: AssessedTake) -> dict[str, object]:
    return {
        "Picture": take.poster_url or None,
        "Open": "View",
        "Clip": "Single clip" if take.is_single else f"{take.position} · {shorten(take.project_name, 26)}",
        "Verdict": VERDICT_WORDS[take.verdict],
        "Score": take.score,
        "Line": shorten(take.line, 90),
        "A person": person_words(take),
        "Failed checks": ", ".join(CHECK_TITLES[CheckName(name)] for name in take.failed_checks),
        "Take": f"{take.attempt} of {take.attempts}",
        "Provider": f"{take.provider} {take.model}".strip(),
        "Cost": take.cost_usd,
        "Assessed": take.assessed_at,
    }


def person_words(take: AssessedTake) -> str:
    """What a person said of it; empty where nobody did."""
    return _DECISION_WORDS.get(take.decision, "") or ("Corrected" if take.is_corrected else "")
