"""What each clip should show, in plain English for a video model, and how to tell whether it does.

The picture never repeats the spoken text: it is built from stage directions, the scene, the speaker, a few telling
words and the tone of the brief.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.director.speech import Unit
from orchestrator.schema.value import Value

_FRAMINGS = ("Wide shot", "Medium shot", "Close-up", "Medium shot from a slight angle", "Slow push-in")
_MAX_TELLING_WORDS, _MIN_TELLING_LETTERS = 3, 3
_MIN_CRITERIA, _MAX_CRITERIA = 2, 4
_MAX_DIRECTION_CHARACTERS = 300
# Words that name nothing a camera could find. English only: other languages choose by length alone.
_LEADS_IN_WORDS = "a an the my your his her our their its of in on at by with from under over near every each"
_UNSEEN_WORDS = """
about above across actually after again against almost along already also although always among another anyone
anything around because become becomes been before begin begins behind being believe below best better between beyond
both bring brings build builds built came cannot change changes check checked checks clear clearly come comes could
days didn does doesn done down during each easy either else enough even ever every everyone everything exactly feel
feels felt find finds first five follow forget forward four free from gave gets give gives goes going gone good great
have having hear heard help helps here hers herself himself however idea ideas into itself just keep keeps kept kind
know known knows last late later learn least leave less like likes listen little long look looks lose lost made make
makes making many matter maybe mean means might mind minute moment more most much must myself need needs never next
nice none nothing often once only onto open other others ought ours over part perhaps place plan point possible
problem quite rather read ready real really reason right said same second seem seems seen send sense shall should show
shows simple simply since some someone something sometimes soon speak speaks start starts stay still stop such take
takes tell tells than thank that their them then there these they thing things think this those though thought three
through time times today together told tomorrow took toward tries true turn turned turns under understand until upon
used uses using very wait want wants ways well went were what whatever when where whether which while whole whose will
with within without wonder word wrong year years yesterday yours yourself welcome hello small big new old own few two
three ten one all any you him them who not and but for are was has had did can may now too yet out off way lot bit
"""
_LEADS_IN, _UNSEEN = frozenset(_LEADS_IN_WORDS.split()), frozenset(_UNSEEN_WORDS.split())


class ClipContext(Value):
    """What is known about a clip besides its words. ``index`` counts from 0 within its scene; ``others`` are the
    other speakers of the scene; ``telling_words`` are the few words worth hinting at in the picture."""

    index: int
    title: str = ""
    setting: str = ""
    directions: tuple[str, ...] = ()
    speaker: str = ""
    is_heard_only: bool = False
    others: tuple[str, ...] = ()
    telling_words: tuple[str, ...] = ()
    tone: str = ""


def telling_words(units: Sequence[Unit], *, language: str = "en") -> tuple[str, ...]:
    """Up to three words of a clip that name something to be seen, in spoken order.

    In English a word counts when an article, a possessive or a preposition leads it in ("the page", "a long road");
    in other languages the longest words do. Empty when the words would be most of what is said.
    """
    words = [w.casefold() for unit in units for w in re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", unit.text)]
    ranked: dict[str, int] = {}
    for index, word in enumerate(words):
        if len(word) < _MIN_TELLING_LETTERS or word in _UNSEEN or word in ranked or not word.isalpha():
            continue
        if language != "en":
            ranked[word] = -min(len(word), 9)
        elif word not in _LEADS_IN and not word.endswith(("ly", "ing", "ed")) and _is_led_in(words, index):
            ranked[word] = 0
    chosen = sorted(ranked, key=lambda w: ranked[w])[:_MAX_TELLING_WORDS]
    if 2 * len(chosen) > len(units):
        return ()
    return tuple(word for word in ranked if word in chosen)


def _is_led_in(words: Sequence[str], index: int) -> bool:
    while index > 0 and words[index - 1] in _UNSEEN and words[index - 1] not in _LEADS_IN:
        index -= 1  # an adjective that names nothing itself
    return index > 0 and words[index - 1] in _LEADS_IN


def visual_intent(context: ClipContext) -> str:
    """What the clip shows, as a few sentences. Pure: the same context gives the same words."""
    framing = _FRAMINGS[context.index % len(_FRAMINGS)]
    if context.is_heard_only:
        subject = f"images of {_listed(context.telling_words)}" if context.telling_words else "the place itself"
        sentences = [f"{framing} of {subject}, with nobody speaking on screen"]
    else:
        who = context.speaker or "one person"
        whom = _listed(context.others) if context.others else "the camera"
        sentences = [f"{framing} of {who} speaking to {whom}"]
    if context.setting:
        sentences.append(f"Setting: {_clean(context.setting)}")
    if context.directions:
        sentences.append(f"What happens: {_clean('; '.join(context.directions))}")
    if context.title:
        sentences.append(f"The scene is about: {_clean(context.title)}")
    if context.telling_words and not context.is_heard_only:
        sentences.append(f"The surroundings hint at {_listed(context.telling_words)}")
    if context.tone:
        sentences.append(f"The mood is {_lower_first(_clean(context.tone))}")
    return ". ".join(sentences) + "."


def acceptance(context: ClipContext) -> tuple[str, ...]:
    """Two to four things the clip must show; each can be answered yes or no by looking at stills of it."""
    criteria: list[str] = []
    if not context.is_heard_only:
        criteria.append(f"{context.speaker or 'One person'} clearly visible and speaking")
    elif context.telling_words:
        criteria.append(f"Images that suggest {_listed(context.telling_words)}")
    if context.directions:
        criteria.append(f"This happening: {_clean('; '.join(context.directions))}")
    if context.setting:
        criteria.append(f"This setting: {_clean(context.setting)}")
    criteria.append("One place throughout, without a cut to another")
    if context.tone:
        criteria.append(f"A mood that is {_lower_first(_clean(context.tone))}")
    if len(criteria) < _MIN_CRITERIA:
        criteria.append("A sharp, well lit picture")
    return tuple(criteria[:_MAX_CRITERIA])


def _clean(text: str) -> str:
    text = " ".join(text.split()).rstrip(" .;,!?")
    if len(text) <= _MAX_DIRECTION_CHARACTERS:
        return text
    return text[:_MAX_DIRECTION_CHARACTERS].rsplit(" ", 1)[0] + "…"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
