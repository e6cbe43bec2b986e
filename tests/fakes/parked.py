"""A house that takes orders and never gets to them, so that nothing changes while a test looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.choices import Choices
from orchestrator.engine import Engine
from orchestrator.service import Service
from providers.mock.provider import MockProvider
from tests.conftest import make_settings


class ParkedEngine:
    def enqueue(
        self, queue: str, flow: str, flow_id: str, *arguments: object, partition: str = "", place: int = 0
    ) -> None:
        """Accept and leave it."""

    def is_finished(self, flow_id: str) -> bool:
        return False


def parked_app(folder: Path, **values: Any) -> App:
    """An App on SQLite in ``folder`` unless ``values`` of its settings say otherwise, with the mock provider; not
    started, and to be stopped by the caller."""
    settings = make_settings(folder / "data", **values)
    app = bootstrap.build(settings, is_durable=False)
    profile = MockProvider(root=folder / "mock").profile
    choices = Choices(settings=settings, profiles={profile.name: profile}, missing={})
    app.service = Service(database=app.database, engine=cast(Engine, ParkedEngine()), choices=choices, store=app.store)
    return app
