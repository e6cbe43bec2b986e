"""The rows of paid calls: what is written down about each, and under which conditions it may change.

Every change names what it expects to find, for two processes may be at the same call: one that was stopped and woken
and the one that took over, or a person who decides meanwhile. Times are those of the database's clock.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from orchestrator.db.models import PerceptionCallRow, ProjectRow, ProviderCallRow, RunRow, utc_now
from orchestrator.db.records import lock_run
from orchestrator.db.session import Database
from orchestrator.db.take_costs import keep_cost, keeping_cost
from orchestrator.errors import BudgetExceeded, NeedsDecision
from orchestrator.places import Site, count_under_way
from orchestrator.schema.clip_run import CANCELLED
from orchestrator.schema.status import ClipStatus, RunStatus
from orchestrator.schema.value import Value
from providers.base import CreateClipInput, Generation, ProviderError, RemixClipInput

log = logging.getLogger(__name__)

# Longer than any create may take; after it a sender that never reported back is taken for dead.
SEND_SECONDS = 90.0
# A request leaves so soon after it was written down, or is written down anew: all of SEND_SECONDS must be left to it.
START_SECONDS = 5.0
# Clocks may differ a little when creation times are compared.
CLOCK_SKEW = timedelta(seconds=30)
# What a lost call may have made is looked for among the generations of so long.
_LOOK_BACK = timedelta(days=2)
_PLACES_LOCK = 7302
# On a call that was accepted: its provider is being asked to take it back.
ASKED = "cancelling"


class PaidCall(Value):
    """What is about to be paid: the request with the run, plan, project and price it belongs to. ``reference_sha256``
    is of the content of the request's picture, empty where it has none."""

    run_id: str
    plan_id: str
    project_id: str
    provider: str
    endpoint: str
    request: CreateClipInput | RemixClipInput
    cost_usd: float
    reference_sha256: str = ""

    @property
    def request_hash(self) -> str:
        """Of all that is asked for: of a picture what it shows, not where on this machine it lies."""
        asked = self.request.model_copy(update={"reference_path": None}).model_dump_json()
        return hashlib.sha256(f"{asked}{self.reference_sha256}".encode()).hexdigest()


class Intent(StrEnum):
    """What came of wanting to send."""

    MINE = "mine"
    TAKEN = "taken"
    NO_PLACE = "no_place"


class Ages(NamedTuple):
    """Of a call: when it was first written down, by this machine's clock, which adapters compare with the provider's;
    and how many seconds are left to its sender, negative once it is taken for dead."""

    written_at: datetime
    left_seconds: float


