"""How strict the assessor is: weights, minima, tolerances and vetoes in one validated value."""

from __future__ import annotations

from pydantic import Field, model_validator

from orchestrator.schema.assessment import CheckName
from orchestrator.schema.value import Value

_WEIGHTS_PERCENT = {
    CheckName.TRANSCRIPT_MATCH: 25,
    CheckName.VISUAL_REQUIREMENTS: 30,
    CheckName.CONTINUITY: 20,
    CheckName.NO_ARTIFACTS: 15,
    CheckName.DURATION_OK: 10,
}
_MINIMA = {
    CheckName.TRANSCRIPT_MATCH: 0.75,
    CheckName.VISUAL_REQUIREMENTS: 0.7,
    CheckName.CONTINUITY: 0.5,
    CheckName.NO_ARTIFACTS: 0.9,
    CheckName.DURATION_OK: 0.5,
}


class AssessmentPolicy(Value):
    """Every number the verdict depends on. Scores and minima are 0..1; weights are whole percent and sum to 100.

    A check under its minimum fails the take; so does a veto, whatever the score. A pass needs at least
    ``min_weight_percent`` of the weight to have been measured. The default minima come from takes with planted faults:
    right lines match from 0.80 on, lines with a changed key word reach 0.75.
    """

    weights_percent: dict[CheckName, int] = Field(default_factory=lambda: dict(_WEIGHTS_PERCENT))
    minima: dict[CheckName, float] = Field(default_factory=lambda: dict(_MINIMA))
    min_weight_percent: int = Field(default=50, ge=1, le=100)
    vetoes: frozenset[str] = frozenset({"unreadable", "silent", "wrong_length"})

    # transcript: what the second witness (probability of the expected words) must say to overrule the first
    trust_expected_from: float = Field(default=0.4, ge=0, le=1)
    doubt_expected_below: float = Field(default=0.2, ge=0, le=1)

    # artifacts
    min_black_seconds: float = Field(default=0.4, ge=0)
    min_freeze_seconds: float = Field(default=1.0, ge=0)
    min_seconds_per_word: float = Field(default=0.1, ge=0)  # nobody speaks ten words in a second
    max_clipped_ratio: float = Field(default=0.002, ge=0, le=1)
    minor_penalty: float = Field(default=0.05, ge=0, le=1)
    major_penalty: float = Field(default=0.2, ge=0, le=1)

    # duration: within the first pair is right, beyond the second is a veto
    tolerance_seconds: float = Field(default=0.25, ge=0)
    tolerance_ratio: float = Field(default=0.03, ge=0)
    hard_tolerance_seconds: float = Field(default=1.0, gt=0)
    hard_tolerance_ratio: float = Field(default=0.15, gt=0)

    # pictures shown to the viewer
    frame_count: int = Field(default=4, ge=1, le=16)
    frame_max_side: int = Field(default=768, ge=64)

    @model_validator(mode="after")
    def _is_complete(self) -> AssessmentPolicy:
        if set(self.weights_percent) != set(CheckName) or set(self.minima) != set(CheckName):
            raise ValueError("every check needs a weight and a minimum")
        if min(self.weights_percent.values()) < 0 or sum(self.weights_percent.values()) != 100:
            raise ValueError("weights are whole percent, none negative, and sum to 100")
        if not all(0 <= minimum <= 1 for minimum in self.minima.values()):
            raise ValueError("minima are between 0 and 1")
        if self.doubt_expected_below > self.trust_expected_from:
            raise ValueError("the second witness cannot doubt and trust at once")
        if self.tolerance(1) > self.hard_tolerance(1) or self.tolerance_ratio > self.hard_tolerance_ratio:
            raise ValueError("the hard tolerance must not be tighter than the soft one")
        return self

    def tolerance(self, target_seconds: float) -> float:
        """How far off a length may be and count as right, in seconds."""
        return max(self.tolerance_seconds, self.tolerance_ratio * target_seconds)

    def hard_tolerance(self, target_seconds: float) -> float:
        """How far off a length may be before the take is of no use, in seconds."""
        return max(self.hard_tolerance_seconds, self.hard_tolerance_ratio * target_seconds)
