"""Real weights on real speech: the offline voice speaks, Whisper writes it down, the assessor judges."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydantic import SecretStr

from orchestrator.assessor import Expectation, assess_take
from orchestrator.errors import PerceptionFailed
from orchestrator.perception.base import Heard, Senses
from orchestrator.perception.vision import OpenAIViewer
from orchestrator.perception.weights import explain_missing
from orchestrator.perception.whisper import WhisperListener
from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Verdict
from providers.mock.defects import Defect
from providers.mock.studio import StudioOrder, make_clip
from providers.voice import Voice, load_voice

LINE = "We found the old lighthouse at dusk."
NOBODY = OpenAIViewer(base_url="http://127.0.0.1:9/v1", api_key=SecretStr(""), model="any")
Samples = np.ndarray

pytestmark = pytest.mark.skipif(bool(explain_missing("base")), reason="the offline weights are not installed")


@pytest.fixture(scope="module")
def voice() -> Voice:
    found = load_voice()
    if found is None:
        pytest.skip("the offline voice is not installed")
    return found


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhisperListener]:
    listener = WhisperListener(model="base", cache_dir=tmp_path_factory.mktemp("weights"))
    yield listener
    listener.close()


def speak(voice: Voice, text: str, *, pad_to_seconds: float = 4.0) -> Samples:
    """The words as mono samples at 16 kHz."""
    sound = voice.speak(text, within_seconds=30)
    count = round(len(sound) / voice.rate * 16000)
    resampled = np.interp(np.arange(count) / 16000, np.arange(len(sound)) / voice.rate, sound).astype(np.float32)
    return np.pad(resampled, (0, max(0, round(pad_to_seconds * 16000) - count)))


# --- the listener ---


async def test_words_are_heard_with_their_times_when_the_line_is_spoken(
    voice: Voice, listener: WhisperListener
) -> None:
    heard = await listener.transcribe(speak(voice, LINE), language="en", expected=LINE)
    assert [word.text.strip(".,").lower() for word in heard.words][-2:] == ["at", "dusk"]
    starts = [word.start_seconds for word in heard.words]
    assert starts == sorted(starts) and heard.words[-1].end_seconds < 4.1


async def test_expected_words_fit_the_sound_only_when_they_are_the_spoken_ones(
    voice: Voice, listener: WhisperListener
) -> None:
    spoken = speak(voice, LINE)
    right = await listener.transcribe(spoken, language="en", expected=LINE)
    other = await listener.transcribe(spoken, language="en", expected="We lost the new bakery at dawn.")
    scrambled = await listener.transcribe(spoken, language="en", expected="Dusk at lighthouse old the found we.")
    assert right.expected_probability is not None and right.expected_probability > 0.5
    assert other.expected_probability is not None and other.expected_probability < 0.1
    assert scrambled.expected_probability is not None and scrambled.expected_probability < 0.1
    assert right.text == other.text == scrambled.text  # what is expected never changes what is heard


@pytest.mark.parametrize("sound", ["tone", "noise", "nothing"])
async def test_no_words_are_made_up_when_nobody_speaks(sound: str, listener: WhisperListener) -> None:
    seconds = np.arange(4 * 16000) / 16000
    samples = {
        "tone": 0.3 * np.sin(2 * np.pi * 440 * seconds),
        "noise": np.random.default_rng(0).normal(0, 0.02, len(seconds)),
        "nothing": np.zeros(0),
    }[sound].astype(np.float32)
    heard = await listener.transcribe(samples, language="en", expected=LINE)
    assert (heard.text, heard.speech) == ("", ())


async def test_sound_longer_than_one_window_is_heard_to_its_end(voice: Voice, listener: WhisperListener) -> None:
    parts = [speak(voice, LINE, pad_to_seconds=9)] * 3 + [speak(voice, "The sky is on fire.")]
    heard = await listener.transcribe(np.concatenate(parts), language="en")
    assert heard.text.lower().count("dusk") == 3
    assert "fire" in heard.text[-10:]


async def test_takes_that_wait_together_are_each_heard_alone_and_one_that_cannot_be_harms_no_other(
    voice: Voice, listener: WhisperListener
) -> None:
    lines = [LINE, "The sky is on fire.", "Nobody crosses the river in winter."]
    takes = [listener.transcribe(speak(voice, line), language="en", expected=line) for line in lines]
    unknown = listener.transcribe(speak(voice, LINE), language="xx")
    *heard, failure = await asyncio.gather(*takes, unknown, return_exceptions=True)
    assert isinstance(failure, PerceptionFailed)
    for take, word in zip(heard, ("dusk", "fire", "river"), strict=True):
        assert isinstance(take, Heard)
        assert word in take.text
        assert (take.spoken_language, take.expected_probability is not None) == ("en", True)
        assert len(take.expected_words) == len(lines[heard.index(take)].split())


async def test_voice_has_its_place_and_is_cut_only_where_the_sound_ends_within_a_word(
    voice: Voice, listener: WhisperListener
) -> None:
    whole = speak(voice, LINE, pad_to_seconds=4)
    spoken = float(np.flatnonzero(np.abs(whole) > 0.01)[-1]) / 16000
    heard = await listener.transcribe(whole, language="en")
    assert heard.speech is not None and heard.speech[-1][1] == pytest.approx(spoken, abs=0.25)
    assert (heard.is_cut_at_start, heard.is_cut_at_end) == (False, False)
    loudest = 16000 + int(np.abs(whole[16000:24000]).argmax())
    assert (await listener.transcribe(whole[: loudest + 200], language="en")).is_cut_at_end
    assert (await listener.transcribe(whole[loudest - 200 :], language="en")).is_cut_at_start


async def test_unknown_language_is_an_error_and_the_listener_goes_on(voice: Voice, listener: WhisperListener) -> None:
    with pytest.raises(PerceptionFailed, match="does not know the language 'xx'"):
        await listener.transcribe(speak(voice, LINE), language="xx")
    assert (await listener.transcribe(speak(voice, LINE), language="en")).text


async def test_take_is_still_heard_when_the_warm_child_was_killed(voice: Voice, listener: WhisperListener) -> None:
    await listener.transcribe(speak(voice, LINE), language="en")
    killed = listener.child_pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert "dusk" in (await listener.transcribe(speak(voice, LINE), language="en")).text
    assert listener.child_pid != killed


async def test_listener_gives_up_when_the_take_takes_too_long(tmp_path: Path) -> None:
    listener = WhisperListener(model="base", cache_dir=tmp_path, timeout_seconds=0.01)
    with pytest.raises(PerceptionFailed, match="stopped without an answer"):
        await listener.transcribe(np.zeros(16000, np.float32), language="en")
    listener.close()
    assert listener.child_pid is None


def test_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, time; import numpy as np; from pathlib import Path\n"
        "from orchestrator.perception.whisper import WhisperListener\n"
        f"listener = WhisperListener(model='base', cache_dir=Path({str(tmp_path)!r}))\n"
        "asyncio.run(listener.transcribe(np.zeros(16000, np.float32), language='en'))\n"
        "print(listener.child_pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


# --- takes ---


async def assess(
    path: Path,
    listener: WhisperListener,
    *,
    text: str = LINE,
    seconds: int = 4,
    said: str | None = None,
    defect: Defect | None = None,
) -> Assessment:
    """Assess the file at ``path``; where something is ``said``, it is made first."""
    if said is not None:
        order = StudioOrder(line=said, seconds=seconds, width=320, height=180, look_seed=1, shape_seed=1, defect=defect)
        assert make_clip(order, path).error_code == ""
    expectation = Expectation(text=text, target_seconds=seconds, width=320, height=180, visual_intent="a lighthouse")
    return await assess_take(path, expectation=expectation, senses=Senses(listener=listener, viewer=NOBODY))


async def test_take_passes_on_half_the_evidence_when_the_line_is_said_and_nobody_looks(
    tmp_path: Path, voice: Voice, listener: WhisperListener
) -> None:
    assessment = await assess(tmp_path / "take.mp4", listener, said=LINE)
    assert (assessment.verdict, assessment.weight_run) == (Verdict.PASS, 0.5)
    visual = assessment.checks[CheckName.VISUAL_REQUIREMENTS]
    assert (visual.status, visual.score) == (CheckStatus.NOT_RUN, None)
    assert visual.reason == "OPENAI_API_KEY is not set, so nobody looked at the picture"
    assert Assessment.model_validate_json(assessment.model_dump_json()) == assessment


async def test_take_fails_with_the_words_named_when_others_are_said(
    tmp_path: Path, voice: Voice, listener: WhisperListener
) -> None:
    assessment = await assess(tmp_path / "take.mp4", listener, said="We found the new bakery at dawn.")
    assert assessment.verdict is Verdict.FAIL
    for word in ("bakery", "lighthouse", "dawn", "dusk"):
        assert word in assessment.summary


async def test_take_fails_when_one_word_of_its_line_is_another(
    tmp_path: Path, voice: Voice, listener: WhisperListener
) -> None:
    assessment = await assess(tmp_path / "take.mp4", listener, said=LINE.replace("lighthouse", "windmill"))
    transcript = assessment.checks[CheckName.TRANSCRIPT_MATCH]
    assert (transcript.status, transcript.evidence["second_witness"]) == (CheckStatus.FAIL, "doubts")
    [(op, expected, _, start, end)] = [row for row in transcript.evidence["diff"] if "windmill" in row[2]]
    assert (op, expected.split()[0]) == ("wrong", "lighthouse")
    assert 0 < start < end < 4


async def test_take_fails_when_the_words_are_said_in_another_order(
    tmp_path: Path, voice: Voice, listener: WhisperListener
) -> None:
    assessment = await assess(tmp_path / "take.mp4", listener, said="At dusk, the old lighthouse found we.")
    assert assessment.verdict is Verdict.FAIL
    assert assessment.checks[CheckName.TRANSCRIPT_MATCH].status is CheckStatus.FAIL


async def test_take_is_vetoed_when_it_is_silent(tmp_path: Path, listener: WhisperListener) -> None:
    assessment = await assess(tmp_path / "take.mp4", listener, said=LINE, defect=Defect.SILENCE)
    assert (assessment.verdict, assessment.vetoes) == (Verdict.FAIL, ("silent",))
    assert assessment.summary.startswith("Failed: The take is silent where 7 words were due. Not run:")


async def test_take_fails_when_there_is_sound_and_nobody_speaks(tmp_path: Path, listener: WhisperListener) -> None:
    assessment = await assess(tmp_path / "take.mp4", listener, said="")
    assert assessment.summary.startswith("Failed: Nobody speaks where 7 words were due: there is music or noise only.")


async def test_take_needs_a_person_when_no_line_was_due_and_nobody_looks(
    tmp_path: Path, listener: WhisperListener
) -> None:
    assessment = await assess(tmp_path / "take.mp4", listener, text="", said="")
    assert (assessment.verdict, assessment.weight_run) == (Verdict.NEEDS_REVIEW, 0.25)


async def test_unheard_take_needs_a_person_when_the_weights_are_missing(
    tmp_path: Path, voice: Voice, listener: WhisperListener
) -> None:
    deaf = WhisperListener(model=f"{tmp_path}/nothing", cache_dir=tmp_path)
    assessment = await assess(tmp_path / "take.mp4", deaf, said=LINE)
    deaf.close()
    assert assessment.verdict is Verdict.NEEDS_REVIEW
    assert "are not on this machine" in assessment.checks[CheckName.TRANSCRIPT_MATCH].reason


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100])
async def test_unreadable_file_is_a_failed_take_and_no_error(
    content: bytes, tmp_path: Path, listener: WhisperListener
) -> None:
    path = tmp_path / "take.mp4"
    path.write_bytes(content)
    assessment = await assess(path, listener)
    assert (assessment.verdict, assessment.vetoes) == (Verdict.FAIL, ("unreadable",))
    assert "take.mp4" in assessment.summary
    assert assessment.checks[CheckName.TRANSCRIPT_MATCH].reason == "the file cannot be read"


async def test_damaged_file_is_a_failed_take(damaged: Path, listener: WhisperListener) -> None:
    assessment = await assess(damaged, listener, text="", seconds=3)
    assert assessment.verdict is Verdict.FAIL
