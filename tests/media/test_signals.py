from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.media.signals import Span, measure_signals, parse_signals
from tests.media.conftest import make_clip

# As ffmpeg 9 wrote it for a 4 s clip: black 1.0-1.6 s, a frozen end, silence from 2 s on, two damaged packets.
CAPTURED = """\
[h264 @ 0x55e3260a2780] [error] Error splitting the input into NAL units.
[vist#0:0/h264 @ 0x55e32608e180] [dec:h264 @ 0x55e3260ea1c0] [error] Error submitting packet to decoder: Invalid data
[Parsed_scdet_3 @ 0x7f2f90011d40] [info] lavfi.scd.score: 40.621, lavfi.scd.time: 1
[Parsed_blackdetect_1 @ 0x7f2f90011500] [info] black_start:1 black_end:1.633333 black_duration:0.633333
[Parsed_freezedetect_2 @ 0x7f2f90011880] [info] lavfi.freezedetect.freeze_start: 1
[Parsed_freezedetect_2 @ 0x7f2f90011880] [info] lavfi.freezedetect.freeze_duration: 0.633333
[Parsed_freezedetect_2 @ 0x7f2f90011880] [info] lavfi.freezedetect.freeze_end: 1.633333
[Parsed_scdet_3 @ 0x7f2f90011d40] [info] lavfi.scd.score: 41.210, lavfi.scd.time: 1.633333
[Parsed_silencedetect_4 @ 0x7f2f900121c0] [info] silence_start: -0.005
[Parsed_silencedetect_4 @ 0x7f2f900121c0] [info] silence_end: 1.008 | silence_duration: 1.002604
[Parsed_silencedetect_4 @ 0x7f2f900121c0] [info] silence_start: 2.005396
[Parsed_freezedetect_2 @ 0x7f2f90011880] [info] lavfi.freezedetect.freeze_start: 2.633333
[Parsed_astats_7 @ 0x7f2f90012600] [info] Overall
[Parsed_astats_7 @ 0x7f2f90012600] [info] RMS level dB: -20.000000
[Parsed_ebur128_5 @ 0x7f2f90012ac0] [info] Summary:

  Integrated loudness:
    I:         -22.2 LUFS
    Threshold: -32.4 LUFS

  Loudness range:
    LRA:         0.0 LU
    Threshold: -43.5 LUFS

  True peak:
    Peak:      -16.1 dBFS
"""


def test_every_signal_is_read_when_the_text_has_them() -> None:
    signals = parse_signals(CAPTURED, duration_seconds=4, has_audio=True)
    assert signals.black == (Span(start_seconds=1, end_seconds=1.633333),)
    assert signals.freeze[0] == signals.black[0]
    assert signals.freeze[1] == Span(start_seconds=2.633333, end_seconds=4)  # still frozen at the end
    assert signals.silence == (
        Span(start_seconds=0, end_seconds=1.008),
        Span(start_seconds=2.005396, end_seconds=4),
    )
    assert (signals.loudness_lufs, signals.true_peak_dbfs) == (-22.2, -16.1)
    assert signals.clipped_ratio == pytest.approx(0.01)
    assert signals.decode_errors == 2
    assert signals.scene_cuts == (1, 1.633333)


def test_silence_has_no_loudness_when_nothing_passes_the_gate() -> None:
    summary = "  Integrated loudness:\n    I:         -70.0 LUFS\n  True peak:\n    Peak:       -inf dBFS\n"
    text = f"RMS level dB: -inf\n{summary}"
    signals = parse_signals(text, duration_seconds=4, has_audio=True)
    assert signals.loudness_lufs is None
    assert signals.true_peak_dbfs is None
    assert signals.clipped_ratio == 0


async def test_clean_clip_has_no_complaints_when_measured(shelf: Path) -> None:
    signals = await measure_signals(shelf / "two.mp4")
    assert signals.duration_seconds == pytest.approx(3, abs=0.05)
    assert signals.black == signals.freeze == signals.silence == signals.scene_cuts == ()
    assert signals.clipped_ratio == signals.decode_errors == 0
    assert signals.loudness_lufs == pytest.approx(-22, abs=3)


async def test_planted_defects_are_found_when_measured(tmp_path: Path) -> None:
    black = "drawbox=enable='between(t,0.5,1)':c=black:t=fill"
    frozen = "loop=loop=24:size=1:start=60,trim=end_frame=120"
    silent = "volume=enable='between(t,2,3)':volume=0"
    path = make_clip(tmp_path / "bad.mp4", seconds=4, picture_filter=f"{black},{frozen}", sound_filter=silent)
    signals = await measure_signals(path)
    assert [(s.start_seconds, s.end_seconds) for s in signals.black] == [pytest.approx((0.5, 1.03), abs=0.04)]
    assert signals.freeze[-1].start_seconds == pytest.approx(2, abs=0.04)
    assert signals.freeze[-1].end_seconds == pytest.approx(2.8, abs=0.07)
    assert [(s.start_seconds, s.end_seconds) for s in signals.silence] == [pytest.approx((2, 3), abs=0.05)]
    assert len(signals.scene_cuts) >= 2


async def test_clipping_is_measured_when_the_sound_sits_on_the_rails(tmp_path: Path) -> None:
    async def ratio(name: str, wave: str, *options: str) -> float:
        clip = make_clip(tmp_path / name, seconds=2, sound=f"aevalsrc='{wave}|{wave}':s=48000", options=options)
        return (await measure_signals(clip)).clipped_ratio

    cut_off, hot = "clip(3*sin(2*PI*440*t),-1,1)", "0.94*sin(2*PI*440*t)"
    assert await ratio("exact.mkv", cut_off, "-c:a", "pcm_s16le") == pytest.approx(0.78, abs=0.02)
    assert await ratio("coded.mp4", cut_off) > 0.005
    assert await ratio("hot.mp4", hot) < 0.0005


async def test_damage_is_counted_when_packets_do_not_decode(damaged: Path) -> None:
    assert (await measure_signals(damaged)).decode_errors > 0


async def test_no_sound_is_not_silence_when_there_is_no_track(shelf: Path) -> None:
    signals = await measure_signals(shelf / "portrait25.mp4")
    assert not signals.has_audio
    assert signals.silence == ()
    assert signals.loudness_lufs is None
