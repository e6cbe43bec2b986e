"""The studio as a child process: draws one clip, tells how far it is, and can be stopped from any thread."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from providers.mock.order import StudioOrder, StudioResult

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parents[2]


class StudioProcess:
    """One drawing. A thread watches it, not the event loop: a child of asyncio that is cancelled while it starts is
    waited for without end (CPython 3.11), and leaves its pipes open."""

    def __init__(
        self, order: StudioOrder, clip: Path, *, on_progress: Callable[[float], None], picture: Path | None = None
    ) -> None:
        self._order = order
        self._arguments = [str(path) for path in (clip, picture) if path]
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._is_stopped = False

    def run(self) -> StudioResult:
        """Draw, and block until it is done; that the drawing failed is a result too.

        Raises:
            OSError: The child process cannot be started.
        """
        with tempfile.TemporaryFile("w+", errors="replace") as complaints:
            with self._lock:
                if self._is_stopped:
                    return _failure("it was stopped")
                self._child = subprocess.Popen(
                    [sys.executable, "-m", "providers.mock.studio", *self._arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    text=True,
                    cwd=_ROOT,
                )
            with self._child as child:
                result = self._listen(child)
            complaints.seek(0)
            complaint = complaints.read().strip()
        if result is None:
            if not self._is_stopped:
                _log.error("mock studio ended with %s: %s", child.returncode, complaint)
            return _failure(complaint.splitlines()[-1] if complaint else f"exit code {child.returncode}")
        return result

    def stop(self) -> None:
        """End the drawing, or keep it from beginning. May be called at any time, from any thread, more than once."""
        with self._lock:
            self._is_stopped = True
            if self._child is not None:
                self._child.kill()  # nothing happens to one that has ended

    def _listen(self, child: subprocess.Popen[str]) -> StudioResult | None:
        assert child.stdin and child.stdout
        try:
            with child.stdin as order:
                order.write(self._order.model_dump_json())
        except BrokenPipeError:
            return None  # it ended before it read; its exit code and its complaint say why
        result: StudioResult | None = None
        for line in child.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "progress":
                self._on_progress(float(rest))
            elif word in ("done", "failed"):
                result = StudioResult.model_validate_json(rest)
        return result


def _failure(reason: str) -> StudioResult:
    return StudioResult(error_code="mock_studio", error_message=f"The clip could not be drawn: {reason}")
