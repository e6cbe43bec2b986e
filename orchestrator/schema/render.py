"""FinalRender: the finished film."""

from __future__ import annotations

from orchestrator.schema.status import RenderStatus
from orchestrator.schema.timeline import Transition
from orchestrator.schema.value import Value


class FinalRender(Value):
    """A render of one plan. ``progress`` is 0..1; ``asset_id`` is set when DONE; ``error`` when FAILED."""

    id: str
    clip_plan_id: str
    status: RenderStatus
    transition: Transition
    progress: float = 0.0
    asset_id: str = ""
    duration_seconds: float | None = None
    frames_copied: int = 0
    frames_encoded: int = 0
    error: str = ""
