"""What a take cost, kept in its row by whoever writes in the ledger, for lists that are sorted by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from orchestrator.db.models import PerceptionCallRow, ProviderCallRow, RunRow


@contextmanager
def keeping_cost(session: Session, kind: type[ProviderCallRow | PerceptionCallRow], key: str) -> Iterator[None]:
    """For changes of the request or look of that key: its take costs what it says afterwards. The take is locked
    before its call, as everywhere."""
    of_call = select(RunRow.id).join(kind, kind.clip_run_id == RunRow.id).where(kind.key == key)
    run_id = session.scalar(of_call.with_for_update(of=RunRow))
    yield
    if run_id is not None:
        keep_cost(session, run_id)


def keep_cost(session: Session, run_id: str) -> None:
    """The take costs what the ledger says now: its requests but those refused, and the looks at it."""
    session.flush()
    takes = select(func.coalesce(func.sum(ProviderCallRow.cost_usd), 0.0))
    takes = takes.where(ProviderCallRow.clip_run_id == RunRow.id, ProviderCallRow.state != "refused")
    looks = select(func.coalesce(func.sum(PerceptionCallRow.cost_usd), 0.0))
    looks = looks.where(PerceptionCallRow.clip_run_id == RunRow.id)
    cost = takes.correlate(RunRow).scalar_subquery() + looks.correlate(RunRow).scalar_subquery()
    # Nothing of the take itself changed.
    kept = update(RunRow).where(RunRow.id == run_id).values(cost_usd=cost, updated_at=RunRow.updated_at)
    session.execute(kept.execution_options(synchronize_session=False))
