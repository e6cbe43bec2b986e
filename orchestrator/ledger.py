"""The ledger of provider calls: the only place from which a provider is asked to create, and so to charge.

A row is committed before the call is sent and the provider's id right after it is answered. Whoever finds a row whose
answer is missing asks the provider's list first and never pays blindly a second time. The project's budget and the
provider's free places are checked in the transaction that writes the row (see ``calls``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from weakref import WeakValueDictionary

from sqlalchemy.exc import IntegrityError

from orchestrator.calls import ASKED, CLOCK_SKEW, Calls, Intent, PaidCall
from orchestrator.db.models import ProviderCallRow, utc_now
from orchestrator.db.session import Database
from orchestrator.errors import CannotWrite, DatabaseAway, NeedsDecision, StorageFull, TakeNotFetched, Withdrawn
from orchestrator.logs import bind
from orchestrator.places import Lines, Site
from orchestrator.schema.clip_run import CANCELLED
from providers.base import (
    AuthFailed,
    ContentRejected,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    ProviderProfile,
    QuotaExhausted,
    RateLimited,
    RemixClipInput,
    Retired,
    Unavailable,
    VideoProvider,
)

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# Each time nothing was found in the list a full grace after it; a process that ends in between counts too.
MAX_SENDS = 5
# A provider that does not answer is asked so long what became of a request; then a person may try that again later.
OUTAGE_SECONDS = 600.0
# One that answers and cannot tell is believed sooner.
DOUBT_SECONDS = 120.0
BALANCE_SECONDS = 15.0
_LOOK_PAUSE_SECONDS = 5.0
_CLEARED_AWAY = timedelta(hours=1)
_WRITE_PAUSE_SECONDS = 1.0

_REFUSALS: dict[str, type[ProviderError]] = {
    e.code: e
    for e in (
        *(RateLimited, Unavailable, ContentRejected, InvalidRequest),
        *(AuthFailed, QuotaExhausted, Retired, GenerationNotFound),
    )
}


@dataclass
class _Memory:
    """What this process alone knows of a call, while it has no answer. ``unsent`` are the numbers of sends that
    were written down, or may have been, and did not go out. ``silent_since``, by number of the send: when its sender
    was last known to be at it. ``failing_since``: when lookups began to fail. Both by the monotonic clock."""

    unsent: set[int] = field(default_factory=set)
    silent_since: dict[int, float] = field(default_factory=dict)
    failing_since: float = 0.0


class _Sends:
    """The calls that are about to be sent, under way or being written down, by key. Closed by another thread than that
    of the event loop, so that none begins any more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._keys: set[str] = set()
        self._is_closed = False

    async def begin(self, key: str) -> None:
        """Before anything is written down. Where no more begin this waits for the end of the process."""
        with self._changed:
            if not self._is_closed:
                self._keys.add(key)
                return
        await asyncio.Event().wait()

    def end(self, key: str) -> None:
        with self._changed:
            self._keys.discard(key)
            self._changed.notify_all()

    def close(self, *, seconds: float) -> bool:
        """Let none begin; whether those that did have ended within so long."""
        with self._changed:
            self._is_closed = True
            return self._changed.wait_for(lambda: not self._keys, timeout=seconds)


