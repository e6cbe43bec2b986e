"""Adapter for the OpenAI Videos protocol (``/v1/videos``): Sora's, and that of the servers and gateways that speak it.

OpenAI switched its own service off on 2026-09-24; vLLM-Omni, SGLang, LiteLLM and others go on serving the protocol,
each a little differently. So this adapter reads the JSON body before the HTTP status (vLLM-Omni answers the GET of a
failed job with the job's own error code), knows the status words in use, and sends nothing that a strict server
refuses. Protocol: https://github.com/openai/openai-openapi (version 2.3.0). Plain httpx, because the official client
repeats a POST whose answer was lost, which would pay twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from providers.base import (
    AudioSupport,
    AuthFailed,
    ContentRejected,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    ProviderProfile,
    QuotaExhausted,
    RateLimited,
    RemixClipInput,
    Retired,
    Unavailable,
    VideoProvider,
)
from providers.downloads import MAX_BYTES, download

OPENAI_BASE_URL = "https://api.openai.com/v1"
RETIRED_ON = datetime(2026, 9, 24, tzinfo=UTC)
CREATED_SKEW = timedelta(seconds=5)
_CREATE_TIMEOUT = httpx.Timeout(75.0, connect=10.0)
_READ_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_LIST_PAGES, _LIST_LIMIT = 10, 100

PROFILE = ProviderProfile(
    name="sora",
    title="Sora (OpenAI Videos protocol)",
    models=("sora-2", "sora-2-pro"),
    durations_seconds=(4, 8, 12),
    sizes=("1280x720", "720x1280", "1792x1024", "1024x1792"),
    prompt_limit_characters=32_000,
    audio=AudioSupport.ALWAYS,
    supports_reference=True,
    supports_remix=True,
    supports_list=True,
    poll_interval_seconds=5.0,
    reconcile_grace_seconds=15.0,
    cost_usd_per_second={"sora-2": 0.10, "sora-2-pro": 0.50},
)

_STATUSES = {
    GenerationStatus.QUEUED: ("queued", "pending", "created", "submitted", "scheduled"),
    GenerationStatus.IN_PROGRESS: ("in_progress", "processing", "running", "generating", "started", "cancelling"),
    GenerationStatus.COMPLETED: ("completed", "succeeded", "success", "done"),
    GenerationStatus.FAILED: ("failed", "error", "rejected"),
    GenerationStatus.CANCELLED: ("cancelled", "canceled", "expired", "deleted"),
}
_STATUS_OF = {word: status for status, words in _STATUSES.items() for word in words}
_QUOTA_CODES = ("insufficient_quota", "billing", "quota_exceeded", "insufficient_credit", "insufficient_balance")
_REJECTION_CODES = ("moderation", "sentinel_block", "content_policy", "content_filter", "safety")
_GONE_WORDS = ("not found", "not_found", "does not exist", "deprecated", "shut down", "no longer", "invalid url")


class OpenAIVideosProvider(VideoProvider):
    """One server that speaks ``/v1/videos``. ``base_url`` includes ``/v1``; ``api_key`` may be empty for own servers.

    ``model`` is put first in the profile when it is not one of Sora's. ``profile`` replaces the capability facts where
    another server sells other lengths, sizes or prices. ``transport`` is for callers that bring their own.
    """

    def __init__(
        self,
        *,
        base_url: str = OPENAI_BASE_URL,
        api_key: str = "",
        model: str = "",
        profile: ProviderProfile = PROFILE,
        max_download_bytes: int = MAX_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        try:
            self._base = httpx.URL(base_url.strip().rstrip("/"))
        except httpx.InvalidURL:
            self._base = httpx.URL("")
        if self._base.scheme not in ("http", "https") or not self._base.host or self._base.userinfo:
            raise InvalidRequest("The base URL must be the http(s) address of a video server, without a password.")
        self._is_openai = self._base.host == "api.openai.com"
        self._key = api_key.strip()
        self._max_download_bytes = max_download_bytes
        models = profile.models if not model or model in profile.models else (model, *profile.models)
        models = (model, *(name for name in models if name != model)) if model else models
        self.profile = profile.model_copy(
            update={"models": models, "retired_on": RETIRED_ON if self._is_openai else profile.retired_on}
        )
        # Connections are not kept: calls are seconds apart, and an idle one would outlive the loop it belongs to.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(
            timeout=_READ_TIMEOUT, follow_redirects=False, transport=transport, limits=limits
        )
        self._progress: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"OpenAIVideosProvider(base_url={str(self._base)!r})"

    async def create_clip(self, request: CreateClipInput) -> Generation:
        fields = {"prompt": request.prompt, "seconds": str(request.seconds), "size": request.size}
        if request.model:
            fields["model"] = request.model
        if request.seed is not None and self.profile.supports_seed:
            fields["seed"] = str(request.seed)
        # vLLM-Omni takes multipart only, and every server takes it: text fields are parts without a file name
        parts: list[tuple[str, tuple[Any, ...]]] = [(name, (None, text)) for name, text in fields.items()]
        if request.reference_path is not None:
            parts.append(("input_reference", _reference(request.reference_path)))
        return await self._send_paid("videos", key=request.key, files=parts)

    async def remix_clip(self, request: RemixClipInput) -> Generation:
        path = f"videos/{_escape(request.source_generation_id)}/remix"
        return await self._send_paid(path, key=request.key, json={"prompt": request.prompt})

    async def get_generation(self, generation_id: str) -> Generation:
        response = await self._send("GET", f"videos/{_escape(generation_id)}")
        video = _video(response)
        if video is not None:
            return self._generation({"id": generation_id, **video})
        raise self._error(response, not_found=GenerationNotFound)

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        since = (created_after - CREATED_SKEW).timestamp()
        matches: list[dict[str, Any]] = []
        after = ""
        for _ in range(_LIST_PAGES):
            query = {"limit": str(_LIST_LIMIT), "order": "desc"} | ({"after": after} if after else {})
            response = await self._send("GET", "videos", params=query)
            page = _json(response)
            if response.status_code != 200 or not isinstance(page, dict) or not isinstance(page.get("data"), list):
                raise self._error(response, not_found=InvalidRequest)
            videos = [v for v in page["data"] if isinstance(v, dict) and v.get("id")]
            recent = [v for v in videos if (_created(v) or since) >= since]
            matches += [v for v in recent if v["id"] not in claimed and _matches(v, request)]
            if not page.get("has_more") or not videos or len(recent) < len(videos):
                break
            after = str(videos[-1]["id"])
        if not matches:
            return None
        if len(matches) > 1 and not any(v.get("prompt") for v in matches):
            raise OutcomeUnknown(
                "Several generations could be the lost one, and this server does not say their prompts."
            )
        return self._generation(min(matches, key=_created))

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        # no ?variant=video: it is the default, and SGLang answers 404 to it
        url = generation.content_url or self._url(f"videos/{_escape(generation.id)}/content")
        return await download(
            self._client,
            url,
            destination,
            trusted=self._base,
            headers=self._headers(),
            max_bytes=self._max_download_bytes,
        )

    async def cancel(self, generation_id: str) -> bool:
        response = await self._send("DELETE", f"videos/{_escape(generation_id)}")
        if response.is_success:
            return True
        if response.status_code in (400, 404, 405, 409, 410, 501):
            return False
        raise self._error(response, not_found=GenerationNotFound)

    async def aclose(self) -> None:
        await self._client.aclose()

    # --- the wire ---

    async def _send_paid(self, path: str, *, key: str, **body: Any) -> Generation:
        """One POST, never repeated. Whatever leaves the outcome open is ``OutcomeUnknown``."""
        headers = {"Idempotency-Key": key, "X-Client-Request-Id": key} if key.isascii() and key.isprintable() else {}
        response = await self._send("POST", path, headers=headers, is_paid=True, **body)
        video = _video(response)
        if video is not None and video.get("id"):
            return self._generation(video)
        if response.is_success:
            raise OutcomeUnknown("The provider accepted the request, but its answer names no generation.")
        raise self._error(response, not_found=InvalidRequest, is_paid=True)

    async def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, is_paid: bool = False, **body: Any
    ) -> httpx.Response:
        timeout = _CREATE_TIMEOUT if is_paid else _READ_TIMEOUT
        headers = {**self._headers(), **(headers or {})}
        try:
            return await self._client.request(method, self._url(path), headers=headers, timeout=timeout, **body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise Unavailable(f"{self._base.host} cannot be reached ({type(error).__name__}).") from None
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            raise InvalidRequest(f"The request could not be written ({type(error).__name__}).") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            if is_paid:
                raise OutcomeUnknown(f"The answer of {self._base.host} was lost ({type(error).__name__}).") from None
            raise Unavailable(f"{self._base.host} did not answer ({type(error).__name__}).") from None

    def _url(self, path: str) -> str:
        return f"{self._base}/{path}"

    def _headers(self) -> dict[str, str]:
        if not self._key:
            if self._is_openai:
                raise AuthFailed("No API key is set for api.openai.com.")
            return {}
        if not (self._key.isascii() and self._key.isprintable()):
            raise AuthFailed("The API key holds characters that no key has. Copy it again.")
        return {"Authorization": f"Bearer {self._key}"}

    def _error(
        self, response: httpx.Response, *, not_found: type[ProviderError], is_paid: bool = False
    ) -> ProviderError:
        """The error that ``response`` stands for. Only the provider's own words are quoted, without our request."""
        status, body = response.status_code, _json(response)
        code, message = _complaint(body)
        said = f"HTTP {status}" + (f": {message}" if message else "")
        words = f"{code} {message}".lower()
        if self._is_switched_off(status, words):
            return Retired(
                "OpenAI switched off its Videos API on 2026-09-24 and named no successor. Point the base URL at a"
                " compatible server (vLLM-Omni, SGLang, LiteLLM, a gateway), or choose another provider."
            )
        if status in (401, 403) and not any(word in code.lower() for word in _REJECTION_CODES):
            return AuthFailed(f"The provider refused the key ({said}).")
        if status == 402 or (status == 429 and any(word in words for word in _QUOTA_CODES)):
            return QuotaExhausted(f"The account has no credit left ({said}).")
        if status == 429:
            return RateLimited(
                f"The provider asks us to slow down ({said}).", retry_after_seconds=_retry_after(response)
            )
        if status < 500 and any(word in words for word in _REJECTION_CODES):
            return ContentRejected(f"The provider's safety system refused the prompt ({said}).")
        if status in (404, 405, 410):
            return not_found(f"The provider does not have this ({said}).")
        if status in (408, 409, 425):
            # The same request may be under way there: neither taken for refused nor sent again.
            return (OutcomeUnknown if is_paid else Unavailable)(f"The provider did not say how it ended ({said}).")
        if status < 500:
            reason = "redirects elsewhere; set its final address" if response.is_redirect else "refused the request"
            return InvalidRequest(f"The provider {reason} ({said}).")
        if not is_paid or (status in (503, 529) and message):
            return Unavailable(f"The provider is down or overloaded ({said}).")
        return OutcomeUnknown(f"The provider failed while taking the request ({said}).")

    def _is_switched_off(self, status: int, words: str) -> bool:
        if not self._is_openai or datetime.now(UTC) < RETIRED_ON:
            return False
        return status == 410 or (status in (400, 403, 404) and any(word in words for word in _GONE_WORDS))

    def _generation(self, video: Mapping[str, Any]) -> Generation:
        raw = str(video.get("status") or "")
        status = _STATUS_OF.get(raw.lower(), GenerationStatus.UNKNOWN)
        generation_id = str(video["id"])
        progress, before = _progress(video.get("progress")), self._progress.pop(generation_id, None)
        if progress is not None and before is not None:
            progress = max(progress, before)  # some servers count backwards; nobody wants to see that
        if status is GenerationStatus.COMPLETED:
            progress = 1.0
        elif progress is not None and not status.is_final:
            self._progress[generation_id] = progress
        is_failed = status is GenerationStatus.FAILED
        code, message = _complaint({"error": video.get("error")}) if is_failed else ("", "")
        url = next((u for u in (video.get("url"), video.get("video_url")) if isinstance(u, str)), "")
        return Generation(
            id=generation_id,
            status=status,
            raw_status=raw,
            progress=progress,
            error_code=code,
            error_message=message,
            is_rejection=is_failed and any(word in f"{code} {message}".lower() for word in _REJECTION_CODES),
            created_at=datetime.fromtimestamp(_created(video) or datetime.now(UTC).timestamp(), UTC),
            content_url=url,
        )


