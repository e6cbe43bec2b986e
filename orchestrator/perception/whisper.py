"""Listening with Whisper on this machine's CPU, in one warm child process."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import PerceptionFailed, StorageFull
from orchestrator.perception.base import Heard
from orchestrator.perception.child import ChildProcess
from orchestrator.perception.weights import explain_missing, find_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHILD_MODULE = "orchestrator.perception.whisper_child"
_MAX_TAKES_AT_ONCE = 4  # more gain little and make the first of them wait


@dataclass(frozen=True)
class _Waiting:
    """A take that is to be heard, and where the answer goes."""

    sound: bytes
    language: str
    expected: str
    answer: Future[Heard] = field(default_factory=Future)

    @property
    def head(self) -> dict[str, object]:
        return {"bytes": len(self.sound), "language": self.language, "expected": self.expected}


class WhisperListener:
    """The ``Listener`` of this machine.

    ``model`` is a Whisper name or a local folder (see ``find_weights``). The child starts and loads the model with the
    first take (about 1.5 s, 350 MB) and stays. Takes that wait while others are heard are heard together, up to four at
    once. May be used from several event loops. ``timeout_seconds`` bounds one take, model load included.
    """

    def __init__(self, *, model: str, cache_dir: Path, cpu_threads: int = 1, timeout_seconds: float = 180.0) -> None:
        self._model = model
        self._timeout_seconds = timeout_seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whisper")  # the only user of the child
        self._child = ChildProcess(
            _CHILD_MODULE,
            *("--model", str(find_folder(model) or model)),
            *("--cache-dir", str(cache_dir.resolve()), "--cpu-threads", str(cpu_threads)),
            name="Whisper",
        )
        self._waiting: deque[_Waiting] = deque()

    @property
    def missing(self) -> str:
        return explain_missing(self._model)

    @property
    def child_pid(self) -> int | None:
        """Process id of the warm child, None before the first take."""
        return self._child.pid

    async def transcribe(self, samples: NDArray[np.float32], *, language: str, expected: str = "") -> Heard:
        """See ``Listener.transcribe``. Raises ``PerceptionFailed``."""
        if self.missing:
            raise PerceptionFailed(self.missing)
        take = _Waiting(samples.astype("<f4", copy=False).tobytes(), language, expected)
        self._waiting.append(take)
        self._thread.submit(self._hear_waiting)
        return await asyncio.wrap_future(take.answer)

    def close(self) -> None:
        """End the child and wait for it. A take being heard is finished first."""
        self._thread.submit(self._child.stop).result()
        self._thread.shutdown()

    def _hear_waiting(self) -> None:
        """Hear what waits by now: nothing if an earlier call took it along. Only in the listener's thread."""
        takes: list[_Waiting] = []
        while self._waiting and len(takes) < _MAX_TAKES_AT_ONCE:
            take = self._waiting.popleft()
            if take.answer.set_running_or_notify_cancel():
                takes.append(take)
        if not takes:
            return
        try:
            answers = self._ask(takes)
        except Exception as failure:  # whatever it was, nobody may be left waiting
            answers = [failure] * len(takes)
        for take, answer in zip(takes, answers, strict=True):
            if isinstance(answer, Exception):
                take.answer.set_exception(answer)
            else:
                take.answer.set_result(answer)

    def _ask(self, takes: Sequence[_Waiting]) -> list[Heard | Exception]:
        """An answer for each take. A child that dies of one of several is asked again for each alone."""
        was_warm = self._child.pid is not None
        try:
            return self._exchange(takes)
        except PerceptionFailed as failure:
            if len(takes) > 1:
                return [answer for take in takes for answer in self._ask([take])]
            if not was_warm:
                return [failure]
        try:
            return self._exchange(takes)  # it may have been killed for its memory since the last take
        except PerceptionFailed as failure:
            return [failure]

    def _exchange(self, takes: Sequence[_Waiting]) -> list[Heard | Exception]:
        head = json.dumps([take.head for take in takes]).encode() + b"\n"
        message = (head, *(take.sound for take in takes))
        answers = self._child.exchange(message, timeout_seconds=self._timeout_seconds * len(takes))
        return [_read(answer) for answer in answers]


def _read(answer: dict[str, object]) -> Heard | Exception:
    if answer.get("is_disk_full"):
        return StorageFull()
    if error := answer.get("error"):
        return PerceptionFailed(f"Whisper could not listen: {error}")
    return Heard.model_validate(answer)
