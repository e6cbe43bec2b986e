"""The app itself is killed in the middle of a run and started again: it goes on by itself."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "The lamp is lit before dawn. Somebody waits beside the water. Now the heavy door opens wide."


@contextlib.contextmanager
def serving(data_dir: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The app as ``make app`` serves it."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "DATA_DIR": str(data_dir), "MOCK_DELAY_SECONDS": "3"}
    with (data_dir.parent / "app.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(client: httpx.Client, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer's JSON, as soon as the app is up."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = client.request(method, path, json=body)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the app did not come up"
            time.sleep(0.1)
            continue
        assert answer.is_success, answer.text
        return answer.json()


@pytest.mark.timeout(300)
def test_a_run_goes_on_by_itself_when_the_app_is_killed_and_started_again(tmp_path: Path) -> None:
    data_dir, port = tmp_path / "data", free_port()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1/video", timeout=30) as client:
        with serving(data_dir, port) as app:
            project = ask(client, "POST", "/projects", {"name": "Lamp", "settings": {"size": "320x180"}})
            plan = ask(client, "POST", "/clip-plans", {"project_id": project["id"], "script": SCRIPT})
            ask(client, "POST", f"/clip-plans/{plan['id']}/start")
            while ask(client, "GET", f"/clip-plans/{plan['id']}/status")["creates"] == 0:
                time.sleep(0.05)
            app.kill()
            app.wait()
        with serving(data_dir, port):
            deadline = time.monotonic() + 120
            while (state := ask(client, "GET", f"/clip-plans/{plan['id']}/status"))["is_active"]:
                assert time.monotonic() < deadline, state
                time.sleep(0.3)
            film = client.get(f"http://127.0.0.1:{port}{state['render']['video_url']}")
    assert state["status"] == "completed"
    assert state["creates"] == len(state["clips"]) == len(list((data_dir / "mock" / "generations").glob("*.json")))
    assert film.headers["content-type"] == "video/mp4" and len(film.content) > 10_000
