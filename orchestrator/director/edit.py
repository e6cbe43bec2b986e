"""Words put in the place of a clip's own: counted and given the time they need. Pure."""

from __future__ import annotations

from orchestrator.director.speech import join, speech_units
from orchestrator.errors import BadInput
from orchestrator.schema.clip_plan import PlanConstraints
from orchestrator.schema.value import Value


class FittedLine(Value):
    """What is said in a clip, how many words that is, and how long the clip lasts."""

    text: str
    words: int
    seconds: int


def fit_line(
    text: str, *, seconds: int | None, room_seconds: int, constraints: PlanConstraints, language: str
) -> FittedLine:
    """``text`` as the line of one clip that lasts ``seconds``, or, with None, as long as its words take at the plan's
    pace. ``room_seconds`` is what the other clips leave of the film.

    Raises ``BadInput`` for no words, more of them than one clip holds, a length that is not sold or too short for
    them, and a film that gets too long; each names what would fit.
    """
    units = speech_units(text, language=language)
    words = sum(unit.words for unit in units)
    offered, pace = constraints.durations_seconds, constraints.words_per_minute
    if not words:
        raise BadInput("Write what is said in this clip.")
    if words > constraints.max_words(offered[-1]):
        raise BadInput(
            f"That is {words} words. The longest clip lasts {offered[-1]} s and holds "
            f"{constraints.max_words(offered[-1])} at {pace} words per minute. Shorten it."
        )
    needed = next(d for d in offered if constraints.max_words(d) >= words)
    if seconds is not None and seconds not in offered:
        raise BadInput(f"Clips last {_listed(offered)} s, not {seconds} s.")
    if seconds is not None and seconds < needed:
        raise BadInput(
            f"{words} words need {needed} s at {pace} words per minute; "
            f"{seconds} s hold {constraints.max_words(seconds)}."
        )
    length = seconds or needed
    if length > room_seconds:
        total = constraints.max_total_seconds - room_seconds + length
        fits = [d for d in offered if d <= room_seconds]
        rest = f"{fits[-1]} s, which hold {constraints.max_words(fits[-1])} words" if fits else "no clip at all"
        raise BadInput(
            f"The film would last {total} s, and {constraints.max_total_seconds} s is the most. The other clips leave "
            f"room for {rest}."
        )
    return FittedLine(text=join(units), words=words, seconds=length)


def split_line(text: str, at_word: int, *, language: str = "en") -> tuple[str, str]:
    """(the first ``at_word`` words of ``text``, the others). Words stand between spaces; where a script writes none,
    they are what is counted as words. Raises ``BadInput`` unless both parts have something to say."""
    words = text.split()
    if len(words) < 2:
        units = speech_units(text, language=language)
        first, rest = join(units[: max(0, at_word)]), join(units[max(0, at_word) :])
    else:
        first, rest = " ".join(words[: max(0, at_word)]), " ".join(words[max(0, at_word) :])
    if not (count_spoken(first, language=language) and count_spoken(rest, language=language)):
        raise BadInput("Each part needs words of its own. Choose a place between two words.")
    return first, rest


def count_spoken(text: str, *, language: str = "en") -> int:
    """How many words ``text`` is spoken as."""
    return sum(unit.words for unit in speech_units(text, language=language))


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(str(n) for n in numbers)
