"""Every question asked of the tables, by name. Each takes the caller's session and opens none of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.orm import Session, aliased, defer, joinedload, selectinload

from orchestrator.db.models import (
    AssessmentRow,
    AssetRow,
    BriefRow,
    ClipRow,
    OverrideRow,
    PerceptionCallRow,
    PlanRow,
    ProjectRow,
    ProviderCallRow,
    RenderRow,
    RunRow,
    SceneRow,
    ScriptRow,
)
from orchestrator.db.paging import Order, Page, fetch_merged
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus

_UNDER_WAY = (ClipStatus.GENERATING, ClipStatus.ASSESSING)
_IS_PAID: ColumnElement[bool] = ProviderCallRow.state != "refused"
IS_THERE: ColumnElement[bool] = ClipRow.removed_at.is_(None)  # of a clip: nobody took it out
CALLS_RECKONED = 1_000  # what is newer tells better what will be needed
# So many takes have their evidence fetched at once, 3 kB each: no statement takes long.
READ_AT_ONCE = 100
VISION = "Vision"  # who was paid for looking at takes, where providers are listed


# Any number of ours: one process at a time looks for work that nobody looks after.
_WATCH_LOCK = 7304


def takes_turn(session: Session) -> bool:
    """Whether this session, on Postgres, is the one that looks for work nobody looks after, for as long as it lasts."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(_WATCH_LOCK))))


# --- projects ---


def films(session: Session) -> Sequence[ProjectRow]:
    """Film projects, newest first."""
    query = select(ProjectRow).where(ProjectRow.kind == "film", ProjectRow.deleted_at.is_(None))
    return session.scalars(query.order_by(ProjectRow.created_at.desc(), ProjectRow.id)).all()


def film_asked_for(session: Session, request_key: str, *, owner_id: str) -> ProjectRow | None:
    """The newest film of this owner made for exactly these words."""
    query = select(ProjectRow).where(ProjectRow.request_key == request_key, ProjectRow.deleted_at.is_(None))
    query = query.where(ProjectRow.owner_id == owner_id)
    return session.scalar(query.order_by(ProjectRow.created_at.desc()).limit(1))


def single_project(session: Session, owner_id: str) -> ProjectRow | None:
    """The project that takes up the single clips of somebody: the first, where they were handed another one."""
    query = select(ProjectRow).where(ProjectRow.kind == "single", ProjectRow.owner_id == owner_id)
    return session.scalar(query.order_by(ProjectRow.created_at).limit(1))


def single_plans(owner_id: str) -> Select[Any]:
    """Ids of the plans of somebody's single clips."""
    projects = select(ProjectRow.id).where(ProjectRow.kind == "single", ProjectRow.owner_id == owner_id)
    return select(PlanRow.id).where(PlanRow.project_id.in_(projects))


def is_planned_from(session: Session, row: BriefRow | ScriptRow) -> bool:
    """Whether a plan was made from this brief or script."""
    used_by = PlanRow.content_brief_id if isinstance(row, BriefRow) else PlanRow.script_id
    return session.scalar(select(PlanRow.id).where(used_by == row.id).limit(1)) is not None


# --- plans and clips ---


def plan_with_takes(session: Session, plan_id: str) -> PlanRow:
    """A plan with its clips, runs, assessments and overrides in a fixed number of statements."""
    runs = selectinload(PlanRow.clips).selectinload(ClipRow.runs)
    options = (runs.selectinload(RunRow.assessments), runs.selectinload(RunRow.overrides))
    return session.scalars(select(PlanRow).where(PlanRow.id == plan_id).options(*options)).one()


