"""What is said to a database, heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from orchestrator.bootstrap import App


@contextmanager
def statements(app: App) -> Iterator[list[tuple[str, Any]]]:
    """(text, values) of every statement that is sent meanwhile."""
    said: list[tuple[str, Any]] = []

    def keep(_connection: object, _cursor: object, text: str, values: Any, *_: object) -> None:
        said.append((text, values))

    event.listen(app.database.engine, "before_cursor_execute", keep)
    try:
        yield said
    finally:
        event.remove(app.database.engine, "before_cursor_execute", keep)
