"""What corrections may ask for: nothing the bibles forbid, and people only as the bible describes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from orchestrator.schema.bible import CharacterBible, StyleBible

_NEGATION = re.compile(r"\b(?:no|not|never|without|avoid|nothing|nobody|none|don't|do not|neither)\b", re.IGNORECASE)
_STILL_CAMERA = re.compile(r"\b(?:static|locked(?:-| )?off|locked|tripod|fixed|motionless|unmoving)\b", re.IGNORECASE)
_COLOURS = re.compile(
    r"(?:black|white|gr[ea]y|red|blue|green|yellow|orange|purple|violet|pink|brown|beige|gold|golden|silver|teal|navy"
    r"|crimson|scarlet|turquoise|khaki|olive|cream|blonde?|dark|light)",
    re.IGNORECASE,
)
# Small words say nothing of what is meant.
_EMPTY = re.compile(
    r"(?:an?|the|of|in|on|at|to|for|with|and|or|any|all|be|is|are|was|as|its?|this|that|from|into|by"
    r"|frames?|clip|picture|shots?|film|scene)"
)
_ENDINGS = ("ements", "ement", "ing", "ies", "es", "ed", "e", "s", "y")
_SHORTEST_STEM = 3


def conform(patch: str, style: StyleBible, characters: tuple[CharacterBible, ...]) -> str:
    """``patch`` as the canon allows it: itself; the bible's own words where it would give a person another colour of
    something than the bible does; empty where it asks for what the style forbids."""
    if forbids(patch, style):
        return ""
    for character in named_in(patch, characters):
        if _recolours(patch, character):
            return describe(character)
    return patch


def forbids(patch: str, style: StyleBible) -> str:
    """What of the style's rules and things to avoid ``patch`` asks for; empty when nothing. A patch that speaks against
    a thing does not ask for it."""
    clauses = [_stems(clause) for clause in re.split(r"[.;:,!?]", patch) if not _NEGATION.search(clause)]
    return next((said for said, stems in _forbidden(style) if any(stems <= clause for clause in clauses)), "")


def named_in(text: str, characters: Iterable[CharacterBible]) -> tuple[CharacterBible, ...]:
    """The characters that ``text`` names."""
    return tuple(c for c in characters if re.search(rf"(?<!\w){re.escape(c.name)}(?!\w)", text, re.IGNORECASE))


def describe(character: CharacterBible) -> str:
    """How a character looks, in the bible's own words; empty when it says nothing of that."""
    appearance, wardrobe = (" ".join(text.split()).rstrip(".") for text in (character.appearance, character.wardrobe))
    looks = f"{character.name}: {appearance}." if appearance else ""
    wears = f"{character.name} wears {_inner(wardrobe)}." if wardrobe else ""
    return " ".join(filter(None, (wears, looks)))


def _forbidden(style: StyleBible) -> Iterator[tuple[str, frozenset[str]]]:
    for said in style.avoid:
        if stems := _stems(_NEGATION.sub(" ", said)):
            yield said, stems
    for rule in style.rules:
        for clause in re.split(r"[.;:,!?]", rule):
            if (found := _NEGATION.search(clause)) and (stems := _stems(clause[found.end() :])):
                yield rule, stems
    if _STILL_CAMERA.search(style.camera):
        yield style.camera, _stems("camera moves")


def _recolours(patch: str, character: CharacterBible) -> bool:
    """Whether ``patch`` speaks of something the bible describes, in a colour the bible does not name."""
    described = [_stems(part) for part in re.split(r"[.;,]", f"{character.wardrobe}; {character.appearance}")]
    words = re.findall(r"[^\W\d_]+", patch.casefold())
    for index, word in enumerate(words):
        colours = {_stem(before) for before in words[max(0, index - 2) : index] if _COLOURS.fullmatch(before)}
        if any(_stem(word) in part and colours - part for part in described if not _COLOURS.fullmatch(word)):
            return True
    return False


def _stems(text: str) -> frozenset[str]:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return frozenset(_stem(word) for word in words if not _EMPTY.fullmatch(word))


def _stem(word: str) -> str:
    """A word without its ending, so that "moves", "moving" and "movement" are one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def _inner(text: str) -> str:
    """A description as it reads in the middle of a sentence."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[:2] == "A " else text