def plan_at_a_glance(session: Session, plan_id: str) -> PlanRow:
    """The same without the long texts: what was asked for a take and what was found in it are there only for clips that
    ended without an accepted take, and for takes on which people said something. A fixed number of statements too."""
    found = selectinload(RunRow.assessments).defer(AssessmentRow.body)
    runs = selectinload(PlanRow.clips).selectinload(ClipRow.runs)
    options = (defer(PlanRow.plan), runs.options(defer(RunRow.request), found, selectinload(RunRow.overrides)))
    plan = session.scalars(select(PlanRow).where(PlanRow.id == plan_id).options(*options)).one()
    ended = (ClipStatus.NEEDS_REVIEW, ClipStatus.FAILED)
    wanted = [run.id for clip in plan.clips for run in clip.runs if run.overrides or clip.status in ended]
    if wanted:  # rows that are there already are filled in
        session.scalars(select(RunRow).where(RunRow.id.in_(wanted))).all()
        session.scalars(select(AssessmentRow).where(AssessmentRow.clip_run_id.in_(wanted))).all()
    return plan


def clips_with_takes(session: Session, clip_ids: Iterable[str]) -> Sequence[ClipRow]:
    """Those clips in any order, with their plans, their takes and what was found in and said of these, in a fixed
    number of statements. A session forgets what nobody holds on to."""
    return session.scalars(_with_takes(select(ClipRow).where(ClipRow.id.in_(set(clip_ids))))).all()


def scenes_of(session: Session, plan_id: str) -> Sequence[SceneRow]:
    """The scenes of a plan in their order, those without clips too."""
    return session.scalars(select(SceneRow).where(SceneRow.clip_plan_id == plan_id).order_by(SceneRow.position)).all()


def plans_at_work(session: Session) -> list[tuple[str, int]]:
    """(plan id, flow generation) of every plan that a flow should be looking after."""
    rows = session.execute(select(PlanRow.id, PlanRow.flow_generation).where(PlanRow.is_parked.is_(False)))
    return [(plan_id, generation) for plan_id, generation in rows]


def plans_running(session: Session) -> Sequence[PlanRow]:
    """Plans that flows should be moving, with their clips and runs."""
    runs = selectinload(PlanRow.clips).selectinload(ClipRow.runs)
    return session.scalars(select(PlanRow).where(PlanRow.status == PlanStatus.RUNNING).options(runs)).all()


def plans_cancelled_under_way(session: Session) -> Sequence[str]:
    """Ids of cancelled plans of which clips are still under way."""
    query = select(PlanRow.id).join(ClipRow).where(ClipRow.status.in_(_UNDER_WAY)).distinct()
    return session.scalars(query.where(PlanRow.status == PlanStatus.CANCELLED)).all()


def clips_held_under_way(session: Session) -> list[tuple[str, int, str]]:
    """(clip id, generation, plan id) of clips that were under way when their plan was paused."""
    query = select(ClipRow.id, ClipRow.generation, PlanRow.id).join(PlanRow)
    rows = session.execute(query.where(PlanRow.status == PlanStatus.PAUSED, ClipRow.status.in_(_UNDER_WAY)))
    return [(clip_id, generation, plan_id) for clip_id, generation, plan_id in rows]


def plan_asked_for(session: Session, request_key: str) -> PlanRow | None:
    """The plan made for exactly this request."""
    return session.scalar(select(PlanRow).where(PlanRow.request_key == request_key))


def only_clip(session: Session, plan_id: str) -> ClipRow:
    """The clip of a plan that has one."""
    return session.scalars(select(ClipRow).where(ClipRow.clip_plan_id == plan_id)).one()


def single_clips(session: Session, owner_id: str, *, limit: int) -> Sequence[ClipRow]:
    """Somebody's single clips, newest first."""
    query = select(ClipRow).where(IS_THERE, ClipRow.clip_plan_id.in_(single_plans(owner_id)))
    query = query.order_by(ClipRow.created_at.desc(), ClipRow.id).limit(limit)
    return session.scalars(query).all()


