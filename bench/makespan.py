"""What the engine costs: how much longer a plan takes than its clips have to, in CPU and in memory.

    python -m bench.makespan [--clips 75] [--caps 3 20] [--database sqlite|postgres]

A plan of 75 clips runs on the real engine, flows and ledger. Its provider answers after recorded waits (see
``latencies``); making the file, looking at it and cutting the film are left out, for they are not the engine's. The
baseline is list scheduling: the same waits, in the same order, on as many machines as clips may be under way, with no
engine at all. Printed are makespan over that bound, the engine's own CPU per clip, and resident memory with 200 clips
in flight. Ends non-zero when a ratio is over ``RATIO_MAX``, CPU over ``CPU_SECONDS_MAX`` or memory over ``RSS_MB_MAX``.
"""

from __future__ import annotations

import argparse
import dataclasses
import heapq
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, select

from orchestrator.assessor import AssessmentPolicy
from orchestrator.assessor.verdict import reach_verdict
from orchestrator.bootstrap import App, build, migrate
from orchestrator.db.models import AssessmentRow, AssetRow, ClipRow, ProviderCallRow, RunRow, new_id
from orchestrator.db.records import lock_run
from orchestrator.flows import Flows
from orchestrator.schema.assessment import CheckName, CheckResult, CheckStatus
from orchestrator.schema.asset import AssetKind
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, RunStatus
from orchestrator.settings import Settings
from orchestrator.steps.clips import ClipSteps
from orchestrator.steps.takes import TakeSteps
from providers.base import (
    AudioSupport,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    PollPace,
    ProviderProfile,
    VideoProvider,
)

RATIO_MAX, CPU_SECONDS_MAX, RSS_MB_MAX = 1.05, 0.3, 150.0
# A fifth of what clips take at a hosted provider: 60 to 180 s, now and then far longer.
SCALE = 0.2
FAILURES = 0.08


def latencies(count: int, *, seed: int = 1) -> list[list[float]]:
    """Seconds of each attempt at each clip; all attempts of a clip but its last one fail.

    Shaped after what users of hosted providers report: the middle half between 80 and 130 s, one in twenty up to three
    times as long, one in twelve failing at the end.
    """
    dice = random.Random(seed)

    def one() -> float:
        seconds = min(180.0, max(60.0, dice.lognormvariate(4.62, 0.3)))
        return SCALE * seconds * (dice.uniform(1.5, 3.0) if dice.random() < 0.05 else 1.0)

    return [[one(), *((one(),) if dice.random() < FAILURES else ())] for _ in range(count)]


def bound_seconds(waits: Sequence[Sequence[float]], *, cap: int) -> float:
    """When the last clip is done if each starts the moment one of ``cap`` places is free, in the given order."""
    free_at = [0.0] * cap
    for attempts in waits:
        heapq.heappush(free_at, heapq.heappop(free_at) + sum(attempts))
    return max(free_at)


class RecordedProvider(VideoProvider):
    """Each clip's attempts take what was recorded for them. In memory, free, without a file."""

    def __init__(self, waits: Sequence[Sequence[float]], *, places: int) -> None:
        self._waits = waits
        self._made: dict[str, tuple[float, bool]] = {}
        self.endpoint = "memory:"
        self.profile = ProviderProfile(
            name="recorded",
            title="Recorded",
            models=("recorded",),
            durations_seconds=(4,),
            sizes=("320x180",),
            prompt_limit_characters=10_000,
            audio=AudioSupport.NATIVE,
            supports_reconcile=True,
            charges_failures=False,
            max_concurrent=places,
            requests_per_minute=100_000,
            # as providers are looked after, at the same scale
            poll_pace=PollPace(early_seconds=5 * SCALE, late_seconds=15 * SCALE, late_after_seconds=180 * SCALE),
            cost_usd_per_second={"recorded": 0.0},
            is_free=True,
        )

    async def create_clip(self, request: CreateClipInput) -> Generation:
        clip, attempt = int(request.labels["position"]) - 1, int(request.labels["attempt"])
        waits = self._waits[clip % len(self._waits)]
        generation_id = uuid.uuid4().hex
        self._made[generation_id] = (time.monotonic() + waits[attempt - 1], attempt == len(waits))
        return Generation(id=generation_id, status=GenerationStatus.QUEUED)

    async def get_generation(self, generation_id: str) -> Generation:
        if generation_id not in self._made:
            raise GenerationNotFound
        done_at, is_good = self._made[generation_id]
        if time.monotonic() < done_at:
            return Generation(id=generation_id, status=GenerationStatus.IN_PROGRESS)
        status = GenerationStatus.COMPLETED if is_good else GenerationStatus.FAILED
        return Generation(id=generation_id, status=status)

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        raise AssertionError("the bench fetches nothing")


class _Clips(ClipSteps):
    """A take comes home at once, without a file."""

    async def fetch(self, run_id: str, generation: int) -> None:
        with self.database.write() as session:
            run = lock_run(session, run_id)
            asset = AssetRow(
                id=new_id(),
                project_id=run.clip.plan.project_id,
                kind=AssetKind.TAKE,
                storage_key=f"{run_id}.mp4",
                sha256="",
                size_bytes=0,
                mime="video/mp4",
            )
            session.add(asset)
            session.flush()
            run.asset_id, run.status, run.clip.status = asset.id, RunStatus.GENERATED, ClipStatus.ASSESSING


class _Takes(TakeSteps):
    """Every take is good, without a look at it."""

    async def assess(self, run_id: str) -> None:
        perfect = dict.fromkeys(CheckName, CheckResult(status=CheckStatus.PASS, score=1.0))
        found = reach_verdict(perfect, policy=AssessmentPolicy())
        with self.database.write() as session:
            run = lock_run(session, run_id)
            body = found.model_dump(mode="json")
            session.add(AssessmentRow(clip_run_id=run_id, verdict=found.verdict, weight_run=1.0, body=body))
            run.status = RunStatus.ASSESSED


