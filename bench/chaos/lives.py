"""The processes that do the work: each life is one of them, from its start to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 30.0


@dataclass
class Life:
    """``key`` is its API key, by which the provider's journal tells it from the others. ``has_due`` is whether there
    was something to do at once when it started. ``worked_after_seconds``: from its start to its first request to the
    provider, its first child process (listening, encoding) or its first log line about a step, whichever came first;
    ``worked_after_cpu_seconds`` is what it had computed until then."""

    number: int
    role: str
    process: subprocess.Popen[bytes]
    started_at: float
    log: Path
    clock_file: Path | None
    has_due: bool
    load: float  # of the machine when it started
    up_at: float | None = None
    worked_after_seconds: float | None = None
    worked_after_cpu_seconds: float = 0.0

    @property
    def key(self) -> str:
        return key_of(self.number)

    def look(self) -> None:
        """Note whether it is up, and whether it is at work."""
        said = self.log.read_bytes()
        if said and self.up_at is None:
            self.up_at = time.time()
        if b"step=" in said or self._has_child():
            self.note_work(at=time.time())

    def note_work(self, *, at: float) -> None:
        if self.worked_after_seconds is None:
            self.worked_after_seconds = at - self.started_at
            with contextlib.suppress(psutil.NoSuchProcess):
                spent = psutil.Process(self.process.pid).cpu_times()
                self.worked_after_cpu_seconds = spent.user + spent.system

    def _has_child(self) -> bool:
        try:
            return bool(psutil.Process(self.process.pid).children())
        except psutil.NoSuchProcess:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> bool:
        """Ask it to stop. False when it had to be killed."""
        self.process.terminate()
        try:
            self.process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def set_clock(self, jump_seconds: int) -> None:
        assert self.clock_file is not None
        with self.clock_file.open("r+b") as file:
            file.write(_as_bytes(jump_seconds))


def key_of(number: int) -> str:
    return f"life-{number}"


def begin(
    number: int, *, role: str, environment: dict[str, str], folder: Path, clock: Path | None, has_due: bool
) -> Life:
    """Start a ``worker`` or the served ``app``; with the library ``clock`` its clock can be set wrong later."""
    log = folder / f"life-{number}.log"
    command = [sys.executable, "-m", "orchestrator", "worker"]
    if role == "app":
        port = ["--server.port", str(_free_port())]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", *port]
    environment = environment | {"SORA_API_KEY": key_of(number)}
    clock_file = None
    if clock is not None:
        clock_file = folder / f"life-{number}.clock"
        clock_file.write_bytes(_as_bytes(0))
        environment |= {"LD_PRELOAD": str(clock), "CHAOS_CLOCK": str(clock_file)}
    with log.open("wb") as output:
        started_at = time.time()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    return Life(
        number=number,
        role=role,
        process=process,
        started_at=started_at,
        log=log,
        clock_file=clock_file,
        has_due=has_due,
        load=os.getloadavg()[0],
    )


def build_clock(folder: Path) -> Path | None:
    """The library of ``clock.c``; None where nothing can build or load it."""
    library = folder / "clock.so"
    command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(Path(__file__).with_name("clock.c")), "-ldl"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return library if sys.platform == "linux" else None


def _as_bytes(seconds: int) -> bytes:
    return seconds.to_bytes(8, sys.byteorder, signed=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
