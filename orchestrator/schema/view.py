"""Reads shaped for screens and status routes. All money in US dollars, all times in seconds, all urls relative."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from orchestrator.schema.assessment import CheckName, CheckResult, Verdict
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import Edit
from orchestrator.schema.paging import Paged
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.script import ScriptFormat
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus, RenderStatus, RunStatus
from orchestrator.schema.timeline import Transition
from orchestrator.schema.value import Value


class CostEstimate(Value):
    """What making clips will cost, in US dollars: ``low`` if every first take passes, ``likely`` with as many takes a
    clip as ``takes_per_clip``, ``high`` if every clip needs all its attempts. ``is_from_history``: the takes were
    counted in this workspace, not guessed."""

    low_usd: float
    likely_usd: float
    high_usd: float
    takes_per_clip: float
    is_from_history: bool


class PhaseName(StrEnum):
    """What a take goes through, in this order."""

    QUEUED = "queued"
    SENT = "sent"
    WAITING = "waiting"
    DOWNLOADING = "downloading"
    ASSESSING = "assessing"


class Phase(Value):
    """A stretch of a take's life: ``queued`` for a place at the provider, ``sent`` until the provider took the request,
    ``waiting`` for the generation, ``downloading`` (with narrating and storing), ``assessing``. Time in which nothing
    was at work counts too. ``is_open``: it still goes on, ``seconds`` so far. What the request cost stands with
    ``sent``, what looking at the take did with ``assessing``."""

    name: PhaseName
    started_at: datetime
    seconds: float
    is_open: bool = False
    cost_usd: float = 0.0


class DecisionView(Value):
    """What a person decided about a take, or about one ``check`` of it (empty: about the whole). ``old`` and ``new``
    are a check's states, else the clip's state before and ``approved``, ``rejected`` or ``adopted``."""

    at: datetime
    by: str
    check: str = ""
    old: str
    new: str
    reason: str


class TakeView(Value):
    """One clip run with its evidence; ``position`` is its clip's place in the film.

    ``video_url`` and ``poster_url`` are empty until the take is stored. ``is_newest``: no later take of its clip was
    asked for. ``is_active``: the clip is being worked on and this is its newest take, so more may come of it.
    ``is_held``: that goes on only when its plan does, which was paused or cancelled. ``reason`` says of the newest take
    why its clip waits or failed. A newest take that is neither active nor held nor settled was cut off: a retry of its
    clip goes on with it.

    ``decisions`` are in the order they were made. ``prompt_diff`` is the prompt held against that of the take before:
    (``same`` | ``added`` | ``removed``, text), empty for the first. ``is_best``: none of its clip is worth more, and
    ``best_reason`` says what it has over the next one. ``edit``: this take was cut from take ``source_attempt``,
    and nothing was asked of a provider for it. ``reference_url`` is the picture it started from."""

    run_id: str
    clip_id: str
    clip_plan_id: str = ""
    project_id: str
    project_name: str
    position: int
    attempt: int
    status: RunStatus
    status_text: str
    progress: float | None = None
    verdict: Verdict | None = None
    score: float | None = None
    weight_run: float = 0.0
    checks: dict[CheckName, CheckResult] = Field(default_factory=dict)
    vetoes: tuple[str, ...] = ()
    summary: str = ""
    provider: str
    model: str
    prompt: str
    line: str = ""
    seconds: int
    size: str
    cost_usd: float = 0.0
    video_url: str = ""
    poster_url: str = ""
    download_url: str = ""
    is_cost_final: bool = False
    narration: str = ""
    error_code: str = ""
    error_message: str = ""
    repair_strategy: str = ""
    repair_reason: str = ""
    override: str = ""
    override_reason: str = ""
    decisions: tuple[DecisionView, ...] = ()
    prompt_diff: tuple[tuple[str, str], ...] = ()
    is_best: bool = False
    best_reason: str = ""
    edit: Edit | None = None
    source_attempt: int | None = None
    reference_url: str = ""
    is_accepted: bool = False
    is_newest: bool = False
    is_active: bool = False
    is_held: bool = False
    reason: str = ""
    phases: tuple[Phase, ...] = ()
    created_at: datetime


class ClipView(Value):
    """One clip with what is known of it; ``reason`` says in words why it failed or needs a person. ``is_editable``: no
    take of it is being made or accepted, so that its words can be changed. ``own_prompt`` and ``own_provider`` are what
    a person gave it instead of the plan's; ``transition`` is the one to the next clip, its own if
    ``has_own_transition``. ``animatic_url`` is its free preview, ``reference_url`` the picture it starts from."""

    id: str
    position: int
    scene_id: str = ""
    scene_position: int
    scene_title: str
    speaker: str = ""
    text: str
    words: int
    seconds: int
    visual_intent: str
    acceptance: tuple[str, ...]
    status: ClipStatus
    status_text: str
    progress: float | None = None
    score: float | None = None
    attempts: int = 0
    max_attempts: int
    provider: str = ""
    verdict: Verdict | None = None
    cost_usd: float = 0.0
    video_url: str = ""
    poster_url: str = ""
    reason: str = ""
    is_editable: bool = False
    own_prompt: str = ""
    own_provider: str = ""
    own_model: str = ""
    transition: Transition = Transition()
    has_own_transition: bool = False
    animatic_url: str = ""
    reference_url: str = ""


class RenderView(Value):
    """A film that was made or is being made. ``is_partial``: it has a slate for each of ``missing_clips`` clips that
    had no accepted take. ``is_current``: it is of what the storyboard would use now."""

    id: str
    clip_plan_id: str
    status: RenderStatus
    progress: float
    transition: str
    duration_seconds: float | None = None
    video_url: str = ""
    download_url: str = ""
    poster_url: str = ""
    frames_copied: int = 0
    frames_encoded: int = 0
    error: str = ""
    is_partial: bool = False
    missing_clips: int = 0
    is_current: bool = True
    created_at: datetime


class MissingClip(Value):
    """A clip the film has to do without: it is settled and has no accepted take. ``position`` is its present place."""

    position: int
    reason: str


class SceneView(Value):
    """A scene of a plan, with clips or without; ``position`` is its place among the plan's scenes."""

    id: str
    position: int
    title: str


