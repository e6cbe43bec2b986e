"""The scene crafter: a planned clip and the film's canon in, a provider's request out. Pure functions."""

from __future__ import annotations

from orchestrator.scene_crafter.crafter import characters_of, craft_clip, craft_remix
from orchestrator.scene_crafter.pictures import picture_of

__all__ = ["characters_of", "craft_clip", "craft_remix", "picture_of"]
