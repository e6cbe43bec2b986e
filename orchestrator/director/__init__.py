"""The director: script and brief in, clip plan out. Pure functions, no clock, no network, no model."""

from __future__ import annotations

from orchestrator.director.edit import count_spoken, fit_line, split_line
from orchestrator.director.plan import create_clip_plan, measure_script
from orchestrator.director.script import MAX_CHARACTERS
from orchestrator.director.split import split_clip

__all__ = [
    "MAX_CHARACTERS",
    "count_spoken",
    "create_clip_plan",
    "fit_line",
    "measure_script",
    "split_clip",
    "split_line",
]
