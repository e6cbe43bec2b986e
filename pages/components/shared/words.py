"""How text reads on screen. Pure: no drawing, no input or output."""

from __future__ import annotations

from datetime import datetime

LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "pl": "Polish",
    "ru": "Russian",
    "tr": "Turkish",
    "ar": "Arabic",
    "hi": "Hindi",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
}


def count(number: int, noun: str) -> str:
    """``1 clip``, ``2 clips``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def plain(text: str) -> str:
    """``text`` as people wrote it, with Markdown's own signs made harmless."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>#$|~:!" else sign for sign in text)


def shorten(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters."""
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def ago(at: datetime, *, now: datetime) -> str:
    """How long ago, as coarse as people say it. Pure."""
    seconds = max(0.0, (now - at).total_seconds())
    if seconds < 90:
        return "just now"
    for size, noun, limit in ((60, "minute", 90), (3_600, "hour", 36), (86_400, "day", 45)):
        if seconds / size < limit:
            return f"{count(round(seconds / size), noun)} ago"
    return f"on {at.day} {at:%b %Y}"


def size_words(size_bytes: int) -> str:
    """Bytes as people say them: ``11.2 MB``."""
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:,.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return ""
