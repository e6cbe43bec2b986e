"""How it goes from week to week, and why takes fail: as charts, and as tables for those who do not see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from orchestrator.schema.statistics import FIRST_PASS_TARGET, Trends, WeekPasses
from pages.components.shared.notices import show_empty
from pages.components.shared.words import CHECK_TITLES, count, money, percent, plain

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

# A share of fewer takes jumps about: the table has it, the line leaves it out.
ENOUGH_FOR_A_POINT = 3
NOT_DELIVERED = "Not delivered"
HEIGHT = 280


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
        st.altair_chart(passes_chart(trends.mondays, told), alt=passes_words(trends), key="chart-passes")
        st.caption(f"The dashed line is the target, {percent(FIRST_PASS_TARGET)}.")
    if trends.passes:
        _table(passes_table(trends), key="chart-passes")


def show_failures(trends: Trends, *, period: str) -> None:
    found = trends.failures
    if not (found.takes or found.not_delivered):
        show_empty("Nothing failed", f"No take failed a check {period}.", icon="task_alt")
        return
    words = f"{count(found.takes, 'take')} did not pass {period}; one take may fail several checks."
    st.altair_chart(failures_chart(trends), alt=words, key="chart-failures")
    st.caption(words)
    _table(failures_table(trends), key="chart-failures")


def show_spend(trends: Trends) -> None:
    if not any(week.cost_usd for week in trends.spend):
        show_empty("Nothing was spent", "What providers cost is counted by week.", icon="paid")
        return
    total = sum(week.cost_usd for week in trends.spend)
    words = f"{money(total)} in {count(len(trends.mondays), 'week')}."
    st.altair_chart(spend_chart(trends), alt=f"Spend by provider and week: {words}", key="chart-spend")
    st.caption(f"{plain(words)} The last one is not over yet.")
    _table(spend_table(trends), key="chart-spend")


# --- what the charts say ---


def week_label(monday: date) -> str:
    return f"{monday.day} {monday:%b}"


def passes_words(trends: Trends) -> str:
    """Each provider over all the weeks, in one line. Pure."""
    providers = dict.fromkeys(week.provider for week in trends.passes)
    said: list[str] = []
    for provider in providers:
        weeks = [week for week in trends.passes if week.provider == provider]
        takes = sum(week.takes for week in weeks)
        said.append(f"{provider} {percent(sum(week.passed for week in weeks) / takes)} of {takes:,}")
    return f"First takes that passed: {', '.join(said)}. Target over {percent(FIRST_PASS_TARGET)}."


def passes_table(trends: Trends) -> pd.DataFrame:
    """One row for each week and provider."""
    import pandas as pd

    rows = [
        {
            "Week from": week.monday,
            "Provider": week.provider,
            "First takes": week.takes,
            "Passed": week.passed,
            "Pass rate": percent(week.passed / week.takes) if week.takes >= ENOUGH_FOR_A_POINT else "too few",
        }
        for week in reversed(trends.passes)
    ]
    return pd.DataFrame(rows)


def failures_table(trends: Trends) -> pd.DataFrame:
    """One row for each check that takes failed, the most frequent first."""
    import pandas as pd

    found = trends.failures
    named = [(CHECK_TITLES[name], number) for name, number in found.by_check.items() if number]
    rows = sorted(named, key=lambda row: -row[1])
    if found.not_delivered:
        rows.append((NOT_DELIVERED, found.not_delivered))
    return pd.DataFrame(rows, columns=["Check", "Takes"])


def spend_table(trends: Trends) -> pd.DataFrame:
    """One row for each week and provider."""
    import pandas as pd

    rows = [
        {"Week from": week.monday, "Provider": week.provider, "Spent": money(week.cost_usd)}
        for week in reversed(trends.spend)
    ]
    return pd.DataFrame(rows)


# --- the charts ---


def passes_chart(mondays: Sequence[date], weeks: Sequence[WeekPasses]) -> alt.LayerChart | alt.FacetChart:
    """Lines by provider over weeks that are all there and evenly apart, and the target."""
    import altair as alt
    import pandas as pd

    frame = pd.DataFrame(
        {
            "Week": week_label(week.monday),
            "Provider": week.provider,
            "Pass rate": week.passed / week.takes,
            "First takes": week.takes,
        }
        for week in weeks
    )
    lines = (
        alt.Chart(frame)
        .mark_line(point={"filled": True, "size": 55}, strokeWidth=2)
        .encode(
            x=_weeks(mondays),
            y=alt.Y("Pass rate:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5), title=None),
            color=alt.Color("Provider:N", title=None, legend=alt.Legend(orient="top")),
            tooltip=["Week", "Provider", alt.Tooltip("Pass rate", format=".0%"), "First takes"],
        )
    )
    quiet = "#9a9fb1" if st.context.theme.type == "dark" else "#696e80"
    rule = alt.Chart(pd.DataFrame({"target": [FIRST_PASS_TARGET]})).mark_rule(strokeDash=[5, 4], color=quiet)
    return alt.layer(lines, rule.encode(y="target:Q", tooltip=alt.value(None))).properties(height=HEIGHT)


def failures_chart(trends: Trends) -> alt.Chart:
    """Bars, the most frequent first."""
    import altair as alt

    table = failures_table(trends)
    return (
        alt.Chart(table, height=HEIGHT)
        .mark_bar(cornerRadiusEnd=3, height={"band": 0.55})
        .encode(
            x=alt.X("Takes:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1, tickCount=5)),
            y=alt.Y("Check:N", sort=list(table["Check"]), title=None, axis=alt.Axis(labelLimit=200)),
            tooltip=["Check", "Takes"],
        )
    )


def spend_chart(trends: Trends) -> alt.Chart:
    """Bars by week, providers on top of each other."""
    import altair as alt
    import pandas as pd

    frame = pd.DataFrame(
        {"Week": week_label(week.monday), "Provider": week.provider, "Spent": week.cost_usd} for week in trends.spend
    )
    return (
        alt.Chart(frame, height=HEIGHT)
        .mark_bar(cornerRadiusEnd=3, width={"band": 0.6})
        .encode(
            x=_weeks(trends.mondays),
            y=alt.Y("Spent:Q", title=None, axis=alt.Axis(format="$,.2~f", tickCount=5)),
            color=alt.Color("Provider:N", title=None, legend=alt.Legend(orient="top")),
            tooltip=["Week", "Provider", alt.Tooltip("Spent", format="$,.2f")],
        )
    )


def _weeks(mondays: Sequence[date]) -> alt.X:
    """Every week has its place, also one in which nothing happened."""
    import altair as alt

    axis = alt.Axis(labelAngle=0, labelOverlap="parity", labelSeparation=6, grid=False)
    return alt.X("Week:O", scale=alt.Scale(domain=[week_label(day) for day in mondays]), title=None, axis=axis)


def _table(frame: pd.DataFrame, *, key: str) -> None:
    with st.expander("As a table", icon=":material/table:", key=f"{key}-table"):
        st.dataframe(frame, hide_index=True, placeholder="", key=f"{key}-rows")
