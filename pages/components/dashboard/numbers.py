"""The numbers: success metrics and charts, what was spent, how takes are judged and how well."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.assessment import CheckName
from pages.components.dashboard import calibration, charts, costs, metric_cards, what_if
from pages.components.shared import address
from pages.components.shared.notices import guarded

PART, PERIOD = "part", "period"
PARTS = {"results": "Results", "costs": "Costs", "thresholds": "Thresholds", "calibration": "Calibration"}
PERIODS = {"7": "7 days", "28": "28 days", "all": "All"}


def show(app: App, *, key: str) -> None:
    """One part of the numbers, which the address names."""
    with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
        part = address.choose(PART, PARTS, label="Part of the numbers")
        period = address.choose(PERIOD, PERIODS, label="Period", default="28") if part == "results" else ""
    # Of their own, so that a slider answers at once.
    draw = {"costs": _costs, "thresholds": _thresholds, "calibration": _calibration}
    if part in draw:
        st.fragment(draw[part])(app, f"{key}-{part}")
    else:
        _results(app, days=None if period == "all" else int(period))


def _results(app: App, *, days: int | None) -> None:
    with guarded():
        st.header("How well it goes", anchor=False)
        metric_cards.show(app.views.metrics(days=days))
        charts.show(app.views.trends(days=days), period=f"in the last {days} days" if days else "so far")


def _costs(app: App, key: str) -> None:
    with guarded():
        st.header("Where the money went", anchor=False)
        costs.show(address.read_page(lambda after: app.views.ledger(after=after)), app.views.spending(), key=key)


def _thresholds(app: App, key: str) -> None:
    with guarded():
        st.header("How strictly takes are judged", anchor=False)
        what_if.show(app, key="what-if")


def _calibration(app: App, key: str) -> None:
    def carry(project_id: str, minima: Mapping[CheckName, float]) -> None:
        what_if.propose(app, project_id, minima, key="what-if")
        address.put(PART, "thresholds")

    with guarded():
        st.header("How well takes are judged", anchor=False)
        calibration.show(app, key=key, carry=carry)
