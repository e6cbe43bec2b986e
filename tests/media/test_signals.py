from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import MediaFailed, UnreadableMedia
from orchestrator.media import sound
from orchestrator.media.meters import SoundMeter, find_flat_tops, measure_blockiness, measure_edges, measure_noise
from orchestrator.media.probe import probe
from orchestrator.media.signals import Signals, measure_signals, parse_loudness
from tests.media.conftest import make_clip

# What photographs have: detail at every scale, everywhere. Panned over, nothing in it ever stands still.
PHOTO = "mandelbrot=s=480x270:r=30:start_scale=0.02:end_scale=0.019,crop=320:180:x='20+t*24':y='10+t*12'"


def places(stretches: tuple[object, ...]) -> list[object]:
    return [pytest.approx((s.start_seconds, s.end_seconds), abs=0.07) for s in stretches]  # pyright: ignore


@pytest.mark.parametrize("text", ["I:         -70.0 LUFS", "I:         -inf LUFS", ""])
def test_silence_has_no_loudness_when_nothing_passes_the_gate(text: str) -> None:
    assert parse_loudness(f"  Integrated loudness:\n    {text}\n") is None
    assert parse_loudness("  Integrated loudness:\n    I:         -22.2 LUFS\n") == -22.2


async def test_clean_clip_has_no_complaints_when_measured(shelf: Path) -> None:
    signals = await measure_signals(shelf / "two.mp4")
    assert (signals.duration_seconds, signals.video_seconds) == (pytest.approx(3, abs=0.05), pytest.approx(3))
    assert (signals.frames, signals.width, signals.height) == (90, 320, 180)
    assert signals.black == signals.freeze == signals.silence == signals.scene_cuts == signals.flicker == ()
    assert signals.blur == signals.blocky == signals.noisy == signals.clicks == signals.dropouts == ()
    assert signals.clipped_ratio == signals.decode_errors == 0
    assert signals.bars == (0, 0)
    assert signals.loudness_lufs == pytest.approx(-22, abs=3)
    assert signals.audio_seconds == pytest.approx(3, abs=0.05)


async def test_planted_defects_are_found_and_placed_when_measured(tmp_path: Path) -> None:
    black = "drawbox=enable='between(t,0.5,0.99)':c=black:t=fill"
    frozen = "loop=loop=24:size=1:start=60,setpts=N/30/TB"
    silent = "volume=enable='between(t,2,3)':volume=0"
    path = make_clip(tmp_path / "bad.mp4", seconds=4, picture_filter=f"{black},{frozen}", sound_filter=silent)
    signals = await measure_signals(path)
    assert places(signals.black) == [(0.5, 1.0)]
    assert places(signals.freeze)[-1] == (2.0, 2.8)
    assert signals.freeze[-1].level > 0.05
    assert places(signals.silence) == [(2, 3)]
    assert signals.scene_cuts == ()  # black is no cut


async def test_picture_that_never_moves_is_still_and_not_frozen(tmp_path: Path) -> None:
    signals = await measure_signals(make_clip(tmp_path / "still.mp4", seconds=2, picture_filter="loop=-1:1"))
    assert signals.is_still and signals.freeze == ()


async def test_cut_is_found_and_a_light_that_goes_on_is_none(tmp_path: Path) -> None:
    cut = "split[a][b];[a]trim=0:1[x];[b]vflip,negate,trim=1:2,setpts=PTS-STARTPTS[y];[x][y]concat"
    signals = await measure_signals(make_clip(tmp_path / "cut.mp4", seconds=2, picture_filter=cut, sound=None))
    assert places(signals.scene_cuts) == [(1, 1)]
    assert signals.scene_cuts[0].level > 0.15
    light = "eq=brightness='if(gt(t,1),0.15,-0.1)':eval=frame"
    assert (await measure_signals(make_clip(tmp_path / "on.mp4", seconds=2, picture_filter=light))).scene_cuts == ()


