"""The clips of the maker ``drawn``."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bench.assessor.case import Case, Neighbour, bad, expect, good
from bench.assessor.drawn.shot import Shot
from bench.assessor.labels import Label, Truth
from orchestrator.assessor import Side
from providers.mock.palettes import PALETTES

MAKER = "drawn"
LINES = (
    "The harbour wakes slowly while the first boats leave for the open sea.",
    "She carried the heavy basket home along the narrow river path.",
    "Every morning the baker opens his window and greets the whole street.",
    "Our mountain railway climbs through forest, snow and bright morning light.",
    "When the rain finally stopped, children ran into the garden laughing.",
    "This small workshop has repaired clocks and watches for many years.",
    "Take a deep breath and listen to the wind above the trees.",
    "The old bridge connects two villages that rarely speak to each other.",
    "Fresh coffee, warm bread and a quiet table are waiting for you.",
    "Nobody remembered the song, but everyone could hum its melody.",
    "Tonight the market square fills with music, dancing and paper lanterns.",
    "Good tools make hard work simple, and simple work a pleasure.",
)
NEGATED = (
    ("You should not open the door before the light turns green.", "not "),
    ("The medicine is not safe for children under the age of twelve.", "not "),
    ("We did not find the missing climbers near the frozen lake.", "not "),
    ("This offer is not available in stores outside the country.", "not "),
)
NUMBERED = (
    ("The train to the coast leaves at seven every morning this week.", "seven", "eleven"),
    ("More than forty people helped to build the new school roof.", "forty", "sixty"),
    ("Our garden gives us thirty kilos of apples in a good year.", "thirty", "ninety"),
    ("The tower was finished in three months and cost half a million.", "three", "eight"),
)
NAMED = (
    ("Doctor Okafor will show you the new laboratory this afternoon.", ("Okafor",)),
    ("Meet Elena and Marcus at the corner of Willow Street tonight.", ("Elena", "Marcus", "Willow")),
    ("In 2019 our team planted 250 trees on the northern hill.", ()),
    ("About 30% of the water is lost before it reaches the fields.", ()),
)
FOREIGN = (
    ("fr", "Le port se réveille lentement pendant que les premiers bateaux quittent la côte.", LINES[0]),
    ("de", "Jeden Morgen öffnet der Bäcker sein Fenster und grüßt die ganze Straße.", LINES[2]),
    ("es", "El viejo puente une dos pueblos que rara vez se hablan.", LINES[7]),
)
_OTHERS = ("elephant", "purple", "tomorrow", "kitchen", "seventeen", "blanket", "engine", "whisper", "cactus", "violin")
_SMALL_WORDS = {"that", "with", "this", "while", "when", "into", "each", "many", "are", "for", "and", "the", "its"}
_SIZES = ((320, 180), (640, 360), (180, 320), (480, 270), (360, 640), (426, 240))
_CARDS = (
    "The Quiet Harbour",
    "Chapter Two|The Long Winter",
    "Thank you for watching",
    "Open every day|9 to 5",
    "Spring Sale",
)


def cases() -> Iterator[Case]:
    """Every clip of this maker, those first that stand beside others."""
    yield from _good()
    yield from _wrong_words()
    yield from _wrong_sound()
    yield from _wrong_picture()
    yield from _wrong_file()
    yield from _joints()


def _shot(number: int, **fields: Any) -> Shot:
    """A plain good clip; ``number`` decides on line, look and view."""
    usual = {"seconds": 6.0, "line": LINES[number % len(LINES)], "look": 100 + number, "shape": number}
    return Shot(**{**usual, **fields})


def _case(name: str, shot: Shot, *, kind: str, truth: Any = good, text: str | None = None, **expected: Any) -> Case:
    """``truth`` makes the label's truth of what was ordered."""
    ordered = expect(
        **{
            "text": shot.line if text is None else text,
            "target_seconds": shot.seconds,
            "size": f"{shot.width}x{shot.height}",
            "visual_intent": "A wide view over hills and water",
            **expected,
        }
    )
    label = Label(file=f"{MAKER}-{name}.mp4", expectation=ordered, truth=truth(ordered), kind=kind, maker=MAKER)
    return Case(file=label.file, recipe=shot, label=label)


