"""Projects, takes and films as tables with a button to open each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.column_config import ButtonColumn, DatetimeColumn, ImageColumn, NumberColumn, ProgressColumn, TextColumn

from orchestrator.schema.assessment import CheckStatus, Verdict
from orchestrator.schema.calibration import ChangedTake
from orchestrator.schema.view import ProjectView, TakeView
from pages.components.words import CHECK_TITLES, PLAN_BADGES, shorten, take_badge

ROW_HEIGHT = 54


def show_projects(projects: Sequence[ProjectView], *, key: str) -> str:
    """All projects; the id of the one whose button was pressed, else ``""``."""
    rows = [
        {
            "Poster": project.poster_url or None,
            "Project": shorten(project.name or "Untitled film", 80),
            "Status": PLAN_BADGES[project.plan_status][0] if project.plan_status else "Draft",
            "Clips passed": f"{project.clips_passed} of {project.clips_total}" if project.clips_total else "",
            "Needs you": str(project.needs_review or ""),
            "Film": "Ready" if project.film_url else "",
            "Cost": project.cost_usd,
            "Updated": project.updated_at,
            "Open": "Open",
        }
        for project in projects
    ]
    clicked = _table(
        rows,
        key=key,
        columns={
            "Poster": ImageColumn("", width=84),
            "Project": TextColumn(width="large"),
            "Cost": NumberColumn(format="$%.2f", width="small"),
            "Updated": DatetimeColumn(format="distance"),
        },
    )
    return projects[clicked].id if clicked is not None and clicked < len(projects) else ""


def show_takes(takes: Sequence[TakeView], *, key: str) -> str:
    """The newest takes with what was measured; the run id of the one whose button was pressed, else ``""``."""
    rows = [
        {
            "Poster": take.poster_url or None,
            "Clip": f"{shorten(take.project_name, 30)} · {take.position}",
            "Line": shorten(take.line or take.prompt, 90),
            "Status": take_badge(take)[0],
            "Score": take.score,
            "Failed checks": _failed_checks(take),
            "Take": take.attempt,
            "Seconds": take.seconds,
            "Provider": take.model or take.provider,
            "Cost": take.cost_usd,
            "Open": "View",
        }
        for take in takes
    ]
    clicked = _table(
        rows,
        key=key,
        columns={
            "Poster": ImageColumn("", width=84),
            "Line": TextColumn(width=300),
            "Score": ProgressColumn(min_value=0, max_value=1, format="%.2f"),
            "Cost": NumberColumn(format="$%.2f", width="small"),
        },
    )
    return takes[clicked].run_id if clicked is not None and clicked < len(takes) else ""


def show_changes(takes: Sequence[ChangedTake], *, titles: Mapping[Verdict, str], key: str) -> str:
    """Takes whose verdict would be another one; the run id of the one whose button was pressed, else ``""``."""
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
    clicked = _table(rows, key=key, columns={"Why": TextColumn(width=270)})
    return takes[clicked].run_id if clicked is not None and clicked < len(takes) else ""


def _failed_checks(take: TakeView) -> str:
    return ", ".join(CHECK_TITLES[name] for name, check in take.checks.items() if check.status is CheckStatus.FAIL)


def _table(rows: Sequence[dict[str, Any]], *, key: str, columns: dict[str, Any]) -> int | None:
    """Draw ``rows``; the index of the row whose button was pressed in this run."""
    button = f"{key}-open"
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="",
        row_height=ROW_HEIGHT,
        column_config={**columns, "Open": ButtonColumn("", key=button, width=90)},
        key=key,
    )
    click = st.session_state.get(button)
    return None if click is None else int(click["row"])
