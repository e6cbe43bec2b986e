"""What a step is at work on."""

from __future__ import annotations

from typing import Literal

from orchestrator.schema.value import Value

Part = Literal["plan", "clip", "attempt"]


class Subject(Value):
    """Ids from the project down to the provider's generation, empty where a step is about less. The generations number
    the flows of plan and clip."""

    project_id: str = ""
    plan_id: str = ""
    plan_generation: int = 0
    clip_id: str = ""
    clip_generation: int = 0
    render_id: str = ""
    run_id: str = ""
    attempt: int = 0
    provider: str = ""
    generation_id: str = ""

    def ids(self) -> dict[str, str | int]:
        """What is known of it, by name, without the numbers of flows."""
        known = self.model_dump(exclude={"plan_generation", "clip_generation"})
        return {name: value for name, value in known.items() if value}
