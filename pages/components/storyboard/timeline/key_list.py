"""The timeline's keys and what they do, for its own list and for every other that names them."""

from __future__ import annotations

KEYS: tuple[tuple[str, str], ...] = (
    ("← →", "next clip"),
    ("↑ ↓", "next scene"),
    ("Home End", "first, last"),
    ("Enter", "open"),
    ("Shift ← →", "choose more"),
    ("Ctrl A", "choose all"),
    ("K or P", "play, pause"),
    ("+ − 0", "zoom, whole film"),
)
# only where clips can be moved or removed, and scenes renamed
ARRANGE: tuple[tuple[str, str], ...] = (("Space", "pick up, drop"), ("Esc", "put back"), ("Alt ← →", "move at once"))
REMOVE, RENAME = ("Delete", "remove"), ("F2", "rename the scene")
