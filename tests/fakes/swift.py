"""A house in which clips are made, looked at and joined in no time, so that what is decided can be tried out often: a
provider that does what it is told, takes without a file, verdicts and films by word of mouth."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.bootstrap import App, build
from orchestrator.db.models import AssessmentRow, AssetRow, RenderRow, RunRow, new_id
from orchestrator.db.records import fetch, request_of
from orchestrator.errors import PerceptionFailed
from orchestrator.flows import Flows
from orchestrator.generator import Fetched, Generator, Narration
from orchestrator.schema.assessment import Assessment, Verdict
from orchestrator.schema.asset import Shelf
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import Edit
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import RenderStatus, RunStatus
from orchestrator.schema.view import PlanView
from orchestrator.steps.films import FilmSteps
from orchestrator.steps.takes import NOT_ASSESSED, TakeSteps
from providers.base import (
    AudioSupport,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    PollPace,
    ProviderError,
    ProviderProfile,
    VideoProvider,
)
from tests.conftest import make_settings

LINES = ("The lamp is lit before dawn.", "Somebody waits beside the water.", "Now the heavy door opens.")
PRICE_USD = 0.4
TAKE_SECONDS = 4.0


@dataclass
class Made:
    """A generation; ``is_held`` until it is released."""

    request: CreateClipInput
    status: GenerationStatus = GenerationStatus.QUEUED
    is_refunded: bool = False


class Obedient(VideoProvider):
    """Takes 0.4 dollars for every clip it accepts. Makes clips at once, save those whose line holds a word of ``held``:
    they wait, and can be cancelled at no cost if ``refunds``. A line with a word of ``spoilt`` fails. A create with a
    word of ``slow`` in its line is answered once that is taken out. ``errors`` are raised by cancels, one each."""

    def __init__(self, *, refunds: bool = True, name: str = "obedient") -> None:
        self.profile = ProviderProfile(
            name=name,
            title="Obedient",
            models=("one",),
            durations_seconds=(4, 8, 12),
            sizes=("320x180",),
            prompt_limit_characters=4000,
            audio=AudioSupport.NATIVE,
            supports_reconcile=True,
            reconcile_grace_seconds=0.1,
            cost_usd_per_second={"one": PRICE_USD / 4},
            max_concurrent=50,
            requests_per_minute=100_000,
            poll_pace=PollPace(early_seconds=0.03, late_seconds=0.03),
            supports_cancel=refunds,
            cancel_refunds=refunds,
        )
        self.made: dict[str, Made] = {}
        self.held: set[str] = set()
        self.spoilt: set[str] = set()
        self.slow: set[str] = set()
        self.errors: list[ProviderError] = []
        self.polls = 0

    @property
    def paid_usd(self) -> float:
        return round(sum(PRICE_USD * m.request.seconds / 4 for m in self.made.values() if not m.is_refunded), 4)

    async def create_clip(self, request: CreateClipInput) -> Generation:
        generation_id = uuid.uuid4().hex
        self.made[generation_id] = Made(request)
        while _has_word(request, self.slow):  # noqa: ASYNC110 - tests change it from another thread
            await asyncio.sleep(0.02)
        return self._show(generation_id)

    async def get_generation(self, generation_id: str) -> Generation:
        self.polls += 1
        made = self.made.get(generation_id)
        if made is None:
            raise GenerationNotFound
        if not made.status.is_final and not _has_word(made.request, self.held):
            is_spoilt = _has_word(made.request, self.spoilt)
            made.status = GenerationStatus.FAILED if is_spoilt else GenerationStatus.COMPLETED
        return self._show(generation_id)

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        found = (i for i, made in self.made.items() if made.request.key == request.key and i not in claimed)
        return next((self._show(i) for i in found), None)

    async def cancel(self, generation_id: str) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        made = self.made[generation_id]
        if made.status is not GenerationStatus.QUEUED or not self.profile.cancel_refunds:
            return False
        made.status, made.is_refunded = GenerationStatus.CANCELLED, True
        return True

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        raise NotImplementedError("takes have no file here")

    def _show(self, generation_id: str) -> Generation:
        return Generation(id=generation_id, status=self.made[generation_id].status)


def _has_word(request: CreateClipInput, words: set[str]) -> bool:
    return any(word in request.line for word in words)


class _NoFiles(Generator):
    async def fetch(
        self, provider: str, generation_id: str, *, shelf: Shelf, run_id: str, narration: Narration | None
    ) -> Fetched:
        return Fetched(assets=[_asset(shelf, "take", run_id)])

    async def cut(
        self, source_key: str, source_sha256: str, edit: Edit, *, shelf: Shelf, run_id: str, narration: str
    ) -> Fetched:
        return Fetched(assets=[_asset(shelf, "take", run_id)], narration=narration)


def _asset(shelf: Shelf, kind: str, name: str) -> AssetRow:
    return AssetRow(
        id=new_id(), project_id=shelf.project_id, kind=kind, storage_key=shelf.key(name), sha256="", size_bytes=1,
        mime="video/mp4", duration_seconds=TAKE_SECONDS,
    )  # fmt: skip


@dataclass(frozen=True)
class Verdicts(TakeSteps):
    """Every take passes, unless its line holds a word of ``doubted``; to look at one of ``unreadable`` fails."""

    doubted: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)

    async def _judge(self, run_id: str, *, is_again: bool) -> Verdict:
        with self.database.write() as session:
            run = fetch(session, RunRow, run_id, lock=True)
            line = request_of(run).line
            if any(word in line for word in self.unreadable):
                raise PerceptionFailed("Nobody could listen to it.")
            verdict = Verdict.NEEDS_REVIEW if any(word in line for word in self.doubted) else Verdict.PASS
            seen = Assessment(verdict=verdict, score=1.0, weight_run=1.0, checks={})
            body = seen.model_dump(mode="json")
            session.add(AssessmentRow(clip_run_id=run_id, verdict=verdict, score=1.0, weight_run=1.0, body=body))
            run.status = RunStatus.SETTLED if run.status == RunStatus.SETTLED else RunStatus.ASSESSED
            if run.error_code == NOT_ASSESSED:
                run.error_code = run.error_message = ""
        return verdict


@dataclass(frozen=True)
class Films(FilmSteps):
    """Films that are done when ``is_open``; until then they are being rendered."""

    is_open: threading.Event = field(default_factory=threading.Event)

    async def render(self, render_id: str) -> str:
        while not self.is_open.is_set():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        with self.database.write() as session:
            row = fetch(session, RenderRow, render_id, lock=True)
            row.status, row.progress, row.duration_seconds = RenderStatus.DONE, 1.0, 1.0
        return RenderStatus.DONE


@dataclass
class House:
    """The app, the provider it pays, and the words that decide over its takes and films."""

    app: App
    provider: Obedient
    doubted: set[str]
    unreadable: set[str]
    cinema: threading.Event

    def make_plan(self, *, script: str = "\n\n".join(f"# S\n{line}" for line in LINES), **settings: Any) -> str:
        wanted = ProjectSettings(provider=self.provider.profile.name, **settings)
        project_id = self.app.service.create_project(settings=wanted)
        return self.app.service.create_plan(project_id, script=script, brief=ContentBrief())

    def plan(self, plan_id: str) -> PlanView:
        return self.app.views.plan(plan_id)

    def run(self, plan_id: str) -> PlanView:
        """Start the plan, and wait for its end."""
        self.app.service.start_plan(plan_id)
        return self.wait(plan_id)

    def wait(self, plan_id: str, until: Callable[[PlanView], bool] = lambda plan: not plan.is_active) -> PlanView:
        deadline = time.monotonic() + 60
        while not until(plan := self.plan(plan_id)):
            assert time.monotonic() < deadline, plan.model_dump()
            time.sleep(0.02)
        return plan


@contextmanager
def open_house(
    folder: Path,
    *,
    provider: Obedient | None = None,
    others: Sequence[Obedient] = (),
    is_durable: bool = False,
    **settings: Any,
) -> Iterator[House]:
    provider = provider or Obedient()
    doubted, unreadable, cinema = set[str](), set[str](), threading.Event()
    cinema.set()

    def make_swift(flows: Flows) -> Flows:
        takes, films, generator = flows.takes, flows.films, flows.clips.generator
        no_files = _NoFiles(
            generator._providers, ledger=generator._ledger, store=generator._store, narrator=generator._narrator,
            scratch=generator._scratch,
        )  # fmt: skip
        return replace(
            flows,
            clips=replace(flows.clips, generator=no_files),
            takes=Verdicts(**_fields(takes), doubted=doubted, unreadable=unreadable),
            films=Films(**_fields(films), is_open=cinema),
        )

    app = build(
        make_settings(folder / "data", **settings),
        is_durable=is_durable,
        adapters={one.profile.name: one for one in (provider, *others)},
        change_flows=make_swift,
    )
    app.start()
    try:
        yield House(app, provider, doubted, unreadable, cinema)
    finally:
        cinema.set()
        app.stop()


def _fields(steps: Any) -> dict[str, Any]:
    return {f.name: getattr(steps, f.name) for f in fields(steps)}
