"""The words providers use for the state of a generation, and what they mean here. Data: one table, one lookup."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from providers.base import GenerationStatus

_Q, _P, _C = GenerationStatus.QUEUED, GenerationStatus.IN_PROGRESS, GenerationStatus.COMPLETED
_F, _X = GenerationStatus.FAILED, GenerationStatus.CANCELLED

# wire -> the provider's word, in lower case -> what it means
STATES: Mapping[str, Mapping[str, GenerationStatus]] = MappingProxyType(
    {
        # OpenAI's four, and those of the servers and gateways that speak its protocol
        "openai": {
            **dict.fromkeys(("queued", "pending", "created", "submitted", "scheduled"), _Q),
            **dict.fromkeys(("in_progress", "processing", "running", "generating", "started", "cancelling"), _P),
            **dict.fromkeys(("completed", "succeeded", "success", "done"), _C),
            **dict.fromkeys(("failed", "error", "rejected"), _F),
            **dict.fromkeys(("cancelled", "canceled", "expired", "deleted"), _X),
        },
        # THROTTLED: accepted, waits for a place of this account
        "runway": {"pending": _Q, "throttled": _Q, "running": _P, "succeeded": _C, "failed": _F, "cancelled": _X},
        # the first API says "succeed", the second "succeeded"
        "kling": {"submitted": _Q, "processing": _P, "succeed": _C, "succeeded": _C, "failed": _F},
        "gemini": {
            "queued": _Q,
            **dict.fromkeys(("in_progress", "requires_continuation"), _P),
            "completed": _C,
            **dict.fromkeys(("failed", "incomplete", "budget_exceeded", "requires_action"), _F),
            "cancelled": _X,
        },
        # the agents API says "processing", Dream Machine "dreaming"
        "luma": {"queued": _Q, "processing": _P, "dreaming": _P, "completed": _C, "failed": _F},
        "minimax": {"queued": _Q, "running": _P, "succeeded": _C, "failed": _F, "cancelled": _X},
    }
)


def read_status(wire: str, word: str) -> GenerationStatus:
    """What ``word`` means on ``wire``; ``UNKNOWN`` for a word that is not in the table. Raises ``KeyError`` for a wire
    that is not."""
    return STATES[wire].get(word.strip().lower(), GenerationStatus.UNKNOWN)
