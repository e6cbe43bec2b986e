"""Which picture a clip starts from. Pure."""

from __future__ import annotations

from orchestrator.scene_crafter.crafter import characters_of
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip


def picture_of(clip: Clip, *, own: str, brief: ContentBrief) -> str:
    """Asset id of the picture a clip starts from: its ``own``, else that of the character who speaks in it, else of the
    one in it who has one, else that of the style; empty for none."""
    there = [character for character in characters_of(clip, brief.characters) if character.picture]
    speaking = [character for character in there if character.name.casefold() == clip.speaker.casefold()]
    known = {character.picture for character in speaking or there}
    return own or (known.pop() if len(known) == 1 else brief.style.picture)
