"""Films asked for as users ask for them, and what became of them, read from the finished pictures."""

from __future__ import annotations

import itertools
import json
import random
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.media.probe import probe
from tests.fakes.marks import read_marks

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT, FPS, CLIP_SECONDS = 320, 180, 30, 4
_LINES = (
    "The lamp is lit before the sun comes up.",
    "Somebody has been waiting here all night.",
    "Now the heavy door opens wide.",
    "A small boat leaves the quiet harbour.",
    "The old clock strikes seven times today.",
    "Every window in the street is open.",
    "Warm bread is waiting on the table.",
    "The children run down to the water.",
    "Nobody remembers who wrote the letter.",
    "We will meet again in the spring.",
)
_QUOTED = re.compile(r'"([^"]+)"')


@dataclass
class Film:
    """One film and the ``film`` command that asks for it, again and again until it has it."""

    number: int
    lines: tuple[str, ...]
    folder: Path
    again_at: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    report: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / f"film-{self.number}.mp4"

    @property
    def clip_count(self) -> int:
        return len(self.lines)

    def ask(self, environment: dict[str, str]) -> None:
        """Give the command, the first time or again: the same words go on with the same film."""
        script, brief = self.path.with_suffix(".txt"), self.path.with_suffix(".yaml")
        # Each clip is told by its colour, so each is a scene of its own: within one, another colour is a fault.
        scenes = (f"# Scene {number}\n{line}" for number, line in enumerate(self.lines, start=1))
        script.write_text("\n\n".join(scenes), encoding="utf-8")
        # Words of its own, so that no prompt of this film is also one of another film.
        brief.write_text(json.dumps({"title": f"Film {self.number}", "style": {"mood": f"Film {self.number}"}}))
        options = ["--brief", str(brief), "--out", str(self.path), "--provider", "sora", "--json"]
        with self._output.open("wb") as output, self.path.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator", "film", str(script), *options],
                cwd=ROOT, env=environment, stdout=output, stderr=log,
            )  # fmt: skip

    def look(self) -> bool:
        """Whether the command has ended; what it said is then in ``report`` or, when it has no film, ``refusals``."""
        if self.process is None or self.process.poll() is None:
            return False
        code, self.process = self.process.returncode, None
        text = self._output.read_text(encoding="utf-8")
        said = json.loads(text) if text.strip() else {}
        if code == 0:
            self.report = said
        elif code >= 0:  # else it was killed
            self.refusals.append(said.get("error", {}).get("message") or f"ended with {code} and said nothing")
        return True

    def check(self, lines_by_number: dict[int, str]) -> None:
        """Note what is wrong with the finished film: its pictures must show its own takes, whole and in order."""
        if self.report is None:
            self.problems.append(f"not finished: {(self.refusals or ['no answer'])[-1]}")
            return
        if self.report["status"] != "completed" or any(c["verdict"] != "pass" for c in self.report["clips"]):
            self.problems.append("a clip did not pass")
        info = probe(self.path)
        if not info.has_audio:
            self.problems.append("no sound")
        marks = [(mark, len(list(same))) for mark, same in itertools.groupby(_marks(self.path))]
        shown = [(lines_by_number.get(mark or 0, "no take of ours"), frames) for mark, frames in marks]
        planned = [(line, CLIP_SECONDS * FPS) for line in self.lines]
        if shown != planned:
            self.problems.append(f"shows {shown} instead of {planned}")

    @property
    def _output(self) -> Path:
        return self.path.with_suffix(".json")


def draw_lines(dice: random.Random, *, fewest: int, most: int) -> tuple[str, ...]:
    """A script of sentences that make one clip each."""
    return tuple(dice.sample(_LINES, dice.randint(fewest, most)))


def line_of(prompt: str) -> str:
    """The line that a prompt asks to be spoken."""
    found = _QUOTED.search(prompt)
    return found[1] if found else ""


def _marks(film: Path) -> list[int | None]:
    return read_marks(film, width=WIDTH, height=HEIGHT)
