"""Everything a decision may look at, and the ways on and out that all decisions share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import Field

from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.clip_run import RepairInstruction, RepairStrategy, RetryPolicy
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.value import Value
from providers.base import ProviderProfile


class Canon(Value):
    """What no correction may contradict: the film's look, and the people who are in the clip."""

    style: StyleBible = StyleBible()
    characters: tuple[CharacterBible, ...] = ()


class Budget(Value):
    """``left_usd`` of the project's money, None where nothing bounds it; ``costs_usd`` of the next take, by provider.
    A provider that is not named is taken to cost nothing."""

    left_usd: float | None = None
    costs_usd: dict[str, float] = Field(default_factory=dict)

    def missing_usd(self, provider: str) -> float:
        """How much is missing for one more take of that provider; 0 when it can be paid."""
        cost = self.costs_usd.get(provider, 0.0)
        return 0.0 if self.left_usd is None or cost <= 0 else max(0.0, round(cost - self.left_usd, 4))


class Asked(Value):
    """What the take was asked for with: its prompt, the part of it that is a person's own and stays as it stands, and
    for how long the clip was planned (0: not known, so no take is cut)."""

    prompt: str = ""
    own_prompt: str = ""
    planned_seconds: float = 0.0


@dataclass(frozen=True)
class Case:
    """``takes`` is how many were really made; ``history`` the instructions so far without edits, ``here`` those at this
    provider; ``edits`` the ways in which the newest generated take was cut already; ``others`` the providers not used
    yet, in order of preference."""

    line: str
    asked: Asked
    takes: int
    policy: RetryPolicy
    strictness: AssessmentPolicy
    profile: ProviderProfile
    history: tuple[RepairInstruction, ...]
    here: tuple[RepairInstruction, ...]
    edits: frozenset[RepairStrategy]
    others: tuple[str, ...]
    budget: Budget
    canon: Canon

    @property
    def is_spent(self) -> bool:
        return self.takes >= self.policy.max_attempts

    @property
    def fallback(self) -> str:
        """The first of the others that can be paid; empty when there is none."""
        return next((name for name in self.others if not self.budget.missing_usd(name)), "")


def first_payable(
    case: Case, options: Iterable[RepairInstruction | None], what: str, *, may_move: bool = True
) -> RepairInstruction | None:
    """The first of ``options``; where the budget cannot pay it, another provider that it can if the clip ``may_move``
    there, else a person is asked for the money. None when there are no options at all."""
    wanted = next((option for option in options if option is not None), None)
    # All that is not another provider's costs the same: what this one takes.
    if wanted is None or not case.budget.missing_usd(wanted.provider or case.profile.name):
        return wanted
    if may_move and (cheaper := move(case, f"{what}. {case.profile.title} costs too much now", is_cheaper=True)):
        return cheaper
    prices = case.budget.costs_usd
    missing, name = min((case.budget.missing_usd(n), n) for n in (case.profile.name, *case.others) if n in prices)
    return stop(
        RepairStrategy.NEEDS_HUMAN,
        f"{what}. Another take costs ${prices[name]:.2f} and the budget has ${case.budget.left_usd or 0:.2f} left: "
        f"${missing:.2f} is missing. Raise the budget and retry this clip, or decide on the takes there are.",
    )


def move(case: Case, what: str, *, is_unpaid: bool = False, is_cheaper: bool = False) -> RepairInstruction | None:
    if not case.fallback:
        return None
    price = case.budget.costs_usd.get(case.fallback, 0.0)
    cost = (f" for ${price:.2f}" if price else " at no cost") if is_cheaper else ""
    return RepairInstruction(
        strategy=RepairStrategy.FALLBACK_PROVIDER,
        reason=f"{what}. The next take is made by {case.fallback}{cost}.",
        provider=case.fallback,
        is_unpaid=is_unpaid,
    )


def again(reason: str) -> RepairInstruction:
    return RepairInstruction(strategy=RepairStrategy.RETRY, reason=reason)


def give_up(case: Case, what: str) -> RepairInstruction:
    tries = "the one try" if case.policy.max_attempts == 1 else f"{case.policy.max_attempts} tries"
    return stop(RepairStrategy.GIVE_UP, f"No take passed in {tries}. The last one: {what}.")


def stop(strategy: RepairStrategy, reason: str) -> RepairInstruction:
    return RepairInstruction(strategy=strategy, reason=reason)


def is_wait(instruction: RepairInstruction) -> bool:
    return instruction.strategy is RepairStrategy.RETRY and instruction.delay_seconds > 0


def was_retried(case: Case) -> bool:
    """Whether the same was asked again at this provider already, other than after a wait."""
    return any(h.strategy is RepairStrategy.RETRY and not is_wait(h) for h in case.here)
