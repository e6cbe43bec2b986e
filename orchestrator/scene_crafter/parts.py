"""The parts a prompt is made of, in both dialects, and how they are shortened to a provider's limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import IntEnum

from orchestrator.errors import BadInput
from orchestrator.schema.value import Value
from providers.base import PromptDialect


class Importance(IntEnum):
    """What is shortened first when a prompt is too long: the lowest. ``REQUIRED`` is never touched."""

    AUDIO = 1
    AVOID = 2
    CAMERA = 3
    CONTINUITY = 4
    STYLE = 5
    CHARACTERS = 6
    SCENE = 7
    REQUIRED = 8


class Part(Value):
    """One thing a prompt says: ``label`` heads it in sections, ``lead_in`` opens it in prose."""

    label: str
    lead_in: str = ""
    statements: tuple[str, ...]
    importance: Importance

    def write(self, dialect: PromptDialect) -> str:
        body = " ".join(self.statements)
        return f"{self.label}: {body}" if dialect is PromptDialect.SECTIONS else self.lead_in + body


def write_prompt(
    parts: Sequence[Part], *, dialect: PromptDialect, limit_characters: int, length: Callable[[str], int] = len
) -> str:
    """The prompt, at most ``limit_characters`` long as ``length`` counts them. The least important parts give
    way first, a statement at a time.

    Raises ``BadInput`` when the required parts alone are longer.
    """
    kept = [part for part in parts if part.statements]
    while length(prompt := _join(kept, dialect)) > limit_characters:
        index = min(range(len(kept)), key=lambda i: kept[i].importance, default=None)
        if index is None or kept[index].importance is Importance.REQUIRED:
            raise BadInput(
                f"What must be said takes {length(prompt):,} characters, with the corrections; this provider's prompts "
                f"hold {limit_characters:,}. Shorten the line or the corrections."
            )
        shorter = _shorten(kept[index].statements, excess=length(prompt) - limit_characters)
        if shorter:
            kept[index] = kept[index].model_copy(update={"statements": shorter})
        else:
            del kept[index]
    return prompt


def sentence(text: str) -> str:
    """``text`` on one line, ending like a sentence; empty stays empty."""
    text = " ".join(text.split())
    return text if not text or text[-1] in ".!?…。！？" else text.rstrip(",;:") + "."


def sentences(text: str) -> tuple[str, ...]:
    """``text`` as whole statements, so that it can lose its last ones."""
    return tuple(s for s in re.split(r"(?<=[.!?…])\s+", sentence(text)) if s)


def _join(parts: Sequence[Part], dialect: PromptDialect) -> str:
    written = [part.write(dialect) for part in parts]
    return ("\n" if dialect is PromptDialect.SECTIONS else " ").join(written)


def _shorten(statements: tuple[str, ...], *, excess: int) -> tuple[str, ...]:
    """``statements`` without the last one; a single one keeps what stands before a comma, to lose ``excess``."""
    *rest, last = statements
    if rest:
        return tuple(rest)
    room = last[: max(0, len(last) - excess - 1)]
    cut = room[: max(room.rfind(","), room.rfind(";"), 0)].rstrip()
    return (cut + ".",) if cut else ()