def _bad(name: str, shot: Shot, defect: str, strength: object, fails: str, *unsure: str, **expected: Any) -> Case:
    def truth(ordered: Any) -> Truth:
        return bad(ordered, defect, strength, fails=fails, unsure=unsure)

    return _case(f"{name}-{strength}".replace(" ", "_"), shot, kind="", truth=truth, **expected)


def _elsewhere(look: int) -> int:
    """Another look, of a palette that cannot be taken for this one: five on in their list."""

    def palette(seed: int) -> int:
        return int(np.random.default_rng(seed).integers(len(PALETTES)))

    return next(n for n in range(look + 1, look + 999) if palette(n) == (palette(look) + 5) % len(PALETTES))


# --- good ---


def _good() -> Iterator[Case]:
    for number, pitch in enumerate((1.0, 0.88, 0.94, 1.06, 1.12, 1.18, 1.0, 0.92, 1.04, 1.1)):
        width, height = _SIZES[number % len(_SIZES)]
        shot = _shot(number, pitch=pitch, width=width, height=height, seconds=5 + number % 3)
        yield _case(f"plain-{number}", shot, kind="plain")
    for number, (width, height) in enumerate(((1280, 720), (720, 1280), (1920, 1080))):
        yield _case(f"large-{number}", _shot(number + 20, width=width, height=height, seconds=5.0), kind="large")
    for number, level in enumerate((-26, -22, -20, -18)):
        yield _case(f"music-{number}", _shot(number + 30, bed=f"music:{level}"), kind="music under speech")
    fades = ((("fade_in", 0.5),), (("fade_out", 0.7),), (("fade_in", 1.0), ("fade_out", 1.0)), (("fade_in", 1.5),))
    for number, picture in enumerate(fades):
        prompt = "Hills at dawn. Fades in from black." if number == 2 else "Hills at dawn."
        yield _case(f"fade-{number}", _shot(number + 40, picture=picture), kind="fade", prompt=prompt)
    for number in range(4):
        shot = _shot(number + 50, pace=0.0)
        asked = {"prompt": "A still photograph, the camera does not move.", "visual_intent": "A motionless still image"}
        yield _case(f"still-{number}", shot, kind="intended still", **asked)
    for number, pace in enumerate((0.08, 0.15)):
        yield _case(f"slow-{number}", _shot(number + 55, pace=pace), kind="slow")
    for number, gain in enumerate((0.45, 0.35, 0.28, 0.4)):
        shot = _shot(number + 60, picture=(("exposure", gain), ("grain", 2)))
        asked = {"prompt": "Night, hills under a dark sky, moonlight.", "visual_intent": "Hills at night"}
        yield _case(f"night-{number}", shot, kind="night", **asked)
    for number in range(3):
        shot = _shot(number + 65, scene="chart", width=480, height=270, pace=0.35)
        yield _case(f"chart-{number}", shot, kind="graphics", visual_intent="A bar chart whose bars grow")
    for number, sigma in enumerate((4, 7, 10)):
        shot = _shot(number + 70, picture=(("grain", sigma),))
        yield _case(f"grain-{number}", shot, kind="grain", prompt="Shot on grainy 16 mm film." if number else "")
    for number, share in enumerate((0.015, 0.03, 0.05)):
        shot = _shot(number + 75, width=640, height=360, picture=(("blur", share), ("person", 30 + number, 0.8)))
        yield _case(f"shallow-{number}", shot, kind="shallow focus", prompt="Shallow depth of field, soft background.")
    for number, pace in enumerate((4, 7, 10)):
        yield _case(f"pan-{number}", _shot(number + 80, pace=pace), kind="fast pan", prompt="A fast pan over hills.")
    for number, level in enumerate((-10, -15, -20)):
        shot = _shot(number + 85, sound=(("gain", level),), bed="none" if number else "wind")
        yield _case(f"quiet-{number}", shot, kind="quiet speech")
    for number, words in enumerate(_CARDS):
        shot = _shot(number + 90, scene="card", width=640, height=360, picture=(("text", words, 0.1, 0.0),))
        said = words.replace("|", " ")
        yield _case(
            f"card-{number}", shot, kind="title card", prompt=f'A calm title card that reads "{said}"',
            visual_intent=f"A title card: {said}",
        )  # fmt: skip
    for number, (line, names) in enumerate(NAMED):
        yield _case(f"names-{number}", _shot(number + 95, line=line), kind="names and figures", vocabulary=names)
    for number, off in enumerate((-0.2, 0.1, 0.2)):
        shot = _shot(number + 100)
        yield _case(f"about-{number}", shot, kind="nearly the length", target_seconds=round(shot.seconds - off, 3))
    for number in range(3):
        shot = _shot(number + 105, width=640, height=360)
        yield _case(
            f"caption-{number}", replace(shot, caption=shot.line), kind="captions", prompt=f'Says: "{shot.line}"'
        )
    for number, seconds in enumerate((0.8, 1.5)):
        shot = _shot(number + 110, sound=(("pause", 0.5, seconds),), bed="none", seconds=7.0)
        yield _case(f"pause-{number}", shot, kind="a pause in the line")
    shot = _shot(115, picture=(("exposure", 0.5), ("flash", 2.0, 0.1), ("flash", 4.2, 0.1)))
    yield _case("lightning", shot, kind="lightning", prompt="Lightning flashes over dark hills in a thunderstorm.")


