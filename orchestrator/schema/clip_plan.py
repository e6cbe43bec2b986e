"""ClipPlan: the script cut into scenes and clips an actor can speak naturally."""

from __future__ import annotations

from pydantic import Field, model_validator

from orchestrator.schema.value import Value

MAX_TOTAL_SECONDS = 300
WORDS_PER_MINUTE_MIN, WORDS_PER_MINUTE_MAX, WORDS_PER_MINUTE_DEFAULT = 90, 200, 150


class PlanConstraints(Value):
    """What a plan must keep to.

    ``durations_seconds`` is the provider profile's grid, ascending. A clip of d seconds holds
    ``max_words(d) = floor(d * words_per_minute / 150 * 2.5)`` words: 4 s 10, 8 s 20, 12 s 30 at 150 wpm.
    """

    words_per_minute: int = Field(default=WORDS_PER_MINUTE_DEFAULT, ge=WORDS_PER_MINUTE_MIN, le=WORDS_PER_MINUTE_MAX)
    max_total_seconds: int = Field(default=MAX_TOTAL_SECONDS, gt=0, le=MAX_TOTAL_SECONDS)
    durations_seconds: tuple[int, ...] = Field(default=(4, 8, 12), min_length=1)
    default_clip_seconds: int = Field(default=8, gt=0)

    @model_validator(mode="after")
    def _durations_ascend(self) -> PlanConstraints:
        if list(self.durations_seconds) != sorted(set(self.durations_seconds)) or self.durations_seconds[0] <= 0:
            raise ValueError("durations_seconds must be positive and ascending")
        return self

    def max_words(self, seconds: int) -> int:
        """Most words that can be spoken naturally in ``seconds`` at this pace."""
        return seconds * self.words_per_minute // 60


class Clip(Value):
    """One planned unit of the film. ``position`` counts from 1 through the whole plan; ``text`` is what is spoken."""

    position: int = Field(ge=1)
    text: str
    seconds: int = Field(gt=0)
    words: int = Field(ge=0)
    visual_intent: str
    acceptance: tuple[str, ...] = ()
    speaker: str = ""


class Scene(Value):
    """A script-level group of clips. ``position`` counts from 1."""

    position: int = Field(ge=1)
    title: str
    clips: tuple[Clip, ...] = Field(min_length=1)


class ClipPlan(Value):
    """The whole plan. ``total_seconds`` is the sum of clip lengths before transitions."""

    words_per_minute: int
    scenes: tuple[Scene, ...] = Field(min_length=1)
    total_seconds: int
    spoken_words: int

    @property
    def clips(self) -> tuple[Clip, ...]:
        return tuple(clip for scene in self.scenes for clip in scene.clips)
