"""What was changed in a project, and what of it can be taken back."""

from __future__ import annotations

from datetime import datetime

from orchestrator.schema.member import Role
from orchestrator.schema.value import Value


class EditEntry(Value):
    """One change: what was done, by whom and when (UTC). ``kind`` is ``plan``, ``draft`` or ``settings``. ``undone_by``
    and ``undone_at`` are of one that ``is_undone``."""

    id: str
    kind: str
    label: str
    by: str
    at: datetime
    is_undone: bool = False
    undone_by: str = ""
    undone_at: datetime | None = None


class EditHistory(Value):
    """``undo_label`` and ``redo_label`` say what would be undone or done again next, empty when there is nothing;
    ``undo_id`` and ``redo_id`` name those entries, ``undo_role`` and ``redo_role`` the least that may do it.
    ``entries`` are the newest first."""

    undo_label: str = ""
    redo_label: str = ""
    undo_id: str = ""
    redo_id: str = ""
    undo_role: Role = Role.REVIEWER
    redo_role: Role = Role.REVIEWER
    entries: tuple[EditEntry, ...] = ()
