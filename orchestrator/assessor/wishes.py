"""Wishes: what would be a fault of the picture, and was asked for. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

from orchestrator.assessor.expectation import Expectation


class Wish(StrEnum):
    STILL = "still"
    CUT = "cut"
    FLICKER = "flicker"
    BLUR = "blur"
    NOISE = "noise"
    BLOCKS = "blocks"
    BARS = "bars"
    BLACK = "black"
    STEPS = "steps"
    CLICKS = "clicks"


# In the words that prompts are written in; a clip that asks for such a thing in another language is shown to a person.
_WORDS = {
    Wish.STILL: r"still (?:image|picture|photo\w*|frame|shot|life)|freeze[- ]?frame|fr[eo]ez\w+|photograph|title card|"
    r"slate|static (?:image|picture|shot|card)|motionless|standbild|slideshow|(?:holds?|stands?|completely) still",
    Wish.CUT: r"(?:cuts?|cutting) (?:to|between|from)|(?:hard|jump|smash|match|quick) cuts?|montage|split[- ]screen|"
    r"intercut\w*|slideshow|(?:next|second|third) shot|series of shots|shot [2-9]\b",
    Wish.FLICKER: r"flicker\w*|strob\w+|lightning|fireworks?|disco|flash(?:es|ing)|explo\w+|gunfire|candle\w*|"
    r"(?:camp)?fires?\b|torch\w*|neon|police lights|welding|glitch\w*|thunderstorm",
    Wish.BLUR: r"blur\w*|out of focus|soft[- ]focus|rack focus|focus pull|defocus\w*|bokeh|haz[ey]\w*|fog\w*|mist\w*|"
    r"gradients?\b|abstract|graphics|soft (?:shapes|colou?rs|light)|dreamy|underwater|tilt-shift|frosted",
    Wish.NOISE: r"grain\w*|noisy|static noise|vhs|vintage|old film|archiv\w+|snow\w*|rain\w*|glitch\w*|super 8|16 ?mm|"
    r"cctv|security camera|confetti|sparkl\w+",
    Wish.BLOCKS: r"pixel\w*|8-?bit|mosaic\w*|glitch\w*|retro game|voxel\w*|checker\w*|tiles?\b",
    Wish.BARS: r"letterbox\w*|pillarbox\w*|cinemascope|black bars|anamorphic|2[.,:](?:35|39|40?)\b",
    Wish.BLACK: r"black (?:screen|frame)|(?:fade|cut|dip|turn)\w* (?:in |out )?(?:to|from|through) black|blackout|"
    r"lights? (?:go|goes) (?:out|off)|complete darkness|blinks?\b",
    Wish.STEPS: r"stop[- ]motion|claymation|time-?lapse|stutter\w*|slideshow|step by step animation",
    Wish.CLICKS: r"click\w*|typewriter|keyboard|clock|tick\w*|crackl\w*|vinyl|clap\w*|snap\w*|fires?\b|"
    r"campfire|rain\w*",
}
_PATTERNS = {wish: re.compile(rf"\b(?:{words})", re.IGNORECASE) for wish, words in _WORDS.items()}
_CLAUSE = re.compile(r"[.;:!?\n]+")
_DENIAL = re.compile(
    r"\b(?:no|not|never|without|avoid\w*|free of|nor|neither|don't|doesn't|instead of)\b", re.IGNORECASE
)


def is_wished(wish: Wish, expectation: Expectation) -> bool:
    """Whether the clip was asked for in words that mean ``wish``; “without cuts” does not ask for any. What is said in
    the clip is no wish for its picture."""
    wanted = "\n".join((expectation.prompt, expectation.visual_intent, *expectation.acceptance))
    if expectation.text:
        wanted = wanted.replace(expectation.text, " ")
    return any(
        not _DENIAL.search(clause, 0, found.start())
        for clause in _CLAUSE.split(wanted)
        for found in _PATTERNS[wish].finditer(clause)
    )
