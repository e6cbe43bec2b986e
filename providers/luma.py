"""Adapters for Luma's two APIs: the Agents API (keys ``luma-api-...``, Ray 3.2) and Dream Machine (other keys, Ray 2).

Agents: fields and states are those of the ``luma-agents`` SDK 0.3 and 0.5; prices, failures and limits those of
docs.agents.lumalabs.ai (guides pricing, error-handling, faq, videos/generation). There is no list and no cancel. A
picture is the first frame of clips of 5 s; the guide is at odds with itself about longer ones, so they are refused.
Editing a clip costs a multiple of making one, which a profile cannot say: it is not offered as a remix.

Dream Machine: fields and the list are those of the ``lumaai`` SDK 1.18 and 1.21; a million pixels of Ray 2 cost 0.64
cents. Luma announced the end of its models for after 2026-10-04; whether it still answers has not been seen. It takes
pictures by public URL only. Neither API gives its clips sound, and none takes a seed or a key of ours.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from providers.answers import tidy
from providers.base import (
    Account,
    AudioSupport,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    PollPace,
    PromptDialect,
    ProviderProfile,
    ReferenceRules,
)
from providers.references import read_reference
from providers.states import read_status
from providers.wire import REJECTION_WORDS, Answer, HostedProvider, clock_ahead, escape_id, paid_headers, read_moment

AGENTS_BASE_URL = "https://agents.lumalabs.ai"
DREAM_MACHINE_BASE_URL = "https://api.lumalabs.ai"
AGENTS_KEY_PREFIX = "luma-api-"
DREAM_MACHINE_RETIRED_ON = datetime(2026, 10, 5, tzinfo=UTC)
CREATED_SKEW = timedelta(seconds=5)
_LIST_PAGES, _LIST_LIMIT = 10, 100
_FRAMED_SECONDS = 5

# size in pixels -> resolution, aspect ratio
_SIZES = {
    "1280x720": ("720p", "16:9"),
    "720x1280": ("720p", "9:16"),
    "1920x1080": ("1080p", "16:9"),
    "1080x1920": ("1080p", "9:16"),
    "960x540": ("540p", "16:9"),
    "540x960": ("540p", "9:16"),
}
# dollars for a clip of 5 s; one of 10 s costs three times as much
_CLIP_RATES = {"540p": 0.15, "720p": 0.30, "1080p": 1.20}
# dollars for a million pixels, at 24 frames a second
_PIXEL_RATES = {"ray-2": 0.0064, "ray-flash-2": 0.0022}


def _pixels(size: str) -> int:
    width, _, height = size.partition("x")
    return int(width) * int(height)


PROFILE = ProviderProfile(
    name="luma",
    title="Luma",
    models=("ray-3.2",),
    durations_seconds=(5, 10),
    sizes=tuple(_SIZES),
    prompt_limit_characters=6000,
    dialect=PromptDialect.PROSE,
    audio=AudioSupport.NONE,
    reference=ReferenceRules(max_bytes=30_000_000, durations_seconds=(_FRAMED_SECONDS,)),
    supports_reference=True,
    poll_pace=PollPace(early_seconds=5.0),
    cost_usd_per_second={
        f"ray-3.2@{size}@{seconds}s": round(_CLIP_RATES[resolution] * clips / seconds, 6)
        for size, (resolution, _) in _SIZES.items()
        for seconds, clips in ((5, 1), (10, 3))
    },
)

DREAM_MACHINE_PROFILE = ProviderProfile(
    name="luma",
    title="Luma Dream Machine",
    models=tuple(_PIXEL_RATES),
    durations_seconds=(5, 9),
    sizes=tuple(_SIZES),
    prompt_limit_characters=5000,  # ours: none is documented
    dialect=PromptDialect.PROSE,
    audio=AudioSupport.NONE,
    supports_reconcile=True,
    tells_balance=True,
    charges_failures=False,
    reconcile_grace_seconds=20.0,
    cost_usd_per_second={
        f"{model}@{size}": round(_pixels(size) * 24 * rate / 1e6, 6)
        for model, rate in _PIXEL_RATES.items()
        for size in _SIZES
    },
    retired_on=DREAM_MACHINE_RETIRED_ON,
)

# failure_code -> ours; codes that are not here are shown as they are
_FAILURE_CODES = {
    "budget_exhausted": "quota_exhausted",
    "image_too_large": "invalid_request",
    "unsupported_format": "invalid_request",
    "corrupt_input": "invalid_request",
}
# of these the price is given back
_REFUNDED = ("content_moderated", "generation_failed", "output_not_found")


class _Page(NamedTuple):
    """Generations of the account, whether there are more, and by how much Luma's clock is ahead of ours."""

    made: list[dict[str, Any]]
    has_more: bool
    ahead: timedelta


