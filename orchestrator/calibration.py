"""People's words on takes as labels: how far they agree with the assessor, which minima would agree better, and what
another policy would make of stored takes. Pure: nothing is measured, read or written here."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import mean
from typing import Any

from orchestrator.assessor.verdict import rejudge, with_overrides
from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Verdict
from orchestrator.schema.calibration import (
    Calibration,
    ChangedTake,
    CheckCalibration,
    Figures,
    Label,
    Proposal,
    StoredTake,
    Unspoken,
    Week,
    WhatIf,
    Word,
)
from orchestrator.schema.policy import AssessmentPolicy

# Fewer say more about themselves than about the check.
LABELS_NEEDED = 12
LABELS_NEEDED_OF_EACH_KIND = 4


# --- what if ---


def what_if(
    takes: Sequence[StoredTake], policy: AssessmentPolicy, *, current: AssessmentPolicy, has_more: bool = False
) -> WhatIf:
    """Stored takes held to ``policy``. ``current`` weighs the verdicts they have; what people said counts in both."""
    before, after, changed = Counter[Verdict](), Counter[Verdict](), []
    for take in takes:
        old = with_overrides(take.assessment, take.overrides, current)
        new = with_overrides(rejudge(take.assessment, policy), take.overrides, policy)
        before[old.verdict] += 1
        after[new.verdict] += 1
        if old.verdict is not new.verdict:
            changed.append(
                ChangedTake(
                    **take.model_dump(include={"run_id", "project_name", "position", "attempt", "line", "is_accepted"}),
                    old=old.verdict,
                    new=new.verdict,
                    old_score=old.score,
                    new_score=new.score,
                    why=_why_changed(old, new, policy),
                )
            )
    found = {f.code for take in takes for check in take.assessment.checks.values() for f in check.findings}
    return WhatIf(
        takes=len(takes),
        before={verdict: before[verdict] for verdict in Verdict},
        after={verdict: after[verdict] for verdict in Verdict},
        changed=tuple(changed),
        has_more=has_more,
        vetoes=tuple(sorted(found)),
    )


def _why_changed(old: Assessment, new: Assessment, policy: AssessmentPolicy) -> str:
    """What makes the difference between two verdicts on the same measurements."""
    held = [
        f"{name.replace('_', ' ')} {round(check.score, 3):g} "
        f"{'is under' if check.status is CheckStatus.FAIL else 'reaches'} {policy.minima[name]:g}"
        for name, check in new.checks.items()
        if check.score is not None and check.status is not old.checks[name].status
    ]
    held += [f"{code.replace('_', ' ')} fails it outright" for code in new.vetoes if code not in old.vetoes]
    held += [f"{code.replace('_', ' ')} does not fail it outright" for code in old.vetoes if code not in new.vetoes]
    told = "; ".join(held) or new.summary.partition(" Not run:")[0].removeprefix("Needs a person: ")
    return told[:1].upper() + told[1:]


# --- labels and figures ---


def labels_of(take: StoredTake) -> tuple[Label, ...]:
    """The newest word on the whole take and on each check, beside what the assessor said by itself."""
    newest: dict[CheckName | None, Word] = {word.check: word for word in take.words}
    return tuple(_label(take, word) for word in newest.values())


def _label(take: StoredTake, word: Word) -> Label:
    check = take.assessment.checks.get(word.check) if word.check else None
    measured = (check.status, check.score) if check else (CheckStatus.NOT_RUN, None)
    said, score = measured if word.check else (take.assessment.verdict, take.assessment.score)
    return Label(
        run_id=take.run_id,
        check=word.check,
        is_defect=word.is_defect,
        said=said,
        score=score,
        week=monday(take.assessed_at),
        at=word.at,
        by=word.by,
        reason=word.reason,
    )


def count(labels: Iterable[Label]) -> Figures:
    """How often what the assessor said is what people said."""
    kinds = Counter(_kind(label.is_defect, label.said) for label in labels)
    return Figures(**kinds)


def _kind(is_defect: bool, said: Verdict | CheckStatus) -> str:
    if said in (Verdict.FAIL, CheckStatus.FAIL):
        return "hits" if is_defect else "false_alarms"
    if said in (Verdict.PASS, CheckStatus.PASS):
        return "misses" if is_defect else "right_passes"
    return "undecided"


def propose(labels: Sequence[Label], *, minimum: float) -> tuple[Proposal | None, str]:
    """The minimum with the best balanced accuracy over the labels that have a score, or why there is none.

    Balanced accuracy, because people look at failed takes more often than at passed ones. Candidates lie halfway
    between neighbouring scores; of equally good ones the nearest to ``minimum`` in force is taken.
    """
    scored = [(label.score, label.is_defect) for label in labels if label.score is not None]
    defects = sum(is_defect for _, is_defect in scored)
    if len(scored) < LABELS_NEEDED or min(defects, len(scored) - defects) < LABELS_NEEDED_OF_EACH_KIND:
        return None, (
            f"A proposal takes {LABELS_NEEDED} labels with a score, {LABELS_NEEDED_OF_EACH_KIND} of each kind; "
            f"there are {defects} with a defect and {len(scored) - defects} without"
        )
    scores = sorted({score for score, _ in scored})
    between = itertools.starmap(_between, itertools.pairwise(scores))
    candidates = {at: _figures_at(at, scored) for at in (minimum, *between)}
    best = max(candidates, key=lambda at: (candidates[at].balanced_accuracy or 0.0, -abs(at - minimum)))
    if best == minimum:
        return None, "The minimum in force agrees with people as well as any other would"
    return Proposal(minimum=best, labels=len(scored), now=candidates[minimum], then=candidates[best]), ""


def _between(low: float, high: float) -> float:
    """A short number that divides two scores."""
    middle = (low + high) / 2
    return next((short for digits in (2, 3, 4) if low < (short := round(middle, digits)) <= high), high)


def _figures_at(minimum: float, scored: Iterable[tuple[float, bool]]) -> Figures:
    said = ((defect, CheckStatus.PASS if score >= minimum else CheckStatus.FAIL) for score, defect in scored)
    return Figures(**Counter(_kind(is_defect, status) for is_defect, status in said))


def calibrate(
    takes: Sequence[StoredTake],
    *,
    policy: AssessmentPolicy,
    unspoken: Sequence[Unspoken] = (),
    has_more: bool = False,
) -> Calibration:
    """All figures over ``takes``, and over the ``unspoken`` ones where those count; minima are proposed against those
    of ``policy``."""
    labels = [label for take in takes for label in labels_of(take)]
    return Calibration(
        overall=count(label for label in labels if label.check is None),
        checks=tuple(
            _calibrate_check(name, [label for label in labels if label.check is name], minimum=policy.minima[name])
            for name in CheckName
        ),
        weeks=drift(takes, policy=policy, unspoken=unspoken),
        has_more=has_more,
    )


def _calibrate_check(name: CheckName, labels: Sequence[Label], *, minimum: float) -> CheckCalibration:
    proposal, why = propose(labels, minimum=minimum)
    return CheckCalibration(check=name, minimum=minimum, figures=count(labels), proposal=proposal, why_no_proposal=why)


# --- drift ---


def drift(
    takes: Iterable[StoredTake], *, policy: AssessmentPolicy, unspoken: Iterable[Unspoken] = ()
) -> tuple[Week, ...]:
    """By the week in which takes were assessed: how many verdicts people overturned, and the mean score."""
    weeks: defaultdict[date, list[StoredTake]] = defaultdict(list)
    others: defaultdict[date, list[Unspoken]] = defaultdict(list)
    for take in takes:
        weeks[monday(take.assessed_at)].append(take)
    for other in unspoken:
        others[monday(other.assessed_at)].append(other)
    return tuple(_week(day, weeks[day], others[day], policy=policy) for day in sorted({*weeks, *others}))


def _week(day: date, takes: Sequence[StoredTake], others: Sequence[Unspoken], *, policy: AssessmentPolicy) -> Week:
    found = (*(take.assessment.score for take in takes), *(other.score for other in others))
    scores = [score for score in found if score is not None]
    return Week(
        monday=day,
        verdicts=len(takes) + len(others),
        decided=sum(bool(take.words) for take in takes),
        overturned=sum(is_overturned(take, policy=policy) for take in takes),
        mean_score=round(mean(scores), 4) if scores else None,
    )


def is_overturned(take: StoredTake, *, policy: AssessmentPolicy) -> bool:
    """Whether people decided against the verdict: by their word on the whole take, else by what they corrected."""
    whole = next((label for label in labels_of(take) if label.check is None), None)
    if whole:
        return _kind(whole.is_defect, whole.said) in ("misses", "false_alarms")
    return with_overrides(take.assessment, take.overrides, policy).verdict is not take.assessment.verdict


def monday(at: datetime) -> date:
    """The Monday of the week (UTC) in which ``at`` lies."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


