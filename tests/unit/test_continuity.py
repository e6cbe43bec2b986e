from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from orchestrator.assessor.continuity import Joint, ask_continuity, judge_continuity
from orchestrator.assessor.expectation import Expectation, Neighbour, Side
from orchestrator.errors import UnreadableMedia
from orchestrator.media.palette import measure_palette, palette_distance
from orchestrator.perception.base import Answer, Seen, SeenAnswer
from orchestrator.schema.assessment import CheckResult, CheckStatus
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
CLARA = CharacterBible(name="Clara", appearance="short dark hair", wardrobe="a yellow sweater")


def expect(*sides: Side, is_same_scene: bool = True) -> Expectation:
    neighbours = tuple(Neighbour(side=side, frame=b"", is_same_scene=is_same_scene) for side in sides)
    return Expectation(target_seconds=4, neighbours=neighbours, characters=(CLARA,))


def joint(*, is_same_scene: bool = True, **measures: float) -> Joint:
    return Joint(Side.BEFORE, "run", their_seconds=4.0, seconds=0.5, is_same_scene=is_same_scene, **measures)


def judge(*joints: Joint, seen: Seen | None = None) -> CheckResult:
    return judge_continuity(joints, expectation=expect(Side.BEFORE), policy=POLICY, seen=seen)


def answer_all(word: str, **others: str) -> Seen:
    words = {question.key: others.get(question.key, word) for question in ask_continuity(expect(Side.BEFORE))}
    answers = {key: SeenAnswer(answer=Answer(w), evidence="a red coat (not yellow)") for key, w in words.items()}
    return Seen(answers=answers, model="eyes")


def picture(colours: Sequence[tuple[int, int, int]]) -> bytes:
    """Bands of equal height."""
    rows = [colours[row * len(colours) // 96] for row in range(96)]
    pixels = np.repeat(np.array(rows, np.uint8)[:, np.newaxis], 96, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("measures", "code", "words"),
    [
        ({"palette_distance": 9.0}, "palette_jump", "distance 9.0"),
        ({"light_jump": -25.0}, "light_jump", "25% darker"),
        ({"similarity": 0.4}, "different_look", "likeness 0.40"),
        ({"loudness_jump_lu": 8.1}, "loudness_jump", "8 LU louder"),
        ({"noise_jump_db": -30.0}, "noise_jump", "30 dB quieter"),
    ],
)
def test_what_jumps_is_named_with_how_much_and_where(measures: dict[str, float], code: str, words: str) -> None:
    result = judge(replace(joint(), **measures))
    (finding,) = result.findings
    assert (result.status, finding.code, finding.start_seconds) == (CheckStatus.FAIL, code, 0.5)
    assert words in finding.message


def test_joint_that_holds_has_full_score_and_says_who_judged() -> None:
    result = judge(joint(similarity=0.9, palette_distance=1.2, light_jump=4.0))
    assert (result.status, result.score, result.findings) == (CheckStatus.PASS, 1.0, ())
    assert result.evidence["by"] == "local features and measured levels"
    assert result.evidence["joints"][0]["side"] == "before"


def test_worst_measure_counts_when_the_others_are_good() -> None:
    at_limit = judge(joint(similarity=1.0, palette_distance=POLICY.max_palette_distance, light_jump=0.0))
    assert (at_limit.status, at_limit.score, at_limit.findings) == (CheckStatus.PASS, 0.5, ())


def test_near_misses_of_the_picture_add_up_and_those_of_the_sound_do_not() -> None:
    result = judge(joint(similarity=0.88, palette_distance=4.26, light_jump=-5.5))
    (finding,) = result.findings
    assert (result.status, finding.code) == (CheckStatus.FAIL, "different_look")
    assert finding.message.endswith("than in the take before it: colours 4.3 apart, light -6%, likeness 0.88")
    sound = judge(joint(similarity=0.95, palette_distance=1.0, loudness_jump_lu=6.5, noise_jump_db=18.0))
    assert (sound.status, sound.findings) == (CheckStatus.PASS, ())


def test_voice_may_change_more_from_one_scene_to_another() -> None:
    assert judge(joint(loudness_jump_lu=9.0)).status is CheckStatus.FAIL
    assert judge(joint(loudness_jump_lu=9.0, is_same_scene=False)).status is CheckStatus.PASS


def test_check_has_not_run_when_nothing_could_be_compared() -> None:
    assert judge(joint()).status is CheckStatus.NOT_RUN
    assert judge(joint(), seen=answer_all("unsure")).status is CheckStatus.NOT_RUN


def test_viewer_who_sees_another_person_is_believed_over_good_measures() -> None:
    good = joint(similarity=0.95, palette_distance=0.5, light_jump=1.0)
    result = judge(good, seen=answer_all("yes", continuity_before_people="no"))
    (finding,) = result.findings
    assert (result.status, finding.code) == (CheckStatus.FAIL, "discontinuity")
    assert finding.message == (
        "The stills do not show: the same people as in the take before it (a red coat [not yellow])"
    )
    assert result.evidence["by"] == "vision model eyes and local features and measured levels"
    assert judge(good, seen=answer_all("yes")).score == 1.0


def test_look_is_asked_about_within_a_scene_and_people_always() -> None:
    def keys(expectation: Expectation) -> list[str]:
        return [question.key for question in ask_continuity(expectation)]

    both = ["continuity_before_people", "continuity_before_look", "continuity_after_people", "continuity_after_look"]
    assert keys(expect(Side.BEFORE, Side.AFTER)) == both
    assert keys(expect(Side.AFTER, is_same_scene=False)) == ["continuity_after_people"]
    assert keys(expect()) == []
    assert "yellow sweater" in ask_continuity(expect(Side.BEFORE))[0].text


@given(st.floats(0, 60), st.floats(0, 60))
def test_a_larger_jump_never_scores_better(one: float, other: float) -> None:
    small, large = sorted((one, other))
    scores = [judge(joint(palette_distance=amount)).score or 0.0 for amount in (small, large)]
    assert scores[0] >= scores[1]


def test_palette_goes_by_colours_and_not_by_where_they_are() -> None:
    red, blue, dark = (200, 60, 50), (60, 80, 200), (100, 30, 25)
    mixed, turned = measure_palette(picture([red, blue])), measure_palette(picture([blue, red]))
    assert palette_distance(mixed, turned) < 0.5
    assert palette_distance(mixed, measure_palette(picture([blue]))) > POLICY.max_palette_distance
    lit, dim = measure_palette(picture([red])), measure_palette(picture([dark]))
    assert lit.lightness - dim.lightness > POLICY.max_light_jump_percent
    with pytest.raises(UnreadableMedia):
        measure_palette(b"no picture")
