"""How it goes from week to week, and why takes fail: as charts, and as tables for those who do not see them."""

from __future__ import annotations

import streamlit as st

from orchestrator.schema.statistics import FIRST_PASS_TARGET, Trends
from pages.components.dashboard import chart_marks, chart_tables
from pages.components.dashboard.chart_tables import ENOUGH_FOR_A_POINT
from pages.components.shared.notices import show_empty
from pages.components.shared.numbers import percent
from pages.components.shared.prices import money
from pages.components.shared.words import count, plain


def show(trends: Trends, *, period: str) -> None:
    """``period`` says over what time failures are counted."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.header("Pass rate of first takes by provider", anchor=False)
        show_passes(trends)
    with right:
        st.header("Why takes fail", anchor=False)
        show_failures(trends, period=period)
    st.header("Spend by provider", anchor=False)
    show_spend(trends)


def show_passes(trends: Trends) -> None:
    told = [week for week in trends.passes if week.takes >= ENOUGH_FOR_A_POINT]
    takes = sum(week.takes for week in trends.passes)
    if not told:
        text = f"{count(takes, 'first take')}: too few for a rate." if takes else "First takes are counted by week."
        show_empty("No pass rate yet", text, icon="show_chart")
    else:
        st.altair_chart(chart_marks.passes_chart(trends.mondays, told), alt=passes_words(trends), key="chart-passes")
        st.caption(f"The dashed line is the target, {percent(FIRST_PASS_TARGET)}.")
    if trends.passes:
        chart_tables.show(chart_tables.passes_table(trends), key="chart-passes")


def show_failures(trends: Trends, *, period: str) -> None:
    found = trends.failures
    if not (found.takes or found.not_delivered):
        show_empty("Nothing failed", f"No take failed a check {period}.", icon="task_alt")
        return
    words = f"{count(found.takes, 'take')} did not pass {period}; one take may fail several checks."
    st.altair_chart(chart_marks.failures_chart(trends), alt=words, key="chart-failures")
    st.caption(words)
    chart_tables.show(chart_tables.failures_table(trends), key="chart-failures")


def show_spend(trends: Trends) -> None:
    if not any(week.cost_usd for week in trends.spend):
        show_empty("Nothing was spent", "What providers cost is counted by week.", icon="paid")
        return
    total = sum(week.cost_usd for week in trends.spend)
    words = f"{money(total)} in {count(len(trends.mondays), 'week')}."
    st.altair_chart(chart_marks.spend_chart(trends), alt=f"Spend by provider and week: {words}", key="chart-spend")
    st.caption(f"{plain(words)} The last one is not over yet.")
    chart_tables.show(chart_tables.spend_table(trends), key="chart-spend")


def passes_words(trends: Trends) -> str:
    """Each provider over all the weeks, in one line. Pure."""
    providers = dict.fromkeys(week.provider for week in trends.passes)
    said: list[str] = []
    for provider in providers:
        weeks = [week for week in trends.passes if week.provider == provider]
        takes = sum(week.takes for week in weeks)
        said.append(f"{provider} {percent(sum(week.passed for week in weeks) / takes)} of {takes:,}")
    return f"First takes that passed: {', '.join(said)}. Target over {percent(FIRST_PASS_TARGET)}."
