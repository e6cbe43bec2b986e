"""Pictures that people give: read within bounds, freed of all they tell beside the picture, cut to a clip's shape.

Whatever is given may be hostile: the header is looked at before anything is decoded, only three decoders are let near
it, and one picture is decoded at a time.
"""

from __future__ import annotations

import hashlib
import io
import logging
import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import BadInput
from orchestrator.media.edges import grab_edge
from orchestrator.media.frames import grab_still
from orchestrator.schema.value import Value
from providers.base import ReferenceRules

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

UPLOAD_BYTES_MAX = 20 << 20
PIXELS_MAX = 50_000_000
SIDE_PIXELS_MIN = 64
FORMATS = ("JPEG", "PNG", "WebP")
# Nothing larger is sent anywhere, so nothing larger is kept.
_KEPT_SIDE_PIXELS = 4096
_KEPT_QUALITY = 92
# A tall picture loses more below than above: that is where faces are not.
_SHARE_LOST_ABOVE = 0.3
_SENT_QUALITIES = (92, 85, 75, 60, 40)
_SAVED_AS = {"image/jpeg": ("JPEG", ".jpg"), "image/webp": ("WEBP", ".webp"), "image/png": ("PNG", ".png")}
_USUAL = "Save it as JPEG, PNG or WebP, and add that."
_HEIC = (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1")
_gate = threading.Lock()


class Picture(Value):
    """A picture as it is kept: JPEG bytes without any metadata, upright, in sRGB."""

    jpeg: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.jpeg).hexdigest()


def read_picture(content: bytes, *, name: str = "") -> Picture:
    """The picture in the file ``content``, which people know as ``name``.

    Turned as its EXIF says, brought to sRGB, laid on white where it is transparent, at most 4096 pixels a side. Raises
    ``BadInput`` for what is no picture, too large, too small, damaged or moving, saying what would do.
    """
    title = f"“{name}”" if name else "This file"
    if not content:
        raise BadInput(f"{title} is empty.", hint="Choose the picture again.")
    if len(content) > UPLOAD_BYTES_MAX:
        has, most = len(content) / (1 << 20), UPLOAD_BYTES_MAX >> 20
        raise BadInput(f"{title} has {has:.1f} MB; a picture may have {most} MB.", hint="Save it smaller.")
    if (what := _other_kind(content)) is not None:
        raise BadInput(f"{title} is {what[0]}, not a picture that can be used.", hint=what[1])
    with _gate:
        return _decode(content, title=title)


def grab_picture(path: Path, *, at_seconds: float | None) -> bytes:
    """JPEG of the frame of a video at ``at_seconds``, by default the last one before it fades out, in its own size.
    Raises ``UnreadableMedia``."""
    if at_seconds is None:
        return grab_edge(path, is_last=True, max_side=_KEPT_SIDE_PIXELS).jpeg
    return grab_still(path, at_seconds=at_seconds, max_width=_KEPT_SIDE_PIXELS)


def fit_picture(source: Path, *, size: str, rules: ReferenceRules) -> tuple[bytes, str]:
    """(bytes, suffix of a file name) of the kept picture at ``source`` as a provider with these ``rules`` takes it for
    a clip of ``size``: cropped to the shape, never stretched. Raises ``BadInput`` when no way of saving it is small
    enough."""
    from PIL import Image

    width, height = sent_size(size, rules)
    mime = next((kind for kind in _SAVED_AS if kind in rules.formats), "image/jpeg")
    kind, suffix = _SAVED_AS[mime]
    with Image.open(source) as kept:
        box = crop_box(kept.width, kept.height, width=width, height=height)
        picture = kept.convert("RGB").resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    for quality in _SENT_QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, kind, quality=quality)
        if buffer.tell() <= rules.max_bytes:
            return buffer.getvalue(), suffix
    raise BadInput(f"The picture cannot be made as small as this provider wants it ({rules.max_bytes / 1e6:.1f} MB).")


def sent_size(size: str, rules: ReferenceRules) -> tuple[int, int]:
    """Width and height of the picture for a clip of ``size``: the clip's, unless the rules want it less narrow or
    larger. Pure."""
    width, _, height = size.partition("x")
    sides = [int(width), int(height)]
    if rules.must_match_size:
        return sides[0], sides[1]
    if rules.max_ratio is not None:
        longest = max(1, math.floor(min(sides) * rules.max_ratio))
        sides = [min(side, longest) for side in sides]
    scale = max(1.0, rules.min_side_pixels / min(sides))
    return math.ceil(sides[0] * scale), math.ceil(sides[1] * scale)


