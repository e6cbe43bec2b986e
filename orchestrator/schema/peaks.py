"""The sound of a take as it is drawn."""

from __future__ import annotations

from orchestrator.schema.value import Value


class Peaks(Value):
    """How loud a video's sound is along its length: ``peaks`` are the loudest samples of equal stretches, 0..1, none
    where there is no sound; ``silence`` where nothing is heard, as [start, end] seconds."""

    seconds: float
    peaks: tuple[float, ...]
    silence: tuple[tuple[float, float], ...] = ()
