"""A child process that perceives: started with the first question, kept warm, gone with its parent.

It is a plain ``python -m`` process that talks over its pipes and not a multiprocessing worker: a spawned worker imports
``__main__`` again, which under Streamlit is whatever page is being run at that moment. When this process dies, even by
``kill -9``, the child reads end-of-file and goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from orchestrator.errors import PerceptionFailed

_SOURCE_ROOT = Path(__file__).resolve().parents[2]


class ChildProcess:
    """One process running ``module``, started when it is first asked and again after it died. Used from one thread.

    ``name`` is what messages call it.
    """

    def __init__(self, module: str, *arguments: str, name: str) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._name = name
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id, None while there is none. May be read from any thread."""
        child = self._child
        return child.pid if child else None

    def exchange(self, message: Sequence[bytes], *, timeout_seconds: float) -> Any:
        """Write ``message``; the line of JSON that answers it. Raises ``PerceptionFailed`` when none comes in time."""
        child = self._child = self._child or self._start()
        assert child.stdin is not None and child.stdout is not None
        alarm = threading.Timer(timeout_seconds, child.kill)
        alarm.start()
        try:
            for part in message:
                child.stdin.write(part)
            child.stdin.flush()
            line = child.stdout.readline()
        except OSError:  # the pipe broke
            line = b""
        finally:
            alarm.cancel()
        if not line.endswith(b"\n"):
            self.stop()
            raise PerceptionFailed(f"{self._name} stopped without an answer (exit code {child.returncode})")
        return json.loads(line)

    def stop(self) -> None:
        """End the process, if there is one, and wait for it."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # unsent bytes for a dead child
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            cwd=_SOURCE_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


class WarmChild:
    """One child running ``module``, asked one question after the other, from any event loop.

    ``name`` is what messages call it. ``timeout_seconds`` bounds one question, start and loading included.
    """

    def __init__(self, module: str, *arguments: str, name: str, timeout_seconds: float) -> None:
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=module.rsplit(".", 1)[-1])
        self._child = ChildProcess(module, *arguments, name=name)  # used by that thread alone

    @property
    def pid(self) -> int | None:
        """Process id, None before the first question."""
        return self._child.pid

    async def ask(self, question: dict[str, Any], blobs: Sequence[bytes] = ()) -> dict[str, Any]:
        """Send ``question`` as a line of JSON with the sizes of ``blobs`` added, then these; the child's answer.

        Raises ``PerceptionFailed`` when it answers with an error, or twice not at all.
        """
        head = json.dumps({**question, "sizes": [len(blob) for blob in blobs]}).encode() + b"\n"
        return await asyncio.wrap_future(self._thread.submit(self._ask, (head, *blobs)))

    def close(self) -> None:
        """End the child and wait for it. A question under way is answered first."""
        self._thread.submit(self._child.stop).result()
        self._thread.shutdown()

    def _ask(self, message: Sequence[bytes]) -> dict[str, Any]:
        was_warm = self._child.pid is not None
        try:
            answer = self._child.exchange(message, timeout_seconds=self._timeout_seconds)
        except PerceptionFailed:
            if not was_warm:
                raise
            # it may have been killed for its memory since the last question
            answer = self._child.exchange(message, timeout_seconds=self._timeout_seconds)
        if error := answer.get("error"):
            raise PerceptionFailed(f"{self._name} failed: {error}")
        return answer