class Ledger:
    """``owner`` names this process; two processes never send the same call at the same time. Belongs to one event
    loop."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._owner = owner
        self._calls = Calls(database, owner=owner)
        self._lines = Lines(database, owner=owner)
        self._sends = _Sends()
        self._sending: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._memories: dict[str, _Memory] = {}

    async def create(
        self, call: PaidCall, provider: VideoProvider, *, is_wanted: Callable[[], bool] = lambda: True
    ) -> str:
        """The generation id for ``call``, created now or found from an earlier life.

        Waits for a turn and for a free place at the provider, as long as ``is_wanted``. Raises ``Withdrawn`` when it
        no longer is and ``BudgetExceeded``, both while nothing is sent, ``NeedsDecision`` when the outcome cannot be
        learnt, ``TakeNotFetched`` when it cannot be learnt at present, and the provider's own error when it provably
        refused. After ``DatabaseAway`` the same may be asked again.
        """
        # A person's click can start a second flow on a take whose first request is still on its way.
        async with self._sending.setdefault(call.request.key, asyncio.Lock()):
            try:
                return await self._create(call, provider, is_wanted=is_wanted)
            except DatabaseAway:
                raise
            except Exception:
                self._memories.pop(call.request.key, None)
                raise

    async def _create(self, call: PaidCall, provider: VideoProvider, *, is_wanted: Callable[[], bool]) -> str:
        key = call.request.key
        while True:
            row = self._calls.find(key)
            try:
                if row is None:
                    is_mine = await self._announce(call, provider, is_wanted=is_wanted)
                elif row.generation_id or row.state != "intent":
                    self._memories.pop(key, None)
                    return _answer(row)
                elif self._is_unsent(row):
                    is_mine = await self._claim(row, provider, is_wanted=is_wanted)
                else:
                    is_mine = await self._reconcile(call, row, provider, is_wanted=is_wanted)
                if is_mine:
                    await self._send(call, provider)
            finally:
                self._sends.end(key)

    def drain(self, *, seconds: float) -> bool:
        """From another thread, before the process stops: nothing more is sent. Whether all that is on its way was
        answered, and the answers written down, within so long."""
        return self._sends.close(seconds=seconds)

    def finish(self, key: str, *, cost_usd: float | None) -> None:
        """The generation is over: its place is free, and ``cost_usd`` is what it cost where that is known now."""
        self._calls.finish(key, cost_usd=cost_usd)
        self._lines.wake()

    async def cancel(self, key: str, provider: VideoProvider) -> bool:
        """Have the provider take this call's generation back; whether it did, and so charges nothing. Asked again after
        a crash the answer is the same. Raises ``ProviderError`` when that cannot be learnt."""
        row = self._calls.find(key)
        if row is None or row.generation_id is None or (row.finished_at and row.error_code not in (ASKED, CANCELLED)):
            return False
        if row.error_code == CANCELLED:
            return True
        self._calls.note_asked(key, is_asked=True)
        is_cancelled = await provider.cancel(row.generation_id)
        if not is_cancelled and row.error_code == ASKED:  # by a process that did not live to note the answer
            is_cancelled = await _is_gone(row, provider)
        if not is_cancelled:
            self._calls.note_asked(key, is_asked=False)
            return False
        self._calls.note_cancelled(key)
        self._lines.wake()
        return True

    # --- wanting to send ---

    async def _announce(self, call: PaidCall, provider: VideoProvider, *, is_wanted: Callable[[], bool]) -> bool:
        """Write the intent when it is this call's turn. False when another process has written it."""
        profile, memory = provider.profile, self._remember(call.request.key)
        site = Site(call.provider, call.endpoint, profile.max_concurrent, profile.deadline_seconds)
        with self._lines.enter(site, call.plan_id) as waiter:
            while True:
                # A turn is only asked for when there is a place: whoever waits for one takes no turns from the others.
                await self._lines.wait(site, waiter, is_wanted=is_wanted)
                balance = None if profile.supports_reconcile else await self._balance(provider)
                await provider.ready()
                if not is_wanted():
                    raise Withdrawn
                await self._sends.begin(call.request.key)
                memory.unsent.add(1)  # before it is written: the answer of a commit may get lost too
                intent = self._calls.write_intent(call, site, balance_usd=balance)
                if intent is Intent.MINE:
                    return True
                memory.unsent.clear()
                self._sends.end(call.request.key)
                if intent is Intent.TAKEN:
                    return False
                waiter.called.clear()

    async def _claim(self, row: ProviderCallRow, provider: VideoProvider, *, is_wanted: Callable[[], bool]) -> bool:
        """The request is provably not at the provider. True when it is this process's to send now. Raises ``Withdrawn``
        when nobody wants it any more, and what keeps it from being sent now."""
        if row.finished_at is not None or not is_wanted():
            if not self._calls.forget(row):
                return False
            self._memories.pop(row.key, None)
            self._lines.wake()
            raise Withdrawn
        try:
            await provider.ready()
        except ProviderError as error:
            if not self._calls.refuse(row, error):
                return False
            self._lines.wake()
            raise
        await self._sends.begin(row.key)
        self._remember(row.key).unsent.add(row.sends + 1)
        return self._calls.reclaim(row)

    async def _balance(self, provider: VideoProvider) -> float | None:
        """What credit is left, for the case that the answer gets lost; None where it is not told."""
        if not provider.profile.tells_balance:
            return None
        with contextlib.suppress(ProviderError, TimeoutError):
            async with asyncio.timeout(BALANCE_SECONDS):
                return (await provider.check_account()).balance_usd
        return None

    # --- sending ---

    async def _send(self, call: PaidCall, provider: VideoProvider) -> None:
        key, memory = call.request.key, self._remember(call.request.key)
        granted = self._calls.to_send(key)
        if granted is None:
            return
        number, seconds = granted
        memory.unsent.clear()
        log.info("Request goes out", extra={"cost_usd": call.cost_usd})
        try:
            # A process that was stopped in the middle and is woken late must not go on with it.
            async with asyncio.timeout(seconds):
                if isinstance(call.request, RemixClipInput):
                    generation = await provider.remix_clip(call.request)
                else:
                    generation = await provider.create_clip(call.request)
        except (OutcomeUnknown, TimeoutError):
            log.info("The answer is lost; the provider is asked what became of the request")
            return  # the loop reconciles
        except ProviderError as error:
            refusal = error
            if await _until_written(lambda: self._calls.refuse_send(key, number, refusal)):
                log.info("Request refused", extra={"error_code": error.code})
                self._lines.wake()
                raise
            return
        finally:
            memory.silent_since[number] = time.monotonic()
        try:
            # The generation is paid and its id stands nowhere else: only the end of the process ends these tries.
            await _until_written(lambda: self._calls.accept(call, generation, is_adopted=False))
        except IntegrityError:
            # Another lost call with the same words took this generation for its own while the answer was on its way.
            # Its own must be in the list, so this one may look for it but never send again.
            await _until_written(lambda: self._calls.send_no_more(key, sends=MAX_SENDS))
        else:
            _log_accepted(call, generation, is_adopted=False)

    # --- learning what became of it ---

    async def _reconcile(
        self, call: PaidCall, row: ProviderCallRow, provider: VideoProvider, *, is_wanted: Callable[[], bool]
    ) -> bool:
        """Learn what became of an unanswered call. True when it is provably safe to send it (again) from here."""
        ages, grace = self._calls.ages(row), provider.profile.reconcile_grace_seconds
        if not provider.profile.supports_reconcile:
            # Another process may still be sending this call; its answer settles it.
            if row.owner != self._owner and ages.left_seconds > 0:
                await asyncio.sleep(min(ages.left_seconds, _LOOK_PAUSE_SECONDS))
                return False
            after = await self._balance(provider)
            message = _what_is_known(provider.profile, call, before=row.balance_before_usd, after=after)
            self._ask_a_person(row, message, balance_usd=after)
            return False
        # Before this a request may still be on its way, or be taken and not be in the list yet.
        unsure_seconds = grace + (ages.left_seconds if row.owner != self._owner else self._since_silent(row))
        found = await self._look(call, row, provider, written_at=ages.written_at)
        if found is not None:
            # Two lost calls with the same words can find the same generation; the table lets one of them have it.
            with contextlib.suppress(IntegrityError):
                self._calls.accept(call, found, is_adopted=True)
                _log_accepted(call, found, is_adopted=True)
            return False
        if self._remember(row.key).failing_since:
            return False
        if unsure_seconds > 0:
            await asyncio.sleep(min(unsure_seconds, _LOOK_PAUSE_SECONDS))
            return False
        if row.sends >= MAX_SENDS:
            self._ask_a_person(
                row, "The provider lost the answer several times in a row. Nothing was found in its list."
            )
            return False
        return await self._claim(row, provider, is_wanted=is_wanted)

    async def _look(
        self, call: PaidCall, row: ProviderCallRow, provider: VideoProvider, *, written_at: datetime
    ) -> Generation | None:
        """What the provider's list says; after a vain try ``failing_since`` is set, and some time has passed."""
        memory = self._remember(row.key)
        try:
            found = await provider.find_generation(
                call.request, created_after=written_at - CLOCK_SKEW, claimed=self._calls.claimed(row)
            )
        except (RateLimited, Unavailable, OutcomeUnknown) as error:
            memory.failing_since = memory.failing_since or time.monotonic()
            failing_seconds = time.monotonic() - memory.failing_since
            lost = "A paid request was sent, its answer was lost, and the provider cannot"
            if isinstance(error, OutcomeUnknown):
                if failing_seconds > DOUBT_SECONDS:
                    self._ask_a_person(row, f"{lost} say what became of it: {error}")
            elif failing_seconds > OUTAGE_SECONDS:
                memory.failing_since = 0.0
                raise TakeNotFetched(f"{lost} be asked: {error}") from None
            await asyncio.sleep(min(max(2.0, error.retry_after_seconds or 0.0), 60.0))
            return None
        except ProviderError as error:
            raise TakeNotFetched(
                f"A paid request was sent, its answer was lost, and the provider's list cannot be read: {error}"
            ) from None
        memory.failing_since = 0.0
        return found

    def _since_silent(self, row: ProviderCallRow) -> float:
        """Minus the seconds since the sender of this call, which is gone, was last known to be at it: since its answer
        got lost here, or since this process found what an earlier life of it left."""
        now = time.monotonic()
        return self._remember(row.key).silent_since.setdefault(row.sends, now) - now

    def _ask_a_person(self, row: ProviderCallRow, message: str, *, balance_usd: float | None = None) -> None:
        if self._calls.ask_a_person(row, message, balance_usd=balance_usd):
            self._lines.wake()

    # --- what is known ---

    def _is_unsent(self, row: ProviderCallRow) -> bool:
        memory = self._memories.get(row.key)
        return memory is not None and row.owner == self._owner and row.sends in memory.unsent

    def _remember(self, key: str) -> _Memory:
        return self._memories.setdefault(key, _Memory())


