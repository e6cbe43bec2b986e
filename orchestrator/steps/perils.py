"""Work that can take the whole process with it: a file that makes a decoder eat all memory, a crash in a library.

Nothing can be caught then, so it is counted before. What ended the process several times in a row is left alone, with
the reason in words; what was in hand at its side is not blamed, because a suspect works alone from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress

from orchestrator.db.models import RenderRow, RunRow
from orchestrator.db.records import fetch
from orchestrator.db.session import Database
from orchestrator.errors import EndsTheApp, OrchestratorError

MAX_CRASHES = 5


class Perils:
    """Counts on the row how often in a row the process ended in the midst of its work."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[tuple[type[RunRow] | type[RenderRow], str], int] = {}
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def watch(self, kind: type[RunRow] | type[RenderRow], row_id: str, *, doing: str) -> AsyncIterator[None]:
        """Dangerous work on the row, to be ``doing`` in words. Raises ``EndsTheApp`` when it ended the process
        ``MAX_CRASHES`` times in a row, and forgets that then: whoever asks for it again means it."""
        with self._database.read() as session:
            is_suspect = fetch(session, kind, row_id).crashes > 0
        async with self._alone if is_suspect else nullcontext():
            with self._database.write() as session:
                row = fetch(session, kind, row_id, lock=True)
                before = row.crashes
                row.crashes = before + 1 if before < MAX_CRASHES else 0
            if before >= MAX_CRASHES:
                raise EndsTheApp(f"The app ended {before} times while {doing}, so that was given up.")
            self._open[kind, row_id] = before
            try:
                yield
            except asyncio.CancelledError:
                raise  # stopped: that says nothing about the work
            except Exception:
                self._open[kind, row_id] = 0
                raise
            else:
                self._open[kind, row_id] = 0
            finally:
                # What goes wrong here must not stand in for the end of the work, least of all for its cancellation.
                with suppress(OrchestratorError):
                    self._close(kind, row_id)

    def close(self) -> None:
        """The process stops in good order: what it has in hand is not to blame."""
        for kind, row_id in list(self._open):
            with suppress(OrchestratorError):
                self._close(kind, row_id)

    def _close(self, kind: type[RunRow] | type[RenderRow], row_id: str) -> None:
        crashes = self._open.pop((kind, row_id), None)
        if crashes is not None:
            with self._database.write() as session:
                fetch(session, kind, row_id).crashes = crashes
