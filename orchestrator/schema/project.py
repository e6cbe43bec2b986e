"""Project: the container of a brief, a script, a plan and its film, with the money and pace it may spend."""

from __future__ import annotations

from pydantic import Field

from orchestrator.schema.clip_plan import WORDS_PER_MINUTE_DEFAULT, WORDS_PER_MINUTE_MAX, WORDS_PER_MINUTE_MIN
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.timeline import Transition
from orchestrator.schema.value import Value


class ProjectSettings(Value):
    """How a project's clips are made. Empty ``provider``/``model``/``size`` mean the configured defaults.

    ``budget_usd`` None means no ceiling was set. ``skip_failed`` renders without clips that could not be made;
    otherwise the film waits for them.
    """

    provider: str = ""
    model: str = ""
    size: str = Field(default="", pattern=r"^(\d+x\d+)?$")
    words_per_minute: int = Field(default=WORDS_PER_MINUTE_DEFAULT, ge=WORDS_PER_MINUTE_MIN, le=WORDS_PER_MINUTE_MAX)
    seed: int = Field(default=0, ge=0, lt=2**31)
    budget_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    retry_policy: RetryPolicy = RetryPolicy()
    transition: Transition = Transition()
    skip_failed: bool = False


class Project(Value):
    """A project as people see it in lists."""

    id: str
    name: str
    settings: ProjectSettings
