"""Single clips as a screen shows them: wishes with their takes, what is under way, and what is known before asking."""

from __future__ import annotations

from pydantic import Field

from orchestrator.schema.paging import Paged
from orchestrator.schema.value import Value
from orchestrator.schema.view import TakeView

VARIATIONS_MAX = 4


class WaitEstimate(Value):
    """How long clips asked for now will probably take, from ``takes`` made here before by the same provider and model;
    ``seconds`` is None while there are none."""

    seconds: float | None = None
    takes: int = 0


class LineFit(Value):
    """A line to be spoken: its words, the seconds they take at ``words_per_minute``, and the shortest length sold that
    holds them, None where none does."""

    words: int
    seconds: float
    words_per_minute: int
    needed_seconds: int | None


class Wish(Value):
    """What a person asked for at once, in their own words, and ``takes``: one of each of its clips, the best first, and
    before it the one people preferred. ``best_reason`` says why the first is first. ``pair``: two takes (run ids) to be
    compared without being told which is which, in an order by chance that stays; None when there is nothing left to
    compare. ``preferred_run_id``: what the newest comparison led to. ``reference_url`` is the picture the clips start
    from."""

    id: str
    prompt: str
    line: str = ""
    takes: tuple[TakeView, ...] = Field(min_length=1)
    best_reason: str = ""
    pair: tuple[str, str] | None = None
    preferred_run_id: str = ""
    reference_url: str = ""

    @property
    def is_active(self) -> bool:
        return any(take.is_active for take in self.takes)


class WishList(Paged):
    """Wishes, newest first."""

    wishes: tuple[Wish, ...] = ()


class UnderWay(Value):
    """A single clip that is being made; ``left_seconds`` from how long its provider and model took here before, None
    where that is not known, negative when it takes longer than usual."""

    take: TakeView
    elapsed_seconds: float
    left_seconds: float | None = None
