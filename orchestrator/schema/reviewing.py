"""Reads of what waits for a person and of everything that was assessed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from orchestrator.schema.assessment import CheckName, Verdict
from orchestrator.schema.paging import Paged
from orchestrator.schema.value import Value


class NeedKind(StrEnum):
    """Why a clip needs a person. REVIEW: the checks cannot decide. LOST: the answer to a paid request was lost. FAILED:
    all attempts were in vain, or nothing more is tried."""

    REVIEW = "review"
    LOST = "lost"
    FAILED = "failed"


class NeedView(Value):
    """A clip that waits. ``run_id`` is the take that is asked about, empty where none was ever made; ``why`` is in
    words, ``since`` when the clip came to a stand; ``is_single``: it belongs to no film."""

    kind: NeedKind
    clip_id: str
    run_id: str = ""
    clip_plan_id: str
    project_id: str
    project_name: str
    is_single: bool = False
    position: int
    attempt: int = 0
    line: str
    why: str
    seconds: int
    score: float | None = None
    poster_url: str = ""
    since: datetime


class NeedsView(Value):
    """``items`` are the longest waiting of those asked for, ``total`` how many of those there are. ``counts`` and
    ``projects`` (id, name) are over all that waits."""

    items: tuple[NeedView, ...]
    total: int
    counts: dict[NeedKind, int]
    projects: tuple[tuple[str, str], ...] = ()


class LastDecision(Value):
    """The newest decision that stands: ``run_id`` of its take, what was decided in the values of ``DecisionView``."""

    id: str
    run_id: str
    clip_position: int
    check: str = ""
    new: str
    reason: str
    by: str
    at: datetime


class AssessmentOrder(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    WORST = "worst"
    BEST = "best"
    DEAREST = "dearest"


class AssessmentFilter(Value):
    """Which assessed takes are meant; what is left out leaves all in. ``verdict`` is with what people corrected,
    ``failed_check`` as it was measured. ``is_overridden``: a person's decision on it stands. ``days``: of the last so
    many."""

    project_id: str = ""
    provider: str = ""
    verdict: Verdict | None = None
    failed_check: CheckName | None = None
    is_overridden: bool | None = None
    days: int | None = Field(default=None, ge=1, le=3650)


class AssessedTake(Value):
    """One assessed take in a list. ``verdict`` is with what people corrected (``is_corrected``); ``decision`` is what a
    person said last about the whole take, else empty. ``attempts`` are those its clip had so far; ``is_single``: the
    clip belongs to no film."""

    run_id: str
    clip_id: str
    project_id: str
    project_name: str
    is_single: bool = False
    position: int
    attempt: int
    attempts: int
    line: str
    verdict: Verdict
    is_corrected: bool = False
    decision: str = ""
    score: float | None = None
    failed_checks: tuple[CheckName, ...] = ()
    is_accepted: bool = False
    provider: str
    model: str
    seconds: int
    cost_usd: float = 0.0
    poster_url: str = ""
    assessed_at: datetime


class AssessmentPage(Paged):
    """``takes`` of ``total`` that fit the filter, or of more than that (``has_more_than_total``), for no more than a
    thousand are counted. ``projects`` (id, name) and ``providers`` are all that have assessed takes."""

    takes: tuple[AssessedTake, ...]
    total: int
    has_more_than_total: bool = False
    projects: tuple[tuple[str, str], ...] = ()
    providers: tuple[str, ...] = ()
