"""Tables of the processes that are at work now; nothing in them outlives those."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.db.columns import Base, Json


class ExecutorRow(Base):
    """A process that executes flows on Postgres; ``created_at`` is when it first said so, ``seen_at`` when it did last.
    ``ended_at`` is set when it stops, or by another one when it has fallen silent: what it had in hand until then is up
    for others. All by the server's clock."""

    __tablename__ = "executors"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    role: Mapped[str] = mapped_column(String(20))
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class WaitRow(Base):
    """Who waits in one process for a place at one provider, so that other processes leave them theirs; ``id`` is the
    ``site`` and the process. ``waiters`` are plan and seconds waited, for each. Counts for a few seconds after
    ``seen_at``, by the server's clock."""

    __tablename__ = "provider_waits"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    site: Mapped[str]
    waiters: Mapped[list[Any]] = mapped_column(Json)
    seen_at: Mapped[datetime]


class TurnRow(Base):
    """The turns of one provider, shared by all processes; ``id`` is its name and endpoint. ``due_at``: when the newest
    turn that was taken is due. ``held_until``: nobody creates before. By the server's clock."""

    __tablename__ = "provider_turns"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    due_at: Mapped[datetime]
    held_until: Mapped[datetime | None]
