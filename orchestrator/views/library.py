"""Projects and films, to find and put in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from orchestrator.db import library, reviewing
from orchestrator.db.library import Listed
from orchestrator.db.members import memberships, role_in
from orchestrator.db.models import AssetRow, ProjectRow, RenderRow, utc_now
from orchestrator.db.records import fetch
from orchestrator.db.session import Session
from orchestrator.decisions import REJECTED
from orchestrator.presentation import render_view, url
from orchestrator.schema.library import (
    AtWork,
    FilmAtWork,
    Films,
    FilmView,
    Library,
    ListedProject,
    ProjectName,
    ProjectState,
    PutAway,
    RatingView,
)
from orchestrator.schema.member import Role
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus
from orchestrator.schema.timeline import Timeline
from orchestrator.views.base import Reads

PROJECTS_PICKED = 50
# So long a project that was put away is offered back on the page.
UNDO_MINUTES = 10


class LibraryReads(Reads):
    """Projects and films, to find and put in order. Each costs a fixed number of statements."""

    def projects(self, *, limit: int = PROJECTS_PICKED) -> tuple[ListedProject, ...]:
        """The active projects that were changed last."""
        with self._database.read() as session:
            return self._listed(session, library.list_projects(session, state=ProjectState.ACTIVE, limit=limit)[0])

    def project_names(self, *, limit: int = PROJECTS_PICKED) -> tuple[ProjectName, ...]:
        """The active projects that were changed last, as a picker needs them."""
        with self._database.read() as session:
            rows = library.project_names(session, limit=limit)
        return tuple(ProjectName(id=project_id, name=name, updated_at=at) for project_id, name, at in rows)

    def library(
        self, *, search: str = "", state: str = ProjectState.ACTIVE, limit: int = 24, after: str = ""
    ) -> Library:
        """One page of the projects in ``state`` whose name holds ``search``, last changed first. Raises ``ValueError``
        for a state there is none of, ``BadInput`` for a cursor of another list."""
        with self._database.read() as session:
            counts = library.count_projects(session, search=search)
            wanted = ProjectState(state)
            rows, page = library.list_projects(session, state=wanted, search=search, limit=limit, after=after)
            return Library(
                projects=self._listed(session, rows),
                total=counts[wanted],
                counts=counts,
                next=page.next,
                previous=page.previous,
            )

    def listed_project(self, project_id: str) -> ListedProject:
        """One project as the library lists it. Raises ``NotFound``."""
        with self._database.read() as session:
            row = fetch(session, ProjectRow, project_id)
            return self._listed(session, [library.listed_project(session, row.id)])[0]

    def last_put_away(self) -> PutAway | None:
        """The project that was archived or deleted last, if that was not long ago."""
        with self._database.read() as session:
            row = library.last_put_away(session, since=utc_now() - timedelta(minutes=UNDO_MINUTES))
            at = (row.deleted_at or row.archived_at) if row else None
            if row is None or at is None or not self._may_bring_back(session, row):
                return None
            under_way = library.clips_under_way(session, row.id)
            return PutAway(
                project_id=row.id, name=row.name, state=library.state_of(row), at=at, clips_under_way=under_way
            )

    def _may_bring_back(self, session: Session, row: ProjectRow) -> bool:
        """Archived projects are taken out by those who make films in them, deleted ones by their owner."""
        role = role_in(session, row.id) if self._user else Role.OWNER
        return role is not None and role.covers(Role.OWNER if row.deleted_at else Role.CREATOR)

    def _listed(self, session: Session, rows: Sequence[Listed]) -> tuple[ListedProject, ...]:
        listed = _listed(session, rows)
        if self._user is None:
            return listed
        mine = {row.project_id: row for row in memberships(session, self._user.id)}
        return tuple(
            project.model_copy(update={"role": Role(row.role), "shared_by": row.invited_by_email})
            if (row := mine.get(project.id))
            else project
            for project in listed
        )

    # --- films ---

    def films(self, *, limit: int = 12, after: str = "") -> Films:
        """One page of all finished films, also older and partial ones, newest first. Raises ``BadInput`` for a cursor
        of another list."""
        with self._database.read() as session:
            page = library.list_films(session, limit=limit, after=after)
            ratings = library.ratings_of(session, [render.id for render, *_ in page.rows])
            films = tuple(
                _film(render, project, asset, is_newest=is_newest, rating=ratings.get(render.id))
                for render, project, asset, is_newest in page.rows
            )
            total = library.count_films(session)
            return Films(films=films, total=total, next=page.next, previous=page.previous)

    def rating(self, render_id: str, *, by: str = "") -> RatingView | None:
        """What that person, or the one this installation goes by, said of a film."""
        name = self._name(by)
        with self._database.read() as session:
            row = library.rating_by(session, render_id, name)
            if row is None:
                return None
            return RatingView(stars=row.stars, comment=row.comment, by=row.made_by, at=row.created_at)

    # --- what goes on ---

    def at_work(self) -> AtWork:
        """What waits for a person and what is being made, in a few statements."""
        with self._database.read() as session:
            plans = library.plans_at_work(session)
            films = [plan for plan in plans if plan[3] == "film"]
            ids = [plan_id for plan_id, *_ in films]
            clips, renders = library.clip_counts(session, ids), library.rendering_of(session, ids)
            return AtWork(
                waiting=sum(n for *_, n in reviewing.count_needs(session, rejected=REJECTED)),
                singles=len(plans) - len(films),
                films=tuple(
                    _at_work(project_id, name, clips[plan_id], renders.get(plan_id))
                    for plan_id, project_id, name, _ in films
                ),
            )


def _listed(session: Session, rows: Sequence[Listed]) -> tuple[ListedProject, ...]:
    plan_ids = [row.plan_id for row in rows if row.plan_id]
    clips, films = library.clip_counts(session, plan_ids), library.films_of(session, plan_ids)
    costs = library.costs_usd(session, [row.project.id for row in rows])
    posters = library.posters_of(session, plan_ids)
    return tuple(
        _listed_project(
            row,
            clips=clips.get(row.plan_id or "", {}),
            film=films.get(row.plan_id or ""),
            poster=posters.get(row.plan_id or ""),
            cost_usd=costs[row.project.id],
        )
        for row in rows
    )


def _listed_project(
    row: Listed,
    *,
    clips: dict[str, int],
    film: tuple[str, str | None, str | None] | None,
    poster: str | None,
    cost_usd: float,
) -> ListedProject:
    project = row.project
    status, film_asset, film_poster = film or (None, None, None)
    return ListedProject(
        id=project.id,
        name=project.name,
        clip_plan_id=row.plan_id or "",
        plan_status=PlanStatus(row.status) if row.status else None,
        clips_total=sum(clips.values()),
        clips_passed=clips.get(ClipStatus.PASSED, 0),
        clips_failed=clips.get(ClipStatus.FAILED, 0),
        clips_under_way=clips.get(ClipStatus.GENERATING, 0) + clips.get(ClipStatus.ASSESSING, 0),
        needs_review=clips.get(ClipStatus.NEEDS_REVIEW, 0),
        total_seconds=row.total_seconds or 0,
        cost_usd=round(cost_usd, 4),
        render=RenderStatus(status) if status else None,
        film_url=url(film_asset),
        poster_url=url(film_poster or poster),
        state=library.state_of(project),
        put_away_at=project.deleted_at or project.archived_at,
        created_at=project.created_at,
        updated_at=max(project.updated_at, row.plan_updated_at or project.updated_at),
    )


def _film(
    row: RenderRow, project: ProjectRow, asset: AssetRow, *, is_newest: bool, rating: tuple[float, int] | None
) -> FilmView:
    timeline = Timeline.model_validate(row.timeline)
    stars, ratings = rating or (None, 0)
    return FilmView(
        **render_view(row, is_current=is_newest).model_dump(),
        project_id=project.id,
        project_name=project.name,
        size_bytes=asset.size_bytes,
        width=asset.width,
        height=asset.height,
        loudness_lufs=row.loudness_lufs,
        clips=len(timeline.clips),
        joints=dict(Counter(transition.kind for transition in timeline.transitions)),
        is_newest=is_newest,
        stars=stars,
        ratings=ratings,
    )


def _at_work(project_id: str, name: str, clips: dict[str, int], render: float | None) -> FilmAtWork:
    total, passed = sum(clips.values()), clips.get(ClipStatus.PASSED, 0)
    return FilmAtWork(
        project_id=project_id,
        project_name=name,
        passed=passed,
        clips=total,
        is_rendering=render is not None,
        progress=render if render is not None else passed / total if total else 0.0,
    )
