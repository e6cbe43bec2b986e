"""How far the free previews of a plan are."""

from __future__ import annotations

from orchestrator.schema.value import Value


class AnimaticView(Value):
    """``total`` clips have no accepted take, and ``done`` of them a preview that shows them as they are now.
    ``is_active``: previews are being drawn; ``error`` says which could not be, and why."""

    total: int
    done: int
    is_active: bool = False
    error: str = ""
