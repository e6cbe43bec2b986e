"""A real pooler in transaction mode, as hosted databases put before themselves, where pgbouncer is installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import psycopg

from tests.fakes.postgres import free_port, unprivileged

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextlib.contextmanager
def pooled(url: str, *, connections: int = 1) -> Iterator[str]:
    """The address of the same database behind a pooler with so few connections that clients share them."""
    assert PGBOUNCER is not None
    server, port, user = urlsplit(url), free_port(), unprivileged()
    run_as: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={server.hostname} port={server.port} user={server.username}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
        f"default_pool_size = {connections}\nignore_startup_parameters = extra_float_digits\n",
        encoding="utf-8",
    )
    if user:
        for path in (folder, folder / "pgbouncer.ini"):
            os.chown(path, user.pw_uid, user.pw_gid)
    command = [PGBOUNCER, folder / "pgbouncer.ini"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **run_as}
    process = cast("subprocess.Popen[bytes]", subprocess.Popen(command, **quiet))
    address = f"postgresql://{server.username}@127.0.0.1:{port}{server.path}"
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                psycopg.connect(address).close()
                break
            except psycopg.OperationalError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)
