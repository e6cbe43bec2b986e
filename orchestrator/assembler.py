"""The assembler: takes in playing order become a timeline in whole frames. Pure; rendering happens elsewhere.

Generated clips have no material before their first or after their last frame, so a transition uses frames of both
clips: it makes the film shorter (sum of the clips minus the overlaps).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pydantic import Field, ValidationError

from orchestrator.errors import BadInput
from orchestrator.schema.timeline import Slate, Timeline, TimelineClip, Transition, TransitionKind
from orchestrator.schema.value import Value

DEFAULT_TRANSITION_SECONDS = 0.5
CUT = Transition()
_FORMS = "cut, crossfade:0.5, wipe:1 or fade_black:0.5 (seconds above 0, at most 2)"


class Take(Value):
    """An accepted take, or the ``slate`` of a missing one. ``source`` is an asset id or a file path and names a slate
    uniquely; ``seconds`` is how long it plays."""

    source: str = Field(min_length=1)
    seconds: float = Field(gt=0, allow_inf_nan=False)
    label: str = ""
    slate: Slate | None = None


def parse_transition(text: str) -> Transition:
    """The transition written as ``kind`` or ``kind:seconds``; ``str(transition)`` writes it back.

    A kind without seconds lasts 0.5 s, a cut 0 s. Raises ``BadInput`` naming the allowed forms.
    """
    name, colon, number = text.strip().lower().partition(":")
    try:
        kind = TransitionKind(name.strip().replace("-", "_"))
        default = 0.0 if kind is TransitionKind.CUT else DEFAULT_TRANSITION_SECONDS
        return Transition(kind=kind, seconds=float(number) if colon else default)
    except (ValueError, ValidationError):
        shown = text if len(text) <= 40 else text[:39] + "…"
        raise BadInput(f"“{shown}” is not a transition. Write {_FORMS}.") from None


def build_timeline(
    takes: Sequence[Take],
    *,
    transition: Transition = CUT,
    transitions: Sequence[Transition] | None = None,
    width: int,
    height: int,
    fps: int = 30,
) -> Timeline:
    """Takes in order with ``transition`` between each two, or with that of ``transitions`` after each but the last;
    every position a whole frame at ``fps``. ``width`` and ``height`` are in pixels. Raises ``BadInput`` without takes.
    """
    if not takes:
        raise BadInput("There are no takes to assemble. Accept at least one take first.")
    frames = [max(1, round(take.seconds * fps)) for take in takes]
    wanted = [transition] * (len(takes) - 1) if transitions is None else transitions
    fitted, overlaps = fit_transitions(wanted, frames, fps=fps)
    return Timeline(
        fps=fps,
        width=width,
        height=height,
        clips=tuple(
            TimelineClip(source=take.source, frames=n, label=take.label, slate=take.slate)
            for take, n in zip(takes, frames, strict=True)
        ),
        transitions=fitted,
        overlap_frames=overlaps,
    )


def fit_transitions(
    wanted: Sequence[Transition], frames: Sequence[int], *, fps: int
) -> tuple[tuple[Transition, ...], tuple[int, ...]]:
    """(the ``wanted`` transitions as far as clips of so many ``frames`` have room for them, frames of each overlap).

    Each clip keeps at least one frame of its own: where both its overlaps do not fit, each gets at most half of the
    rest or what the other leaves, and an overlap of no frames is a cut.
    """
    asked = [0 if t.kind is TransitionKind.CUT else max(1, round(t.seconds * fps)) for t in wanted]
    around = [0, *asked, 0]
    overlaps = tuple(
        min(_room(left, asked[i], beside=around[i]), _room(right, asked[i], beside=around[i + 2]))
        for i, (left, right) in enumerate(pairwise(frames))
    )
    fitted = zip(wanted, overlaps, asked, strict=True)
    return tuple(_shortened(t, overlap, wanted=own, fps=fps) for t, overlap, own in fitted), overlaps


def _room(frames: int, wanted: int, *, beside: int) -> int:
    """Frames a clip can give to one overlap when the one at its other end wants ``beside``."""
    spare = frames - 1
    return min(wanted, max(spare // 2, spare - beside))


def _shortened(transition: Transition, overlap: int, *, wanted: int, fps: int) -> Transition:
    if overlap == wanted:
        return transition
    return Transition(kind=transition.kind, seconds=overlap / fps) if overlap else Transition()
