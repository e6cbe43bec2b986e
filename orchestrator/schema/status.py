"""The states things can be in, and the moves between them that are allowed."""

from __future__ import annotations

from enum import StrEnum


class PlanStatus(StrEnum):
    """State of a clip plan. INCOMPLETE: all clips settled, at least one has no accepted take."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"


class PauseCause(StrEnum):
    """Why a plan paused itself."""

    BUDGET = "budget_exceeded"
    FAILED_CLIP = "clip_failed"


class ClipStatus(StrEnum):
    """State of one clip. NEEDS_REVIEW waits for a person; PASSED and FAILED are settled."""

    PENDING = "pending"
    GENERATING = "generating"
    ASSESSING = "assessing"
    REPAIRING = "repairing"
    PASSED = "passed"
    NEEDS_REVIEW = "needs_review"
    FAILED = "failed"

    @property
    def is_settled(self) -> bool:
        return self in (ClipStatus.PASSED, ClipStatus.NEEDS_REVIEW, ClipStatus.FAILED)


class RunStatus(StrEnum):
    """State of one clip run (take). SETTLED runs carry their decision and never change again, save by a person."""

    CRAFTED = "crafted"
    GENERATING = "generating"
    GENERATED = "generated"
    ASSESSED = "assessed"
    SETTLED = "settled"


class RenderStatus(StrEnum):
    """State of a final render."""

    QUEUED = "queued"
    RENDERING = "rendering"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in (RenderStatus.DONE, RenderStatus.FAILED)


PLAN_MOVES: dict[PlanStatus, frozenset[PlanStatus]] = {
    PlanStatus.PLANNED: frozenset({PlanStatus.RUNNING, PlanStatus.CANCELLED}),
    PlanStatus.RUNNING: frozenset(
        {PlanStatus.PAUSED, PlanStatus.COMPLETED, PlanStatus.INCOMPLETE, PlanStatus.CANCELLED}
    ),
    PlanStatus.PAUSED: frozenset({PlanStatus.RUNNING, PlanStatus.INCOMPLETE, PlanStatus.CANCELLED}),
    PlanStatus.COMPLETED: frozenset({PlanStatus.RUNNING, PlanStatus.INCOMPLETE}),
    PlanStatus.INCOMPLETE: frozenset({PlanStatus.RUNNING, PlanStatus.COMPLETED}),
    PlanStatus.CANCELLED: frozenset({PlanStatus.RUNNING}),
}


def can_move(current: PlanStatus, target: PlanStatus) -> bool:
    """Whether a plan may go from ``current`` to ``target``."""
    return target in PLAN_MOVES[current]
