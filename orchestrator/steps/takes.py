"""Steps of a take: assess it, in its flow or because a person asked for it again."""

from __future__ import annotations

import asyncio
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
from orchestrator.storage.base import AssetStore
from providers.base import AudioSupport


@dataclass(frozen=True)
class TakeSteps:
    database: Database
    store: AssetStore
    listener: Listener
    viewer: Viewer
    attempts: Attempts
    policy: AssessmentPolicy

    async def assess(self, run_id: str) -> None:
        with self.database.read() as session:
            run = fetch(session, RunRow, run_id)
            if run.assessments or not run.asset_id:
                return
        await self._assess(run_id)

    async def reassess(self, run_id: str) -> str:
        verdict = await self._assess(run_id)
        with self.database.write() as session:
            run = lock_run(session, run_id)
            if request_of(run).line != run.clip.text:
                return verdict  # of words the clip does not have any more
            if verdict is Verdict.PASS and run.status == RunStatus.SETTLED and not run.clip.accepted_run_id:
                run.clip.accepted_run_id, run.clip.status, run.clip.reason = run.id, ClipStatus.PASSED, ""
                run.clip.generation += 1
        return verdict

    async def _assess(self, run_id: str) -> Verdict:
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
        return assessment.verdict

    def _previous_take(self, session: Session, clip: ClipRow) -> Path | None:
        accepted = accepted_before(session, clip)
        return take_path(session, self.store, accepted) if accepted else None
