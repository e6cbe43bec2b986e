"""Adapter for the OpenAI Videos protocol (``/v1/videos``): Sora's, and that of the servers and gateways that speak it.

OpenAI switched its own service off on 2026-09-24; vLLM-Omni, SGLang, LiteLLM and others go on serving the protocol,
each a little differently. So this adapter reads the JSON body before the HTTP status (vLLM-Omni answers the GET of a
failed job with the job's own error code), knows the status words in use, and sends nothing that a strict server
refuses. Protocol: https://github.com/openai/openai-openapi (version 2.3.0).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx

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
    ProviderError,
    ProviderProfile,
    ReferenceRules,
    RemixClipInput,
    Retired,
)
from providers.downloads import MAX_BYTES, origin
from providers.references import read_reference
from providers.states import read_status
from providers.wire import (
    QUOTA_WORDS,
    REJECTION_WORDS,
    Answer,
    Complaint,
    HttpProvider,
    clock_ahead,
    escape_id,
    is_newest_first,
    paid_headers,
    read_complaint,
)

OPENAI_BASE_URL = "https://api.openai.com/v1"
RETIRED_ON = datetime(2026, 9, 24, tzinfo=UTC)
CREATED_SKEW = timedelta(seconds=5)
_LIST_PAGES, _LIST_LIMIT = 10, 100
# What it answered when it was switched off is not documented: any of these may stand for it.
_GONE_STATUSES = (400, 403, 404, 405, 410)
_RETIRED = (
    "OpenAI switched off its Videos API on 2026-09-24 and named no successor. Point the base URL at a"
    " compatible server (vLLM-Omni, SGLang, LiteLLM, a gateway), or choose another provider."
)

PROFILE = ProviderProfile(
    name="sora",
    title="Sora protocol (/v1/videos)",
    models=("sora-2", "sora-2-pro"),
    durations_seconds=(4, 8, 12),
    sizes=("1280x720", "720x1280", "1792x1024", "1024x1792"),
    prompt_limit_characters=32_000,
    audio=AudioSupport.NATIVE,
    reference=ReferenceRules(),
    supports_reference=True,
    supports_remix=True,
    supports_extend=True,
    supports_edit=True,
    supports_reconcile=True,
    supports_cancel=True,
    reconcile_grace_seconds=15.0,
    asset_lifetime_hours=1.0,
    cost_usd_per_second={"sora-2": 0.10, "sora-2-pro": 0.50},
)


class _Listed(NamedTuple):
    """Videos from the server's list, and since when, in epoch seconds by its clock. ``is_whole``: none is missing."""

    videos: list[dict[str, Any]]
    since: float
    is_whole: bool


