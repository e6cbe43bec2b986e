"""What all tests share: no network beyond this machine, no settings from outside, real weights without a hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import socket_allow_hosts

from orchestrator.settings import Settings
from tests.fakes.postgres import running_postgres


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> None:
    """A developer's own keys and folders must not reach a test, nor a process that a test starts."""
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A Postgres of this test session; every test makes a database of its own in it."""
    with running_postgres() as url:
        yield url


def make_settings(data_dir: Path, **values: Any) -> Settings:
    """Settings as on a fresh machine, save for ``values``."""
    return Settings(_env_file=None, data_dir=data_dir, **values)  # pyright: ignore[reportCallIssue]
