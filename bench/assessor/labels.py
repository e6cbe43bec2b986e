"""A labelled set: a folder with ``labels.jsonl``, one clip a line. What a line holds is told in README.md."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from orchestrator.assessor import Side
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.value import Value

LABELS = "labels.jsonl"
Answer = Literal["pass", "fail"]


class BadSet(Exception):
    """The set cannot be used; the message says which line and why."""


class Beside(Value):
    """A take of the film beside this one, accepted already: its file, whether it stands in the same scene, and whether
    words are said in it."""

    file: str
    side: Side
    is_same_scene: bool = True
    is_spoken: bool = True


class Ordered(Value):
    """What the clip was meant to be. ``size`` as ``WIDTHxHEIGHT`` in pixels, None where any will do."""

    text: str = ""
    language: str = "en"
    target_seconds: float = Field(gt=0)
    size: str | None = Field(default=None, pattern=r"^[1-9]\d*x[1-9]\d*$")
    has_voice: bool = True
    acceptance: tuple[str, ...] = ()
    visual_intent: str = ""
    prompt: str = ""
    vocabulary: tuple[str, ...] = ()
    neighbours: tuple[Beside, ...] = ()


class Truth(Value):
    """What a careful person says of the clip. ``checks`` names only those whose answer is beyond doubt; ``defect`` is
    empty for a good clip; ``strength`` is in the defect's own unit."""

    verdict: Answer
    checks: dict[CheckName, Answer] = Field(default_factory=dict)
    defect: str = ""
    strength: str = ""

    @field_validator("strength", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _is_sound(self) -> Truth:
        is_bad = self.verdict == "fail"
        if is_bad != bool(self.defect):
            raise ValueError("a clip has a defect exactly when its verdict is fail")
        if not is_bad and "fail" in self.checks.values():
            raise ValueError("a clip that passes fails no check")
        return self


class Label(Value):
    """One clip. ``file`` is relative to the set's folder; ``kind`` says what sort of clip it is, ``maker`` who made it;
    nothing is ever tuned on a clip that ``is_held_out``."""

    file: str
    expectation: Ordered
    truth: Truth
    kind: str = ""
    maker: str = ""
    is_held_out: bool = False

    @property
    def sort(self) -> str:
        """The defect, or the kind of a good clip."""
        return self.truth.defect or self.kind or "good"

    @property
    def files(self) -> tuple[str, ...]:
        """Its own file and those of its neighbours."""
        return self.file, *(beside.file for beside in self.expectation.neighbours)

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, file: str) -> str:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("a file lies in the folder of its set")
        return file


def read_labels(folder: Path) -> list[Label]:
    """The labels of the set in ``folder``. Raises ``BadSet``; that a file is missing is told before anything runs."""
    try:
        lines = (folder / LABELS).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadSet(f"{folder} holds no {LABELS}: {error.strerror}") from None
    labels = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            label = Label.model_validate_json(line)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['msg']}" for e in error.errors())
            raise BadSet(f"{LABELS}, line {number}: {wrong}") from None
        for file in label.files:
            if not (folder / file).is_file():
                raise BadSet(f"{LABELS}, line {number}: there is no file {file}")
        labels.append(label)
    if not labels:
        raise BadSet(f"{folder / LABELS} is empty")
    if len({label.file for label in labels}) < len(labels):
        raise BadSet(f"{LABELS}: a file has two labels")
    return labels


def write_labels(folder: Path, labels: Iterable[Label]) -> None:
    """Write ``labels.jsonl``; what has its usual value is left out."""
    rows = (json.dumps(label.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False) for label in labels)
    (folder / LABELS).write_text("\n".join(rows) + "\n", encoding="utf-8")
