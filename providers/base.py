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
from typing import Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A frozen record: compared by content, refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- what a provider can do ---


class AudioSupport(StrEnum):
    """Whether the clips of a provider carry sound. Where it is optional it is always asked for."""

    NATIVE = "native"
    OPTIONAL = "optional"
    NONE = "none"


class PromptDialect(StrEnum):
    """How a provider likes its prompts written; the scene crafter has one writer per dialect."""

    SECTIONS = "sections"
    PROSE = "prose"


class PromptUnit(StrEnum):
    """What a provider counts when it limits a prompt."""

    CHARACTERS = "characters"
    UTF16_UNITS = "utf16_units"


class ReferenceRules(Value):
    """What a reference picture must be. ``max_ratio`` is the longer side over the shorter; None is no rule.
    ``durations_seconds`` are the clips that can start from one; empty is all of them."""

    formats: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp")
    max_bytes: int = Field(default=20 << 20, gt=0)
    min_side_pixels: int = Field(default=1, ge=1)
    max_ratio: float | None = None
    must_match_size: bool = False
    durations_seconds: tuple[int, ...] = ()


class PollPace(Value):
    """How often to look after a generation: ``early_seconds`` apart at first, ``late_seconds`` apart once it has been
    under way for ``late_after_seconds``."""

    early_seconds: float = Field(default=5.0, gt=0)
    late_seconds: float = Field(default=15.0, gt=0)
    late_after_seconds: float = Field(default=180.0, ge=0)

    def pause_seconds(self, age_seconds: float) -> float:
        """How long to wait when the generation is ``age_seconds`` old."""
        return self.early_seconds if age_seconds < self.late_after_seconds else self.late_seconds


class ModelFacts(Value):
    """Where a model differs from its provider's profile: in what is set, be it to None."""

    durations_seconds: tuple[int, ...] | None = None
    sizes: tuple[str, ...] | None = None
    prompt_limit_characters: int | None = None
    prompt_unit: PromptUnit | None = None
    audio: AudioSupport | None = None
    reference: ReferenceRules | None = None
    supports_reference: bool | None = None
    needs_reference: bool | None = None
    supports_remix: bool | None = None
    supports_extend: bool | None = None
    supports_edit: bool | None = None
    supports_seed: bool | None = None
    supports_negative_prompt: bool | None = None
    retired_on: datetime | None = None