# --- labels to take elsewhere ---


def export_line(take: StoredTake, *, file: str, policy: AssessmentPolicy) -> dict[str, Any] | None:
    """A take that people labelled, as a line of ``labels.jsonl`` in a labelled set that holds its video as ``file``;
    None where what they said leaves the take itself open. Checks nobody spoke of are left out, and so are those that
    were said to fail in a take that was approved all the same."""
    labels = {label.check: label for label in labels_of(take)}
    if None in labels:
        is_bad = labels[None].is_defect
    else:
        verdict = with_overrides(take.assessment, take.overrides, policy).verdict
        if not labels or verdict is Verdict.NEEDS_REVIEW:
            return None
        is_bad = verdict is Verdict.FAIL
    said = {check: "fail" if label.is_defect else "pass" for check, label in labels.items() if check}
    checks = {check.value: word for check, word in said.items() if is_bad or word == "pass"}
    failed = [check.value.replace("_", " ") for check, word in said.items() if word == "fail"]
    heard = take.assessment.checks.get(CheckName.TRANSCRIPT_MATCH)
    return {
        "file": file,
        "expectation": {
            "text": take.line,
            "language": take.language,
            "target_seconds": take.seconds,
            "size": take.size,
            "has_voice": heard is None or heard.status is not CheckStatus.NOT_APPLICABLE or not take.line,
            "acceptance": list(take.acceptance),
            "visual_intent": take.visual_intent,
            "prompt": take.prompt,
        },
        "truth": {
            "verdict": "fail" if is_bad else "pass",
            "checks": checks,
            "defect": (", ".join(failed) or "rejected") if is_bad else "",
        },
        "kind": "" if is_bad else "approved",
        "maker": "people",
    }