class LumaProvider(HostedProvider):
    """What both APIs share. Refusals are ``{"detail": ...}``: their HTTP status decides."""

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        return await self._download_signed(generation.content_url, destination)

    async def _post(self, path: str, request: CreateClipInput, body: dict[str, Any]) -> Generation:
        answer = await self._ask("POST", path, headers=paid_headers(request), is_paid=True, json=body)
        made = _record(answer)
        if made is not None and isinstance(made.get("id"), str) and made["id"]:
            return _generation(made)
        if answer.is_success:
            raise OutcomeUnknown("Luma accepted the request, but its answer names no generation.")
        raise self._error(answer, not_found=InvalidRequest, is_paid=True)

    async def _get(self, path: str, generation_id: str) -> Generation:
        answer = await self._ask("GET", f"{path}/{escape_id(generation_id)}")
        made = _record(answer)
        if made is None:
            raise self._error(answer, not_found=GenerationNotFound)
        return self._steady(_generation({**made, "id": generation_id}))


class LumaAgentsProvider(LumaProvider):
    """The Agents API. ``api_key`` begins with ``luma-api-``."""

    usual_base_url = AGENTS_BASE_URL
    usual_profile = PROFILE
    api_paths = ("/v1",)
    home_path = "/v1"

    async def create_clip(self, request: CreateClipInput) -> Generation:
        facts = self._facts(request)
        resolution, ratio = _SIZES[request.size]
        video: dict[str, Any] = {"resolution": resolution, "duration": f"{request.seconds}s"}
        if request.reference_path is not None:
            if request.seconds != _FRAMED_SECONDS:
                raise InvalidRequest(f"{request.model} makes clips of {_FRAMED_SECONDS} s from a picture, no others.")
            picture = read_reference(request.reference_path, facts.reference, size=request.size)
            video["start_frame"] = {"data": picture.base64, "media_type": picture.mime}
        body = {
            "type": "video",
            "model": request.model,
            "prompt": request.prompt,
            "aspect_ratio": ratio,
            "video": video,
        }
        return await self._post("v1/generations", request, body)

    async def get_generation(self, generation_id: str) -> Generation:
        return await self._get("v1/generations", generation_id)

    async def check_account(self) -> Account:
        answer = await self._ask("GET", "v1/files", params={"limit": "1"})
        if answer.is_success and isinstance(answer.body, dict | list):
            return Account(note=f"{self._base.host} takes the key; it does not say what credit is left.")
        raise self._error(answer, not_found=InvalidRequest)


