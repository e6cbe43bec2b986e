"""How far people agree with the assessor: figures per check, minima that would agree better, and drift over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.column_config import TextColumn

from orchestrator.bootstrap import App
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.calibration import Calibration, CheckCalibration, Figures, Proposal, Week
from pages.components.dashboard import what_if
from pages.components.shared.check_words import CHECK_TITLES
from pages.components.shared.notices import show_empty
from pages.components.shared.numbers import percent
from pages.components.shared.words import count, plain

ALL = ""
EXPLANATION = (
    "Every approval, rejection and corrected check is a label. Precision: of the defects that were found, how many are "
    "some. Recall: of those there are, how many were found."
)


def show(app: App, *, key: str, carry: Callable[[str, Mapping[CheckName, float]], None]) -> None:
    """``carry`` takes a project id (empty: any) and proposed minima to where they can be tried."""
    names = {ALL: "All projects", **what_if.project_names(app)}
    project_id = st.selectbox("Labels of", list(names), format_func=names.__getitem__, key=f"{key}-project")
    found = app.views.calibration(project_id)
    if not any(figures.labels + figures.undecided for figures in (found.overall, *(c.figures for c in found.checks))):
        show_empty("No labels yet", "Every approval, rejection and corrected check becomes one.", icon="label")
    else:
        st.caption(EXPLANATION)
        right = TextColumn(alignment="right", width="small")
        config: dict[Any, Any] = dict.fromkeys(("Precision", "Recall", "Minimum", "Proposed"), right)
        st.dataframe(table(found), hide_index=True, column_config=config, key=f"{key}-figures")
        show_proposals(found, project_id=project_id, key=key, carry=carry)
    if found.weeks:
        st.markdown("**Drift**")
        st.altair_chart(chart(found.weeks), key=f"{key}-drift")
        st.caption(drift_words(found.weeks[-1]))


def table(found: Calibration) -> pd.DataFrame:
    """Whole takes first, then every check."""
    whole = {"Of": "Whole takes", **_figures(found.overall), "Minimum": "", "Proposed": ""}
    return pd.DataFrame([whole, *map(_row, found.checks)])


def _row(check: CheckCalibration) -> dict[str, object]:
    proposed = f"{check.proposal.minimum:.2f}" if check.proposal else ""
    return {
        "Of": CHECK_TITLES[check.check],
        **_figures(check.figures),
        "Minimum": f"{check.minimum:.2f}",
        "Proposed": proposed,
    }


def _figures(figures: Figures) -> dict[str, object]:
    return {
        "Labels": figures.labels,
        "Precision": _share(figures.precision),
        "Recall": _share(figures.recall),
        "Found rightly": figures.hits,
        "False alarms": figures.false_alarms,
        "Missed": figures.misses,
        "Passed rightly": figures.right_passes,
        "Left to a person": figures.undecided,
    }


def _share(share: float | None) -> str:
    return "–" if share is None else percent(share)


def show_proposals(
    found: Calibration, *, project_id: str, key: str, carry: Callable[[str, Mapping[CheckName, float]], None]
) -> None:
    """Minima that would have agreed better with people, and the way to try them on the takes there are."""
    minima = {check.check: check.proposal.minimum for check in found.checks if check.proposal}
    for check in found.checks:
        if check.proposal:
            st.markdown(f":material/tune: **{CHECK_TITLES[check.check]}**: {proposal_words(check, check.proposal)}")
        elif check.figures.labels:
            st.caption(f"{CHECK_TITLES[check.check]}: {plain(check.why_no_proposal)}.")
    if minima:
        label, icon = "Try these minima in Thresholds", ":material/tune:"
        st.button(label, icon=icon, key=f"{key}-carry", on_click=carry, args=(project_id, minima))


def proposal_words(check: CheckCalibration, proposal: Proposal) -> str:
    """What a proposed minimum would change, and on how much that rests; as Markdown."""
    now, then = proposal.now, proposal.then
    return (
        f"a minimum of {proposal.minimum:.2f} instead of {check.minimum:.2f} would miss {then.misses} defects instead "
        f"of {now.misses} and raise {then.false_alarms} false alarms instead of {now.false_alarms}, on "
        f"{count(proposal.labels, 'label')} with a score."
    )


def chart(weeks: Sequence[Week]) -> alt.Chart:
    """The mean score and the share of overturned verdicts by week."""
    frame = pd.DataFrame(
        {"Week": f"{week.monday:%d %b %Y}", "Figure": name, "Share": value, "Takes": week.verdicts}
        for week in weeks
        for name, value in (("Mean score", week.mean_score), ("Overturned by people", week.overturned_share))
        if value is not None
    )
    return (
        alt.Chart(frame, height=300)
        .mark_line(point={"filled": True, "size": 60})
        .encode(
            x=alt.X("Week:O", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("Share:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"), title=None),
            color=alt.Color("Figure:N", title=None, legend=alt.Legend(orient="top")),
            tooltip=["Week", "Figure", alt.Tooltip("Share", format=".0%"), "Takes"],
        )
    )


def drift_words(week: Week) -> str:
    """The newest week in one line."""
    score = "" if week.mean_score is None else f", mean score {week.mean_score:.2f}"
    decided = f"{week.decided} decided on by people, {week.overturned} of them against the verdict"
    return f"Week of {week.monday:%d %B %Y}: {count(week.verdicts, 'take')} assessed, {decided}{score}."
