"""Patience: a provider asked no faster than it likes, and left alone while it is down.

``PatientProvider`` wraps any adapter. Waiting for a turn to create happens in ``ready``, before anything is written
down or sent: a request that was announced must not go out late. Who may ask when is told by ``Turns``: of this process
alone, unless it is given some that several processes share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from providers.base import (
    Account,
    CreateClipInput,
    Generation,
    OutcomeUnknown,
    ProviderError,
    ProviderProfile,
    RateLimited,
    RemixClipInput,
    Unavailable,
    VideoProvider,
)

Result = TypeVar("Result")

FAILURES_TO_OPEN = 5
FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 30.0, 300.0
# One caller tries a provider that was down; if it is never heard of again, the next may after this long.
PROBE_SECONDS = 90.0
# A shorter rest is waited out here; a longer one is said, so that the wait is seen.
WAITED_HERE_SECONDS = 15.0
# A minute, and what calls may be held up on their way: no minute at the provider has more than it likes.
_MINUTE_SECONDS = 61.0
# Nobody's turn is further away: a shared clock that was set back would have everybody wait for it.
LONGEST_WAIT_SECONDS = 600.0


class Pace(NamedTuple):
    """How calls are spread: after a pause some at once, ``burst_seconds`` worth, then one every ``interval_seconds``.
    No window of a minute has more of them than ``requests_per_minute``."""

    interval_seconds: float
    burst_seconds: float

    @classmethod
    def of(cls, requests_per_minute: int) -> Pace:
        at_once = max(1, requests_per_minute // 10)
        interval = _MINUTE_SECONDS / (requests_per_minute + 1 - at_once)
        return cls(interval, interval * (at_once - 1))

    def next_due(self, last_due: float, *, now: float) -> float:
        """When the next call is due, in seconds of the same clock; at once where that has passed. What was not used
        for a while is not made up for, beyond the burst."""
        earliest = max(last_due + self.interval_seconds, now - self.burst_seconds)
        return min(earliest, now + LONGEST_WAIT_SECONDS)


class Turns(Protocol):
    """Who may ask one provider when. May raise errors of whoever keeps them, save for ``hold``."""

    def take(self) -> float:
        """Take the next turn: how many seconds it is away. A turn that is not used is lost and does no harm."""
        ...

    def held_seconds(self) -> float:
        """For how long nobody may create, because the provider asked for patience; 0 when one may."""
        ...

    def hold(self, seconds: float) -> None:
        """Nobody creates for so long, or for as long as was said before. Never raises."""
        ...


class OwnTurns:
    """The turns of one process. ``clock`` tells seconds."""

    def __init__(self, requests_per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = Pace.of(requests_per_minute)
        self._clock = clock
        self._due_at = self._held_until = float("-inf")

    def take(self) -> float:
        now = self._clock()
        self._due_at = self._pace.next_due(self._due_at, now=now)
        return max(0.0, self._due_at - now)

    def held_seconds(self) -> float:
        return max(0.0, self._held_until - self._clock())

    def hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock() + seconds)


class CircuitBreaker:
    """Counts failures in a row. After ``FAILURES_TO_OPEN`` nobody asks for a while, then one caller tries; each vain
    try doubles the rest, from 30 s up to 5 min. Failures of calls that were already under way when the rest began say
    nothing new and do not lengthen it. ``clock`` tells seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._rest_seconds = FIRST_REST_SECONDS
        self._closed_until = 0.0
        self._is_tried = False

    @property
    def failures(self) -> int:
        return self._failures

    def admit(self) -> float:
        """0 when the caller may ask now; else how many seconds it has to wait."""
        if self._failures < FAILURES_TO_OPEN:
            return 0.0
        wait = self._closed_until - self._clock()
        if wait > 0:
            return wait
        self._closed_until, self._is_tried = self._clock() + PROBE_SECONDS, True
        return 0.0

    def note_answer(self) -> None:
        """The provider answered, whatever it said."""
        self._failures, self._rest_seconds, self._is_tried = 0, FIRST_REST_SECONDS, False

    def note_failure(self) -> None:
        """The provider did not answer, or answered that it is down."""
        self._failures += 1
        if self._is_tried:
            self._rest_seconds = min(LONGEST_REST_SECONDS, self._rest_seconds * 2)
        elif self._failures != FAILURES_TO_OPEN:
            return
        self._closed_until, self._is_tried = self._clock() + self._rest_seconds, False


class PatientProvider(VideoProvider):
    """``inner``, behind a rate limit, a circuit breaker and the waits it asked for. Belongs to one event loop."""

    def __init__(
        self, inner: VideoProvider, *, turns: Turns | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._inner = inner
        self._breaker = CircuitBreaker(clock)
        self._turns = turns or OwnTurns(inner.profile.requests_per_minute, clock=clock)

    @property
    def profile(self) -> ProviderProfile:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._inner.profile

    @property
    def endpoint(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._inner.endpoint

    async def ready(self) -> None:
        """Wait for a turn to create. Raises ``Unavailable`` while the provider rests, ``RateLimited`` when it asked
        for more patience than is waited out here; nothing was sent."""
        await self._wait_while_held()
        self._refuse_while_down()
        is_held = True
        while is_held:
            await asyncio.sleep(self._turns.take())
            # Said meanwhile: all that waited for that would go at the same moment, so each takes a turn once more.
            is_held = await self._wait_while_held()

    async def create_clip(self, request: CreateClipInput) -> Generation:
        return await self._watch(self._inner.create_clip(request), is_create=True)

    async def remix_clip(self, request: RemixClipInput) -> Generation:
        return await self._watch(self._inner.remix_clip(request), is_create=True)

    async def get_generation(self, generation_id: str) -> Generation:
        await self._turn()
        return await self._watch(self._inner.get_generation(generation_id))

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        await self._turn()
        return await self._watch(self._inner.find_generation(request, created_after=created_after, claimed=claimed))

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        # Finished clips often come from another host: its faults say nothing about the provider.
        return await self._inner.download_content(generation, destination)

    async def cancel(self, generation_id: str) -> bool:
        await self._turn()
        return await self._watch(self._inner.cancel(generation_id))

    async def check_account(self) -> Account:
        await self._turn()
        return await self._watch(self._inner.check_account())

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _turn(self) -> None:
        self._refuse_while_down()
        await asyncio.sleep(self._turns.take())

    async def _wait_while_held(self) -> bool:
        """Whether there was anything to wait for."""
        has_waited = False
        while (held := self._turns.held_seconds()) > 0:
            if held > WAITED_HERE_SECONDS:
                raise RateLimited(
                    f"{self.profile.title} asked us to wait; {held:.0f} s are left.", retry_after_seconds=held
                )
            await asyncio.sleep(held)
            has_waited = True
        return has_waited

    def _refuse_while_down(self) -> None:
        if wait := self._breaker.admit():
            raise Unavailable(
                f"{self.profile.title} has failed {self._breaker.failures} times in a row; "
                f"it is asked again in {wait:.0f} s.",
                retry_after_seconds=wait,
            )

    async def _watch(self, call: Awaitable[Result], *, is_create: bool = False) -> Result:
        try:
            result = await call
        except (Unavailable, OutcomeUnknown):
            self._breaker.note_failure()
            raise
        except RateLimited as error:
            self._breaker.note_answer()
            if is_create and error.retry_after_seconds:
                self._turns.hold(error.retry_after_seconds)
            raise
        except ProviderError:
            self._breaker.note_answer()
            raise
        self._breaker.note_answer()
        return result
