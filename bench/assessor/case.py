"""A case: a clip that is to be made, and the label it will carry. What both makers share, and all they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.assessor.labels import Beside, Label, Ordered, Truth
from orchestrator.assessor import Side
from orchestrator.schema.assessment import CheckName

CHECKS = {
    "words": CheckName.TRANSCRIPT_MATCH,
    "sound": CheckName.NO_ARTIFACTS,
    "picture": CheckName.NO_ARTIFACTS,
    "joint": CheckName.CONTINUITY,
    "length": CheckName.DURATION_OK,
}


@dataclass(frozen=True)
class Case:
    """``recipe`` is all that its maker needs to make the file again. ``label`` is None for a clip that is only there to
    stand beside another."""

    file: str
    recipe: Any
    label: Label | None = None


@dataclass(frozen=True)
class Neighbour:
    case: Case
    side: Side = Side.BEFORE
    is_same_scene: bool = True

    @property
    def beside(self) -> Beside:
        return Beside(file=self.case.file, side=self.side, is_same_scene=self.is_same_scene)


def expect(*, neighbours: tuple[Neighbour, ...] = (), **fields: Any) -> Ordered:
    return Ordered(neighbours=tuple(n.beside for n in neighbours), **fields)


def good(ordered: Ordered) -> Truth:
    """Nothing is wrong with the clip: every check that applies to it passes."""
    checks = [CheckName.NO_ARTIFACTS, CheckName.DURATION_OK]
    if ordered.text and ordered.has_voice:
        checks.append(CheckName.TRANSCRIPT_MATCH)
    if ordered.neighbours:
        checks.append(CheckName.CONTINUITY)
    return Truth(verdict="pass", checks=dict.fromkeys(sorted(checks), "pass"))


def bad(ordered: Ordered, defect: str, strength: object, *, fails: str, unsure: tuple[str, ...] = ()) -> Truth:
    """One thing is wrong; ``fails`` is what of the clip it spoils, and ``unsure`` what it may spoil too. All else is as
    it should be."""
    checks: dict[CheckName, Any] = dict(good(ordered).checks)
    for part in unsure:
        checks.pop(CHECKS[part], None)
    checks[CHECKS[fails]] = "fail"
    return Truth(verdict="fail", checks=checks, defect=defect, strength=str(strength))
