"""How well it goes, in numbers with their targets, by period and week."""

from __future__ import annotations

from datetime import date

from pydantic import computed_field

from orchestrator.schema.assessment import CheckName
from orchestrator.schema.value import Value

# A share of fewer is chance.
ENOUGH_FOR_A_RATE = 5
FIRST_PASS_TARGET = 0.70
RETRIES_TARGET = 2.0
SECONDS_PER_FILM_MINUTE_TARGET = 15 * 60.0
SATISFACTION_TARGET = 4.0


class Figure(Value):
    """One number, None where there is nothing to count or too little: it rests on ``sample`` clips, films or ratings.
    ``before`` is the same of the period before, None where there is none. ``target`` is to be exceeded if
    ``is_more_better``, else to be stayed under."""

    value: float | None
    sample: int
    before: float | None = None
    target: float | None = None
    is_more_better: bool = False

    @computed_field
    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None where there is no number or no target."""
        if self.value is None or self.target is None:
            return None
        return self.value > self.target if self.is_more_better else self.value < self.target

    @computed_field
    @property
    def change(self) -> float | None:
        """Against the period before."""
        return None if self.value is None or self.before is None else self.value - self.before


class Metrics(Value):
    """The success metrics of the newest ``days`` days, or of all time (None), from real rows.

    ``first_pass_rate``: of the clips whose first take was asked for then and that are settled, the share whose first
    take was accepted; None below ``ENOUGH_FOR_A_RATE`` clips. ``retries_per_clip``: further takes that were asked for,
    of the same clips. ``seconds_per_film_minute``: from start to finish, of the films completed then.
    ``cost_per_accepted_second``: all that was spent then, by the seconds of the clips whose accepted take was asked for
    then. ``satisfaction``: the mean of the ratings given then. ``spend``: takes and looks at takes, in US dollars.
    """

    days: int | None
    first_pass_rate: Figure
    retries_per_clip: Figure
    seconds_per_film_minute: Figure
    cost_per_accepted_second: Figure
    satisfaction: Figure
    spend: Figure


class WeekPasses(Value):
    """First takes of settled clips at one provider in the week from ``monday``, and how many were accepted."""

    monday: date
    provider: str
    takes: int
    passed: int


class WeekSpend(Value):
    """US dollars that went to one provider in the week from ``monday``."""

    monday: date
    provider: str
    cost_usd: float


class Failures(Value):
    """Why takes did not pass: of ``takes`` that were assessed and did not, how many failed each check; and how many
    takes a provider never delivered. A take may fail several checks."""

    takes: int
    by_check: dict[CheckName, int]
    not_delivered: int


class Trends(Value):
    """What charts show. ``mondays`` are all the weeks, also those in which nothing happened, oldest first."""

    mondays: tuple[date, ...]
    passes: tuple[WeekPasses, ...]
    spend: tuple[WeekSpend, ...]
    failures: Failures
