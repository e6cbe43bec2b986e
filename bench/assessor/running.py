"""Hold every clip of a set against its label, with the senses of this machine. What was assessed by the same code
before is not assessed again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from bench.assessor.counting import Outcome
from bench.assessor.labels import Beside, Label
from bench.assessor.toll import Toll, TollKeeper
from orchestrator.assessor import DEFAULT_POLICY, Expectation, Neighbour, Side, assess_take
from orchestrator.bootstrap import build
from orchestrator.media.edges import grab_edge
from orchestrator.media.signals import measure_signals
from orchestrator.perception.base import Senses
from orchestrator.schema.assessment import Assessment, Verdict
from orchestrator.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]
CACHE = _ROOT / "data" / "bench"
_JUDGES = ("orchestrator/assessor", "orchestrator/perception", "orchestrator/media", "orchestrator/schema")


@dataclass(frozen=True)
class Run:
    """``toll`` is what the clips assessed just now took; ``fresh`` is how many they were, of ``clip_seconds``."""

    outcomes: tuple[Outcome, ...]
    toll: Toll
    fresh: int
    clip_seconds: float


@asynccontextmanager
async def senses_of_this_machine():
    """The senses that the app wires with its usual settings, without a key for a vision model. Ended on leaving."""
    app = build(Settings(_env_file=None, data_dir=CACHE / "app", openai_api_key=SecretStr("")), is_durable=False)  # pyright: ignore
    try:
        yield app.flows.takes.senses
    finally:
        await asyncio.to_thread(app.stop)


async def run_set(
    folder: Path, labels: Sequence[Label], *, workers: int, is_fresh: bool = False, is_told: bool = True
) -> Run:
    """Assess every clip in ``labels`` that the current code has not assessed yet, ``workers`` at a time."""
    code = fingerprint_code()
    file = results_of(folder)
    kept = {} if is_fresh else _read_results(file, code)
    due = [label for label in labels if _key(folder, label) not in kept]
    started, done, seconds = time.perf_counter(), 0, 0.0
    with file.open("w" if is_fresh else "a", encoding="utf-8") as results, TollKeeper() as keeper:
        async with senses_of_this_machine() as senses:
            if due:
                await warm_up(folder, due[0], senses)
            keeper.start()
            line = asyncio.Semaphore(workers)
            besides: dict[Beside, asyncio.Task[Neighbour]] = {}

            async def assess(label: Label) -> None:
                nonlocal done, seconds
                async with line:
                    assessment = await _assess(label, folder, besides, senses)
                kept[_key(folder, label)] = assessment
                row = {"code": code, "key": _key(folder, label), "assessment": assessment.model_dump(mode="json")}
                results.write("\n" + json.dumps({"file": label.file, **row}))
                results.flush()
                done, seconds = done + 1, seconds + label.expectation.target_seconds
                if is_told:
                    left = (time.perf_counter() - started) / done * (len(due) - done)
                    sys.stderr.write(f"\rassessed {done} of {len(due)} clips, {left:.0f} s left\x1b[K")

            async with asyncio.TaskGroup() as group:
                for label in due:
                    group.create_task(assess(label))
            toll = keeper.stop()
    if due and is_told:
        sys.stderr.write("\n")
    outcomes = tuple(Outcome(label=label, assessment=kept[_key(folder, label)]) for label in labels)
    return Run(outcomes=outcomes, toll=toll, fresh=len(due), clip_seconds=seconds)


async def _assess(
    label: Label, folder: Path, besides: dict[Beside, asyncio.Task[Neighbour]], senses: Senses
) -> Assessment:
    """That the assessor breaks is an outcome too: a take without an answer."""
    try:
        expectation = await expectation_of(label, folder, besides)
        return await assess_take(folder / label.file, expectation=expectation, senses=senses)
    except Exception as error:
        summary = f"The assessor broke: {type(error).__name__}: {error}"
        return Assessment(verdict=Verdict.NEEDS_REVIEW, weight_run=0, checks={}, summary=summary)


async def warm_up(folder: Path, label: Label, senses: Senses) -> None:
    """Load the models: their seconds are paid once, not by a clip."""
    await assess_take(folder / label.file, expectation=await expectation_of(label, folder, {}), senses=senses)


async def expectation_of(
    label: Label, folder: Path, besides: dict[Beside, asyncio.Task[Neighbour]] | None = None
) -> Expectation:
    """What the assessor is told of the clip. A neighbour is measured once, in ``besides``."""
    ordered = label.expectation
    besides = besides if besides is not None else {}
    for beside in ordered.neighbours:
        if beside not in besides:
            besides[beside] = asyncio.create_task(_measure(beside, folder))
    width, height = map(int, ordered.size.split("x")) if ordered.size else (None, None)
    return Expectation(
        **ordered.model_dump(exclude={"size", "neighbours"}),
        width=width,
        height=height,
        neighbours=tuple([await besides[beside] for beside in ordered.neighbours]),
    )


async def _measure(beside: Beside, folder: Path) -> Neighbour:
    path = folder / beside.file
    signals = await measure_signals(path)
    edge = await asyncio.to_thread(partial(grab_edge, path, is_last=beside.side is Side.BEFORE))
    return Neighbour(
        **beside.model_dump(exclude={"file"}),
        run_id=beside.file,
        frame=edge.jpeg,
        at_seconds=edge.at_seconds,
        loudness_lufs=signals.loudness_lufs,
        noise_floor_db=getattr(signals, "noise_floor_db", None),
    )


def fingerprint_code() -> str:
    """What the outcome depends on beside the clip: the code that perceives and judges, and the policy."""
    sources = sorted(path for room in _JUDGES for path in (_ROOT / room).rglob("*.py"))
    digest = hashlib.sha256(DEFAULT_POLICY.model_dump_json().encode())
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _key(folder: Path, label: Label) -> str:
    """Of the clip, its neighbours and what was ordered; the truth may be mended without a new run."""
    stamps = [(file, (folder / file).stat().st_size, (folder / file).stat().st_mtime_ns) for file in label.files]
    return hashlib.sha256(f"{stamps}|{label.expectation.model_dump_json()}".encode()).hexdigest()[:16]


def results_of(folder: Path) -> Path:
    """Where the assessments of a set are kept: in the cache, for the set may be somebody else's."""
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    (CACHE / "results").mkdir(parents=True, exist_ok=True)
    return CACHE / "results" / f"{folder.resolve().name}-{place}.jsonl"


def _read_results(file: Path, code: str) -> dict[str, Assessment]:
    """What this code has assessed; what a killed run wrote half is left out."""
    found: dict[str, Assessment] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        with suppress(ValueError, KeyError):
            row = json.loads(line)
            if row["code"] == code:
                found[row["key"]] = Assessment.model_validate(row["assessment"])
    return found
