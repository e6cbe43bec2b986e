"""Does the take go on where its neighbours in the film end and begin: colours, light, what is shown, sound, people?

Colours and light are measured, what a still shows is compared by a network, who is in it can be told by a vision model
alone. Each is marked 1 up to half of its limit, 0.5 at it and 0 at one and a half times of it. What is measured of the
picture counts together, as the length of the way in all its directions: other colours in another light are further away
than either. Of the rest the worst counts, for a joint is seen as a whole: a good sound does not make up for a face of
another colour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from math import hypot
from pathlib import Path

from orchestrator.assessor.expectation import Expectation, Neighbour, Side, conclude, not_run
from orchestrator.errors import PerceptionFailed, UnreadableMedia
from orchestrator.media.edges import grab_edge
from orchestrator.media.frames import Still
from orchestrator.media.palette import measure_palette, palette_distance
from orchestrator.media.signals import Signals
from orchestrator.perception.base import Answer, Frame, Question, Seen, SeenAnswer, Senses
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy

EDGE_LABELS = {Side.BEFORE: "of the take before", Side.AFTER: "of the take after"}
_INAUDIBLE_DB = -60.0
_FLAT_CONTRAST = 2.0  # of 100: black, white, or one colour
_EDGE_MAX_SIDE = 512
_OF_SOUND = ("loudness_jump", "noise_jump")


@dataclass(frozen=True)
class Joint:
    """The take against one neighbour. ``similarity`` is that of the two stills (-1..1), ``palette_distance`` and
    ``light_jump`` are in hundredths of the way from black to white; None is what could not or need not be compared."""

    side: Side
    run_id: str
    their_seconds: float
    seconds: float
    is_same_scene: bool = True
    similarity: float | None = None
    palette_distance: float | None = None
    light_jump: float | None = None
    loudness_jump_lu: float | None = None
    noise_jump_db: float | None = None


def ask_continuity(expectation: Expectation) -> tuple[Question, ...]:
    """The questions that compare a take with the edge stills of its neighbours, which are labelled ``EDGE_LABELS``."""
    return tuple(question for neighbour in expectation.neighbours for question in _ask_about(neighbour, expectation))


async def check_continuity(
    path: Path,
    *,
    expectation: Expectation,
    signals: Signals | None,
    senses: Senses,
    policy: AssessmentPolicy,
    seen: Seen | None = None,
) -> CheckResult:
    """Compare the edges of the take at ``path`` with those of its neighbours.

    ``seen`` holds the answers to ``ask_continuity``, None where nobody looked. Raises nothing of its own: what cannot
    be measured is left out, and when that is all, the check has not run.
    """
    if not expectation.neighbours:
        return not_run("there is no accepted take beside it yet")
    compared = [await _compare_stills(path, neighbour) for neighbour in expectation.neighbours]
    joints = [_compare_sound(joint, expectation, signals) for joint, _ in compared]
    unseen = "" if seen else "faces and clothing (no vision model looked)"
    likeness_problem = senses.likeness.missing
    pairs = [stills for _, stills in compared]
    if not likeness_problem and (wanted := [pair for pair in pairs if pair]):
        frames = [Frame(jpeg=jpeg, label="") for pair in wanted for jpeg in pair]
        try:
            vectors = await senses.likeness.describe(frames)
        except PerceptionFailed as failure:
            likeness_problem = failure.message
        else:
            similarities = iter(round(float(vectors[i] @ vectors[i + 1]), 4) for i in range(0, len(frames), 2))
            joints = [
                replace(joint, similarity=next(similarities)) if pair else joint
                for joint, pair in zip(joints, pairs, strict=True)
            ]
    not_compared = [unseen, f"what the stills show ({likeness_problem})" if likeness_problem and any(pairs) else ""]
    return judge_continuity(
        joints, expectation=expectation, policy=policy, seen=seen, not_compared=[n for n in not_compared if n]
    )


def judge_continuity(
    joints: Sequence[Joint],
    *,
    expectation: Expectation,
    policy: AssessmentPolicy,
    seen: Seen | None = None,
    not_compared: Sequence[str] = (),
) -> CheckResult:
    """What the measured joints and the answers of a viewer amount to. Pure."""
    marks, findings = _judge_joints(joints, policy=policy)
    by = ["local features"] if any(joint.similarity is not None for joint in joints) else []
    levels = ((j.palette_distance, j.light_jump, j.loudness_jump_lu, j.noise_jump_db) for j in joints)
    by += ["measured levels"] if any(level is not None for each in levels for level in each) else []
    answers = [(q, seen.answers[q.key]) for q in ask_continuity(expectation) if q.key in seen.answers] if seen else []
    told = [(question, answer) for question, answer in answers if answer.answer is not Answer.UNSURE]
    if seen and told:
        denied = [(question, answer) for question, answer in told if answer.answer is Answer.NO]
        marks.append(1.0 if not denied else 0.5 * (1 - len(denied) / len(told)))
        findings += [_deny(question, answer, joints) for question, answer in denied]
        by.insert(0, seen.by)
    if not marks:
        return not_run("nothing at its edges could be compared with the takes beside it")
    evidence = {
        **(seen.cost if seen and told else {}),
        "by": " and ".join(by),
        "joints": [{**asdict(joint), "side": joint.side.value} for joint in joints],
        "answers": [[q.text, a.answer.value, a.evidence, a.frame] for q, a in answers],
        "not_compared": list(not_compared),
    }
    return conclude(min(marks), minimum=policy.minima[CheckName.CONTINUITY], findings=findings, evidence=evidence)


def _ask_about(neighbour: Neighbour, expectation: Expectation) -> Iterable[Question]:
    label, key = EDGE_LABELS[neighbour.side], f"continuity_{neighbour.side.value}"
    known = "; ".join(
        f"{who.name}: {', '.join(filter(None, (who.appearance, who.wardrobe)))}" for who in expectation.characters
    )
    yield Question(
        key=f"{key}_people",
        text=f"Do people who appear both in the still {label} and in this take look like the same persons (face, hair, "
        f"clothing)? Unsure if nobody appears in both.{f' They are meant to be: {known}.' if known else ''}",
        subject=f"the same people as in the take {neighbour.side.value} it",
    )
    if neighbour.is_same_scene:
        yield Question(
            key=f"{key}_look",
            text=f"Do the still {label} and this take look as if from one scene of one film (palette, light, style)? "
            "Another camera angle is no difference.",
            subject=f"the same look as in the take {neighbour.side.value} it",
        )


def _deny(question: Question, answer: SeenAnswer, joints: Sequence[Joint]) -> Finding:
    seconds = next((j.seconds for j in joints if question.key.startswith(f"continuity_{j.side.value}_")), None)
    # The last bracket of the message is what was seen, so there is none in it.
    seen = answer.evidence.strip().rstrip(".").translate({ord("("): "[", ord(")"): "]"}) or "no reason given"
    message = f"The stills do not show: {question.subject} ({seen})"
    return Finding(code="discontinuity", message=message, start_seconds=seconds, end_seconds=seconds)


async def _compare_stills(path: Path, neighbour: Neighbour) -> tuple[Joint, tuple[bytes, bytes] | None]:
    """Colours and light of the two edges, and the two stills when the likeness of them counts."""
    is_last = neighbour.side is Side.AFTER
    joint = Joint(
        neighbour.side,
        neighbour.run_id,
        their_seconds=neighbour.at_seconds,
        seconds=0.0,
        is_same_scene=neighbour.is_same_scene,
    )
    if not joint.is_same_scene:
        return joint, None

    def measure() -> tuple[Joint, Still | None]:
        edge = grab_edge(path, is_last=is_last, max_side=_EDGE_MAX_SIDE)
        placed = replace(joint, seconds=edge.at_seconds)
        theirs, ours = measure_palette(neighbour.frame), measure_palette(edge.jpeg)
        if min(theirs.contrast, ours.contrast) < _FLAT_CONTRAST:
            return placed, None  # nothing is to be seen in one of them; no_artifacts says what is wrong with it
        distance = round(palette_distance(theirs, ours), 2)
        jump = round(ours.lightness - theirs.lightness, 2)
        return replace(placed, palette_distance=distance, light_jump=jump), edge

    try:
        measured, edge = await asyncio.to_thread(measure)
    except UnreadableMedia:
        return joint, None
    return measured, (neighbour.frame, edge.jpeg) if edge else None


def _compare_sound(joint: Joint, expectation: Expectation, signals: Signals | None) -> Joint:
    """How much louder this take and its background are. Loudness compares where both takes speak."""
    neighbour = next(n for n in expectation.neighbours if (n.side, n.run_id) == (joint.side, joint.run_id))
    ours, theirs = signals.loudness_lufs if signals else None, neighbour.loudness_lufs
    is_spoken = expectation.has_voice and bool(expectation.text.strip()) and neighbour.is_spoken
    noise, their_noise = getattr(signals, "noise_floor_db", None), neighbour.noise_floor_db
    return replace(
        joint,
        loudness_jump_lu=round(ours - theirs, 2) if is_spoken and ours is not None and theirs is not None else None,
        noise_jump_db=round(max(noise, _INAUDIBLE_DB) - max(their_noise, _INAUDIBLE_DB), 2)
        if noise is not None and their_noise is not None
        else None,
    )


def _judge_joints(joints: Sequence[Joint], *, policy: AssessmentPolicy) -> tuple[list[float], list[Finding]]:
    """A mark for the picture and for each thing measured of the sound at each joint, and a finding for each thing that
    is beyond its limit, or for the picture where all of it together is."""
    marks, findings = [], []
    for joint in joints:
        measures = list(_list_measures(joint, policy=policy))
        seen = [(amount / limit, message) for code, amount, limit, message in measures if code not in _OF_SOUND]
        ways = [amount / limit for code, amount, limit, _ in measures if code in _OF_SOUND]
        if seen:
            ways.append(hypot(*(way for way, _ in seen)))
        marks += [min(1.0, max(0.0, 1.5 - way)) for way in ways]
        named = [(code, message) for code, amount, limit, message in measures if amount > limit]
        if seen and ways[-1] > 1 and all(way <= 1 for way, _ in seen):
            named.append(("different_look", f"All in all the picture looks other {_place(joint)}: {_sum_up(joint)}"))
        findings += [
            Finding(code=code, message=message, start_seconds=joint.seconds, end_seconds=joint.seconds)
            for code, message in named
        ]
    return marks, findings


def _place(joint: Joint) -> str:
    return f"than in the take {joint.side.value} it"


def _sum_up(joint: Joint) -> str:
    parts = (
        ("colours {:.1f} apart", joint.palette_distance),
        ("light {:+.0f}%", joint.light_jump),
        ("likeness {:.2f}", joint.similarity),
    )
    return ", ".join(words.format(amount) for words, amount in parts if amount is not None)


def _list_measures(joint: Joint, *, policy: AssessmentPolicy) -> Iterable[tuple[str, float, float, str]]:
    """Code, amount, limit and words for everything that was measured at ``joint``."""
    place = _place(joint)
    if joint.palette_distance is not None:
        limit = policy.max_palette_distance
        message = f"The colours are others {place} (distance {joint.palette_distance:.1f}, up to {limit:g} is one look)"
        yield "palette_jump", joint.palette_distance, limit, message
    if joint.light_jump is not None:
        way = "brighter" if joint.light_jump > 0 else "darker"
        message = f"The picture is {abs(joint.light_jump):.0f}% {way} {place}"
        yield "light_jump", abs(joint.light_jump), policy.max_light_jump_percent, message
    if joint.similarity is not None:
        message = f"The picture shows something else {place} (likeness {joint.similarity:.2f})"
        yield "different_look", 1 - joint.similarity, 1 - policy.min_likeness, message
    if joint.loudness_jump_lu is not None:
        way = "louder" if joint.loudness_jump_lu > 0 else "quieter"
        message = f"The take is {abs(joint.loudness_jump_lu):.0f} LU {way} {place.replace('in ', '')}"
        limit = policy.max_loudness_jump_lu if joint.is_same_scene else policy.max_scene_loudness_jump_lu
        yield "loudness_jump", abs(joint.loudness_jump_lu), limit, message
    if joint.noise_jump_db is not None:
        way = "louder" if joint.noise_jump_db > 0 else "quieter"
        message = f"The background noise is {abs(joint.noise_jump_db):.0f} dB {way} {place}"
        yield "noise_jump", abs(joint.noise_jump_db), policy.max_noise_jump_db, message