def _without_media(flows: Flows) -> Flows:
    def as_(kind: type[Any], steps: Any) -> Any:
        return kind(**{field.name: getattr(steps, field.name) for field in dataclasses.fields(steps)})

    return dataclasses.replace(flows, clips=as_(_Clips, flows.clips), takes=as_(_Takes, flows.takes))


def run(*, clips: int, cap: int, plans: int, waits: Sequence[Sequence[float]], folder: Path, url: str) -> App:
    """An app at work on ``plans`` plans of ``clips`` clips each; ``cap`` of each may be under way."""
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        data_dir=folder,
        database_url=url,  # pyright: ignore[reportArgumentType]
        video_provider="recorded",
        max_concurrent_clips=cap,
        max_clips_per_worker=max(24, cap * plans),
        max_clips_total=max(96, cap * plans),
    )
    if url:
        migrate(settings)
    provider = RecordedProvider(waits, places=cap * plans)
    app = build(settings, adapters={"recorded": provider}, change_flows=_without_media)
    app.start()
    script = " ".join(f"The lamp of house {n} is lit at dawn." for n in range(1, clips + 1))
    for _ in range(plans):
        project = app.service.create_project(settings=ProjectSettings(provider="recorded", size="320x180"))
        plan = app.service.create_plan(project, script=script, brief=ContentBrief())
        app.service.start_plan(plan)
    return app


def measure_makespan(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    waits = latencies(args.clips)
    # Starting up and planning are not what is measured.
    app = run(clips=args.clips, cap=args.cap, plans=1, waits=waits, folder=folder, url=args.url)
    before, children_before = time.process_time(), _children_seconds()
    with app.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ClipRow)) == args.clips, "planned otherwise"
    while True:
        time.sleep(1.0)
        with app.database.read() as session:
            settled = select(func.count()).where(ClipRow.status.in_([s for s in ClipStatus if s.is_settled]))
            if session.scalar(settled) == args.clips:
                first = session.scalar(select(func.min(RunRow.created_at)))
                last = session.scalar(select(func.max(RunRow.settled_at)))
                passed = session.scalar(select(func.count()).where(ClipRow.status == ClipStatus.PASSED))
                break
    cpu_seconds = time.process_time() - before
    assert first is not None and last is not None and passed == args.clips, f"{passed} clips passed"
    result = {
        "bound_seconds": bound_seconds(waits, cap=args.cap),
        "makespan_seconds": (last - first).total_seconds(),
        "cpu_seconds_per_clip": cpu_seconds / args.clips,
        "children_seconds_per_clip": (_children_seconds() - children_before) / args.clips,
    }
    app.stop()
    return result


def measure_memory(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    plans, clips = 4, 50
    app = run(clips=clips, cap=clips, plans=plans, waits=[[3600.0]], folder=folder, url=args.url)
    process = psutil.Process()
    started, highest = time.monotonic(), 0
    while True:
        time.sleep(0.2)
        highest = max(highest, process.memory_info().rss)
        with app.database.read() as session:
            in_flight = session.scalar(select(func.count()).where(ProviderCallRow.state == "accepted")) or 0
        if in_flight < plans * clips:
            started = time.monotonic()
        elif time.monotonic() - started > 15:
            break
    result = {"in_flight": in_flight, "rss_mb": highest / 1e6, "threads": process.num_threads()}
    app.stop()
    return result


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measure(what: str, **options: object) -> dict[str, float]:
    """In a process of its own, so that nothing of an earlier measurement is in its memory or its processor time."""
    command = [sys.executable, "-m", "bench.makespan", "--measure", what]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=75)
    parser.add_argument("--caps", type=int, nargs="+", default=[3, 20])
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--measure", choices=("makespan", "memory"), help=argparse.SUPPRESS)
    parser.add_argument("--cap", type=int, default=3, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        with tempfile.TemporaryDirectory(prefix="makespan-") as folder:
            measured = measure_makespan if args.measure == "makespan" else measure_memory
            print(json.dumps(measured(args, Path(folder))))
        return 0
    if args.database == "sqlite":
        return _report(args, urls=iter(lambda: "", None))
    from tests.fakes.postgres import create_database, running_postgres

    with running_postgres() as server:
        return _report(args, urls=(create_database(server, f"makespan_{n}") for n in range(100)))


def _report(args: argparse.Namespace, *, urls: Any) -> int:
    print(f"{datetime.now(UTC):%Y-%m-%d}, {args.database}, {args.clips} clips, waits at a fifth of a provider's")
    print("cap   bound s   makespan s   ratio   engine CPU s/clip")
    is_good = True
    for cap in args.caps:
        got = _measure("makespan", clips=args.clips, cap=cap, url=next(urls))
        ratio = got["makespan_seconds"] / got["bound_seconds"]
        is_good &= ratio <= RATIO_MAX and got["cpu_seconds_per_clip"] <= CPU_SECONDS_MAX
        print(
            f"{cap:3}  {got['bound_seconds']:8.1f}  {got['makespan_seconds']:11.1f}  {ratio:6.3f}"
            f"  {got['cpu_seconds_per_clip']:18.3f}",
            flush=True,
        )
    got = _measure("memory", url=next(urls))
    is_good &= got["rss_mb"] <= RSS_MB_MAX
    print(f"{got['in_flight']:.0f} clips in flight: {got['rss_mb']:.0f} MB resident, {got['threads']:.0f} threads")
    print("as it should be" if is_good else "NOT as it should be")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
