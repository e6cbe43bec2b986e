"""Adapter for Veo on Google Cloud (Vertex AI, now Agent Platform), which is served with OAuth credentials only.

Paths, fields and answers are those of the ``google-genai`` SDK 3.4 in Vertex mode; lengths, sizes and lifecycle those
of docs.cloud.google.com (Veo model reference). Prices with sound are those of LiteLLM's price list (1.109), which
follows Google's. No bucket is named, so finished clips come inside the answer, as base64.

Not established, and so not promised: a limit of the prompt in characters (the one here is ours), what a filtered clip
costs, cancelling, and a free call that proves that a project may use Veo. There is no list of operations.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import secrets
import threading
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from providers.base import (
    Account,
    AudioSupport,
    AuthFailed,
    BrokenContent,
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
    Unavailable,
)
from providers.downloads import MAX_BYTES, check_mp4, is_near
from providers.google import GoogleProvider, is_rejected, read_google_complaint
from providers.references import read_reference
from providers.wire import paid_headers

SCOPE = "https://www.googleapis.com/auth/cloud-platform"

# size in pixels -> aspect ratio, resolution
_SIZES = {
    "1280x720": ("16:9", "720p"),
    "720x1280": ("9:16", "720p"),
    "1920x1080": ("16:9", "1080p"),
    "1080x1920": ("9:16", "1080p"),
}
# dollars per second, with sound
_RATES = {
    "veo-3.1-generate-001": {"720p": 0.40, "1080p": 0.40},
    "veo-3.1-fast-generate-001": {"720p": 0.10, "1080p": 0.12},
    "veo-3.1-lite-generate-001": {"720p": 0.05, "1080p": 0.08},
}

PROFILE = ProviderProfile(
    name="veo",
    title="Veo on Google Cloud",
    models=tuple(_RATES),
    durations_seconds=(4, 6, 8),
    sizes=tuple(_SIZES),
    prompt_limit_characters=4000,
    dialect=PromptDialect.PROSE,
    audio=AudioSupport.OPTIONAL,
    reference=ReferenceRules(formats=("image/jpeg", "image/png"), max_bytes=15_000_000),
    supports_reference=True,
    supports_seed=True,
    supports_negative_prompt=True,
    # every look at a finished clip carries the whole of it
    poll_pace=PollPace(early_seconds=10.0),
    cost_usd_per_second={
        f"{model}@{size}": rates[resolution]
        for model, rates in _RATES.items()
        for size, (_, resolution) in _SIZES.items()
    },
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]*")
_OPERATION = re.compile(
    r"(projects/[\w:.-]+/locations/[\w-]+/publishers/google/models/[\w.-]+)/operations/[\w-]+", re.ASCII
)
_CANCELLED, _INVALID_ARGUMENT = "1", "3"  # google.rpc.Code
_PIECE_CHARACTERS = 4 << 18  # base64 comes in fours


class _Finished(NamedTuple):
    """A finished clip that came along when it was looked at. ``data`` is base64."""

    generation: Generation
    data: str


class VertexVeoProvider(GoogleProvider):
    """Veo in one project and location. ``credentials_file`` is the JSON of a service account or of a user; without one
    Application Default Credentials are used. ``model`` is put first in the profile. Raises ``InvalidRequest`` for a
    project or location that cannot be one."""

    max_answer_bytes = 128 << 20
    read_seconds = 180.0

    def __init__(
        self,
        *,
        project: str,
        location: str = "us-central1",
        credentials_file: Path | None = None,
        base_url: str = "",
        model: str = "",
        profile: ProviderProfile = PROFILE,
        max_download_bytes: int = MAX_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not _NAME.fullmatch(project) or not _NAME.fullmatch(location):
            raise InvalidRequest("Veo needs the id of a Google Cloud project, and a location such as us-central1.")
        region = "" if location == "global" else f"{location}-"
        super().__init__(
            base_url=base_url or f"https://{region}aiplatform.googleapis.com",
            profile=profile.led_by(model),
            api_paths=("/v1", "/v1beta1"),
            max_download_bytes=max_download_bytes,
            transport=transport,
        )
        if self._base.scheme == "http" and not is_near(self._base.host):
            raise InvalidRequest("The base URL must be https: the token would be sent in the clear over http.")
        self._models = f"v1/projects/{project}/locations/{location}/publishers/google/models"
        self._credentials = _Credentials(credentials_file)
        self._finished: _Finished | None = None

    async def create_clip(self, request: CreateClipInput) -> Generation:
        facts = self._facts(request)
        ratio, resolution = _SIZES[request.size]
        instance: dict[str, Any] = {"prompt": request.prompt}
        if request.reference_path is not None:
            picture = read_reference(request.reference_path, facts.reference, size=request.size)
            instance["image"] = {"bytesBase64Encoded": picture.base64, "mimeType": picture.mime}
        parameters: dict[str, Any] = {
            "sampleCount": 1,
            "durationSeconds": request.seconds,
            "aspectRatio": ratio,
            "resolution": resolution,
            "generateAudio": True,
        }
        if request.seed is not None:
            parameters["seed"] = request.seed
        if request.negative_prompt:
            parameters["negativePrompt"] = request.negative_prompt
        answer = await self._ask(
            "POST",
            f"{self._models}/{request.model}:predictLongRunning",
            headers=paid_headers(request),
            is_paid=True,
            json={"instances": [instance], "parameters": parameters},
        )
        if not answer.is_success:
            raise self._error(answer, not_found=InvalidRequest, is_paid=True)
        name = answer.body.get("name") if isinstance(answer.body, dict) else None
        if not (isinstance(name, str) and _OPERATION.fullmatch(name)):
            raise OutcomeUnknown("Google accepted the request, but its answer names no operation.")
        return Generation(id=name, status=GenerationStatus.QUEUED)

    async def get_generation(self, generation_id: str) -> Generation:
        """``generation_id`` is the name of the operation. A clip that came along is kept, one at a time, until it is
        fetched."""
        if self._finished is not None and self._finished.generation.id == generation_id:
            return self._finished.generation
        operation = await self._operation(generation_id)
        generation = self._steady(_generation(generation_id, operation))
        if generation.status is GenerationStatus.COMPLETED:
            self._finished = _Finished(generation, _video(operation).get("bytesBase64Encoded", ""))
        return generation

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        kept, self._finished = self._finished, None
        if kept is not None and kept.generation.id == generation.id:
            data = kept.data
        else:
            data = _video(await self._operation(generation.id)).get("bytesBase64Encoded", "")
        if not data:
            raise BrokenContent("The provider sent an empty clip.")
        if len(data) * 3 // 4 > self._max_download_bytes:
            raise BrokenContent(f"The clip is larger than {self._max_download_bytes >> 20} MiB.")
        await asyncio.to_thread(_save, data, destination)
        return destination

    async def check_account(self) -> Account:
        await self._auth()
        return Account(note="Google takes the credentials; whether the project may use Veo shows with the first clip.")

    # --- the wire ---

    async def _auth(self) -> dict[str, str]:
        token = self._credentials.ready_token() or await asyncio.to_thread(self._credentials.token)
        return {"Authorization": f"Bearer {token}"}

    def _secrets(self) -> tuple[str, ...]:
        return (self._credentials.last_token(),)

    async def _operation(self, generation_id: str) -> dict[str, Any]:
        name = _OPERATION.fullmatch(generation_id)
        if name is None:
            raise GenerationNotFound
        answer = await self._ask("POST", f"v1/{name[1]}:fetchPredictOperation", json={"operationName": generation_id})
        body = answer.body
        if answer.is_success and isinstance(body, dict) and (body.get("name") or "done" in body):
            return body
        raise self._error(answer, not_found=GenerationNotFound)


class _Credentials:
    """Google's credentials, loaded when first needed and renewed when they run out. Safe between threads."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._loaded: Any = None

    def ready_token(self) -> str:
        """The token in hand, empty when there is none that still holds."""
        return self._loaded.token if self._loaded is not None and self._loaded.valid else ""

    def last_token(self) -> str:
        """The token that was used last, empty before there was one."""
        return str(self._loaded.token or "") if self._loaded is not None else ""

    def token(self) -> str:
        """Blocks. Raises ``AuthFailed`` and ``Unavailable``, quoting nothing of what was read."""
        import requests
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        with self._lock:
            try:
                if self._loaded is None:
                    self._loaded = self._load()
                if not self._loaded.valid:
                    with requests.Session() as session:
                        self._loaded.refresh(Request(session))
            except exceptions.TransportError:
                raise Unavailable("Google's token service cannot be reached.") from None
            except exceptions.GoogleAuthError as error:
                if error.retryable:
                    raise Unavailable("Google's token service is down or overloaded.") from None
                raise AuthFailed("Google refused the credentials, or there are none.") from None
            except (OSError, ValueError, KeyError, TypeError):
                raise AuthFailed("The Google credentials cannot be read.") from None
            return str(self._loaded.token)

    def _load(self) -> Any:
        import google.auth
        from google.oauth2 import credentials, service_account

        if self._file is None:
            return google.auth.default(scopes=[SCOPE])[0]
        info = dict(json.loads(self._file.read_text(encoding="utf-8")))
        if info.get("type") == "authorized_user":
            return credentials.Credentials.from_authorized_user_info(info, scopes=[SCOPE])
        return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])


