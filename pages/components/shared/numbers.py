"""How times, shares and sizes read on screen. Pure."""

from __future__ import annotations

SHAPES = ((16, 9), (9, 16), (1, 1), (4, 3), (3, 4), (21, 9))


def clock(seconds: float) -> str:
    """Seconds as ``m:ss``."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def lasting(seconds: float) -> str:
    """How long something took, to about two digits."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def span_words(start_seconds: float, end_seconds: float | None) -> str:
    """A place in a take: ``3.2 s`` or ``3.2 to 4.0 s``."""
    is_moment = end_seconds is None or end_seconds - start_seconds < 0.05
    return f"{start_seconds:.1f} s" if is_moment else f"{start_seconds:.1f} to {end_seconds:.1f} s"


def time_left(seconds: float | None) -> str:
    """Seconds to go in words, as coarse as the guess behind them; empty when nothing is known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s left"
    return f"about {round(seconds / 60)} min left"


def percent(share: float) -> str:
    """A share of 0..1 as whole percent."""
    return f"{share:.0%}"


def size_title(size: str) -> str:
    """``1280x720`` as ``16:9 · 1280 x 720``; sizes of an odd shape stay as they are."""
    width, height = (int(side) for side in size.split("x"))
    near = shape(width, height)
    return f"{near} · {width} x {height}" if near else f"{width} x {height}"


def shape(width: int, height: int) -> str:
    """The shape of a frame within 2 percent, like ``16:9``; empty for an odd one."""
    return next((f"{w}:{h}" for w, h in SHAPES if abs(width * h - height * w) <= 0.02 * height * w), "")
