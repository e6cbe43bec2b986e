"""Pictures that people give: what is read, what is refused, what is sent."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from orchestrator.calls import PaidCall
from orchestrator.errors import BadInput
from orchestrator.media.pictures import PIXELS_MAX, UPLOAD_BYTES_MAX, crop_box, fit_picture, read_picture, sent_size
from orchestrator.pictures import FittedPictures, StoredPicture
from orchestrator.scene_crafter import picture_of
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip
from orchestrator.storage.local import LocalAssetStore
from providers.base import CreateClipInput, ReferenceRules
from providers.references import read_reference

GPS = 0x8825


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def shown(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(read_picture(content).jpeg))


def halves(left: str = "red", right: str = "blue", size: tuple[int, int] = (160, 90)) -> Image.Image:
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def is_near(colour: Any, wanted: tuple[int, int, int], *, by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=True))


def a_huge_png(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header promises that many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100_000)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


# --- what is refused ---


MOVING = [Image.new("RGB", (80, 80), colour) for colour in ("red", "blue")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\0" * (UPLOAD_BYTES_MAX + 1), "20 MB"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video"),
        (saved(MOVING[0], "GIF"), "GIF"),
        (saved(MOVING[0], "BMP"), "BMP"),
        (saved(MOVING[0], "TIFF"), "TIFF"),
        (saved(MOVING[0], "PNG", save_all=True, append_images=MOVING[1:]), "animation"),
        (saved(MOVING[0], "WEBP", save_all=True, append_images=MOVING[1:]), "animation"),
        (saved(halves(), "JPEG")[:-200], "damaged"),
        (saved(halves(size=(640, 360)), "PNG")[:200], "damaged"),
        (b"just some words, no picture", "not a picture"),
        (saved(Image.new("RGB", (40, 400))), "40x400"),
        (a_huge_png(8_000, 6_251), "50 million"),
        (a_huge_png(12_000, 12_000), "50 million"),
        (a_huge_png(60_000, 60_000), "50 million"),
        (a_huge_png(7_000, 7_000), "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_would_do(content: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        read_picture(content, name="holiday.png")
    assert "holiday.png" in refused.value.message and refused.value.hint
    assert PIXELS_MAX == 50_000_000


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_a_picture_or_refused_and_nothing_else(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(("JPEG", "PNG", "WEBP")))
    content = bytearray(saved(halves(), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_picture(bytes(content)).jpeg.startswith(b"\xff\xd8")
    except BadInput as refused:
        assert refused.hint


# --- what is kept ---


def test_a_photo_is_turned_upright_and_tells_nothing_of_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Phone"
    exif[GPS] = {1: "N", 2: (48.0, 8.0, 0.0)}
    photo = saved(halves(), "JPEG", quality=95, exif=exif, comment=b"private", icc_profile=b"no profile at all")
    assert GPS in Image.open(io.BytesIO(photo)).getexif()
    kept = shown(photo)
    assert kept.size == (90, 160)
    assert is_near(kept.getpixel((45, 20)), (254, 0, 0)) and is_near(kept.getpixel((45, 140)), (0, 0, 254))
    assert not kept.getexif() and not {"exif", "icc_profile", "comment", "xmp"} & set(kept.info)


def test_every_orientation_ends_upright() -> None:
    upright = halves()
    lying = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    for orientation, turn in lying.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        kept = shown(saved(upright.transpose(turn) if turn is not None else upright, "PNG", exif=exif))
        assert kept.size == (160, 90), orientation
        assert is_near(kept.getpixel((30, 45)), (254, 0, 0)), orientation


@pytest.mark.parametrize(
    ("picture", "kind", "colour"),
    [
        (Image.new("CMYK", (80, 80), (0, 255, 255, 0)), "JPEG", (255, 0, 0)),
        (Image.new("L", (80, 80), 90), "JPEG", (90, 90, 90)),
        (Image.new("1", (80, 80), 1), "PNG", (255, 255, 255)),
        (Image.fromarray(np.full((80, 80), 0x8080, np.uint16)), "PNG", (128, 128, 128)),
        (Image.new("P", (80, 80), 3), "PNG", None),
        (Image.new("RGBA", (80, 80), (0, 200, 0, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (80, 80), (0, 0, 0, 128)), "WEBP", (127, 127, 127)),
        (Image.new("LA", (80, 80), (10, 0)), "PNG", (255, 255, 255)),
    ],
)
def test_any_kind_of_pixels_becomes_plain_colours(picture: Image.Image, kind: str, colour: Any) -> None:
    kept = shown(saved(picture, kind))
    assert kept.mode == "RGB" and kept.size == (80, 80)
    assert colour is None or is_near(kept.getpixel((40, 40)), colour, by=3)


def test_colours_are_those_the_file_means() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, lab, b"\0" * 500):  # one that says the same, one of another kind of colours, none at all
        assert is_near(shown(saved(halves(), "PNG", icc_profile=profile)).getpixel((20, 40)), (254, 0, 0))


def test_a_large_picture_is_kept_smaller_in_its_own_shape() -> None:
    kept = read_picture(saved(Image.new("L", (6000, 3000), 77), "JPEG"))
    assert (kept.width, kept.height) == (4096, 2048)


def test_a_photo_with_a_second_picture_behind_it_is_no_animation() -> None:
    assert shown(saved(halves(), "MPO", save_all=True, append_images=[halves("green")])).size == (160, 90)


def test_the_same_picture_is_the_same_file_whatever_else_the_file_said() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Phone"
    assert read_picture(saved(halves(), exif=exif)).sha256 == read_picture(saved(halves())).sha256


# --- what is sent ---

SIDES = st.integers(64, 4096)


@given(SIDES, SIDES, SIDES, SIDES)
def test_fitting_never_stretches_and_keeps_as_much_as_the_shape_allows(w: int, h: int, width: int, height: int) -> None:
    left, top, right, bottom = crop_box(w, h, width=width, height=height)
    assert 0 <= left <= right <= w + 1e-6 and 0 <= top <= bottom <= h + 1e-6
    across, down = width / (right - left), height / (bottom - top)
    assert across == pytest.approx(down, rel=1e-9)
    assert (right - left) == pytest.approx(w) or (bottom - top) == pytest.approx(h)


@given(
    SIDES,
    SIDES,
    st.builds(
        ReferenceRules,
        min_side_pixels=st.integers(1, 600),
        max_ratio=st.none() | st.floats(1.2, 3),
        must_match_size=st.booleans(),
    ),
)
def test_what_is_sent_keeps_to_the_rules(width: int, height: int, rules: ReferenceRules) -> None:
    across, down = sent_size(f"{width}x{height}", rules)
    if rules.must_match_size:
        assert (across, down) == (width, height)
        return
    assert min(across, down) >= rules.min_side_pixels
    assert rules.max_ratio is None or max(across, down) <= rules.max_ratio * min(across, down) + 2


@pytest.mark.parametrize(
    "rules",
    [
        ReferenceRules(),
        ReferenceRules(must_match_size=True, max_bytes=20_000),
        ReferenceRules(formats=("image/png",)),
        ReferenceRules(formats=("image/webp",), max_ratio=1.5),
        ReferenceRules(min_side_pixels=300, max_ratio=2.5),
    ],
)
def test_an_adapter_takes_what_was_fitted_to_its_rules(rules: ReferenceRules, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 200, 3), dtype=np.uint8)
    source = tmp_path / "kept.jpg"
    source.write_bytes(read_picture(saved(Image.fromarray(noise))).jpeg)
    content, suffix = fit_picture(source, size="320x180", rules=rules)
    (tmp_path / f"sent{suffix}").write_bytes(content)
    assert read_reference(tmp_path / f"sent{suffix}", rules, size="320x180").data == content


def test_a_picture_that_no_quality_makes_small_enough_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "kept.jpg"
    source.write_bytes(read_picture(saved(halves())).jpeg)
    with pytest.raises(BadInput, match="as small as"):
        fit_picture(source, size="320x180", rules=ReferenceRules(max_bytes=100))


def test_a_picture_is_fitted_once_for_each_size_and_wherever_the_data_lies(tmp_path: Path) -> None:
    kept, found = read_picture(saved(halves())), []
    for place in ("here", "there"):
        store = LocalAssetStore(tmp_path / place)
        (tmp_path / "kept.jpg").write_bytes(kept.jpeg)
        store.put_file(tmp_path / "kept.jpg", "p/one.jpg")
        fitted = FittedPictures(store, tmp_path / place / "cache")
        asked = StoredPicture(key="p/one.jpg", sha256=kept.sha256)
        path = fitted.fit(asked, size="320x180", rules=ReferenceRules())
        found.append(path.read_bytes())
        store.delete("p/one.jpg")
        assert fitted.fit(asked, size="320x180", rules=ReferenceRules()) == path
    assert found[0] == found[1]
    assert Image.open(io.BytesIO(found[0])).size == (320, 180)


def test_the_ledger_tells_requests_apart_by_what_their_picture_shows() -> None:
    def hash_of(path: str | None, content: str) -> str:
        request = CreateClipInput(
            key="k", prompt="A bay", model="one", seconds=4, size="320x180", reference_path=Path(path) if path else None
        )
        call = PaidCall(
            run_id="r", plan_id="p", project_id="o", provider="x", endpoint="", request=request, cost_usd=1,
            reference_sha256=content,
        )  # fmt: skip
        return call.request_hash

    assert hash_of("here/a.jpg", "1") == hash_of("there/b.jpg", "1")
    assert len({hash_of("a.jpg", "1"), hash_of("a.jpg", "2"), hash_of(None, "")}) == 3
    plain = CreateClipInput(key="k", prompt="A bay", model="one", seconds=4, size="320x180").model_dump_json()
    assert hash_of(None, "") == hashlib.sha256(plain.encode()).hexdigest()  # as it always was


# --- which one ---


def a_clip(text: str = "The lamp is lit.", **fields: Any) -> Clip:
    return Clip(position=1, text=text, seconds=4, words=4, visual_intent="A bay", **fields)


MARA, JON = CharacterBible(name="Mara", picture="mara"), CharacterBible(name="Jon", picture="jon")
NOBODY = CharacterBible(name="Anna")


@pytest.mark.parametrize(
    ("clip", "own", "cast", "picture"),
    [
        (a_clip(speaker="Mara"), "own", (MARA, JON), "own"),
        (a_clip(speaker="Mara"), "", (MARA, JON), "mara"),
        (a_clip("Jon sees Mara."), "", (MARA, JON), "style"),
        (a_clip("Jon sees Mara.", speaker="MARA"), "", (MARA, JON), "mara"),
        (a_clip("Jon sees Anna.", speaker="Anna"), "", (JON, NOBODY), "jon"),
        (a_clip("Anna sees Mara."), "", (MARA, NOBODY), "mara"),
        (a_clip(), "", (MARA, JON), "style"),
        (a_clip(), "", (MARA,), "mara"),
        (a_clip(speaker="Anna"), "", (MARA, NOBODY), "style"),
    ],
)
def test_a_clip_starts_from_its_own_picture_else_its_characters_else_the_styles(
    clip: Clip, own: str, cast: tuple[CharacterBible, ...], picture: str
) -> None:
    brief = ContentBrief(style=StyleBible(picture="style"), characters=cast)
    assert picture_of(clip, own=own, brief=brief) == picture


def test_what_was_stored_before_pictures_reads_and_writes_the_same() -> None:
    style, mara = StyleBible(palette="Blue"), CharacterBible(name="Mara")
    assert "picture" not in style.model_dump_json() + mara.model_dump_json()
    assert StyleBible.model_validate(style.model_dump()) == style
    assert CharacterBible.model_validate_json(MARA.model_dump_json()) == MARA