# --- words and sound ---


def _replace_words(line: str, count: int, seed: int) -> str:
    """``count`` words that carry the meaning, replaced by words that do not fit."""
    rng, words = random.Random(seed), line.split()
    places = [i for i, w in enumerate(words) if len(w.strip(".,")) > 3 and w.strip(".,").lower() not in _SMALL_WORDS]
    others = iter(rng.sample(_OTHERS, count))
    for place in rng.sample(places, count):
        words[place] = next(others) + (words[place][-1] if words[place][-1] in ".," else "")
    return " ".join(words)


def _scramble(line: str, strength: str, seed: int) -> str:
    words = line.rstrip(".").lower().split()
    if strength == "halves":
        middle = len(words) // 2
        words = words[middle:] + words[:middle]
    else:
        random.Random(seed).shuffle(words)
    return " ".join(words).replace(",", "") + "."


def _wrong_words() -> Iterator[Case]:
    for number in range(12):
        count, text = (1, 2, 3, 5)[number % 4], LINES[number]
        said = _replace_words(text, count, number)
        yield _bad(f"words-{number}", _shot(number + 200, line=said), "wrong words", count, "words", text=text)
    for number in range(6):
        strength, text = "halves" if number % 3 == 0 else "all", LINES[(number * 5 + 1) % len(LINES)]
        shot = _shot(number + 220, line=_scramble(text, strength, number))
        yield _bad(f"order-{number}", shot, "scrambled order", strength, "words", text=text)
    for number, (text, negation) in enumerate(NEGATED):
        shot = _shot(number + 230, line=text.replace(negation, "", 1))
        yield _bad(f"not-{number}", shot, "dropped not", 1, "words", text=text)
    for number, (text, right, wrong) in enumerate(NUMBERED):
        shot = _shot(number + 235, line=text.replace(right, wrong))
        yield _bad(f"number-{number}", shot, "changed number", 1, "words", text=text)
    for language, text, said in FOREIGN:
        shot = _shot(len(language) + 240, line=said)
        yield _bad(
            f"language-{language}", shot, "wrong language", f"en for {language}", "words", text=text, language=language
        )
    for number, share in enumerate((0.3, 0.5, 0.7, 0.85)):
        shot = _shot(number + 245, sound=(("cut_off", share),))
        yield _bad(f"cutoff-{number}", shot, "truncated speech", share, "words", "sound")
    for number, extra in enumerate(("and then they forgot all about it", "please subscribe")):
        line = LINES[number + 3]
        shot = _shot(number + 250, line=f"{line.rstrip('.')}, {extra}.", seconds=7.5)
        yield _bad(f"extra-{number}", shot, "added words", len(extra.split()), "words", text=line)
    shot = _shot(253, sound=(("stutter", 0.5, 2),), seconds=8.0)
    yield _bad("stutter", shot, "repeated words", 2, "words")
    for number in range(2):
        shot = _shot(number + 255, sound=(("backwards",),))
        yield _bad(f"babble-{number}", shot, "babble", 1, "words")