def clips_to_review(session: Session) -> Sequence[ClipRow]:
    """Clips that wait for a person, longest waiting first."""
    query = select(ClipRow).join(PlanRow).join(ProjectRow).where(ClipRow.status == ClipStatus.NEEDS_REVIEW, IS_THERE)
    query = query.where(ProjectRow.deleted_at.is_(None), ProjectRow.archived_at.is_(None))
    return session.scalars(_with_takes(query.order_by(ClipRow.updated_at))).all()


def accepted_beside(session: Session, clip: ClipRow, *, is_before: bool) -> str | None:
    """Run id of the accepted take of the clip just before this one, or just after; None where there is none."""
    side = ClipRow.order_key < clip.order_key if is_before else ClipRow.order_key > clip.order_key
    query = select(ClipRow.accepted_run_id).where(ClipRow.clip_plan_id == clip.clip_plan_id, side, IS_THERE)
    return session.scalar(query.order_by(ClipRow.order_key.desc() if is_before else ClipRow.order_key).limit(1))


# --- runs and renders ---


def is_newest_assessment() -> ColumnElement[bool]:
    """Whether a take has no later assessment."""
    later = aliased(AssessmentRow)
    of_take = select(later.id).where(later.clip_run_id == AssessmentRow.clip_run_id)
    return ~of_take.where(later.created_at > AssessmentRow.created_at).correlate(AssessmentRow).exists()


def assessed_runs(session: Session, *, limit: int, project_id: str = "", is_decided: bool = False) -> Sequence[RunRow]:
    """Takes with an assessment, the newest first, with what was said of them; of one project, or of all when
    ``project_id`` is empty. ``is_decided``: only those on which a person said something."""
    brief = selectinload(RunRow.clip).selectinload(ClipRow.plan).selectinload(PlanRow.brief)
    options = (selectinload(RunRow.assessments), selectinload(RunRow.overrides), brief)
    query = select(RunRow).where(RunRow.assessments.any()).options(*options)
    query = query.where(RunRow.id.in_(select(OverrideRow.clip_run_id))) if is_decided else query
    if project_id:
        query = query.join(ClipRow).join(PlanRow).where(PlanRow.project_id == project_id)
    query = query.order_by(RunRow.created_at.desc(), RunRow.id.desc()).limit(limit)
    return session.scalars(query.execution_options(yield_per=READ_AT_ONCE)).all()


def assessed_scores(session: Session, *, limit: int, project_id: str = "") -> list[tuple[str, datetime, float | None]]:
    """(run id, when it was assessed last, its score then) of the takes of ``assessed_runs``, without reading them."""
    runs = select(RunRow.id, RunRow.created_at).where(RunRow.assessments.any())
    if project_id:
        runs = runs.join(ClipRow).join(PlanRow).where(PlanRow.project_id == project_id)
    asked = runs.order_by(RunRow.created_at.desc(), RunRow.id.desc()).limit(limit).subquery()
    query = select(asked.c.id, AssessmentRow.created_at, AssessmentRow.score).select_from(asked)
    query = query.join(AssessmentRow, AssessmentRow.clip_run_id == asked.c.id).where(is_newest_assessment())
    rows = session.execute(query.order_by(asked.c.created_at.desc(), asked.c.id.desc()))
    return [(run_id, at, score) for run_id, at, score in rows]


def newest_render(session: Session, plan_id: str, *, is_partial: bool = False) -> RenderRow | None:
    """The newest film of a plan, or its newest partial film."""
    kind = RenderRow.missing_clips > 0 if is_partial else RenderRow.missing_clips == 0
    query = select(RenderRow).where(RenderRow.clip_plan_id == plan_id, kind)
    return session.scalar(query.order_by(RenderRow.created_at.desc()).limit(1))


def open_renders(session: Session) -> Sequence[str]:
    """Ids of renders that are queued or were under way."""
    unfinished = (RenderStatus.QUEUED, RenderStatus.RENDERING)
    return session.scalars(select(RenderRow.id).where(RenderRow.status.in_(unfinished))).all()


# --- money ---


