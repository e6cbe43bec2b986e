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
    takes: Sequence[Take], *, transition: Transition, width: int, height: int, fps: int = 30
) -> Timeline:
    """Takes in order with ``transition`` between each two, every position a whole frame at ``fps``.

    Each clip keeps at least one frame of its own: where both its overlaps do not fit, each gets at most half of the
    rest, and an overlap of no frames is a cut. ``width`` and ``height`` are in pixels. Raises ``BadInput`` without
    takes.
    """
    if not takes:
        raise BadInput("There are no takes to assemble. Accept at least one take first.")
    frames = [max(1, round(take.seconds * fps)) for take in takes]
    wanted = 0 if transition.kind is TransitionKind.CUT else max(1, round(transition.seconds * fps))
    room = [_room(n, is_inner=0 < i < len(frames) - 1, wanted=wanted) for i, n in enumerate(frames)]
    overlaps = [min(left, right) for left, right in pairwise(room)]
    return Timeline(
        fps=fps,
        width=width,
        height=height,
        clips=tuple(
            TimelineClip(source=take.source, frames=n, label=take.label, slate=take.slate)
            for take, n in zip(takes, frames, strict=True)
        ),
        transitions=tuple(_shortened(transition, overlap, wanted=wanted, fps=fps) for overlap in overlaps),
        overlap_frames=tuple(overlaps),
    )


def _room(frames: int, *, is_inner: bool, wanted: int) -> int:
    """Frames a clip can give to one overlap; an inner clip has two to serve."""
    spare = frames - 1
    return min(wanted, spare // 2 if is_inner else spare)


def _shortened(transition: Transition, overlap: int, *, wanted: int, fps: int) -> Transition:
    if overlap == wanted:
        return transition
    return Transition(kind=transition.kind, seconds=overlap / fps) if overlap else Transition()