class ProviderProfile(Value):
    """Capability facts of one provider: data, never name checks. They hold for its first model; ``variants`` says
    where another model differs, and ``for_model`` gives that model's profile.

    ``durations_seconds`` are the clip lengths it sells, ascending. ``sizes`` are ``WIDTHxHEIGHT`` in pixels, the
    first is the default. ``prompt_limit_characters`` counts what ``prompt_unit`` says. ``supports_reconcile``: a
    request whose answer was lost can be looked up; ``reconcile_grace_seconds`` is how long after it the lookup can be
    trusted to show it (accept time + list lag). ``cost_usd_per_second`` is by model, by ``model@size`` where the
    size sets the price, by ``model@size@10s`` where a second costs another price in clips of that length.
    ``charges_failures`` False: a failed generation costs nothing. ``tells_balance``: ``check_account`` says what
    credit is left. ``asset_lifetime_hours`` is how long a finished clip can be fetched, None for as long as the server
    keeps it. ``is_local``: clips are made on this machine, without a key or a network.
    """

    name: str
    title: str
    models: tuple[str, ...] = Field(min_length=1)
    durations_seconds: tuple[int, ...] = Field(min_length=1)
    sizes: tuple[str, ...] = Field(min_length=1)
    prompt_limit_characters: int = Field(gt=0)
    prompt_unit: PromptUnit = PromptUnit.CHARACTERS
    dialect: PromptDialect = PromptDialect.SECTIONS
    audio: AudioSupport
    reference: ReferenceRules | None = None
    supports_reference: bool = False
    needs_reference: bool = False
    supports_remix: bool = False
    supports_extend: bool = False
    supports_edit: bool = False
    supports_seed: bool = False
    supports_negative_prompt: bool = False
    supports_reconcile: bool = False
    supports_cancel: bool = False
    cancel_refunds: bool = False
    tells_balance: bool = False
    charges_failures: bool = True
    max_concurrent: int = Field(default=4, ge=1)
    requests_per_minute: int = Field(default=120, ge=1)
    poll_pace: PollPace = PollPace()
    deadline_seconds: float = Field(default=1800.0, gt=0)
    reconcile_grace_seconds: float = Field(default=10.0, ge=0)
    asset_lifetime_hours: float | None = None
    cost_usd_per_second: dict[str, float]
    is_free: bool = False
    is_local: bool = False
    retired_on: datetime | None = None
    variants: dict[str, ModelFacts] = Field(default_factory=dict)

    def for_model(self, model: str) -> Self:
        """The profile as it holds for ``model``."""
        facts = self.variants.get(model, ModelFacts())
        return self.model_copy(update={name: getattr(facts, name) for name in facts.model_fields_set})

    def led_by(self, model: str) -> Self:
        """The profile with ``model`` first and its facts for the whole; unchanged when ``model`` is empty."""
        if not model:
            return self
        models = tuple(dict.fromkeys((model, *self.models)))
        variants = {name: self._facts_of(name) for name in models}
        return self.for_model(model).model_copy(update={"models": models, "variants": variants})

    def _facts_of(self, model: str) -> ModelFacts:
        profile = self.for_model(model)
        return ModelFacts.model_validate({name: getattr(profile, name) for name in ModelFacts.model_fields})

    def is_retired(self, now: datetime) -> bool:
        return self.retired_on is not None and self.retired_on <= now

    def cost_usd(self, *, model: str, seconds: int, size: str = "") -> float:
        """Price of one clip in US dollars; an unknown model is charged at the dearest known rate."""
        rates = self.cost_usd_per_second
        known = (rates[key] for key in (f"{model}@{size}@{seconds}s", f"{model}@{size}", model) if key in rates)
        return round(next(known, max(rates.values(), default=0.0)) * seconds, 6)

    def fit_seconds(self, seconds: float) -> int:
        """The shortest sold duration that holds ``seconds``; the longest one when none does."""
        return next((d for d in self.durations_seconds if d >= math.ceil(seconds)), self.durations_seconds[-1])

    def takes_picture(self, seconds: float) -> bool:
        """Whether a clip that has to hold ``seconds`` can start from a picture."""
        lengths = self.reference.durations_seconds if self.reference else ()
        return self.supports_reference and (not lengths or self.fit_seconds(seconds) in lengths)

    def holds(self, seconds: float) -> bool:
        """Whether a clip of ``seconds`` fits the longest this provider sells."""
        return seconds <= self.durations_seconds[-1]

    def fit_size(self, size: str) -> str:
        """``size`` if it is sold; else the size of the same orientation whose shape, then area, comes nearest.

        Shapes less than 3 % apart count as one: among them a nearer area wins, unless it is only a little nearer.
        """
        if size in self.sizes:
            return size
        width, height = _sides(size)

        def distance(other: str) -> tuple[bool, float, float]:
            w, h = _sides(other)
            is_turned = (w > h) != (width > height) and w != h and width != height
            shape, area = abs(math.log(w * height / (h * width))), abs(math.log(w * h / (width * height)))
            return is_turned, round(max(shape, _SAME_SHAPE), 2), area + _SHAPE_WEIGHT * shape

        return min(self.sizes, key=distance)

    def prompt_length(self, text: str) -> int:
        """Length of ``text`` as this provider counts it."""
        return len(text.encode("utf-16-le")) // 2 if self.prompt_unit is PromptUnit.UTF16_UNITS else len(text)


# Both are of logarithms of ratios, which for small differences are the differences.
_SAME_SHAPE = 0.03
_SHAPE_WEIGHT = 10.0


def _sides(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)


# --- what goes in and what comes back ---