def _wrong_sound() -> Iterator[Case]:
    silences = (
        ("digital", {"line": "", "bed": "none"}), ("room tone", {"line": "", "bed": "wind:-62"}),
        ("no track", {"bed": "no track"}), ("wind", {"line": "", "bed": "wind:-36"}),
    )  # fmt: skip
    for number, (strength, fields) in enumerate(silences):
        text = LINES[number]
        shot = _shot(number + 260, **fields)
        yield _bad(f"silence-{number}", shot, "no speech", strength, "words", "sound", text=text)
    for number, level in enumerate((-24, -18, -12)):
        shot = _shot(number + 265, line="", bed=f"music:{level}")
        yield _bad(f"musiconly-{number}", shot, "music only", f"{level} dB", "words", "sound", text=LINES[number + 4])
    for number, decibels in enumerate((9, 14, 20)):
        shot = _shot(number + 270, sound=(("clip", decibels),))
        yield _bad(f"clip-{number}", shot, "clipped sound", f"{decibels} dB", "sound", "words")
    for number, (count, level) in enumerate(((2, 0.9), (5, 0.6), (12, 0.8))):
        shot = _shot(number + 275, sound=(("clicks", count, level),))
        yield _bad(f"clicks-{number}", shot, "clicks", count, "sound")


# --- picture and file ---


def _wrong_picture() -> Iterator[Case]:
    for number, seconds in enumerate((0.2, 0.4, 0.8, 1.5, 2.0)):
        shot = _shot(number + 280, picture=(("black", 2.0 + 0.3 * number, seconds),))
        yield _bad(f"black-{number}", shot, "black", f"{seconds} s", "picture")
    for number, seconds in enumerate((0.3, 0.6, 1.0, 1.5, 2.0, 3.0)):
        step = ("freeze" if number % 2 else "stall", 1.6 + 0.2 * number, seconds)
        shot = _shot(number + 290, picture=(step,), pace=1.5)
        yield _bad(f"freeze-{number}", shot, "freeze", f"{seconds} s", "picture")
    for number, (amount, hertz) in enumerate(((0.15, 7), (0.3, 10), (0.5, 5))):
        shot = _shot(number + 300, picture=(("flicker", amount, hertz),))
        yield _bad(f"flicker-{number}", shot, "flicker", amount, "picture")
    for number, seconds in enumerate((0.07, 0.14)):
        shot = _shot(number + 305, picture=(("flash", 2.5, seconds),))
        yield _bad(f"flash-{number}", shot, "white flash", f"{seconds} s", "picture")
    for number, share in enumerate((0.02, 0.035, 0.06)):
        shot = _shot(number + 310, width=640, height=360, picture=(("blur", share),))
        yield _bad(f"blur-{number}", shot, "blur", f"{share:.1%} whole", "picture")
    for number, share in enumerate((0.02, 0.04)):
        shot = _shot(number + 315, width=640, height=360, picture=(("blur", share, 2.0, 2.0),))
        yield _bad(f"blurpart-{number}", shot, "blur", f"{share:.1%} for 2 s", "picture")
    for number, crf in enumerate((42, 47, 51)):
        shot = _shot(number + 320, width=640, height=360, crf=crf, picture=(("grain", 4),))
        yield _bad(f"blocks-{number}", shot, "blockiness", f"crf {crf}", "picture")
    for number, (share, is_pillar) in enumerate(((0.08, False), (0.125, False), (0.16, True))):
        shot = _shot(number + 325, picture=(("bars", share, is_pillar),))
        yield _bad(f"bars-{number}", shot, "bars", share, "picture")
    for number, (at, is_other) in enumerate(((2.0, True), (3.2, True), (4.4, True), (3.0, False))):
        shot = _shot(number + 330)
        other = _elsewhere(shot.look) if is_other else shot.look
        shot = replace(shot, picture=(("cut", at, other, 99 + number),))
        yield _bad(f"cut-{number}", shot, "hidden cut", "another place" if is_other else "another view", "picture")
    for number, (words, garble) in enumerate((*((card, 0.8) for card in _CARDS[:3]), (_CARDS[3], 0.5))):
        shot = _shot(number + 335, scene="card", width=640, height=360, picture=(("text", words, 0.1, garble, number),))
        said = words.replace("|", " ")
        prompt = f'A calm title card that reads "{said}"'
        yield _bad(f"garbled-{number}", shot, "garbled text", garble, "picture", prompt=prompt, visual_intent=said)


