"""Adapter for Runway's API (``/v1/text_to_video``, ``/v1/image_to_video``), version 2024-11-06.

Fields, ranges and states are those of the ``runwayml`` SDK 5.24.0; failures and limits those of docs.dev.runwayml.com.
One credit is one cent. Offered are the models whose lengths, sizes and prices are known: Kling 3.0 in full where
Runway's own validation was seen to take 3 to 15 s (standard), at 5 and 10 s where it was not (pro). Gen-4.5 has no
field for sound, so its clips count as silent.

The API has no list of tasks and takes no key of ours: a create whose answer was lost cannot be looked up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from providers.base import (
    Account,
    AudioSupport,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    ModelFacts,
    OutcomeUnknown,
    PollPace,
    PromptDialect,
    PromptUnit,
    ProviderError,
    ProviderProfile,
    QuotaExhausted,
    ReferenceRules,
)
from providers.references import read_reference
from providers.states import read_status
from providers.wire import Answer, Complaint, HostedProvider, escape_id, paid_headers, read_complaint

RUNWAY_BASE_URL = "https://api.dev.runwayml.com"
API_VERSION = "2024-11-06"
CREDIT_USD = 0.01

_WIDE_OR_TALL = ("1280x720", "720x1280")
_VEO = ModelFacts(
    durations_seconds=(4, 6, 8),
    sizes=(*_WIDE_OR_TALL, "1920x1080", "1080x1920"),
    audio=AudioSupport.OPTIONAL,
    supports_negative_prompt=True,
)
_KLING = ModelFacts(prompt_limit_characters=2500, audio=AudioSupport.OPTIONAL, supports_seed=False)

PROFILE = ProviderProfile(
    name="runway",
    title="Runway",
    models=("gen4.5", "veo3.1_fast", "veo3.1", "kling3.0_standard", "kling3.0_pro", "gen4_turbo"),
    durations_seconds=(2, 3, 4, 5, 6, 7, 8, 9, 10),
    sizes=_WIDE_OR_TALL,
    prompt_limit_characters=1000,
    prompt_unit=PromptUnit.UTF16_UNITS,
    dialect=PromptDialect.PROSE,
    audio=AudioSupport.NONE,
    # a data URI has at most 5 MB, of which base64 leaves three quarters
    reference=ReferenceRules(max_bytes=3_700_000),
    supports_reference=True,
    supports_seed=True,
    supports_cancel=True,
    cancel_refunds=True,
    tells_balance=True,
    max_concurrent=2,
    poll_pace=PollPace(early_seconds=6.0),
    cost_usd_per_second={
        "gen4.5": 0.12,
        "veo3.1_fast": 0.15,
        "veo3.1": 0.40,
        "kling3.0_standard": 0.13,
        "kling3.0_pro": 0.17,
        "gen4_turbo": 0.05,
    },
    variants={
        "veo3.1_fast": _VEO,
        "veo3.1": _VEO,
        "kling3.0_standard": _KLING.model_copy(
            update={"durations_seconds": tuple(range(3, 16)), "sizes": (*_WIDE_OR_TALL, "960x960")}
        ),
        "kling3.0_pro": _KLING.model_copy(
            update={"durations_seconds": (5, 10), "sizes": ("1920x1080", "1080x1920", "1440x1440")}
        ),
        "gen4_turbo": ModelFacts(
            sizes=(*_WIDE_OR_TALL, "1104x832", "832x1104", "960x960", "1584x672"), needs_reference=True
        ),
    },
)

# HTTP status, words of the message -> what it means. The daily cap is a rolling one: waiting a little does not help.
_OWN_ERRORS: tuple[tuple[int, str, type[ProviderError]], ...] = (
    (400, "enough credits", QuotaExhausted),
    (429, "daily", QuotaExhausted),
    (403, "model", InvalidRequest),
)
# failureCode -> ours; codes that are not here are shown as they are
_FAILURE_CODES = {"ASSET.INVALID": "invalid_request"}


class RunwayProvider(HostedProvider):
    """Runway. ``api_key`` is the API secret (``key_...``); ``model`` is put first in the profile, with its facts."""

    usual_base_url = RUNWAY_BASE_URL
    usual_profile = PROFILE
    api_paths = ("/v1",)

    async def create_clip(self, request: CreateClipInput) -> Generation:
        facts = self._facts(request)
        body: dict[str, Any] = {
            "model": request.model,
            "promptText": request.prompt,
            "ratio": request.size.replace("x", ":"),
            "duration": request.seconds,
        }
        if facts.audio is AudioSupport.OPTIONAL:
            body["audio"] = True
        if request.negative_prompt and facts.supports_negative_prompt:
            body["negativePrompt"] = request.negative_prompt
        if request.seed is not None and facts.supports_seed:
            body["seed"] = request.seed
        path = "v1/text_to_video"
        if request.reference_path is not None:
            path = "v1/image_to_video"
            picture = read_reference(request.reference_path, facts.reference, size=request.size)
            body["promptImage"] = [{"uri": picture.data_uri, "position": "first"}]
        answer = await self._ask("POST", path, headers=paid_headers(request), is_paid=True, json=body)
        if not answer.is_success:
            raise self._error(answer, not_found=InvalidRequest, is_paid=True)
        task_id = answer.body.get("id") if isinstance(answer.body, dict) else None
        if not (isinstance(task_id, str) and task_id):
            raise OutcomeUnknown("Runway accepted the request, but its answer names no task.")
        return Generation(id=task_id, status=GenerationStatus.QUEUED)

    async def get_generation(self, generation_id: str) -> Generation:
        answer = await self._ask("GET", f"v1/tasks/{escape_id(generation_id)}")
        task = _task(answer)
        if task is None:
            raise self._error(answer, not_found=GenerationNotFound)
        return self._steady(_generation({"id": generation_id, **task}))

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        return await self._download_signed(generation.content_url, destination)

    async def cancel(self, generation_id: str) -> bool:
        """Take back a task that has not begun, which is refunded; False once it runs, for then it would be stopped and
        still be paid. A task that begins in the instant between looking and taking back is lost money. A cancelled
        task is gone: asking for it raises ``GenerationNotFound``."""
        seen = await self._look(generation_id)
        if seen is None or seen.status is not GenerationStatus.QUEUED:
            return False
        answer = await self._ask("DELETE", f"v1/tasks/{escape_id(generation_id)}")
        if answer.is_success or answer.status == 404:
            return answer.is_success
        raise self._error(answer, not_found=GenerationNotFound)

    async def check_account(self) -> Account:
        answer = await self._ask("GET", "v1/organization")
        credit = answer.body.get("creditBalance") if isinstance(answer.body, dict) else None
        if not answer.is_success or not isinstance(credit, int | float):
            raise self._error(answer, not_found=InvalidRequest)
        return Account(balance_usd=round(credit * CREDIT_USD, 2), note=f"{credit:,.0f} credits are left.")

    # --- the wire ---

    async def _auth(self) -> dict[str, str]:
        return {**await super()._auth(), "X-Runway-Version": API_VERSION}

    def _own_error(self, status: int, complaint: Complaint) -> type[ProviderError] | None:
        return next((kind for at, word, kind in _OWN_ERRORS if at == status and word in complaint.words), None)

    def _complaint(self, body: Any) -> Complaint:
        """``issues`` say which field of a refused request is meant."""
        complaint = read_complaint(body)
        issues = body.get("issues") if isinstance(body, dict) else None
        said = [str(issue.get("message", "")) for issue in issues or () if isinstance(issue, dict)]
        return Complaint(complaint.code, "; ".join(filter(None, (complaint.message, *said)))[:300])


def _task(answer: Answer) -> dict[str, Any] | None:
    body = answer.body
    return body if answer.is_success and isinstance(body, dict) and isinstance(body.get("status"), str) else None


def _generation(task: dict[str, Any]) -> Generation:
    status = read_status("runway", task["status"])
    code = str(task.get("failureCode") or "")
    progress = task.get("progress")
    output = task.get("output")
    return Generation(
        id=str(task["id"]),
        status=status,
        raw_status=task["status"],
        progress=min(1.0, max(0.0, progress)) if isinstance(progress, int | float) else None,
        error_code=_FAILURE_CODES.get(code, code),
        error_message=str(task.get("failure") or "")[:300],
        # SAFETY.INPUT.TEXT, SAFETY.OUTPUT.VIDEO, INPUT_PREPROCESSING.SAFETY.TEXT
        is_rejection="SAFETY" in code.split("."),
        cost_usd=_cost_usd(task),
        created_at=_created_at(task.get("createdAt")),
        content_url=next((url for url in output if isinstance(url, str)), "") if isinstance(output, list) else "",
    )


def _cost_usd(task: dict[str, Any]) -> float | None:
    """What a finished task cost; a running one has an estimate only, its upper bound."""
    cost = task.get("cost")
    credit = cost.get("credits") if isinstance(cost, dict) else None
    return round(credit * CREDIT_USD, 4) if isinstance(credit, int | float) and credit >= 0 else None


def _created_at(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