def is_called(session: Session, run_id: str) -> bool:
    """Whether a paid request of this run was written down, and so may have been sent."""
    query = select(ProviderCallRow.id).where(ProviderCallRow.clip_run_id == run_id).limit(1)
    return session.scalar(query) is not None


def call_of(session: Session, run_id: str) -> ProviderCallRow | None:
    """The paid request of this run."""
    return session.scalar(select(ProviderCallRow).where(ProviderCallRow.clip_run_id == run_id).limit(1))


def accepted_at(session: Session, run_id: str) -> datetime | None:
    """When the provider took this run's request."""
    call = call_of(session, run_id)
    return call.accepted_at if call else None


def calls_of(session: Session, runs: Iterable[RunRow]) -> dict[str, ProviderCallRow]:
    """The paid requests of those runs, by run id."""
    query = select(ProviderCallRow).where(ProviderCallRow.clip_run_id.in_([r.id for r in runs]))
    return {call.clip_run_id: call for call in session.scalars(query)}


def stored_at(session: Session, runs: Iterable[RunRow]) -> dict[str, datetime]:
    """When those of the runs that were brought home were stored, by run id."""
    query = select(RunRow.id, AssetRow.created_at).join(AssetRow, AssetRow.id == RunRow.asset_id)
    return {run_id: at for run_id, at in session.execute(query.where(RunRow.id.in_([r.id for r in runs])))}


def takes_per_clip(session: Session, provider: str) -> tuple[int, int]:
    """(clips that were settled, takes paid for them) of the newest ``CALLS_RECKONED`` paid takes at one provider, over
    the whole workspace."""
    settled = [s for s in ClipStatus if s.is_settled]
    newest = select(ProviderCallRow.clip_run_id).where(ProviderCallRow.provider == provider, _IS_PAID)
    calls = newest.order_by(ProviderCallRow.created_at.desc()).limit(CALLS_RECKONED).subquery()
    query = select(func.count(func.distinct(ClipRow.id)), func.count()).select_from(calls)
    query = query.join(RunRow, RunRow.id == calls.c.clip_run_id).join(ClipRow, ClipRow.id == RunRow.clip_id)
    clips, takes = session.execute(query.where(ClipRow.status.in_(settled))).one()
    return clips, takes


def ledger_page(session: Session, *, project_id: str, limit: int, after: str = "") -> Page:
    """(paid or refused request, or look at a take), newest first; of one project, or of all when ``project_id`` is
    empty. Raises ``BadInput`` for a cursor of another list."""
    lists: list[tuple[Select[Any], Order]] = []
    for kind in (ProviderCallRow, PerceptionCallRow):
        query = select(kind).where(kind.project_id == project_id) if project_id else select(kind)
        lists.append((query, Order("ledger", kind.created_at, kind.id)))
    return fetch_merged(session, lists, limit=limit, after=after)


def total_cost_usd(session: Session) -> float:
    takes = session.scalar(select(func.sum(ProviderCallRow.cost_usd)).where(_IS_PAID))
    return float(takes or 0) + float(session.scalar(select(func.sum(PerceptionCallRow.cost_usd))) or 0)


def spending(session: Session) -> list[tuple[str, int, int, float, float]]:
    """(provider, takes that may be paid, refused requests, US dollars, US dollars of those not known for sure) of every
    provider that was ever asked, the dearest first; the same of looks at takes, as ``VISION``."""
    query = select(
        ProviderCallRow.provider,
        func.sum(case((_IS_PAID, 1), else_=0)),
        func.sum(case((_IS_PAID, 0), else_=1)),
        func.sum(case((_IS_PAID, ProviderCallRow.cost_usd), else_=0.0)),
        func.sum(case((_IS_PAID & ProviderCallRow.finished_at.is_(None), ProviderCallRow.cost_usd), else_=0.0)),
    )
    rows = [*session.execute(query.group_by(ProviderCallRow.provider))]
    is_open = PerceptionCallRow.state == "intent"
    looks = session.execute(
        select(
            literal(VISION),
            func.sum(PerceptionCallRow.asks),
            literal(0),
            func.sum(PerceptionCallRow.cost_usd),
            func.sum(case((is_open, PerceptionCallRow.cost_usd), else_=0.0)),
        )
    ).one()
    found = [
        (name, takes, refused, round(usd, 4), round(unsure, 4))
        for name, takes, refused, usd, unsure in (*rows, *([looks] if looks[1] else []))
    ]
    return sorted(found, key=lambda one: (-one[3], one[0]))


