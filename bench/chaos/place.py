"""Where a run takes place: folders, a disk that can be filled, a database that can be stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import NullPool, create_engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bench.chaos.films import CLIP_SECONDS, HEIGHT, WIDTH
from bench.chaos.lives import build_clock
from bench.chaos.strikes import Kind
from orchestrator.db.models import PlanRow, ProviderCallRow, RunRow
from orchestrator.schema.status import ClipStatus, PlanStatus, RunStatus
from orchestrator.settings import Settings
from tests.fakes.postgres import PostgresServer, create_database

_DISK_MB = 400


class Place:
    """``kind`` is ``sqlite`` or ``postgres``. Use as a context manager; with ``is_kept`` its folder stays."""

    def __init__(self, kind: str, *, is_kept: bool = False) -> None:
        self.kind = kind
        self.folder = Path(tempfile.mkdtemp(prefix=f"chaos-{kind}-"))
        self._is_kept = is_kept
        self._disk = self.folder / "disk"
        self._server: PostgresServer | None = None
        self._url = ""
        self._is_mounted = False
        self.clock: Path | None = None
        self.not_possible: dict[Kind, str] = {}

    def __enter__(self) -> Place:
        for name in ("disk", "films", "lives", "provider"):
            (self.folder / name).mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "tmpfs", str(self._disk)],
            capture_output=True,
            check=False,
        )
        self._is_mounted = mounted.returncode == 0
        if not self._is_mounted:
            self.not_possible[Kind.DISK] = "not possible here: a small disk cannot be mounted"
        self.clock = build_clock(self.folder)
        if self.clock is None:
            self.not_possible[Kind.CLOCK] = "not run: no C compiler on Linux, which it needs"
        if self.kind == "postgres":
            self._server = PostgresServer()
            self._server.start()
            self._url = create_database(self._server.url, "chaos")
        else:
            self.not_possible |= dict.fromkeys((Kind.DATABASE, Kind.CUT), "not for SQLite")
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        if self._is_kept and self._is_mounted:
            shutil.copytree(self._disk, self.folder / "disk-as-it-was")
        if self._is_mounted:
            subprocess.run(["umount", "--lazy", str(self._disk)], check=False)
        if not self._is_kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, base_url: str, *, slot: int | None) -> dict[str, str]:
        """Of the executor in ``slot``, or of a client."""
        data_dir = self._disk / "data"
        common = {
            # A developer's own settings are none of ours; what stands here also goes before a .env file.
            **{name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields},
            "DATABASE_URL": self._url or f"sqlite:///{data_dir / 'orchestrator.sqlite3'}",
            "SORA_BASE_URL": base_url,
            "SORA_API_KEY": "client",
            "SORA_DURATIONS": str(CLIP_SECONDS),
            "SORA_SIZES": f"{WIDTH}x{HEIGHT}",
            "DEFAULT_CLIP_DURATION": str(CLIP_SECONDS),
            "VIDEO_PROVIDER": "sora",
            "LOG_LEVEL": "info",
            "ROLE": "ui" if slot is None else "all" if self.kind == "sqlite" else "worker",
            "DATA_DIR": str(data_dir),
        }
        if self.kind == "postgres":
            name = "client" if slot is None else f"worker-{slot}"
            common |= {"DATA_DIR": str(self.folder / name), "ASSETS_DIR": str(self._disk / "assets")}
        return common

    @contextlib.contextmanager
    def full_disk(self) -> Iterator[None]:
        filler = self._disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            piece = bytes(1 << 20)
            while True:
                file.write(piece)
        try:
            yield
        finally:
            filler.unlink()

    @contextlib.contextmanager
    def stopped_database(self, *, is_crash: bool) -> Iterator[None]:
        assert self._server is not None
        self._server.stop(is_crash=is_crash)
        try:
            yield
        finally:
            self._server.start()

    def has_due(self) -> bool:
        """Whether a process that starts now has something to do that can be seen: a generation to look after, a take to
        listen to, a film to put together. What waits for a time or a free place does not count."""
        try:
            return any(_is_due(plan) for plan in self._running_plans())
        except SQLAlchemyError:
            return False

    def calls(self) -> list[ProviderCallRow]:
        with self._session() as session:
            return list(session.scalars(select(ProviderCallRow)))

    def errors(self) -> list[str]:
        """What was noted with takes that came to nothing."""
        with self._session() as session:
            return [f"{r.error_code}: {r.error_message}" for r in session.scalars(select(RunRow)) if r.error_code]

    def _running_plans(self) -> list[PlanRow]:
        with self._session() as session:
            plans = session.scalars(select(PlanRow).where(PlanRow.status == PlanStatus.RUNNING)).all()
            for plan in plans:
                _ = [clip.runs for clip in plan.clips]  # read while the session is open
            return list(plans)

    def _session(self) -> Session:
        """To read only, past the app's own ways; nothing stays open."""
        file = self._disk / "data" / "orchestrator.sqlite3"
        url = self._url.replace("postgresql:", "postgresql+psycopg:") or f"sqlite:///file:{file}?mode=ro&uri=true"
        return Session(create_engine(url, poolclass=NullPool))


def _is_due(plan: PlanRow) -> bool:
    if all(clip.status == ClipStatus.PASSED for clip in plan.clips):
        return True
    newest = [clip.runs[-1] for clip in plan.clips if clip.runs and not ClipStatus(clip.status).is_settled]
    return any(run.status in (RunStatus.GENERATING, RunStatus.GENERATED) for run in newest)
