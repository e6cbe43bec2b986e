"""A reference picture, read and held against a provider's rules before anything is sent."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import NamedTuple

from providers.base import InvalidRequest, ReferenceRules

_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class Reference(NamedTuple):
    """A picture ready to be sent: its bytes, MIME type, and a file name that tells nothing."""

    data: bytes
    mime: str

    @property
    def filename(self) -> str:
        return f"reference.{_SUFFIXES[self.mime]}"

    @property
    def base64(self) -> str:
        return base64.b64encode(self.data).decode()

    @property
    def data_uri(self) -> str:
        return f"data:{self.mime};base64,{self.base64}"


def read_reference(path: Path, rules: ReferenceRules | None, *, size: str) -> Reference:
    """The picture at ``path``; ``size`` is that of the clip, ``WIDTHxHEIGHT``. The type is what the file is, not what
    it is called. Raises ``InvalidRequest`` naming the rule it breaks."""
    from PIL import Image, UnidentifiedImageError

    if rules is None:
        raise InvalidRequest("This provider takes no reference picture.")
    try:
        if (size_bytes := path.stat().st_size) > rules.max_bytes:
            has, most = size_bytes / 1e6, rules.max_bytes / 1e6
            raise InvalidRequest(f"The reference picture has {has:.1f} MB; this provider takes {most:.1f} MB.")
        data = path.read_bytes()
        with Image.open(path) as picture:
            mime, (width, height) = picture.get_format_mimetype() or "", picture.size
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InvalidRequest(f"The reference picture cannot be read ({type(error).__name__}).") from None
    if mime not in rules.formats or mime not in _SUFFIXES:
        kinds = ", ".join(_SUFFIXES[kind].upper() for kind in rules.formats)
        raise InvalidRequest(f"A reference picture must be one of {kinds} for this provider.")
    if min(width, height) < rules.min_side_pixels:
        raise InvalidRequest(
            f"The reference picture is {width}x{height}; this provider needs {rules.min_side_pixels} pixels a side."
        )
    if rules.max_ratio is not None and max(width, height) > rules.max_ratio * min(width, height):
        raise InvalidRequest(f"The reference picture is too narrow: at most {rules.max_ratio:g} to 1.")
    if rules.must_match_size and f"{width}x{height}" != size:
        raise InvalidRequest(f"The reference picture is {width}x{height}; it must be {size} like the clip.")
    return Reference(data, mime)