def plan_calls(session: Session, plan_id: str) -> tuple[int, float]:
    """(creates, US dollars) of all runs of a plan, with those of looking at them; refused calls count for nothing."""
    query = select(func.count(), func.sum(ProviderCallRow.cost_usd)).join(RunRow).join(ClipRow)
    count, cost = session.execute(query.where(ClipRow.clip_plan_id == plan_id, _IS_PAID)).one()
    looks = select(func.sum(PerceptionCallRow.cost_usd)).join(RunRow).join(ClipRow)
    return count, float(cost or 0) + float(session.scalar(looks.where(ClipRow.clip_plan_id == plan_id)) or 0)


def clip_costs_usd(session: Session, plan_id: str) -> tuple[int, defaultdict[str, float]]:
    """(creates of a whole plan, US dollars by clip id), with those of looking at takes and those of clips that were
    taken out; refused calls count for nothing."""
    takes = select(ClipRow.id, func.count(), func.sum(ProviderCallRow.cost_usd)).select_from(ProviderCallRow)
    takes = takes.join(RunRow, RunRow.id == ProviderCallRow.clip_run_id).join(ClipRow, ClipRow.id == RunRow.clip_id)
    looks = select(ClipRow.id, literal(0), func.sum(PerceptionCallRow.cost_usd)).select_from(PerceptionCallRow)
    looks = looks.join(RunRow, RunRow.id == PerceptionCallRow.clip_run_id).join(ClipRow, ClipRow.id == RunRow.clip_id)
    is_ours = ClipRow.clip_plan_id == plan_id
    query = takes.where(is_ours, _IS_PAID).group_by(ClipRow.id).union_all(looks.where(is_ours).group_by(ClipRow.id))
    creates, costs = 0, defaultdict[str, float](float)
    for clip_id, count, usd in session.execute(query):
        creates += count
        costs[clip_id] += float(usd)
    return creates, costs


def run_costs_usd(session: Session, runs: Iterable[RunRow]) -> defaultdict[str, float]:
    """US dollars by run id, for all runs at once, with those of looking at them."""
    runs = list(runs)
    query = select(ProviderCallRow.clip_run_id, func.sum(ProviderCallRow.cost_usd))
    query = query.where(ProviderCallRow.clip_run_id.in_([r.id for r in runs]), _IS_PAID)
    costs = look_costs_usd(session, runs)
    for run_id, cost in session.execute(query.group_by(ProviderCallRow.clip_run_id)):
        costs[run_id] = round(costs[run_id] + float(cost), 4)
    return costs


def look_costs_usd(session: Session, runs: Iterable[RunRow]) -> defaultdict[str, float]:
    """US dollars that looking at those runs cost, by run id."""
    query = select(PerceptionCallRow.clip_run_id, func.sum(PerceptionCallRow.cost_usd))
    query = query.where(PerceptionCallRow.clip_run_id.in_([r.id for r in runs]))
    costs = session.execute(query.group_by(PerceptionCallRow.clip_run_id))
    return defaultdict(float, {run_id: round(float(cost), 4) for run_id, cost in costs})


def _with_takes(query: Select[ClipRow]) -> Select[ClipRow]:
    runs, plan = selectinload(ClipRow.runs), joinedload(ClipRow.plan)
    return query.options(runs.selectinload(RunRow.assessments), runs.selectinload(RunRow.overrides), plan)
