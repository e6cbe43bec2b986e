"""Canon: the rules and descriptors injected into every prompt so that clips look as if from one film."""

from __future__ import annotations

from pydantic import Field

from orchestrator.schema.value import Value


class StyleBible(Value):
    """How the film looks. Every field is free text; empty ones are left out of prompts."""

    name: str = Field(default="Default look", max_length=120)
    palette: str = Field(default="", max_length=400)
    lighting: str = Field(default="", max_length=400)
    mood: str = Field(default="", max_length=400)
    camera: str = Field(default="", max_length=400)
    rules: tuple[str, ...] = Field(default=(), max_length=20)
    avoid: tuple[str, ...] = Field(default=(), max_length=20)


class CharacterBible(Value):
    """One person of the film: descriptors that must hold in every clip they appear in."""

    name: str = Field(min_length=1, max_length=120)
    appearance: str = Field(default="", max_length=600)
    wardrobe: str = Field(default="", max_length=400)
    personality: str = Field(default="", max_length=400)
    voice: str = Field(default="", max_length=400)
