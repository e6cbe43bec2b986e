"""What both APIs of Kling share: the envelope ``{"code", "message", "request_id", "data"}``, codes, and generations."""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from providers.base import (
    Account,
    CreateClipInput,
    Generation,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    ProviderProfile,
)
from providers.kling.facts import CODES, FORMATS, RISK_WORDS, UNKNOWN_ID_CODES, Format
from providers.states import read_status
from providers.wire import Answer, Complaint, HostedProvider, paid_headers

_ACCOUNT_DAYS = 90


class KlingProvider(HostedProvider):
    """An adapter to one of the APIs."""

    async def create_clip(self, request: CreateClipInput) -> Generation:
        path, body = self._order(request, self._facts(request))
        answer = await self._ask("POST", path, headers=paid_headers(request), is_paid=True, json=body)
        if code_of(answer) != 0:
            raise self._refusal(answer, not_found=InvalidRequest, is_paid=True)
        task = data_of(answer)
        if not (isinstance(task, dict) and (task.get("task_id") or task.get("id"))):
            raise OutcomeUnknown("Kling accepted the request, but its answer names no task.")
        return self._made(task, request)

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        return await self._download_signed(generation.content_url, destination)

    async def check_account(self) -> Account:
        """The prepaid packages of the account; to be asked at most once a second. What is left is told in units and up
        to 12 hours late, so it is no balance."""
        now = datetime.now(UTC)
        span = {"start_time": _milliseconds(now - timedelta(days=_ACCOUNT_DAYS)), "end_time": _milliseconds(now)}
        answer = await self._ask("GET", "account/costs", params=span)
        data = data_of(answer)
        if code_of(answer) != 0 or not isinstance(data, dict):
            raise self._refusal(answer, not_found=InvalidRequest)
        packs = [p for p in data.get("resource_pack_subscribe_infos") or () if isinstance(p, dict)]
        units = sum(number(p.get("remaining_quantity")) or 0.0 for p in packs if p.get("status") == "online")
        return Account(note=f"{units:g} units are left in prepaid packages (told up to 12 hours late).")

    @abstractmethod
    def _order(self, request: CreateClipInput, facts: ProviderProfile) -> tuple[str, dict[str, Any]]:
        """Path and body of a create."""

    @abstractmethod
    def _made(self, task: Mapping[str, Any], request: CreateClipInput) -> Generation:
        """The task that ``request`` made, as the API tells it."""

    def _refusal(
        self,
        answer: Answer,
        *,
        not_found: type[ProviderError],
        not_found_codes: tuple[int, ...] = (),
        is_paid: bool = False,
    ) -> ProviderError:
        """The error of an answer that is not a success. Its code decides, whatever HTTP status came along."""
        code = code_of(answer)
        if code in not_found_codes:
            return not_found()
        if code and code >= 5000:
            answer = answer._replace(status=500)
        elif code and answer.is_success:
            answer = answer._replace(status=400)
        return self._error(answer, not_found=not_found, is_paid=is_paid)

    def _complaint(self, body: Any) -> Complaint:
        if not isinstance(body, dict):
            return Complaint("", "")
        return Complaint(str(body.get("code") or ""), str(body.get("message") or "")[:300])

    def _own_error(self, status: int, complaint: Complaint) -> type[ProviderError] | None:
        return CODES.get(int(complaint.code)) if complaint.code.isdecimal() else None


def format_of(size: str) -> Format:
    """How to ask for ``size``. Raises ``InvalidRequest``."""
    if size not in FORMATS:
        raise InvalidRequest(f"Kling has no name for clips of {size}.")
    return FORMATS[size]


def external_id(key: str) -> str:
    """Our key as ``external_task_id``: itself where it is plain, else a digest of it."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key) else hashlib.sha256(key.encode()).hexdigest()


def read_generation(
    generation_id: str, *, word: Any, message: Any, created_milliseconds: Any, videos: Any, cost_usd: float | None
) -> Generation:
    """A generation from what either API tells; ``videos`` are dicts with ``url``, ``cost_usd`` is of a success."""
    raw = str(word or "")
    status = read_status("kling", raw)
    said = str(message or "Kling gives no reason.")[:300] if status is GenerationStatus.FAILED else ""
    cost = {GenerationStatus.FAILED: 0.0, GenerationStatus.COMPLETED: cost_usd}.get(status)
    links = [v["url"] for v in videos or () if isinstance(v, dict) and isinstance(v.get("url"), str)]
    created = number(created_milliseconds)
    return Generation(
        id=generation_id,
        status=status,
        raw_status=raw,
        error_message=said,
        is_rejection=any(risk in said.lower() for risk in RISK_WORDS),
        cost_usd=None if cost is None else round(cost, 4),
        created_at=datetime.fromtimestamp(created / 1000, UTC) if created else datetime.now(UTC),
        content_url=next(iter(links), ""),
    )


def code_of(answer: Answer) -> int | None:
    """The code of the envelope; None for a body that is none."""
    code = answer.body.get("code") if isinstance(answer.body, dict) else None
    return code if isinstance(code, int) else None


def data_of(answer: Answer) -> Any:
    """What the envelope holds."""
    return answer.body.get("data") if isinstance(answer.body, dict) else None


def is_unknown_id(answer: Answer) -> bool:
    """Whether a look for an id was answered with: not here."""
    return code_of(answer) in UNKNOWN_ID_CODES


def number(value: Any) -> float | None:
    """A plausible amount or time, which Kling writes as text or as a number; None for anything else."""
    try:
        read = float(value)
    except (TypeError, ValueError):
        return None
    return read if 0 <= read < 1e13 else None


def _milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
