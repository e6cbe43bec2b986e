"""Who else did something, and when, as it is told on screen."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrator.errors import ChangedMeanwhile
from pages.components.shared import visitor
from pages.components.shared.words import ago, plain


def who(by: str) -> str:
    """Somebody else by their name, as Markdown. Where nobody signs in, all go by one name, which says nothing."""
    app = visitor.app()
    if by and by != app.service.own_name:
        return f"**{plain(by)}**"
    return "Somebody else" if app.user is None or not by else "You, in another window,"


def author(by: str) -> str:
    """Whoever did something, as Markdown; empty where that says nothing, for all who do not sign in go by one name."""
    app = visitor.app()
    if by and by != app.service.own_name:
        return f"**{plain(by)}**"
    return "You" if app.user and by else ""


def told(error: ChangedMeanwhile) -> str:
    """What somebody else did to the same. Whose name says nothing, because all go by it, is somebody else."""
    app = visitor.app()
    if app.user is None and error.by == app.service.own_name:
        return error.message.replace(error.by, "Somebody else", 1)
    return error.message


def when(at: datetime | None) -> str:
    """How long ago, as far as that is known; a moment without a zone is in UTC."""
    return ago(at if at.tzinfo else at.replace(tzinfo=UTC), now=datetime.now(UTC)) if at else "meanwhile"
