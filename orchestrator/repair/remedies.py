"""What to ask for against each finding, in words for the prompt, and how much of it fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.repair.canon import conform, describe, named_in
from orchestrator.repair.case import Case
from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Finding
from orchestrator.schema.clip_run import RepairInstruction

EXACT = "Say exactly: “{line}”"
_CLEARLY = (EXACT, "Speak slowly and pronounce every word clearly.")
_HEARD = (
    "The line is spoken aloud and clearly heard: “{line}”",
    "The sound is one clear voice at normal loudness from the first second on.",
)
_MOVING = (
    "Keep the picture moving: gestures and small movements the whole time, never a still.",
    "The camera moves slowly and steadily from the first second to the last.",
)
_FULL = ("Speech and action fill the whole clip, from its first to its last second.",)
_MATCHING = (
    "Match the clip before it: the same person, clothes, place, light and colours.",
    "Keep the background and the framing simple, so that nothing differs from the clip before.",
)
_STEADY_LIGHT = ("The light stays even and steady the whole time, without flicker or flashes.",)
_SHARP = ("The picture is sharp and in focus from the first second to the last.",)
_CLEAN_PICTURE = ("The picture is clean and detailed, without noise, blocks or compression marks.",)
_CLEAN_SOUND = ("The sound is clean and unbroken, without clicks, gaps or noise.",)
_ROOM = ("The sound is as in the clip before: the same voice, loudness and room.",)
# Mildest first; the next one is used when the one before did not help.
_REMEDIES: dict[str, tuple[str, ...]] = {
    "wrong_words": (EXACT, "Speak slowly and clearly, one word after the other, and change no word."),
    "missing_words": (EXACT, "Speak every word to the end of the line, without haste; leave none out."),
    "extra_words": (EXACT, "Nothing is said before or after the line; nobody else speaks."),
    "wrong_order": (EXACT, "Keep the order of the words as written."),
    "expected_unlikely": _CLEARLY,
    "heard_differently": _CLEARLY,
    "wrong_language": ("The line is spoken in the language it is written in: “{line}”", EXACT),
    "no_speech": _HEARD,
    "silent": _HEARD,
    "cut_start": ("Nobody speaks in the first half second; then the line begins.", EXACT),
    "cut_end": ("The line is over half a second before the clip ends.", EXACT),
    "too_fast": ("Speak calmly, with a short pause between the sentences.",),
    "too_slow": ("Speak fluently and at a natural pace, without long pauses.",),
    "black": (
        "No black frames: the picture is lit and visible from the first frame to the last.",
        "Begin and end on the scene itself, without any fade.",
    ),
    "frozen": _MOVING,
    "freeze": _MOVING,
    "flicker": _STEADY_LIGHT,
    "hidden_cut": (
        "One continuous shot: no cut, no change of place or camera position.",
        "The camera stays where it is from the first second to the last.",
    ),
    "blur": _SHARP,
    "blocky": _CLEAN_PICTURE,
    "noisy": _CLEAN_PICTURE,
    "bars": ("The picture fills the whole frame, without black bars at any side.",),
    "garbled_text": (
        "Writing in the picture is correctly spelled and easy to read, or left out.",
        "No writing, letters, signs or captions anywhere in the picture.",
    ),
    "clipped_sound": ("The voice is even and calm, never shouting, without distortion.",),
    "clicks": _CLEAN_SOUND,
    "dropout": _CLEAN_SOUND,
    "wrong_length": _FULL,
    "length_off": _FULL,
    "discontinuity": _MATCHING,
    "different_look": _MATCHING,
    "palette_jump": ("The same colours as in the clip before.", *_MATCHING),
    "light_jump": ("The same light, from the same side and as bright, as in the clip before.", *_MATCHING),
    "loudness_jump": _ROOM,
    "noise_jump": _ROOM,
}
# No wording helps against these: the file is at fault, not what is seen and heard.
FILE_FAULTS = frozenset(
    ("unreadable", "decode_errors", "wrong_size", "wrong_fps", "wrong_rotation", "long_audio", "no_frames")
)
SPEECH_FAULTS = frozenset(
    (
        *("wrong_words", "missing_words", "extra_words", "wrong_order", "expected_unlikely", "heard_differently"),
        *("wrong_language", "no_speech", "silent", "cut_start", "cut_end", "too_fast", "too_slow"),
        *("clipped_sound", "clicks", "dropout", "loudness_jump", "noise_jump"),
    )
)
_BY_THE_BIBLE = frozenset(("not_shown", "discontinuity", "different_look"))
_NAMED_AT_MOST = 3
_PROMPT_RESERVE_CHARACTERS = 200


def patches_of(history: Iterable[RepairInstruction]) -> tuple[str, ...]:
    """All lines the instructions so far add to the prompt, in order, each once."""
    return tuple(dict.fromkeys(line for instruction in history for line in instruction.patch))


def decisive_findings(assessment: Assessment) -> tuple[Finding, ...]:
    """What failed the take: the findings of failed checks and the vetoes, in the order of the checks."""
    return tuple(finding for _, finding in decisive_by_check(assessment))


def decisive_by_check(assessment: Assessment) -> Iterator[tuple[CheckName, Finding]]:
    for name in CheckName:
        check = assessment.checks.get(name)
        for finding in check.findings if check else ():
            if check and (check.status is CheckStatus.FAIL or finding.code in assessment.vetoes):
                yield name, finding


def steps_against(case: Case, finding: Finding) -> tuple[str, ...]:
    """What to ask for against a finding, mildest first, as far as the canon allows it: people as the bible describes
    them, then our own words. Empty when there is nothing to ask for."""
    if finding.code in FILE_FAULTS:
        return ()
    of_people = (
        tuple(filter(None, map(describe, named_in(finding.message, case.canon.characters))))
        if finding.code in _BY_THE_BIBLE
        else ()
    )
    style = case.canon.style
    of_look = {"palette_jump": ("palette", style.palette), "light_jump": ("light", style.lighting)}.get(finding.code)
    looks = (f"The {of_look[0]} is {of_look[1].strip(' .')}.",) if of_look and of_look[1].strip() else ()
    ours = tuple(text.replace("{line}", case.line) for text in _REMEDIES.get(finding.code, ())) or (put_right(finding),)
    fitting_ones = (conform(text, case.canon.style, case.canon.characters) for text in (*of_people, *looks, *ours))
    return tuple(dict.fromkeys(filter(None, fitting_ones)))


def put_right(finding: Finding) -> str:
    """A finding without a remedy of its own, turned into a wish."""
    if finding.code == "not_shown":  # “Not so: <question>: <what was asked for> (<what is seen instead>)”
        wanted = finding.message.rpartition(" (")[0] or finding.message
        wanted = wanted.rpartition("show: ")[2].removeprefix("Not so: ")
        return f"Clearly show: {wanted.strip(' .?')}."
    return f"Put this right: {finding.message.strip(' .')}."


def new_lines(case: Case, assessment: Assessment, findings: tuple[Finding, ...]) -> Iterator[str]:
    """New lines for the prompt, one step per kind of finding, the most telling first."""
    given = set(patches_of(case.history))
    is_quoted = False
    for finding in findings:
        if step := next((text for text in steps_against(case, finding) if text not in given), ""):
            is_quoted = is_quoted or step.startswith("Say exactly")
            yield step
    if is_quoted:
        yield from (text for text in _named_words(assessment) if text not in given)


def _named_words(assessment: Assessment) -> Iterator[str]:
    """The words that went wrong, by name: rows of the transcript's evidence begin with what, expected, heard."""
    wrong = [row for row in diff_rows(assessment) if row[0] in ("wrong", "missing")]
    if len(wrong) > _NAMED_AT_MOST:  # a list of everything would tell nothing
        return
    for _, expected, heard, *_ in wrong:
        yield f"Say “{expected}”, not “{heard}”." if heard else f"Do not leave out “{expected}”."


def diff_rows(assessment: Assessment) -> list[list[object]]:
    """The rows of the transcript's diff: what, expected, heard; since they are timed also start and end in seconds."""
    check = assessment.checks.get(CheckName.TRANSCRIPT_MATCH)
    rows = check.evidence.get("diff") if check else None
    return [list(row) for row in rows or () if isinstance(row, list | tuple) and len(row) >= 3]


def fitting(case: Case, lines: Iterable[str], *, limit: int = 6) -> tuple[str, ...]:
    """As many of ``lines`` as the prompt has room for beside the line and all earlier patches."""
    length = case.profile.prompt_length
    fixed = case.asked.own_prompt if case.line in case.asked.own_prompt else f"{case.asked.own_prompt}{case.line}"
    room = case.profile.prompt_limit_characters - length(fixed) - _PROMPT_RESERVE_CHARACTERS
    room -= sum(length(text) + 1 for text in patches_of(case.history))
    kept: list[str] = []
    for text in dict.fromkeys(lines):
        if len(kept) < limit and length(text) + 1 <= room:
            kept.append(text)
            room -= length(text) + 1
    return tuple(kept)
