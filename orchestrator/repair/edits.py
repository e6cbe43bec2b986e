"""Edits of a take that is there: a faulty edge cut off, or a little more or less speed. They cost nothing.

An edit is proposed only when it can cure all that failed the take, and never at the price of a word.
"""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.repair.case import Case
from orchestrator.repair.remedies import decisive_by_check, diff_rows
from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Finding
from orchestrator.schema.clip_run import Edit, RepairInstruction, RepairStrategy

# A voice this much faster or slower at the same pitch still sounds like itself.
MAX_SPEED_CHANGE = 0.08
# Left before the first and after the last word.
BREATH_SECONDS = 0.1
# What stands just beside a fault is no better than the fault: a frame or two.
_MARGIN_SECONDS = 0.05
_LEAST_CUT_SECONDS = 0.02
# So much earlier than the voice a listener may end the last word; what is voiced beyond that is something else.
_EARLY_END_SECONDS = 0.3

_LENGTH_FAULTS = frozenset(("wrong_length", "length_off"))
_PACE_FAULTS = frozenset(("too_fast", "too_slow"))


class _Stretch(NamedTuple):
    start: float
    end: float


def propose_edit(case: Case, assessment: Assessment, what: str) -> RepairInstruction | None:
    """The edit that would let this take pass, None when there is none or it was tried. Cutting comes before speed."""
    planned, length = case.asked.planned_seconds, _length(assessment)
    found = tuple(decisive_by_check(assessment))
    if not found or planned <= 0 or length is None:
        return None
    whole = _Stretch(0.0, length)
    for start, end in dict.fromkeys((_kept(case, assessment, found, whole) or whole, whole)):
        is_cut = end - start < length - _LEAST_CUT_SECONDS
        strategy = RepairStrategy.TRIM if is_cut else RepairStrategy.RETIME
        speed = _speed(case, found, end - start)
        if strategy in case.edits or speed is None or (not is_cut and speed == 1.0):
            continue
        if not is_cut and any(not _is_of_time(finding) for _, finding in found):
            continue  # what has to be cut off stays in a take that is only retimed
        edit = Edit(start_seconds=round(start, 3), end_seconds=round(end, 3), speed=round(speed, 4))
        reason = f"{what}. {_say(edit, length)} Nothing is asked of {case.profile.title} and nothing is paid."
        return RepairInstruction(strategy=strategy, reason=reason, edit=edit)
    return None


def _kept(
    case: Case, assessment: Assessment, found: tuple[tuple[CheckName, Finding], ...], whole: _Stretch
) -> _Stretch | None:
    """What of the take stays when every fault with a place is cut off with the edge it is near; None when one cannot
    be, or a word would go with it."""
    start, end = whole
    spoken = _spoken(assessment)
    for name, finding in found:
        if _is_of_time(finding):
            continue
        places = _places(name, finding, assessment, spoken)
        if places is None:
            return None
        for place in places:
            if place.end <= whole.end - place.start:  # nearer to the start
                start = max(start, place.end + _MARGIN_SECONDS)
            else:
                end = min(end, place.start - _MARGIN_SECONDS)
    if end - start > case.asked.planned_seconds:
        # A take that is too long loses its end, as far as nothing is said there.
        last_word = spoken.end + BREATH_SECONDS if spoken else end if case.line else start
        if end - start > _longest(case):
            end = min(end, max(start + case.asked.planned_seconds, last_word))
    is_cut = (start, end) != whole
    if is_cut and (spoken is None if case.line else False):
        return None  # nobody knows where the words are
    if spoken and (start > 0 and start > spoken.start - BREATH_SECONDS):
        return None
    if spoken and (end < whole.end and end < spoken.end + BREATH_SECONDS):
        return None
    return _Stretch(start, end) if end > start else None


def _places(
    name: CheckName, finding: Finding, assessment: Assessment, spoken: _Stretch | None
) -> list[_Stretch] | None:
    """Where a fault is; None when it has no place, or is one that no cut can cure."""
    if finding.code == "extra_words":
        rows = [row for row in _timed_rows(assessment) if row[0] == "extra"]
        is_outside = spoken is not None and all(r[2] <= spoken.start or r[1] >= spoken.end for r in rows)
        has_all = len(rows) == sum(row[0] == "extra" for row in diff_rows(assessment))
        return [_Stretch(row[1], row[2]) for row in rows] if rows and is_outside and has_all else None
    if name is not CheckName.NO_ARTIFACTS or finding.start_seconds is None:
        return None
    return [_Stretch(finding.start_seconds, finding.end_seconds or finding.start_seconds)]


