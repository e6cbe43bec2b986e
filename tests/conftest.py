"""What all tests share: no network beyond this machine, no settings from outside, real weights without a hub."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import socket_allow_hosts
from xdist.scheduler import LoadScopeScheduling

from orchestrator.media import ffmpeg
from orchestrator.settings import Settings
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.postgres import running_postgres

# What a shell runs in the background ignores Ctrl-C, and so would every process that a test starts and stops with it.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


class ByModule(LoadScopeScheduling):
    """Tests of one browser module share its app, so they go to one worker; all others go wherever there is time."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::")[0] if nodeid.startswith("tests/e2e/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    return ByModule(config, log)


@pytest.fixture(autouse=True)
def _loopback_only(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("live"):
        return
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


@pytest.fixture
def auth_server() -> Iterator[FakeAuthServer]:
    """A Supabase Auth of this test's own."""
    with FakeAuthServer() as server:
        yield server


@pytest.fixture(scope="session")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole MP4 of a second, 320x180 with sound, its index at the front as providers send them. Not to be changed."""
    path = tmp_path_factory.mktemp("mp4") / "clip.mp4"
    picture, tone = "testsrc2=size=320x180:rate=30:duration=1", "sine=440:duration=1"
    command = [ffmpeg.binary(), "-v", "error", "-nostdin", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([*command, *coding, "-movflags", "+faststart", str(path)], check=True)
    return path


def make_settings(data_dir: Path, **values: Any) -> Settings:
    """Settings as on a fresh machine, save for ``values`` and, unless they say so, without eyes: they take time."""
    values = {"read_text": False, "compare_stills": False, **values}
    return Settings(_env_file=None, data_dir=data_dir, **values)  # pyright: ignore[reportCallIssue]
