"""Reading scripts: what is spoken, by whom, in which scene; and what counts as a word."""

from __future__ import annotations

import pytest

from orchestrator.director.script import read_script
from orchestrator.director.speech import speech_units
from orchestrator.errors import EmptyScript, ScriptTooLong

SCREENPLAY = """FADE IN:

INT. KITCHEN - DAY

Anna pours coffee.

ANNA (V.O.)
(softly)
Good morning, world.

BEN
You are early.

He sits down.

ANNA
I could not sleep.

CUT TO:

EXT. GARDEN - NIGHT

BEN
Listen.
"""


def spoken(script: str) -> list[tuple[str, str]]:
    return [(p.speaker, p.text) for scene in read_script(script) for p in scene.passages]


def words(text: str) -> int:
    return sum(unit.words for unit in speech_units(text))


def test_screenplay_speaks_dialogue_only_and_action_becomes_directions() -> None:
    kitchen, garden = read_script(SCREENPLAY)
    assert [(p.speaker, p.text) for p in kitchen.passages] == [
        ("Anna", "Good morning, world."),
        ("Ben", "You are early."),
        ("Anna", "I could not sleep."),
    ]
    assert kitchen.setting == "inside: kitchen, day; Anna pours coffee"
    assert [p.directions for p in kitchen.passages] == [("softly",), (), ("He sits down",)]
    assert [p.is_heard_only for p in kitchen.passages] == [True, False, False]
    assert garden.title == "Ext. Garden - Night"


def test_slugline_without_any_dialogue_leaves_the_prose_spoken() -> None:
    assert spoken("INT. ROOM - DAY\n\nThis is narrated.") == [("", "This is narrated.")]


@pytest.mark.parametrize(
    ("script", "titles"),
    [
        ("# One\nHello.\n\n## Two\nBye.", ["One", "Two"]),
        ("Scene 1: The door\nHello.\nSCENE TWO - The key\nBye.", ["The door", "The key"]),
        ("## Scene 3: The **big** day\nHello.", ["The big day"]),
        ("Scene 1\nHello.", ["Scene 1"]),
        ("Hello.\n\n---\n\nBye.", ["", ""]),
        ("Title\n=====\nHello.", ["Title"]),
        ("# Only a film title\n\n# Start\nHello.", ["Start"]),
    ],
)
def test_headings_and_scene_lines_start_scenes_and_are_not_spoken(script: str, titles: list[str]) -> None:
    scenes = read_script(script)
    assert [scene.title for scene in scenes] == titles
    assert {p.text for scene in scenes for p in scene.passages} <= {"Hello.", "Bye."}


def test_names_lead_lines_in_a_list_of_dialogue() -> None:
    script = "Anna: Hello, Ben.\nBen: Hello! (smiling) It is good to see you.\nAnna: (laughs) Let us begin."
    assert spoken(script) == [
        ("Anna", "Hello, Ben."),
        ("Ben", "Hello! It is good to see you."),
        ("Anna", "Let us begin."),
    ]
    assert [p.directions for p in read_script(script)[0].passages] == [(), ("smiling",), ("laughs",)]


def test_a_colon_in_prose_makes_no_speaker() -> None:
    text = "Remember this: every film starts small. We met at 10:30 sharp."
    assert spoken(text) == [("", text)]


def test_labels_for_picture_and_sound_are_not_spoken() -> None:
    scenes = read_script("VISUAL: A red balloon.\nNARRATOR: Once upon a time.\nMUSIC: piano")
    assert scenes[0].setting == "A red balloon"
    assert [(p.speaker, p.text) for p in scenes[0].passages] == [("Narrator", "Once upon a time.")]


def test_directions_in_brackets_are_not_spoken_but_an_aside_in_prose_is() -> None:
    script = "(A long\ndirection.)\nWe met (it rained) and left. [pause] Then [she waves] we slept.\n[He nods.]\n"
    assert spoken(script) == [("", "We met (it rained) and left. Then we slept.")]
    assert read_script(script)[0].setting == "A long direction"


def test_uppercase_prose_is_spoken_when_it_is_a_shout() -> None:
    assert spoken("BUY NOW\nIt is great.") == [("", "BUY NOW It is great.")]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("**Bold** and _quiet_ and `code` and ~~gone~~", "Bold and quiet and code and gone"),
        ("See [our page](https://a.b/c) now ![a cat](x.png)", "See our page now"),
        ("> Quoted\n> twice", "Quoted twice"),
        ("Hel\x00lo \ud800wor\u202eld.\x07", "Hello world."),
        ("We left 🎉🎉. Good ❤️ day", "We left. Good day"),
        ("One<!-- secret -->two <b>three</b>", "One two three"),
        ("snake_case stays", "snake_case stays"),
    ],
)
def test_marks_nobody_says_are_removed(script: str, text: str) -> None:
    assert spoken(script) == [("", text)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("one two three", 3),
        ("well-known — and — loved…", 3),
        ("up—down", 2),
        ("🎉 !!! — *", 0),
        ("2024", 2),
        ("Call 5551234567 now", 7),
        ("It costs $3.50 & more", 6),
        ("مرحبا بالعالم كيف حالك", 4),
        ("今天天气很好", 3),
        ("「はい、行こう。」", 3),
        ("안녕하세요 여러분", 5),
        ("สวัสดี", 1),
        ("नमस्ते दुनिया", 2),
        ("a" * 25, 2),
    ],
)
def test_words_are_counted_as_they_are_spoken(text: str, count: int) -> None:
    assert words(text) == count


@pytest.mark.parametrize("text", ["“Yes! I do.” he said (twice). And left…", "「行こう。」と彼は言った。", "a — b, c"])
def test_units_hold_every_visible_character(text: str) -> None:
    from orchestrator.director.speech import join

    assert join(speech_units(text)) == text


@pytest.mark.parametrize("script", ["", " \n\t ", "🎉🎉", "!!! ...", "\x00\x00", "***", "“" * 50_000])
def test_a_script_without_words_is_empty(script: str) -> None:
    with pytest.raises(EmptyScript, match="no words to speak"):
        read_script(script)


def test_a_script_of_directions_says_that_it_has_only_those() -> None:
    with pytest.raises(EmptyScript, match="only headings or stage directions"):
        read_script("# Title\n\n(She waits.)\n[Music]")


def test_an_enormous_paste_is_refused_before_it_is_read() -> None:
    with pytest.raises(ScriptTooLong, match=r"10,000,000 characters; at most 100,000"):
        read_script("word " * 2_000_000)
