"""What the verdicts are worth: precision, recall and confusion, a defect being what is looked for. Pure.

A take that ``needs_review`` is neither found nor cleared. It counts as missed when it has a defect and as a false alarm
when it is good, and has columns of its own. The same holds for a check that answered neither pass nor fail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.assessor.labels import Label
from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus


@dataclass(frozen=True)
class Outcome:
    """A label and what the assessor said."""

    label: Label
    assessment: Assessment

    @property
    def answer(self) -> str:
        return self.assessment.verdict.value

    @property
    def is_right(self) -> bool:
        return self.answer == self.label.truth.verdict

    def answer_of(self, check: CheckName) -> str:
        result = self.assessment.checks.get(check)
        return result.status.value if result else CheckStatus.NOT_RUN.value


@dataclass(frozen=True)
class Tally:
    """Takes by what they are and what was said of them; ``open`` is neither pass nor fail."""

    bad_failed: int = 0
    bad_open: int = 0
    bad_passed: int = 0
    good_failed: int = 0
    good_open: int = 0
    good_passed: int = 0

    @property
    def bad(self) -> int:
        return self.bad_failed + self.bad_open + self.bad_passed

    @property
    def good(self) -> int:
        return self.good_failed + self.good_open + self.good_passed

    @property
    def precision(self) -> float | None:
        """Of what was held to be bad, the share that is. None when nothing was."""
        alarms = self.bad_failed + self.good_failed + self.good_open
        return self.bad_failed / alarms if alarms else None

    @property
    def recall(self) -> float | None:
        """Of what is bad, the share that was found. None when nothing is."""
        return self.bad_failed / self.bad if self.bad else None

    def as_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in Tally.__dataclass_fields__}
        return {**counts, "precision": self.precision, "recall": self.recall}


def count(pairs: Iterable[tuple[str, str]]) -> Tally:
    """Tally of (truth, answer): truth is ``pass`` or ``fail``, the answer anything."""
    counts: dict[str, int] = defaultdict(int)
    for truth, answer in pairs:
        said = {"pass": "passed", "fail": "failed"}.get(answer, "open")
        counts[f"{'bad' if truth == 'fail' else 'good'}_{said}"] += 1
    return Tally(**counts)


def count_verdicts(outcomes: Iterable[Outcome]) -> Tally:
    return count((o.label.truth.verdict, o.answer) for o in outcomes)


def count_checks(outcomes: Sequence[Outcome]) -> dict[CheckName, Tally]:
    """Tally per check, over the clips whose label tells of it."""
    return {
        check: count(
            (o.label.truth.checks[check], o.answer_of(check)) for o in outcomes if check in o.label.truth.checks
        )
        for check in CheckName
        if any(check in o.label.truth.checks for o in outcomes)
    }


def group(outcomes: Iterable[Outcome], key: Callable[[Outcome], Any]) -> dict[Any, list[Outcome]]:
    """Outcomes by ``key``, in order of appearance."""
    groups: dict[Any, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(key(outcome), []).append(outcome)
    return groups


def as_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All figures, for ``--json``."""
    by_sort = group(outcomes, lambda o: (o.label.truth.verdict, o.label.sort, o.label.truth.strength))
    return {
        "clips": len(outcomes),
        "overall": count_verdicts(outcomes).as_json(),
        "checks": {check.value: tally.as_json() for check, tally in count_checks(outcomes).items()},
        "makers": {m: count_verdicts(part).as_json() for m, part in group(outcomes, lambda o: o.label.maker).items()},
        "sorts": [
            {
                "truth": truth,
                "sort": sort,
                "strength": strength,
                "right": sum(o.is_right for o in part),
                "of": len(part),
            }
            for (truth, sort, strength), part in by_sort.items()
        ],
        "wrong": [
            {
                "file": o.label.file,
                "truth": o.label.truth.verdict,
                "sort": o.label.sort,
                "strength": o.label.truth.strength,
                "answer": o.answer,
                "summary": o.assessment.summary,
            }
            for o in outcomes
            if not o.is_right
        ],
    }


def as_table(outcomes: Sequence[Outcome]) -> str:
    """All figures, for people."""
    lines = [f"{len(outcomes)} clips", "", _HEAD]
    lines.append(_row("overall", count_verdicts(outcomes)))
    for maker, part in group(outcomes, lambda o: (o.label.maker, o.label.is_held_out)).items():
        name, is_held_out = maker
        lines.append(_row(f"  {name or 'no maker'}{' (held out)' if is_held_out else ''}", count_verdicts(part)))
    lines += [_row(check.value, tally) for check, tally in count_checks(outcomes).items()]
    for truth, title in (("fail", "defect, strength: found"), ("pass", "good clips, kind: passed")):
        lines += ["", title]
        of_truth = [o for o in outcomes if o.label.truth.verdict == truth]
        for sort, part in sorted(group(of_truth, lambda o: o.label.sort).items()):
            right = sum(o.is_right for o in part)
            steps = "  ".join(
                f"{strength}: {sum(o.is_right for o in same)}/{len(same)}"
                for strength, same in group(part, lambda o: o.label.truth.strength).items()
                if strength
            )
            lines.append(f"  {sort:<22}{right:>3}/{len(part):<3}  {steps}".rstrip())
    wrong = [o for o in outcomes if not o.is_right]
    lines += ["", f"wrong: {len(wrong)}"]
    for o in wrong:
        sort = f"{o.label.sort} {o.label.truth.strength}".strip()
        lines.append(f"  {o.label.file} [{sort}] is {o.label.truth.verdict}, said {o.answer}: {o.assessment.summary}")
    for check, strays in _strays(outcomes).items():
        lines += ["", f"{check}: answers that differ from the label though the verdict is right"]
        lines += [f"  {o.label.file} [{o.label.sort}] said {o.answer_of(check)}: {_findings(o, check)}" for o in strays]
    return "\n".join(lines)


_HEAD = f"{'':<26}{'precision':>10}{'recall':>8}   bad: failed open passed   good: failed open passed"


def _row(name: str, t: Tally) -> str:
    shares = f"{_share(t.precision):>10}{_share(t.recall):>8}"
    bad = f"{t.bad_failed:>14}{t.bad_open:>5}{t.bad_passed:>7}"
    return f"{name:<26}{shares}{bad}{t.good_failed:>15}{t.good_open:>5}{t.good_passed:>7}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _strays(outcomes: Iterable[Outcome]) -> dict[CheckName, list[Outcome]]:
    found: dict[CheckName, list[Outcome]] = {}
    for o in outcomes:
        for check, truth in o.label.truth.checks.items():
            if o.is_right and o.answer_of(check) != truth:
                found.setdefault(check, []).append(o)
    return found


def _findings(outcome: Outcome, check: CheckName) -> str:
    result = outcome.assessment.checks.get(check)
    return "; ".join(f.message for f in result.findings) or result.reason or f"score {result.score}" if result else "-"
