"""What befalls a process, and when: drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    KILL = "kill -9"
    CUT = "kill -9 of all workers at once"
    TERM = "SIGTERM"
    FREEZE = "SIGSTOP, then SIGCONT"
    DATABASE = "Postgres stopped and started"
    DISK = "disk full for a while"
    CLOCK = "clock set wrong"

    @property
    def hits_process(self) -> bool:
        """Counts as one of the kills asked for; the others come on top."""
        return self in (Kind.KILL, Kind.CUT, Kind.TERM, Kind.FREEZE)


_WEIGHTS: Mapping[str, Mapping[Kind, int]] = MappingProxyType(
    {
        "sqlite": {Kind.KILL: 64, Kind.TERM: 14, Kind.FREEZE: 9, Kind.DISK: 6, Kind.CLOCK: 7},
        "postgres": {
            Kind.KILL: 46,
            Kind.CUT: 10,
            Kind.TERM: 13,
            Kind.FREEZE: 10,
            Kind.DATABASE: 9,
            Kind.DISK: 5,
            Kind.CLOCK: 7,
        },
    }
)
_DURING_BOOT = 0.2
_BOOT_SECONDS = 3.0
_AT_WORK_SECONDS = 9.0
_CLOCK_JUMPS_SECONDS = (-3600, -90, 90, 3600)


@dataclass(frozen=True)
class Strike:
    """``after_seconds`` since the process was seen at work, or, with ``is_early``, since it was started.
    ``lasts_seconds`` is for those that end by themselves; ``down_seconds`` is how long a killed process stays away.
    ``jump_seconds`` is for clocks."""

    kind: Kind
    after_seconds: float
    is_early: bool = False
    lasts_seconds: float = 0.0
    down_seconds: float = 0.0
    jump_seconds: int = 0
    is_crash: bool = False


def draw_strike(dice: random.Random, *, database: str, possible: Collection[Kind], takeover_seconds: float) -> Strike:
    """The next strike at one process. ``takeover_seconds`` is when others take a silent process for dead."""
    weights = {kind: weight for kind, weight in _WEIGHTS[database].items() if kind in possible}
    kind = dice.choices(list(weights), list(weights.values()))[0]
    is_early = dice.random() < _DURING_BOOT
    lasts = dice.uniform(1.2, 1.5) * takeover_seconds if kind is Kind.FREEZE else dice.uniform(1, 4)
    is_away_for_long = takeover_seconds > 10 and dice.random() < 0.25
    return Strike(
        kind=kind,
        after_seconds=dice.uniform(0, _BOOT_SECONDS if is_early else _AT_WORK_SECONDS),
        is_early=is_early,
        lasts_seconds=lasts,
        down_seconds=dice.uniform(1, 1.5) * takeover_seconds if is_away_for_long else dice.uniform(0, 1),
        jump_seconds=dice.choice(_CLOCK_JUMPS_SECONDS),
        is_crash=dice.random() < 0.5,
    )