class Calls:
    """The rows, as ``owner`` changes them. Each method is one transaction; those that say whether it was done change
    nothing when the row is not as expected."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._owner = owner

    def find(self, key: str) -> ProviderCallRow | None:
        with self._database.read() as session:
            return session.scalar(select(ProviderCallRow).where(ProviderCallRow.key == key))

    def write_intent(self, call: PaidCall, site: Site, *, balance_usd: float | None) -> Intent:
        """Write the call down, if nobody has, there is a place and the budget holds it. Raises ``BudgetExceeded``."""
        with self._database.write() as session:
            # The project's row is the lock under which its money is counted.
            project = session.scalars(
                select(ProjectRow).where(ProjectRow.id == call.project_id).with_for_update()
            ).one()
            if session.scalar(select(ProviderCallRow.id).where(ProviderCallRow.key == call.request.key)):
                return Intent.TAKEN
            if not self._database.is_sqlite:
                # Places are counted over all projects, so one at a time counts them.
                place = func.hashtext(f"{call.provider} {call.endpoint}")
                session.execute(select(func.pg_advisory_xact_lock(_PLACES_LOCK, place)))
            if count_under_way(session, site, now_by=self._database).total() >= site.places:
                return Intent.NO_PLACE
            _check_budget(session, call, budget_usd=project.settings.get("budget_usd"))
            now = self._database.now(session)
            session.add(
                ProviderCallRow(
                    key=call.request.key,
                    project_id=call.project_id,
                    clip_run_id=call.run_id,
                    provider=call.provider,
                    model=call.request.model,
                    endpoint=call.endpoint,
                    request_hash=call.request_hash,
                    cost_usd=call.cost_usd,
                    estimated_usd=call.cost_usd,
                    balance_before_usd=balance_usd,
                    owner=self._owner,
                    sends=1,
                    created_at=now,
                    sent_at=now,
                    send_by=now + timedelta(seconds=SEND_SECONDS),
                )
            )
            keep_cost(session, call.run_id)
        return Intent.MINE

    def ages(self, row: ProviderCallRow) -> Ages:
        with self._database.read() as session:
            now = self._database.now(session)
        age = now - row.created_at
        # Younger than nothing: the clock was set back since, and nobody knows by how much.
        written_at = utc_now() - (age if age >= timedelta() else _LOOK_BACK)
        return Ages(written_at, (row.send_by - now).total_seconds())

    def to_send(self, key: str) -> tuple[int, float] | None:
        """The number of the send that is this process's to make now and how many seconds it may take; None when it is
        not, or too late: a process that was stopped meanwhile must not send, for somebody may have looked for it."""
        with self._database.read() as session:
            row = session.scalar(select(ProviderCallRow).where(ProviderCallRow.key == key))
            if row is None or row.owner != self._owner or not _is_open(row) or row.finished_at is not None:
                return None
            left = (row.send_by - self._database.now(session)).total_seconds()
            return (row.sends, left) if left >= SEND_SECONDS - START_SECONDS else None

    def reclaim(self, row: ProviderCallRow) -> bool:
        """Take over the right to send. One process wins; a sender from another process that may still be at it is
        waited for (its own calls cannot be under way: a process sends a key once at a time)."""
        with self._database.write() as session:
            now = self._database.now(session)
            taken = session.execute(
                update(ProviderCallRow)
                .where(
                    *_as_found(row),
                    ProviderCallRow.finished_at.is_(None),
                    (ProviderCallRow.owner == self._owner) | (ProviderCallRow.send_by < now),
                )
                .values(
                    owner=self._owner,
                    sends=row.sends + 1,
                    sent_at=now,
                    send_by=now + timedelta(seconds=SEND_SECONDS),
                )
            )
            return _is_done(taken)

    def claimed(self, row: ProviderCallRow) -> frozenset[str]:
        """Generations that belong to other calls."""
        with self._database.read() as session:
            ids = session.scalars(
                select(ProviderCallRow.generation_id).where(
                    ProviderCallRow.provider == row.provider,
                    ProviderCallRow.generation_id.is_not(None),
                    ProviderCallRow.sent_at > row.created_at - _LOOK_BACK,
                )
            )
            return frozenset(i for i in ids if i)

    def accept(self, call: PaidCall, generation: Generation, *, is_adopted: bool) -> None:
        """The generation is this call's, unless a person has decided otherwise meanwhile. Raises ``IntegrityError``
        when it is another call's already."""
        with self._database.write() as session:
            # the take before its call, as everywhere
            session.execute(select(RunRow.id).where(RunRow.id == call.run_id).with_for_update())
            accepted = session.execute(
                update(ProviderCallRow)
                .where(
                    ProviderCallRow.key == call.request.key,
                    ProviderCallRow.generation_id.is_(None),
                    ProviderCallRow.state != "needs_decision",
                )
                .values(
                    state="accepted",
                    generation_id=generation.id,
                    accepted_at=self._database.now(session),
                    is_adopted=is_adopted,
                    cost_usd=call.cost_usd,
                    error_code="",
                    error_message="",
                )
            )
            if _is_done(accepted):
                keep_cost(session, call.run_id)
                session.execute(
                    update(RunRow)
                    .where(RunRow.id == call.run_id, RunRow.status != RunStatus.SETTLED)
                    .values(
                        generation_id=generation.id,
                        status=RunStatus.GENERATING,
                        provider_status=generation.raw_status,
                    )
                )
                return
        self._note_late_answer(call, generation)

    def _note_late_answer(self, call: PaidCall, generation: Generation) -> None:
        """A person was asked what became of this call; now it is known, and left to that person to use."""
        with self._database.write() as session:
            run = lock_run(session, call.run_id)
            row = session.scalars(select(ProviderCallRow).where(ProviderCallRow.key == call.request.key)).first()
            if row is None or row.state != "needs_decision":
                return
            row.error_message = (
                f"The answer to this request came late: it was taken and is paid. Its id is {generation.id}; "
                "give it to fetch the take."
            )
            if run.error_code == NeedsDecision.code:
                run.error_message = row.error_message
                if run.clip.status == ClipStatus.NEEDS_REVIEW and run.clip.runs[-1].id == run.id:
                    run.clip.reason = row.error_message

    def refuse(self, row: ProviderCallRow, error: ProviderError) -> bool:
        """The call was provably not accepted. Whether that is so of its newest send."""
        return self._change(row, state="refused", cost_usd=0.0, error_code=error.code, error_message=str(error))

    def refuse_send(self, key: str, number: int, error: ProviderError) -> bool:
        """The same of the send of that number."""
        row = self.find(key)
        return row is not None and row.sends == number and row.owner == self._owner and self.refuse(row, error)

    def ask_a_person(self, row: ProviderCallRow, message: str, *, balance_usd: float | None = None) -> bool:
        """What became of the call cannot be learnt."""
        return self._change(row, state="needs_decision", error_message=message, balance_after_usd=balance_usd)

    def send_no_more(self, key: str, *, sends: int) -> None:
        """The call was taken, and which generation it made is to be found in the provider's list."""
        with self._database.write() as session:
            query = update(ProviderCallRow).where(ProviderCallRow.key == key, ProviderCallRow.generation_id.is_(None))
            session.execute(query.values(sends=sends))

    def forget(self, row: ProviderCallRow) -> bool:
        """The call is provably not at the provider and nobody wants it any more: it never was."""
        with self._database.write() as session, keeping_cost(session, ProviderCallRow, row.key):
            is_forgotten = _is_done(session.execute(delete(ProviderCallRow).where(*_as_found(row))))
        if is_forgotten:
            log.info("The call %s was written down and not made.", row.key)
        return is_forgotten

    def finish(self, key: str, *, cost_usd: float | None) -> None:
        """The generation is over: its place is free, and ``cost_usd`` is what it cost where that is known now."""
        with self._database.write() as session, keeping_cost(session, ProviderCallRow, key):
            known = {} if cost_usd is None else {"cost_usd": cost_usd}
            session.execute(
                update(ProviderCallRow)
                .where(ProviderCallRow.key == key, ProviderCallRow.finished_at.is_(None))
                .values(finished_at=self._database.now(session), **known)
            )

    def note_asked(self, key: str, *, is_asked: bool) -> None:
        """Its provider is being asked to take it back, or was asked in vain."""
        with self._database.write() as session:
            query = update(ProviderCallRow).where(ProviderCallRow.key == key)
            session.execute(query.values(error_code=ASKED if is_asked else ""))

    def note_cancelled(self, key: str) -> None:
        """The provider took it back and charges nothing."""
        with self._database.write() as session, keeping_cost(session, ProviderCallRow, key):
            finished_at = func.coalesce(ProviderCallRow.finished_at, self._database.now(session))
            session.execute(
                update(ProviderCallRow)
                .where(ProviderCallRow.key == key)
                .values(error_code=CANCELLED, cost_usd=0.0, finished_at=finished_at)
            )

    def _change(self, row: ProviderCallRow, **values: Any) -> bool:
        with self._database.write() as session, keeping_cost(session, ProviderCallRow, row.key):
            return _is_done(session.execute(update(ProviderCallRow).where(*_as_found(row)).values(**values)))


