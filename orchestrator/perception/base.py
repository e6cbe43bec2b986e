"""The ports of perception: who listens to a take, looks at it, reads in it and compares it, and what they report.

Each may be absent. Then ``missing`` says why in words, and what needs them is ``not_run``: nothing here ever guesses.
All raise ``PerceptionFailed`` when they should have worked and did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import Field

from orchestrator.errors import PerceptionFailed
from orchestrator.schema.value import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000


# --- listening ---


class HeardWord(Value):
    """One word as heard. ``probability`` is the listener's own confidence, 0..1; ``log_likelihood`` is the natural
    logarithm of what it gave the word's first sound after all words before it, None when not measured."""

    text: str
    start_seconds: float = Field(ge=0)
    end_seconds: float = Field(ge=0)
    probability: float = Field(ge=0, le=1)
    log_likelihood: float | None = Field(default=None, le=0)


class ExpectedWord(Value):
    """One word of the expected text. ``log_likelihood`` is the natural logarithm of what the listener gives the least
    likely part of it, with this sound and after all words before it."""

    text: str
    log_likelihood: float = Field(le=0)


class Heard(Value):
    """What was said. ``text`` is empty when nobody spoke.

    ``expected_probability`` is a second, independent witness: how likely the listener finds the *expected* words for
    this sound (geometric mean over their tokens, 0..1), whatever it would have written itself; ``expected_words`` say
    so word by word. None and empty when not measured.
    ``spoken_language`` is what the sound itself is taken for. ``speech`` are the stretches in which there is a voice,
    in seconds, None when not measured; where it is on at an edge of the sound, at full level, the speech is cut there.
    """

    text: str
    words: tuple[HeardWord, ...] = ()
    language: str = ""
    spoken_language: str = ""
    language_probability: float | None = Field(default=None, ge=0, le=1)
    no_speech_probability: float = Field(default=0.0, ge=0, le=1)
    expected_probability: float | None = Field(default=None, ge=0, le=1)
    expected_words: tuple[ExpectedWord, ...] = ()
    speech: tuple[tuple[float, float], ...] | None = None
    is_cut_at_start: bool = False
    is_cut_at_end: bool = False


class Listener(Protocol):
    """Writes down speech."""

    @property
    def missing(self) -> str:
        """Empty when ready, else the reason in words. Cheap; never touches the network."""
        ...

    async def transcribe(self, samples: NDArray[np.float32], *, language: str, expected: str = "") -> Heard:
        """What is said in ``samples`` (mono, 16 kHz, -1..1). ``expected`` never steers what is heard."""
        ...


# --- looking ---


class Frame(Value):
    """A still: encoded JPEG bytes and a label that places it, such as ``at 1.5 s``."""

    jpeg: bytes = Field(repr=False)
    label: str


class Question(Value):
    """Something to find out from stills. ``key`` is unique within one call; ``text`` can be answered yes or no.
    ``subject`` names what it is about in a few words, for what is said of the answer."""

    key: str
    text: str
    subject: str = ""


class Answer(StrEnum):
    """UNSURE is honest: it counts as not measured, never as yes or no."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class SeenAnswer(Value):
    """The answer to one question and what in the picture it rests on; ``frame`` is the index of the frame it was seen
    in, None where none was named."""

    answer: Answer
    evidence: str = ""
    frame: int | None = Field(default=None, ge=0)


class Seen(Value):
    """Answers by question key; every question has one. Token counts are None where the service does not tell, and
    ``cost_usd`` where nobody reckons. ``is_cached``: they were paid for at an earlier look."""

    answers: dict[str, SeenAnswer]
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    is_cached: bool = False

    @property
    def by(self) -> str:
        """Who looked, in words."""
        return f"vision model {self.model}"

    @property
    def cost(self) -> dict[str, Any]:
        """What the look took, for the evidence of a check."""
        return self.model_dump(include={"input_tokens", "output_tokens", "cost_usd", "is_cached"})


class Viewer(Protocol):
    """Answers questions about stills."""

    @property
    def missing(self) -> str:
        """Empty when ready, else the reason in words. Cheap; never touches the network."""
        ...

    async def judge(self, frames: Sequence[Frame], *, questions: Sequence[Question], context: str = "") -> Seen:
        """Look at ``frames`` in order and answer every question."""
        ...


# --- reading ---


class ReadText(Value):
    """A line of text seen in a still. ``confidence`` is the reader's own, 0..1; ``label`` is that of the frame; ``box``
    is left, top, right, bottom as shares of it.

    ``unknown`` are its words that no list of words has, ``strange`` those that are also built like no word, when they
    are most of its letters.
    """

    text: str
    confidence: float = Field(ge=0, le=1)
    label: str
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    unknown: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()


class Reader(Protocol):
    """Reads what is written in stills."""

    @property
    def missing(self) -> str:
        """Empty when ready, else the reason in words. Cheap; never touches the network."""
        ...

    async def read(self, frames: Sequence[Frame], *, language: str = "") -> tuple[ReadText, ...]:
        """The lines of text in ``frames``, in their order. ``language`` is the one that is expected there."""
        ...


# --- comparing ---


class Likeness(Protocol):
    """Tells how alike stills are in what they show."""

    @property
    def missing(self) -> str:
        """Empty when ready, else the reason in words. Cheap; never touches the network."""
        ...

    async def describe(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """One unit vector per frame, shape (frames, features); the dot product of two is their similarity, -1..1."""
        ...


# --- all of them ---


@dataclass(frozen=True)
class Nobody:
    """A sense that is not there."""

    missing: str = "it is not installed"

    async def read(self, frames: Sequence[Frame], *, language: str = "") -> tuple[ReadText, ...]:
        raise PerceptionFailed(self.missing)

    async def describe(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        raise PerceptionFailed(self.missing)


@dataclass(frozen=True)
class Senses:
    """Who perceives a take."""

    listener: Listener
    viewer: Viewer
    reader: Reader = Nobody()
    likeness: Likeness = Nobody()
