"""Words that safety checks of providers refuse, and what is said instead. Pure, and by rule: no word is a secret."""

from __future__ import annotations

import re

SOFTER = (
    "Everything shown is peaceful, everyday and suitable for all ages.",
    "No real or famous people, brands, weapons, injuries or danger; only invented, ordinary people and places.",
)

# What is refused, as a pattern of whole words, and what is shown instead: the nearest thing that nobody refuses.
_NEUTRAL: tuple[tuple[str, str], ...] = (
    # weapons
    (r"(?:machine |hand|shot)?guns?|rifles?|pistols?|revolvers?|firearms?", "walking stick"),
    (r"knife|knives|daggers?|swords?|machetes?", "wooden spoon"),
    (r"bombs?|grenades?|explosives?|missiles?", "drum"),
    (r"weapons?", "tools"),
    (r"bullets?|ammunition", "pebbles"),
    (r"explosions?|explod(?:es?|ed|ing)|blasts?", "burst of confetti"),
    # injuries and violence
    (r"blood(?:y|ied)?|gore|gory", "red paint"),
    (r"wound(?:s|ed)?|injur(?:y|ies|ed)|bruis(?:es?|ed)", "tired"),
    (r"corpses?|dead bod(?:y|ies)|cadavers?", "sleeping figure"),
    (r"kill(?:s|ed|ing)?|murder(?:s|ed|ing)?|shoot(?:s|ing)?|stab(?:s|bed|bing)?", "chase"),
    (r"fight(?:s|ing)?|attack(?:s|ed|ing)?|beat(?:s|en|ing)? up", "argue"),
    (r"tortur(?:e[sd]?|ing)|suicid(?:e|al)", "sorrow"),
    (r"war|battle(?:field)?s?", "storm"),
    (r"terrorists?", "strangers"),
    # nudity
    (r"nude|naked|topless|undress(?:ed|ing)?|sexy|erotic|lingerie", "fully dressed"),
    # drugs
    (r"cocaine|heroin|marijuana|cannabis|drugs?|syringes?", "tea"),
    (r"cigarettes?|cigars?|smok(?:es|ing) (?:a )?(?:cigarette|pipe)", "cup of tea"),
    (r"drunk(?:en)?|whisk(?:e)?y|vodka", "cheerful"),
    # minors
    (r"child(?:ren)?|kids?|little (?:girl|boy)s?|schoolgirls?|schoolboys?|teen(?:ager)?s?|minors?", "adult"),
    # brands and works; a list like this only ever holds the most usual ones
    (r"disney|pixar|marvel|star wars|harry potter|pok[eé]mon|ghibli|mickey mouse|batman|superman|spider-?man",
     "an invented storybook"),
    (r"coca-?cola|pepsi|mcdonald'?s|starbucks|nike|adidas|gucci|rolex|lego|ferrari|porsche|tesla|iphones?",
     "an unbranded"),
    # living or recent people, by role
    (r"celebrit(?:y|ies)|famous (?:actor|actress|singer|person|people)|presidents?|prime ministers?|popes?",
     "an invented person"),
)  # fmt: skip
_RULES = tuple((re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE), neutral) for pattern, neutral in _NEUTRAL)
# Demands of ours and of the canon that name a thing in order to keep it out.
_KEPT_OUT = re.compile(
    r"(?:^|(?<=[.;:!?\n]))[^.;!?\n]*\b(?:no|not|never|without|avoid|nobody)\b[^.!?\n]*", re.IGNORECASE
)


def find_risks(text: str) -> tuple[tuple[str, str], ...]:
    """The risky words of ``text`` as they stand there, each with its neutral wording, in order of the table."""
    asked_for = _KEPT_OUT.sub(" ", text)
    found = ((match.group().lower(), neutral) for rule, neutral in _RULES for match in rule.finditer(asked_for))
    return tuple(dict.fromkeys(found))


def reword(text: str, rewording: tuple[tuple[str, str], ...]) -> str:
    """``text`` with every whole word or phrase of ``rewording`` replaced, whatever its case."""
    for risky, neutral in rewording:
        text = re.sub(rf"(?<!\w){re.escape(risky)}(?!\w)", lambda _, n=neutral: n, text, flags=re.IGNORECASE)
    return text


def without_line(prompt: str, line: str) -> str:
    """``prompt`` without the words to be spoken, which are not a description of the picture."""
    return prompt.replace(line, " ") if line else prompt