def end_sends(session: Session, owner: str, *, now: datetime) -> None:
    """``owner`` is certainly no more: nothing that it wrote down will leave now, and nobody reads an answer to it."""
    session.execute(
        update(ProviderCallRow)
        .where(ProviderCallRow.owner == owner, ProviderCallRow.state == "intent", ProviderCallRow.send_by > now)
        .values(send_by=now)
    )
    session.execute(
        update(PerceptionCallRow)
        .where(PerceptionCallRow.owner == owner, PerceptionCallRow.state == "intent", PerceptionCallRow.ask_by > now)
        .values(ask_by=now)
    )


def _is_open(row: ProviderCallRow) -> bool:
    return row.state == "intent" and row.generation_id is None


def _as_found(row: ProviderCallRow) -> tuple[Any, ...]:
    """It is still unanswered, and nobody has sent it since ``row`` was read."""
    return (
        ProviderCallRow.key == row.key,
        ProviderCallRow.state == "intent",
        ProviderCallRow.generation_id.is_(None),
        ProviderCallRow.sends == row.sends,
    )


def _is_done(result: Any) -> bool:
    return result.rowcount == 1


def _check_budget(session: Session, call: PaidCall, *, budget_usd: float | None) -> None:
    if budget_usd is None:
        return
    left = budget_usd - spent_usd(session, call.project_id)
    if call.cost_usd > left + 1e-9:
        raise BudgetExceeded(
            f"The next take costs ${call.cost_usd:.2f} and ${max(left, 0):.2f} of the budget of "
            f"${budget_usd:.2f} is left. Raise the budget to go on; finished clips were kept."
        )


def spent_usd(session: Session, project_id: str) -> float:
    """What a project has spent or may have spent: every take not provably refused, and every look at one."""
    takes = session.scalar(
        select(func.sum(ProviderCallRow.cost_usd)).where(
            ProviderCallRow.project_id == project_id, ProviderCallRow.state != "refused"
        )
    )
    looks = session.scalar(
        select(func.sum(PerceptionCallRow.cost_usd)).where(PerceptionCallRow.project_id == project_id)
    )
    return float(takes or 0.0) + float(looks or 0.0)
