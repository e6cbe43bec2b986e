"""A database that is damaged, away or not ours, met by the commands, the served app, REST, pages and the ledger."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Mount
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from api import create_api
from orchestrator import bootstrap
from orchestrator.__main__ import cli
from orchestrator.bootstrap import App
from orchestrator.db.models import ProviderCallRow, new_id
from orchestrator.db.session import open_database
from orchestrator.errors import CannotWrite
from orchestrator.ledger import Ledger
from orchestrator.storage.local import LocalAssetStore
from providers.base import CreateClipInput, Generation
from tests.conftest import make_settings
from tests.fakes.billing import BillingProvider
from tests.fakes.postgres import PostgresServer, create_database, own_postgres
from tests.flows.test_ledger import add_run, call_for

ROOT = Path(__file__).resolve().parents[2]
SHORT = str(ROOT / "examples" / "short.txt")


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A DATA_DIR whose database is rubbish."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "orchestrator.sqlite3").write_bytes(b"rubbish " * 1000)
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_postgres() as server:
        yield server


def unique(name: str) -> str:
    return f"{name}_{new_id().replace('-', '')}"


# --- commands ---


@pytest.mark.parametrize("command", [["doctor"], ["worker"], ["film", SHORT, "--out", "film.mp4"], ["plan", SHORT]])
def test_a_command_on_a_damaged_database_says_so_and_what_to_do(
    damaged: Path, tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, [*command, "--json"], env={"DATA_DIR": str(damaged)})
    error = json.loads(result.stdout)["error"]
    assert (result.exit_code, error["code"]) == (1, "database_damaged")
    assert "Nothing was changed. A copy was kept: orchestrator.damaged-" in error["message"]
    assert "To begin anew" in error["hint"]
    assert "Traceback" not in result.output
    assert (damaged / "orchestrator.sqlite3").read_bytes() == b"rubbish " * 1000


def test_a_data_dir_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("something", encoding="utf-8")
    for folder in (tmp_path / "data", tmp_path / "data" / "inside"):
        result = CliRunner().invoke(cli, ["doctor"], env={"DATA_DIR": str(folder)})
        assert result.exit_code == 2
        assert "DATA_DIR is a file, or lies in one" in result.stderr
    assert (tmp_path / "data").read_text(encoding="utf-8") == "something"


def test_the_doctor_makes_the_tables_on_a_server_when_asked(postgres_url: str, tmp_path: Path) -> None:
    url = create_database(postgres_url, unique("doctor"), is_empty=True)
    settings = {"DATA_DIR": str(tmp_path), "DATABASE_URL": url}
    for command in (["doctor"], ["worker"], ["film", SHORT, "--out", str(tmp_path / "film.mp4")]):
        refused = CliRunner().invoke(cli, command, env=settings)
        assert refused.exit_code == 2
        assert "python -m orchestrator doctor --migrate" in refused.stderr
    with psycopg.connect(url) as connection:
        assert connection.execute("select 1 from pg_tables where schemaname in ('public', 'dbos')").fetchone() is None
    asked = CliRunner().invoke(cli, ["doctor", "--migrate", "--json"], env=settings)
    items = {item["name"]: item for item in json.loads(asked.stdout)["items"]}
    assert items["Schema"]["detail"].startswith("created, version ")
    assert items["Database"]["detail"] == "Postgres at DATABASE_URL"
    assert CliRunner().invoke(cli, ["doctor"], env=settings).exit_code == 0


def test_the_served_app_ends_with_the_reason_and_no_traceback(damaged: Path) -> None:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"]
    environment = {**os.environ, "DATA_DIR": str(damaged)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "is damaged: it is not a SQLite database" in ended.stderr
    assert "To begin anew" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


# --- a running app ---


@pytest.fixture
def app(server: PostgresServer, tmp_path: Path) -> Iterator[App]:
    url = create_database(server.url, unique("app"))
    app = bootstrap.build(make_settings(tmp_path, database_url=url), is_durable=False)
    bootstrap.use(app)
    yield app
    bootstrap.use(None)
    app.stop()


async def test_rest_says_to_come_back_while_the_database_is_away(server: PostgresServer, app: App) -> None:
    outer = Starlette(routes=[Mount("/api", app=create_api(lambda: app))])
    transport = httpx.ASGITransport(app=outer)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8501") as client:
        server.stop()
        try:
            away = await client.post("/api/v1/video/projects", json={"name": "Harbour"})
        finally:
            server.start()
        back = await client.post("/api/v1/video/projects", json={"name": "Harbour"})
    assert (away.status_code, away.json()["error"]["code"]) == (503, "database_away")
    assert int(away.headers["Retry-After"]) > 0
    assert back.status_code == 201


@pytest.mark.parametrize("page", ["storyboard.py", "dashboard.py", "settings.py", "single_gen.py"])
def test_a_page_says_that_the_database_is_away_and_works_again_afterwards(
    server: PostgresServer, app: App, page: str
) -> None:
    session = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=60).run()
    server.stop()
    try:
        away = session.switch_page(page).run()
        shown = [item.value for item in away.error]
    finally:
        server.start()
    assert not away.exception
    assert page == "settings.py" or any("Nothing was lost" in message for message in shown)
    back = session.switch_page(page).run()
    assert not back.exception and not back.error


# --- what is paid ---


class AnswersInAnOutage(BillingProvider):
    """Charges, and by the time it answers the database has gone, for a while."""

    def __init__(self, server: PostgresServer) -> None:
        super().__init__(supports_reconcile=False)
        self._server = server

    async def create_clip(self, request: CreateClipInput) -> Generation:
        generation = await super().create_clip(request)
        self._server.stop()
        threading.Timer(1.5, self._server.start).start()
        return generation


async def test_the_id_of_a_paid_generation_outlives_an_outage(
    server: PostgresServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The provider cannot be asked, so the id is lost for good unless it is kept until it can be written down."""
    caplog.set_level(logging.WARNING)
    database = open_database(create_database(server.url, unique("paid")), data_dir=tmp_path)
    provider = AnswersInAnOutage(server)
    call = call_for(*add_run(database))
    generation_id = await Ledger(database, owner="one").create(call, provider)
    with database.read() as session:
        row = session.scalars(select(ProviderCallRow)).one()
    database.close()
    assert len(provider.charges) == 1
    assert (row.state, row.generation_id, row.sends) == ("accepted", generation_id, 1)
    assert any("waits to be written down" in record.getMessage() for record in caplog.records)


