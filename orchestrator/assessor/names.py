"""Which words of a line are names: those the bible knows, and those its script writes like names. Pure.

Names matter twice: a listener spells them in its own way, and a wrong one spoils a line however long.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from orchestrator.assessor.languages import UNSPACED, is_content

_WORD = re.compile(r"[^\W_][\w'’-]*")
_ENDS_BEFORE = re.compile(r"(?:^|[.!?…:;\n(\[“\"«¿¡—–])\s*[“\"'‘(\[«¿¡]*\s*$")
_POSSESSIVE = re.compile(r"['’]s$")
_CAPITALISED_NOUNS = frozenset({"de", "lb"})  # where a capital tells nothing
_MIN_TIMES_AT_START = 2


def find_names(line: str, *, known: Iterable[str], script: str, language: str) -> tuple[str, ...]:
    """The names in ``line``, as it writes them: of ``known`` names and their parts, and words that ``script`` writes
    with a capital inside a sentence, or only so at the start of several; never one that it also writes small."""
    if language in UNSPACED:
        return tuple(dict.fromkeys(name for name in map(str.strip, known) if name and name in line))
    names = {
        word.casefold() for name in known for word in _words(name) if is_content(word.casefold(), language=language)
    }
    names |= _capitalised(script, language=language)
    return tuple(dict.fromkeys(word for word in _words(line) if word.casefold() in names))


def _capitalised(script: str, *, language: str) -> set[str]:
    inside: set[str] = set()
    at_start: Counter[str] = Counter()
    small: set[str] = set()
    for found in _WORD.finditer(script):
        word = _POSSESSIVE.sub("", found[0])
        if not word[0].isupper():
            small.add(word.casefold())
        elif _ENDS_BEFORE.search(script[max(0, found.start() - 8) : found.start()]):
            at_start[word.casefold()] += 1
        else:
            inside.add(word.casefold())
    if language in _CAPITALISED_NOUNS or not small:  # a script all in capitals
        return set()
    often = {word for word, times in at_start.items() if times >= _MIN_TIMES_AT_START}
    return {w for w in (inside | often) - small if _is_name_like(w, language=language)}


def _is_name_like(word: str, *, language: str) -> bool:
    is_pronoun = language == "en" and word.startswith(("i'", "i’"))
    return len(word) > 1 and not is_pronoun and not word.isdigit() and is_content(word, language=language)


def _words(text: str) -> Iterator[str]:
    return (_POSSESSIVE.sub("", found[0]) for found in _WORD.finditer(text))
