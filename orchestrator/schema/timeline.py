"""Timeline: what the film is made of, in frames at one rate."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, model_validator

from orchestrator.schema.value import Value


class TransitionKind(StrEnum):
    CUT = "cut"
    CROSSFADE = "crossfade"
    WIPE = "wipe"
    FADE_BLACK = "fade_black"


class Transition(Value):
    """How one clip becomes the next. A cut lasts 0 s; the others overlap both clips by ``seconds``."""

    kind: TransitionKind = TransitionKind.CUT
    seconds: float = Field(default=0.0, ge=0, le=2)

    @model_validator(mode="after")
    def _seconds_fit_kind(self) -> Transition:
        if (self.kind is TransitionKind.CUT) != (self.seconds == 0):
            raise ValueError("a cut lasts 0 s; every other transition lasts more than 0 and at most 2 s")
        return self

    def __str__(self) -> str:
        return self.kind.value if self.kind is TransitionKind.CUT else f"{self.kind.value}:{self.seconds:g}"


class Slate(Value):
    """What a card says that stands for a missing take: its clip's place in the film, why it is missing in a word or two
    (``state``) and in a sentence (``reason``), and the line that would be spoken."""

    number: int = Field(gt=0)
    state: str
    reason: str = ""
    text: str = ""


class TimelineClip(Value):
    """One take on the timeline, or a slate. ``source`` is an asset id or a file path and names a slate uniquely;
    ``frames`` is the length in frames."""

    source: str
    frames: int = Field(gt=0)
    label: str = ""
    # Left out where there is none: the id of a plan's own render is made from these words.
    slate: Slate | None = Field(default=None, exclude_if=lambda slate: slate is None)


class Timeline(Value):
    """Clips in playing order with the transition after each but the last.

    ``overlap_frames[i]`` is how many frames clip i and i + 1 share, so the film is ``sum(frames) - sum(overlaps)``.
    """

    fps: int = Field(gt=0)
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    clips: tuple[TimelineClip, ...] = Field(min_length=1)
    transitions: tuple[Transition, ...] = ()
    overlap_frames: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _one_transition_between_two_clips(self) -> Timeline:
        if len(self.transitions) != len(self.clips) - 1 or len(self.overlap_frames) != len(self.transitions):
            raise ValueError("a timeline of n clips has n - 1 transitions and overlaps")
        return self

    @property
    def total_frames(self) -> int:
        return sum(c.frames for c in self.clips) - sum(self.overlap_frames)

    @property
    def missing_clips(self) -> int:
        """How many clips only have a slate."""
        return sum(c.slate is not None for c in self.clips)

    @property
    def duration_seconds(self) -> float:
        return self.total_frames / self.fps

    def start_frame(self, index: int) -> int:
        """Frame of the film at which clip ``index`` begins."""
        return sum(c.frames for c in self.clips[:index]) - sum(self.overlap_frames[:index])
