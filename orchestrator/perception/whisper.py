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
from concurrent.futures import ThreadPoolExecutor
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


class WhisperListener:
    """The ``Listener`` of this machine.

    ``model`` is a Whisper name or a local folder (see ``find_weights``). The child starts and loads the model with the
    first take (about 1.5 s, 350 MB) and stays; takes are heard one after the other. May be used from several event
    loops. ``timeout_seconds`` bounds one take, model load included.
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
        sound = samples.astype("<f4", copy=False).tobytes()
        return await asyncio.wrap_future(self._thread.submit(self._ask, sound, language, expected))

    def close(self) -> None:
        """End the child and wait for it. A take being heard is finished first."""
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def _ask(self, sound: bytes, language: str, expected: str) -> Heard:
        question = json.dumps({"bytes": len(sound), "language": language, "expected": expected}).encode() + b"\n"
        was_warm = self._child is not None
        try:
            answer = self._exchange(question + sound)
        except PerceptionFailed:
            if not was_warm:
                raise
            answer = self._exchange(question + sound)  # it may have been killed for its memory since the last take
        if answer.get("is_disk_full"):
            raise StorageFull
        if error := answer.get("error"):
            raise PerceptionFailed(f"Whisper could not listen: {error}")
        return Heard.model_validate(answer)

    def _exchange(self, message: bytes) -> dict[str, object]:
        child = self._child = self._child or self._start()
        assert child.stdin is not None and child.stdout is not None
        alarm = threading.Timer(self._timeout_seconds, child.kill)
        alarm.start()
        try:
            child.stdin.write(message)
            child.stdin.flush()
            line = child.stdout.readline()
        except OSError:  # the pipe broke
            line = b""
        finally:
            alarm.cancel()
        if not line.endswith(b"\n"):
            self._stop()
            raise PerceptionFailed(f"Whisper stopped without an answer (exit code {child.returncode})")
        return json.loads(line)

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