def _speed(case: Case, found: tuple[tuple[CheckName, Finding], ...], length: float) -> float | None:
    """How much faster ``length`` seconds have to be to fit the plan, 1.0 when they do; None when that is too much."""
    planned = case.asked.planned_seconds
    shortest, longest = planned - case.strictness.tolerance(planned), _longest(case)
    slowest, fastest = 1 - MAX_SPEED_CHANGE, 1 + MAX_SPEED_CHANGE
    speed = 1.0 if shortest <= length <= longest else min(fastest, max(slowest, length / planned))
    codes = {finding.code for _, finding in found}
    if "too_fast" in codes:
        speed = slowest
    elif "too_slow" in codes:
        speed = fastest
    return speed if shortest - 1e-6 <= length / speed <= longest + 1e-6 else None


def _longest(case: Case) -> float:
    """How long a take may be and still pass: the film plays its planned time only."""
    planned, policy = case.asked.planned_seconds, case.strictness
    soft, hard = policy.tolerance(planned), policy.hard_tolerance(planned)
    return planned + soft + (1 - policy.minima[CheckName.DURATION_OK]) * (hard - soft) * 0.9


def _is_of_time(finding: Finding) -> bool:
    return finding.code in _LENGTH_FAULTS or finding.code in _PACE_FAULTS


def _length(assessment: Assessment) -> float | None:
    """How long the take is, in seconds, as it was measured."""
    check = assessment.checks.get(CheckName.DURATION_OK)
    seconds = check.evidence.get("actual_seconds") if check else None
    return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None


def _spoken(assessment: Assessment) -> _Stretch | None:
    """From the first to the last word of the line; None where the times of words are not known."""
    check = assessment.checks.get(CheckName.TRANSCRIPT_MATCH)
    if check is None or check.status in (CheckStatus.NOT_RUN, CheckStatus.NOT_APPLICABLE):
        return None
    ours = [row for row in _timed_rows(assessment) if row[0] in ("equal", "wrong")]
    voiced = _times(check.evidence.get("speech"))
    if not ours:
        ours = [("", *times) for times in _times(check.evidence.get("words")) or voiced]
    if not ours:
        return None
    start, end = min(row[1] for row in ours), max(row[2] for row in ours)
    # Listeners give the first word all the silence before it, and end the last one early; the voice itself knows.
    start = max(start, min((s for s, e in voiced if e > start), default=start))
    last = max((e for s, e in voiced if s < end), default=end)
    return _Stretch(start, last if last - end <= _EARLY_END_SECONDS else end)


def _timed_rows(assessment: Assessment) -> list[tuple[object, float, float]]:
    """(what, start, end) of the rows of the diff that have a place in the take."""
    rows = [row for row in diff_rows(assessment) if len(row) >= 5]
    return [(row[0], start, end) for row in rows for start, end in _times([row[3:5]])]


def _times(rows: object) -> list[tuple[float, float]]:
    """The last two columns of rows of evidence, where they are times."""
    times: list[tuple[float, float]] = []
    for row in rows if isinstance(rows, list | tuple) else ():
        if isinstance(row, list | tuple) and len(row) >= 2:
            start, end = row[-2:]
            if isinstance(start, int | float) and isinstance(end, int | float):
                times.append((float(start), float(end)))
    return times


def _say(edit: Edit, length: float) -> str:
    parts: list[str] = []
    if edit.start_seconds >= _LEAST_CUT_SECONDS:
        parts.append(f"{edit.start_seconds:.2f} s are cut off its start")
    if (tail := length - edit.end_seconds) >= _LEAST_CUT_SECONDS:
        parts.append(f"{tail:.2f} s are cut off its end")
    if edit.speed != 1.0:
        parts.append(f"it plays {abs(edit.speed - 1):.0%} {'slower' if edit.speed < 1 else 'faster'} at the same pitch")
    return f"This take is kept: {' and '.join(parts)}, which makes it {edit.seconds:.2f} s."
