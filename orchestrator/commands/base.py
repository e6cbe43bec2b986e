"""What every command works with."""

from __future__ import annotations

from orchestrator.choices import Choices
from orchestrator.db.session import Database
from orchestrator.engine import Engine
from orchestrator.storage.base import AssetStore


class Commands:
    def __init__(self, *, database: Database, engine: Engine, choices: Choices, store: AssetStore) -> None:
        self._database = database
        self._engine = engine
        self._choices = choices
        self._store = store

    def _name(self, by: str) -> str:
        """Who decides: the name given, else the one of this installation."""
        return " ".join(by.replace("\x00", "").split())[:80] or self._choices.reviewer_name
