"""What the sample film asks of the database."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

# Any number of ours: one process at a time makes the sample film's project.
_SAMPLE_LOCK = 7305


def hold_sample_lock(session: Session) -> None:
    """Let nobody else make the sample film's project until this transaction ends. On SQLite nobody else writes."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_SAMPLE_LOCK)))
