"""An app in which people sign in: the real one, on a Postgres of its own and a Supabase Auth on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.settings import Settings
from tests.conftest import make_settings
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.postgres import create_database


def sign_in_settings(server: FakeAuthServer, postgres_url: str, folder: Path, **more: Any) -> Settings:
    """Settings of an app whose people sign in at ``server``, on a new database."""
    values = {
        "sign_in": True,
        "supabase_url": server.url,
        "supabase_publishable_key": server.key,
        "database_url": create_database(postgres_url, f"house_{time.time_ns()}"),
    }
    return make_settings(folder, **{**values, **more})


@contextmanager
def signing_in(server: FakeAuthServer, postgres_url: str, folder: Path, **more: Any) -> Iterator[App]:
    """The app, started; its flows run in memory and end with it."""
    app = bootstrap.build(sign_in_settings(server, postgres_url, folder, **more), is_durable=False)
    app.start()
    try:
        yield app
    finally:
        app.stop()
