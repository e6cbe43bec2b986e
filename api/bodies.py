"""What the routes accept, and the few answers that are not views. Unknown fields are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from api.dependencies import ID_PATTERN, BodyId
from orchestrator.schema.assessment import CheckStatus
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import MAX_SPEED, MIN_SPEED
from orchestrator.schema.edits import EditHistory
from orchestrator.schema.member import MailState, Person, Role
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.single import VARIATIONS_MAX
from orchestrator.schema.timeline import Transition
from orchestrator.schema.value import Value
from orchestrator.schema.view import PlanView, TakeView
from orchestrator.schema.workspace import WorkspaceSettings

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


class RenameProject(Body):
    name: str = Field(min_length=1, max_length=120)


class ArchiveProject(Body):
    is_archived: bool


class EraseProject(Body):
    """``name`` is the project's, as a sign that this one is meant."""

    name: str = Field(max_length=120)


class InvitePerson(Body):
    email: Annotated[str, StringConstraints(max_length=254)]
    role: Role


class RateRender(Body):
    """``by`` is whose word it is; empty means the name this installation goes by."""

    stars: int = Field(ge=1, le=5)
    comment: str = Field(default="", max_length=2_000)
    by: Name = ""


class CreateBrief(Body):
    project_id: BodyId
    brief: ContentBrief


class CreateClipPlan(Body):
    """``brief`` None means the newest brief of the project."""

    project_id: BodyId
    script: str = Field(max_length=100_000)
    brief: ContentBrief | None = None


class EditClip(Body):
    """What is left out stays as it is; a clip with other words lasts as long as those take, unless ``seconds`` says.
    ``prompt`` is sent as it stands; empty is the plan's again, as are an empty ``provider`` and ``model``."""

    text: str | None = Field(default=None, max_length=2_000)
    visual_intent: str | None = Field(default=None, max_length=2_000)
    acceptance: tuple[str, ...] | None = Field(default=None, max_length=8)
    seconds: int | None = Field(default=None, gt=0, le=300)
    prompt: str | None = Field(default=None, max_length=8_000)
    provider: Name | None = None
    model: Name | None = None
    speaker: Name | None = None
    by: Name = ""


class OrderClips(Body):
    """Every clip of the plan, once, in the order they play."""

    clip_ids: tuple[BodyId, ...] = Field(max_length=300)


class ArrangedScene(Body):
    scene_id: BodyId
    clip_ids: tuple[BodyId, ...] = Field(max_length=300)


class ArrangeClips(Body):
    """Every clip of the plan, once, in its scene and in the order they play."""

    scenes: tuple[ArrangedScene, ...] = Field(max_length=300)
    by: Name = ""


class ChooseClips(Body):
    clip_ids: tuple[BodyId, ...] = Field(min_length=1, max_length=300)
    by: Name = ""


class SplitClip(Body):
    """``at_word`` is how many words the first of the two clips keeps."""

    at_word: int = Field(gt=0, le=2_000)
    by: Name = ""


class NameScene(Body):
    title: Name = Field(min_length=1)
    by: Name = ""


class ChooseTransition(Body):
    transition: Transition
    by: Name = ""


class OwnTransition(Body):
    """``transition`` None is the plan's."""

    transition: Transition | None
    by: Name = ""


class RetimeTake(Body):
    """What stands between two times of a take, in seconds, ``speed`` times as fast."""

    start_seconds: float = Field(ge=0, allow_inf_nan=False)
    end_seconds: float = Field(gt=0, allow_inf_nan=False)
    speed: float = Field(default=1.0, ge=MIN_SPEED, le=MAX_SPEED)


class UndoEdit(Body):
    """With ``edit_id`` only that change is meant: when it is not the next one, nothing happens."""

    edit_id: str = Field(default="", pattern=rf"{ID_PATTERN}|^$")
    by: Name = ""


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


class TakeBack(Body):
    """``by`` is who takes it back; empty means the name this installation goes by."""

    by: Name = ""


class CorrectCheck(DecideTake):
    status: CheckStatus


class SetPolicy(Body):
    """``policy`` None means the defaults."""

    policy: AssessmentPolicy | None


class SaveWorkspace(Body):
    """What is left out is not set here any more."""

    settings: WorkspaceSettings


class TryPolicy(Body):
    policy: AssessmentPolicy


class GenerateVideo(Body):
    """Empty ``provider``, ``model`` and ``size`` and ``seconds`` 0 mean the configured defaults.
    ``line`` is the text to be spoken, ``reference`` the id of a picture the clip starts from; ``variations`` takes are
    made of it at once, each a video of its own."""

    prompt: Prompt
    provider: Name = ""
    model: Name = ""
    seconds: int = Field(default=0, ge=0, le=300)
    size: str = Field(default="", pattern=r"^(\d{1,5}x\d{1,5})?$")
    line: str = Field(default="", max_length=2_000)
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    reference: BodyId | None = None
    variations: int = Field(default=1, ge=1, le=VARIATIONS_MAX)


class PreferTake(Body):
    """Which of two takes of one wish is better. ``is_blind``: it was said without knowing which was which."""

    chosen_run_id: BodyId
    other_run_id: BodyId
    is_blind: bool = False
    by: Name = ""


class AddToStoryboard(Body):
    """Where a copy of the video's newest take goes: the end of that scene, or of the last one when it is left out."""

    project_id: BodyId
    scene_id: BodyId | None = None


class RemixVideo(Body):
    """``video_id`` is the id of the video to change; ``prompt`` says what to change."""

    video_id: BodyId
    prompt: Prompt


class OptimizePrompt(Body):
    prompt: Prompt
    provider: Name = ""


class GrabPicture(Body):
    """``at_seconds`` None is the take's last frame before it fades out."""

    take_id: BodyId
    at_seconds: float | None = Field(default=None, ge=0, le=3600, allow_inf_nan=False)


class SetPicture(Body):
    """An empty ``picture_id`` takes the clip's own picture away."""

    picture_id: Annotated[str, StringConstraints(pattern=rf"{ID_PATTERN}|^$")]
    by: Name = ""


# --- answers ---


class LeftProject(Value):
    """Its ``id``; whoever asked does not see it any more."""

    id: str


class InvitedPerson(Value):
    """``people`` of the project, and what became of the ``mail`` to the one who was invited."""

    people: list[Person]
    mail: MailState = Field(
        description=(
            "`sent`; `has_account`: they have an account, and no mail is sent to those; `failed`: it was not sent, "
            "and may be tried again after a minute; `none`: they have joined already, or none are sent from here. "
            "The invitation stands in every case."
        )
    )


class TakenUp(Value):
    """How many ``projects`` were joined anew."""

    projects: int


class ErasedProject(Value):
    """The id of a project that is gone."""

    id: str


class StoredPicture(Value):
    """A picture that was kept; ``url`` shows it."""

    id: str
    url: str


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


class AddedClip(Value):
    """A clip that came to be, in the plan as it is now."""

    clip_id: str
    plan: PlanView


class AddedScene(Value):
    scene_id: str


class UndoneEdit(Value):
    """What was undone or done again, empty when nothing was, and what can be now."""

    label: str
    history: EditHistory


class GatheredClip(Value):
    """The clip of a film that shows a copy of a take."""

    project_id: str
    clip_id: str