async def test_flicker_and_flash_are_found_and_a_fade_is_neither(tmp_path: Path) -> None:
    async def measure(name: str, filters: str) -> Signals:
        clip = make_clip(tmp_path / name, seconds=2, picture=PHOTO, picture_filter=filters, sound=None)
        return await measure_signals(clip)

    flicker = await measure("flicker.mp4", "eq=brightness='0.1*sgn(sin(2*PI*t*6+0.1))':eval=frame")
    assert flicker.flicker[0].level > 0.1
    flash = await measure("flash.mp4", "eq=brightness='if(between(t,1,1.1),0.5,0)':eval=frame")
    assert places(flash.flashes) == [(1, 1.13)] and flash.flicker == ()
    fade = await measure("fade.mp4", "fade=in:0:20,fade=out:40:20")
    assert fade.flicker == fade.flashes == ()
    assert fade.fade_in_seconds == pytest.approx(0.6, abs=0.15)
    assert fade.fade_out_seconds == pytest.approx(1.4, abs=0.15)


async def test_bars_are_measured_and_dark_skies_are_none(tmp_path: Path) -> None:
    boxed = "drawbox=0:0:iw:24:black:fill,drawbox=0:ih-24:iw:24:black:fill"
    signals = await measure_signals(make_clip(tmp_path / "boxed.mp4", seconds=1, picture_filter=boxed, sound=None))
    assert signals.bars == (pytest.approx(48 / 180, abs=0.02), 0)
    boxed = f"drawbox=0:130:iw:50:0x0c0c0c:fill,noise=alls=16:allf=t,{boxed}"  # a dark meadow
    signals = await measure_signals(make_clip(tmp_path / "dusk.mp4", seconds=1, picture_filter=boxed, sound=None))
    assert signals.bars[0] > 0.2
    night = "geq=lum='if(lt(Y,60+20*sin(X/30)),16,120)':cb=128:cr=128"
    signals = await measure_signals(make_clip(tmp_path / "night.mp4", seconds=1, picture_filter=night, sound=None))
    assert signals.bars == (0, 0)


