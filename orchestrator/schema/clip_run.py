"""ClipRun: one attempt at a clip ("take" on screen), and the repair that may follow it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from orchestrator.schema.assessment import Assessment
from orchestrator.schema.status import RunStatus
from orchestrator.schema.value import Value

# Error codes of takes that ended before they were made: no attempt at the clip, and nothing follows from them.
ABANDONED, CANCELLED = "abandoned", "cancelled"
TAKEN_BACK = frozenset((ABANDONED, CANCELLED))
# How much slower or faster than it was made a take can be played.
MIN_SPEED, MAX_SPEED = 0.5, 2.0


class RetryPolicy(Value):
    """How often a clip is tried; the first try counts. ``has_fallbacks`` False: at its own provider only."""

    max_attempts: int = Field(default=3, ge=1, le=10)
    has_fallbacks: bool = True


class RepairStrategy(StrEnum):
    """The PRD's three strategies, waiting to send the same again, two edits of the take itself, and the two ways to
    stop."""

    RETRY = "retry"
    PROMPT_PATCH = "prompt_patch"
    REMIX = "remix"
    FALLBACK_PROVIDER = "fallback"
    TRIM = "trim"
    RETIME = "retime"
    NEEDS_HUMAN = "needs_human"
    GIVE_UP = "give_up"

    @property
    def is_edit(self) -> bool:
        """Whether the next take is cut from this one: no provider is asked, and it counts as no attempt."""
        return self in (RepairStrategy.TRIM, RepairStrategy.RETIME)

    @property
    def is_retry(self) -> bool:
        return self not in (RepairStrategy.NEEDS_HUMAN, RepairStrategy.GIVE_UP)


class Edit(Value):
    """A take made from another one: what stands between the two times of it, ``speed`` times as fast at the same
    pitch. ``seconds`` is how long that is. ``is_by_hand``: a person asked for it, not repair."""

    start_seconds: float = Field(ge=0)
    end_seconds: float = Field(gt=0)
    speed: float = Field(default=1.0, ge=MIN_SPEED, le=MAX_SPEED)
    is_by_hand: bool = Field(default=False, exclude_if=lambda is_by_hand: not is_by_hand)

    @property
    def seconds(self) -> float:
        return (self.end_seconds - self.start_seconds) / self.speed


class RepairInstruction(Value):
    """What to change for the next take, and why, in words a person understands.

    ``patch`` holds lines to add to the prompt; ``remix_text`` the whole remix prompt; ``provider`` the next provider;
    ``edit`` what to make of this take. ``rewording``: words of the picture's description and what stands for them from
    now on. ``delay_seconds`` is how long to wait first (a provider asked for patience). ``is_unpaid``: the provider
    refused the request, so there was no take.
    """

    strategy: RepairStrategy
    reason: str
    patch: tuple[str, ...] = ()
    remix_text: str = ""
    provider: str = ""
    edit: Edit | None = None
    rewording: tuple[tuple[str, str], ...] = ()
    delay_seconds: float = Field(default=0.0, ge=0)
    is_unpaid: bool = False


class ClipRun(Value):
    """One attempt at a clip, frozen with everything it was asked with."""

    id: str
    clip_id: str
    attempt: int = Field(ge=1)
    status: RunStatus
    provider: str
    model: str
    endpoint: str = ""
    prompt: str
    line: str = ""
    seconds: int
    size: str
    seed: int | None = None
    patches: tuple[str, ...] = ()
    source_generation_id: str = ""
    source_run_id: str = ""
    edit: Edit | None = None
    generation_id: str = ""
    asset_id: str = ""
    error_code: str = ""
    error_message: str = ""
    cost_usd: float = 0.0
    assessment: Assessment | None = None
    repair: RepairInstruction | None = None
