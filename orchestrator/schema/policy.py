"""How strict the assessor is: weights, minima, tolerances and vetoes in one validated value."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_serializer, field_validator, model_validator

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


Percent = Annotated[int, Field(ge=0, le=100)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
FindingCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class AssessmentPolicy(Value):
    """Every number the verdict depends on. Scores and minima are 0..1; weights are whole percent and sum to 100.

    A check under its minimum fails the take; so does a veto (the code of a finding), whatever the score. A pass needs
    at least ``min_weight_percent`` of the weight to have been measured; where it is less than ``sure_weight_percent``,
    a score within ``narrow_margin`` of its minimum is left to a person. The default minima come from takes with planted
    faults: right lines match from 0.80 on, lines with a changed key word reach 0.75.

    What the verdict is reached with (as far as ``narrow_margin``) can be changed for takes that are assessed already;
    the numbers of the single checks count when a take is measured.
    """

    weights_percent: dict[CheckName, Percent] = Field(default_factory=lambda: dict(_WEIGHTS_PERCENT))
    minima: dict[CheckName, Score] = Field(default_factory=lambda: dict(_MINIMA))
    vetoes: frozenset[FindingCode] = Field(default=frozenset({"unreadable", "silent", "wrong_length"}), max_length=40)
    min_weight_percent: int = Field(default=50, ge=1, le=100)
    sure_weight_percent: Percent = 75
    narrow_margin: Score = 0.05

    # transcript: what the second witness (probability of the expected words in this sound) must say to be believed
    # against the first, and below what it is not to be squared with the right words
    trust_expected_from: float = Field(default=0.25, ge=0, le=1)
    doubt_expected_below: float = Field(default=0.05, ge=0, le=1)
    # by how many nats (e-fold) a word heard otherwise may be likelier than the expected one that was said all the same,
    # and from where on it certainly was not; such a word counts as many as ``wrong_word_cost_words``
    fits_within_nats: float = Field(default=3.0, ge=0)
    wrong_from_nats: float = Field(default=6.0, ge=0)
    wrong_word_cost_words: float = Field(default=5.5, ge=1)
    spoilt_line_score: float = Field(
        default=0.5, ge=0, le=1
    )  # at most: wrong figure, name, negation, language, cut off
    cut_edge_penalty: float = Field(default=0.1, ge=0, le=1)
    foreign_from: float = Field(default=0.8, ge=0, le=1)  # probability of a language that is not the expected one
    fast_words_per_minute: float = Field(default=300, gt=0)
    slow_words_per_minute: float = Field(default=80, gt=0)
    max_words_per_minute: float = Field(default=450, gt=0)

    # artifacts: from where on something is a fault. What it costs is the share of the take it covers and a penalty, the
    # major one where a viewer notices. Shares are of white, of the picture's side, or of full scale.
    min_black_seconds: float = Field(default=0.15, ge=0)
    max_fade_black_seconds: float = Field(default=0.5, ge=0)  # at the dark end of a fade-in or a fade-out
    min_freeze_seconds: float = Field(default=0.5, ge=0)  # where a part of the picture moved before or after
    min_freeze_motion_share: float = Field(default=0.006, ge=0, le=1)
    min_hitch_seconds: float = Field(default=0.28, ge=0)  # where most of it moved
    min_hitch_motion_share: float = Field(default=0.3, ge=0, le=1)
    min_flicker_share: float = Field(default=0.045, ge=0, le=1)
    min_flash_share: float = Field(default=0.25, ge=0, le=1)
    min_cut_difference: float = Field(default=0.12, ge=0, le=1)  # one minus the correlation of the two pictures
    min_blur_ratio: float = Field(default=1.8, ge=1)  # how many times wider edges are than in the sharper quarter
    max_edge_pixels: float = Field(default=3.2, ge=1)  # how wide the sharpest edges are in a picture of 720 lines
    max_blockiness: float = Field(default=0.11, ge=0, le=1)
    max_quantiser: float = Field(
        default=43.0, ge=0
    )  # of 51 (H.264): measured up to 42.4 at crf 32, from 42.7 at crf 42
    max_noise_share: float = Field(default=0.07, ge=0, le=1)
    max_bars_share: float = Field(default=0.04, ge=0, le=1)
    min_size_ratio: float = Field(default=0.8, ge=0)  # of a side to the one ordered; less is seen to be enlarged
    min_pictures_per_second: float = Field(default=11.5, ge=0)
    min_stutter_share: float = Field(default=0.01, ge=0, le=1)  # how far pictures are apart for it to be seen
    min_seconds_per_word: float = Field(default=0.1, ge=0)  # nobody speaks ten words in a second
    max_clipped_ratio: float = Field(default=0.001, ge=0, le=1)  # of the samples; limited music has 0.0005
    min_click_share: float = Field(default=0.1, ge=0, le=1)
    max_offset_share: float = Field(default=0.05, ge=0, le=1)
    minor_penalty: float = Field(default=0.03, ge=0, le=1)
    major_penalty: float = Field(default=0.2, ge=0, le=1)

    # continuity, at a joint within one scene; noise also between scenes. The first three count together: each is
    # the limit where the others are alike. Measured on shots of one scene: colours at most 3.1 apart, light 6 (crops
    # 16), likeness from 0.79 up; other scenes: 11, 9 and 0.49 in the middle. Voices 3 LU apart are not noticed, 8 are.
    max_palette_distance: float = Field(default=4.5, gt=0)  # Oklab, hundredths
    max_light_jump_percent: float = Field(default=14.0, gt=0)
    min_likeness: float = Field(default=0.6, ge=-1, lt=1)
    max_loudness_jump_lu: float = Field(default=7.0, gt=0)
    max_scene_loudness_jump_lu: float = Field(default=12.0, gt=0)  # from one scene to another
    max_noise_jump_db: float = Field(default=20.0, gt=0)

    # writing in the picture
    min_text_confidence: float = Field(default=0.5, ge=0, le=1)  # less is texture that was taken for text
    max_garbled_confidence: float = Field(default=0.85, ge=0, le=1)  # for words that no list has
    min_text_letters: int = Field(default=6, ge=1)  # of a line, for it to be judged
    read_still_count: int = Field(default=5, ge=1, le=16)
    read_max_side: int = Field(default=960, ge=64)

    # duration: within the first pair is right, beyond the second is a veto
    tolerance_seconds: float = Field(default=0.25, ge=0)
    tolerance_ratio: float = Field(default=0.03, ge=0)
    hard_tolerance_seconds: float = Field(default=1.0, gt=0)
    hard_tolerance_ratio: float = Field(default=0.15, gt=0)
    sound_tolerance_seconds: float = Field(default=0.3, ge=0)  # how far the sound may end from the picture

    # pictures shown to the viewer
    frame_count: int = Field(default=4, ge=1, le=16)
    frame_max_side: int = Field(default=768, ge=64)
    min_told_percent: Percent = 50  # of the questions must be answered yes or no, else nobody has looked

    @field_validator("weights_percent", "minima")
    @classmethod
    def _names_every_check(cls, table: dict[CheckName, float]) -> dict[CheckName, float]:
        if lacking := [name.value for name in CheckName if name not in table]:
            raise ValueError(f"every check needs a number, and {', '.join(lacking)} has none")
        return {name: table[name] for name in CheckName}

    @field_validator("weights_percent")
    @classmethod
    def _sums_to_100(cls, weights: dict[CheckName, int]) -> dict[CheckName, int]:
        if sum(weights.values()) != 100:
            raise ValueError(f"the weights sum to 100, and these to {sum(weights.values())}")
        return weights

    @field_serializer("vetoes", when_used="json")
    def _in_order(self, vetoes: frozenset[str]) -> list[str]:
        return sorted(vetoes)

    @model_validator(mode="after")
    def _is_consistent(self) -> AssessmentPolicy:
        if self.doubt_expected_below > self.trust_expected_from:
            raise ValueError("doubt_expected_below must not be above trust_expected_from")
        if self.fits_within_nats > self.wrong_from_nats:
            raise ValueError("fits_within_nats must not be above wrong_from_nats")
        if not self.slow_words_per_minute < self.fast_words_per_minute <= self.max_words_per_minute:
            raise ValueError("slow, fast and max_words_per_minute must be in this order")
        if self.tolerance(1) > self.hard_tolerance(1) or self.tolerance_ratio > self.hard_tolerance_ratio:
            raise ValueError("hard_tolerance_seconds and _ratio must not be under tolerance_seconds and _ratio")
        return self

    def tolerance(self, target_seconds: float) -> float:
        """How far off a length may be and count as right, in seconds."""
        return max(self.tolerance_seconds, self.tolerance_ratio * target_seconds)

    def hard_tolerance(self, target_seconds: float) -> float:
        """How far off a length may be before the take is of no use, in seconds."""
        return max(self.hard_tolerance_seconds, self.hard_tolerance_ratio * target_seconds)
