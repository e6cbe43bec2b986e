"""All tables: the PRD's twelve, the ledger of provider calls, who works together and what people overrode.

The same models serve SQLite (embedded default) and Postgres. Ids are UUIDs written as text; times are UTC; money is
in US dollars; everything that a restart needs stands here and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from orchestrator.db.columns import Base, Id, Json, Touched
from orchestrator.db.columns import new_id as new_id
from orchestrator.db.columns import parent as _parent
from orchestrator.db.columns import utc_now as utc_now
from orchestrator.db.process_models import ExecutorRow as ExecutorRow
from orchestrator.db.process_models import TurnRow as TurnRow
from orchestrator.db.process_models import WaitRow as WaitRow
from orchestrator.db.sign_in_models import SignInRow as SignInRow

# Owns every project that was made while nobody signed in.
LOCAL_OWNER = "00000000-0000-0000-0000-000000000000"
# What takes are sorted by, worst and best first, and how indexes say it: without a score they come last.
WORST, BEST = (literal_column(f"coalesce(score, {last})", Float) for last in (2, -1))
_NOBODY = LOCAL_OWNER.replace("-", "")  # as SQLite keeps it; Postgres reads both


class ProjectRow(Touched, Base):
    """``request_key`` identifies a film asked for on the command line, so that the same words resume it. An archived or
    deleted project is out of sight and keeps everything it has. ``owner_id`` is who made it: ``LOCAL_OWNER`` where
    nobody signs in. ``version`` counts what people changed in it."""

    __tablename__ = "video_projects"
    __table_args__ = (CheckConstraint("kind in ('film', 'single')", name="kind_known"),)

    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(10), default="film")
    owner_id: Mapped[str] = mapped_column(Id, default=LOCAL_OWNER, server_default=_NOBODY, index=True)
    settings: Mapped[dict[str, Any]]
    request_key: Mapped[str | None] = mapped_column(String(64), index=True)
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    archived_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class MemberRow(Base):
    """Somebody who was invited to a project by e-mail. ``user_id`` is None until the invited one has signed in;
    ``invited_by_email`` is the address of who invited them, for people to read."""

    __tablename__ = "project_members"
    __table_args__ = (
        UniqueConstraint("project_id", "email"),
        UniqueConstraint("project_id", "user_id"),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
        CheckConstraint("role in ('creator', 'reviewer', 'viewer')", name="role_known"),
    )

    project_id: Mapped[str] = _parent("video_projects")
    email: Mapped[str] = mapped_column(index=True)
    user_id: Mapped[str | None] = mapped_column(Id, index=True)
    role: Mapped[str] = mapped_column(String(10))
    invited_by: Mapped[str] = mapped_column(Id)
    invited_by_email: Mapped[str] = mapped_column(default="", server_default="")


class StyleBibleRow(Base):
    __tablename__ = "style_bibles"

    project_id: Mapped[str] = _parent("video_projects")
    name: Mapped[str]
    body: Mapped[dict[str, Any]]


class BriefRow(Base):
    __tablename__ = "content_briefs"

    project_id: Mapped[str] = _parent("video_projects")
    style_bible_id: Mapped[str] = _parent("style_bibles")
    title: Mapped[str] = mapped_column(default="")
    objective: Mapped[str] = mapped_column(default="")
    audience: Mapped[str] = mapped_column(default="")
    tone: Mapped[str] = mapped_column(default="")
    call_to_action: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(String(3), default="en")

    style: Mapped[StyleBibleRow] = relationship(lazy="joined")
    characters: Mapped[list[CharacterBibleRow]] = relationship(
        lazy="selectin", order_by="CharacterBibleRow.position", passive_deletes="all"
    )


class CharacterBibleRow(Base):
    __tablename__ = "character_bibles"

    project_id: Mapped[str] = _parent("video_projects")
    content_brief_id: Mapped[str] = _parent("content_briefs")
    position: Mapped[int]
    name: Mapped[str]
    body: Mapped[dict[str, Any]]


class ScriptRow(Base):
    __tablename__ = "scripts"

    project_id: Mapped[str] = _parent("video_projects")
    text: Mapped[str]


class PlanRow(Touched, Base):
    """``settings`` are the project's, frozen when the plan was made. ``request_key`` names the request for a single
    clip, so that the same request twice is one clip. ``is_parked``: no plan flow is at work on it;
    ``flow_generation`` numbers those flows, so that the same start twice is one flow. ``reason`` and ``pause_cause``
    say why the plan was paused when nobody paused it. ``finished_at`` is also when it was cancelled."""

    __tablename__ = "clip_plans"
    __table_args__ = (
        CheckConstraint("total_seconds between 1 and 300", name="total_seconds_in_range"),
        CheckConstraint("words_per_minute between 90 and 200", name="words_per_minute_in_range"),
        CheckConstraint("max_attempts between 1 and 10", name="max_attempts_in_range"),
    )

    project_id: Mapped[str] = _parent("video_projects")
    content_brief_id: Mapped[str] = _parent("content_briefs")
    script_id: Mapped[str] = _parent("scripts")
    status: Mapped[str] = mapped_column(String(20), index=True)
    settings: Mapped[dict[str, Any]]
    plan: Mapped[dict[str, Any]]
    words_per_minute: Mapped[int]
    max_attempts: Mapped[int]
    total_seconds: Mapped[int]
    spoken_words: Mapped[int]
    request_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    flow_generation: Mapped[int] = mapped_column(default=0)
    is_parked: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str] = mapped_column(default="")
    pause_cause: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    project: Mapped[ProjectRow] = relationship(lazy="joined")
    brief: Mapped[BriefRow] = relationship()
    script: Mapped[ScriptRow] = relationship()
    clips: Mapped[list[ClipRow]] = relationship(
        back_populates="plan",
        order_by="ClipRow.position",
        primaryjoin="and_(PlanRow.id == ClipRow.clip_plan_id, ClipRow.removed_at.is_(None))",
    )


class SceneRow(Base):
    __tablename__ = "scenes"
    __table_args__ = (UniqueConstraint("clip_plan_id", "position"),)

    clip_plan_id: Mapped[str] = _parent("clip_plans")
    position: Mapped[int]
    title: Mapped[str]


class ClipRow(Touched, Base):
    """``position`` is the planned place, ``order_key`` the one it has now, counted from 1 over those that are there.
    ``generation`` numbers the clip's flows; ``cycle_start`` is the attempt after which the present round of attempts is
    counted. ``prompt`` is a person's own prompt, used as it stands; ``remix_of`` the generation it remixes.

    ``removed_at``: people took this clip out; it keeps its takes and can be brought back. ``provider`` and ``model``
    are those a person chose for it, empty the plan's; ``transition`` is the one to the next clip, None the plan's.
    ``reference_asset_id`` is the picture it starts from, ``variation_of`` the request it is one of several answers to.
    ``animatic_asset_id`` is its free preview, made of what ``animatic_key`` stands for."""

    __tablename__ = "clip_plan_clips"
    __table_args__ = (
        UniqueConstraint("clip_plan_id", "position"),
        CheckConstraint("seconds > 0", name="seconds_positive"),
    )

    clip_plan_id: Mapped[str] = _parent("clip_plans")
    scene_id: Mapped[str] = _parent("scenes")
    position: Mapped[int]
    order_key: Mapped[int]
    text: Mapped[str]
    words: Mapped[int]
    seconds: Mapped[int]
    visual_intent: Mapped[str]
    acceptance: Mapped[list[str]]
    speaker: Mapped[str] = mapped_column(default="")
    prompt: Mapped[str] = mapped_column(default="")
    remix_of: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(String(20), index=True)
    reason: Mapped[str] = mapped_column(default="")
    generation: Mapped[int] = mapped_column(default=1)
    cycle_start: Mapped[int] = mapped_column(default=0)
    accepted_run_id: Mapped[str | None] = mapped_column(Id)
    removed_at: Mapped[datetime | None]
    provider: Mapped[str] = mapped_column(default="")
    model: Mapped[str] = mapped_column(default="")
    transition: Mapped[dict[str, Any] | None] = mapped_column(Json)
    reference_asset_id: Mapped[str] = mapped_column(default="")
    variation_of: Mapped[str] = mapped_column(default="")
    animatic_asset_id: Mapped[str] = mapped_column(default="")
    animatic_key: Mapped[str] = mapped_column(default="")

    plan: Mapped[PlanRow] = relationship(back_populates="clips")
    scene: Mapped[SceneRow] = relationship(lazy="joined")
    runs: Mapped[list[RunRow]] = relationship(back_populates="clip", order_by="RunRow.attempt")


class RunRow(Touched, Base):
    """One take. ``request`` is what the provider was asked, frozen with provider, model and endpoint.
    ``provider_state`` is the generation's status in our words, ``provider_status`` in the provider's. ``narration``:
    empty, ``laid over``, or why a silent take stayed silent. ``crashes``: how often in a row the process ended while it
    fetched or assessed this take. ``edit`` is set for a take that was cut from another one, ``source_run_id``: nothing
    is asked of a provider for it. ``reference_asset_id`` is the picture it starts from, as it is kept: the copy that is
    sent is made from it when the take is asked for. ``cost_usd`` is what the ledger says of the take and of looks at
    it, kept by whoever writes there (``orchestrator/db/take_costs.py``)."""

    __tablename__ = "clip_runs"
    __table_args__ = (
        UniqueConstraint("clip_id", "attempt"),
        Index("ix_clip_runs_created", "created_at", "id", "attempt", "clip_id", "provider"),  # calibration, trends
        Index("ix_clip_runs_made", "provider", "model", "created_at", "id"),  # waits, takes of a provider
        Index("ix_clip_runs_cost", "cost_usd", "id"),  # the dearest
    )

    clip_id: Mapped[str] = _parent("clip_plan_clips")
    attempt: Mapped[int]
    status: Mapped[str] = mapped_column(String(20))
    provider: Mapped[str]
    model: Mapped[str]
    endpoint: Mapped[str] = mapped_column(default="")
    request: Mapped[dict[str, Any]]
    patches: Mapped[list[str]] = mapped_column(default=list)
    generation_id: Mapped[str] = mapped_column(default="")
    provider_state: Mapped[str] = mapped_column(default="")
    provider_status: Mapped[str] = mapped_column(default="")
    progress: Mapped[float | None]
    error_code: Mapped[str] = mapped_column(default="")
    error_message: Mapped[str] = mapped_column(default="")
    retry_after_seconds: Mapped[float | None]
    narration: Mapped[str] = mapped_column(default="")
    asset_id: Mapped[str | None] = _parent("video_assets", nullable=True, on_delete="SET NULL")
    poster_asset_id: Mapped[str | None] = _parent("video_assets", nullable=True, on_delete="SET NULL")
    repair: Mapped[dict[str, Any] | None] = mapped_column(Json)
    source_run_id: Mapped[str] = mapped_column(default="")
    reference_asset_id: Mapped[str] = mapped_column(default="")
    edit: Mapped[dict[str, Any] | None] = mapped_column(Json)
    crashes: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[datetime | None]
    cost_usd: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))

    clip: Mapped[ClipRow] = relationship(back_populates="runs")
    assessments: Mapped[list[AssessmentRow]] = relationship(order_by="AssessmentRow.created_at")
    overrides: Mapped[list[OverrideRow]] = relationship(order_by="OverrideRow.created_at")


def _failed_checks(context: Any) -> str:
    checks = context.get_current_parameters()["body"].get("checks", {})
    return " ".join(name for name, found in checks.items() if found.get("status") == "fail")


class AssessmentRow(Base):
    """``failed_checks`` are the names of those that failed as measured, a space between them: ``body`` says so too, and
    is too long to be read for counting."""

    __tablename__ = "assessments"
    __table_args__ = (
        # these hold what lists are chosen by, so that the bodies stay untouched
        Index("ix_assessments_newest", "clip_run_id", "created_at", "verdict", "score", "failed_checks"),
        Index("ix_assessments_created", "created_at", "id", "clip_run_id", "verdict", "failed_checks"),
        Index("ix_assessments_worst", WORST, "id", "clip_run_id"),
        Index("ix_assessments_best", BEST, "id", "clip_run_id"),
    )

    clip_run_id: Mapped[str] = _parent("clip_runs")
    verdict: Mapped[str] = mapped_column(String(20), index=True)
    score: Mapped[float | None]
    weight_run: Mapped[float]
    body: Mapped[dict[str, Any]]
    failed_checks: Mapped[str] = mapped_column(default=_failed_checks, server_default="")


class OverrideRow(Base):
    """What a person decided against or beside the assessment. ``check_name`` is empty for the take as a whole.

    ``before`` is what the clip was until then and which generation it has been since, so that the decision can be
    taken back; None in rows of earlier versions. A row whose ``new_value`` is ``taken_back`` undoes the one before."""

    __tablename__ = "assessment_overrides"

    clip_run_id: Mapped[str] = _parent("clip_runs")
    check_name: Mapped[str] = mapped_column(default="")
    old_value: Mapped[str]
    new_value: Mapped[str]
    reason: Mapped[str]
    made_by: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)


class AssetRow(Base):
    __tablename__ = "video_assets"
    __table_args__ = (UniqueConstraint("storage_key"),)

    project_id: Mapped[str] = _parent("video_projects")
    kind: Mapped[str] = mapped_column(String(20))
    storage_key: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    mime: Mapped[str]
    duration_seconds: Mapped[float | None]
    width: Mapped[int | None]
    height: Mapped[int | None]


class RenderRow(Touched, Base):
    """``timeline`` names takes by run id and holds the words of slates, so that a render says exactly what it was made
    of. ``missing_clips`` counts the slates: a partial film has some. ``loudness_lufs`` was measured on the finished
    sound; None for a silent film. ``crashes``: how often in a row the process ended while it made this film."""

    __tablename__ = "final_renders"
    __table_args__ = (Index("ix_final_renders_created", "created_at", "id"),)  # the list of films

    clip_plan_id: Mapped[str] = _parent("clip_plans")
    status: Mapped[str] = mapped_column(String(20))
    timeline: Mapped[dict[str, Any]]
    transition: Mapped[str]
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    asset_id: Mapped[str | None] = _parent("video_assets", nullable=True, on_delete="SET NULL")
    poster_asset_id: Mapped[str | None] = _parent("video_assets", nullable=True, on_delete="SET NULL")
    duration_seconds: Mapped[float | None]
    missing_clips: Mapped[int] = mapped_column(Integer, default=0)
    frames_copied: Mapped[int] = mapped_column(Integer, default=0)
    frames_encoded: Mapped[int] = mapped_column(Integer, default=0)
    loudness_lufs: Mapped[float | None]
    error: Mapped[str] = mapped_column(default="")
    crashes: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]


class ProviderCallRow(Base):
    """One paid create or remix. Written before the call is made; the provider's id right after.

    States: ``intent`` (about to be sent or outcome unknown), ``accepted`` (generation id known), ``refused`` (provably
    not accepted, costs nothing), ``needs_decision`` (outcome unknown and the provider cannot be asked).
    ``cost_usd`` is the provider's own figure once it has told one, ``estimated_usd`` what was reckoned with before.
    ``finished_at``: the generation is over, so its place at the provider is free again. The balances are those of the
    account just before the request and after its answer was lost.
    """

    __tablename__ = "provider_calls"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("state in ('intent', 'accepted', 'refused', 'needs_decision')", name="state_known"),
        Index("ix_provider_calls_generation", "provider", "endpoint", "generation_id", unique=True),
        Index("ix_provider_calls_created", "created_at", "provider", "state", "cost_usd"),  # ledger, spending by day
        Index("ix_provider_calls_newest", "provider", "created_at", "state", "clip_run_id"),  # takes a clip needs
        Index("ix_provider_calls_spent", "provider", "state", "error_code", "finished_at", "cost_usd"),  # spending
    )

    key: Mapped[str]
    project_id: Mapped[str] = _parent("video_projects")
    clip_run_id: Mapped[str] = _parent("clip_runs")
    provider: Mapped[str]
    model: Mapped[str]
    endpoint: Mapped[str]
    request_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20), default="intent")
    generation_id: Mapped[str | None]
    cost_usd: Mapped[float]
    estimated_usd: Mapped[float | None]
    balance_before_usd: Mapped[float | None]
    balance_after_usd: Mapped[float | None]
    owner: Mapped[str]
    sends: Mapped[int] = mapped_column(default=0)
    send_by: Mapped[datetime]
    sent_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error_code: Mapped[str] = mapped_column(default="")
    error_message: Mapped[str] = mapped_column(default="")
    is_adopted: Mapped[bool] = mapped_column(default=False, server_default=false())


class PerceptionCallRow(Base):
    """One look at a take that may be paid, by the content of what was shown and asked (``key``). Written before the
    service is asked; its answer right after.

    States: ``intent`` (about to be asked, or its answer never came), ``answered``, ``failed`` (no answer to use).
    ``asks``: how often it was asked, ``lost``: how often in a row its process ended meanwhile. ``cost_usd`` is that of
    all its asks, ``estimated_usd`` what the newest was reckoned with; ``ask_by``: its asker is at it no longer.
    """

    __tablename__ = "perception_calls"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("state in ('intent', 'answered', 'failed')", name="state_known"),
        Index("ix_perception_calls_created", "created_at", "id"),  # the ledger
    )

    key: Mapped[str] = mapped_column(String(64))
    project_id: Mapped[str] = _parent("video_projects")
    clip_run_id: Mapped[str] = _parent("clip_runs")
    model: Mapped[str]
    endpoint: Mapped[str]
    state: Mapped[str] = mapped_column(String(20), default="intent")
    asks: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str]
    ask_by: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cost_usd: Mapped[float]
    estimated_usd: Mapped[float]
    answers: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error_message: Mapped[str] = mapped_column(default="")


class AnimaticRow(Touched, Base):
    """The free previews of a plan's clips. ``is_open``: some are to be drawn, by the flow that ``generation`` numbers.
    ``error``: which could not be drawn the last time, and why."""

    __tablename__ = "animatics"
    __table_args__ = (UniqueConstraint("clip_plan_id"),)

    clip_plan_id: Mapped[str] = _parent("clip_plans")
    generation: Mapped[int] = mapped_column(default=0)
    is_open: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str] = mapped_column(default="")


class EditRow(Base):
    """One change a person made to a project, with what it changed as it was ``before`` and ``after``, so that it can be
    undone and done again. ``kind`` says what the two hold, ``label`` what was done, for people."""

    __tablename__ = "edits"

    project_id: Mapped[str] = _parent("video_projects")
    kind: Mapped[str] = mapped_column(String(20))
    label: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    made_by: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(default="", server_default="")


class PreferenceRow(Base):
    """Which of two takes a person liked better. ``is_blind``: without being told which was which."""

    __tablename__ = "preferences"

    chosen_run_id: Mapped[str] = _parent("clip_runs")
    other_run_id: Mapped[str] = _parent("clip_runs")
    is_blind: Mapped[bool]
    made_by: Mapped[str]


class RatingRow(Base):
    """How content a person is with a film, 1 to 5."""

    __tablename__ = "ratings"
    __table_args__ = (
        UniqueConstraint("final_render_id", "made_by"),
        CheckConstraint("stars between 1 and 5", name="stars_in_range"),
    )

    final_render_id: Mapped[str] = _parent("final_renders")
    stars: Mapped[int]
    comment: Mapped[str] = mapped_column(default="")
    made_by: Mapped[str]


class WorkspaceRow(Touched, Base):
    """What this installation was set to on its pages; one row, ``id`` is ``workspace``."""

    __tablename__ = "workspaces"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    settings: Mapped[dict[str, Any]]
