"""Project: the container of a brief, a script, a plan and its film, with the money and pace it may spend."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from orchestrator.schema.clip_plan import WORDS_PER_MINUTE_DEFAULT, WORDS_PER_MINUTE_MAX, WORDS_PER_MINUTE_MIN
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.timeline import Transition
from orchestrator.schema.value import Value


class OnFailed(StrEnum):
    """What a plan does about a clip that failed for good. WAIT: the others are finished, the film waits for it. HALT:
    the plan pauses itself and pays nothing new. SKIP: the film is made without it."""

    WAIT = "wait"
    HALT = "halt"
    SKIP = "skip"


class ProjectSettings(Value):
    """How a project's clips are made. Empty ``provider``/``model``/``size`` mean the configured defaults.

    ``budget_usd`` None means no ceiling was set; ``assessment`` None that takes are
    judged by this version's defaults. ``rehearsal`` names takes that are to go wrong, so that repairs can be seen; only
    a provider that makes clips on this machine heeds it. Settings that were stored with ``skip_failed`` mean
    ``on_failed`` ``skip`` by it.
    """

    provider: str = ""
    model: str = ""
    size: str = Field(default="", pattern=r"^(\d+x\d+)?$")
    words_per_minute: int = Field(default=WORDS_PER_MINUTE_DEFAULT, ge=WORDS_PER_MINUTE_MIN, le=WORDS_PER_MINUTE_MAX)
    seed: int = Field(default=0, ge=0, lt=2**31)
    budget_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    retry_policy: RetryPolicy = RetryPolicy()
    transition: Transition = Transition()
    on_failed: OnFailed = OnFailed.WAIT
    assessment: AssessmentPolicy | None = None
    # Left out where there is none: a film is found again by these words.
    rehearsal: str = Field(default="", max_length=200, exclude_if=lambda rehearsal: not rehearsal)

    @model_validator(mode="before")
    @classmethod
    def _know_skip_failed(cls, data: Any) -> Any:
        if not (isinstance(data, dict) and isinstance(data.get("skip_failed"), bool)):
            return data
        meant = OnFailed.SKIP if data["skip_failed"] else OnFailed.WAIT
        return {"on_failed": meant} | {name: value for name, value in data.items() if name != "skip_failed"}


class Project(Value):
    """A project as people see it in lists."""

    id: str
    name: str
    settings: ProjectSettings