def _photo(seed: int = 0, *, width: int = 320, height: int = 192) -> np.ndarray:
    """A picture with the spectrum of natural images, and edges: uint8 luma."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1
    base = np.fft.irfft2(np.exp(2j * np.pi * rng.random(frequency.shape)) / frequency**1.2, (height, width))
    picture = 110 + 30 * base / base.std()
    for x, y, level in rng.integers((0, 0, 40), (width - 40, height - 40, 220), (12, 3)):
        picture[y : y + 30, x : x + 36] = level
    return np.clip(picture, 16, 235).astype(np.uint8)


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    height, width = picture.shape
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    gain = np.exp(-2 * (np.pi * sigma) ** 2 * (down**2 + across**2))
    return np.clip(np.fft.irfft2(np.fft.rfft2(picture.astype(float)) * gain, (height, width)), 0, 255).astype(np.uint8)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(0.3, 1.0))
def test_edges_are_as_wide_as_the_blur_whatever_the_contrast(seed: int, contrast: float) -> None:
    picture = (128 + (_photo(seed).astype(float) - 128) * contrast).astype(np.uint8)
    widths = [measure_edges(_blurred(picture, sigma)) for sigma in (0.3, 2.0, 4.0)]
    assert widths[0] < 1.8 < 2.6 < widths[1] < widths[2]


def test_gradient_without_an_edge_has_no_sharpness() -> None:
    ramp = np.tile(np.linspace(20, 220, 320).astype(np.uint8), (180, 1))
    assert np.isnan(measure_edges(ramp))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(2, 30))
def test_noise_is_measured_and_motion_left_out(seed: int, sigma: float) -> None:
    rng, photo = np.random.default_rng(seed), _photo(seed).astype(float)
    noisy = [np.clip(photo + rng.normal(0, sigma, photo.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert measure_noise(noisy[0], noisy[1]) == pytest.approx(sigma, rel=0.3)
    assert measure_noise(_photo(seed)[:, :-1], _photo(seed)[:, 1:]) < 10


def test_grid_is_found_whatever_its_size_and_offset() -> None:
    photo = _photo(3, width=640, height=360)
    assert measure_blockiness(photo) < 0.08
    for side, offset in ((8, 0), (8, 3), (12, 5), (16, 0)):
        squares = np.repeat(np.repeat(photo[::side, ::side], side, axis=0), side, axis=1)
        assert measure_blockiness(squares[offset:, offset:]) > 0.2


async def test_coarse_coding_is_told_from_fine(tmp_path: Path) -> None:
    async def quantiser(name: str, *options: str) -> float:
        clip = make_clip(tmp_path / name, seconds=1, picture=PHOTO, sound=None, options=options)
        return (await measure_signals(clip)).quantiser or 0.0

    assert 43 < await quantiser("coarse.mp4", "-crf", "48") <= 51
    assert 15 < await quantiser("fine.mp4", "-crf", "24") < 35
    assert await quantiser("old.avi", "-c:v", "mpeg4", "-q:v", "4") == pytest.approx(22, abs=2)  # 8 levels a step
    # it does not tell, and is measured all the same
    assert await quantiser("other.webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8") == 0.0


async def test_clipping_is_measured_when_the_sound_sits_on_the_rails(tmp_path: Path) -> None:
    async def ratio(name: str, wave: str, *options: str) -> float:
        clip = make_clip(tmp_path / name, seconds=2, sound=f"aevalsrc='{wave}|{wave}':s=48000", options=options)
        return (await measure_signals(clip)).clipped_ratio

    cut_off, hot = "clip(3*sin(2*PI*440*t),-1,1)", "0.94*sin(2*PI*440*t)"
    assert await ratio("exact.mkv", cut_off, "-c:a", "pcm_s16le") == pytest.approx(0.82, abs=0.05)
    assert await ratio("coded.mp4", cut_off) > 0.005
    assert await ratio("hot.mp4", hot) < 0.0005


@settings(max_examples=12, deadline=None)
@given(st.floats(80, 900), st.floats(0.55, 0.95), st.integers(0, 1000))
def test_cut_tops_are_found_at_any_pitch_and_level_and_round_ones_are_none(hertz: float, top: float, seed: int) -> None:
    at = np.arange(48_000) / 48_000
    voice = np.sin(2 * np.pi * hertz * at) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * at))
    ripple = np.convolve(np.random.default_rng(seed).normal(0, 1, len(at)), np.ones(4) / 4, "same")
    coded = 0.02 * top * ripple
    assert find_flat_tops((top * np.clip(2 * voice, -1, 1) + coded).astype(np.float32)[:, None]).mean() > 0.05
    assert find_flat_tops((top * voice + coded).astype(np.float32)[:, None]).mean() < 0.001


def _meter(samples: np.ndarray, *, rate: int = 48_000, seconds: float = 0.0, packet: int = 1024) -> SoundMeter:
    meter = SoundMeter()
    wave = samples.astype(np.float32).reshape(len(samples), -1)
    for start in range(0, len(wave), packet):
        meter.add(wave[start : start + packet], seconds=seconds + start / rate, rate=rate)
    return meter


def _tone(rate: int = 48_000, seconds: float = 2.0) -> np.ndarray:
    at = np.arange(round(rate * seconds)) / rate
    noise = np.random.default_rng(1).normal(0, 0.003, len(at))
    return 0.2 * np.sin(2 * np.pi * 220 * at) * (1 + 0.3 * np.sin(2 * np.pi * 3 * at)) + noise


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
def test_click_and_dropout_are_found_at_every_rate(rate: int) -> None:
    wave = _tone(rate)
    assert sound.find_clicks(_meter(wave, rate=rate).result()) == ()
    wave[rate // 2] += 0.7
    wave[rate : rate + rate // 10] = 0
    series = _meter(wave, rate=rate).result()
    assert places(sound.find_clicks(series))[0] == (0.5, 0.505)
    assert sound.find_clicks(series)[0].level > 0.3
    assert places(sound.find_dropouts(series)) == [(1.0, 1.1)]


def test_late_sound_and_gaps_between_packets_count_as_silence() -> None:
    series = _meter(_tone(seconds=1.0), seconds=1.5).result()
    assert places(sound.find_silence(series)) == [(0, 1.5)]
    assert series.length_seconds == pytest.approx(2.5)


def test_noise_floor_is_that_of_the_pauses_and_none_without_sound() -> None:
    rng = np.random.default_rng(2)
    wave = rng.normal(0, 10 ** (-50 / 20), 96_000)
    wave[:48_000] += _tone(seconds=1.0)
    assert sound.measure_noise_floor(_meter(wave).result()) == pytest.approx(-50, abs=1)
    assert sound.measure_noise_floor(SoundMeter().result()) is None


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5000), st.sampled_from([1, 2, 6]))
def test_series_do_not_depend_on_how_the_sound_is_cut_into_packets(packet: int, channels: int) -> None:
    wave = np.tile(_tone(seconds=0.3)[:, None], (1, channels))
    one, other = (_meter(wave, packet=size).result() for size in (packet, len(wave)))
    assert np.allclose(one.power, other.power) and np.allclose(one.jolt[1:], other.jolt[1:], atol=1e-5)


async def test_damage_is_counted_and_placed_when_packets_do_not_decode(damaged: Path) -> None:
    signals = await measure_signals(damaged)
    assert signals.decode_errors > 0
    assert 0 < signals.damage[0].start_seconds < signals.damage[-1].end_seconds <= 3


async def test_no_sound_is_not_silence_when_there_is_no_track(shelf: Path) -> None:
    signals = await measure_signals(shelf / "portrait25.mp4")
    assert not signals.has_audio
    assert signals.silence == ()
    assert signals.loudness_lufs is signals.audio_seconds is signals.noise_floor_db is None


async def test_odd_files_are_measured_like_any_other(tmp_path: Path) -> None:
    async def measure(name: str, **how: object) -> Signals:
        return await measure_signals(make_clip(tmp_path / name, **{"seconds": 1, **how}))  # pyright: ignore

    vfr = await measure(
        "vfr.mp4", picture_filter="select='if(lt(t,0.5),1,not(mod(n,3)))'", options=("-fps_mode", "vfr")
    )
    assert vfr.video_seconds == pytest.approx(1, abs=0.1) and vfr.freeze == ()
    ten_bit = await measure(
        "hdr.mp4", picture_filter="setparams=color_trc=smpte2084", options=("-pix_fmt", "yuv420p10le")
    )
    assert ten_bit.frames == 30 and probe(tmp_path / "hdr.mp4").is_hdr
    anamorphic = await measure("wide.mp4", picture_filter="setsar=4/3")
    assert (anamorphic.width, anamorphic.height) == (427, 180)
    assert (await measure("tiny.mp4", picture="testsrc2=s=64x64:r=24")).frames == 24
    assert (await measure("two.mp4", seconds=2 / 30, sound=None)).frames == 2
    longer = await measure("longer.mp4", picture_filter="trim=0:0.5")
    assert longer.audio_seconds == pytest.approx(1, abs=0.05) and longer.video_seconds == pytest.approx(0.5, abs=0.05)
    surround = await measure("surround.mp4", sound="sine=440:r=48000,pan=5.1|c0=c0|c1=c0|c2=c0")
    assert surround.loudness_lufs is not None


async def test_turned_picture_is_measured_as_it_is_shown(tmp_path: Path, shelf: Path) -> None:
    from orchestrator.media import ffmpeg

    turned = tmp_path / "turned.mp4"
    source = ["-display_rotation", "90", *ffmpeg.read_from(shelf / "one.mp4")]
    await ffmpeg.run(["-v", "error", *source, "-c", "copy", *ffmpeg.write_to(turned)])
    signals = await measure_signals(turned)
    assert (signals.width, signals.height, abs(signals.rotation_degrees)) == (180, 320, 90)


async def test_file_without_a_single_picture_is_refused(tmp_path: Path, shelf: Path) -> None:
    data = bytearray((shelf / "one.mp4").read_bytes())
    start = data.find(b"mdat") + 4
    data[start : data.find(b"moov") - 4] = bytes(data.find(b"moov") - 4 - start)
    (tmp_path / "void.mp4").write_bytes(data)
    with pytest.raises((UnreadableMedia, MediaFailed)):
        await measure_signals(tmp_path / "void.mp4")


async def test_decoder_ends_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "long.mp4", seconds=20, sound=None)
    measuring = asyncio.ensure_future(measure_signals(clip))
    await asyncio.sleep(0)
    measuring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await measuring