def _escape(generation_id: str) -> str:
    if generation_id in ("", ".", ".."):
        raise GenerationNotFound
    return quote(generation_id, safe="")


def _reference(path: Path) -> tuple[str, bytes, str]:
    kinds = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise InvalidRequest("A reference picture must be a PNG, JPEG or WebP file.")
    try:
        return f"reference{path.suffix.lower()}", path.read_bytes(), kind
    except OSError as error:
        raise InvalidRequest(f"The reference picture cannot be read ({type(error).__name__}).") from None


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None


def _video(response: httpx.Response) -> dict[str, Any] | None:
    """The Video in a body, whatever the HTTP status; None when the body is something else."""
    body = _json(response)
    if (
        isinstance(body, dict)
        and isinstance(body.get("status"), str)
        and (body.get("id") or body.get("object") == "video")
    ):
        return body
    return None


def _complaint(body: Any) -> tuple[str, str]:
    """Code and message of an error body: OpenAI's envelope, SGLang's ``detail``, plain strings; shortened."""
    error = body.get("error") or body.get("detail") or body.get("message") if isinstance(body, dict) else None
    if isinstance(error, list):  # validation errors: [{"loc": [...], "msg": "..."}]
        error = "; ".join(str(e.get("msg", e)) if isinstance(e, dict) else str(e) for e in error)
    if isinstance(error, dict):
        code = error.get("code") or error.get("type") or ""
        return str(code), str(error.get("message") or "")[:300]
    return "", str(error or "")[:300]


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait, from ``retry-after-ms``, or ``retry-after`` as seconds or as a date."""
    for header, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return min(3600.0, max(0.0, float(response.headers[header]) * scale))
        except (KeyError, ValueError):
            continue
    try:
        wait = parsedate_to_datetime(response.headers["retry-after"]) - datetime.now(UTC)
        return min(3600.0, max(0.0, wait.total_seconds()))
    except (KeyError, ValueError, TypeError):
        return None


def _progress(value: Any) -> float | None:
    """0..1 from the protocol's 0..100; None for anything else."""
    try:
        return min(1.0, max(0.0, float(value) / 100))
    except (TypeError, ValueError):
        return None


def _created(video: Mapping[str, Any]) -> float:
    """Epoch seconds, 0 when the server does not say."""
    value = video.get("created_at")
    return float(value) if isinstance(value, int | float) and 1 < value < 4e9 else 0.0


def _matches(video: Mapping[str, Any], request: CreateClipInput) -> bool:
    """Whether a listed Video can be what ``request`` made; fields the server leaves out do not count against it."""
    source = request.source_generation_id if isinstance(request, RemixClipInput) else None
    if "remixed_from_video_id" in video and (video["remixed_from_video_id"] or None) != source:
        return False
    prompt, model, size, seconds = (video.get(name) for name in ("prompt", "model", "size", "seconds"))
    if prompt and prompt.strip() != request.prompt.strip():
        return False
    if source is not None:  # a remix inherits the rest
        return True
    if model and request.model and not (model == request.model or model.startswith(f"{request.model}-20")):
        return False
    return (not size or size == request.size) and (not seconds or str(seconds) == str(request.seconds))
