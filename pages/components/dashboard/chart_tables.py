"""The numbers behind the charts as tables, for those who do not see the charts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from orchestrator.schema.statistics import Trends
from pages.components.shared.check_words import CHECK_TITLES
from pages.components.shared.numbers import percent
from pages.components.shared.prices import money

if TYPE_CHECKING:
    import pandas as pd

# A share of fewer takes jumps about: the table has it, the line leaves it out.
ENOUGH_FOR_A_POINT = 3
NOT_DELIVERED = "Not delivered"


def week_label(monday: date) -> str:
    return f"{monday.day} {monday:%b}"


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


def show(frame: pd.DataFrame, *, key: str) -> None:
    with st.expander("As a table", icon=":material/table:", key=f"{key}-table"):
        st.dataframe(frame, hide_index=True, placeholder="", key=f"{key}-rows")
