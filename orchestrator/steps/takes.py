"""Steps of a take: assess it, in its flow or because a person asked for it again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from orchestrator import decisions
from orchestrator.assessor import assess_take
from orchestrator.db.models import AssessmentRow, RunRow, utc_now
from orchestrator.db.records import fetch, lock_run
from orchestrator.db.session import Database
from orchestrator.expectations import Expectations
from orchestrator.looks import Looks
from orchestrator.perception.base import Senses
from orchestrator.schema.assessment import Verdict
from orchestrator.schema.status import RunStatus
from orchestrator.steps.perils import Perils

NOT_ASSESSED, NOT_CUT = "not_assessed", "not_cut"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TakeSteps:
    """``gate`` lets as many takes at once be assessed by this process as are good for it, whoever asked for them.
    ``looks`` are made on each take's own account, where looking is paid for; without them the viewer is just asked."""

    database: Database
    senses: Senses
    expectations: Expectations
    perils: Perils
    gate: asyncio.Semaphore
    looks: Looks | None = None

    async def assess(self, run_id: str) -> None:
        """Once, however often the step is run."""
        if self._is_to_assess(run_id):
            await self._assess(run_id, is_again=False)

    async def reassess(self, run_id: str) -> str:
        verdict = await self._assess(run_id, is_again=True)
        with self.database.write() as session:
            run = lock_run(session, run_id)
            after = decisions.judgement(run)
            if after and after.verdict is Verdict.PASS and run.status == RunStatus.SETTLED:
                decisions.accept_if_free(run)
        return verdict

    async def note_failure(self, run_id: str, message: str) -> None:
        """The take was not assessed again, and says why."""
        with self.database.write() as session:
            run = fetch(session, RunRow, run_id, lock=True)
            if run.status == RunStatus.SETTLED:
                run.error_code = NOT_ASSESSED
                run.error_message = f"This take could not be assessed again: {message} What was known of it stands."

    async def keep(self, run_id: str, problem: str) -> str:
        """A take that a person cut from another one is done, or is not because of a ``problem``; its verdict. Its clip
        takes it when it passes and the clip has none; nothing else follows from it, so nothing is paid."""
        with self.database.write() as session:
            run = lock_run(session, run_id)
            run.status, run.settled_at = RunStatus.SETTLED, run.settled_at or utc_now()
            if problem:
                run.error_code = NOT_ASSESSED if run.asset_id else NOT_CUT
                run.error_message = f"This take could not be {'assessed' if run.asset_id else 'cut'}: {problem}"
            after = decisions.judgement(run)
            if after and after.verdict is Verdict.PASS:
                decisions.accept_if_free(run)
            return after.verdict if after else NOT_ASSESSED

    def _is_to_assess(self, run_id: str) -> bool:
        with self.database.read() as session:
            run = fetch(session, RunRow, run_id)
            return bool(run.asset_id) and not run.assessments

    async def _assess(self, run_id: str, *, is_again: bool) -> Verdict:
        async with self.gate, self.perils.watch(RunRow, run_id, doing="this take was being assessed"):
            return await self._judge(run_id, is_again=is_again)

    async def _judge(self, run_id: str, *, is_again: bool) -> Verdict:
        path, expectation, policy = await self.expectations.of(self.database, run_id)
        senses = replace(self.senses, viewer=self.looks.of(run_id)) if self.looks else self.senses
        assessment = await assess_take(
            path,
            expectation=expectation,
            senses=senses,
            policy=policy,
            find_neighbours=lambda: self.expectations.neighbours(self.database, run_id),
        )
        with self.database.write() as session:
            run = fetch(session, RunRow, run_id, lock=True)
            if run.assessments and not is_again:
                # By the process that took this one for dead; what it found has been decided on.
                return Verdict(run.assessments[-1].verdict)
            session.add(
                AssessmentRow(
                    clip_run_id=run_id,
                    verdict=assessment.verdict,
                    score=assessment.score,
                    weight_run=assessment.weight_run,
                    body=assessment.model_dump(mode="json"),
                )
            )
            if run.status != RunStatus.SETTLED:
                run.status = RunStatus.ASSESSED
            if run.error_code == NOT_ASSESSED:
                run.error_code = run.error_message = ""
        log.info("Take assessed", extra={"verdict": assessment.verdict, "score": assessment.score})
        return assessment.verdict
