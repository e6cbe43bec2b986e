"""Adapter for MiniMax's video generation V2 (Hailuo H3), which makes picture and sound in one pass.

Fields, limits, states and errors are those of the OpenAPI description 2.0.0 on platform.minimax.io (pages
``video-generation-v2-create``, ``-query``, ``-list``, ``-delete``), prices and rates those of its guides
``pricing-paygo`` and ``rate-limits``. Pixels: 768P is 1344x768 (guide ``local-deploy-h3``), 2K is 2560x1440.

The list of tasks does not tell prompts. A lost create is therefore looked up by model, length, resolution, ratio and
time, and only while nothing else is being asked for; where two tasks fit, nobody can say which it was. No field takes a
seed, a negative prompt or a key of ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from providers.base import (
    Account,
    AudioSupport,
    AuthFailed,
    ContentRejected,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    ModelFacts,
    OutcomeUnknown,
    PollPace,
    PromptDialect,
    ProviderError,
    ProviderProfile,
    QuotaExhausted,
    RateLimited,
    ReferenceRules,
)
from providers.references import read_reference
from providers.states import read_status
from providers.wire import (
    CREATE_SECONDS,
    REJECTION_WORDS,
    Complaint,
    HostedProvider,
    clock_ahead,
    escape_id,
    is_newest_first,
    paid_headers,
)

MINIMAX_BASE_URL = "https://api.minimax.io"
CREATED_SKEW = timedelta(seconds=5)
# A create reaches the provider while it is being sent; the caller's own margin comes on top.
CREATED_WITHIN = timedelta(seconds=CREATE_SECONDS + 60)
_PAGE_SIZE, _PAGES = 20, 30

# size in pixels -> resolution, ratio
_SIZES = {
    "1344x768": ("768P", "16:9"),
    "768x1344": ("768P", "9:16"),
    "768x768": ("768P", "1:1"),
    "2560x1440": ("2K", "16:9"),
    "1440x2560": ("2K", "9:16"),
}
_RATES = {"MiniMax-H3": {"768P": 0.08, "2K": 0.13}, "MiniMax-H3-Max": {"768P": 0.08}}

PROFILE = ProviderProfile(
    name="minimax",
    title="MiniMax H3",
    models=tuple(_RATES),
    durations_seconds=tuple(range(4, 16)),
    sizes=tuple(_SIZES),
    prompt_limit_characters=7000,
    dialect=PromptDialect.PROSE,
    audio=AudioSupport.NATIVE,
    # as the first frame it sets the shape of the clip
    reference=ReferenceRules(max_bytes=30_000_000, min_side_pixels=256, max_ratio=2.5),
    supports_reference=True,
    supports_reconcile=True,
    supports_cancel=True,
    charges_failures=False,
    max_concurrent=30,
    requests_per_minute=300,
    poll_pace=PollPace(early_seconds=10.0),
    reconcile_grace_seconds=20.0,
    asset_lifetime_hours=168.0,
    cost_usd_per_second={
        f"{model}@{size}": rates[resolution]
        for model, rates in _RATES.items()
        for size, (resolution, _) in _SIZES.items()
        if resolution in rates
    },
    variants={
        "MiniMax-H3-Max": ModelFacts(
            durations_seconds=tuple(range(5, 16)),
            sizes=tuple(size for size, (resolution, _) in _SIZES.items() if resolution == "768P"),
        )
    },
)

# The number at the end of a message, or the error's type -> what it means
_MEANINGS: dict[str, type[ProviderError]] = {
    "1002": RateLimited,
    "1039": RateLimited,
    "1041": RateLimited,
    "2045": RateLimited,
    "rate_limit_error": RateLimited,
    "1004": AuthFailed,
    "2049": AuthFailed,
    "authorized_error": AuthFailed,
    "1008": QuotaExhausted,
    "2056": QuotaExhausted,
    "insufficient_balance_error": QuotaExhausted,
    "1026": ContentRejected,
    "1027": ContentRejected,
    "2013": InvalidRequest,
}
_NUMBER = re.compile(r"\((\d{4})\)\s*$")


class _Page(NamedTuple):
    """Tasks of the last seven days, how many there are in all, and by how much MiniMax's clock is ahead of ours."""

    tasks: list[dict[str, Any]]
    total: int
    ahead: timedelta


