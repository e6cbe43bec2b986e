"""Listening with Whisper on this machine's CPU, in one warm child process.

The child is a plain ``python -m`` process that talks over its pipes and not a multiprocessing worker: a spawned worker
imports ``__main__`` again, which under Streamlit is whatever page is being run at that moment. When this process dies,
even by ``kill -9``, the child reads end-of-file and goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import PerceptionFailed, StorageFull
from orchestrator.perception.base import Heard
from orchestrator.perception.weights import explain_missing, find_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHILD_MODULE = "orchestrator.perception.whisper_child"
_SOURCE_ROOT = Path(__file__).resolve().parents[2]
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
        self._command = [
            *(sys.executable, "-m", _CHILD_MODULE),
            *("--model", str(find_folder(model) or model)),
            *("--cache-dir", str(cache_dir.resolve()), "--cpu-threads", str(cpu_threads)),
        ]
        self._timeout_seconds = timeout_seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whisper")  # the only user of the child
        self._child: subprocess.Popen[bytes] | None = None
        self._waiting: deque[_Waiting] = deque()

    @property
    def missing(self) -> str:
        return explain_missing(self._model)

    @property
    def child_pid(self) -> int | None:
        """Process id of the warm child, None before the first take."""
        return self._child.pid if self._child else None

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
        self._thread.submit(self._stop).result()
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
        was_warm = self._child is not None
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
        message = json.dumps([take.head for take in takes]).encode() + b"\n"
        child = self._child = self._child or self._start()
        assert child.stdin is not None and child.stdout is not None
        alarm = threading.Timer(self._timeout_seconds * len(takes), child.kill)
        alarm.start()
        try:
            child.stdin.write(message)
            for take in takes:
                child.stdin.write(take.sound)
            child.stdin.flush()
            line = child.stdout.readline()
        except OSError:  # the pipe broke
            line = b""
        finally:
            alarm.cancel()
        if not line.endswith(b"\n"):
            self._stop()
            raise PerceptionFailed(f"Whisper stopped without an answer (exit code {child.returncode})")
        return [_read(answer) for answer in json.loads(line)]

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            cwd=_SOURCE_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # unsent bytes for a dead child
                    pipe.close()


def _read(answer: dict[str, object]) -> Heard | Exception:
    if answer.get("is_disk_full"):
        return StorageFull()
    if error := answer.get("error"):
        return PerceptionFailed(f"Whisper could not listen: {error}")
    return Heard.model_validate(answer)