# --- two processes on one folder ---


def start(folder: Path, *command: str, **settings: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "DATA_DIR": str(folder / "data"), **settings}
    with (folder / f"{command[0]}.log").open("a", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *command, "--json"],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip


def wait_for(folder: Path, command: str, words: str) -> None:
    deadline = time.monotonic() + 60
    while words not in (folder / f"{command}.log").read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, (folder / f"{command}.log").read_text(encoding="utf-8")
        time.sleep(0.05)


def test_the_second_process_on_a_folder_says_so_and_takes_over_when_the_first_is_killed(tmp_path: Path) -> None:
    first = start(tmp_path, "worker", MOCK_DELAY_SECONDS="2", DEFAULT_CLIP_DURATION="4")
    second = None
    try:
        wait_for(tmp_path, "worker", "Worker is running")
        out = tmp_path / "film.mp4"
        script = tmp_path / "script.txt"
        script.write_text("The lamp is lit before dawn.", encoding="utf-8")
        film = ("film", str(script), "--size", "320x180", "--out", str(out))
        second = start(tmp_path, *film, MOCK_DELAY_SECONDS="2", DEFAULT_CLIP_DURATION="4")
        wait_for(tmp_path, "film", "Another process")
        while not list((tmp_path / "data" / "mock" / "generations").glob("*.json")):  # the first one is at work on it
            assert second.poll() is None
            time.sleep(0.05)
        first.kill()
        first.wait()
        report = json.loads(second.communicate(timeout=120)[0])
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.communicate()
    assert report["status"] == "completed"
    assert report["creates"] == len(report["clips"]) == len(list((tmp_path / "data/mock/generations").glob("*.json")))


# --- the folder of takes ---


def test_a_read_only_folder_of_takes_is_told_and_leaves_no_half_file(tmp_path: Path) -> None:
    source = tmp_path / "take.mp4"
    source.write_bytes(b"mp4")
    root = tmp_path / "assets"
    root.mkdir()
    if subprocess.run(["chattr", "+i", str(root)], check=False, capture_output=True).returncode:
        pytest.skip("needs chattr +i")
    try:
        with pytest.raises(CannotWrite, match="cannot be written to") as refusal:
            LocalAssetStore(root).put_file(source, "takes/one.mp4")
    finally:
        subprocess.run(["chattr", "-i", str(root)], check=True)
    assert "can still be fetched" in refusal.value.hint
    assert not list(root.iterdir())
