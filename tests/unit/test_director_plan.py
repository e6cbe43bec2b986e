"""The director as a whole: plans, measures and refusals."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.director import create_clip_plan, measure_script
from orchestrator.errors import BadInput, EmptyScript, ScriptTooLong, SentenceTooLong
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import ClipPlan, PlanConstraints

EXAMPLES = Path(__file__).parents[2] / "examples"
LIMITS = PlanConstraints()
WORD = st.text(alphabet="abcdefghijklmnop", min_size=1, max_size=9)
PROSE = st.lists(
    st.lists(WORD, min_size=1, max_size=45).map(lambda ws: " ".join(ws).capitalize() + "."), min_size=1, max_size=12
).map(" ".join)


def plan(script: str, *, brief: ContentBrief | None = None, limits: PlanConstraints = LIMITS) -> ClipPlan:
    return create_clip_plan(script, brief=brief or ContentBrief(), constraints=limits)


def example_brief() -> ContentBrief:
    return ContentBrief.model_validate(yaml.safe_load((EXAMPLES / "brief.yaml").read_text(encoding="utf-8")))


@settings(deadline=None)
@given(PROSE)
def test_every_spoken_word_is_kept_once_and_in_order(script: str) -> None:
    planned = plan(script)
    assert " ".join(clip.text for clip in planned.clips).split() == script.split()
    assert planned.spoken_words == len(script.split()) == sum(clip.words for clip in planned.clips)


@settings(deadline=None)
@given(PROSE, st.sampled_from([90, 150, 200]))
def test_no_clip_holds_more_words_than_its_pace_allows(script: str, words_per_minute: int) -> None:
    limits = PlanConstraints(words_per_minute=words_per_minute)
    try:
        planned = plan(script, limits=limits)
    except ScriptTooLong:
        return
    assert all(clip.words <= limits.max_words(clip.seconds) for clip in planned.clips)
    assert planned.total_seconds == sum(clip.seconds for clip in planned.clips)
    assert [clip.position for clip in planned.clips] == list(range(1, len(planned.clips) + 1))


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=300))
def test_any_text_is_planned_or_refused_and_measured_alike(script: str) -> None:
    measured = measure_script(script, constraints=LIMITS)
    try:
        planned = plan(script)
    except BadInput as error:
        assert measured.problem == error.message
    else:
        assert measured.problem == ""
        assert (measured.words, measured.seconds, measured.clips) == (
            planned.spoken_words,
            planned.total_seconds,
            len(planned.clips),
        )


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet='aB :()[]#*-_>\n."“”|`~=<!0', max_size=120))
def test_any_mix_of_marks_is_planned_or_refused(script: str) -> None:
    try:
        plan(script)
    except (EmptyScript, ScriptTooLong, SentenceTooLong) as error:
        assert error.message


@settings(deadline=None)
@given(st.lists(WORD, min_size=4, max_size=30).map(" ".join))
def test_the_picture_never_repeats_the_spoken_text(script: str) -> None:
    for clip in plan(script).clips:
        if len(clip.text.split()) >= 4:
            assert clip.text not in clip.visual_intent
            assert not any(clip.text in criterion for criterion in clip.acceptance)


def test_scene_and_speaker_changes_end_a_clip() -> None:
    planned = plan("# One\nANNA: Hi.\nBEN: Hi.\nANNA: Bye.\n\n# Two\nBEN: Bye.")
    assert [(s.title, [(c.speaker, c.text) for c in s.clips]) for s in planned.scenes] == [
        ("One", [("Anna", "Hi."), ("Ben", "Hi."), ("Anna", "Bye.")]),
        ("Two", [("Ben", "Bye.")]),
    ]


def test_a_direction_shows_in_the_clip_that_it_stands_before() -> None:
    filler = "One two three four five six seven eight nine ten. " * 3
    first, second = plan(f"{filler}\n\n(A door opens slowly.)\n\n{filler}").clips
    assert "A door opens slowly" not in first.visual_intent
    assert "What happens: A door opens slowly." in second.visual_intent
    assert "This happening: A door opens slowly" in second.acceptance


def test_intent_names_place_speaker_and_tone() -> None:
    brief = ContentBrief(tone="Calm and bright", characters=(CharacterBible(name="Clara"),))
    clip = plan("# The harbour\n(A small harbour at dawn.)\nThe boats leave before the sun is up.", brief=brief).clips[
        0
    ]
    for part in ("Clara", "A small harbour at dawn", "The harbour", "boats", "calm and bright"):
        assert part in clip.visual_intent
    assert 2 <= len(clip.acceptance) <= 4


def test_a_narrator_is_heard_and_not_seen() -> None:
    clip = plan("NARRATOR: The boats leave before the sun is up.").clips[0]
    assert "nobody speaking on screen" in clip.visual_intent
    assert len(clip.acceptance) >= 2


def test_plans_are_the_same_every_time() -> None:
    script = (EXAMPLES / "sixty_seconds.txt").read_text(encoding="utf-8")
    assert plan(script, brief=example_brief()) == plan(script, brief=example_brief())


def test_faster_speech_takes_fewer_seconds() -> None:
    script = (EXAMPLES / "sixty_seconds.txt").read_text(encoding="utf-8")
    slow, fast = (plan(script, limits=PlanConstraints(words_per_minute=w)) for w in (110, 190))
    assert fast.total_seconds < slow.total_seconds


def test_a_script_over_the_limit_says_how_long_it_is_and_what_fits() -> None:
    script = "The quick brown fox jumps over the lazy dog today. " * 500
    with pytest.raises(ScriptTooLong) as caught:
        plan(script)
    message = caught.value.message
    assert "needs 2,000 s" in message
    assert "300 s, about 750 words" in message
    fits = re.search(r"The first ([\d,]+) words, up to “(.+)”, fit\.", message)
    assert fits
    kept = " ".join(script.split()[: int(fits[1])])
    assert kept.endswith(fits[2])
    assert kept.endswith(".")
    assert plan(kept).total_seconds <= 300
    with pytest.raises(ScriptTooLong):
        plan(" ".join(script.split()[: int(fits[1]) + 10]))


def test_what_fits_ends_at_a_sentence_even_where_a_long_one_could_be_cut() -> None:
    long_sentence = "and on and on we went over one hill, " * 20 + "until we slept."
    with pytest.raises(ScriptTooLong, match=r"The first 10 words, up to “jumps over the lazy dog today\.”, fit"):
        limits = PlanConstraints(max_total_seconds=20)
        plan(f"The quick brown fox jumps over the lazy dog today. {long_sentence}", limits=limits)


def test_the_word_limit_follows_the_pace() -> None:
    script = "The quick brown fox jumps over the lazy dog today. " * 90
    assert plan(script, limits=PlanConstraints(words_per_minute=200)).total_seconds <= 300
    with pytest.raises(ScriptTooLong, match=r"at 90 words per minute.*about 450 words"):
        plan(script, limits=PlanConstraints(words_per_minute=90))


def test_a_measure_of_a_long_script_still_counts_it() -> None:
    measured = measure_script("One two three four five. " * 1000, constraints=LIMITS)
    assert (measured.words, measured.max_seconds) == (5000, 300)
    assert measured.seconds >= 2000
    assert "needs" in measured.problem


@pytest.mark.parametrize(
    "script", ["word " * 2_000_000, "“a " * 33_000, "今天" * 50_000, "<!--" * 25_000, "A:\n" * 33_000]
)
def test_hostile_pastes_are_answered_quickly(script: str) -> None:
    started = time.process_time()
    assert measure_script(script, constraints=LIMITS).problem
    assert time.process_time() - started < 5


def test_the_sample_of_a_minute_has_three_scenes_and_about_a_minute() -> None:
    planned = plan((EXAMPLES / "sixty_seconds.txt").read_text(encoding="utf-8"), brief=example_brief())
    assert 56 <= planned.total_seconds <= 64
    assert 140 <= planned.spoken_words <= 150
    assert len(planned.scenes) == 3
    assert not any(character.isdigit() for clip in planned.clips for character in clip.text)


def test_the_short_sample_is_two_clips_of_twelve_seconds() -> None:
    planned = plan((EXAMPLES / "short.txt").read_text(encoding="utf-8"))
    assert [clip.seconds for clip in planned.clips] == [8, 4]
