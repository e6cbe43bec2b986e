"""Reading a script: which lines are spoken, by whom, in which scene, and which only say what is to be seen.

Understood without being told which it is: plain prose, markdown, ``Scene 2: title``, screenplays (INT./EXT. lines,
uppercase cues, parentheticals) and dialogue lists (``NAME: text``). What is not spoken:

- headings, scene lines and sluglines start a scene; a rule (``---``) starts one without a title;
- a line all in (parentheses), [brackets] or 【brackets】 is a stage direction, and so is anything in [brackets]
  inside a line, a parenthetical right after a name, and what follows VISUAL:, SHOT:, MUSIC: and the like;
- in a screenplay (it has sluglines and cues) everything outside dialogue is action;
- NAME: is a speaker if it is all uppercase, a usual word for a voice, or one of several names that lead the lines.
"""

from __future__ import annotations

import re
from collections import Counter

from orchestrator.director.speech import strip_unspeakable
from orchestrator.errors import EmptyScript, ScriptTooLong
from orchestrator.schema.script import ScriptFormat
from orchestrator.schema.value import Value

MAX_CHARACTERS = 100_000
_TITLE_CHARACTERS = 120

_HEADING = re.compile(r"^#{1,6}(?:\s+(?P<title>.*?))?\s*#*$")
_RULE = re.compile(r"^(?:(?:[-*_]\s*){3,}|={3,})$")
_UNDERLINE = re.compile(r"^={3,}$")
_LIST_MARK = re.compile(r"^\s*(?:>\s*)*(?:[-*+•▪◦]|\d{1,2}[.)])\s+(?=\S)")
_NUMBER = r"(?:\d{1,3}|[ivxlc]{1,6}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_SCENE = re.compile(
    rf"^(?P<label>(?:scene|act|escena|scène|szene|cena|scena)\s+{_NUMBER})\s*(?:[:.–—-]\s*(?P<title>.*))?$", re.I
)
_SLUGLINE = re.compile(r"^(?:(?:INT|EXT|EST|INT\.?/EXT|I/E)(?:\.|\s)|(?i:int|ext)\.\s)\s*(?P<place>\S.*)$")
_CAMERA_WORD = re.compile(
    r"^(?:FADE (?:IN|OUT|TO [A-Z ]+)|(?:(?:SMASH|MATCH|JUMP|HARD) )?CUT TO(?: [A-Z ]+)?|DISSOLVE TO|THE END|END)[:.]?$"
)
_LABEL = re.compile(
    r"^(?P<name>[^\W\d_][^:：()\[\]]{0,39}?)\s*(?P<aside>\([^()]{0,80}\)|\[[^\[\]]{0,80}\])?\s*(?::(?:\s+|$)|：\s*)(?P<rest>.*)$"
)
_CUE = re.compile(r"^(?P<name>[^\W\d_][^:()\[\]]{0,39}?)\s*(?P<aside>(?:\([^()]{0,40}\)\s*)*)$")
_OPENERS = {"(": ")", "[": "]", "（": "）", "【": "】"}
# Between the sentences of a named speaker; elsewhere parentheses are part of what is said.
_ASIDE = re.compile(r"(?:^|(?<=[.!?…] ))(?:\([^()A-Z][^().!?]{0,79}\)|^\([^()]{0,79}\)|（[^（）]*）)(?=\s|$)")
_NOTE = re.compile(r"\[[^\[\]]*\]|【[^【】]*】")

_VOICES = frozenset(
    (
        "narrator",
        "host",
        "presenter",
        "speaker",
        "announcer",
        "interviewer",
        "voiceover",
        "voice-over",
        "voice over",
        "vo",
    )
)
_SEEN_VOICES = frozenset(("host", "presenter", "interviewer", "speaker"))
_PICTURE_LABELS = frozenset(
    ("visual", "visuals", "video", "picture", "image", "shot", "camera", "b-roll", "action", "setting", "on screen")
)
_SILENT_LABELS = frozenset(
    ("music", "sound", "sfx", "fx", "note", "notes", "title", "author", "date", "draft", "duration", "text", "super")
)
_DELIVERY = frozenset(("pause", "beat", "silence", "cont'd", "contd", "continued", "more"))
_HEARD_ONLY = re.compile(r"\b(?:V\.?\s?O\.?|O\.?\s?S\.?|voice[- ]?over|off[- ]?screen)\b", re.I)


