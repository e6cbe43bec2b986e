"""How well it goes, counted by the database: each question is one statement over all projects, single clips too."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, case, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from orchestrator.db.counts import epoch
from orchestrator.db.models import (
    AssessmentRow,
    ClipRow,
    PerceptionCallRow,
    PlanRow,
    ProjectRow,
    ProviderCallRow,
    RatingRow,
    RunRow,
)
from orchestrator.db.queries import VISION, is_newest_assessment
from orchestrator.schema.assessment import CheckName, Verdict
from orchestrator.schema.status import ClipStatus, PlanStatus

# Not a parameter: Postgres would take the day that is asked for and the day that is grouped by for two.
_UTC: ColumnElement[str] = literal_column("'UTC'")
_SETTLED = [status for status in ClipStatus if status.is_settled]


class Window(NamedTuple):
    """From ``since`` (None: from the first row) until before ``until``."""

    since: datetime | None
    until: datetime

    def holds(self, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        until = column < self.until
        return until if self.since is None else (column >= self.since) & until


def first_takes(session: Session, window: Window, *, is_sqlite: bool) -> tuple[int, int, int]:
    """(settled clips whose first take was asked for then, those whose first take was accepted, further takes of them
    that a provider was asked for)."""
    is_first_accepted = case((ClipRow.accepted_run_id == RunRow.id, 1), else_=0)
    firsts = _of_first_takes(select(func.count(), func.sum(is_first_accepted)), is_sqlite)
    found: Any = session.execute(firsts.where(window.holds(RunRow.created_at))).one()
    if window.since is None:  # the few that are left out are looked up, not the many that count
        of_clips = RunRow.clip_id.not_in(select(ClipRow.id).where(ClipRow.status.not_in(_SETTLED)))
        further = select(func.count()).select_from(RunRow).where(of_clips)
        other: Any = RunRow
    else:
        other = aliased(RunRow)
        further = _of_first_takes(select(func.count()), is_sqlite).join(other, other.clip_id == ClipRow.id)
    further = further.where(window.holds(RunRow.created_at), other.attempt > 1, other.source_run_id == "")
    clips, passed = found
    return clips, passed or 0, session.scalar(further) or 0


def first_takes_by_day(session: Session, window: Window, *, is_sqlite: bool) -> list[tuple[date, str, int, int]]:
    """(day, provider, first takes of settled clips, those accepted)."""
    day = _day(RunRow.created_at, is_sqlite)
    passed = func.sum(case((ClipRow.accepted_run_id == RunRow.id, 1), else_=0))
    query = _of_first_takes(select(day, RunRow.provider, func.count(), passed), is_sqlite)
    rows: Any = session.execute(query.where(window.holds(RunRow.created_at)).group_by(day, RunRow.provider))
    return [(_as_date(on), provider, takes, accepted) for on, provider, takes, accepted in rows]


def pace(session: Session, window: Window, *, is_sqlite: bool) -> tuple[int, float | None]:
    """(films completed then, mean seconds from start to finish for a minute of film)."""
    lasted = epoch(PlanRow.finished_at, is_sqlite) - epoch(PlanRow.started_at, is_sqlite)
    query = select(func.count(), func.avg(lasted / PlanRow.total_seconds * 60))
    query = query.join(ProjectRow, ProjectRow.id == PlanRow.project_id)
    query = query.where(ProjectRow.kind == "film", PlanRow.status == PlanStatus.COMPLETED)
    query = query.where(PlanRow.started_at.is_not(None), window.holds(PlanRow.finished_at))
    films, mean = session.execute(query).one()
    return films, None if mean is None else float(mean)


def accepted_seconds(session: Session, window: Window) -> tuple[int, float]:
    """(clips whose accepted take was asked for then, their seconds)."""
    query = select(func.count(), func.sum(ClipRow.seconds)).select_from(RunRow)
    query = query.join(ClipRow, (ClipRow.id == RunRow.clip_id) & (ClipRow.accepted_run_id == RunRow.id))
    clips, seconds = session.execute(query.where(window.holds(RunRow.created_at))).one()
    return clips, float(seconds or 0)


def satisfaction(session: Session, window: Window) -> tuple[int, float | None]:
    """(ratings given then, their mean)."""
    query = select(func.count(), func.avg(RatingRow.stars)).where(window.holds(RatingRow.created_at))
    ratings, mean = session.execute(query).one()
    return ratings, None if mean is None else float(mean)


def spend(session: Session, window: Window) -> tuple[int, float]:
    """(takes that were or may have been paid then, US dollars for them and for looking at takes)."""
    is_paid = (ProviderCallRow.state != "refused", window.holds(ProviderCallRow.created_at))
    takes, usd = session.execute(select(func.count(), func.sum(ProviderCallRow.cost_usd)).where(*is_paid)).one()
    looks = session.scalar(
        select(func.sum(PerceptionCallRow.cost_usd)).where(window.holds(PerceptionCallRow.created_at))
    )
    return takes, float(usd or 0) + float(looks or 0)


def spend_by_day(session: Session, window: Window, *, is_sqlite: bool) -> list[tuple[date, str, float]]:
    """(day, provider or ``VISION``, US dollars)."""
    day = _day(ProviderCallRow.created_at, is_sqlite)
    query = select(day, ProviderCallRow.provider, func.sum(ProviderCallRow.cost_usd)).group_by(
        day, ProviderCallRow.provider
    )
    query = query.where(ProviderCallRow.state != "refused", window.holds(ProviderCallRow.created_at))
    rows = [(_as_date(on), provider, float(usd)) for on, provider, usd in session.execute(query)]
    look_day = _day(PerceptionCallRow.created_at, is_sqlite)
    looks = select(look_day, func.sum(PerceptionCallRow.cost_usd)).group_by(look_day)
    looks = session.execute(looks.where(window.holds(PerceptionCallRow.created_at)))
    return [*rows, *((_as_date(on), VISION, float(usd)) for on, usd in looks)]


def failures(session: Session, window: Window) -> tuple[int, dict[CheckName, int], int]:
    """(takes asked for then that were assessed and did not pass, how many of them failed each check, takes that no
    provider delivered). The newest assessment of a take counts."""
    query = select(AssessmentRow.failed_checks, func.count()).group_by(AssessmentRow.failed_checks)
    query = query.where(AssessmentRow.verdict != Verdict.PASS, is_newest_assessment())
    if window.since is not None:  # no take is older than its assessment
        asked_then = select(RunRow.id).where(window.holds(RunRow.created_at))
        query = query.where(AssessmentRow.created_at >= window.since, AssessmentRow.clip_run_id.in_(asked_then))
    rows: Any = session.execute(query)
    together = [(failed, takes) for failed, takes in rows]  # which checks fail together are few
    lost = select(func.count()).select_from(RunRow).where(RunRow.error_code != "", RunRow.asset_id.is_(None))
    lost = lost.where(RunRow.settled_at.is_not(None), window.holds(RunRow.created_at))
    by_check = {name: sum(takes for failed, takes in together if name in failed.split()) for name in CheckName}
    return sum(takes for _, takes in together), by_check, session.scalar(lost) or 0


def first_day(session: Session, *, is_sqlite: bool) -> date | None:
    """The day of the first take ever."""
    found = session.scalar(select(_day(RunRow.created_at, is_sqlite)).order_by(RunRow.created_at).limit(1))
    return None if found is None else _as_date(found)


def _of_first_takes(query: Any, is_sqlite: bool) -> Any:
    query = query.select_from(RunRow).join(ClipRow, ClipRow.id == RunRow.clip_id).where(RunRow.attempt == 1)
    # SQLite would begin at the clips of these states, which nearly all are in, and not at the takes of that time.
    status = ClipRow.status.concat("") if is_sqlite else ClipRow.status
    return query.where(status.in_(_SETTLED))


def _day(column: InstrumentedAttribute[datetime], is_sqlite: bool) -> ColumnElement[Any]:
    """The day in UTC."""
    return func.date(column) if is_sqlite else func.timezone(_UTC, column).cast(Date)


def _as_date(day: Any) -> date:
    return date.fromisoformat(str(day))
