"""Canon: the rules and descriptors injected into every prompt so that clips look as if from one film."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orchestrator.schema.value import Value

# The asset id of a picture. Left out where there is none, so that what was stored before pictures reads the same.
PictureId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$", exclude_if=lambda value: not value)]


class StyleBible(Value):
    """How the film looks. Texts are free; empty ones are left out of prompts. Clips start from ``picture`` that have
    none of their own or of their character."""

    name: str = Field(default="Default look", max_length=120)
    palette: str = Field(default="", max_length=400)
    lighting: str = Field(default="", max_length=400)
    mood: str = Field(default="", max_length=400)
    camera: str = Field(default="", max_length=400)
    rules: tuple[str, ...] = Field(default=(), max_length=20)
    avoid: tuple[str, ...] = Field(default=(), max_length=20)
    picture: PictureId = ""


class CharacterBible(Value):
    """One person of the film: descriptors that must hold in every clip they appear in, and a ``picture`` of them."""

    name: str = Field(min_length=1, max_length=120)
    appearance: str = Field(default="", max_length=600)
    wardrobe: str = Field(default="", max_length=400)
    personality: str = Field(default="", max_length=400)
    voice: str = Field(default="", max_length=400)
    picture: PictureId = ""
