"""One answer for many viewers of the same thing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from orchestrator.db.session import Database

Answer = TypeVar("Answer")


@dataclass
class _Kept:
    """``state`` is that of the database before ``answer`` was read, ``until`` how long it holds on the steady clock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    state: object = None
    until: float = 0.0
    answer: Any = None


class SharedReads:
    """Answers that are given again for up to ``seconds``, unless this process has written anything since: whoever sends
    a command sees what came of it. Of those who ask at the same time one reads and the others wait for it."""

    def __init__(self, database: Database, *, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._database, self._seconds, self._now = database, seconds, now
        self._kept: dict[Hashable, _Kept] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, read: Callable[[], Answer]) -> Answer:
        """What ``read`` answers. Raises what it raises, and keeps nothing of that."""
        with self._lock:
            for old in [k for k, kept in self._kept.items() if kept.until < self._now() and not kept.lock.locked()]:
                del self._kept[old]
            kept = self._kept.setdefault(key, _Kept())
        with kept.lock:
            if kept.state is not self._database.state or kept.until < self._now():
                state = self._database.state  # before the read: a write beside it makes the answer too old
                kept.answer = read()
                kept.state, kept.until = state, self._now() + self._seconds
            return kept.answer
