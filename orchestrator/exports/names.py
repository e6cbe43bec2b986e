"""What exported files, clips and reels are called: names that every file system and every editor takes."""

from __future__ import annotations

import re
import unicodedata

from orchestrator.schema.export import ExportClip, ExportTake

_NAME_CHARACTERS = 60
_TITLE_CHARACTERS = 48
# What neither XML nor an EDL can hold.
_UNWRITABLE = re.compile(r"[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\u2028\u2029]")


def safe_name(title: str) -> str:
    """``title`` as the beginning of a file's name: ASCII letters, digits and hyphens; ``film`` when none is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_NAME_CHARACTERS].strip("-") or "film"


def plain_text(text: str) -> str:
    """``text`` in one row, without characters that XML or an EDL cannot hold."""
    return " ".join(_UNWRITABLE.sub(" ", text).split())


def clip_title(clip: ExportClip) -> str:
    """``03 Every morning I carry …``."""
    line = plain_text(clip.line)
    short = line if len(line) <= _TITLE_CHARACTERS else f"{line[: _TITLE_CHARACTERS - 1].rstrip()}…"
    return f"{clip.place:02d} {short}".rstrip()


def take_title(clip: ExportClip, take: ExportTake) -> str:
    return f"clip {clip.place:02d} take {take.attempt}"


def media_name(clip: ExportClip, take: ExportTake) -> str:
    """Where a take lies in a package."""
    return f"media/{take_title(clip, take).replace(' ', '-')}.mp4"


def reel_name(clip: ExportClip, take: ExportTake) -> str:
    """At most eight letters and digits, another one for every take."""
    return f"C{clip.place:03d}T{take.attempt:02d}"[:8]
