"""Repair: what to do after a take that did not pass. One pure decision, explained in words a creator understands.

The order of means is that of the product: cut or retime the take where that is all it needs, say in the prompt what was
wrong, then remix what is nearly right, then another provider; a means that did not help with the same words is not
repeated, and none is chosen that the budget cannot pay. Stopping has two forms: a person must decide, or nothing
sensible is left; either way the clip keeps its best take.
"""

from __future__ import annotations

from orchestrator.repair.best import best_take, diff_prompts, next_pair, rank_takes, why_best
from orchestrator.repair.case import Asked, Budget, Canon
from orchestrator.repair.decide import decide
from orchestrator.repair.errors import MAX_WAITS, MAX_WAITS_WHEN_BUSY
from orchestrator.repair.remedies import patches_of
from orchestrator.repair.safety import reword

__all__ = [
    "MAX_WAITS",
    "MAX_WAITS_WHEN_BUSY",
    "Asked",
    "Budget",
    "Canon",
    "best_take",
    "decide",
    "diff_prompts",
    "next_pair",
    "patches_of",
    "rank_takes",
    "reword",
    "why_best",
]
