"""What is spoken: text cleaned of marks nobody says, cut into units that can be counted.

A unit is one word with the punctuation that belongs to it. How units are counted, in words:

- a word of an alphabet, whatever its direction, is one; a very long one (a web address) is one per 24 letters;
- a number is one word per two digits ("2024" is spoken as two, "5551234567" as five);
- Han, kana and Hangul count two characters to the word: announcers speak about 300 characters a minute where an
  English narrator speaks 150 words;
- Thai, Lao, Khmer and Burmese, written without spaces, count four letters to the word;
- emoji, punctuation and markdown marks are no words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import sentencex

LETTERS_PER_LONG_WORD = 24
DIGITS_PER_WORD = 2
# Quotes that never close make the sentence splitter quadratic, so it is given a paragraph in parts of this length;
# no sentence that fits a clip is as long.
_SENTENCE_WINDOW_CHARACTERS = 2_000

_HAN_KANA_HANGUL = "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"  # noqa: E501
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_THAI_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3"
_PIECE = re.compile(
    rf"(?P<pair>[{_HAN_KANA_HANGUL}]{{1,2}})"
    rf"|(?P<cluster>(?:(?![{_THAI_MARKS}])[{_UNSPACED}][{_THAI_MARKS}]*){{1,4}})"
    rf"|[^{_HAN_KANA_HANGUL}{_UNSPACED}—–…]+(?:[—–…]+|--+)?|[—–…]+|."
)
_ENDS_CLAUSE = re.compile(r"(?:[,;:—–…，、；：،؛।]|--|\.\.\.)[\"'”’»)\]」』）]*$")
_SPOKEN_SYMBOLS = frozenset("&+=%@°€$£¥")
_FUNCTION_WORD_LIST = (
    "a an the and or but nor so of to in on at by for from with into onto than that as if when is are was were be "
    "my your his her its our their this these those very not no who which"
)
_FUNCTION_WORDS = frozenset(_FUNCTION_WORD_LIST.split())


class Break(IntEnum):
    """How good a place the end of a unit is for the end of a clip; higher is worse."""

    SENTENCE = 0
    CLAUSE = 1
    WORD = 3
    FUNCTION_WORD = 5
    INSIDE_WORD = 8


class Unit(NamedTuple):
    """One spoken word: ``text`` with its punctuation, ``gap`` what stands before the next unit (a space or nothing),
    ``words`` how many it counts for (at least 1), ``ends`` what kind of place its end is."""

    text: str
    gap: str
    words: int
    ends: Break


def strip_unspeakable(text: str) -> str:
    """``text`` without control and formatting characters, lone surrogates and unassigned ones; emoji become a space.
    Line ends are ``\\n``; joiners stay where they join letters, as Persian and Indic scripts need."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    table: dict[int, str | None] = {}
    for character in set(text):
        category = unicodedata.category(character)
        if character in "\n\u200c\u200d" or character in _SPOKEN_SYMBOLS:
            continue
        if character in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
            table[ord(character)] = "\n"
        elif character == "\t" or category in ("Zs", "So") or (category == "Sk" and not character.isascii()):
            table[ord(character)] = " "
        elif category in ("Cc", "Cf", "Cs", "Co", "Cn", "Me") or "\ufe00" <= character <= "\ufe0f":
            table[ord(character)] = None
    text = text.translate(table)
    return re.sub(r"(?<!\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\S)", "", text)


def count_words(piece: str) -> int:
    """How many words ``piece`` (without spaces inside) is spoken as; 0 when nothing in it is spoken."""
    if not piece.isalpha():
        spoken = sum(c.isalnum() for c in piece)
        if not spoken:
            return int(any(c in _SPOKEN_SYMBOLS for c in piece))
        if not any(c.isalpha() for c in piece):
            return -(-spoken // DIGITS_PER_WORD)
        return -(-spoken // LETTERS_PER_LONG_WORD)
    return -(-len(piece) // LETTERS_PER_LONG_WORD)


def speech_units(text: str, *, language: str = "en") -> list[Unit]:
    """The units of one paragraph in order; every visible character of ``text`` that hangs on a word is in one."""
    units: list[Unit] = []
    for sentence in _sentences(text, language):
        found = list(_sentence_units(sentence))
        if found:
            units += found[:-1]
            units.append(found[-1]._replace(ends=Break.SENTENCE))
        elif units and sentence.strip():  # a sentence of marks alone, such as a closing quote
            last = units[-1]
            units[-1] = last._replace(text=last.text + last.gap + sentence.strip(), gap=_gap(sentence))
    return units


def join(units: list[Unit]) -> str:
    """The text the units were cut from, with single spaces."""
    return "".join(unit.text + unit.gap for unit in units).strip()


def _sentences(text: str, language: str) -> Iterator[str]:
    while text:
        window = text[:_SENTENCE_WINDOW_CHARACTERS]
        found: list[str] = list(sentencex.segment(language, window))  # pyright: ignore[reportAttributeAccessIssue]
        if len(window) < len(text):  # the last sentence may go on: it opens the next window
            found = found[:-1] or [window[: window.rfind(" ") + 1] or window]
        yield from found
        text = text[sum(map(len, found)) :]


def _gap(text: str) -> str:
    return " " if text[-1:].isspace() else ""


def _sentence_units(sentence: str) -> Iterator[Unit]:
    """Units of one sentence. Marks that are no words go to the word they touch: opening ones to the next."""
    pending: Unit | None = None
    prefix = ""
    for token in re.finditer(r"(\S+)(\s*)", sentence):
        pieces = list(_PIECE.finditer(token[1]))
        for index, match in enumerate(pieces):
            piece, is_last = match[0], index == len(pieces) - 1
            gap = " " if is_last and token[2] else ""
            is_unspaced = bool(match["pair"] or match["cluster"])
            words = 1 if is_unspaced else count_words(piece)
            if not words:
                if pending and unicodedata.category(piece[0]) not in ("Ps", "Pi"):
                    text = pending.text + pending.gap + piece
                    pending = pending._replace(text=text, gap=gap, ends=_end_of(text, gap))
                else:
                    prefix += piece + gap
                continue
            if pending:
                yield pending
            text = prefix + piece
            prefix = ""
            pending = Unit(text, gap, words, _end_of(text, gap))
    if pending:
        if prefix:
            pending = pending._replace(text=pending.text + pending.gap + prefix.rstrip(), gap=_gap(prefix))
        yield pending


def _end_of(text: str, gap: str) -> Break:
    if _ENDS_CLAUSE.search(text):
        return Break.CLAUSE
    if not gap:
        return Break.INSIDE_WORD
    return Break.FUNCTION_WORD if text.casefold() in _FUNCTION_WORDS else Break.WORD
