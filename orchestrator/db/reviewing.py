"""Questions about what waits for a person, what people decided, and what was assessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from orchestrator.db.models import (
    BEST,
    WORST,
    AssessmentRow,
    ClipRow,
    OverrideRow,
    PlanRow,
    ProjectRow,
    RunRow,
)
from orchestrator.db.paging import Order, Page, count_up_to, fetch_page
from orchestrator.db.queries import IS_THERE, READ_AT_ONCE, is_newest_assessment
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.reviewing import AssessmentFilter, AssessmentOrder, NeedKind
from orchestrator.schema.status import ClipStatus, PlanStatus

# --- what waits ---


def _newest_run() -> Any:
    return select(func.max(RunRow.attempt)).where(RunRow.clip_id == ClipRow.id).correlate(ClipRow).scalar_subquery()


def _is_lost() -> ColumnElement[bool]:
    newest = and_(RunRow.clip_id == ClipRow.id, RunRow.attempt == _newest_run())
    return select(RunRow.id).where(newest, RunRow.error_code == "needs_decision").exists()


def _kinds(*, rejected: str) -> dict[NeedKind, ColumnElement[bool]]:
    """What makes a clip one of each kind; of a clip that a person refused, that person knows."""
    waits = ClipRow.status == ClipStatus.NEEDS_REVIEW
    is_given_up = and_(
        ClipRow.status == ClipStatus.FAILED,
        ~ClipRow.reason.startswith(rejected, autoescape=True),
        ProjectRow.kind == "film",
        PlanRow.status.not_in((PlanStatus.CANCELLED, PlanStatus.COMPLETED)),
    )
    settled = ClipRow.status.in_((ClipStatus.NEEDS_REVIEW, ClipStatus.FAILED))
    return {
        NeedKind.LOST: and_(settled, _is_lost()),
        NeedKind.REVIEW: and_(waits, ~_is_lost()),
        NeedKind.FAILED: and_(is_given_up, ~_is_lost()),
    }


def _waiting(query: Any) -> Any:
    """Of clips that are there, in projects that are neither put away nor deleted."""
    query = query.select_from(ClipRow).join(PlanRow).join(ProjectRow)
    return query.where(IS_THERE, ProjectRow.deleted_at.is_(None), ProjectRow.archived_at.is_(None))


def needs(
    session: Session, *, kind: NeedKind | None, project_id: str, rejected: str, limit: int
) -> list[tuple[NeedKind, ClipRow]]:
    """Clips that wait for a person with all their takes: lost answers, for those are paid, then what the checks cannot
    decide on, then what failed; of each the longest waiting first."""
    runs = selectinload(ClipRow.runs)
    options = (runs.selectinload(RunRow.assessments), runs.selectinload(RunRow.overrides), selectinload(ClipRow.plan))
    found: list[tuple[NeedKind, ClipRow]] = []
    for name, is_kind in _kinds(rejected=rejected).items():
        if kind in (None, name) and len(found) < limit:
            query = _waiting(select(ClipRow)).where(is_kind).options(*options)
            query = query.where(PlanRow.project_id == project_id) if project_id else query
            rows = session.scalars(query.order_by(ClipRow.updated_at, ClipRow.id).limit(limit - len(found)))
            found += [(name, clip) for clip in rows]
    return found


def count_needs(session: Session, *, rejected: str) -> list[tuple[NeedKind, str, str, int]]:
    """(kind, project id, name, clips) of all that waits."""
    found: list[tuple[NeedKind, str, str, int]] = []
    for name, is_kind in _kinds(rejected=rejected).items():
        query = _waiting(select(ProjectRow.id, ProjectRow.name, func.count())).where(is_kind)
        rows = session.execute(query.group_by(ProjectRow.id, ProjectRow.name).order_by(ProjectRow.name))
        found += [(name, *row) for row in rows]
    return found


def newest_decision(session: Session, *, since: datetime) -> OverrideRow | None:
    """The newest decision of a person, if it is not older than ``since``."""
    query = select(OverrideRow).where(OverrideRow.created_at >= since)
    return session.scalar(query.order_by(OverrideRow.created_at.desc(), OverrideRow.id).limit(1))


# --- what was assessed ---


def _runs_of(projects: Any) -> Any:
    """Ids of the takes of those projects, found downwards from these: few are asked about, and takes are many."""
    plans = select(PlanRow.id).where(PlanRow.project_id.in_(projects))
    clips = select(ClipRow.id).where(ClipRow.clip_plan_id.in_(plans))
    return select(RunRow.id).where(RunRow.clip_id.in_(clips))


def _is_kept(run_id: Any) -> ColumnElement[bool]:
    """Of a take: its project is not deleted. Looked up, not joined, so that an index holds the rest."""
    deleted = select(ProjectRow.id).where(ProjectRow.deleted_at.is_not(None))
    return run_id.not_in(_runs_of(deleted))


def _corrected() -> Any:
    """Ids of the takes of which people corrected a check."""
    return select(OverrideRow.clip_run_id).where(OverrideRow.check_name != "")


def corrected_runs(session: Session) -> Sequence[RunRow]:
    """Takes of which people corrected a check, with what that takes to judge them anew."""
    options = (
        selectinload(RunRow.assessments),
        selectinload(RunRow.overrides),
        selectinload(RunRow.clip).joinedload(ClipRow.plan),
    )
    query = select(RunRow).where(RunRow.id.in_(_corrected())).options(*options)
    return session.scalars(query.execution_options(yield_per=READ_AT_ONCE)).all()


def _fits(wanted: AssessmentFilter, *, since: datetime | None, agreed: Iterable[str]) -> list[ColumnElement[bool]]:
    """``agreed`` are takes with a corrected check whose verdict is the wanted one now."""
    found: list[ColumnElement[bool]] = []
    run_id = AssessmentRow.clip_run_id
    if wanted.project_id:
        found.append(run_id.in_(_runs_of([wanted.project_id])))
    if wanted.provider:
        # asked take by take: most of a provider's takes are not on the page
        by_provider = select(RunRow.id).where(RunRow.id == run_id, RunRow.provider == wanted.provider)
        found.append(by_provider.correlate(AssessmentRow).exists())
    if wanted.verdict:
        # SQLite would begin at the index of verdicts, and sort half of all takes for a page
        is_measured = and_(AssessmentRow.verdict.concat("") == wanted.verdict, run_id.not_in(_corrected()))
        found.append(or_(is_measured, run_id.in_(list(agreed))))
    if wanted.failed_check:
        found.append(AssessmentRow.failed_checks.contains(wanted.failed_check.value, autoescape=True))
    if wanted.is_overridden is not None:
        spoken = select(OverrideRow.clip_run_id)
        found.append(run_id.in_(spoken) if wanted.is_overridden else run_id.not_in(spoken))
    if since:
        found.append(AssessmentRow.created_at >= since)
    return found


_AT, _ID = AssessmentRow.created_at, AssessmentRow.id
_ORDERS = {
    AssessmentOrder.NEWEST: Order("newest", _AT, _ID),
    AssessmentOrder.OLDEST: Order("oldest", _AT, _ID, is_down=False),
    AssessmentOrder.WORST: Order("worst", WORST, _ID, is_down=False),
    AssessmentOrder.BEST: Order("best", BEST, _ID),
    AssessmentOrder.DEAREST: Order("dearest", RunRow.cost_usd, RunRow.id),
}


def assessed_takes(
    session: Session,
    wanted: AssessmentFilter,
    *,
    since: datetime | None,
    agreed: Iterable[str],
    order: AssessmentOrder,
    limit: int,
    after: str = "",
) -> tuple[tuple[int, bool], Page]:
    """((how many fit, whether that is all), (take, its newest assessment, attempts of its clip)). Raises ``BadInput``
    for a cursor of another list."""
    fits = (is_newest_assessment(), *_fits(wanted, since=since, agreed=list(agreed)))
    fitting = select(AssessmentRow.id).where(_is_kept(AssessmentRow.clip_run_id), *fits)
    beside = aliased(RunRow)
    attempts = select(func.count()).where(beside.clip_id == RunRow.clip_id).correlate(RunRow).scalar_subquery()
    # first which ones they are: the evidence of all others is not touched for it
    by_take = select(AssessmentRow.id).join(RunRow, RunRow.id == AssessmentRow.clip_run_id)
    ranked = by_take.where(_is_kept(RunRow.id), *fits) if order is AssessmentOrder.DEAREST else fitting
    page = fetch_page(session, ranked, _ORDERS[order], limit=limit, after=after)
    ids = [assessment_id for (assessment_id,) in page.rows]
    options = (selectinload(RunRow.assessments), selectinload(RunRow.overrides))
    clip = selectinload(RunRow.clip).selectinload(ClipRow.plan)
    query = select(RunRow, AssessmentRow, attempts).join(AssessmentRow, AssessmentRow.clip_run_id == RunRow.id)
    found: Any = session.execute(query.where(AssessmentRow.id.in_(ids)).options(*options, clip))
    rows = {assessed.id: (run, assessed, count) for run, assessed, count in found}
    return count_up_to(session, fitting), page._replace(rows=[rows[assessed_id] for assessed_id in ids])


def _finds(query: Any) -> ColumnElement[bool]:
    """As EXISTS, but asked for each row: a planner joins all takes for that, where the first one is answer enough."""
    return query.limit(1).scalar_subquery().is_not(None)


def assessed_choices(session: Session) -> tuple[list[tuple[str, str]], list[str]]:
    """((id, name) of projects, providers) that have assessed takes."""
    is_kept, is_assessed = ProjectRow.deleted_at.is_(None), RunRow.assessments.any()
    of_project = select(RunRow.id).join(ClipRow, ClipRow.id == RunRow.clip_id).join(PlanRow)
    of_project = of_project.where(PlanRow.project_id == ProjectRow.id, is_assessed).correlate(ProjectRow)
    named = select(ProjectRow.id, ProjectRow.name).where(is_kept, _finds(of_project))
    projects: Any = session.execute(named.order_by(ProjectRow.name))
    asked = select(RunRow.provider).distinct().subquery()
    of_provider = select(RunRow.id).join(ClipRow, ClipRow.id == RunRow.clip_id).join(PlanRow).join(ProjectRow)
    of_provider = of_provider.where(RunRow.provider == asked.c.provider, is_kept, is_assessed).correlate(asked)
    providers = session.scalars(select(asked.c.provider).where(_finds(of_provider)).order_by(asked.c.provider))
    return [(project_id, name) for project_id, name in projects], list(providers)


def failed_checks(body: dict[str, Any]) -> tuple[CheckName, ...]:
    """The checks that failed as measured, of a stored assessment."""
    checks = body.get("checks", {})
    return tuple(name for name in CheckName if checks.get(name, {}).get("status") == "fail")