class MiniMaxProvider(HostedProvider):
    """MiniMax. ``api_key`` is a pay-as-you-go key and belongs to the host it was made on (``api.minimax.io``, or
    ``api.minimaxi.com`` on the mainland); ``model`` is put first in the profile, with its facts."""

    usual_base_url = MINIMAX_BASE_URL
    usual_profile = PROFILE
    api_paths = ("/v2", "/v1")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._asking = 0
        self._answered: dict[str, str] = {}  # task -> the request it was made for

    async def create_clip(self, request: CreateClipInput) -> Generation:
        facts = self._facts(request)
        resolution, ratio = _SIZES[request.size]
        content: list[dict[str, Any]] = [{"type": "text", "text": request.prompt}]
        if request.reference_path is not None:
            picture = read_reference(request.reference_path, facts.reference, size=request.size)
            content.append({"type": "image_url", "image_url": {"url": picture.data_uri}, "role": "first_frame"})
            ratio = "adaptive"
        body = {
            "model": request.model,
            "content": content,
            "resolution": resolution,
            "duration": request.seconds,
            "ratio": ratio,
        }
        self._asking += 1
        try:
            answer = await self._ask(
                "POST", "v2/video_generation", headers=paid_headers(request), is_paid=True, json=body
            )
        finally:
            self._asking -= 1
        if not answer.is_success:
            raise self._error(answer, not_found=InvalidRequest, is_paid=True)
        task_id = answer.body.get("task_id") if isinstance(answer.body, dict) else None
        if not (isinstance(task_id, str | int) and task_id):
            raise OutcomeUnknown("MiniMax accepted the request, but its answer names no task.")
        self._answered[str(task_id)] = request.key
        return Generation(id=str(task_id), status=GenerationStatus.QUEUED)

    async def get_generation(self, generation_id: str) -> Generation:
        answer = await self._ask("GET", f"v2/query/video_generation/{escape_id(generation_id)}")
        task = answer.body.get("task") if answer.is_success and isinstance(answer.body, dict) else None
        if isinstance(task, dict) and isinstance(task.get("status"), str):
            return _generation({**task, "id": generation_id})
        # a task older than seven days is an invalid parameter
        if answer.status in (400, 404) and "task_id" in self._complaint(answer.body).words:
            raise GenerationNotFound
        raise self._error(answer, not_found=GenerationNotFound)

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        if self._asking:
            raise OutcomeUnknown("Another clip is being asked for; MiniMax's list could not tell the two apart.")
        listed, ahead = await self._tasks(request.model, since=created_after - CREATED_SKEW)
        since, until = created_after - CREATED_SKEW + ahead, created_after + CREATED_WITHIN + ahead
        found = [
            task
            for task in listed
            if str(task["id"]) not in claimed
            and self._answered.get(str(task["id"]), request.key) == request.key
            and since <= _at(task) <= until
            and _matches(task, request)
        ]
        mine = [task for task in found if str(task["id"]) in self._answered]
        found = mine or found
        if len(found) > 1:
            raise OutcomeUnknown("Several tasks could be the lost one, and MiniMax does not say their prompts.")
        return _generation(found[0]) if found else None

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        return await self._download_signed(generation.content_url, destination)

    async def cancel(self, generation_id: str) -> bool:
        """Only a task that waits can be taken back; the same call deletes a finished one, so it is looked at first."""
        seen = await self._look(generation_id)
        if seen is None or seen.status is not GenerationStatus.QUEUED:
            return False
        answer = await self._ask("DELETE", f"v2/video_generation/{escape_id(generation_id)}")
        if answer.is_success:
            return isinstance(answer.body, dict) and answer.body.get("action") in ("cancelled", "cancel")
        if answer.status in (400, 404, 409):
            return False
        raise self._error(answer, not_found=GenerationNotFound)

    async def check_account(self) -> Account:
        await self._page(1, size=1)
        return Account(note=f"{self._base.host} takes the key; it does not say what credit is left.")

    # --- the wire ---

    async def _page(
        self, number: int, *, size: int = _PAGE_SIZE, filters: Mapping[str, str] = MappingProxyType({})
    ) -> _Page:
        query = {"page_num": str(number), "page_size": str(size), **filters}
        answer = await self._ask("GET", "v2/query/video_generation", params=query)
        items = answer.body.get("items") if answer.is_success and isinstance(answer.body, dict) else None
        if not isinstance(items, list):
            raise self._error(answer, not_found=InvalidRequest)
        total = answer.body.get("total")
        tasks = [task for task in items if isinstance(task, dict) and task.get("id")]
        ahead = clock_ahead(answer.headers) or timedelta()
        return _Page(tasks, total if isinstance(total, int) else len(tasks), ahead)

    async def _tasks(self, model: str, *, since: datetime) -> tuple[list[dict[str, Any]], timedelta]:
        """Every task of ``model`` since then, and by how much MiniMax's clock is ahead of ours. The order of the list
        is not documented: reading stops early only where it shows itself to be newest first. Raises ``OutcomeUnknown``
        when the list is too long to be read."""
        filters = {"filter.model": model, "filter.task_type": "generation"}
        seen: list[dict[str, Any]] = []
        for number in range(1, _PAGES + 1):
            tasks, total, ahead = await self._page(number, filters=filters)
            seen += tasks
            times = [_at(task) for task in seen]
            if not tasks or len(seen) >= total or (is_newest_first(times) and times[-1] < since + ahead):
                return seen, ahead
        raise OutcomeUnknown("MiniMax's list of tasks is too long to find the lost one in.")

    def _own_error(self, status: int, complaint: Complaint) -> type[ProviderError] | None:
        return _MEANINGS.get(complaint.code) if status < 500 else None

    def _complaint(self, body: Any) -> Complaint:
        return _read_complaint(body.get("error") if isinstance(body, dict) else None)


