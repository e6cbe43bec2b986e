"""The clips of the maker ``filmed``, all of them held out: nothing is tuned on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench.assessor.case import Case, Neighbour, bad, expect, good
from bench.assessor.filmed.reel import FONT, Reel
from bench.assessor.labels import Label, Truth
from orchestrator.assessor import Side

MAKER = "filmed"
LINES = (
    "Today we will learn how people made paper more than a thousand years ago.",
    "Please remember to close the window before you leave the house.",
    "The little garden behind the church is open to all visitors.",
    "My brother works in a hospital and comes home late in the evening.",
    "There are many ways to travel through this beautiful country.",
    "Water is the most important thing you can take on a long walk.",
    "The teacher told us a story about a king and a clever farmer.",
    "In summer the days are long and the nights are warm and quiet.",
    "They bought a small house near the river and painted it white.",
    "A good friend will always tell you what you need to hear.",
)
ABROAD = (
    ("de", "de", "Heute lernen wir, wie man vor vielen Jahren Papier gemacht hat."),
    ("fr", "fr", "Le petit jardin derrière la maison est ouvert à tous les enfants."),
    ("es", "es", "Mi hermano trabaja en un hospital y llega a casa por la noche."),
    ("it", "it", "In estate i giorni sono lunghi e le notti sono calde e tranquille."),
)
_VOICES = ("en-us", "en-us+f2", "en-gb-x-rp", "en-gb-scotland", "en-us+m3", "en-gb-x-rp+f4", "en-us+f5", "en-029")
_PHOTOS = ("cup", "cat", "astronaut", "rocket", "cameraman", "galaxies")
_PATTERNS = (
    "testsrc2=s={size}:r={fps}",
    "mandelbrot=s={size}:r={fps}:end_scale=0.02:end_pts=200",
    "gradients=s={size}:r={fps}:speed=0.02:seed=5:n=4",
)
_LOOKS = (
    {"codec": "h264", "fps": "25"}, {"codec": "vp9", "fps": "24"}, {"codec": "h265", "fps": "30"},
    {"codec": "mpeg4", "fps": "25", "channels": 1, "rate": 44100}, {"codec": "h264-mov", "fps": "60"},
    {"codec": "h264", "fps": "30000/1001", "channels": 1}, {"codec": "mpeg4-avi", "fps": "24", "rate": 44100},
)  # fmt: skip
_MUSIC = "aevalsrc='{v}*(sin(2*PI*196*t)+sin(2*PI*247*t)*gt(mod(t,2),1)+sin(2*PI*294*t)*exp(-3*mod(t,0.5)))':s=48000"


def cases() -> Iterator[Case]:
    """Every clip of this maker, those first that stand beside others."""
    yield from _good()
    yield from _wrong_words()
    yield from _wrong_sound()
    yield from _wrong_picture()
    yield from _wrong_file()
    yield from _joints()


def _reel(number: int, **fields: Any) -> Reel:
    """A plain good clip; ``number`` decides on line, voice, picture and codec."""
    name = fields.pop("name", _PHOTOS[number % len(_PHOTOS)])
    usual: dict[str, Any] = {
        "seconds": 6.0,
        "line": LINES[number % len(LINES)],
        "voice": _VOICES[number % 3],  # the plainest three; accents have clips of their own
        "source": f"photo:{name}",
        "path": ((0.0, 0.2, 1.0, 0.6), (1.0, 0.5, 0.0, 0.3), (0.2, 1.0, 0.8, 0.0))[number % 3],
        **_LOOKS[number % len(_LOOKS)],
    }
    return Reel(**{**usual, **fields})


def _case(name: str, reel: Reel, *, kind: str, truth: Any = good, text: str | None = None, **expected: Any) -> Case:
    ordered = expect(
        **{
            "text": reel.line if text is None else text,
            "target_seconds": reel.seconds,
            "size": f"{reel.width}x{reel.height}",
            "visual_intent": "A slow camera move",
            **expected,
        }
    )
    label = Label(
        file=f"{MAKER}-{name}.{reel.suffix}", expectation=ordered, truth=truth(ordered), kind=kind, maker=MAKER,
        is_held_out=True,
    )  # fmt: skip
    return Case(file=label.file, recipe=reel, label=label)


def _bad(name: str, reel: Reel, defect: str, strength: object, fails: str, *unsure: str, **expected: Any) -> Case:
    def truth(ordered: Any) -> Truth:
        return bad(ordered, defect, strength, fails=fails, unsure=unsure)

    return _case(name, reel, kind="", truth=truth, **expected)


def _words(text: str, share: float, *, colour: str = "white") -> str:
    escaped = text.replace(":", "\\:").replace("'", "")
    return (
        f"drawtext=fontfile={FONT}:text='{escaped}':fontsize=h*{share}:fontcolor={colour}:x=(w-text_w)/2:y=(h-text_h)/2"
    )


# --- good ---


def _good() -> Iterator[Case]:
    for number, voice in enumerate(_VOICES):
        reel = _reel(number, voice=voice, pitch=(50, 40, 60)[number % 3], words_per_minute=(150, 135, 165)[number % 3])
        yield _case(f"plain-{number}", reel, kind="plain")
    for number, (language, voice, text) in enumerate(ABROAD):
        reel = _reel(number + 10, line=text, voice=voice, words_per_minute=140)
        yield _case(f"abroad-{language}", reel, kind="another language", language=language)
    for number, (width, height) in enumerate(((1280, 720), (360, 640), (640, 360), (480, 480))):
        # a photograph with pixels enough for the size: what is scaled up would be soft
        name, zoom = ("galaxies", 1.02) if width > 1000 else ("astronaut", 1.3)
        reel = _reel(number + 15, width=width, height=height, name=name, zoom=zoom, codec="h264", seconds=5.0)
        yield _case(f"size-{number}", reel, kind="large" if width > 1000 else "plain")
    for number, source in enumerate(_PATTERNS):
        yield _case(f"pattern-{number}", _reel(number + 20, source=source), kind="graphics", visual_intent="Graphics")
    for number, level in enumerate((0.02, 0.035)):
        yield _case(f"music-{number}", _reel(number + 25, bed=_MUSIC.format(v=level)), kind="music under speech")
    fades = (
        "fade=t=in:d=0.7",
        "fade=t=out:st=5.2:d=0.8",
        "fade=t=in:d=1,fade=t=out:st=5:d=1",
        "fade=t=in:d=0.6:color=white",
    )
    for number, filters in enumerate(fades):
        yield _case(f"fade-{number}", _reel(number + 30, filters=filters), kind="fade")
    for number in range(3):
        reel = _reel(number + 35, path=(0.5, 0.5, 0.5, 0.5))
        asked = {
            "prompt": "A motionless still of the subject.",
            "visual_intent": "A still life, locked camera, no motion",
        }
        yield _case(f"still-{number}", reel, kind="intended still", **asked)
    for number, dark in enumerate(
        ("eq=brightness=-0.28:contrast=0.7:saturation=0.6", "colorlevels=romax=0.3:gomax=0.32:bomax=0.4")
    ):
        reel = _reel(number + 40, filters=dark, name=("cameraman", "astronaut")[number])
        yield _case(f"night-{number}", reel, kind="night", prompt="At night, dim moonlight.")
    for number, strength in enumerate((10, 22)):
        reel = _reel(number + 45, filters=f"noise=alls={strength}:allf=t", codec="h264")
        yield _case(f"grain-{number}", reel, kind="grain")
    for number, sigma in enumerate((5, 9)):
        focus = (
            f"split[x][y];[x]gblur=sigma={sigma}[far];"
            "[y]crop=iw*0.5:ih*0.8:iw*0.25:ih*0.1[near];[far][near]overlay=W*0.25:H*0.1"
        )
        reel = _reel(
            number + 50, width=640, height=360, name=("cup", "cat")[number], path=(0.4, 0.5, 0.6, 0.5), filters=focus
        )
        yield _case(f"shallow-{number}", reel, kind="shallow focus", prompt="Shallow depth of field.")
    for number, zoom in enumerate((2.2, 3.0)):
        reel = _reel(number + 55, zoom=zoom, path=(0, 0.5, 1, 0.5), filters="tmix=frames=3", name="rocket")
        yield _case(f"pan-{number}", reel, kind="fast pan", prompt="A fast pan.")
    for number, decibels in enumerate((-12, -18)):
        yield _case(f"quiet-{number}", _reel(number + 60, sound_filter=f"volume={decibels}dB"), kind="quiet speech")
    for number, words in enumerate(("A Short History of Paper", "Part 3", "Goodbye")):
        source = f"gradients=s={{size}}:r={{fps}}:speed=0.004:seed={number + 3}:n=2:c0=0x102040:c1=0x305070"
        reel = _reel(number + 65, width=640, height=360, source=source, filters=_words(words, 0.11))
        yield _case(f"card-{number}", reel, kind="title card", prompt=f'Title card with the words "{words}"')
    reel = _reel(70, codec="h265-10bit")
    yield _case("ten-bit", reel, kind="10 bit")
    reel = _reel(
        71, filters="drawbox=w=iw*0.3:h=ih*0.12:x=0:y=ih*0.8:color=0x203040:t=fill," + _words("News at six", 0.06)
    )
    yield _case("banner", reel, kind="graphics", prompt='A news banner that reads "News at six"')


# --- words and sound ---


def _wrong_words() -> Iterator[Case]:
    swaps = (
        (LINES[0], 1, "Today we will learn how people made candles more than a thousand years ago."),
        (LINES[2], 1, "The little garden behind the church is closed to all visitors."),
        (LINES[3], 2, "My sister works in a factory and comes home late in the evening."),
        (LINES[5], 2, "Water is the most dangerous thing you can take on a long flight."),
        (LINES[7], 3, "In winter the days are short and the nights are warm and noisy."),
        (LINES[8], 4, "They sold a large boat near the river and painted it green."),
        (LINES[6], 6, "The doctor sang us a poem about a horse and a hungry soldier."),
    )
    for number, (text, count, said) in enumerate(swaps):
        reel = _reel(number + 100, line=said)
        yield _bad(f"words-{number}", reel, "wrong words", count, "words", text=text)
    orders = (
        (LINES[1], "halves", "Before you leave the house please remember to close the window."),
        (LINES[4], "all", "Country many through travel this there beautiful to are ways."),
        (LINES[9], "all", "Hear tell what friend you always good a need to will you."),
    )
    for number, (text, strength, said) in enumerate(orders):
        yield _bad(f"order-{number}", _reel(number + 110, line=said), "scrambled order", strength, "words", text=text)
    nots = (
        ("You must not drink the water from this well.", "You must drink the water from this well."),
        ("The road to the village is not open in winter.", "The road to the village is open in winter."),
    )
    for number, (text, said) in enumerate(nots):
        yield _bad(f"not-{number}", _reel(number + 115, line=said), "dropped not", 1, "words", text=text)
    figures = (
        (
            "The museum closes at six and the last bus leaves at nine.",
            "The museum closes at six and the last bus leaves at five.",
        ),
        (
            "We need twenty chairs and four large tables for the party.",
            "We need sixty chairs and four large tables for the party.",
        ),
    )
    for number, (text, said) in enumerate(figures):
        yield _bad(f"number-{number}", _reel(number + 120, line=said), "changed number", 1, "words", text=text)
    for number, (language, voice, said) in enumerate(ABROAD[:3]):
        reel = _reel(number + 125, line=said, voice=voice, words_per_minute=140)
        yield _bad(
            f"language-{language}", reel, "wrong language", f"{language} for en", "words", text=LINES[number * 2]
        )
    for number, share in enumerate((0.4, 0.65, 0.8)):
        reel = _reel(number + 130, said_share=share)
        yield _bad(f"cutoff-{number}", reel, "truncated speech", share, "words", "sound")
    reel = _reel(134, speech_filter="areverse")
    yield _bad("babble", reel, "babble", 1, "words")


def _wrong_sound() -> Iterator[Case]:
    yield _bad(
        "silence-0", _reel(140, line="", bed="anullsrc"), "no speech", "digital", "words", "sound", text=LINES[0]
    )
    reel = _reel(141, line="", bed="anoisesrc=amplitude=0.02:color=brown")
    yield _bad("silence-1", reel, "no speech", "wind", "words", "sound", text=LINES[1])
    yield _bad(
        "silence-2", _reel(142, line="", has_track=False), "no speech", "no track", "words", "sound", text=LINES[2]
    )
    for number, level in enumerate((0.05, 0.15)):
        reel = _reel(number + 143, line="", bed=_MUSIC.format(v=level))
        yield _bad(f"musiconly-{number}", reel, "music only", level, "words", "sound", text=LINES[number + 3])
    for number, decibels in enumerate((12, 22)):
        reel = _reel(number + 146, sound_filter=f"volume={decibels}dB,aformat=sample_fmts=s16")
        yield _bad(f"clip-{number}", reel, "clipped sound", f"{decibels} dB", "sound", "words")
    for number, (every, level) in enumerate(((2.0, 0.9), (0.7, 0.7))):
        click = f"aeval='val(ch)+{level}*lt(mod(t+0.3,{every}),0.00006)':c=same"
        yield _bad(f"clicks-{number}", _reel(number + 150, sound_filter=click), "clicks", round(6 / every), "sound")


# --- picture and file ---


def _wrong_picture() -> Iterator[Case]:
    for number, seconds in enumerate((0.25, 0.5, 1.0, 2.0)):
        start = 1.5 + number * 0.4
        box = f"drawbox=color=black:t=fill:enable='between(t,{start},{start + seconds - 0.01})'"
        yield _bad(f"black-{number}", _reel(number + 200, filters=box), "black", f"{seconds} s", "picture")
    for number, seconds in enumerate((0.4, 0.8, 1.6, 2.5)):
        reel = _reel(number + 210, codec=("h264", "vp9", "mpeg4", "h265")[number], fps="25", channels=2, rate=48000)
        count = round(seconds * 25)
        # the picture stands, then goes on where it stood
        held = f"loop=loop={count}:size=1:start=50,setpts=N/25/TB"
        yield _bad(f"freeze-{number}", replace(reel, filters=held), "freeze", f"{seconds} s", "picture")
    for number, amount in enumerate((0.12, 0.25)):
        wobble = f"eq=brightness='{amount}*(2*gt(mod(t,0.2),0.1)-1)':eval=frame"
        yield _bad(f"flicker-{number}", _reel(number + 220, filters=wobble), "flicker", amount, "picture")
    for number, sigma in enumerate((0.02, 0.04)):
        reel = _reel(
            number + 225, width=640, height=360, filters=f"gblur=sigma={sigma * 360}", name=("astronaut", "cup")[number]
        )
        yield _bad(f"blur-{number}", reel, "blur", f"{sigma:.1%} whole", "picture")
    reel = _reel(228, width=640, height=360, filters="gblur=sigma=12:enable='between(t,2,3.8)'", name="astronaut")
    yield _bad("blurpart-0", reel, "blur", "3.3% for 2 s", "picture")
    low = {"h264": ("-crf", "49"), "mpeg4": ("-q:v", "31"), "mpeg4-avi": ("-q:v", "22")}
    for number, (codec, encode) in enumerate(low.items()):
        reel = _reel(number + 230, width=640, height=360, codec=codec, encode=encode, name="astronaut")
        yield _bad(f"blocks-{number}", reel, "blockiness", " ".join(encode[:2]), "picture")
    for number, (box, strength) in enumerate((("h=ih*0.1", "0.1"), ("h=ih*0.14", "0.14"), ("w=iw*0.2", "0.2"))):
        other = "y=ih*0.9" if number == 0 else "y=ih*0.86" if number == 1 else "x=iw*0.8"
        drawn = f"drawbox={box}:color=black:t=fill,drawbox={box}:{other}:color=black:t=fill"
        yield _bad(f"bars-{number}", _reel(number + 235, filters=drawn), "bars", strength, "picture")
    for number, (at, then) in enumerate(((2.5, "photo:rocket"), (3.5, _PATTERNS[0]), (1.2, "photo:cat"))):
        reel = _reel(number + 240, name=("cup", "astronaut", "gravel")[number], then=then, cut_seconds=at)
        yield _bad(f"cut-{number}", reel, "hidden cut", "another place", "picture")
    for number, words in enumerate(("A Short History of Paper", "Welcome to the museum", "Open until late")):
        width, height = 640, 360
        size = (4, 6, 9)[number]
        garbled = (
            f"split[bg][w];[w]drawbox=color=black:t=fill,{_words(words, 0.11)},"
            f"crop=iw:ih*0.2:0:ih*0.4,shufflepixels=m=block:width={size}:height=72:s={number + 1}[t];"
            "[bg][t]blend_here"
        ).replace("[bg][t]blend_here", "[t]colorkey=0x000000:0.3:0.1[k];[bg][k]overlay=0:H*0.4,format=yuv420p")
        source = f"gradients=s={{size}}:r={{fps}}:speed=0.004:seed={number + 3}:n=2:c0=0x102040:c1=0x305070"
        reel = _reel(number + 245, width=width, height=height, source=source, filters=garbled)
        prompt = f'Title card with the words "{words}"'
        yield _bad(f"garbled-{number}", reel, "garbled text", f"{size} px pieces", "picture", prompt=prompt)


def _wrong_file() -> Iterator[Case]:
    for number, (codec, share) in enumerate((("h264", 0.5), ("vp9", 0.6), ("mpeg4-avi", 0.4))):
        reel = _reel(number + 250, codec=codec, damage=("cut", share), channels=2, rate=48000, fps="25")
        yield _bad(f"truncated-{number}", reel, "truncated file", share, "picture", "words", "length", "sound")
    for number, (codec, damage) in enumerate(
        (("h264", ("flip", 0.001)), ("h265", ("hole", 0.1)), ("mpeg4", ("flip", 0.002)))
    ):
        reel = _reel(number + 255, codec=codec, damage=damage, channels=2, rate=48000, fps="25")
        yield _bad(
            f"corrupt-{number}", reel, "corrupted middle", f"{damage[0]} {damage[1]}", "picture", "words", "length"
        )
    for number, (size, strength) in enumerate((("180x320", "on its side"), ("640x360", "half"))):
        yield _bad(f"wrongsize-{number}", _reel(number + 260), "wrong size", strength, "picture", size=size)
    for number, off in enumerate((-1.5, 1.2, 3.0)):
        reel = _reel(number + 265, seconds=6.0 + max(0.0, off))
        yield _bad(f"length-{number}", reel, "wrong length", f"{off:+g} s", "length", target_seconds=reel.seconds - off)


# --- between a take and its neighbour ---


def _joints() -> Iterator[Case]:
    def joint(
        name: str,
        beside: Reel,
        reel: Reel,
        truth: Any,
        *,
        kind: str = "",
        side: Side = Side.BEFORE,
        is_same: bool = True,
        **more: Any,
    ) -> Iterator[Case]:
        neighbour = Case(file=f"{MAKER}-{name}-beside.{beside.suffix}", recipe=beside)
        yield neighbour
        beside_it = Neighbour(case=neighbour, side=side, is_same_scene=is_same)
        yield _case(name, reel, kind=kind, truth=truth, neighbours=(beside_it,), **more)

    def pair(number: int, name: str, **fields: Any) -> tuple[Reel, Reel]:
        """Two takes of one thing: other framing, another line, one voice."""
        reel = _reel(number, name=name, seconds=5.0, **{"path": (0.2, 0.4, 0.7, 0.5), "zoom": 1.25, **fields})
        return replace(
            reel, line=LINES[(number + 4) % len(LINES)], path=(0.8, 0.6, 0.3, 0.4), zoom=1.45, seconds=4.5
        ), reel

    def spoiled(defect: str, strength: object) -> Any:
        return lambda ordered: bad(ordered, defect, strength, fails="joint")

    for number, name in enumerate(("cup", "cat", "astronaut", "rocket", "cup")):
        fields = {"filters": "eq=brightness=-0.2:contrast=0.75"} if number == 4 else {}
        side = Side.AFTER if number % 2 else Side.BEFORE
        yield from joint(
            f"neighbour-{number}", *pair(number + 300, name, **fields), good, kind="good neighbour", side=side
        )
    for number, (one, other) in enumerate((("cup", "rocket"), ("cat", "galaxies"), ("astronaut", "gravel"))):
        beside, reel = pair(number + 310, one)
        beside = replace(beside, source=f"photo:{other}")
        yield from joint(f"scene-{number}", beside, reel, good, kind="good scene change", is_same=False)
    beside, reel = pair(315, "astronaut")
    silent = {"text": reel.line, "has_voice": False}
    yield from joint("voiceless", beside, replace(reel, line=""), good, kind="no sound ordered", **silent)
    changes = (
        ("colour change", "warm", "colorbalance=rm=0.35:bm=-0.35:rh=0.25:bh=-0.25"),
        ("colour change", "to blue", "colorchannelmixer=rr=0.45:gg=0.8:bb=1.35"),
        ("light change", "darker", "eq=brightness=-0.3:contrast=0.6"),
        ("light change", "brighter", "eq=brightness=0.32:contrast=0.8"),
    )
    for number, (defect, strength, filters) in enumerate(changes):
        beside, reel = pair(number + 320, ("cup", "astronaut", "cat", "rocket")[number])
        yield from joint(f"change-{number}", beside, replace(reel, filters=filters), spoiled(defect, strength))
    for number, decibels in enumerate((-9, -15)):
        beside, reel = pair(number + 330, ("cat", "cup")[number])
        quieter = replace(reel, sound_filter=f"volume={decibels}dB")
        yield from joint(f"loudness-{number}", beside, quieter, spoiled("loudness jump", f"{decibels} dB"))
    for number, (one, other) in enumerate((("astronaut", "cameraman"), ("cat", "astronaut"))):
        beside, reel = pair(number + 335, one)
        beside = replace(beside, source=f"photo:{other}")
        yield from joint(f"person-{number}", beside, reel, spoiled("character change", 1))
    beside, reel = pair(340, "cup")
    yield from joint("place", replace(beside, source="photo:bricks"), reel, spoiled("place change", 1))