class DreamMachineProvider(LumaProvider):
    """The Dream Machine API, for keys that do not begin with ``luma-api-``."""

    usual_base_url = DREAM_MACHINE_BASE_URL
    usual_profile = DREAM_MACHINE_PROFILE
    api_paths = ("/v1", "/dream-machine")
    home_path = "/dream-machine/v1"

    async def create_clip(self, request: CreateClipInput) -> Generation:
        self._facts(request)
        resolution, ratio = _SIZES[request.size]
        body = {
            "model": request.model,
            "prompt": request.prompt,
            "aspect_ratio": ratio,
            "resolution": resolution,
            "duration": f"{request.seconds}s",
        }
        return await self._post("dream-machine/v1/generations/video", request, body)

    async def get_generation(self, generation_id: str) -> Generation:
        return await self._get("dream-machine/v1/generations", generation_id)

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        """The order of the list is not documented, so that only its end tells that there is none."""
        since = created_after - CREATED_SKEW
        for page in range(_LIST_PAGES):
            listed, has_more, ahead = await self._page(page)
            recent = [made for made in listed if str(made["id"]) not in claimed and _created_at(made) >= since + ahead]
            matches = [made for made in recent if _matches(made, request)]
            if matches:
                return _generation(min(matches, key=_created_at))
            if not has_more:
                return None
        raise OutcomeUnknown("Luma's list of generations is too long to find the lost one in.")

    async def check_account(self) -> Account:
        answer = await self._ask("GET", "dream-machine/v1/credits")
        cents = answer.body.get("credit_balance") if isinstance(answer.body, dict) else None
        if not answer.is_success or not isinstance(cents, int | float):
            raise self._error(answer, not_found=InvalidRequest)
        return Account(balance_usd=round(cents / 100, 2))

    async def _page(self, number: int) -> _Page:
        query = {"limit": str(_LIST_LIMIT), "offset": str(number * _LIST_LIMIT)}
        answer = await self._ask("GET", "dream-machine/v1/generations", params=query)
        listed = answer.body.get("generations") if answer.is_success and isinstance(answer.body, dict) else None
        if not isinstance(listed, list):
            raise self._error(answer, not_found=InvalidRequest)
        made = [m for m in listed if isinstance(m, dict) and m.get("id")]
        return _Page(made, bool(answer.body.get("has_more")), clock_ahead(answer.headers) or timedelta())


def create_luma(*, api_key: str = "", **options: Any) -> LumaProvider:
    """The adapter for the API that ``api_key`` belongs to; ``options`` are those of both."""
    is_agents = not api_key.strip() or api_key.strip().startswith(AGENTS_KEY_PREFIX)
    return (LumaAgentsProvider if is_agents else DreamMachineProvider)(api_key=api_key, **options)


# --- the wire ---


def _record(answer: Answer) -> dict[str, Any] | None:
    body = answer.body
    return body if answer.is_success and isinstance(body, dict) and isinstance(body.get("state"), str) else None


def _generation(made: dict[str, Any]) -> Generation:
    status = read_status("luma", made["state"])
    is_failed = status is GenerationStatus.FAILED
    code, reason = str(made.get("failure_code") or ""), str(made.get("failure_reason") or "")
    words = f"{code} {reason}".lower()
    return Generation(
        id=str(made["id"]),
        status=status,
        raw_status=made["state"],
        error_code=_FAILURE_CODES.get(code, code or "failed") if is_failed else "",
        error_message=reason[:300] if is_failed else "",
        is_rejection=is_failed and any(word in words for word in REJECTION_WORDS),
        cost_usd=0.0 if is_failed and code in _REFUNDED else None,
        created_at=_created_at(made),
        content_url=_video_url(made),
    )


def _video_url(made: dict[str, Any]) -> str:
    """``output`` of the Agents API, ``assets`` of Dream Machine."""
    output, assets = made.get("output"), made.get("assets")
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    links = [item.get("url") for item in items if item.get("type") == "video"]
    links += [assets.get("video")] if isinstance(assets, dict) else []
    return next((link for link in links if isinstance(link, str)), "")


def _created_at(made: dict[str, Any]) -> datetime:
    return read_moment(made.get("created_at"))


def _matches(made: dict[str, Any], request: CreateClipInput) -> bool:
    """Whether a listed generation can be what ``request`` made: every one shows the request it was made by."""
    asked = made.get("request")
    if not isinstance(asked, dict) or not isinstance(made.get("state"), str):
        return False
    resolution, ratio = _SIZES[request.size]
    wanted = {"aspect_ratio": ratio, "resolution": resolution, "duration": f"{request.seconds}s"}
    return (
        str(asked.get("prompt") or "").strip() == tidy(request.prompt).strip()
        and asked.get("model", made.get("model")) == request.model
        and all(asked.get(name) in (None, value) for name, value in wanted.items())
    )
