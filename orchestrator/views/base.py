"""What every read works with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, TypeVar

from orchestrator.choices import Choices
from orchestrator.db.session import Database
from orchestrator.rights import Asker
from orchestrator.schema.user import User
from orchestrator.schema.value import Value
from orchestrator.schema.view import DoctorItem
from orchestrator.storage.base import AssetStore
from orchestrator.views.shared import SharedReads

Answer = TypeVar("Answer")
# So old may be what a page that ticks every second shows of what other processes did.
SHARED_SECONDS = 0.5


class AssetFile(Value):
    """A stored file as it can be sent: ``path`` on this machine, never shown to anyone."""

    path: Path
    mime: str
    filename: str
    sha256: str


class Reads(Asker):
    """Each read opens one short transaction."""

    def __init__(
        self,
        *,
        database: Database,
        store: AssetStore,
        choices: Choices,
        titles: Mapping[str, str],
        endpoints: Mapping[str, str],
        examine: Callable[[], tuple[DoctorItem, ...]],
        is_attended: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(database=database, choices=choices, user=None)
        self._store = store
        self._titles = titles
        self._endpoints = endpoints
        self._examine = examine
        self._is_attended = is_attended
        self._shared = SharedReads(database, seconds=SHARED_SECONDS)

    def for_user(self, user: User) -> Self:
        """The same reads as ``user`` has them: what is not theirs to see is not there. Raises ``NotConfigured`` on
        SQLite."""
        reads = copy.copy(self)
        reads._database = self._database.as_user(user.claims)
        reads._shared = SharedReads(reads._database, seconds=SHARED_SECONDS)
        reads._user = user
        return reads

    def lately(self, read: Callable[[str], Answer], row_id: str) -> Answer:
        """What ``read``, one of these, answers for ``row_id``: as it is now, or, where other processes are at work on
        it, as it was half a second ago. Many who look at the same thing share one read."""
        return self._shared.get((read, row_id), lambda: read(row_id))
