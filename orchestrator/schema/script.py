"""What kind of text a script is."""

from __future__ import annotations

from enum import StrEnum


class ScriptFormat(StrEnum):
    """How a script was understood: plain paragraphs, markdown headings, ``Scene 2: title`` lines, a screenplay
    (INT./EXT. lines and cues) or a list of dialogue (``NAME: text``)."""

    PROSE = "prose"
    MARKDOWN = "markdown"
    SCENES = "scenes"
    SCREENPLAY = "screenplay"
    DIALOGUE = "dialogue"
