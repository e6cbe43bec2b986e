"""The mock provider: behaves like a remote service, keeps its jobs on disk, and really makes the clips."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import random
import re
import secrets
import shutil
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from providers.base import (
    AudioSupport,
    ContentRejected,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    PollPace,
    ProviderProfile,
    RateLimited,
    ReferenceRules,
    RemixClipInput,
    Unavailable,
    VideoProvider,
)
from providers.mock.child import StudioProcess
from providers.mock.defects import Defect, defect_for, parse_defects
from providers.mock.order import StudioOrder, StudioResult
from providers.references import read_reference

_log = logging.getLogger(__name__)
_STUDIO_VERSION = 1  # part of every cache key: raise it when the studio draws or sounds different
_MAX_STUDIOS = 2
_STALE_PART_SECONDS = 3600
_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”")

PROFILE = ProviderProfile(
    name="mock",
    title="Mock (free animatic)",
    models=("animatic",),
    durations_seconds=(4, 8, 12),
    sizes=("1280x720", "720x1280", "640x360", "320x180"),
    prompt_limit_characters=32_000,
    audio=AudioSupport.NATIVE,
    reference=ReferenceRules(),
    supports_reference=True,
    supports_remix=True,
    supports_seed=True,
    supports_reconcile=True,
    poll_pace=PollPace(early_seconds=0.2, late_seconds=1.0, late_after_seconds=60.0),
    reconcile_grace_seconds=0.5,
    deadline_seconds=900.0,
    cost_usd_per_second={"animatic": 0.0},
    is_free=True,
    is_local=True,
    max_concurrent=64,
    requests_per_minute=6000,
)


class MockJob(BaseModel):
    """One accepted create, as it lies on disk. ``content`` names the finished clip in the cache."""

    model_config = ConfigDict(extra="forbid")

    id: str
    key: str
    request: CreateClipInput | RemixClipInput
    order: StudioOrder
    content: str
    created_at: datetime
    status: GenerationStatus = GenerationStatus.QUEUED
    note: str = ""
    error_code: str = ""
    error_message: str = ""


class MockProvider(VideoProvider):
    """Free clips without a network: a drawn landscape, the line as a caption, and a voice that speaks it.

    ``root`` keeps one JSON file per accepted create (so a restarted process finds its generations, and creates can be
    counted) and a cache of finished clips. ``delay_seconds`` is how long a generation takes at least, ``failure_rate``
    the share that fails (decided by the request, not by chance), ``defects`` a script as in ``parse_defects``.
    The drawing happens in child processes, two at a time.
    """

    def __init__(
        self,
        *,
        root: Path,
        delay_seconds: float = 0.0,
        failure_rate: float = 0.0,
        defects: str = "",
        durations_seconds: tuple[int, ...] = PROFILE.durations_seconds,
    ) -> None:
        self.profile = PROFILE.model_copy(update={"durations_seconds": durations_seconds})
        self._jobs, self._cache = root.resolve() / "generations", root.resolve() / "cache"
        self._delay_seconds, self._failure_rate = delay_seconds, failure_rate
        self._script = parse_defects(defects)
        self._limited: set[str] = set()
        self._studios = asyncio.Semaphore(_MAX_STUDIOS)
        self._renders: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, float] = {}
        for folder in (self._jobs, self._cache):
            folder.mkdir(parents=True, exist_ok=True)
        self._sweep()

    async def create_clip(self, request: CreateClipInput) -> Generation:
        picture = await asyncio.to_thread(self._keep_picture, request) if request.reference_path else ""
        return self._accept(request, look_seed=_look_seed(request), picture=picture)

    async def remix_clip(self, request: RemixClipInput) -> Generation:
        source = self._read(request.source_generation_id)
        return self._accept(request, look_seed=source.order.look_seed, picture=source.order.picture)

    async def get_generation(self, generation_id: str) -> Generation:
        job = self._read(generation_id)
        if job.status.is_final:
            return self._show(job)
        clip = self._clip(job)
        elapsed = (datetime.now(UTC) - job.created_at).total_seconds()
        if self._fails(job.request):
            if elapsed >= self._delay_seconds:
                job.status, job.error_code = GenerationStatus.FAILED, "mock_failure"
                job.error_message = "The mock provider was asked to fail this generation."
                self._write(job)
            return self._show(job)
        if not clip.exists():
            self._start(job)
        elif elapsed >= self._delay_seconds:
            job.status = GenerationStatus.COMPLETED
            job.note = self._note_path(job).read_text(encoding="utf-8") if self._note_path(job).exists() else ""
            self._write(job)
        return self._show(job)

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        for path in sorted(self._jobs.glob("mock_*.json"), reverse=True):
            job = self._read(path.stem)
            if job.created_at < created_after:
                return None
            if job.key == request.key and job.id not in claimed:
                return self._show(job)
        return None

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        job = self._read(generation.id)
        if job.status is not GenerationStatus.COMPLETED:
            raise Unavailable("The generation is not finished yet.")
        part = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}.part")
        try:
            destination.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(shutil.copyfile, self._clip(job), part)
            part.replace(destination)
        except FileNotFoundError:
            raise GenerationNotFound("The mock's clip has been deleted from its cache.") from None
        finally:
            part.unlink(missing_ok=True)
        return destination

    async def cancel(self, generation_id: str) -> bool:
        try:
            job = self._read(generation_id)
        except GenerationNotFound:
            return False
        if job.status.is_final:
            return False
        job.status = GenerationStatus.CANCELLED
        self._write(job)
        if render := self._renders.get(generation_id):
            render.cancel()
        return True

    async def aclose(self) -> None:
        """Stop the child processes; what they were drawing starts again when it is next asked for."""
        renders = list(self._renders.values())
        for render in renders:
            render.cancel()
        await asyncio.gather(*renders, return_exceptions=True)

    async def animate(self, request: CreateClipInput, destination: Path) -> None:
        """Words that its voice cannot say are shown in silence."""
        order = _preview(request)
        for attempt in (order, order.model_copy(update={"defect": Defect.SILENCE})):
            async with self._studios:
                picture = request.reference_path
                studio = StudioProcess(attempt, destination, on_progress=lambda _: None, picture=picture)
                result = await _draw(studio)
            if not result.error_code:
                return
        raise Unavailable(result.error_message)

    # --- accepting ---

    def _keep_picture(self, request: CreateClipInput) -> str:
        """A copy of the request's picture beside the clips, for the caller's may go; its name. Raises
        ``InvalidRequest``."""
        assert request.reference_path is not None
        picture = read_reference(request.reference_path, self.profile.reference, size=request.size)
        name = hashlib.sha256(picture.data).hexdigest()[:32]
        _replace(self._picture(name), picture.data)
        return name

    def _accept(self, request: CreateClipInput, *, look_seed: int, picture: str) -> Generation:
        self._check(request)
        defect = self._defect(request)
        if defect is Defect.REJECT:
            raise ContentRejected("The mock provider was asked to refuse this prompt.")
        if defect is Defect.RATE_LIMIT and request.key not in self._limited:
            self._limited.add(request.key)
            raise RateLimited("The mock provider was asked to be busy.", retry_after_seconds=1.0)
        order = _order(request, look_seed=look_seed, defect=defect if defect and defect.is_in_clip else None)
        order = order.model_copy(update={"picture": picture})
        job = MockJob(
            id=f"mock_{time.time_ns():016x}{secrets.token_hex(4)}",
            key=request.key,
            request=request.model_copy(update={"reference_path": None}),
            order=order,
            content=hashlib.sha256(f"{_STUDIO_VERSION}{order.model_dump_json()}".encode()).hexdigest()[:32],
            created_at=datetime.now(UTC),
        )
        self._write(job)
        if defect is Defect.CRASH_AFTER_ACCEPT:
            raise OutcomeUnknown("The mock provider was asked to lose this answer.")
        if not self._clip(job).exists() and not self._fails(request):
            self._start(job)
        return self._show(job)

    def _check(self, request: CreateClipInput) -> None:
        if request.seconds not in self.profile.durations_seconds:
            raise InvalidRequest(
                f"The mock makes clips of {self.profile.durations_seconds} s, not {request.seconds} s."
            )
        if request.size not in self.profile.sizes:
            raise InvalidRequest(f"The mock makes {', '.join(self.profile.sizes)}, not {request.size}.")
        if len(request.prompt) > self.profile.prompt_limit_characters:
            raise InvalidRequest(f"The prompt is longer than {self.profile.prompt_limit_characters} characters.")

    def _defect(self, request: CreateClipInput) -> Defect | None:
        """What goes wrong on purpose: by the film's own rehearsal, else by the script of this installation."""
        position, attempt = _number(request, "position"), _number(request, "attempt") or 1
        scripts = (parse_defects(request.labels.get("rehearsal", "")), self._script)
        found = (defect_for(script, position=position, attempt=attempt) for script in scripts)
        return next(filter(None, found), None)

    def _fails(self, request: CreateClipInput) -> bool:
        if self._defect(request) is Defect.FAIL:
            return True
        position, attempt = _number(request, "position"), _number(request, "attempt") or 1
        dice = random.Random(_hash(f"{request.seed}|{position}|{attempt}|{request.prompt}"))  # noqa: S311
        return dice.random() < self._failure_rate

    # --- making ---

    def _start(self, job: MockJob) -> None:
        """Make the clip in the background, unless it is being made."""
        if job.id not in self._renders:
            render = asyncio.get_running_loop().create_task(self._render(job), name=f"mock {job.id}")
            self._renders[job.id] = render
            render.add_done_callback(lambda _: self._renders.pop(job.id, None))

    async def _render(self, job: MockJob) -> None:
        async with self._studios:
            if self._clip(job).exists():
                return
            try:
                result = await self._run_studio(job)
            except OSError as error:
                result = StudioResult(error_code="mock_studio", error_message=f"The clip could not be drawn: {error}")
        self._progress.pop(job.id, None)
        job = self._read(job.id)
        if result.error_code and not job.status.is_final:
            job.status, job.error_code, job.error_message = (
                GenerationStatus.FAILED,
                result.error_code,
                result.error_message,
            )
            self._write(job)
        elif result.note:
            _log.warning("mock clip %s has %s", job.id, result.note)
            _replace_text(self._note_path(job), result.note)

    async def _run_studio(self, job: MockJob) -> StudioResult:
        studio = StudioProcess(
            job.order,
            self._clip(job),
            on_progress=lambda done: self._progress.__setitem__(job.id, done),
            picture=self._picture(job.order.picture) if job.order.picture else None,
        )
        return await _draw(studio)

    # --- the files ---

    def _clip(self, job: MockJob) -> Path:
        return self._cache / f"{job.content}.mp4"

    def _picture(self, name: str) -> Path:
        return self._cache / f"{name}.picture"

    def _note_path(self, job: MockJob) -> Path:
        return self._cache / f"{job.content}.txt"

    def _read(self, generation_id: str) -> MockJob:
        if not re.fullmatch(r"mock_[0-9a-f]+", generation_id):
            raise GenerationNotFound
        try:
            return MockJob.model_validate_json((self._jobs / f"{generation_id}.json").read_bytes())
        except FileNotFoundError:
            raise GenerationNotFound from None

    def _write(self, job: MockJob) -> None:
        _replace_text(self._jobs / f"{job.id}.json", job.model_dump_json(indent=1))

    def _sweep(self) -> None:
        """Remove what killed processes left half-written."""
        for part in (*self._cache.glob(".*.part"), *self._jobs.glob(".*.part")):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > _STALE_PART_SECONDS:
                    part.unlink()

    def _show(self, job: MockJob) -> Generation:
        elapsed = (datetime.now(UTC) - job.created_at).total_seconds()
        status, raw, progress = job.status, str(job.status), None
        if status is GenerationStatus.COMPLETED:
            raw, progress = f"completed, {job.note}" if job.note else raw, 1.0
        elif not status.is_final:
            waited = min(1.0, elapsed / self._delay_seconds) if self._delay_seconds else 1.0
            drawn = 1.0 if self._clip(job).exists() else self._progress.get(job.id, 0.0)
            status = GenerationStatus.IN_PROGRESS if waited >= 0.1 else GenerationStatus.QUEUED
            raw, progress = str(status), min(0.99, waited, drawn)
        return Generation(
            id=job.id,
            status=status,
            raw_status=raw,
            progress=progress,
            error_code=job.error_code,
            error_message=job.error_message,
            created_at=job.created_at,
        )


