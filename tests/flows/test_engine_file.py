"""The engine's own file is lost or damaged in the middle of a film: our tables know enough to go on."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.engine_dbos import set_aside_if_damaged
from tests.fakes.videos_server import FakeVideosServer
from tests.flows.test_kill import ROOT, assert_whole, film_command, make_film_through_kills


def accepted(database: Path) -> int:
    """Takes that the provider has taken and we have noted."""
    if not database.exists():
        return 0
    with contextlib.closing(sqlite3.connect(database)) as connection, contextlib.suppress(sqlite3.OperationalError):
        return connection.execute("select count(*) from clip_runs where generation_id <> ''").fetchone()[0]
    return 0  # no tables yet


def lose(path: Path) -> None:
    path.unlink()
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def overwrite(path: Path) -> None:
    """The header stays; the pages behind it are gone."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    path.with_name(path.name + "-wal").unlink(missing_ok=True)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("harm", [lose, overwrite])
def test_a_film_goes_on_and_nothing_is_paid_again_when_the_engine_s_file_is_harmed(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    with FakeVideosServer(tmp_path / "server", delay=2) as server:
        command, environment = film_command(tmp_path, "--provider", "sora")
        environment |= {"SORA_BASE_URL": server.base_url, "SORA_API_KEY": "sk-test"}
        with (tmp_path / "first.log").open("ab") as log:
            life = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            while not accepted(tmp_path / "data" / "orchestrator.sqlite3"):
                assert life.poll() is None, (tmp_path / "first.log").read_text()
                time.sleep(0.05)
            life.kill()
            life.wait()
        harm(tmp_path / "data" / "engine.sqlite3")
        report, log_text = make_film_through_kills(command, environment, delays=[], log=tmp_path / "log")
        assert_whole(tmp_path / "film.mp4", report)
        assert len(server.charges()) == report["creates"] == len(report["clips"])
    kept = [p.name for p in (tmp_path / "data").glob("engine.damaged-*.sqlite3")]
    assert len(kept) == (0 if harm is lose else 1)
    assert all(name in log_text for name in kept)


def test_a_file_that_is_no_database_is_moved_aside_and_a_whole_one_is_left(tmp_path: Path) -> None:
    path = tmp_path / "engine.sqlite3"
    assert set_aside_if_damaged(path) is None
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("create table steps (name text)")
    assert set_aside_if_damaged(path) is None
    path.write_bytes(b"This is no database. " * 400)
    aside = set_aside_if_damaged(path)
    assert aside is not None and aside.read_bytes().startswith(b"This is no database.")
    assert not path.exists()
