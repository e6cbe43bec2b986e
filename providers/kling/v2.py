"""Kling's present API: one API key, ``/text-to-video/{model}``, ``/image-to-video/{model}``, ``/tasks``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from providers.base import AudioSupport, CreateClipInput, Generation, GenerationNotFound, ProviderProfile
from providers.kling.facts import KLING_BASE_URL, PROFILE_V2, UNIT_USD, UNKNOWN_ID_CODES
from providers.kling.service import (
    KlingProvider,
    code_of,
    data_of,
    external_id,
    format_of,
    number,
    read_generation,
)
from providers.references import read_reference
from providers.wire import escape_id


class KlingV2Provider(KlingProvider):
    """Two optional settings are always sent where the model has them: sound, and one shot instead of the several that
    the model would cut between on its own."""

    usual_base_url = KLING_BASE_URL
    usual_profile = PROFILE_V2
    api_paths = ("/v1", "/v2")
    home_path = "/v2"

    async def get_generation(self, generation_id: str) -> Generation:
        escape_id(generation_id)
        tasks = await self._tasks("task_ids", generation_id)
        task = next((task for task in tasks if str(task["id"]) == generation_id), None)
        if task is None:
            raise GenerationNotFound("Kling does not know this task (any more).")
        return self._steady(_read(task))

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        """Asked for by our own id, which is unique: no time counts."""
        try:
            tasks = await self._tasks("external_task_ids", external_id(request.key))
        except GenerationNotFound:
            return None
        return next((found for found in map(_read, tasks) if found.id not in claimed), None)

    # --- the wire ---

    async def _tasks(self, name: str, value: str) -> list[dict[str, Any]]:
        """The tasks of one id; the parameter would take several, parted by commas."""
        answer = await self._ask("GET", "tasks", params={name: value})
        tasks = data_of(answer)
        if code_of(answer) != 0 or not isinstance(tasks, list):
            raise self._refusal(answer, not_found=GenerationNotFound, not_found_codes=UNKNOWN_ID_CODES)
        return [task for task in tasks if isinstance(task, dict) and task.get("id")]

    def _order(self, request: CreateClipInput, facts: ProviderProfile) -> tuple[str, dict[str, Any]]:
        form = format_of(request.size)
        settings: dict[str, Any] = {"resolution": form.resolution, "duration": request.seconds}
        if facts.audio is AudioSupport.OPTIONAL:
            settings |= {"audio": "native", "multi_shot": False}
        options = {"external_task_id": external_id(request.key)}
        if request.reference_path is None:
            settings["aspect_ratio"] = form.aspect_ratio
            body = {"prompt": request.prompt, "settings": settings, "options": options}
            return f"text-to-video/{request.model}", body
        picture = read_reference(request.reference_path, facts.reference, size=request.size)
        contents = [{"type": "prompt", "text": request.prompt}, {"type": "first_frame", "url": picture.base64}]
        return f"image-to-video/{request.model}", {"contents": contents, "settings": settings, "options": options}

    def _made(self, task: Mapping[str, Any], request: CreateClipInput) -> Generation:
        return _read(task)


def _read(task: Mapping[str, Any]) -> Generation:
    outputs = task.get("outputs")
    return read_generation(
        str(task["id"]),
        word=task.get("status"),
        message=task.get("message"),
        created_milliseconds=task.get("create_time"),
        videos=[o for o in outputs if isinstance(o, dict) and o.get("type") == "video"] if outputs else None,
        cost_usd=_billed_usd(task.get("billing")),
    )


def _billed_usd(billing: Any) -> float | None:
    """What the receipt of a task comes to; None without one, or when a line of it is in another currency."""
    total = 0.0
    for line in billing if isinstance(billing, list) else ():
        amount = number(line.get("amount")) if isinstance(line, dict) else None
        if amount is not None and line.get("charge_type") == "unit":
            total += amount * UNIT_USD
        elif amount is not None and line.get("charge_type") == "cash" and line.get("currency") == "USD":
            total += amount
        else:
            return None
    return total or None
