from __future__ import annotations

import numpy as np
import pytest

from providers.voice import Voice, VoiceError, is_latin, load_voice


@pytest.fixture(scope="module")
def voice() -> Voice:
    voice = load_voice()
    if voice is None:
        pytest.skip("the offline voice is not installed")
    return voice


def test_words_take_the_same_samples_when_spoken_twice(voice: Voice) -> None:
    once, twice = (voice.speak("Nothing is paid twice.", within_seconds=4) for _ in range(2))
    assert np.array_equal(once, twice)
    assert 1.0 < len(once) / voice.rate < 2.5


def test_speech_is_faster_but_whole_when_time_is_short(voice: Voice) -> None:
    line = "The old lighthouse keeper climbed the stairs and lit the great lamp."
    calm = voice.speak(line, within_seconds=10)
    hasty = voice.speak(line, within_seconds=len(calm) / voice.rate * 0.7)
    assert len(hasty) <= len(calm) * 0.7
    assert len(hasty) > len(calm) * 0.5


def test_line_is_refused_when_it_cannot_fit(voice: Voice) -> None:
    with pytest.raises(VoiceError, match="too long"):
        voice.speak("one two three four five six seven eight nine ten " * 3, within_seconds=2)


def test_sentences_keep_their_punctuation_when_phonemized(voice: Voice) -> None:
    sentences = voice.phonemize("Wait, there: “really?” she said — then left! Done…")
    assert [s[-1] for s in sentences] == ["?", "!", "."]
    assert [sum(s.count(mark) for mark in ",:;") for s in sentences] == [2, 1, 0]


def test_amounts_are_spoken_the_way_people_say_them(voice: Voice) -> None:
    assert voice.phonemize("It costs $5 million.") == voice.phonemize("It costs 5 million dollars.")


def test_emoji_is_not_spoken(voice: Voice) -> None:
    assert voice.phonemize("Ship it 🚀 now.") == voice.phonemize("Ship it now.")


@pytest.mark.parametrize(
    ("text", "expected"), [("Café déjà-vu, 100 %!", True), ("🚀 42", True), ("Привет", False), ("ok 世界", False)]
)
def test_script_is_latin(text: str, expected: bool) -> None:
    assert is_latin(text) is expected
