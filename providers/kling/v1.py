"""Kling's older API: a JWT from access key and secret key, ``/v1/videos/text2video`` and ``/v1/videos/image2video``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from providers.base import (
    AudioSupport,
    AuthFailed,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    InvalidRequest,
    OutcomeUnknown,
    ProviderProfile,
)
from providers.kling.facts import CLOCK_CODES, KLING_BASE_URL, PROFILE, UNIT_USD, UNKNOWN_ID_CODES
from providers.kling.service import (
    KlingProvider,
    code_of,
    data_of,
    external_id,
    format_of,
    is_unknown_id,
    number,
    read_generation,
)
from providers.references import read_reference
from providers.wire import Answer, checked_secret, clock_ahead, escape_id

TOKEN_SECONDS, TOKEN_EARLY_SECONDS = 1800, 5
_TEXT, _IMAGE = "text2video", "image2video"
_LIST_PAGES, _LIST_SIZE = 10, 500


class KlingV1Provider(KlingProvider):
    """A token is made for every request. When the server finds it too early or too late the clocks differ: by how much
    is read off its ``Date`` header and remembered, and the request is sent once more, which its 401 provably allows.
    ``Generation.id`` is ``text2video/<task>`` or ``image2video/<task>``: a task is known only where it was made."""

    usual_base_url = KLING_BASE_URL
    usual_profile = PROFILE
    api_paths = ("/videos", "/v1", "/v2")
    home_path = "/v1"

    def __init__(self, *, access_key: str = "", secret_key: str = "", **options: Any) -> None:
        super().__init__(api_key=access_key, **options)
        self._secret_key = secret_key.strip()
        self._clock_ahead = timedelta()

    async def get_generation(self, generation_id: str) -> Generation:
        kind, _, task_id = generation_id.partition("/")
        if kind not in (_TEXT, _IMAGE):
            raise GenerationNotFound
        answer = await self._ask("GET", f"v1/videos/{kind}/{escape_id(task_id)}")
        task = data_of(answer)
        if code_of(answer) != 0 or not isinstance(task, dict):
            raise self._refusal(answer, not_found=GenerationNotFound, not_found_codes=UNKNOWN_ID_CODES)
        return self._steady(_read({**task, "task_id": task_id}, kind))

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        """Asked for by our own id; where that is not known, sought in the list. The id is unique, so no time counts."""
        kind, wanted = _kind(request), external_id(request.key)
        answer = await self._ask("GET", f"v1/videos/{kind}/{wanted}")
        task = data_of(answer)
        if code_of(answer) == 0 and isinstance(task, dict) and task.get("task_id"):
            return _unclaimed([task], kind, claimed)
        if not is_unknown_id(answer) and code_of(answer) != 0:
            raise self._refusal(answer, not_found=InvalidRequest)
        for page in range(1, _LIST_PAGES + 1):
            span = {"pageNum": str(page), "pageSize": str(_LIST_SIZE)}
            answer = await self._ask("GET", f"v1/videos/{kind}", params=span)
            tasks = data_of(answer)
            if code_of(answer) != 0 or not isinstance(tasks, list):
                raise self._refusal(answer, not_found=InvalidRequest)
            ours = [t for t in tasks if isinstance(t, dict) and _external_id_of(t) == wanted]
            if found := _unclaimed(ours, kind, claimed):
                return found
            if len(tasks) < _LIST_SIZE:
                return None
        raise OutcomeUnknown("Kling's list is too long to be sure that the lost request is not in it.")

    # --- the wire ---

    async def _ask(self, method: str, path: str, **options: Any) -> Answer:
        answer = await super()._ask(method, path, **options)
        if (
            answer.status == 401
            and code_of(answer) in CLOCK_CODES
            and (ahead := clock_ahead(answer.headers)) is not None
        ):
            self._clock_ahead = ahead
            answer = await super()._ask(method, path, **options)
        return answer

    async def _auth(self) -> dict[str, str]:
        access_key = self._checked_key()
        if not self._secret_key:
            raise AuthFailed(f"No secret key is set for {self._base.host}.")
        now = int((datetime.now(UTC) + self._clock_ahead).timestamp())
        claims = {"iss": access_key, "exp": now + TOKEN_SECONDS, "nbf": now - TOKEN_EARLY_SECONDS}
        # HMAC fills a short key up with zeros itself (RFC 2104); done here, no warning comes of it
        secret = checked_secret(self._secret_key).encode().ljust(32, b"\0")
        return {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}

    def _secrets(self) -> tuple[str, ...]:
        return (*super()._secrets(), self._secret_key)

    def _order(self, request: CreateClipInput, facts: ProviderProfile) -> tuple[str, dict[str, Any]]:
        form = format_of(request.size)
        body: dict[str, Any] = {
            "model_name": request.model,
            "prompt": request.prompt,
            "mode": form.mode,
            "duration": str(request.seconds),
            "external_task_id": external_id(request.key),
        }
        if request.negative_prompt:
            body["negative_prompt"] = request.negative_prompt
        if facts.audio is AudioSupport.OPTIONAL:
            body["sound"] = "on"
        if request.reference_path is None:
            body["aspect_ratio"] = form.aspect_ratio
        else:
            body["image"] = read_reference(request.reference_path, facts.reference, size=request.size).base64
        return f"v1/videos/{_kind(request)}", body

    def _made(self, task: Mapping[str, Any], request: CreateClipInput) -> Generation:
        return _read(task, _kind(request))


def _kind(request: CreateClipInput) -> str:
    return _TEXT if request.reference_path is None else _IMAGE


def _read(task: Mapping[str, Any], kind: str) -> Generation:
    result = task.get("task_result")
    units = number(task.get("final_unit_deduction"))
    return read_generation(
        f"{kind}/{task['task_id']}",
        word=task.get("task_status"),
        message=task.get("task_status_msg"),
        created_milliseconds=task.get("created_at"),
        videos=result.get("videos") if isinstance(result, dict) else None,
        # no units: the account does not pay by package
        cost_usd=units * UNIT_USD if units else None,
    )


def _unclaimed(tasks: Iterable[Mapping[str, Any]], kind: str, claimed: Collection[str]) -> Generation | None:
    found = (_read(task, kind) for task in tasks if task.get("task_id"))
    return next((generation for generation in found if generation.id not in claimed), None)


def _external_id_of(task: Mapping[str, Any]) -> str:
    info = task.get("task_info")
    return str(info.get("external_task_id") or "") if isinstance(info, dict) else ""
