"""The ledger of provider calls: the only place from which a provider is asked to create, and so to charge.

A row is committed before the call is sent and the provider's id right after it is answered. Whoever finds a row whose
answer is missing asks the provider's list first and never pays blindly a second time. The project's budget and the
provider's free places are checked in the transaction that writes the row.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import time
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from orchestrator.db.models import ProjectRow, ProviderCallRow, RunRow
from orchestrator.db.session import Database
from orchestrator.errors import BudgetExceeded, NeedsDecision, Withdrawn
from orchestrator.schema.status import RunStatus
from orchestrator.schema.value import Value
from providers.base import (
    AuthFailed,
    ContentRejected,
    CreateClipInput,
    Generation,
    GenerationNotFound,
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

# Longer than any create may take; after it a sender that never reported back is taken for dead.
SEND_SECONDS = 90.0
# Clocks of provider and database may differ a little when creation times are compared.
CLOCK_SKEW = timedelta(seconds=30)
MAX_SENDS = 3
RECONCILE_PATIENCE_SECONDS = 120.0
PLACE_PAUSE_SECONDS = 1.0
BALANCE_SECONDS = 15.0
_PLACES_LOCK = 7302
_CHANCE = random.SystemRandom()  # leaves the seed of others alone

_REFUSALS: dict[str, type[ProviderError]] = {
    e.code: e
    for e in (
        *(RateLimited, Unavailable, ContentRejected, InvalidRequest),
        *(AuthFailed, QuotaExhausted, Retired, GenerationNotFound),
    )
}


class PaidCall(Value):
    """What is about to be paid: the request with the run, project and price it belongs to."""

    run_id: str
    project_id: str
    provider: str
    endpoint: str
    request: CreateClipInput | RemixClipInput
    cost_usd: float


class _Intent(StrEnum):
    """What came of wanting to send."""

    MINE = "mine"
    TAKEN = "taken"
    NO_PLACE = "no_place"


class Ledger:
    """``owner`` names this process; two processes never send the same call at the same time."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._sending: dict[str, asyncio.Lock] = {}

    async def create(
        self, call: PaidCall, provider: VideoProvider, *, is_wanted: Callable[[], bool] = lambda: True
    ) -> str:
        """The generation id for ``call``, created now or found from an earlier life.

        Waits for a turn and for a free place at the provider, as long as ``is_wanted``. Raises ``Withdrawn`` when it
        no longer is and ``BudgetExceeded``, both before anything is sent, ``NeedsDecision`` when the outcome cannot be
        learnt, and the provider's own error when it provably refused.
        """
        # A person's click can start a second flow on a take whose first request is still on its way.
        async with self._sending.setdefault(call.request.key, asyncio.Lock()):
            return await self._create(call, provider, is_wanted=is_wanted)

    async def _create(self, call: PaidCall, provider: VideoProvider, *, is_wanted: Callable[[], bool]) -> str:
        started = time.monotonic()
        while True:
            row = self._find(call.request.key)
            if row is None:
                is_mine = await self._announce(call, provider, is_wanted=is_wanted)
            elif row.generation_id:
                return row.generation_id
            elif row.state == "refused":
                raise _REFUSALS.get(row.error_code, ProviderError)(row.error_message)
            elif row.state == "needs_decision":
                raise NeedsDecision(row.error_message)
            else:
                is_mine = await self._reconcile(call, row, provider, started=started)
            if is_mine:
                await self._send(call, provider)
            elif row is not None:
                await asyncio.sleep(0.2)

    def finish(self, key: str, *, cost_usd: float | None) -> None:
        """The generation is over: its place is free, and ``cost_usd`` is what it cost where that is known now."""
        with self._database.write() as session:
            known = {} if cost_usd is None else {"cost_usd": cost_usd}
            session.execute(
                update(ProviderCallRow)
                .where(ProviderCallRow.key == key, ProviderCallRow.finished_at.is_(None))
                .values(finished_at=self._database.now(session), **known)
            )

    async def _announce(self, call: PaidCall, provider: VideoProvider, *, is_wanted: Callable[[], bool]) -> bool:
        """Write the intent when it is this call's turn. False when another process has written it."""
        balance = await self._balance(provider) if not provider.profile.supports_reconcile else None
        while True:
            # A turn is only asked for when there is a place: whoever waits for one takes no turns from the others.
            await self._wait_for_place(call, provider.profile, is_wanted=is_wanted)
            await provider.ready()
            if not is_wanted():
                raise Withdrawn
            intent = self._write_intent(call, provider.profile, balance_usd=balance)
            if intent is not _Intent.NO_PLACE:
                return intent is _Intent.MINE

    async def _wait_for_place(self, call: PaidCall, profile: ProviderProfile, *, is_wanted: Callable[[], bool]) -> None:
        while True:
            if not is_wanted():
                raise Withdrawn
            with self._database.read() as session:
                if self._has_place(session, call, profile):
                    return
            await asyncio.sleep(PLACE_PAUSE_SECONDS * _CHANCE.uniform(0.7, 1.3))

    async def _balance(self, provider: VideoProvider) -> float | None:
        """What credit is left, for the case that the answer gets lost; None where it is not told."""
        if not provider.profile.tells_balance:
            return None
        with contextlib.suppress(ProviderError, TimeoutError):
            async with asyncio.timeout(BALANCE_SECONDS):
                return (await provider.check_account()).balance_usd
        return None

    async def _send(self, call: PaidCall, provider: VideoProvider) -> None:
        if not self._still_mine(call.request.key):
            return
        try:
            if isinstance(call.request, RemixClipInput):
                generation = await provider.remix_clip(call.request)
            else:
                generation = await provider.create_clip(call.request)
        except OutcomeUnknown:
            return  # the loop reconciles
        except ProviderError as error:
            self._refuse(call, error)
            raise
        try:
            self._accept(call, generation, is_adopted=False)
        except IntegrityError:
            # Another lost call with the same words took this generation for its own while the answer was on its way.
            # Its own must be in the list, so this one may look for it but never send again.
            self._set(call.request.key, sends=MAX_SENDS)

    async def _reconcile(
        self, call: PaidCall, row: ProviderCallRow, provider: VideoProvider, *, started: float
    ) -> bool:
        """Learn what became of an unanswered call. True when it is provably safe to send it (again) from here."""
        profile = provider.profile
        if not profile.supports_reconcile:
            await self._outwait_sender(row)
            if (latest := self._find(row.key)) is None or latest.generation_id:
                return False
            balance = await self._balance(provider)
            message = _what_is_known(profile, call, before=row.balance_before_usd, after=balance)
            self._set(row.key, state="needs_decision", error_message=message, balance_after_usd=balance)
            raise NeedsDecision(message)
        with self._database.read() as session:
            now = self._database.now(session)
        settled_at = row.sent_at + timedelta(seconds=profile.reconcile_grace_seconds)
        await asyncio.sleep(max(0.0, (settled_at - now).total_seconds()))
        try:
            found = await provider.find_generation(
                call.request, created_after=row.sent_at - CLOCK_SKEW, claimed=self._claimed(row)
            )
        except (RateLimited, Unavailable, OutcomeUnknown) as error:
            if time.monotonic() - started > RECONCILE_PATIENCE_SECONDS:
                raise self._undecided(
                    row, f"A paid request was sent, its answer was lost, and the provider cannot be asked: {error}"
                ) from None
            await asyncio.sleep(2.0)
            return False
        except ProviderError as error:
            raise self._undecided(
                row, f"A paid request was sent, its answer was lost, and the provider's list cannot be read: {error}"
            ) from None
        if found is not None:
            # Two lost calls with the same words can find the same generation; the table lets one of them have it.
            with contextlib.suppress(IntegrityError):
                self._accept(call, found, is_adopted=True)
            return False
        if row.sends >= MAX_SENDS:
            raise self._undecided(
                row, "The provider lost the answer several times in a row. Nothing was found in its list."
            )
        try:
            await provider.ready()
        except ProviderError as error:  # the request was provably not taken, and cannot be sent again now
            if self._refuse(call, error, sends=row.sends):
                raise
            return False
        return self._reclaim(row)

    async def _outwait_sender(self, row: ProviderCallRow) -> None:
        """Another process may still be sending this call; its answer settles it."""
        if row.owner != self._owner:
            with self._database.read() as session:
                left = (row.send_by - self._database.now(session)).total_seconds()
            await asyncio.sleep(max(0.0, left))

    def _undecided(self, row: ProviderCallRow, message: str) -> NeedsDecision:
        self._set(row.key, state="needs_decision", error_message=message)
        return NeedsDecision(message)

    # --- the rows ---

    def _find(self, key: str) -> ProviderCallRow | None:
        with self._database.read() as session:
            return session.scalar(select(ProviderCallRow).where(ProviderCallRow.key == key))

    def _write_intent(self, call: PaidCall, profile: ProviderProfile, *, balance_usd: float | None) -> _Intent:
        with self._database.write() as session:
            # The project's row is the lock under which its money is counted.
            project = session.scalars(
                select(ProjectRow).where(ProjectRow.id == call.project_id).with_for_update()
            ).one()
            budget_usd = project.settings.get("budget_usd")
            if session.scalar(select(ProviderCallRow.id).where(ProviderCallRow.key == call.request.key)):
                return _Intent.TAKEN
            if not self._database.is_sqlite:
                # Places are counted over all projects, so one at a time counts them.
                place = func.hashtext(f"{call.provider} {call.endpoint}")
                session.execute(select(func.pg_advisory_xact_lock(_PLACES_LOCK, place)))
            if not self._has_place(session, call, profile):
                return _Intent.NO_PLACE
            now = self._database.now(session)
            if budget_usd is not None:
                left = budget_usd - spent_usd(session, call.project_id)
                if call.cost_usd > left + 1e-9:
                    raise BudgetExceeded(
                        f"The next take costs ${call.cost_usd:.2f} and ${max(left, 0):.2f} of the budget of "
                        f"${budget_usd:.2f} is left. Raise the budget to go on; finished clips were kept."
                    )
            session.add(
                ProviderCallRow(
                    key=call.request.key,
                    project_id=call.project_id,
                    clip_run_id=call.run_id,
                    provider=call.provider,
                    model=call.request.model,
                    endpoint=call.endpoint,
                    request_hash=hashlib.sha256(call.request.model_dump_json().encode()).hexdigest(),
                    cost_usd=call.cost_usd,
                    estimated_usd=call.cost_usd,
                    balance_before_usd=balance_usd,
                    owner=self._owner,
                    sends=1,
                    sent_at=now,
                    send_by=now + timedelta(seconds=SEND_SECONDS),
                )
            )
        return _Intent.MINE

    def _has_place(self, session: Session, call: PaidCall, profile: ProviderProfile) -> bool:
        """Whether fewer generations than the provider allows are under way there, besides this one."""
        since = self._database.now(session) - timedelta(seconds=profile.deadline_seconds)
        under_way = session.scalar(
            select(func.count()).where(
                ProviderCallRow.provider == call.provider,
                ProviderCallRow.endpoint == call.endpoint,
                ProviderCallRow.key != call.request.key,
                ProviderCallRow.state.in_(("intent", "accepted")),
                ProviderCallRow.finished_at.is_(None),
                ProviderCallRow.sent_at > since,
            )
        )
        return (under_way or 0) < profile.max_concurrent

    def _still_mine(self, key: str) -> bool:
        """A process that was stopped between intent and send must not send late: somebody may have reconciled."""
        with self._database.read() as session:
            row = session.scalar(select(ProviderCallRow).where(ProviderCallRow.key == key))
            return (
                row is not None
                and row.owner == self._owner
                and row.generation_id is None
                and self._database.now(session) < row.send_by
            )

    def _reclaim(self, row: ProviderCallRow) -> bool:
        """Take over the right to send. One process wins; a sender from another process that may still be at it is
        waited for (its own calls cannot be under way: a process sends a key once at a time)."""
        with self._database.write() as session:
            now = self._database.now(session)
            taken = session.execute(
                update(ProviderCallRow)
                .where(
                    ProviderCallRow.key == row.key,
                    ProviderCallRow.generation_id.is_(None),
                    ProviderCallRow.sends == row.sends,
                    (ProviderCallRow.owner == self._owner) | (ProviderCallRow.send_by < now),
                )
                .values(
                    owner=self._owner,
                    sends=row.sends + 1,
                    sent_at=now,
                    send_by=now + timedelta(seconds=SEND_SECONDS),
                )
            )
            return taken.rowcount == 1  # pyright: ignore[reportAttributeAccessIssue]

    def _claimed(self, row: ProviderCallRow) -> frozenset[str]:
        with self._database.read() as session:
            ids = session.scalars(
                select(ProviderCallRow.generation_id).where(
                    ProviderCallRow.provider == row.provider,
                    ProviderCallRow.generation_id.is_not(None),
                    ProviderCallRow.sent_at > row.sent_at - timedelta(days=2),
                )
            )
            return frozenset(i for i in ids if i)

    def _accept(self, call: PaidCall, generation: Generation, *, is_adopted: bool) -> None:
        with self._database.write() as session:
            now = self._database.now(session)
            # the take before its call, as everywhere
            session.execute(
                update(RunRow)
                .where(RunRow.id == call.run_id, RunRow.status != RunStatus.SETTLED)
                .values(generation_id=generation.id, status=RunStatus.GENERATING, provider_status=generation.raw_status)
            )
            session.execute(
                update(ProviderCallRow)
                .where(ProviderCallRow.key == call.request.key, ProviderCallRow.generation_id.is_(None))
                .values(state="accepted", generation_id=generation.id, accepted_at=now, is_adopted=is_adopted)
            )

    def _refuse(self, call: PaidCall, error: ProviderError, *, sends: int | None = None) -> bool:
        """The call was provably not accepted. False when it was, or was sent again after its ``sends``."""
        still = [ProviderCallRow.key == call.request.key, ProviderCallRow.generation_id.is_(None)]
        if sends is not None:
            still.append(ProviderCallRow.sends == sends)
        with self._database.write() as session:
            refused = session.execute(
                update(ProviderCallRow)
                .where(*still)
                .values(state="refused", cost_usd=0.0, error_code=error.code, error_message=str(error))
            )
            return refused.rowcount == 1  # pyright: ignore[reportAttributeAccessIssue]

    def _set(self, key: str, **values: Any) -> None:
        with self._database.write() as session:
            session.execute(update(ProviderCallRow).where(ProviderCallRow.key == key).values(**values))


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


def spent_usd(session: Session, project_id: str) -> float:
    """What a project has spent or may have spent: everything not provably refused."""
    total = session.scalar(
        select(func.sum(ProviderCallRow.cost_usd)).where(
            ProviderCallRow.project_id == project_id, ProviderCallRow.state != "refused"
        )
    )
    return float(total or 0.0)