class CreateClipInput(Value):
    """One request for a clip.

    ``key`` is ours, unique per attempt, and sent along wherever the wire has a place for it. ``line`` is the text to
    be spoken; providers without a field for it find it in the prompt. ``negative_prompt`` is only filled where the
    profile supports it. ``labels`` are for people and for the mock (``position``, ``attempt``, ``scene``,
    ``rehearsal``) and never change what a paid provider is asked for.
    """

    key: str = Field(min_length=1)
    prompt: str = Field(min_length=1)
    model: str
    seconds: int = Field(gt=0)
    size: str = Field(pattern=r"^\d+x\d+$")
    line: str = ""
    negative_prompt: str = ""
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
    """The provider's remote job as last seen. ``progress`` is 0..1 or None; ``raw_status`` is the provider's word.

    ``cost_usd`` is the provider's own final figure, None while it has not told one. ``content_url`` may expire: ask for
    the generation again to get a fresh one.
    """

    id: str
    status: GenerationStatus
    raw_status: str = ""
    progress: float | None = Field(default=None, ge=0, le=1)
    error_code: str = ""
    error_message: str = ""
    is_rejection: bool = False
    cost_usd: float | None = Field(default=None, ge=0)
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    content_url: str = Field(default="", repr=False)


class Account(Value):
    """What a provider says of itself and of the account behind the key, at no cost. ``balance_usd`` is None where it
    does not tell; ``note`` is one line for people."""

    balance_usd: float | None = None
    note: str = ""


class VideoProvider(ABC):
    """The port. All methods may raise any ``ProviderError``; none retries a create by itself.

    ``endpoint`` is where the generations live, and by which of the APIs there where it has several: a generation id
    means something only there.
    """

    profile: ProviderProfile
    endpoint: str = ""

    async def ready(self) -> None:  # noqa: B027 - most adapters are always ready
        """Wait for a turn to create, before anything is sent. Raises ``RateLimited`` or ``Unavailable``."""

    @abstractmethod
    async def create_clip(self, request: CreateClipInput) -> Generation:
        """Ask for one clip. Exactly one paid request is sent. Raises ``OutcomeUnknown`` when the answer was lost."""

    async def remix_clip(self, request: RemixClipInput) -> Generation:
        """Ask for a clip derived from ``request.source_generation_id``. Raises ``InvalidRequest`` where unsupported."""
        raise InvalidRequest(f"{self.profile.title} cannot remix a clip.")

    @abstractmethod
    async def get_generation(self, generation_id: str) -> Generation:
        """The generation as it stands now; a failed one is returned, not raised. Raises ``GenerationNotFound``."""

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        """Reconcile: the generation an earlier, unanswered ``request`` made, or None if there is none.

        ``claimed`` are generation ids that belong to other requests and must not be returned. Only meaningful where
        ``profile.supports_reconcile``; others raise ``InvalidRequest``.
        """
        raise InvalidRequest(f"{self.profile.title} cannot be asked what became of a lost request.")

    @abstractmethod
    async def download_content(self, generation: Generation, destination: Path) -> Path:
        """Stream the finished clip to ``destination`` (replaced only when whole) and return it."""

    async def cancel(self, generation_id: str) -> bool:
        """Ask the provider to stop; True if it did, False where it cannot or it was too late."""
        return False

    async def check_account(self) -> Account:
        """Ask something that costs nothing and needs the key. Raises ``AuthFailed``, ``Retired``, ``Unavailable``."""
        return Account()

    async def aclose(self) -> None:  # noqa: B027 - most adapters have nothing to release
        """Release connections and child processes."""


@runtime_checkable
class Animator(Protocol):
    """What a provider that draws on this machine offers besides: previews, at once and for nothing."""

    async def animate(self, request: CreateClipInput, destination: Path) -> None:
        """Draw and speak ``request``, of any length and even size, into ``destination``, an MP4. ``labels``: ``scene``
        (those of one look alike) and ``speaker``; ``reference_path`` is shown where there is one. Raises any
        ``ProviderError``."""
        ...


# --- errors ---


class ProviderError(Exception):
    """The provider could not do it."""

    code = "provider_error"

    def __init__(self, message: str = "", *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])
        self.retry_after_seconds = retry_after_seconds


class RateLimited(ProviderError):
    """The provider asks us to slow down. Nothing was accepted; the same request may be sent again later."""

    code = "rate_limited"


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


class BrokenContent(ProviderError):
    """What the provider sent as the finished clip is not a whole video."""

    code = "broken_content"


class UnsafeLink(ProviderError):
    """The provider answered with a download link that must not be followed."""

    code = "unsafe_link"
