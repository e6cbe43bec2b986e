"""Steps of a cancellation: what a plan has under way is taken back where its provider then charges nothing."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from orchestrator import decisions
from orchestrator.attempts import Attempts
from orchestrator.db.models import PlanRow, RunRow
from orchestrator.db.queries import call_of
from orchestrator.db.records import fetch, lock_run
from orchestrator.db.session import Database, Session
from orchestrator.generator import Generator
from orchestrator.schema.status import ClipStatus, PlanStatus, RunStatus
from providers.base import ProviderError

log = logging.getLogger(__name__)

# A request that is on its way when the plan is cancelled is taken back as soon as it was answered.
SENDING_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.5
_PAUSES_SECONDS = (1.0, 3.0, 9.0)


@dataclass(frozen=True)
class CancelSteps:
    """``cancelled_at`` is the moment of the cancellation as the plan has it: a plan that was started since is left
    alone, and so is one that was cancelled again, which has a flow of its own."""

    database: Database
    generator: Generator
    attempts: Attempts

    async def take_back(self, plan_id: str, cancelled_at: int) -> int:
        """Ask the providers that charge nothing then to cancel every take that is not made yet; how many did. All
        others are finished, for they are paid."""
        clock = asyncio.get_running_loop()
        asked: set[str] = set()
        count, give_up_at = 0, clock.time() + SENDING_PATIENCE_SECONDS
        while True:
            made, is_sending = self._under_way(plan_id, cancelled_at)
            fresh = sorted(made - asked)
            count += sum(await asyncio.gather(*(self._take_back(run_id, plan_id, cancelled_at) for run_id in fresh)))
            asked |= made
            if not is_sending or clock.time() > give_up_at:
                return count
            await asyncio.sleep(_LOOK_SECONDS)

    def _under_way(self, plan_id: str, cancelled_at: int) -> tuple[set[str], bool]:
        """Takes that are being generated and can be taken back; whether there may be more of them in a moment."""
        made: set[str] = set()
        is_sending = False
        with self.database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            if not _is_cancelled(plan, cancelled_at):
                return made, False
            for run in (run for clip in plan.clips for run in clip.runs):
                if run.status == RunStatus.SETTLED or run.asset_id or run.edit or not self._is_refunded(run):
                    continue
                if run.generation_id:
                    made.add(run.id)
                else:
                    is_sending = is_sending or _may_be_sent(session, run)
        return made, is_sending

    def _is_refunded(self, run: RunRow) -> bool:
        profile = self.attempts.profiles.get(run.provider)
        is_there = run.endpoint == self.attempts.endpoints.get(run.provider)
        return profile is not None and profile.for_model(run.model).cancel_refunds and is_there

    async def _take_back(self, run_id: str, plan_id: str, cancelled_at: int) -> bool:
        """Whether this take was taken back."""
        if not await self._is_cancelled_there(run_id, plan_id, cancelled_at):
            return False
        with self.database.write() as session:
            run = lock_run(session, run_id)
            decisions.take_back(run.clip, run)
        return True

    async def _is_cancelled_there(self, run_id: str, plan_id: str, cancelled_at: int) -> bool:
        """Whether the provider cancelled it. One that cannot be asked is asked a few times."""
        for pause in (*_PAUSES_SECONDS, None):
            with self.database.read() as session:
                if not _is_cancelled(fetch(session, PlanRow, plan_id), cancelled_at):
                    return False
                provider = fetch(session, RunRow, run_id).provider
            try:
                return await self.generator.cancel(provider, run_id)
            except ProviderError as error:
                if pause is None:
                    log.warning("Take %s could not be cancelled, so it is finished: %s", run_id, error)
                    return False
                await asyncio.sleep(pause)
        raise AssertionError


def _is_cancelled(plan: PlanRow, cancelled_at: int) -> bool:
    return plan.status == PlanStatus.CANCELLED and decisions.cancelled_at(plan) == cancelled_at


def _may_be_sent(session: Session, run: RunRow) -> bool:
    """Whether a request for this take is on its way, or so near to it that it cannot be held any more."""
    if ClipStatus(run.clip.status).is_settled or run.clip.status == ClipStatus.PENDING:
        return False
    call = call_of(session, run.id)
    return call is None or call.state == "intent"