async def _until_written(write: Callable[[], Result]) -> Result:
    """What ``write`` returns, as soon as the database takes it: nobody else knows what is to be written."""
    while True:
        try:
            return write()
        except (DatabaseAway, StorageFull, CannotWrite) as error:
            log.warning("A provider's answer waits to be written down: %s", error)
            await asyncio.sleep(_WRITE_PAUSE_SECONDS)


def _answer(row: ProviderCallRow) -> str:
    """The generation id of a settled call. Raises what became of it otherwise."""
    if row.generation_id:
        return row.generation_id
    if row.state == "refused":
        raise _REFUSALS.get(row.error_code, ProviderError)(row.error_message)
    raise NeedsDecision(row.error_message)


def _log_accepted(call: PaidCall, generation: Generation, *, is_adopted: bool) -> None:
    bind(generation_id=generation.id)
    log.info("Request accepted", extra={"cost_usd": call.cost_usd, "is_adopted": is_adopted})


async def _is_gone(row: ProviderCallRow, provider: VideoProvider) -> bool:
    """Whether a generation that was to be cancelled is. One that is not known any more long after was more likely
    finished, charged, and cleared away."""
    try:
        seen = await provider.get_generation(row.generation_id or "")
    except GenerationNotFound:
        return row.accepted_at is not None and utc_now() - row.accepted_at < _CLEARED_AWAY
    return seen.status is GenerationStatus.CANCELLED


def _what_is_known(profile: ProviderProfile, call: PaidCall, *, before: float | None, after: float | None) -> str:
    """What a person can go by when a paid request was lost and cannot be looked up."""
    lost = f"{profile.title} was asked for this take and its answer was lost. It cannot be looked up there"
    if before is None or after is None:
        return f"{lost}. If it was taken, it costs ${call.cost_usd:.2f}. Look at your account before asking again."
    gone = before - after
    likely = "so it was probably taken" if gone >= 0.5 * call.cost_usd > 0 else "so it was probably not taken"
    return (
        f"{lost}, but the account's credit was ${before:.2f} before and is ${after:.2f} after, {likely} "
        f"(this take costs ${call.cost_usd:.2f}; other clips may have been charged meanwhile)."
    )