class PlanView(Value):
    """Everything the storyboard shows of a plan. ``progress`` is 0..1 over all clips and the render;
    ``eta_seconds`` is None when nothing is running or nothing is known yet. ``message`` is the state in one line.
    ``cost_usd`` is what this plan cost, ``spent_usd`` what its whole project did, which the budget bounds; ``reason``
    and ``pause_cause`` say why it was paused when nobody paused it. ``missing`` are the clips a film made now would
    lack. ``estimate`` is for the clips that are not settled, None when there are none. ``render`` is the newest film,
    ``partial`` the newest partial one unless the film is newer. ``version``
    counts what people changed in the project."""

    id: str
    project_id: str
    project_name: str
    version: int = 0
    status: PlanStatus
    is_active: bool
    clips: tuple[ClipView, ...]
    scenes: tuple[SceneView, ...] = ()
    total_seconds: int
    spoken_words: int
    words_per_minute: int
    passed: int
    failed: int
    needs_review: int
    progress: float
    eta_seconds: float | None = None
    cost_usd: float
    budget_usd: float | None = None
    spent_usd: float = 0.0
    reason: str = ""
    pause_cause: PauseCause | None = None
    missing: tuple[MissingClip, ...] = ()
    estimate: CostEstimate | None = None
    creates: int = 0
    render: RenderView | None = None
    partial: RenderView | None = None
    message: str


class ProjectView(Value):
    id: str
    name: str
    clip_plan_id: str = ""
    plan_status: PlanStatus | None = None
    clips_total: int = 0
    clips_passed: int = 0
    needs_review: int = 0
    cost_usd: float = 0.0
    film_url: str = ""
    poster_url: str = ""
    created_at: datetime
    updated_at: datetime


class ProjectDetail(Value):
    """A project opened for editing: the newest brief, script and plan. ``is_deleted``: it is in the bin. ``version``
    counts what people changed in it."""

    id: str
    name: str
    settings: ProjectSettings
    brief: ContentBrief
    script: str
    clip_plan_id: str = ""
    is_deleted: bool = False
    version: int = 0


class ScriptMeasure(Value):
    """What a script needs while it is being typed. ``problem`` is empty when it can be planned; ``clip_seconds`` are
    the lengths its clips would have."""

    words: int
    seconds: int
    clips: int
    clip_seconds: tuple[int, ...] = ()
    format: ScriptFormat = ScriptFormat.PROSE
    max_seconds: int
    problem: str = ""


class ProviderView(Value):
    """One provider as offered on screen. ``missing`` names the settings it lacks, one entry per way to set it up, and
    ``problem`` says why its settings cannot be used; both are empty when it can be. ``models`` is led by the default
    one, whose facts these are. A test clip lasts ``test_seconds`` and costs ``test_cost_usd``."""

    name: str
    title: str
    models: tuple[str, ...]
    durations_seconds: tuple[int, ...]
    sizes: tuple[str, ...]
    prompt_limit_characters: int
    prompt_unit: str = "characters"
    cost_usd_per_second: dict[str, float]
    is_free: bool
    is_default: bool
    supports_remix: bool
    supports_reference: bool
    needs_reference: bool = False
    supports_reconcile: bool = False
    audio: str = ""
    endpoint: str = ""
    retired_on: datetime | None = None
    is_retired: bool = False
    test_seconds: int = 0
    test_cost_usd: float = 0.0
    missing: tuple[str, ...] = ()
    problem: str = ""


class CallView(Value):
    """One line of the ledger. ``state``: ``intent`` (being sent, or its outcome is not known yet), ``accepted``,
    ``refused`` (cost nothing) or ``needs_decision``; of a look at a take ``answered`` or ``failed``. ``cost_usd`` is
    the provider's own figure once it has told one; until then it is ``estimated_usd``."""

    run_id: str
    provider: str
    model: str
    state: str
    cost_usd: float
    estimated_usd: float | None = None
    is_finished: bool = False
    is_adopted: bool = False
    message: str = ""
    sent_at: datetime


class LedgerPage(Paged):
    """Lines of the ledger, newest first."""

    calls: tuple[CallView, ...]


class SpendingView(Value):
    """What one provider was asked for and cost, or ``Vision`` for looking at takes. ``takes`` (or looks) may all have
    been paid; ``open_usd`` is the part of ``cost_usd`` that is still an estimate; ``refused`` requests cost nothing."""

    provider: str
    takes: int
    refused: int
    cost_usd: float
    open_usd: float


class DoctorItem(Value):
    """One line of ``doctor``: ``state`` is ``ok``, ``missing`` or ``broken``; ``consequence``: what that turns off."""

    name: str
    state: str
    detail: str
    consequence: str = ""