class OpenAIVideosProvider(HttpProvider):
    """One server that speaks ``/v1/videos``. ``base_url`` may leave ``/v1`` out; ``api_key`` may be empty for own
    servers.

    ``model`` is put first in the profile. ``profile`` replaces the capability facts where another server sells other
    lengths, sizes or prices. ``transport`` is for callers that bring their own.
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
        super().__init__(
            base_url=base_url,
            profile=profile,
            api_key=api_key,
            default_path="/v1",
            max_download_bytes=max_download_bytes,
            transport=transport,
        )
        self._is_openai = self._base.host == "api.openai.com"
        models = tuple(dict.fromkeys((model, *profile.models))) if model else profile.models
        retired_on = RETIRED_ON if self._is_openai else profile.retired_on
        self.profile = profile.model_copy(update={"models": models, "retired_on": retired_on})

    async def create_clip(self, request: CreateClipInput) -> Generation:
        fields = {"prompt": request.prompt, "seconds": str(request.seconds), "size": request.size}
        if request.model:
            fields["model"] = request.model
        if request.seed is not None and self.profile.supports_seed:
            fields["seed"] = str(request.seed)
        # vLLM-Omni takes multipart only, and every server takes it: text fields are parts without a file name
        parts: list[tuple[str, tuple[Any, ...]]] = [(name, (None, text)) for name, text in fields.items()]
        if request.reference_path is not None:
            picture = read_reference(request.reference_path, self.profile.reference, size=request.size)
            parts.append(("input_reference", (picture.filename, picture.data, picture.mime)))
        return await self._create("videos", request, files=parts)

    async def remix_clip(self, request: RemixClipInput) -> Generation:
        path = f"videos/{escape_id(request.source_generation_id)}/remix"
        return await self._create(path, request, json={"prompt": request.prompt})

    async def get_generation(self, generation_id: str) -> Generation:
        answer = await self._ask("GET", f"videos/{escape_id(generation_id)}")
        video = _video(answer)
        if video is not None:
            return self._generation({"id": generation_id, **video})
        raise self._error(answer, not_found=GenerationNotFound)

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        """Servers tell more or less of what was asked for, and may round or rename it: only where nothing with our
        prompt is there is there certainly none. Raises ``OutcomeUnknown`` where that cannot be said."""
        listed = await self._listed((created_after - CREATED_SKEW).timestamp())
        in_time = [v for v in listed.videos if (_created(v) or listed.since) >= listed.since]
        unclaimed = [v for v in in_time if str(v["id"]) not in claimed]
        matches = [v for v in unclaimed if _matches(v, request)]
        if not matches:
            if not listed.is_whole:
                raise OutcomeUnknown("The server's list of videos is too long to find the lost one in.")
            if any(_told_prompt(v) == _words(request.prompt) for v in unclaimed):
                raise OutcomeUnknown("A video with our prompt is there, but its model, size, length or source differs.")
            return None
        if len(matches) > 1 and not any(v.get("prompt") for v in matches):
            raise OutcomeUnknown(
                "Several generations could be the lost one, and this server does not say their prompts."
            )
        return self._generation(min(matches, key=_created))

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        return await self._download(self._content_url(generation), destination)

    async def cancel(self, generation_id: str) -> bool:
        seen = await self._look(generation_id)
        if seen is None or seen.status.is_final:  # DELETE of a finished one would throw away what was paid
            return False
        answer = await self._ask("DELETE", f"videos/{escape_id(generation_id)}")
        if answer.is_success:
            return True
        if answer.status in (400, 404, 405, 409, 410, 501):
            return False
        raise self._error(answer, not_found=GenerationNotFound)

    async def check_account(self) -> Account:
        answer = await self._ask("GET", "videos", params={"limit": "1"})
        if answer.is_success and isinstance(answer.body, dict):
            return Account(note=f"{self._base.host} answers and takes the key.")
        raise self._error(answer, not_found=InvalidRequest)

    # --- the wire ---

    async def _auth(self) -> dict[str, str]:
        return await super()._auth() if self._key or self._is_openai else {}

    async def _create(self, path: str, request: CreateClipInput, **body: Any) -> Generation:
        answer = await self._ask("POST", path, headers=paid_headers(request), is_paid=True, **body)
        video = _video(answer) or _taken(answer)
        if video is not None and video.get("id"):
            return self._generation(video)
        if answer.is_success:
            raise OutcomeUnknown("The provider accepted the request, but its answer names no generation.")
        raise self._error(answer, not_found=InvalidRequest, is_paid=True)

    async def _listed(self, since: float) -> _Listed:
        """The server's list back to ``since``, epoch seconds by our clock, and what that is by the server's."""
        videos: dict[str, dict[str, Any]] = {}
        after, there = "", since
        for _ in range(_LIST_PAGES):
            query = {"limit": str(_LIST_LIMIT), "order": "desc"} | ({"after": after} if after else {})
            answer = await self._ask("GET", "videos", params=query)
            page = answer.body
            if answer.status != 200 or not isinstance(page, dict) or not isinstance(page.get("data"), list):
                raise self._error(answer, not_found=InvalidRequest)
            new = {str(v["id"]): v for v in page["data"] if isinstance(v, dict) and v.get("id")}
            new = {video_id: video for video_id, video in new.items() if video_id not in videos}
            videos |= new
            there = since + (clock_ahead(answer.headers) or timedelta()).total_seconds()
            times, has_more = [_created(video) for video in videos.values()], page.get("has_more")
            # a server that does not say whether there is more is asked until nothing new comes
            is_last = not new if has_more is None else not has_more
            if is_last or (all(times) and is_newest_first(times) and times[-1] < there):
                return _Listed(list(videos.values()), there, is_whole=True)
            if not new:
                break
            after = next(reversed(new))
        return _Listed(list(videos.values()), there, is_whole=False)

    def _own_error(self, status: int, complaint: Complaint) -> ProviderError | None:
        """What api.openai.com answers since it was switched off."""
        if not self._is_openai or datetime.now(UTC) < RETIRED_ON or status not in _GONE_STATUSES:
            return None
        is_other = any(word in complaint.words for word in (*REJECTION_WORDS, *QUOTA_WORDS))
        return None if is_other else Retired(_RETIRED)

    def _content_url(self, generation: Generation) -> str:
        """The link the server gave where it can be followed, else the protocol's own: a server of one's own often
        names a host that only it can reach. No ``?variant=video``: it is the default, and SGLang answers 404 to it."""
        home = f"{self._base}/videos/{escape_id(generation.id)}/content"
        try:
            link = self._base.join(generation.content_url) if generation.content_url else None
        except httpx.InvalidURL:
            link = None
        if link is None or (link.scheme == "http" and origin(link) != origin(self._base)):
            return home
        return str(link)

    def _generation(self, video: Mapping[str, Any]) -> Generation:
        raw = str(video.get("status") or "")
        status = read_status("openai", raw)
        is_failed = status is GenerationStatus.FAILED
        complaint = read_complaint({"error": video.get("error")}) if is_failed else Complaint("", "")
        url = next((u for u in (video.get("url"), video.get("video_url")) if isinstance(u, str)), "")
        return self._steady(
            Generation(
                id=str(video["id"]),
                status=status,
                raw_status=raw,
                progress=_progress(video.get("progress")),
                error_code=complaint.code,
                error_message=complaint.message,
                is_rejection=any(word in complaint.words for word in REJECTION_WORDS),
                created_at=datetime.fromtimestamp(_created(video) or datetime.now(UTC).timestamp(), UTC),
                content_url=url,
            )
        )


def _video(answer: Answer) -> dict[str, Any] | None:
    """The Video in a body, whatever the HTTP status; None when the body is something else."""
    body = answer.body
    if (
        isinstance(body, dict)
        and isinstance(body.get("status"), str)
        and (body.get("id") or body.get("object") == "video")
    ):
        return body
    return None


def _taken(answer: Answer) -> dict[str, Any] | None:
    """What a gateway that says no status answers to a create: it took it, so it is queued. None for anything else."""
    body = answer.body
    if answer.is_success and isinstance(body, dict) and isinstance(body.get("id"), str) and not body.get("error"):
        return {**body, "status": "queued"}
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
    if _told_prompt(video) not in ("", _words(request.prompt)):
        return False
    if source is not None:  # a remix inherits the rest
        return True
    model, size, seconds = (video.get(name) for name in ("model", "size", "seconds"))
    if model and request.model and not (model == request.model or str(model).startswith(f"{request.model}-20")):
        return False
    return (not size or size == request.size) and (not seconds or _is_number(seconds, request.seconds))


def _told_prompt(video: Mapping[str, Any]) -> str:
    prompt = video.get("prompt")
    return _words(prompt) if isinstance(prompt, str) else ""


def _words(prompt: str) -> str:
    """``prompt`` as an answer shows it; the line breaks of a form may come back as other ones."""
    return " ".join(tidy(prompt).split())


def _is_number(told: Any, number: int) -> bool:
    """Whether ``told``, a number or its text, is ``number``: "8.0" is 8."""
    try:
        return float(told) == number
    except (TypeError, ValueError):
        return False
