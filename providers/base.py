"""The port every video provider implements, the facts it declares about itself, and its error tree.

A provider is a remote service that turns a prompt into a short clip. Everything the core needs to know about one
stands in its ``ProviderProfile``: durations, sizes, sound, prices. The core never asks for a provider's name.
This package imports nothing of the orchestrator, so an adapter can be written and tested alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A frozen record: compared by content, refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- what a provider can do ---


class AudioSupport(StrEnum):
    """Whether the clips of a provider carry sound."""

    ALWAYS = "always"
    OPTIONAL = "optional"
    NONE = "none"


class PromptDialect(StrEnum):
    """How a provider likes its prompts written; the scene crafter has one writer per dialect."""

    SECTIONS = "sections"
    PROSE = "prose"


class ProviderProfile(Value):
    """Capability facts of one provider: data, never name checks.

    ``durations_seconds`` are the clip lengths it sells, ascending. ``sizes`` are ``WIDTHxHEIGHT`` in pixels, the
    first is the default. ``cost_usd_per_second`` is by model. ``reconcile_grace_seconds`` is how long after a lost
    answer the provider's list can be trusted to show the job (accept time + list lag).
    """

    name: str
    title: str
    models: tuple[str, ...] = Field(min_length=1)
    durations_seconds: tuple[int, ...] = Field(min_length=1)
    sizes: tuple[str, ...] = Field(min_length=1)
    prompt_limit_characters: int = Field(gt=0)
    dialect: PromptDialect = PromptDialect.SECTIONS
    audio: AudioSupport
    supports_reference: bool = False
    supports_remix: bool = False
    supports_seed: bool = False
    supports_list: bool = False
    max_concurrent: int = Field(default=4, ge=1)
    poll_interval_seconds: float = Field(default=5.0, gt=0)
    deadline_seconds: float = Field(default=1800.0, gt=0)
    reconcile_grace_seconds: float = Field(default=10.0, ge=0)
    cost_usd_per_second: dict[str, float]
    is_free: bool = False
    retired_on: datetime | None = None

    def cost_usd(self, *, model: str, seconds: int) -> float:
        """Price of one clip in US dollars; an unknown model is charged at the dearest known rate."""
        rate = self.cost_usd_per_second.get(model, max(self.cost_usd_per_second.values(), default=0.0))
        return round(rate * seconds, 6)

    def fit_seconds(self, seconds: float) -> int:
        """The shortest sold duration that holds ``seconds``; the longest one when none does."""
        return next((d for d in self.durations_seconds if d >= math.ceil(seconds)), self.durations_seconds[-1])


# --- what goes in and what comes back ---


class CreateClipInput(Value):
    """One request for a clip.

    ``key`` is ours, unique per attempt, and sent along wherever the wire has a place for it. ``line`` is the text to
    be spoken; providers without a field for it find it in the prompt. ``labels`` are for people and for the mock
    (``position``, ``attempt``) and never change what a paid provider is asked for.
    """

    key: str = Field(min_length=1)
    prompt: str = Field(min_length=1)
    model: str
    seconds: int = Field(gt=0)
    size: str = Field(pattern=r"^\d+x\d+$")
    line: str = ""
    seed: int | None = None
    reference_path: Path | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class RemixClipInput(CreateClipInput):
    """A request for a clip derived from an existing generation: same identity, adjusted by ``prompt``."""

    source_generation_id: str


class GenerationStatus(StrEnum):
    """State of a remote generation. ``UNKNOWN`` is a word we do not know: shown, bounded by a deadline, never done."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        return self in (GenerationStatus.COMPLETED, GenerationStatus.FAILED, GenerationStatus.CANCELLED)


class Generation(Value):
    """The provider's remote job as last seen. ``progress`` is 0..1 or None; ``raw_status`` is the provider's word."""

    id: str
    status: GenerationStatus
    raw_status: str = ""
    progress: float | None = Field(default=None, ge=0, le=1)
    error_code: str = ""
    error_message: str = ""
    is_rejection: bool = False
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    content_url: str = ""


class VideoProvider(ABC):
    """The port. All methods may raise any ``ProviderError``; none retries a create by itself."""

    profile: ProviderProfile

    @abstractmethod
    async def create_clip(self, request: CreateClipInput) -> Generation:
        """Ask for one clip. Exactly one paid request is sent. Raises ``OutcomeUnknown`` when the answer was lost."""

    @abstractmethod
    async def remix_clip(self, request: RemixClipInput) -> Generation:
        """Ask for a clip derived from ``request.source_generation_id``. Raises ``InvalidRequest`` where unsupported."""

    @abstractmethod
    async def get_generation(self, generation_id: str) -> Generation:
        """The generation as it stands now; a failed one is returned, not raised. Raises ``GenerationNotFound``."""

    @abstractmethod
    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        """Reconcile: the generation an earlier, unanswered ``request`` made, or None if there is none.

        ``claimed`` are generation ids that belong to other requests and must not be returned. Only meaningful where
        ``profile.supports_list``; others raise ``InvalidRequest``.
        """

    @abstractmethod
    async def download_content(self, generation: Generation, destination: Path) -> Path:
        """Stream the finished clip to ``destination`` (replaced only when whole) and return it."""

    @abstractmethod
    async def cancel(self, generation_id: str) -> bool:
        """Ask the provider to stop; True if it did, False where it cannot or it was too late."""

    async def aclose(self) -> None:  # noqa: B027 - most adapters have nothing to release
        """Release connections and child processes."""


# --- errors ---


class ProviderError(Exception):
    """The provider could not do it."""

    code = "provider_error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])


class RateLimited(ProviderError):
    """The provider asks us to slow down. Nothing was accepted; the same request may be sent again later."""

    code = "rate_limited"

    def __init__(self, message: str = "", *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(ProviderError):
    """The provider cannot be reached or is down. Nothing was accepted; it may be tried again or elsewhere."""

    code = "unavailable"


class OutcomeUnknown(ProviderError):
    """The request was sent and its answer lost: it may have been accepted and charged. Reconcile, never resend."""

    code = "outcome_unknown"


class ContentRejected(ProviderError):
    """The provider's safety system refused the prompt or its result. The wording must change."""

    code = "content_rejected"


class InvalidRequest(ProviderError):
    """The provider does not accept this request as it stands."""

    code = "invalid_request"


class AuthFailed(ProviderError):
    """The provider refused the key. Check that it is set and still valid."""

    code = "auth_failed"


class QuotaExhausted(ProviderError):
    """The account has no credit left."""

    code = "quota_exhausted"


class Retired(ProviderError):
    """The provider has switched this service off for good."""

    code = "retired"


class GenerationNotFound(ProviderError):
    """The provider does not know this generation (any more)."""

    code = "not_found"
