"""The provider under test conditions: a process of its own that outlives the app, with faults drawn from a seed."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.videos_server import read_journal

ROOT = Path(__file__).resolve().parents[2]
# A finished clip is fetched within this time or never; longer than any one strike keeps the app from it.
ASSET_SECONDS = 300.0
_MANNERS = {
    "marked": 1,
    "delay": 3.0,
    "latency": 0.8,
    "list_lag": 2.0,
    "retry_after": "1",
    "stuck_every": 7,
    "stuck_seconds": 10.0,
    "link_seconds": 5.0,
    "asset_seconds": ASSET_SECONDS,
}
_FAULT_EVERY_SECONDS = (8, 20)
# Weight and behaviour; a number of seconds stands for "until then".
_FAULTS: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("connection dropped after accept", 4, {"drop_after_accept": 1}),
    ("500 after accept", 2, {"error_after_accept": 1}),
    ("500 before accept", 2, {"server_error": 1}),
    ("429 storm", 3, {"storm_until": 3.0}),
    ("500 for everything", 2, {"outage_until": 1.0}),
    ("503 before accept", 1, {"overloaded": 1}),
)


class Provider:
    """``state`` is the folder of its journals. ``faults`` counts what was ordered, by name."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._process: subprocess.Popen[str] | None = None
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None
        self.base_url = ""
        self.faults: dict[str, int] = {}

    def start(self) -> None:
        flags = [part for name, value in _MANNERS.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        command = [sys.executable, "-m", "tests.fakes.videos_server", "--state", str(self._state), *flags]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().split()[-1]

    def misbehave(self, seed: int) -> None:
        """From now on, every few seconds, one of the faults."""
        self._thread = threading.Thread(target=self._misbehave, args=(random.Random(seed),), daemon=True)
        self._thread.start()

    def behave(self) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()
        self._set(**{name: 0 for _, _, does in _FAULTS for name in does})

    def stop(self) -> None:
        self._is_over.set()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def charges(self) -> list[dict[str, Any]]:
        """Every accepted create, oldest first: ``number``, ``key`` (names the attempt), ``prompt``, ``at``."""
        return read_journal(self._state / "charges.jsonl")

    def requests(self) -> list[dict[str, Any]]:
        """Every request, oldest first: ``key`` (the API key, one for each process), ``method``, ``path``, ``at``."""
        return read_journal(self._state / "requests.jsonl")

    @property
    def requests_path(self) -> Path:
        return self._state / "requests.jsonl"

    def _misbehave(self, dice: random.Random) -> None:
        while not self._is_over.wait(dice.uniform(*_FAULT_EVERY_SECONDS)):
            name, _, does = dice.choices(_FAULTS, [weight for _, weight, _ in _FAULTS])[0]
            self.faults[name] = self.faults.get(name, 0) + 1
            self._set(**{k: time.time() + v if k.endswith("_until") else v for k, v in does.items()})

    def _set(self, **behaviour: Any) -> None:
        httpx.post(self.base_url.removesuffix("/v1") + "/_behaviour", json=behaviour, timeout=30).raise_for_status()
