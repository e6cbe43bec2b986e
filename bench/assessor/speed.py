"""How long the offline checks take: clips of 4, 8 and 12 s at 1280x720 one after the other, then three at once while
the event loop is watched."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from dataclasses import dataclass
from typing import Any

from bench.assessor.filmed.reel import Reel, make
from bench.assessor.running import CACHE, senses_of_this_machine
from bench.assessor.toll import Toll, TollKeeper
from orchestrator.assessor import Expectation, assess_take

SECONDS = (4, 8, 12)
SHARE_MAX = 0.5
STALL_SECONDS_MAX = 0.1
_TICK_SECONDS = 0.01
_LINE = "The little garden behind the church is open to all visitors."


@dataclass(frozen=True)
class Speed:
    """``alone`` is what one clip took, by its length in seconds; ``together`` what three of 8 s took at once, and
    ``stall_seconds`` the longest time that the loop was late for its tick meanwhile; ``idle_stall_seconds`` is the same
    with nothing to do, which is the machine's own."""

    alone: dict[int, Toll]
    together: Toll
    stall_seconds: float
    idle_stall_seconds: float

    @property
    def is_kept(self) -> bool:
        """Whether every clip took at most half its length, and the loop was never late by more than a tenth."""
        shares = [toll.wall_seconds / seconds for seconds, toll in self.alone.items()]
        return max(shares) <= SHARE_MAX and self.stall_seconds <= STALL_SECONDS_MAX

    def as_json(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "is_kept": self.is_kept, "load_average": os.getloadavg()}

    def as_table(self) -> str:
        lines = [
            f"Offline checks of one 1280x720 clip, models warm, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        ]
        for seconds, toll in self.alone.items():
            wall, cpu = toll.wall_seconds, toll.cpu_seconds
            lines.append(
                f"  {seconds:>2} s: {wall:5.2f} s, {wall / seconds:.2f} x its length, {cpu:5.2f} s of CPU; "
                f"memory {toll.peak_mb:.0f} MB, of it {toll.own_mb:.0f} MB this process"
            )
        toll = self.together
        lines.append(
            f"  three of 8 s at once: {toll.wall_seconds:.2f} s, {toll.cpu_seconds:.2f} s of CPU, "
            f"{toll.peak_mb:.0f} MB; "
            f"the loop was late by {self.stall_seconds * 1000:.0f} ms at most "
            f"({self.idle_stall_seconds * 1000:.0f} ms with nothing to do)"
        )
        kept = "kept" if self.is_kept else "NOT kept"
        lines.append(f"  at most {SHARE_MAX} x the length, and {STALL_SECONDS_MAX * 1000:.0f} ms late: {kept}")
        return "\n".join(lines)


async def measure_speed() -> Speed:
    """Measure on clips that are made in the cache."""
    clips = {seconds: CACHE / "speed" / f"{seconds}.mp4" for seconds in (3, *SECONDS)}
    for seconds, path in clips.items():
        if not path.exists():
            line = _LINE if seconds > 3 else "Good morning."
            reel = Reel(
                seconds=seconds, width=1280, height=720, fps="30", source="photo:astronaut", line=line,
                words_per_minute=190, filters="noise=alls=6:allf=t",
            )  # fmt: skip
            path.parent.mkdir(parents=True, exist_ok=True)
            make(reel, path, voices=path.parent)
    async with senses_of_this_machine() as senses:

        async def assess(seconds: int) -> None:
            text = _LINE if seconds > 3 else "Good morning."
            expectation = Expectation(text=text, target_seconds=seconds, width=1280, height=720)
            await assess_take(clips[seconds], expectation=expectation, senses=senses)

        await assess(3)  # loads the models
        idle_stall_seconds = await _watch_loop(asyncio.ensure_future(asyncio.sleep(2)))
        alone = {}
        for seconds in SECONDS:
            with TollKeeper() as keeper:
                keeper.start()
                await assess(seconds)
                alone[seconds] = keeper.stop()
        with TollKeeper() as keeper:
            keeper.start()
            work = asyncio.gather(*(assess(8) for _ in range(3)))
            stall_seconds = await _watch_loop(work)
            await work
            together = keeper.stop()
    return Speed(alone=alone, together=together, stall_seconds=stall_seconds, idle_stall_seconds=idle_stall_seconds)


async def _watch_loop(work: asyncio.Future[object]) -> float:
    """The longest time, in seconds, that the loop is late for a tick until ``work`` is done."""
    stall_seconds = 0.0
    while not work.done():
        asleep = time.perf_counter()
        await asyncio.sleep(_TICK_SECONDS)
        stall_seconds = max(stall_seconds, time.perf_counter() - asleep - _TICK_SECONDS)
    return stall_seconds
