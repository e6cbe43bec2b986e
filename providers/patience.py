"""Patience: a provider asked no faster than it likes, and left alone while it is down.

``PatientProvider`` wraps any adapter. Waiting for a turn to create happens in ``ready``, before anything is written
down or sent: a request that was announced must not go out late.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from aiolimiter import AsyncLimiter

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
_BURST_SECONDS = 6.0


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

    def __init__(self, inner: VideoProvider, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._clock = clock
        self._breaker = CircuitBreaker(clock)
        self._held_until = 0.0
        per_burst = max(1.0, inner.profile.requests_per_minute * _BURST_SECONDS / 60)
        self._limiter = AsyncLimiter(per_burst, per_burst * 60 / inner.profile.requests_per_minute)

    @property
    def profile(self) -> ProviderProfile:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._inner.profile

    @property
    def endpoint(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._inner.endpoint

    async def ready(self) -> None:
        """Wait for a turn to create. Raises ``Unavailable`` while the provider rests, ``RateLimited`` when it asked
        for more patience than is waited out here; nothing was sent."""
        while (held := self._held_until - self._clock()) > 0:
            if held > WAITED_HERE_SECONDS:
                raise RateLimited(
                    f"{self.profile.title} asked us to wait; {held:.0f} s are left.", retry_after_seconds=held
                )
            await asyncio.sleep(held)
        self._refuse_while_down()
        await self._limiter.acquire()

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
        return await self._watch(self._inner.check_account())

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _turn(self) -> None:
        self._refuse_while_down()
        await self._limiter.acquire()

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
                self._held_until = max(self._held_until, self._clock() + error.retry_after_seconds)
            raise
        except ProviderError:
            self._breaker.note_answer()
            raise
        self._breaker.note_answer()
        return result
