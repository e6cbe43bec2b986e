"""The line and what was heard of it, word for word, as HTML; signs as well as colours tell what differs. Pure."""

from __future__ import annotations

from html import escape

from orchestrator.schema.assessment import CheckResult
from pages.components.shared.check_words import SECOND_WITNESS_WORDS
from pages.components.shared.numbers import percent
from pages.components.shared.words import LANGUAGES
from pages.components.takes import evidence
from pages.components.takes.evidence_alignment import Stretch, stretches
from pages.components.takes.evidence_player import link

WIDE = frozenset(("Read in the picture", "Cuts"))
SIGNS = {
    "missing": "<del>crossed out</del> was not said",
    "wrong": '<ins class="wrong">wavy</ins> was said instead of the crossed out words before it',
    "extra": '<ins class="extra">underlined</ins> was added',
}


def draw(check: CheckResult, *, video_url: str) -> str:
    """The aligned words with their times, and how it was spoken. Empty when nothing was listened to."""
    expected, heard = evidence.text(check.evidence.get("expected")), evidence.text(check.evidence.get("heard"))
    aligned = stretches(check)
    if aligned:
        words = f'<p class="svo-words">{" ".join(_stretch(item, video_url=video_url) for item in aligned)}</p>'
        signs = "; ".join(SIGNS[op] for op in SIGNS if any(item.op == op for item in aligned))
        words += f'<p class="svo-key">{signs}.</p>' if signs else ""
    elif expected:
        said = f"“{escape(heard)}”" if heard else "nothing"
        words = f'<p class="svo-words"><del>{escape(expected)}</del></p><p class="svo-key">Heard: {said}</p>'
    else:
        return ""
    return words + _facts(check, video_url=video_url)


def _stretch(item: Stretch, *, video_url: str) -> str:
    expected, said = escape(item.expected), _said(item, video_url=video_url)
    match item.op:
        case "missing":
            return f"<del>{_aloud('missing')}{expected}</del>"
        case "wrong":
            return f'<del>{expected}</del> <ins class="wrong">{_aloud("instead said")}{said}</ins>'
        case "extra":
            return f'<ins class="extra">{_aloud("added")}{said}</ins>'
        case _:
            return _in_script_spelling(item, video_url=video_url) or said or expected


def _said(item: Stretch, *, video_url: str) -> str:
    """The words of a stretch as the listener wrote them, each leading to its second."""
    if not item.words:
        return escape(item.heard)
    joint = " " if " " in item.heard or len(item.words) == 1 else ""
    return joint.join(link(video_url, word.start_seconds, escape(word.text)) for word in item.words)


def _in_script_spelling(item: Stretch, *, video_url: str) -> str:
    """A stretch that was said as written, spelled as written; empty where its words cannot be told apart."""
    written = item.expected.split()
    if not item.words or len(written) != len(item.words):
        return ""
    pairs = zip(written, item.words, strict=True)
    return " ".join(link(video_url, word.start_seconds, escape(spelled)) for spelled, word in pairs)


def _aloud(words: str) -> str:
    return f'<span class="svo-aloud">{words}: </span>'


def _facts(check: CheckResult, *, video_url: str) -> str:
    """How it was spoken, as a list of names and values."""
    rate, pace = evidence.figure(check, "word_error_rate"), evidence.figure(check, "words_per_minute")
    language = evidence.text(check.evidence.get("language"))
    sure = evidence.figure(check, "language_probability")
    witness = SECOND_WITNESS_WORDS.get(evidence.text(check.evidence.get("second_witness")), "")
    fit = evidence.figure(check, "expected_probability")
    voiced = evidence.spans(check, "speech")
    found = {
        "Word errors": "" if rate is None else percent(rate),
        "Pace": "" if pace is None else f"{pace:.0f} words a minute",
        "Language heard": (LANGUAGES.get(language, language) + ("" if sure is None else f" ({percent(sure)} sure)"))
        if language
        else "",
        "Second listening": witness + ("" if fit is None or not witness else f"; the line fits by {percent(fit)}"),
    }
    facts = {name: escape(value) for name, value in found.items() if value}
    if voiced:
        first, last = voiced[0][0], voiced[-1][1]
        facts["Voice"] = link(video_url, first, f"from {first:.1f} s") + " " + link(video_url, last, f"to {last:.1f} s")
    return fact_list(facts)


def fact_list(facts: dict[str, str]) -> str:
    """Names with values (HTML) as a quiet list, what is listed itself over the whole width; empty without any."""
    items = "".join(_fact(name, value, is_wide=name in WIDE) for name, value in facts.items())
    return f'<dl class="svo-facts">{items}</dl>' if items else ""


def _fact(name: str, value: str, *, is_wide: bool) -> str:
    width = ' class="wide"' if is_wide else ""
    return f"<div{width}><dt>{escape(name)}</dt><dd>{value}</dd></div>"