def _read_complaint(error: Any) -> Complaint:
    """A refusal has a type, and a number in brackets at the end of its message; a failed task has a code."""
    if not isinstance(error, dict):
        return Complaint("", "")
    message = str(error.get("message") or "")[:300]
    number = _NUMBER.search(message)
    return Complaint(number[1] if number else str(error.get("code") or error.get("type") or ""), message)


def _generation(task: dict[str, Any]) -> Generation:
    status = read_status("minimax", task["status"])
    is_failed = status is GenerationStatus.FAILED
    complaint = _read_complaint(task.get("error")) if is_failed else Complaint("", "")
    content = task.get("content")
    url = content.get("url") if isinstance(content, dict) else None
    is_rejection = _MEANINGS.get(complaint.code) is ContentRejected
    return Generation(
        id=str(task["id"]),
        status=status,
        raw_status=task["status"],
        progress=1.0 if status is GenerationStatus.COMPLETED else None,
        error_code="invalid_request" if _MEANINGS.get(complaint.code) is InvalidRequest else complaint.code,
        error_message=complaint.message,
        is_rejection=is_rejection or any(word in complaint.words for word in REJECTION_WORDS),
        cost_usd=0.0 if is_failed else None,
        created_at=_at(task),
        content_url=url if isinstance(url, str) else "",
    )


def _matches(task: dict[str, Any], request: CreateClipInput) -> bool:
    """What the list leaves out does not count; a clip with a first frame has the frame's ratio."""
    resolution, ratio = _SIZES[request.size]
    return (
        isinstance(task.get("status"), str)
        and task.get("model") in (None, request.model)
        and task.get("duration") in (None, request.seconds)
        and task.get("resolution") in (None, resolution)
        and (request.reference_path is not None or task.get("ratio") in (None, "", "adaptive", ratio))
    )


def _at(task: dict[str, Any]) -> datetime:
    """When it was made; now where that is not told."""
    value = task.get("created_at")
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) and 1 < value < 4e9 else datetime.now(UTC)