def crop_box(picture_width: int, picture_height: int, *, width: int, height: int) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of the largest part of a picture that has the shape of ``width`` by ``height``. Pure.

    From the middle of its width, and from above the middle of its height."""
    scale = min(picture_width / width, picture_height / height)
    across, down = min(width * scale, picture_width), min(height * scale, picture_height)
    left, top = (picture_width - across) / 2, (picture_height - down) * _SHARE_LOST_ABOVE
    return left, top, left + across, top + down


def _other_kind(content: bytes) -> tuple[str, str] | None:
    """(what it is, what would do) of a file that is known not to be one of ours; None when it may be."""
    start, brand = content[:1024].lstrip().lower(), content[8:12]
    if content[4:8] == b"ftyp":
        if brand in _HEIC:
            return "a HEIC photo", "Export it as JPEG, and add that."
        if brand in (b"avif", b"avis"):
            return "an AVIF picture", _USUAL
        return "a video", "Take one frame of it as JPEG or PNG, and add that."
    if b"<svg" in start:
        return "an SVG drawing", "Export it as PNG, and add that."
    if start.startswith(b"%pdf"):
        return "a PDF", "Export the page as PNG, and add that."
    if start.startswith(b"gif8"):
        return "a GIF", "Save one frame of it as PNG, and add that."
    if start.startswith((b"bm", b"ii*\0", b"mm\0*")):
        return "a BMP or TIFF", _USUAL
    return None


def _decode(content: bytes, *, title: str) -> Picture:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as opened:
            _check(opened, title=title)
            shrink = min(1.0, _KEPT_SIDE_PIXELS / max(opened.size))
            kept = (max(1, round(opened.width * shrink)), max(1, round(opened.height * shrink)))
            opened.draft(None, kept)  # a JPEG is decoded no larger than it is kept
            opened.load()
            picture = _turn(_flatten(opened, kept), _orientation(opened))
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=_KEPT_QUALITY, subsampling=0)
    except BadInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(title) from None
    except UnidentifiedImageError:
        raise BadInput(f"{title} is not a picture that can be read.", hint=_USUAL) from None
    except Exception as error:  # decoders raise almost anything over a damaged file
        log.info("A picture could not be read: %s", error)
        raise BadInput(f"{title} is damaged or cut off.", hint="Save or download it once more, and add that.") from None
    return Picture(jpeg=buffer.getvalue(), width=picture.width, height=picture.height)


def _check(opened: Image.Image, *, title: str) -> None:
    """By its header alone, before anything is decoded."""
    width, height = opened.size
    if width * height > PIXELS_MAX:
        raise _too_large(title)
    if min(width, height) < SIDE_PIXELS_MIN:
        raise BadInput(
            f"{title} is {width}x{height} pixels; a picture needs at least {SIDE_PIXELS_MIN} on each side.",
            hint="Add a larger one.",
        )
    # Phones keep a second picture, of depth or another light, behind the first: that is no animation.
    if opened.format != "MPO" and getattr(opened, "n_frames", 1) > 1:
        raise BadInput(f"{title} is an animation.", hint="Save one frame of it as PNG, and add that.")


def _too_large(title: str) -> BadInput:
    most = PIXELS_MAX // 1_000_000
    return BadInput(f"{title} has more than {most} million pixels, which is the most.", hint="Save it smaller.")


def _flatten(opened: Image.Image, kept: tuple[int, int]) -> Image.Image:
    """RGB of ``kept`` size with nothing but the pixels, whatever it was: 16 bit, CMYK, a palette, transparent."""
    from PIL import Image

    picture = opened
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        picture = picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.mode in ("1", "P", "PA", "LA") or "transparency" in picture.info:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if picture.size != kept:
        picture = picture.resize(kept, Image.Resampling.LANCZOS, reducing_gap=3.0)
    plain = Image.new("RGB", picture.size, "white")
    if picture.mode == "RGBA":
        plain.paste(picture, mask=picture.getchannel("A"))
        return _to_srgb(plain, opened.info.get("icc_profile"))
    plain.paste(_to_srgb(picture, opened.info.get("icc_profile")))
    return plain


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """In the colours of its own profile where that can be read; one that cannot is left out."""
    from PIL import ImageCms

    if profile:
        try:
            own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            if (turned := ImageCms.profileToProfile(picture, own, srgb, outputMode="RGB")) is not None:
                return turned
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
            log.info("The colour profile of a picture was left out: %s", error)
    return picture.convert("RGB")


def _orientation(opened: Image.Image) -> int:
    try:
        return int(opened.getexif().get(0x0112, 1))
    except Exception:  # a picture whose EXIF is damaged is still a picture
        return 1


def _turn(picture: Image.Image, orientation: int) -> Image.Image:
    from PIL import Image

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return picture.transpose(turns[orientation]) if orientation in turns else picture
