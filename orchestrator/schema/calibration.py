"""What people's words on takes say about the assessor, and what another policy would make of stored assessments."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field, computed_field

from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Override, Verdict
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.value import Value


class Word(Value):
    """What a person said about a whole take, or about one ``check`` of it: whether it ``is_defect``."""

    check: CheckName | None = None
    is_defect: bool
    at: datetime
    by: str
    reason: str


class StoredTake(Value):
    """An assessed take as it stands in the database: the newest assessment, when that was made, and all that people
    said since, oldest first. ``overrides`` are corrected checks, for the verdict; ``words`` what is known of takes and
    checks from people. ``media_key`` is where the asset store keeps the video."""

    run_id: str
    project_name: str = ""
    position: int = 1
    attempt: int = 1
    line: str = ""
    seconds: int = 0
    size: str = ""
    language: str = "en"
    visual_intent: str = ""
    acceptance: tuple[str, ...] = ()
    prompt: str = ""
    media_key: str = ""
    media_sha256: str = ""
    assessed_at: datetime
    assessment: Assessment
    overrides: tuple[Override, ...] = ()
    words: tuple[Word, ...] = ()
    is_accepted: bool = False


class Unspoken(Value):
    """An assessed take on which no person said anything: it counts, and nothing else is asked of it."""

    assessed_at: datetime
    score: float | None


# --- what another policy would make of them ---


class ChangedTake(Value):
    """A take whose verdict would be another one, and why."""

    run_id: str
    project_name: str
    position: int
    attempt: int
    line: str
    is_accepted: bool
    old: Verdict
    new: Verdict
    old_score: float | None
    new_score: float | None
    why: str


class WhatIf(Value):
    """Stored takes under another policy. ``before`` and ``after`` count the ``takes`` by verdict; ``has_more``: there
    are older takes that were not looked at. ``vetoes`` are the codes of all that was found in them."""

    takes: int
    before: dict[Verdict, int]
    after: dict[Verdict, int]
    changed: tuple[ChangedTake, ...] = ()
    has_more: bool = False
    vetoes: tuple[str, ...] = ()


class PolicyView(Value):
    """How strictly a project's takes are judged. ``is_own`` False: by this version's defaults."""

    project_id: str
    policy: AssessmentPolicy
    is_own: bool


# --- what people's words say ---


class Label(Value):
    """One thing a person said about a take, beside what the assessor had said of it. ``check`` None: the whole take.

    ``said`` is a verdict or the state of a check, ``score`` what was measured, ``week`` the Monday of the week (UTC) in
    which the take was assessed."""

    run_id: str
    check: CheckName | None = None
    is_defect: bool
    said: Verdict | CheckStatus
    score: float | None = None
    week: date
    at: datetime
    by: str
    reason: str


class Figures(Value):
    """How often the assessor and people agree. Positive is: a defect was found. ``undecided``: the assessor did not
    say, because it left the take to a person or the check did not run; these count in neither figure."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0
    right_passes: int = 0
    undecided: int = 0

    @computed_field
    @property
    def labels(self) -> int:
        return self.hits + self.false_alarms + self.misses + self.right_passes

    @computed_field
    @property
    def precision(self) -> float | None:
        """Of the defects that were found, the share that are some; None when none were found."""
        return _share(self.hits, self.hits + self.false_alarms)

    @computed_field
    @property
    def recall(self) -> float | None:
        """Of the defects there are, the share that were found; None when there are none."""
        return _share(self.hits, self.hits + self.misses)

    @computed_field
    @property
    def balanced_accuracy(self) -> float | None:
        """The mean of the shares of defects found and of good takes passed; None when either kind is missing."""
        passed = _share(self.right_passes, self.right_passes + self.false_alarms)
        return None if self.recall is None or passed is None else (self.recall + passed) / 2


class Proposal(Value):
    """A minimum that would have agreed better with people, on ``labels`` of them; ``now`` and ``then`` are the figures
    of those labels under the minimum in force and under the proposed one."""

    minimum: float = Field(ge=0, le=1)
    labels: int
    now: Figures
    then: Figures


class CheckCalibration(Value):
    """One check. ``why_no_proposal`` is empty where there is one."""

    check: CheckName
    minimum: float
    figures: Figures
    proposal: Proposal | None = None
    why_no_proposal: str = ""


class Week(Value):
    """The takes assessed in the week from ``monday`` (UTC) on. ``overturned``: verdicts against which a person decided;
    ``decided``: takes on which a person decided at all."""

    monday: date
    verdicts: int
    decided: int
    overturned: int
    mean_score: float | None = None

    @computed_field
    @property
    def overturned_share(self) -> float:
        return self.overturned / self.verdicts


class Calibration(Value):
    """How far people agree with the assessor. ``weeks`` are in order; ``has_more``: older takes were not counted."""

    overall: Figures
    checks: tuple[CheckCalibration, ...]
    weeks: tuple[Week, ...] = ()
    has_more: bool = False


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
