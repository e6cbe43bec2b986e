"""Projects and films as lists: a fixed number of statements, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, union_all, update
from sqlalchemy.orm import Session, aliased

from orchestrator.db.models import (
    AssetRow,
    ClipRow,
    PerceptionCallRow,
    PlanRow,
    ProjectRow,
    ProviderCallRow,
    RatingRow,
    RenderRow,
    RunRow,
)
from orchestrator.db.paging import Order, Page, fetch_page
from orchestrator.db.queries import IS_THERE
from orchestrator.schema.library import ProjectState
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus

_UNDER_WAY = (ClipStatus.GENERATING, ClipStatus.ASSESSING)
_RENDERING = (RenderStatus.QUEUED, RenderStatus.RENDERING)
_IS_KEPT: ColumnElement[bool] = ProjectRow.deleted_at.is_(None)
_PUT_AWAY_AT: ColumnElement[datetime | None] = func.coalesce(ProjectRow.deleted_at, ProjectRow.archived_at)
_STATES: dict[ProjectState, tuple[ColumnElement[bool], ...]] = {
    ProjectState.ACTIVE: (_IS_KEPT, ProjectRow.archived_at.is_(None)),
    ProjectState.ARCHIVED: (_IS_KEPT, ProjectRow.archived_at.is_not(None)),
    ProjectState.DELETED: (ProjectRow.deleted_at.is_not(None),),
}


class Listed(NamedTuple):
    """A project beside its newest plan; all of the plan is None where there is none."""

    project: ProjectRow
    plan_id: str | None
    status: str | None
    plan_updated_at: datetime | None
    total_seconds: int | None


def state_of(row: ProjectRow) -> ProjectState:
    if row.deleted_at is not None:
        return ProjectState.DELETED
    return ProjectState.ARCHIVED if row.archived_at is not None else ProjectState.ACTIVE


# --- projects ---


def count_projects(session: Session, *, search: str = "") -> dict[ProjectState, int]:
    """How many film projects of that name are in each state."""
    counts = (func.sum(case((and_(*conditions), 1), else_=0)) for conditions in _STATES.values())
    found = session.execute(select(*counts).where(ProjectRow.kind == "film", *_named(search))).one()
    return {state: number or 0 for state, number in zip(_STATES, found, strict=True)}


def list_projects(
    session: Session, *, state: ProjectState, search: str = "", limit: int, after: str = ""
) -> tuple[list[Listed], Page]:
    """Film projects, those last changed first; those put away by when that was. Raises ``BadInput`` for a cursor of
    another list."""
    changed_at = case((PlanRow.updated_at > ProjectRow.updated_at, PlanRow.updated_at), else_=ProjectRow.updated_at)
    key = changed_at if state is ProjectState.ACTIVE else _PUT_AWAY_AT
    query = _beside_newest_plan().where(ProjectRow.kind == "film", *_STATES[state], *_named(search))
    page = fetch_page(session, query, Order(f"projects {state}", key, ProjectRow.id), limit=limit, after=after)
    return [Listed(*row) for row in page.rows], page


def listed_project(session: Session, project_id: str) -> Listed:
    """One project that is there."""
    return Listed(*session.execute(_beside_newest_plan().where(ProjectRow.id == project_id)).one())


def _beside_newest_plan() -> Any:
    newest = select(PlanRow.id).where(PlanRow.project_id == ProjectRow.id).correlate(ProjectRow)
    newest = newest.order_by(PlanRow.created_at.desc(), PlanRow.id).limit(1).scalar_subquery()
    query = select(ProjectRow, PlanRow.id, PlanRow.status, PlanRow.updated_at, PlanRow.total_seconds)
    return query.outerjoin(PlanRow, PlanRow.id == newest)


def project_names(session: Session, *, limit: int) -> list[tuple[str, str, datetime]]:
    """(id, name, last change) of the active film projects, those last changed first."""
    changed_at = func.coalesce(
        select(func.max(PlanRow.updated_at)).where(PlanRow.project_id == ProjectRow.id).scalar_subquery(),
        ProjectRow.updated_at,
    )
    changed_at = case((changed_at > ProjectRow.updated_at, changed_at), else_=ProjectRow.updated_at)
    query = select(ProjectRow.id, ProjectRow.name, changed_at).where(ProjectRow.kind == "film")
    rows = session.execute(
        query.where(*_STATES[ProjectState.ACTIVE]).order_by(changed_at.desc(), ProjectRow.id).limit(limit)
    )
    return [(project_id, name, at) for project_id, name, at in rows]


def last_put_away(session: Session, *, since: datetime) -> ProjectRow | None:
    """The film project that was archived or deleted last, if that was after ``since``."""
    query = select(ProjectRow).where(ProjectRow.kind == "film", since < _PUT_AWAY_AT)
    return session.scalar(query.order_by(_PUT_AWAY_AT.desc()).limit(1))


def clip_counts(session: Session, plan_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """plan id -> state -> clips."""
    query = select(ClipRow.clip_plan_id, ClipRow.status, func.count()).where(
        ClipRow.clip_plan_id.in_(plan_ids), IS_THERE
    )
    found: dict[str, dict[str, int]] = {plan_id: {} for plan_id in plan_ids}
    for plan_id, status, count in session.execute(query.group_by(ClipRow.clip_plan_id, ClipRow.status)):
        found[plan_id][status] = count
    return found


def costs_usd(session: Session, project_ids: Sequence[str]) -> dict[str, float]:
    """project id -> US dollars that takes and looks at them cost, or may have."""
    found = dict.fromkeys(project_ids, 0.0)
    for kind, counts in ((ProviderCallRow, (ProviderCallRow.state != "refused",)), (PerceptionCallRow, ())):
        query = select(kind.project_id, func.sum(kind.cost_usd)).where(kind.project_id.in_(project_ids), *counts)
        for project_id, usd in session.execute(query.group_by(kind.project_id)):
            found[project_id] += float(usd or 0)
    return found


def films_of(session: Session, plan_ids: Sequence[str]) -> dict[str, tuple[str, str | None, str | None]]:
    """plan id -> (state, film, poster) of its newest whole film; the last two are asset ids."""
    query = select(RenderRow.clip_plan_id, RenderRow.status, RenderRow.asset_id, RenderRow.poster_asset_id)
    query = query.where(RenderRow.clip_plan_id.in_(plan_ids), RenderRow.missing_clips == 0)
    rows = session.execute(query.order_by(RenderRow.created_at))
    return {plan_id: (status, film, poster) for plan_id, status, film, poster in rows}  # the newest stays


def posters_of(session: Session, plan_ids: Sequence[str]) -> dict[str, str]:
    """plan id -> asset id of the poster of its first accepted take."""
    query = select(ClipRow.clip_plan_id, RunRow.poster_asset_id).join(RunRow, RunRow.id == ClipRow.accepted_run_id)
    query = query.where(ClipRow.clip_plan_id.in_(plan_ids), IS_THERE, RunRow.poster_asset_id.is_not(None))
    rows = session.execute(query.order_by(ClipRow.order_key.desc()))
    return {plan_id: poster for plan_id, poster in rows if poster}  # the first clip's stays


def clips_under_way(session: Session, project_id: str) -> int:
    """Clips of all plans of a project of which a take is being made."""
    query = select(func.count()).select_from(ClipRow).join(PlanRow, PlanRow.id == ClipRow.clip_plan_id)
    return session.scalar(query.where(PlanRow.project_id == project_id, ClipRow.status.in_(_UNDER_WAY))) or 0


def plans_of(session: Session, project_id: str, status: PlanStatus) -> Sequence[str]:
    query = select(PlanRow.id).where(PlanRow.project_id == project_id, PlanRow.status == status)
    return session.scalars(query).all()


def is_at_work(session: Session, project_id: str) -> bool:
    """Whether anything of a project is being planned, made, fetched, assessed or rendered."""
    questions = (work.where(work.selected_columns[0] == project_id) for work in _work())
    return any(session.scalar(question.limit(1)) is not None for question in questions)


def projects_at_work(session: Session) -> Sequence[str]:
    """The names of the projects of which anything is."""
    query = select(ProjectRow.name).where(ProjectRow.id.in_(union_all(*_work())))
    return session.scalars(query.order_by(ProjectRow.name)).all()


def _work() -> tuple[Select[str], ...]:
    """Ids of projects, by what keeps them at work."""
    of_plan = select(PlanRow.project_id)
    open_calls = ProviderCallRow.finished_at.is_(None) & ProviderCallRow.state.in_(("intent", "accepted"))
    return (
        of_plan.where(PlanRow.is_parked.is_(False) | (PlanRow.status == PlanStatus.RUNNING)),
        of_plan.join(ClipRow, ClipRow.clip_plan_id == PlanRow.id).where(ClipRow.status.in_(_UNDER_WAY)),
        of_plan.join(RenderRow).where(RenderRow.status.in_(_RENDERING)),
        select(ProviderCallRow.project_id).where(open_calls),
    )


def erase(session: Session, project_id: str) -> list[str]:
    """Delete a project with everything that belongs to it; the storage keys of its files."""
    keys = list(session.scalars(select(AssetRow.storage_key).where(AssetRow.project_id == project_id)))
    # The plans go first: Postgres would empty the files' fields in takes whose clips it has just deleted, and refuse.
    session.execute(delete(PlanRow).where(PlanRow.project_id == project_id))
    session.execute(delete(ProjectRow).where(ProjectRow.id == project_id))  # the database takes the rest with it
    return keys


def hand_over(session: Session, *, from_id: str, to_id: str) -> int:
    """Give every project of one owner to another one; how many. Nothing else of them changes, not even when they were
    changed last: a transfer that is run again finds them equal."""
    values = {"owner_id": to_id, "updated_at": ProjectRow.updated_at}
    query = update(ProjectRow).where(ProjectRow.owner_id == from_id).values(values).returning(ProjectRow.id)
    return len(session.scalars(query.execution_options(synchronize_session=False)).all())


# --- films ---


def count_films(session: Session) -> int:
    return session.scalar(_films(select(func.count()).select_from(RenderRow))) or 0


def list_films(session: Session, *, limit: int, after: str = "") -> Page:
    """(render, project, file, whether no later film of its kind was made of its plan), newest first. Raises
    ``BadInput`` for a cursor of another list."""
    later = aliased(RenderRow)
    is_partial, is_later_partial = RenderRow.missing_clips > 0, later.missing_clips > 0
    newer = select(later.id).where(later.clip_plan_id == RenderRow.clip_plan_id, later.status == RenderStatus.DONE)
    newer = newer.where(later.created_at > RenderRow.created_at, is_partial == is_later_partial).correlate(RenderRow)
    query = _films(select(RenderRow, ProjectRow, AssetRow, ~newer.exists()).select_from(RenderRow))
    query = query.join(AssetRow, AssetRow.id == RenderRow.asset_id)
    return fetch_page(session, query, Order("films", RenderRow.created_at, RenderRow.id), limit=limit, after=after)


def ratings_of(session: Session, render_ids: Sequence[str]) -> dict[str, tuple[float, int]]:
    """render id -> (mean of its ratings, how many)."""
    query = select(RatingRow.final_render_id, func.avg(RatingRow.stars), func.count())
    query = query.where(RatingRow.final_render_id.in_(render_ids)).group_by(RatingRow.final_render_id)
    return {render_id: (float(mean), count) for render_id, mean, count in session.execute(query)}


def rating_by(session: Session, render_id: str, name: str) -> RatingRow | None:
    """What that person said of a film."""
    return session.scalar(select(RatingRow).where(RatingRow.final_render_id == render_id, RatingRow.made_by == name))


# --- what goes on ---


def plans_at_work(session: Session) -> list[tuple[str, str, str, str]]:
    """(plan id, project id, project's name, its kind) of what is being made, longest at work first."""
    rendering = select(RenderRow.clip_plan_id).where(RenderRow.status.in_(_RENDERING))
    query = select(PlanRow.id, ProjectRow.id, ProjectRow.name, ProjectRow.kind).join(PlanRow.project).where(_IS_KEPT)
    query = query.where(
        (PlanRow.status == PlanStatus.RUNNING) | PlanRow.is_parked.is_(False) | PlanRow.id.in_(rendering)
    )
    return [
        (plan, project, name, kind) for plan, project, name, kind in session.execute(query.order_by(PlanRow.started_at))
    ]


def rendering_of(session: Session, plan_ids: Sequence[str]) -> dict[str, float]:
    """plan id -> how far the film is that is being made of it, 0..1."""
    query = select(RenderRow.clip_plan_id, RenderRow.progress).where(RenderRow.clip_plan_id.in_(plan_ids))
    return {plan_id: progress for plan_id, progress in session.execute(query.where(RenderRow.status.in_(_RENDERING)))}


def _films(query: Any) -> Any:
    """``query`` of renders, of those that are finished and not in the bin."""
    query = query.join(PlanRow, PlanRow.id == RenderRow.clip_plan_id).join(
        ProjectRow, ProjectRow.id == PlanRow.project_id
    )
    return query.where(RenderRow.status == RenderStatus.DONE, RenderRow.asset_id.is_not(None), _IS_KEPT)


def _named(search: str) -> tuple[ColumnElement[bool], ...]:
    """SQLite folds the case of English letters only, so the usual spellings are looked for one by one."""
    search = search.replace("\x00", "").strip()
    spellings = dict.fromkeys((search, search.lower(), search.upper(), search.title()))
    return (or_(*(ProjectRow.name.icontains(spelling, autoescape=True) for spelling in spellings)),) if search else ()


# --- files ---


def storage_keys(session: Session) -> set[str]:
    """The keys of all files that rows name, also of projects in the bin."""
    return set(session.scalars(select(AssetRow.storage_key)))
