"""How many there are of everything, in a fixed number of statements over all projects."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, extract, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from orchestrator.db.models import (
    AssessmentRow,
    AssetRow,
    ClipRow,
    ExecutorRow,
    PerceptionCallRow,
    PlanRow,
    ProviderCallRow,
    RenderRow,
    RunRow,
)
from orchestrator.db.queries import IS_THERE, VISION
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus, RunStatus
from orchestrator.schema.view import PhaseName

# Each tells that it lives every two seconds, and is given up after eight.
_SILENT = timedelta(seconds=10)


def plans(session: Session) -> list[tuple[str, int]]:
    """(state, plans)."""
    return _by_status(session, PlanRow.status, PlanStatus)


def clips(session: Session) -> list[tuple[str, int]]:
    """(state, clips)."""
    return _by_status(session, ClipRow.status, ClipStatus)


def takes(session: Session) -> list[tuple[str, str, int]]:
    """(provider, newest verdict or ``none``, takes)."""
    of_take = select(AssessmentRow.verdict).where(AssessmentRow.clip_run_id == RunRow.id)
    newest = of_take.order_by(AssessmentRow.created_at.desc()).limit(1).scalar_subquery()
    each = select(RunRow.provider, func.coalesce(newest, "none").label("verdict")).subquery()
    query = select(each.c.provider, each.c.verdict, func.count()).group_by(each.c.provider, each.c.verdict)
    return [(provider, verdict, count) for provider, verdict, count in session.execute(query)]


def creates(session: Session) -> list[tuple[str, str, str, int]]:
    """(provider, state, error code, requests) of the ledger."""
    columns = (ProviderCallRow.provider, ProviderCallRow.state, ProviderCallRow.error_code)
    rows = session.execute(select(*columns, func.count()).group_by(*columns))
    return [(provider, state, code, count) for provider, state, code, count in rows]


def costs_usd(session: Session) -> list[tuple[str, str, float]]:
    """(provider, ``final`` or ``estimated``, US dollars); of looks at takes too."""
    kind = case((ProviderCallRow.finished_at.is_(None), "estimated"), else_="final").label("kind")
    each = select(ProviderCallRow.provider, kind, ProviderCallRow.cost_usd).where(ProviderCallRow.state != "refused")
    rows = each.subquery()
    query = select(rows.c.provider, rows.c.kind, func.sum(rows.c.cost_usd)).group_by(rows.c.provider, rows.c.kind)
    looked = select(func.sum(PerceptionCallRow.cost_usd))
    looks = [
        (VISION, kind, session.scalar(looked.where(found)))
        for kind, found in (
            ("final", PerceptionCallRow.state != "intent"),
            ("estimated", PerceptionCallRow.state == "intent"),
        )
    ]
    rows = [*session.execute(query), *(look for look in looks if look[2] is not None)]
    return [(provider, kind, float(usd)) for provider, kind, usd in rows]


def phases(session: Session, *, is_sqlite: bool) -> list[tuple[str, str, int, float]]:
    """(provider, phase, takes that went through it, seconds it took them)."""
    first = (
        select(AssessmentRow.clip_run_id, func.min(AssessmentRow.created_at).label("created_at"))
        .group_by(AssessmentRow.clip_run_id)
        .subquery()
    )
    call = aliased(ProviderCallRow)
    spans: dict[PhaseName, tuple[Any, Any]] = {
        PhaseName.QUEUED: (RunRow.created_at, call.created_at),
        PhaseName.SENT: (call.created_at, call.accepted_at),
        PhaseName.WAITING: (call.accepted_at, call.finished_at),
        PhaseName.DOWNLOADING: (call.finished_at, AssetRow.created_at),
        PhaseName.ASSESSING: (AssetRow.created_at, first.c.created_at),
    }
    lengths = [epoch(end, is_sqlite) - epoch(start, is_sqlite) for start, end in spans.values()]
    query = select(RunRow.provider, *(func.count(n) for n in lengths), *(func.sum(n) for n in lengths))
    query = query.select_from(RunRow).join(call, call.clip_run_id == RunRow.id)
    query = query.outerjoin(AssetRow, AssetRow.id == RunRow.asset_id).outerjoin(first, first.c.clip_run_id == RunRow.id)
    found: list[tuple[str, str, int, float]] = []
    for provider, *numbers in session.execute(query.group_by(RunRow.provider)):
        counts, sums = numbers[: len(spans)], numbers[len(spans) :]
        found += [
            (provider, name, count, max(0.0, float(seconds or 0)))
            for name, count, seconds in zip(spans, counts, sums, strict=True)
        ]
    return found


def queues(session: Session) -> list[tuple[str, int]]:
    """(queue, how many wait in it): clips of running plans, takes for a place at their provider, takes to be assessed,
    films to be rendered."""
    running = select(PlanRow.id).where(PlanRow.status == PlanStatus.RUNNING)
    of_running = ClipRow.clip_plan_id.in_(running) & IS_THERE
    open_takes = select(func.count()).select_from(RunRow).join(ClipRow, ClipRow.id == RunRow.clip_id).where(of_running)
    is_sent = select(ProviderCallRow.id).where(ProviderCallRow.clip_run_id == RunRow.id).exists()
    waiting = {
        "clips": select(func.count()).select_from(ClipRow).where(of_running, ClipRow.status == ClipStatus.PENDING),
        "providers": open_takes.where(RunRow.status == RunStatus.CRAFTED, ~is_sent),
        "assess": open_takes.where(RunRow.status == RunStatus.GENERATED),
        "render": select(func.count()).select_from(RenderRow).where(RenderRow.status == RenderStatus.QUEUED),
    }
    return [(name, session.scalar(query) or 0) for name, query in waiting.items()]


def executors(session: Session, *, now: datetime) -> int:
    """Processes that execute flows, on Postgres, where each has a row. When the last one died nobody ended its row."""
    alive = (ExecutorRow.ended_at.is_(None), ExecutorRow.seen_at > now - _SILENT)
    return session.scalar(select(func.count()).select_from(ExecutorRow).where(*alive)) or 0


def _by_status(session: Session, column: InstrumentedAttribute[str], states: Any) -> list[tuple[str, int]]:
    """All states, also those that nothing is in."""
    found = {status: count for status, count in session.execute(select(column, func.count()).group_by(column))}
    return [(state.value, found.get(state.value, 0)) for state in states]


def epoch(column: Any, is_sqlite: bool) -> ColumnElement[float]:
    """Seconds; SQLite's own reading of ``epoch`` has none below a whole one."""
    return func.julianday(column) * 86400.0 if is_sqlite else extract("epoch", column)
