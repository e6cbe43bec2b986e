"""Steps of a take: assess it, in its flow or because a person asked for it again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from orchestrator.assessor import AssessmentPolicy, Expectation, assess_take
from orchestrator.attempts import Attempts
from orchestrator.db.models import AssessmentRow, AssetRow, ClipRow, RunRow
from orchestrator.db.queries import accepted_before
from orchestrator.db.records import fetch, lock_run, request_of
from orchestrator.db.session import Database, Session
from orchestrator.media.frames import grab_last_frame
from orchestrator.perception.base import Listener, Viewer
from orchestrator.renders import take_path
from orchestrator.schema.assessment import Verdict
from orchestrator.schema.status import ClipStatus, RunStatus
from orchestrator.steps.perils import Perils
from orchestrator.storage.base import AssetStore
from providers.base import AudioSupport

NOT_ASSESSED = "not_assessed"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TakeSteps:
    """``gate`` lets as many takes at once be assessed by this process as are good for it, whoever asked for them."""

    database: Database
    store: AssetStore
    listener: Listener
    viewer: Viewer
    attempts: Attempts
    policy: AssessmentPolicy
    perils: Perils
    gate: asyncio.Semaphore

    async def assess(self, run_id: str) -> None:
        """Once, however often the step is run."""
        if self._is_to_assess(run_id):
            await self._assess(run_id, is_again=False)

    async def reassess(self, run_id: str) -> str:
        verdict = await self._assess(run_id, is_again=True)
        with self.database.write() as session:
            run = lock_run(session, run_id)
            if request_of(run).line != run.clip.text:
                return verdict  # of words the clip does not have any more
            if verdict is Verdict.PASS and run.status == RunStatus.SETTLED and not run.clip.accepted_run_id:
                run.clip.accepted_run_id, run.clip.status, run.clip.reason = run.id, ClipStatus.PASSED, ""
                run.clip.generation += 1
        return verdict

    async def note_failure(self, run_id: str, message: str) -> None:
        """The take was not assessed again, and says why."""
        with self.database.write() as session:
            run = fetch(session, RunRow, run_id, lock=True)
            if run.status == RunStatus.SETTLED:
                run.error_code = NOT_ASSESSED
                run.error_message = f"This take could not be assessed again: {message} What was known of it stands."

    def _is_to_assess(self, run_id: str) -> bool:
        with self.database.read() as session:
            run = fetch(session, RunRow, run_id)
            return bool(run.asset_id) and not run.assessments

    async def _assess(self, run_id: str, *, is_again: bool) -> Verdict:
        async with self.gate, self.perils.watch(RunRow, run_id, doing="this take was being assessed"):
            return await self._judge(run_id, is_again=is_again)

    async def _judge(self, run_id: str, *, is_again: bool) -> Verdict:
        with self.database.read() as session:
            run = fetch(session, RunRow, run_id)
            clip, request = run.clip, request_of(run)
            asset = fetch(session, AssetRow, run.asset_id or "")
            previous = self._previous_take(session, clip) if not self.viewer.missing else None
            width, height = (int(n) for n in request.size.split("x"))
            language = clip.plan.brief.language
            has_voice = self.attempts.profile(run.provider, run.model).audio is not AudioSupport.NONE
        path = self.store.local_path(asset.storage_key)
        expectation = Expectation(
            text=clip.text,
            target_seconds=request.seconds,
            width=width,
            height=height,
            acceptance=tuple(clip.acceptance),
            visual_intent=clip.visual_intent,
            language=language,
            has_voice=has_voice,
            previous_frame=await asyncio.to_thread(grab_last_frame, previous) if previous else None,
        )
        assessment = await assess_take(
            path, expectation=expectation, listener=self.listener, viewer=self.viewer, policy=self.policy
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

    def _previous_take(self, session: Session, clip: ClipRow) -> Path | None:
        accepted = accepted_before(session, clip)
        return take_path(session, self.store, accepted) if accepted else None
