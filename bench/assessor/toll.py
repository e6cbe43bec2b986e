"""What work costs: wall and CPU seconds and memory of this process and all its children, the warm and the ended."""

from __future__ import annotations

import resource
import threading
import time
from dataclasses import dataclass
from types import TracebackType

import psutil

_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Toll:
    """``peak_mb`` is the most memory that all processes held together; the two after it are its parts at that moment:
    this process, and its children. MB are 10^6 bytes, resident; shared pages count in each process."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    own_mb: float
    children_mb: float


class TollKeeper(threading.Thread):
    """Measures between ``start`` and ``stop``."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process()
        self._end = threading.Event()
        self._peak = (0.0, 0.0)

    def __enter__(self) -> TollKeeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()

    def start(self) -> None:
        self._wall, self._cpu = time.perf_counter(), self._cpu_seconds()
        super().start()

    def stop(self) -> Toll:
        wall, cpu = time.perf_counter() - self._wall, self._cpu_seconds() - self._cpu
        self._end.set()
        self.join()
        own, children = self._peak
        return Toll(wall_seconds=wall, cpu_seconds=cpu, peak_mb=own + children, own_mb=own, children_mb=children)

    def run(self) -> None:
        while not self._end.wait(_EVERY_SECONDS):
            own, children = self._process.memory_info().rss / 1e6, 0.0
            for child in self._process.children(recursive=True):
                try:
                    children += child.memory_info().rss / 1e6
                except psutil.Error:
                    continue  # it has ended
            if own + children > sum(self._peak):
                self._peak = own, children

    def _cpu_seconds(self) -> float:
        seconds = 0.0
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):  # the latter: of children that have ended
            used = resource.getrusage(who)
            seconds += used.ru_utime + used.ru_stime
        for child in self._process.children(recursive=True):
            try:
                used = child.cpu_times()
            except psutil.Error:
                continue
            seconds += used.user + used.system
        return seconds