async def _draw(studio: StudioProcess) -> StudioResult:
    """Let it draw; whoever is cancelled meanwhile stops it."""
    drawing = asyncio.get_running_loop().run_in_executor(None, studio.run)
    try:
        return await asyncio.shield(drawing)
    finally:
        studio.stop()
        await asyncio.wait([drawing])


def _preview(request: CreateClipInput) -> StudioOrder:
    width, height = (int(side) for side in request.size.split("x"))
    return StudioOrder(
        line=request.line,
        seconds=request.seconds,
        width=width,
        height=height,
        look_seed=_look_seed(request),
        shape_seed=_hash(request.prompt),
        left_tag=request.labels.get("speaker", ""),
        right_tag="Animatic",
    )


def _order(request: CreateClipInput, *, look_seed: int, defect: Defect | None) -> StudioOrder:
    width, height = (int(side) for side in request.size.split("x"))
    position, attempt = _number(request, "position"), _number(request, "attempt") or 1
    shape_seed = _hash(f"{request.seed}|{position}|{attempt}|{request.prompt}")
    return StudioOrder(
        line=request.line.strip() or quoted_line(request.prompt),
        seconds=request.seconds,
        width=width,
        height=height,
        look_seed=look_seed,
        shape_seed=shape_seed,
        left_tag=f"Clip {position} · Take {attempt}" if position else "",
        right_tag=f"Animatic · {shape_seed % 0x10000:04x}",
        defect=defect,
    )


def quoted_line(prompt: str) -> str:
    """What the prompt wants spoken: its longest passage in double quotes, or nothing."""
    return max((straight or curly for straight, curly in _QUOTED.findall(prompt)), key=len, default="").strip()


def _look_seed(request: CreateClipInput) -> int:
    """Clips of one scene share their look when the request names the scene; else the seed or the prompt decides."""
    scene = request.labels.get("scene")
    return _hash(f"scene {scene}" if scene else f"seed {request.seed}" if request.seed is not None else request.prompt)


def _number(request: CreateClipInput, label: str) -> int | None:
    text = request.labels.get(label, "")
    return int(text) if text.isdecimal() else None


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def _replace_text(path: Path, text: str) -> None:
    _replace(path, text.encode())


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
