"""ContentBrief: what the film is for, who it is for and how it should feel."""

from __future__ import annotations

from pydantic import Field

from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.value import Value


class ContentBrief(Value):
    """The intent behind a film. All texts may be empty: a script alone is enough to start."""

    title: str = Field(default="", max_length=200)
    objective: str = Field(default="", max_length=1000)
    audience: str = Field(default="", max_length=400)
    tone: str = Field(default="", max_length=400)
    call_to_action: str = Field(default="", max_length=400)
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}$")
    style: StyleBible = StyleBible()
    characters: tuple[CharacterBible, ...] = Field(default=(), max_length=12)
