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


class RetryPolicy(Value):
    """How often a clip is tried; the first try counts. ``has_fallbacks`` False: at its own provider only."""

    max_attempts: int = Field(default=3, ge=1, le=10)
    has_fallbacks: bool = True


class RepairStrategy(StrEnum):
    """The PRD's three strategies, waiting to send the same again, and the two ways to stop."""

    RETRY = "retry"
    PROMPT_PATCH = "prompt_patch"
    REMIX = "remix"
    FALLBACK_PROVIDER = "fallback"
    NEEDS_HUMAN = "needs_human"
    GIVE_UP = "give_up"

    @property
    def is_retry(self) -> bool:
        return self not in (RepairStrategy.NEEDS_HUMAN, RepairStrategy.GIVE_UP)


class RepairInstruction(Value):
    """What to change for the next take, and why, in words a person understands.

    ``patch`` holds lines to add to the prompt; ``remix_text`` the whole remix prompt; ``provider`` the next provider.
    ``delay_seconds`` is how long to wait first (a provider asked for patience). ``is_unpaid``: the provider refused
    the request, so there was no take.
    """

    strategy: RepairStrategy
    reason: str
    patch: tuple[str, ...] = ()
    remix_text: str = ""
    provider: str = ""
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
    generation_id: str = ""
    asset_id: str = ""
    error_code: str = ""
    error_message: str = ""
    cost_usd: float = 0.0
    assessment: Assessment | None = None
    repair: RepairInstruction | None = None
