"""Adapter for Gemini Omni through the Interactions API of the Gemini API (key), which took Veo's place there.

Fields and states are those of the ``google-genai`` SDK 2.19 and 3.4; task, edit, delivery and file states those of
ai.google.dev/gemini-api/docs/omni; codes those of .../docs/api-errors. An interaction can be edited by another one that
names it (without a ``task``, as documented), which is the remix; length and shape are then those of its source.

Not established, and so not promised: a limit of the prompt (the one here is ours), what a failed interaction costs, and
the code of a result that moderation held back: it is known by its words. There is no list of interactions.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx

from providers.base import (
    Account,
    AudioSupport,
    AuthFailed,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    ModelFacts,
    OutcomeUnknown,
    PromptDialect,
    ProviderProfile,
    ReferenceRules,
    RemixClipInput,
    Unavailable,
)
from providers.downloads import origin
from providers.google import GoogleProvider, is_rejected, read_google_complaint
from providers.references import read_reference
from providers.states import read_status
from providers.wire import Complaint, HostedProvider, escape_id, paid_headers, read_moment

GEMINI_BASE_URL = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"

# size in pixels -> aspect_ratio, resolution
_SIZES = {
    "1280x720": ("16:9", "720p"),
    "720x1280": ("9:16", "720p"),
    "1920x1080": ("16:9", "1080p"),
    "1080x1920": ("9:16", "1080p"),
    "640x360": ("16:9", "360p"),
    "360x640": ("9:16", "360p"),
}
# Dollars per second. Those of 1.2 at 720p and 1080p are confirmed by two resellers that compare themselves with
# Google's list; its price at 360p is rounded by both, so that size is not offered with it.
_RATES = {
    "gemini-omni-1.2-flash": {"720p": 0.07, "1080p": 0.105},
    "gemini-omni-1.1-flash": {"360p": 0.03, "720p": 0.10, "1080p": 0.15},
}

PROFILE = ProviderProfile(
    name="gemini",
    title="Gemini Omni",
    models=tuple(_RATES),
    durations_seconds=tuple(range(3, 16)),
    sizes=tuple(size for size, (_, resolution) in _SIZES.items() if resolution in _RATES["gemini-omni-1.2-flash"]),
    prompt_limit_characters=8000,
    dialect=PromptDialect.PROSE,
    audio=AudioSupport.NATIVE,
    # a request has at most 20 MB, of which base64 leaves three quarters
    reference=ReferenceRules(max_bytes=14_000_000),
    supports_reference=True,
    supports_remix=True,
    supports_edit=True,
    supports_cancel=True,
    # files made by the service are kept as long as uploaded ones
    asset_lifetime_hours=48.0,
    cost_usd_per_second={
        f"{model}@{size}": rates[resolution]
        for model, rates in _RATES.items()
        for size, (_, resolution) in _SIZES.items()
        if resolution in rates
    },
    variants={"gemini-omni-1.1-flash": ModelFacts(durations_seconds=tuple(range(3, 11)), sizes=tuple(_SIZES))},
)

_FILE = re.compile(r"(?:^|/)files/([A-Za-z0-9_-]+)")


class GeminiProvider(GoogleProvider, HostedProvider):
    """The Gemini API. ``api_key`` is one of Google AI Studio, of a project with billing; ``model`` is put first in the
    profile, with its facts."""

    usual_base_url = GEMINI_BASE_URL
    usual_profile = PROFILE
    api_paths = ("/v1beta", "/v1")

    async def create_clip(self, request: CreateClipInput) -> Generation:
        facts = self._facts(request)
        ratio, resolution = _SIZES[request.size]
        wanted: Any = request.prompt
        task = "text_to_video"
        if request.reference_path is not None:
            picture = read_reference(request.reference_path, facts.reference, size=request.size)
            image = {"type": "image", "data": picture.base64, "mime_type": picture.mime}
            wanted, task = [image, {"type": "text", "text": request.prompt}], "image_to_video"
        film = {"aspect_ratio": ratio, "resolution": resolution, "duration": f"{request.seconds}s"}
        config = {"video_config": {"task": task}}
        return await self._create(request, input=wanted, film=film, generation_config=config)

    async def remix_clip(self, request: RemixClipInput) -> Generation:
        """A clip edited from another one of this account; the words say what changes, all else stays."""
        self._facts(request)
        escape_id(request.source_generation_id)
        return await self._create(
            request, input=request.prompt, film={}, previous_interaction_id=request.source_generation_id
        )

    async def get_generation(self, generation_id: str) -> Generation:
        answer = await self._ask("GET", f"{API_VERSION}/interactions/{escape_id(generation_id)}")
        body = answer.body
        if not answer.is_success or not isinstance(body, dict) or not isinstance(body.get("status"), str):
            raise self._error(answer, not_found=GenerationNotFound)
        generation = self._generation({**body, "id": generation_id})
        if generation.status is GenerationStatus.COMPLETED:
            generation = await self._with_file(generation)
        return self._steady(generation)

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        if not generation.content_url:
            raise Unavailable("The provider names no file for this clip yet; ask for the generation again.")
        try:
            return await self._download(generation.content_url, destination)
        except AuthFailed:  # Google says 403 of a file that is no longer there; the key was taken a moment ago
            raise GenerationNotFound("The file of this clip is gone: Google keeps files for 48 hours.") from None

    async def cancel(self, generation_id: str) -> bool:
        answer = await self._ask("POST", f"{API_VERSION}/interactions/{escape_id(generation_id)}/cancel", json={})
        if answer.is_success:
            return True
        if answer.status in (400, 404, 409):
            return False
        raise self._error(answer, not_found=GenerationNotFound)

    async def check_account(self) -> Account:
        answer = await self._ask("GET", f"{API_VERSION}/models/{escape_id(self.profile.models[0])}")
        if answer.is_success and isinstance(answer.body, dict):
            return Account(note=f"{self._base.host} takes the key and knows {self.profile.models[0]}.")
        raise self._error(answer, not_found=InvalidRequest)

    # --- the wire ---

    async def _auth(self) -> dict[str, str]:
        return {"x-goog-api-key": self._checked_key()}

    async def _create(self, request: CreateClipInput, *, film: dict[str, str], **fields: Any) -> Generation:
        """In the background and as a link: a clip outgrows an answer."""
        body = {
            "model": request.model,
            "background": True,
            "response_format": {"type": "video", "delivery": "uri", **film},
            **fields,
        }
        answer = await self._ask(
            "POST", f"{API_VERSION}/interactions", headers=paid_headers(request), is_paid=True, json=body
        )
        if not answer.is_success:
            raise self._error(answer, not_found=InvalidRequest, is_paid=True)
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get("id"), str) or not answer.body["id"]:
            raise OutcomeUnknown("Gemini accepted the request, but its answer names no interaction.")
        return self._generation({"status": "queued", **answer.body})

    def _generation(self, interaction: dict[str, Any]) -> Generation:
        raw = str(interaction["status"])
        status, link = read_status("gemini", raw), self._link(_video_uri(interaction))
        complaint = Complaint("", "")
        if status is GenerationStatus.COMPLETED and not link:
            # the model may answer in words instead
            status, complaint = (
                GenerationStatus.FAILED,
                Complaint("no_video", _said(interaction) or "No clip came."),
            )
        elif status is GenerationStatus.FAILED:
            complaint = _failure(interaction)
        return Generation(
            id=str(interaction["id"]),
            status=status,
            raw_status=raw,
            error_code=complaint.code or (raw if status is GenerationStatus.FAILED else ""),
            error_message=complaint.message,
            is_rejection=status is GenerationStatus.FAILED and is_rejected(complaint),
            created_at=read_moment(interaction.get("created")),
            content_url=link if status is GenerationStatus.COMPLETED else "",
        )

    async def _with_file(self, generation: Generation) -> Generation:
        """A finished interaction's clip is a file that may still be worked on."""
        file = _FILE.search(generation.content_url)
        if file is None or not self._is_home(generation.content_url):
            return generation
        answer = await self._ask("GET", f"{API_VERSION}/files/{file[1]}")
        state = answer.body.get("state") if answer.is_success and isinstance(answer.body, dict) else None
        if state == "PROCESSING":
            return generation.model_copy(
                update={"status": GenerationStatus.IN_PROGRESS, "raw_status": "file processing", "content_url": ""}
            )
        if state == "FAILED":
            complaint = read_google_complaint(answer.body.get("error"))
            return generation.model_copy(
                update={
                    "status": GenerationStatus.FAILED,
                    "error_code": complaint.code or "file_failed",
                    "error_message": complaint.message or "The finished clip could not be stored.",
                    "content_url": "",
                }
            )
        return generation

    def _link(self, uri: str) -> str:
        """Where the bytes of a file are; other links stay as they are. A file may be named without its host."""
        file = _FILE.search(uri)
        if file is not None and (uri.startswith("files/") or self._is_home(uri)):
            return f"{self._base}/{API_VERSION}/files/{file[1]}:download?alt=media"
        return uri

    def _is_home(self, url: str) -> bool:
        try:
            return origin(httpx.URL(url)) == origin(self._base)
        except httpx.InvalidURL:
            return False


def _output(interaction: dict[str, Any]) -> list[dict[str, Any]]:
    """The model's own steps, last first."""
    steps = interaction.get("steps")
    own = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return [step for step in reversed(own) if step.get("type") == "model_output"]


def _content(interaction: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    blocks = [block for step in _output(interaction) for block in step.get("content") or ()]
    return [block for block in blocks if isinstance(block, dict) and block.get("type") == kind]


def _video_uri(interaction: dict[str, Any]) -> str:
    return next((b["uri"] for b in _content(interaction, "video") if isinstance(b.get("uri"), str)), "")


def _said(interaction: dict[str, Any]) -> str:
    return " ".join(str(block.get("text") or "") for block in _content(interaction, "text"))[:300].strip()


def _failure(interaction: dict[str, Any]) -> Complaint:
    """From the interaction's ``errors``, a step's ``error``, or what the model said."""
    errors = interaction.get("errors")
    said = [*(errors if isinstance(errors, list) else ()), *(step.get("error") for step in _output(interaction))]
    complaints = (read_google_complaint(error) for error in said)
    return next((c for c in complaints if c.code or c.message), Complaint("", _said(interaction)))