def _generation(name: str, operation: dict[str, Any]) -> Generation:
    if not operation.get("done"):
        return Generation(id=name, status=GenerationStatus.IN_PROGRESS, raw_status="running")
    video, response = _video(operation), _response(operation)
    if video.get("bytesBase64Encoded") is not None:
        return Generation(id=name, status=GenerationStatus.COMPLETED, raw_status="done")
    complaint = read_google_complaint(operation.get("error"))
    if complaint.code == _CANCELLED:
        return Generation(id=name, status=GenerationStatus.CANCELLED, raw_status="cancelled")
    code, message, is_rejection = complaint.code, complaint.message, is_rejected(complaint)
    if response.get("raiMediaFilteredCount"):
        reasons = response.get("raiMediaFilteredReasons")
        said = "; ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""
        code, message, is_rejection = "filtered", said[:300] or "The clip was filtered.", True
    elif video.get("gcsUri"):
        code, message = "stored_elsewhere", f"The clip was put into a bucket: {video['gcsUri']}"
    elif code == _INVALID_ARGUMENT and not is_rejection:
        code = "invalid_request"
    return Generation(
        id=name,
        status=GenerationStatus.FAILED,
        raw_status="done",
        error_code=code or "no_video",
        error_message=message or "No clip came.",
        is_rejection=is_rejection,
    )


def _response(operation: dict[str, Any]) -> dict[str, Any]:
    response = operation.get("response")
    return response if isinstance(response, dict) else {}


def _video(operation: dict[str, Any]) -> dict[str, Any]:
    videos = _response(operation).get("videos")
    return videos[0] if isinstance(videos, list) and videos and isinstance(videos[0], dict) else {}


def _save(data: str, destination: Path) -> None:
    """Write base64 ``data`` as a file, in pieces; ``destination`` is replaced only by a whole MP4."""
    part = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as file:
            for at in range(0, len(data), _PIECE_CHARACTERS):
                file.write(base64.b64decode(data[at : at + _PIECE_CHARACTERS], validate=True))
        check_mp4(part)
        part.replace(destination)
    except (binascii.Error, ValueError):
        raise BrokenContent("The clip the provider sent is not base64.") from None
    finally:
        part.unlink(missing_ok=True)
