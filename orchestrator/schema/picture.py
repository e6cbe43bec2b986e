"""What may be given as a picture, and what becomes of it."""

from __future__ import annotations

from orchestrator.schema.value import Value


class PictureLimits(Value):
    """``formats`` are the kinds of file that can be added, of at most ``max_bytes`` and ``max_megapixels`` million
    pixels. ``is_taken``: the provider's model makes clips from a picture; ``is_needed``: it makes no others. ``note``
    says in words what is done with one."""

    max_bytes: int
    max_megapixels: int
    formats: tuple[str, ...]
    is_taken: bool
    is_needed: bool = False
    note: str = ""
