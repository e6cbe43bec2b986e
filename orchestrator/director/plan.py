"""From a script to a plan: read, count, cut, describe."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from orchestrator.director.chunking import Cut, Stretch, cut_stretch, last_words
from orchestrator.director.intent import ClipContext, acceptance, telling_words, visual_intent
from orchestrator.director.script import ScriptScene, read_script, script_format
from orchestrator.director.speech import Unit, join, speech_units
from orchestrator.errors import BadInput, EmptyScript, ScriptTooLong
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip, ClipPlan, PlanConstraints, Scene
from orchestrator.schema.view import ScriptMeasure


class _Turn(NamedTuple):
    """What one speaker says in one go: clips never reach past it. ``directions`` are keyed by the unit they precede."""

    scene: int
    speaker: str
    is_heard_only: bool
    units: list[Unit]
    directions: dict[int, tuple[str, ...]]


def create_clip_plan(script: str, *, brief: ContentBrief, constraints: PlanConstraints) -> ClipPlan:
    """Cut ``script`` into scenes and clips; every spoken word is in exactly one clip, in order.

    The total of paid seconds is the least possible without splitting a sentence that fits one clip. The same input
    gives the same plan. Raises ``EmptyScript``, ``ScriptTooLong`` (naming what would fit) or ``SentenceTooLong``.
    """
    scenes = read_script(script)
    turns = _turns(scenes, brief.language)
    stretches = [cut_stretch(turn.units, constraints=constraints) for turn in turns]
    _refuse_too_long(turns, stretches, constraints)
    planned: list[Scene] = []
    position = 1
    for number, scene in enumerate(scenes):
        clips: list[Clip] = []
        speakers = _speakers(scene)
        for turn, stretch in zip(turns, stretches, strict=True):
            if turn.scene != number:
                continue
            for cut in stretch.cuts:
                context = _context(scene, turn, cut, index=len(clips), speakers=speakers, brief=brief)
                clips.append(
                    Clip(
                        position=position,
                        text=join(turn.units[cut.start : cut.end]),
                        seconds=cut.seconds,
                        words=cut.words,
                        visual_intent=visual_intent(context),
                        acceptance=acceptance(context),
                        speaker=turn.speaker,
                    )
                )
                position += 1
        if clips:
            title = scene.title or f"Scene {len(planned) + 1}"
            planned.append(Scene(position=len(planned) + 1, title=title, clips=tuple(clips)))
    return ClipPlan(
        words_per_minute=constraints.words_per_minute,
        scenes=tuple(planned),
        total_seconds=_total_seconds(stretches),
        spoken_words=_total_words(turns),
    )


def measure_script(script: str, *, constraints: PlanConstraints, language: str = "en") -> ScriptMeasure:
    """What ``script`` needs, without raising. ``problem`` is the message ``create_clip_plan`` would raise; numbers
    that could not be found before it are 0. ``language`` only decides where sentences end."""
    words, problem, lengths = 0, "", tuple[int, ...]()
    try:
        turns = _turns(read_script(script), language)
        words = _total_words(turns)
        stretches = [cut_stretch(turn.units, constraints=constraints) for turn in turns]
        lengths = tuple(cut.seconds for stretch in stretches for cut in stretch.cuts)
        _refuse_too_long(turns, stretches, constraints)
    except BadInput as error:
        problem = error.message
    return ScriptMeasure(
        words=words,
        seconds=sum(lengths),
        clips=len(lengths),
        clip_seconds=lengths,
        format=script_format(script),
        max_seconds=constraints.max_total_seconds,
        problem=problem,
    )


def _turns(scenes: tuple[ScriptScene, ...], language: str) -> list[_Turn]:
    turns: list[_Turn] = []
    for number, scene in enumerate(scenes):
        for (speaker, is_heard_only), passages in groupby(scene.passages, key=lambda p: (p.speaker, p.is_heard_only)):
            units: list[Unit] = []
            directions: dict[int, tuple[str, ...]] = {}
            for passage in passages:
                if units:
                    units[-1] = units[-1]._replace(gap=" ")
                if passage.directions:
                    directions[len(units)] = directions.get(len(units), ()) + passage.directions
                units += speech_units(passage.text, language=language)
            if units:
                turns.append(_Turn(number, speaker, is_heard_only, units, directions))
    if not turns:
        raise EmptyScript
    return turns


def _speakers(scene: ScriptScene) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p.speaker for p in scene.passages if p.speaker and not p.is_heard_only))


def _context(
    scene: ScriptScene, turn: _Turn, cut: Cut, *, index: int, speakers: tuple[str, ...], brief: ContentBrief
) -> ClipContext:
    speaker = turn.speaker
    if not speaker and not speakers and len(brief.characters) == 1:
        speaker = brief.characters[0].name
    return ClipContext(
        index=index,
        title="" if scene.is_slugline else scene.title,
        setting=scene.setting,
        directions=tuple(d for at, ds in turn.directions.items() if cut.start <= at < cut.end for d in ds),
        speaker=speaker,
        is_heard_only=turn.is_heard_only,
        others=tuple(s for s in speakers if s != turn.speaker) if turn.speaker else (),
        telling_words=telling_words(turn.units[cut.start : cut.end], language=brief.language),
        tone=brief.tone,
    )


def _total_seconds(stretches: list[Stretch]) -> int:
    return sum(cut.seconds for stretch in stretches for cut in stretch.cuts)


def _total_words(turns: list[_Turn]) -> int:
    return sum(unit.words for turn in turns for unit in turn.units)


def _refuse_too_long(turns: list[_Turn], stretches: list[Stretch], constraints: PlanConstraints) -> None:
    needed, limit = _total_seconds(stretches), constraints.max_total_seconds
    if needed <= limit:
        return
    pace = constraints.words_per_minute
    raise ScriptTooLong(
        f"The script needs {needed:,} s of clips at {pace} words per minute; a film may last {limit} s, about "
        f"{constraints.max_words(limit):,} words. {_what_fits(turns, stretches, limit)}"
    )


def _what_fits(turns: list[_Turn], stretches: list[Stretch], limit: int) -> str:
    """Up to which sentence the script fits ``limit`` seconds; up to which pause when not even one sentence does."""
    seconds = words = 0
    sentence_end = pause = ""
    for turn, stretch in zip(turns, stretches, strict=True):
        for count, block in enumerate(stretch.blocks, start=1):
            if seconds + stretch.prefix_seconds[count] > limit:
                return sentence_end or pause or "Not even its first words fit."
            words += block.words
            place = f"The first {words:,} words, up to “{last_words(turn.units, block.end)}”, fit."
            pause = place
            if block.ends == 0:
                sentence_end = place
        seconds += stretch.prefix_seconds[-1]
    return pause