class Passage(Value):
    """One paragraph of speech by one speaker (empty: nobody named), with the directions that stand before it."""

    text: str
    speaker: str = ""
    is_heard_only: bool = False
    directions: tuple[str, ...] = ()


class ScriptScene(Value):
    """A scene as written. ``title`` is empty when none was given; ``setting`` is where and when it plays;
    ``is_slugline`` says that the title only repeats the setting (``INT. KITCHEN - DAY``)."""

    title: str = ""
    is_slugline: bool = False
    setting: str = ""
    passages: tuple[Passage, ...] = ()


def read_script(script: str) -> tuple[ScriptScene, ...]:
    """The scenes of ``script`` that have something to speak, in order.

    Raises ``ScriptTooLong`` above ``MAX_CHARACTERS`` (before reading anything) and ``EmptyScript`` without speech.
    """
    if len(script) > MAX_CHARACTERS:
        raise ScriptTooLong(
            f"The script has {len(script):,} characters; at most {MAX_CHARACTERS:,} can be read at once.",
            hint="A film of five minutes has about 750 spoken words. Paste one part at a time.",
        )
    reader = _Reader(_without_comments(strip_unspeakable(script)).split("\n"))
    scenes = reader.read()
    if not scenes:
        raise EmptyScript(
            "The script has no words to speak, only headings or stage directions. Add the lines to be said."
            if reader.saw_silent_line
            else "The script has no words to speak. Write or paste what should be said."
        )
    return tuple(scenes)


def script_format(script: str) -> ScriptFormat:
    """As what ``script`` is understood; plain prose where nothing says otherwise."""
    reader = _Reader(_without_comments(strip_unspeakable(script[:MAX_CHARACTERS])).split("\n"))
    if reader.is_screenplay:
        return ScriptFormat.SCREENPLAY
    if reader.cues or any(_label(line, reader.labels) for line in reader.lines):
        return ScriptFormat.DIALOGUE
    if any(_SCENE.match(line) for line in reader.lines):
        return ScriptFormat.SCENES
    return ScriptFormat.MARKDOWN if any(_HEADING.match(line) for line in reader.lines) else ScriptFormat.PROSE


