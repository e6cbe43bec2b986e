"""Lines spoken over real takes: the picture stays, the words can be heard, nothing is left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from orchestrator.errors import CannotNarrate, UnreadableMedia
from orchestrator.media.audio import SPEECH_RATE, read_speech
from orchestrator.media.narration import lay_voice
from orchestrator.media.probe import probe
from orchestrator.media.soundtrack import SAMPLE_RATE
from orchestrator.narrator import PiperNarrator
from orchestrator.perception.weights import explain_missing
from orchestrator.perception.whisper import WhisperListener
from tests.media.conftest import TONE, make_clip

LINE = "We found the old lighthouse at dusk."

needs_voice = pytest.mark.skipif(bool(PiperNarrator().missing), reason="the offline voice is not installed")
needs_ears = pytest.mark.skipif(bool(explain_missing("base")), reason="the offline weights are not installed")


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("takes") / "silent.mp4", seconds=4, sound=None)


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhisperListener]:
    listener = WhisperListener(model="base", cache_dir=tmp_path_factory.mktemp("weights"))
    yield listener
    listener.close()


async def narrate(take: Path, destination: Path, *, line: str = LINE, seconds: float = 4, language: str = "en") -> Path:
    return await PiperNarrator().narrate(take, line=line, seconds=seconds, language=language, destination=destination)


def read_packets(path: Path) -> list[tuple[object, ...]]:
    """Times in seconds, keyframe flag and content of every video packet."""
    with av.open(str(path)) as container:
        return [
            (packet.pts * packet.time_base, packet.dts * packet.time_base, packet.is_keyframe, bytes(packet))
            for packet in container.demux(video=0)
            if packet.pts is not None and packet.dts is not None and packet.size
        ]


async def hear(path: Path, listener: WhisperListener) -> str:
    """The letters heard in the file, without the spaces: "light house" is as good as "lighthouse"."""
    heard = await listener.transcribe(read_speech(path), language="en")
    return "".join(letter for letter in heard.text.lower() if letter.isalpha())


def find_children() -> list[psutil.Process]:
    return [c for c in psutil.Process().children() if "providers.voice" in c.cmdline()]


def loudness_db(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples))) + 1e-9))


# --- the file ---


@needs_voice
@needs_ears
async def test_line_is_heard_when_a_silent_take_is_narrated(
    silent: Path, tmp_path: Path, listener: WhisperListener
) -> None:
    narrated = await narrate(silent, tmp_path / "narrated.mp4")
    assert await hear(narrated, listener) == "wefoundtheoldlighthouseatdusk"


@needs_voice
async def test_picture_is_copied_bit_for_bit_when_narrated(silent: Path, tmp_path: Path) -> None:
    narrated = await narrate(silent, tmp_path / "narrated.mp4")
    assert len(read_packets(silent)) == 120
    assert read_packets(narrated) == read_packets(silent)


@needs_voice
@pytest.mark.parametrize("rate", ["30", "24", "30000/1001"])
async def test_sound_is_as_long_as_the_picture_when_narrated(rate: str, tmp_path: Path) -> None:
    take = make_clip(tmp_path / "take.mp4", seconds=4, picture=f"testsrc=s=320x180:r={rate}", sound=None)
    before, after = probe(take), probe(await narrate(take, tmp_path / "narrated.mp4"))
    assert (after.audio_codec, after.sample_rate, after.channels) == ("aac", 48_000, 2)
    assert after.video_seconds == before.video_seconds
    assert after.audio_seconds == pytest.approx(before.video_seconds, abs=1e-4)
    assert after.container_seconds == pytest.approx(before.container_seconds, abs=1.5e-3)


@needs_voice
async def test_words_begin_and_end_a_quarter_second_inside_the_clip(silent: Path, tmp_path: Path) -> None:
    line = "We found the old lighthouse on the far side of the bay, at dusk, on a Sunday."
    samples = read_speech(await narrate(silent, tmp_path / "narrated.mp4", line=line))
    loud = np.flatnonzero(np.abs(samples) > 0.02) / SPEECH_RATE
    assert loud[0] == pytest.approx(0.28, abs=0.04)
    assert 3.0 < loud[-1] < 3.76


@needs_voice
async def test_words_fit_the_picture_when_it_came_out_shorter_than_planned(tmp_path: Path) -> None:
    take = make_clip(tmp_path / "take.mp4", seconds=2.5, sound=None)
    samples = read_speech(await narrate(take, tmp_path / "narrated.mp4", seconds=8))
    loud = np.flatnonzero(np.abs(samples) > 0.02) / SPEECH_RATE
    assert 1.5 < loud[-1] < 2.26


@needs_voice
async def test_same_bytes_come_out_when_narrated_twice(silent: Path, tmp_path: Path) -> None:
    once, twice = [await narrate(silent, tmp_path / f"{number}.mp4") for number in (1, 2)]
    assert once.read_bytes() == twice.read_bytes()


@needs_voice
async def test_take_is_narrated_in_place_when_its_path_has_spaces_and_quotes(silent: Path, tmp_path: Path) -> None:
    take = tmp_path / "a 'quoted' \"folder\" [x]; %d" / "take: 'one', 100%.mp4"
    take.parent.mkdir()
    take.write_bytes(silent.read_bytes())
    assert await narrate(take, take) == take
    assert probe(take).has_audio
    assert [path.name for path in take.parent.iterdir()] == [take.name]


# --- ambience ---


@needs_voice
@needs_ears
async def test_line_is_heard_over_ambience_that_was_loud(tmp_path: Path, listener: WhisperListener) -> None:
    noise = "anoisesrc=r=44100:a=0.9:c=pink:seed=1"
    take = make_clip(tmp_path / "take.mp4", seconds=4, sound=noise)
    narrated = await narrate(take, tmp_path / "narrated.mp4")
    assert await hear(narrated, listener) == "wefoundtheoldlighthouseatdusk"
    assert read_packets(narrated) == read_packets(take)
    before, after = read_speech(take), read_speech(narrated)
    assert loudness_db(after[-SPEECH_RATE // 5 :]) < loudness_db(before[-SPEECH_RATE // 5 :]) - 12
    assert loudness_db(after[-SPEECH_RATE // 5 :]) > -60


@needs_voice
async def test_ambience_is_kept_as_it_is_when_it_was_quiet(tmp_path: Path) -> None:
    take = make_clip(tmp_path / "take.mp4", seconds=4, sound=TONE, sound_filter="volume=0.01")
    before, after = read_speech(take), read_speech(await narrate(take, tmp_path / "narrated.mp4"))
    ending = slice(int(3.78 * SPEECH_RATE), int(3.95 * SPEECH_RATE))
    assert loudness_db(after[ending]) == pytest.approx(loudness_db(before[ending]), abs=1)


@needs_voice
async def test_sound_covers_the_picture_when_ambience_is_shorter(tmp_path: Path) -> None:
    take = make_clip(tmp_path / "take.mp4", seconds=4, sound="sine=440:r=48000:d=1")
    narrated = await narrate(take, tmp_path / "narrated.mp4")
    assert probe(narrated).audio_seconds == pytest.approx(probe(take).video_seconds, abs=1e-4)


async def test_digital_silence_is_no_obstacle_when_a_voice_is_laid_over_it(tmp_path: Path) -> None:
    take = make_clip(tmp_path / "take.mp4", seconds=2, sound="anullsrc=r=48000")
    voice = tmp_path / "voice.wav"
    with av.open(str(voice), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=22_050, layout="mono")
        tone = (8_000 * np.sin(np.arange(22_050) / 10)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.rate = 22_050
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    laid = await lay_voice(take, voice=voice, start_seconds=0.5, destination=tmp_path / "out.mp4")
    with av.open(str(laid)) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    loud = np.flatnonzero(np.abs(samples).min(axis=0) > 0.1) / SAMPLE_RATE
    assert (loud[0], loud[-1]) == (pytest.approx(0.5, abs=0.01), pytest.approx(1.5, abs=0.01))
    assert np.abs(samples).max(axis=1) == pytest.approx([8_000 / 32_768] * 2, abs=0.02)


# --- what cannot be narrated ---


@pytest.mark.parametrize(
    ("line", "language", "reason"),
    [
        ("Wir fanden den alten Leuchtturm.", "de", "speaks English only, not 'de'"),
        ("Мы нашли старый маяк.", "en", "reads Latin scripts only"),
        ("one two three four five six seven eight nine ten " * 4, "en", r"too long to be spoken in 3\.5 s"),
        ("…", "en", "nothing that can be spoken"),
    ],
)
@needs_voice
async def test_reason_is_told_when_a_line_cannot_be_spoken(
    line: str, language: str, reason: str, silent: Path, tmp_path: Path
) -> None:
    with pytest.raises(CannotNarrate, match=reason):
        await narrate(silent, tmp_path / "narrated.mp4", line=line, language=language)
    assert not list(tmp_path.iterdir())


async def test_take_is_refused_and_nothing_left_when_it_cannot_be_read(tmp_path: Path) -> None:
    take = tmp_path / "take.mp4"
    take.write_bytes(b"not a video at all" * 100)
    with pytest.raises(UnreadableMedia):
        await narrate(take, tmp_path / "narrated.mp4")
    assert list(tmp_path.iterdir()) == [take]


# --- the child ---


async def test_child_and_files_are_gone_when_the_caller_is_cancelled(silent: Path, tmp_path: Path) -> None:
    narrating = asyncio.create_task(narrate(silent, tmp_path / "narrated.mp4"))
    deadline = time.monotonic() + 20
    while not (children := find_children()):
        assert time.monotonic() < deadline, "no child was started"
        await asyncio.sleep(0.01)
    narrating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await narrating
    assert not [child for child in children if child.is_running()]
    assert not list(tmp_path.iterdir())


async def test_narrator_gives_up_when_the_voice_takes_too_long(silent: Path, tmp_path: Path) -> None:
    narrator = PiperNarrator(timeout_seconds=0.01)
    with pytest.raises(CannotNarrate, match=r"did not finish within 0\.01 s"):
        await narrator.narrate(silent, line=LINE, seconds=4, language="en", destination=tmp_path / "narrated.mp4")
    assert not find_children()
    assert not list(tmp_path.iterdir())


async def test_narrator_says_so_when_the_child_dies(
    silent: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    narrating = asyncio.create_task(narrate(silent, tmp_path / "narrated.mp4"))
    deadline = time.monotonic() + 20
    while not (children := find_children()):
        assert time.monotonic() < deadline, "no child was started"
        await asyncio.sleep(0.01)
    children[0].kill()
    with pytest.raises(CannotNarrate, match=r"stopped \(exit code -9\)"):
        await narrating
    assert "the voice ended with -9" in caplog.text
