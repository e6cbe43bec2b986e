"""Takes as a table with a button to open each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.column_config import ButtonColumn, TextColumn

from orchestrator.schema.assessment import Verdict
from orchestrator.schema.calibration import ChangedTake

ROW_HEIGHT = 54


def show_changes(takes: Sequence[ChangedTake], *, titles: Mapping[Verdict, str], key: str) -> str:
    """Takes whose verdict would be another one; the run id of the one whose button was pressed, else ``""``."""
    import pandas as pd

    rows = [
        {
            "Clip": f"{take.position} · take {take.attempt}",
            "Now": titles[take.old],
            "Then": titles[take.new],
            "Why": take.why,
            "Open": "View",
        }
        for take in takes
    ]
    button = f"{key}-open"
    columns = {"Why": TextColumn(width=270), "Open": ButtonColumn("", key=button, width=90)}
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, placeholder="", row_height=ROW_HEIGHT, column_config=columns, key=key
    )
    click = st.session_state.get(button)
    row = None if click is None else int(click["row"])
    return takes[row].run_id if row is not None and row < len(takes) else ""
