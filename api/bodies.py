"""What the routes accept, and the few answers that are not views. Unknown fields are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from api.dependencies import BodyId
from orchestrator.schema.assessment import CheckStatus
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.timeline import Transition
from orchestrator.schema.value import Value
from orchestrator.schema.view import TakeView

Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8_000)]
Name = Annotated[str, StringConstraints(max_length=120)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]


# --- requests ---


class Body(Value):
    """A request. Null characters are refused wherever they stand, because Postgres cannot store them in text."""

    @model_validator(mode="before")
    @classmethod
    def _has_no_null_character(cls, data: object) -> object:
        waiting = [data]
        while waiting:
            match waiting.pop():
                case str() as text if "\0" in text:
                    raise ValueError("text must not contain null characters")
                case dict() as fields:
                    waiting.extend(fields.values())
                case list() as items:
                    waiting.extend(items)
        return data


class CreateProject(Body):
    name: str = Field(default="", max_length=120)
    settings: ProjectSettings | None = None


class CreateBrief(Body):
    project_id: BodyId
    brief: ContentBrief


class CreateClipPlan(Body):
    """``brief`` None means the newest brief of the project."""

    project_id: BodyId
    script: str = Field(max_length=100_000)
    brief: ContentBrief | None = None


class EditClip(Body):
    """What is left out stays as it is; a clip with other words lasts as long as those take, unless ``seconds`` says."""

    text: str | None = Field(default=None, max_length=2_000)
    visual_intent: str | None = Field(default=None, max_length=2_000)
    acceptance: tuple[str, ...] | None = Field(default=None, max_length=8)
    seconds: int | None = Field(default=None, gt=0, le=300)


class OrderClips(Body):
    """Every clip of the plan, once, in the order they play."""

    clip_ids: tuple[BodyId, ...] = Field(max_length=300)


class SetBudget(Body):
    """``budget_usd`` None is no limit."""

    budget_usd: float | None = Field(ge=0, allow_inf_nan=False)


class StartRender(Body):
    """``transition`` None means the one of the project's settings. ``has_slates`` asks for a partial film, at any time:
    a slate stands for every clip that has no accepted take."""

    clip_plan_id: BodyId
    transition: Transition | None = None
    has_slates: bool = False


class DecideTake(Body):
    """``by`` is who decides; empty means the name this installation goes by."""

    reason: Reason
    by: Name = ""


class CorrectCheck(DecideTake):
    status: CheckStatus


class SetPolicy(Body):
    """``policy`` None means the defaults."""

    policy: AssessmentPolicy | None


class TryPolicy(Body):
    policy: AssessmentPolicy


class GenerateVideo(Body):
    """Empty ``provider``, ``model`` and ``size`` and ``seconds`` 0 mean the configured defaults.
    ``line`` is the text to be spoken."""

    prompt: Prompt
    provider: Name = ""
    model: Name = ""
    seconds: int = Field(default=0, ge=0, le=300)
    size: str = Field(default="", pattern=r"^(\d{1,5}x\d{1,5})?$")
    line: str = Field(default="", max_length=2_000)
    seed: int | None = Field(default=None, ge=0, lt=2**31)


class RemixVideo(Body):
    """``video_id`` is the id of the video to change; ``prompt`` says what to change."""

    video_id: BodyId
    prompt: Prompt


class OptimizePrompt(Body):
    prompt: Prompt
    provider: Name = ""


# --- answers ---


class StoredBrief(Value):
    id: str
    project_id: str
    brief: ContentBrief


class ClipTakes(Value):
    """A clip with all its takes so far."""

    clip_id: str
    takes: tuple[TakeView, ...]


class OptimizedPrompt(Value):
    prompt: str
