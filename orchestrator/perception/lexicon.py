"""Whether what is written could be words, from lists of words. Nothing is ever downloaded from here.

No list holds every name, so being absent from it is not enough to be strange: the letters must also follow one another
as in no word of it. The measure is the mean logarithm of the probability of each letter after the two before it,
counted over the whole list. Real words have -2.1, names and words of other languages -2.8, shuffled words -4.2, letters
at random -5.3. Few letters tell little, so they must be stranger. Signs in other languages are no rarity in a film:
words known to any of the lists are not strange.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path

_PACKAGE = "spellchecker"  # its lists of words are read, its code is not
_OFTEN_READ = ("fr", "de", "es", "it", "pt", "nl")
_COMMON_WORDS = 60_000
_WORD_MIN, _LETTERS_MIN, _ABBREVIATION_MAX = 3, 6, 4
_STRANGE_BELOW, _STRANGER_BY_LETTER = -3.0, 8.0
_UNSEEN, _SMOOTHING = 0.1, 3.0


@dataclass(frozen=True)
class Lexicon:
    """The words of a language."""

    words: frozenset[str]

    def likelihood(self, words: Sequence[str]) -> float:
        """Mean log probability of a letter of ``words`` after the two before it."""
        threes, twos = self._counts
        framed = [f"^{word}$" for word in words]
        steps = [word[i : i + 3] for word in framed for i in range(len(word) - 2)]
        return sum(math.log((threes[s] + _UNSEEN) / (twos[s[:2]] + _SMOOTHING)) for s in steps) / len(steps)

    @cached_property
    def _counts(self) -> tuple[Counter[str], Counter[str]]:
        threes: Counter[str] = Counter()
        twos: Counter[str] = Counter()
        for word in self.words:
            framed = f"^{word}$"
            threes.update(framed[i : i + 3] for i in range(len(framed) - 2))
            twos.update(framed[i : i + 2] for i in range(len(framed) - 2))
        return threes, twos


def find_unknown(words: Sequence[str], *, language: str, is_thorough: bool = False) -> list[str]:
    """Those of ``words`` that are not listed for ``language`` or English, and no abbreviations; none where ``language``
    has no list. ``is_thorough`` looks into other languages too when they are most of the letters: that takes seconds
    and 100 MB the first time."""
    lexicons = _choose_lexicons(language)
    unknown = [word for word in _without(words, lexicons) if len(word) > _ABBREVIATION_MAX or not word.isupper()]
    if not lexicons or not (is_thorough and _is_most(unknown, words)):
        return unknown if lexicons else []
    return _without(unknown, filter(None, map(_read_common, _OFTEN_READ)))


def find_strange(words: Sequence[str], *, language: str) -> list[str]:
    """Those of ``words`` that no language knows, when they are most of the letters and built like no word."""
    unknown = find_unknown(words, language=language)
    if not _is_most(unknown, words):
        return []
    limit = _STRANGE_BELOW - _STRANGER_BY_LETTER / _count_letters(unknown)
    folded = [word.casefold() for word in unknown]
    if any(each.likelihood(folded) >= limit for each in _choose_lexicons(language)):
        return []
    unknown = find_unknown(words, language=language, is_thorough=True)
    return unknown if _is_most(unknown, words) else []


def _choose_lexicons(language: str) -> list[Lexicon]:
    own = read_lexicon(language)
    return [own, *filter(None, [read_lexicon("en")])] if own else []


@cache
def read_lexicon(language: str) -> Lexicon | None:
    """All words listed for ``language`` (ISO 639-1), None where there is no list."""
    counts = _read_counts(language)
    return Lexicon(frozenset(word for word in counts if word.isalpha())) if counts else None


@cache
def _read_common(language: str) -> Lexicon | None:
    """The words that are used most: lists of a million would fill the memory with misspellings."""
    counts = _read_counts(language)
    common = islice(sorted(counts, key=lambda word: counts[word], reverse=True), _COMMON_WORDS)
    return Lexicon(frozenset(common)) if counts else None


def _read_counts(language: str) -> dict[str, int]:
    found = importlib.util.find_spec(_PACKAGE) if language.isalpha() else None
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder) / "resources" / f"{language.casefold()}.json.gz"
        if path.is_file():
            with gzip.open(path, "rt", encoding="utf-8") as listed:
                return json.load(listed)
    return {}


def _without(words: Iterable[str], lexicons: Iterable[Lexicon]) -> list[str]:
    known = list(lexicons)
    return [w for w in words if len(w) >= _WORD_MIN and not any(w.casefold() in each.words for each in known)]


def _is_most(some: Sequence[str], words: Sequence[str]) -> bool:
    return _count_letters(some) >= max(_LETTERS_MIN, _count_letters(words) / 2)


def _count_letters(words: Sequence[str]) -> int:
    return sum(map(len, words))
