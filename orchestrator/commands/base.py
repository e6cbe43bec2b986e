"""What every command works with."""

from __future__ import annotations

from orchestrator.choices import Choices
from orchestrator.db.session import Database
from orchestrator.engine import Engine


class Commands:
    def __init__(self, *, database: Database, engine: Engine, choices: Choices) -> None:
        self._database = database
        self._engine = engine
        self._choices = choices
