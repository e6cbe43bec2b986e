"""What people decided about a take, in the order they did: nothing is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from orchestrator.schema.view import DecisionView, TakeView
from pages.components.shared.check_words import decision_words


def show(take: TakeView) -> None:
    """Nothing where nobody decided anything."""
    if take.decisions:
        st.html(draw(take.decisions, zone=st.context.timezone or ""))


def draw(decisions: Sequence[DecisionView], *, zone: str) -> str:
    """Who decided what, when and why, as HTML; times in the time zone of that name, else in UTC. Pure."""
    lines = "".join(
        f"<li><strong>{escape(decision_words(item))}</strong> · {escape(item.by)} · "
        f'<time datetime="{item.at.isoformat()}">{_moment(item.at, zone)}</time><div>“{escape(item.reason)}”</div></li>'
        for item in decisions
    )
    return f'<ol class="svo-decisions" aria-label="Decisions">{lines}</ol>'


def _moment(at: datetime, zone: str) -> str:
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    try:
        return aware.astimezone(ZoneInfo(zone)).strftime("%d %b %Y, %H:%M") if zone else _utc(aware)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _utc(aware)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d %b %Y, %H:%M UTC")