class _Reader:
    """Reads lines once, top to bottom, holding the scene and the voice they belong to."""

    def __init__(self, raw: list[str]) -> None:
        self.lines = lines = _with_headings([_plain(line) for line in raw])
        self.list_items = {i for i, line in enumerate(raw) if _LIST_MARK.match(line)}
        self.labels = _speaker_labels(lines)
        has_sluglines = any(_SLUGLINE.match(line) for line in lines)
        cues = [i for i in range(len(lines)) if self._looks_like_cue(i)]
        # One uppercase line of several words in plain prose is a shout, not a speaker.
        is_cued = has_sluglines or len(cues) > 1 or (bool(cues) and len(lines[cues[0]].split()) == 1)
        self.cues = frozenset(cues) if is_cued else frozenset[int]()
        self.is_screenplay = has_sluglines and (
            bool(self.cues) or any(_label(line, self.labels) is not None for line in lines)
        )
        self.saw_silent_line = False
        self.scenes: list[ScriptScene] = []
        self.title, self.is_slugline = "", False
        self.setting: list[str] = []
        self.is_setting_open = True
        self.passages: list[Passage] = []
        self.directions: list[str] = []
        self.paragraph: list[str] = []
        self.speaker, self.is_heard_only = "", False
        self.is_in_cue = False

    def read(self) -> list[ScriptScene]:
        index = 0
        while index < len(self.lines):
            index += self._read_line(index)
        self._end_scene()
        return self.scenes

    def _read_line(self, index: int) -> int:
        """Take in the line at ``index``; how many lines that used up."""
        line = self.lines[index]
        if index in self.list_items:
            self._end_paragraph()
        if not line:
            self._end_paragraph()
            if self.is_in_cue:
                self.speaker, self.is_heard_only, self.is_in_cue = "", False, False
            return 1
        if _RULE.match(line) or _HEADING.match(line) or _SCENE.match(line) or _SLUGLINE.match(line):
            self._start_scene(line)
            return 1
        if direction := self._direction(index):
            text, used = direction
            self._end_paragraph()
            self._add_direction(text)
            return used
        if _CAMERA_WORD.match(line):
            self._end_paragraph()
            self.saw_silent_line = True
        elif label := _label(line, self.labels):
            self._read_labelled(label)
        elif index in self.cues:
            self._end_paragraph()
            match = _CUE.match(line)
            assert match
            self._speak_as(match["name"], match["aside"])
            self.is_in_cue = True
        elif self.is_screenplay and not self.speaker:
            self._add_direction(line)
        else:
            self._add_speech(line)
        return 1

    def _read_labelled(self, label: re.Match[str]) -> None:
        self._end_paragraph()
        name = label["name"].casefold().strip()
        if name in _PICTURE_LABELS:
            self._add_direction(label["rest"])
        elif name in _SILENT_LABELS:
            self.saw_silent_line = True
        else:
            self._speak_as(label["name"], label["aside"] or "")
            # In a screenplay a paragraph after the speech is action again; in a dialogue list it goes on.
            self.is_in_cue = self.is_screenplay
            self._add_speech(label["rest"])

    def _speak_as(self, name: str, aside: str) -> None:
        self.is_setting_open = False
        self.speaker = _title_case(" ".join(name.split()))
        is_narration = self.speaker.casefold() in _VOICES - _SEEN_VOICES
        self.is_heard_only = is_narration or bool(_HEARD_ONLY.search(aside))
        if aside and not _HEARD_ONLY.search(aside):
            self._add_direction(aside)

    def _add_speech(self, line: str) -> None:
        self.is_setting_open = False
        notes = [_NOTE, _ASIDE] if self.speaker else [_NOTE]
        for pattern in notes:
            for note in pattern.findall(line):
                self._add_direction(note)
            line = pattern.sub(" ", line)
        line = re.sub(r" +(?=[.,](?:\s|$))", "", " ".join(line.split()))
        if line:
            self.paragraph.append(line)

    def _add_direction(self, text: str) -> None:
        self.saw_silent_line = True
        text = " ".join(text.strip(" ()[]（）【】").split())
        text = text.rstrip(" .;,")
        if any(c.isalpha() for c in text) and text.casefold() not in _DELIVERY:
            (self.setting if self.is_setting_open else self.directions).append(text)

    def _end_paragraph(self) -> None:
        text = " ".join(self.paragraph)
        self.paragraph = []
        if any(c.isalnum() for c in text):
            self.passages.append(
                Passage(
                    text=text,
                    speaker=self.speaker,
                    is_heard_only=self.is_heard_only,
                    directions=tuple(self.directions),
                )
            )
            self.directions = []

    def _start_scene(self, line: str) -> None:
        self._end_scene()
        if _RULE.match(line):
            return
        self.saw_silent_line = True
        if match := _SLUGLINE.match(line):
            self.title = _title_case(line)[:_TITLE_CHARACTERS]
            self.is_slugline = True
            place = ", ".join(re.split(r"\s+[-–—]\s+|\.\s+", match["place"].casefold().rstrip(".")))
            self.setting.append(("outside: " if line[0] in "Ee" else "inside: ") + place)
        elif match := _HEADING.match(line):
            title = match["title"] or ""
            inner = _SCENE.match(title)
            self.title = ((inner["title"] or inner["label"]) if inner else title)[:_TITLE_CHARACTERS].strip()
        elif match := _SCENE.match(line):
            self.title = (match["title"] or match["label"]).strip()[:_TITLE_CHARACTERS]

    def _end_scene(self) -> None:
        self._end_paragraph()
        if self.passages:
            self.scenes.append(
                ScriptScene(
                    title=self.title,
                    is_slugline=self.is_slugline,
                    setting="; ".join(self.setting),
                    passages=tuple(self.passages),
                )
            )
            self.setting, self.directions = [], []
        else:  # a scene without speech: what it shows opens the next one
            self.setting += self.directions
            self.directions = []
        self.title, self.is_slugline, self.is_setting_open = "", False, True
        self.passages = []
        self.speaker, self.is_heard_only, self.is_in_cue = "", False, False

    def _direction(self, index: int) -> tuple[str, int] | None:
        """The stage direction that begins at line ``index`` and the lines it takes; None when there is none."""
        opener = self.lines[index][0]
        closer = _OPENERS.get(opener)
        if closer is None:
            return None
        text, depth = "", 0
        for used in range(1, 9):
            if index + used > len(self.lines) or not self.lines[index + used - 1]:
                return None
            line = self.lines[index + used - 1]
            depth += line.count(opener) - line.count(closer)
            text += " " + line
            if depth <= 0:
                is_whole = line.rstrip(" .").endswith(closer) and _closes_at_end(text.strip(" ."), opener, closer)
                return (text, used) if is_whole else None
        return None

    def _looks_like_cue(self, index: int) -> bool:
        """A short uppercase line that stands alone above a line of speech."""
        line = self.lines[index]
        match = _CUE.match(line)
        if not match or not match["name"].isupper() or len(match["name"].split()) > 4 or line[-1] in ".!?…,;":
            return False
        follows_gap = index == 0 or not self.lines[index - 1] or bool(_SLUGLINE.match(self.lines[index - 1]))
        following = self.lines[index + 1] if index + 1 < len(self.lines) else ""
        return (
            follows_gap
            and bool(following)
            and not following.isupper()
            and not _SLUGLINE.match(line)
            and not _CAMERA_WORD.match(line)
        )


