"""Where the money went: totals by provider, and every request that was or may have been paid."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.column_config import DatetimeColumn, NumberColumn, TextColumn

from orchestrator.schema.view import CallView, LedgerPage, SpendingView
from pages.components.shared import address
from pages.components.shared.notices import show_empty
from pages.components.shared.prices import money
from pages.components.shared.take_words import call_words
from pages.components.shared.words import plain

DOLLARS = "$%.2f"


def show(ledger: LedgerPage, spending: Sequence[SpendingView], *, key: str) -> None:
    """``spending`` counts everything, ``ledger`` is a page of the requests."""
    if not spending:
        show_empty("Nothing was asked for yet", "Every request to a provider is listed here, paid or not.", icon="paid")
        return
    st.table(totals(spending), border="horizontal", hide_index=True)
    st.dataframe(
        pd.DataFrame([row(call) for call in ledger.calls]),
        hide_index=True,
        placeholder="",
        column_config={
            "Time": DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", width="medium"),
            "State": TextColumn(width="medium"),
            "Estimated": NumberColumn(format=DOLLARS, width="small"),
            "Cost": NumberColumn(format=DOLLARS, width="small", help="Empty until the provider is done with it."),
            "Adopted": TextColumn(width="small", help="Its answer was lost; it was found at the provider."),
            "Message": TextColumn(width="large"),
        },
        key=key,
    )
    address.show_pages(ledger, "requests, newest first")


def totals(spending: Sequence[SpendingView]) -> pd.DataFrame:
    """One row per provider, and one for all where there are several, as Markdown."""
    whole = SpendingView(
        provider="All",
        takes=sum(item.takes for item in spending),
        refused=sum(item.refused for item in spending),
        cost_usd=sum(item.cost_usd for item in spending),
        open_usd=sum(item.open_usd for item in spending),
    )
    return pd.DataFrame(
        {
            "Provider": plain(item.provider),
            "Asked for": str(item.takes),
            "Refused": str(item.refused),
            "Spent": plain(money(item.cost_usd)),
            "Of that still estimated": plain(money(item.open_usd)) if item.open_usd else "",
        }
        for item in (*spending, *([whole] if len(spending) > 1 else []))
    )


def row(call: CallView) -> dict[str, object]:
    """One request. Its cost is told once it is known for sure."""
    is_known = call.is_finished or call.state == "refused"
    return {
        "Time": call.sent_at,
        "Provider": call.provider,
        "Model": call.model,
        "State": call_words(call),
        "Estimated": call.estimated_usd,
        "Cost": call.cost_usd if is_known else None,
        "Adopted": "Adopted" if call.is_adopted else "",
        "Message": call.message,
    }