def _wrong_file() -> Iterator[Case]:
    for number, share in enumerate((0.3, 0.6, 0.9)):
        shot = _shot(number + 340, file=(("truncate", share),))
        yield _bad(f"truncated-{number}", shot, "truncated file", share, "picture", "words", "length")
    for number, share in enumerate((0.002, 0.02, 0.1)):
        shot = _shot(number + 345, file=(("corrupt", share),))
        yield _bad(f"corrupt-{number}", shot, "corrupted middle", share, "picture", "words", "length")
    for number, (size, strength) in enumerate(
        (("640x640", "square"), ("180x320", "on its side"), ("1280x720", "quarter"))
    ):
        yield _bad(f"size-{number}", _shot(number + 350), "wrong size", strength, "picture", size=size)
    for number, off in enumerate((-1.0, -2.0, 1.2, 3.0)):
        shot = _shot(number + 355, seconds=6.0 + max(0.0, off))
        target = shot.seconds - off
        yield _bad(f"length-{number}", shot, "wrong length", f"{off:+g} s", "length", target_seconds=target)


# --- between a take and its neighbour ---


def _joint(
    name: str, beside: Shot, shot: Shot, truth: Any, *, side: Side = Side.BEFORE, kind: str = "", **more: Any
) -> Iterator[Case]:
    neighbour = Case(file=f"{MAKER}-{name}-beside.mp4", recipe=beside)
    yield neighbour
    is_same_scene = more.pop("is_same_scene", True)
    yield _case(
        name, shot, kind=kind, truth=truth,
        neighbours=(Neighbour(case=neighbour, side=side, is_same_scene=is_same_scene),), **more,
    )  # fmt: skip


def _joints() -> Iterator[Case]:
    def pair(number: int, **fields: Any) -> tuple[Shot, Shot]:
        """Two takes of one scene: one place and light, two views."""
        shot = _shot(number, seconds=5.0, **fields)
        return replace(shot, shape=shot.shape + 1000, line=LINES[(number + 5) % len(LINES)]), shot

    for number in range(6):
        fields = {"picture": (("exposure", 0.3),)} if number == 2 else {}
        if number in (3, 4):
            fields = {"picture": (("person", 40 + number, 0.6),)}
        side = Side.AFTER if number % 3 == 1 else Side.BEFORE
        yield from _joint(f"neighbour-{number}", *pair(number + 400, **fields), good, kind="good neighbour", side=side)
    for number in range(4):
        beside, shot = pair(number + 410)
        beside = replace(beside, look=_elsewhere(shot.look), sound=(("gain", -3),) if number % 2 else ())
        yield from _joint(f"scene-{number}", beside, shot, good, kind="good scene change", is_same_scene=False)
    for number in range(3):
        beside, shot = pair(number + 420, bed="music:-16")
        shot = replace(shot, line="")
        yield from _joint(f"wordless-{number}", beside, shot, good, kind="no words, music")

    def spoiled(defect: str, strength: object) -> Any:
        return lambda ordered: bad(ordered, defect, strength, fails="joint")

    for number, shift in enumerate((14, 25, 40)):
        beside, shot = pair(number + 430)
        shot = replace(shot, picture=(("tint", -shift if number % 2 else shift, shift * (-1) ** number),))
        yield from _joint(f"colour-{number}", beside, shot, spoiled("colour change", shift))
    for number, gain in enumerate((0.5, 0.35, 0.2)):
        beside, shot = pair(number + 435)
        yield from _joint(
            f"light-{number}", beside, replace(shot, picture=(("exposure", gain),)), spoiled("light change", gain)
        )
    for number, decibels in enumerate((-10, -16, -20)):
        beside, shot = pair(number + 440)
        quieter = replace(shot, sound=(("gain", decibels),))
        yield from _joint(f"loudness-{number}", beside, quieter, spoiled("loudness jump", f"{decibels} dB"))
    for number, share in enumerate((0.5, 0.7, 0.95)):
        beside, shot = pair(number + 445)
        beside = replace(beside, picture=(("person", 10 + number, share),))
        shot = replace(shot, picture=(("person", 70 + number, share),))
        yield from _joint(f"person-{number}", beside, shot, spoiled("character change", share))
    for number in range(2):
        beside, shot = pair(number + 450)
        yield from _joint(
            f"place-{number}", replace(beside, look=_elsewhere(shot.look)), shot, spoiled("place change", 1)
        )