def _closes_at_end(text: str, opener: str, closer: str) -> bool:
    depth = 0
    for position, character in enumerate(text):
        depth += (character == opener) - (character == closer)
        if depth == 0:
            return position == len(text) - 1
    return False


def _label(line: str, title_case_names: frozenset[str]) -> re.Match[str] | None:
    match = _LABEL.match(line)
    if not match or not any(c.isalpha() for c in match["name"]):
        return None
    name = match["name"].strip()
    is_speaker = (name.isupper() and len(name.split()) <= 4) or name.casefold() in _VOICES
    return match if is_speaker or name.casefold() in title_case_names else None


def _speaker_labels(lines: list[str]) -> frozenset[str]:
    """Names in ordinary case that lead lines as in a list of dialogue: they lead half of all lines, or two of them
    come back."""
    counts: Counter[str] = Counter()
    spoken_lines = 0
    for line in lines:
        if not line or _HEADING.match(line) or _SCENE.match(line) or line[0] in _OPENERS:
            continue
        spoken_lines += 1
        match = _LABEL.match(line)
        if match and len(words := match["name"].split()) <= 3 and not any(word[0].islower() for word in words):
            counts[match["name"].strip().casefold()] += 1
    leading = sum(counts.values())
    is_dialogue = (leading >= 2 and leading * 2 >= spoken_lines) or sum(n >= 2 for n in counts.values()) >= 2
    return frozenset(counts) if is_dialogue else frozenset()


def _title_case(name: str) -> str:
    return " ".join(word.capitalize() for word in name.split()) if name.isupper() else name


def _without_comments(text: str) -> str:
    kept: list[str] = []
    while (start := text.find("<!--")) >= 0 and (end := text.find("-->", start)) >= 0:
        kept += (text[:start], " ")
        text = text[end + 3 :]
    text = "".join((*kept, text))
    return re.sub(r"^\s*(?:```|~~~).*$", "", text, flags=re.M)


def _with_headings(lines: list[str]) -> list[str]:
    """Lines underlined with ``===`` written as ``# heading``, the rule removed."""
    for index in range(1, len(lines)):
        if _UNDERLINE.match(lines[index]) and lines[index - 1] and not _HEADING.match(lines[index - 1]):
            lines[index - 1], lines[index] = f"# {lines[index - 1]}", ""
    return lines


def _plain(line: str) -> str:
    """One line without the marks of markdown: lists, quotes, emphasis, links, tags."""
    line = line.strip()
    if not line or line.isalnum() or _RULE.match(line):
        return line
    line = _LIST_MARK.sub("", line)
    line = re.sub(r"^(?:>\s*)+", "", line)
    line = re.sub(r"!\[([^\[\]]{0,400})\]\([^()\s]*\)", r"[\1]", line)
    line = re.sub(r"\[([^\[\]]{1,400})\]\([^()\s]*\)", r"\1", line)
    line = re.sub(r"</?[a-zA-Z][^<>]{0,200}>", " ", line)
    line = re.sub(r"\\(?=[^\w\s])", "", line)
    line = re.sub(r"[*`|]|~~", "", line) if re.search(r"[*`|~]", line) else line
    line = re.sub(r"(?<!\w)_+|_+(?!\w)", "", line)
    return line.strip()
