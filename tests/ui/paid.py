"""Houses with a paid provider: Runway's wire on loopback, and an engine that really asks it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.schema.project import ProjectSettings
from tests.conftest import make_settings
from tests.fakes.wires.core import KEY, Call, Fault, WireServer
from tests.fakes.wires.runway import RunwayWire

SETTINGS = ProjectSettings(provider="runway")
LINE = "The lamp on the quay is lit before dawn."


class House(NamedTuple):
    """The app, and the paid service it asks."""

    app: App
    server: WireServer


class RevokedWire(RunwayWire):
    """Takes creates and tells the balance; then the key is revoked, so that what was paid cannot be fetched."""

    def is_authorized(self, call: Call) -> bool:
        return super().is_authorized(call) and "tasks" not in call.path


@contextmanager
def open_house(
    folder: Path, clip: Path, *, wire: RunwayWire | None = None, fault: Fault = Fault.NONE, **settings: Any
) -> Iterator[House]:
    """Runway set up against a server of ours, beside the mock."""
    with WireServer(wire or RunwayWire(), clip=clip, fault=fault) as server:
        known = {"runway_api_key": KEY, "runway_base_url": server.base_url, **settings}
        app = bootstrap.build(make_settings(folder / "data", **known), is_durable=False)
        app.start()
        bootstrap.use(app)
        try:
            yield House(app, server)
        finally:
            bootstrap.use(None)
            app.stop()


def wait_until(is_so: Callable[[], bool], *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
