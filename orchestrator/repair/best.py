"""Which of several takes is worth most, and what changed from one to the next. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from orchestrator.schema.assessment import Assessment, Verdict

_WORTH = {Verdict.PASS: 2, Verdict.NEEDS_REVIEW: 1, Verdict.FAIL: 0}


def best_take(assessments: Mapping[str, Assessment]) -> str | None:
    """The key of the take worth most, the earlier of two that are worth the same; None when there are none.

    What counts, in this order: the verdict, the score, how much of the weight was measured, few vetoes. A take without
    a score is worth less than any that has one.
    """
    return max(assessments, key=lambda key: _worth(assessments[key]), default=None)


def rank_takes(assessments: Mapping[str, Assessment]) -> tuple[str, ...]:
    """The keys of the takes, the one worth most first; of two that are worth the same the earlier one."""
    return tuple(sorted(assessments, key=lambda key: _worth(assessments[key]), reverse=True))


def next_pair(takes: Sequence[str], decided: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """The next two of ``takes`` to be compared by a person, so that in the end one of them has won over all others in
    as few comparisons as there are others; None when it has. ``decided`` are (the better, the other), oldest first.

    Which of the two comes first is by chance, the same chance every time.
    """
    winners = {frozenset(pair): pair[0] for pair in decided}
    ordered = sorted(takes, key=lambda take: _chance(take))
    best, others = next(iter(ordered), ""), ordered[1:]
    for other in others:
        pair = frozenset((best, other))
        if pair not in winners:
            first, second = sorted(pair, key=lambda take: _chance(take, *sorted(pair)))
            return first, second
        best = winners[pair]
    return None


def _chance(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def why_best(assessments: Mapping[str, Assessment]) -> str:
    """In words, what the best take has over the next one; empty when there is no other."""
    key = best_take(assessments)
    others = {other: assessment for other, assessment in assessments.items() if other != key}
    second = best_take(others)
    if key is None or second is None:
        return ""
    best, next_best = assessments[key], others[second]
    if best.verdict is not next_best.verdict:
        return f"Best take: {_VERDICTS[best.verdict]}, no other did better than “{_VERDICTS[next_best.verdict]}”."
    if best.score != next_best.score:
        return f"Best take: score {_percent(best.score)}, the next one has {_percent(next_best.score)}."
    if best.weight_run != next_best.weight_run:
        less = f"{next_best.weight_run:.0%}"
        return f"Best take: {best.weight_run:.0%} of the evidence was measured, of the next one {less}."
    if len(best.vetoes) != len(next_best.vetoes):
        return "Best take: it has fewer faults that rule a take out."
    return "Best take: the first of those that are equally good."


def diff_prompts(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """``after`` held against ``before``, statement by statement: (``same`` | ``added`` | ``removed``, text)."""
    old, new = (_STATEMENT_END.split(prompt.strip()) for prompt in (before, after))
    rows: list[tuple[str, str]] = []
    for op, i, j, k, m in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if op == "equal":
            rows += (("same", text) for text in new[k:m])
        else:
            rows += (("removed", text) for text in old[i:j])
            rows += (("added", text) for text in new[k:m])
    return tuple((op, text) for op, text in rows if text)


_STATEMENT_END = re.compile(r"\n+|(?<=[.!?…”])\s+")
_VERDICTS = {Verdict.PASS: "passed", Verdict.NEEDS_REVIEW: "needs a person", Verdict.FAIL: "failed"}


def _worth(assessment: Assessment) -> tuple[int, float, float, int]:
    score = -1.0 if assessment.score is None else assessment.score
    return _WORTH[assessment.verdict], score, assessment.weight_run, -len(assessment.vetoes)


def _percent(score: float | None) -> str:
    return "not measured" if score is None else f"{score:.0%}"
