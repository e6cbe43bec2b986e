"""An app that is told to stop while a paid request is on its way hears the answer before it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from orchestrator.bootstrap import build
from orchestrator.db.models import ProviderCallRow
from orchestrator.db.session import open_database
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from tests.conftest import make_settings
from tests.fakes.wires.core import KEY, Answer, Call, WireServer
from tests.fakes.wires.runway import RunwayWire

ROOT = Path(__file__).resolve().parents[2]
LINE = "The lamp is lit before dawn."
PROGRAMS = {
    "worker": ["-m", "orchestrator", "worker"],
    "film": ["-m", "orchestrator", "film", "{folder}/script.txt", "--out", "{folder}/film.mp4", "--provider", "runway"],
    "app": ["-m", "streamlit", "run", "app.py", "--server.port", "0"],
}


class SlowWire(RunwayWire):
    """Charges at once and answers late. What it made cannot be looked up."""

    seconds = 2.0

    def answer(self, call: Call, server: WireServer) -> Answer:
        answer = super().answer(call, server)
        if call.method == "POST":
            time.sleep(self.seconds)
        return answer


@pytest.fixture
def server(mp4: Path) -> Iterator[WireServer]:
    with WireServer(SlowWire(), clip=mp4) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path, server: WireServer) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start a program on a folder where a plan of one clip waits; it has just asked for the clip."""
    processes: list[subprocess.Popen[bytes]] = []
    values = {"runway_base_url": server.base_url, "runway_api_key": KEY}

    def begin(name: str) -> subprocess.Popen[bytes]:
        (tmp_path / "script.txt").write_text(LINE, encoding="utf-8")
        if name != "film":
            app = build(make_settings(tmp_path / "data", role="ui", **values))
            app.start()
            project = app.service.create_project(settings=ProjectSettings(provider="runway"))
            app.service.start_plan(app.service.create_plan(project, script=LINE, brief=ContentBrief()))
            app.stop()
        environment = {**os.environ, "DATA_DIR": str(tmp_path / "data")}
        environment |= {key.upper(): value for key, value in values.items()}
        command = [sys.executable, *(part.format(folder=tmp_path) for part in PROGRAMS[name])]
        with (tmp_path / "log").open("ab") as log:
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
        deadline = time.monotonic() + 60
        while not server.charges:
            assert processes[-1].poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.02)
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.wait()


def call_of(folder: Path) -> ProviderCallRow:
    database = open_database("", data_dir=folder / "data")
    with database.read() as session:
        row = session.scalars(select(ProviderCallRow)).one()
    database.close()
    return row


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_answer_on_its_way_is_heard_when_the_process_is_told_to_stop(
    name: str, tmp_path: Path, server: WireServer, start: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    process = start(name)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    row = call_of(tmp_path)
    assert (row.state, len(server.charges)) == ("accepted", 1), (tmp_path / "log").read_text()
    assert row.generation_id in server.made
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_second_ctrl_c_does_not_wait_for_the_answer(
    name: str, tmp_path: Path, server: WireServer, start: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    server.wire.seconds = 20  # pyright: ignore[reportAttributeAccessIssue]
    process = start(name)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=2)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=7)
    assert call_of(tmp_path).state == "intent"
