"""Projects and films as they are listed, to be found and put in order."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from orchestrator.schema.member import Role
from orchestrator.schema.paging import Paged
from orchestrator.schema.status import RenderStatus
from orchestrator.schema.timeline import TransitionKind
from orchestrator.schema.value import Value
from orchestrator.schema.view import ProjectView, RenderView


class ProjectState(StrEnum):
    """Where a project is kept: in sight, put away, or in the bin."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DELETED = "deleted"


class ListedProject(ProjectView):
    """A project in a list. ``clips_failed`` and ``clips_under_way`` are of its newest plan, ``total_seconds`` is what
    that is planned to last. ``render`` is what its newest film is at, None before the first. ``put_away_at``: when it
    was archived or deleted. ``role`` is what whoever asks is in it, ``shared_by`` the e-mail of its owner where that is
    somebody else."""

    state: ProjectState = ProjectState.ACTIVE
    clips_failed: int = 0
    clips_under_way: int = 0
    total_seconds: int = 0
    render: RenderStatus | None = None
    put_away_at: datetime | None = None
    role: Role = Role.OWNER
    shared_by: str = ""


class Library(Paged):
    """One page of the projects that were asked for, of ``total``; ``counts`` says how many the search finds in each
    state."""

    projects: tuple[ListedProject, ...]
    total: int
    counts: dict[ProjectState, int]


class ProjectName(Value):
    """A project as a picker needs it."""

    id: str
    name: str
    updated_at: datetime


class PutAway(Value):
    """A project that was just archived or deleted. ``clips_under_way``: so many of its takes are still being made,
    because they are paid."""

    project_id: str
    name: str
    state: ProjectState
    at: datetime
    clips_under_way: int = 0


class RatingView(Value):
    """How content one person is with a film, 1 to 5."""

    stars: int
    comment: str = ""
    by: str
    at: datetime


class FilmView(RenderView):
    """A finished film with what is known of its file. ``joints`` counts the transitions by kind. ``is_newest``: its
    plan has no later film of its kind, whole or partial. ``stars`` is the mean of ``ratings`` ratings.
    ``loudness_lufs`` is None for a silent film, and for those made before it was kept."""

    project_id: str
    project_name: str
    size_bytes: int = 0
    width: int | None = None
    height: int | None = None
    loudness_lufs: float | None = None
    clips: int = 0
    joints: dict[TransitionKind, int]
    is_newest: bool = False
    stars: float | None = None
    ratings: int = 0


class Films(Paged):
    """One page of the films, newest first, of ``total``."""

    films: tuple[FilmView, ...]
    total: int


class FilmAtWork(Value):
    """A film that is being made: its clips, or the MP4 of them if ``is_rendering``. ``progress`` is 0..1."""

    project_id: str
    project_name: str
    progress: float
    passed: int
    clips: int
    is_rendering: bool


class AtWork(Value):
    """What goes on, in a few numbers: takes that wait for a person, and what is being made now."""

    waiting: int
    singles: int
    films: tuple[FilmAtWork, ...]
