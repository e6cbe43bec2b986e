"""How the charts are drawn: lines, bars and axes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from orchestrator.schema.statistics import FIRST_PASS_TARGET, Trends, WeekPasses
from pages.components.dashboard import chart_tables
from pages.components.dashboard.chart_tables import week_label

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 280


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

    table = chart_tables.failures_table(trends)
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
