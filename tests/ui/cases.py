"""What pages are given to draw, as plain values."""

from __future__ import annotations

from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import PlanView


def plan_view(**given: object) -> PlanView:
    """A plan at rest without clips, save for what is ``given``."""
    facts = {
        "id": "plan",
        "project_id": "project",
        "project_name": "Lamp",
        "status": PlanStatus.PLANNED,
        "is_active": False,
        "clips": (),
        "total_seconds": 0,
        "spoken_words": 0,
        "words_per_minute": 150,
        "passed": 0,
        "failed": 0,
        "needs_review": 0,
        "progress": 0,
        "cost_usd": 0,
        "message": "",
    }
    return PlanView.model_validate(facts | given)
