"""Steps of a clip: craft a take, pay for it once, wait for it, bring it home, and decide what follows."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator import decisions
from orchestrator.attempts import Attempts, asked_of, canon_of, earlier_of, history_of
from orchestrator.calls import PaidCall
from orchestrator.db.models import AssetRow, ClipRow, PlanRow, RunRow, utc_now
from orchestrator.db.pictures import picture_row
from orchestrator.db.queries import accepted_at, call_of, is_called
from orchestrator.db.records import (
    assessment_of,
    fetch,
    lock_run,
    policy_of,
    repair_of,
    request_of,
    settings_of,
    shelf_of,
)
from orchestrator.db.session import Database, Session
from orchestrator.errors import (
    CUT_OFF,
    UNFORESEEN,
    BudgetExceeded,
    Conflict,
    MediaFailed,
    NeedsDecision,
    OrchestratorError,
    UnreadableMedia,
    Withdrawn,
)
from orchestrator.generator import LAID_OVER, DeadlinePassed, Fetched, Generator, Narration
from orchestrator.logs import bind
from orchestrator.pictures import StoredPicture
from orchestrator.repair import best_take, decide
from orchestrator.schema.assessment import Verdict
from orchestrator.schema.clip_run import CANCELLED, TAKEN_BACK, Edit, RepairInstruction, RepairStrategy
from orchestrator.schema.flow_id import GONE, clip_flow_id
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus, RunStatus
from orchestrator.steps.perils import Perils
from providers.base import AudioSupport, Generation, GenerationStatus, ProviderError

log = logging.getLogger(__name__)
_CHANCE = random.SystemRandom()  # leaves the seed of others alone

# Nothing was sent and nothing is wrong with the clip: it waits.
_HELD = frozenset((BudgetExceeded.code, Withdrawn.code))
_CANCELLED_THERE = "generation_cancelled"


class _NotCut(OrchestratorError):
    """This take could not be cut."""

    code = "not_cut"


@dataclass(frozen=True)
class ClipSteps:
    """``fallbacks`` are the names of usable providers in the order they are to be tried. ``how_ended`` tells of a flow
    how it ended: empty is well, badly is why (``CUT_OFF``: its process stopped); None while it goes on."""

    database: Database
    generator: Generator
    attempts: Attempts
    fallbacks: tuple[str, ...]
    perils: Perils
    how_ended: Callable[[str], str | None]

    async def craft(self, clip_id: str, generation: int) -> str:
        """The run to work on: an unfinished one if there is, else a new one with what repair asked for. Empty when the
        plan is not running or the clip was taken out; it is then left for the next start, save for a take that is paid,
        unless the plan was cancelled."""
        with self.database.write() as session:
            plan = fetch(session, PlanRow, fetch(session, ClipRow, clip_id).clip_plan_id, lock=True)
            clip = fetch(session, ClipRow, clip_id, lock=True)
            is_settled = ClipStatus(clip.status).is_settled  # a person may have decided meanwhile
            is_at_work = plan.status == PlanStatus.RUNNING and clip.removed_at is None
            is_wanted = is_at_work or (plan.status in (PlanStatus.RUNNING, PlanStatus.PAUSED) and _is_paid(clip))
            if not is_wanted or clip.generation != generation or is_settled:
                if clip.generation == generation and not is_settled:
                    decisions.set_aside(clip)
                return ""
            clip.reason = ""
            last = clip.runs[-1] if clip.runs else None
            is_new = last is None or last.status == RunStatus.SETTLED
            if last is None or is_new:
                last = self.attempts.begin(session, clip, plan)
            clip.status = ClipStatus.ASSESSING if last.asset_id else ClipStatus.GENERATING
        bind(run_id=last.id, attempt=last.attempt, provider=last.provider)
        log.info("Take begun" if is_new else "Take goes on", extra={"model": last.model})
        return last.id

    async def create(self, run_id: str, generation: int) -> bool:
        """Pay for the generation, once. False when the provider or the budget refused, or when the plan was stopped or
        a person decided meanwhile; the run says why."""
        with self.database.write() as session:
            run = fetch(session, RunRow, run_id, lock=True)
            if run.edit:
                return True
            self._check_place(run, is_sent=is_called(session, run_id))
            run.error_code = run.error_message = ""  # of an earlier try whose end was not remembered
            run.retry_after_seconds = None
            if run.generation_id:
                return True
            if not is_called(session, run_id):
                run.endpoint = self.attempts.endpoints.get(run.provider, "")
            plan, clip_id, request = run.clip.plan, run.clip_id, request_of(run)
            picture = _picture_of(session, run)
            profile = self.attempts.profile(run.provider, run.model)
            call = PaidCall(
                run_id=run_id,
                plan_id=plan.id,
                project_id=plan.project_id,
                provider=run.provider,
                endpoint=run.endpoint,
                request=request,
                cost_usd=profile.cost_usd(model=run.model, seconds=request.seconds, size=request.size),
            )

        def is_wanted() -> bool:
            with self.database.read() as session:
                clip = fetch(session, ClipRow, clip_id)
                is_open = clip.generation == generation and not ClipStatus(clip.status).is_settled
                return is_open and clip.plan.status == PlanStatus.RUNNING

        try:
            await self.generator.create(call, is_wanted=is_wanted, picture=picture)
        except (ProviderError, BudgetExceeded, NeedsDecision, Withdrawn) as error:
            log.info("No generation", extra={"error_code": error.code})
            self._note_error(run_id, error.code, str(error), getattr(error, "retry_after_seconds", None))
            return False
        return True

    async def wait(self, run_id: str) -> bool:
        """Until the generation is final, or nobody wants it any more. False when it was not made; the run says why."""
        with self.database.read() as session:
            run = fetch(session, RunRow, run_id)
            if run.edit:
                return True
            self._check_place(run, is_sent=True)
            provider, generation_id = run.provider, run.generation_id
            profile = self.attempts.profile(provider, run.model)
            born = accepted_at(session, run_id) or run.created_at
            age_seconds = max(0.0, (self.database.now(session) - born).total_seconds())
            if run.asset_id:
                return True

        async def on_change(seen: Generation) -> None:
            with self.database.write() as session:
                row = fetch(session, RunRow, run_id, lock=True)
                if row.status == RunStatus.SETTLED:
                    return
                row.error_code = row.error_message = ""
                row.provider_state, row.progress = seen.status, seen.progress
                row.provider_status = seen.raw_status or seen.status

        def is_wanted() -> bool:
            with self.database.read() as session:
                return fetch(session, RunRow, run_id).status != RunStatus.SETTLED

        log.info("Waiting for the generation", extra={"age_seconds": round(age_seconds, 1)})
        try:
            generation = await self.generator.wait(
                provider, generation_id, age_seconds=age_seconds, on_change=on_change, is_wanted=is_wanted
            )
        except Withdrawn:
            self.generator.finish(run_id, cost_usd=None)
            return False
        except DeadlinePassed:
            self.generator.finish(run_id, cost_usd=None)
            self._note_error(run_id, "deadline", "The provider did not finish in time.")
            return False
        except ProviderError as error:
            self.generator.finish(run_id, cost_usd=None)
            self._note_error(run_id, error.code, str(error))
            return False
        is_made = generation.status is GenerationStatus.COMPLETED
        is_free = not is_made and not profile.charges_failures
        self.generator.finish(run_id, cost_usd=0.0 if is_free else generation.cost_usd)
        log.info("Generation is over", extra={"state": generation.status, "cost_usd": generation.cost_usd})
        if is_made:
            return True
        if generation.status is GenerationStatus.CANCELLED:
            self._note_error(run_id, _CANCELLED_THERE, "The generation was cancelled at the provider.")
            return False
        code = "content_rejected" if generation.is_rejection else "generation_failed"
        if generation.error_code == "invalid_request":
            code = generation.error_code
        self._note_error(run_id, code, generation.error_message or "The provider could not make this clip.")
        return False

    async def fetch(self, run_id: str, generation: int) -> None:
        """Bring the take home before its address expires."""
        with self.database.read() as session:
            run = fetch(session, RunRow, run_id)
            if run.asset_id:
                return
            provider, generation_id, shelf = run.provider, run.generation_id, shelf_of(run.clip.plan.project)
            narration, is_cut = self._narration(run), bool(run.edit)
            if not is_cut:
                self._check_place(run, is_sent=True)
        try:
            async with self.perils.watch(RunRow, run_id, doing="this take was being fetched"):
                fetched = await (
                    self._cut(run_id)
                    if is_cut
                    else self.generator.fetch(provider, generation_id, shelf=shelf, run_id=run_id, narration=narration)
                )
        except (ProviderError, _NotCut) as error:
            self._note_error(run_id, error.code, str(error))
            return
        with self.database.write() as session:
            run = lock_run(session, run_id)
            if run.asset_id:
                return
            session.add_all(fetched.assets)
            session.flush()
            run.error_code = run.error_message = ""
            run.asset_id, run.narration = fetched.assets[0].id, fetched.narration
            run.poster_asset_id = fetched.assets[1].id if len(fetched.assets) > 1 else None
            run.status, run.progress = RunStatus.GENERATED, 1.0
            if run.clip.generation == generation:
                run.clip.status = ClipStatus.ASSESSING
        log.info("Take downloaded", extra={"size_bytes": fetched.assets[0].size_bytes})

    async def _cut(self, run_id: str) -> Fetched:
        """The take that repair wants made from another one. Raises ``_NotCut``."""
        with self.database.read() as session:
            run = fetch(session, RunRow, run_id)
            edit, narration = Edit.model_validate(run.edit), run.narration
            shelf = shelf_of(run.clip.plan.project)
            source = fetch(session, RunRow, run.source_run_id)
            asset = fetch(session, AssetRow, source.asset_id or "")
            stored = asset.storage_key, asset.sha256
        try:
            return await self.generator.cut(*stored, edit, shelf=shelf, run_id=run_id, narration=narration)
        except (UnreadableMedia, MediaFailed) as error:
            raise _NotCut(f"This take could not be cut: {error.message}") from error

    async def settle(self, run_id: str, generation: int) -> dict[str, Any]:
        """Decide what follows from a run and save it with the run: accepted, another take, a person, or the end.

        A clip that a person has decided on meanwhile (its generation has moved on) keeps that decision.
        """
        with self.database.write() as session:
            run = lock_run(session, run_id)
            clip = run.clip
            if run.error_code in _HELD:
                return self._hold(run, clip, generation)
            if run.error_code == _CANCELLED_THERE and _is_unwanted(session, run):
                decisions.take_back(clip, run)
            if run.status == RunStatus.SETTLED and run.error_code in TAKEN_BACK:
                return {"status": clip.status, "is_retry": False, "delay_seconds": 0.0}
            if run.status != RunStatus.SETTLED:
                instruction = self._decide(session, run, clip)
                run.status, run.settled_at = RunStatus.SETTLED, utc_now()
                run.repair = instruction.model_dump(mode="json") if instruction else None
            instruction = repair_of(run)
            is_mine = clip.generation == generation
            if is_mine and instruction is None:
                clip.accepted_run_id, clip.status, clip.reason = _worth_most(run), ClipStatus.PASSED, ""
            elif is_mine and instruction is not None:
                clip.status, clip.reason = _status_after(instruction.strategy), instruction.reason
                decisions.halt(clip.plan, clip)
            log.info(
                "Take settled",
                extra={"clip_status": clip.status, "repair": instruction.strategy if instruction else None},
            )
            return {
                "status": clip.status,
                "is_retry": is_mine and instruction is not None and instruction.strategy.is_retry,
                "delay_seconds": instruction.delay_seconds if instruction else 0.0,
            }

    def _hold(self, run: RunRow, clip: ClipRow, generation: int) -> dict[str, Any]:
        """Nothing was sent: the take stays open for when the plan goes on. A spent budget pauses the plan."""
        plan = clip.plan
        if run.error_code == BudgetExceeded.code and plan.status == PlanStatus.RUNNING:
            plan.status, plan.reason, plan.pause_cause = PlanStatus.PAUSED, run.error_message, PauseCause.BUDGET
        run.error_code, run.error_message = "", ""
        if clip.generation == generation and not ClipStatus(clip.status).is_settled:
            decisions.set_aside(clip)
        return {"status": clip.status, "is_retry": False, "delay_seconds": 0.0}

    def _decide(self, session: Session, run: RunRow, clip: ClipRow) -> RepairInstruction | None:
        if run.asset_id and run.narration not in ("", LAID_OVER):
            reason = f"This take is silent and its line could not be narrated: {run.narration} Look at it and decide."
            return RepairInstruction(strategy=RepairStrategy.NEEDS_HUMAN, reason=reason)
        fallbacks = self.attempts.able(self.fallbacks, clip, now=utc_now())
        return decide(
            line=clip.text,
            assessment=assessment_of(run.assessments[-1]) if run.assessments else None,
            error_code=run.error_code,
            error_message=run.error_message,
            retry_after_seconds=run.retry_after_seconds,
            attempt=_number_in_round(run, clip),
            policy=settings_of(clip.plan).retry_policy,
            profile=self.attempts.profile(run.provider, run.model),
            history=history_of(clip),
            earlier=earlier_of(clip),
            fallbacks=fallbacks,
            budget=self.attempts.budget(session, clip, fallbacks),
            canon=canon_of(clip),
            asked=asked_of(run),
            strictness=policy_of(clip.plan.project),
            jitter=_CHANCE.random(),
        )

    async def break_off(self, clip_id: str, generation: int, message: str) -> str:
        """Something of ours failed (a full disk, a crashed child). The run stays open: what was paid is used when the
        clip is tried again. A clip that somebody deleted needs nothing more."""
        with self.database.write() as session:
            if session.get(ClipRow, clip_id) is None:
                log.info("A clip was deleted while it was being made", extra={"clip_id": clip_id})
                return GONE
            plan = fetch(session, PlanRow, fetch(session, ClipRow, clip_id).clip_plan_id, lock=True)
            clip = fetch(session, ClipRow, clip_id, lock=True)
            if clip.generation == generation and not ClipStatus(clip.status).is_settled:
                clip.status, clip.reason = ClipStatus.FAILED, f"{message} Retry goes on from here."
                decisions.halt(plan, clip)
        log.info("Clip broke off", extra={"clip_status": clip.status})
        return clip.status

    async def end_broken(self, clip_id: str, generation: int) -> str:
        """The clip's flow seems to have ended without settling the clip. One that is at work after all is left to it;
        one that only stopped with its process goes on in a flow of the next generation."""
        reason = await asyncio.to_thread(self.how_ended, clip_flow_id(clip_id, generation))
        if reason not in (None, CUT_OFF):
            return await self.break_off(clip_id, generation, reason or UNFORESEEN)
        with self.database.write() as session:
            if session.get(ClipRow, clip_id) is None:
                return GONE
            clip = fetch(session, ClipRow, clip_id, lock=True)
            is_open = clip.generation == generation and not ClipStatus(clip.status).is_settled
            if is_open and reason == CUT_OFF:
                decisions.set_aside(clip)
            return clip.status

    # --- what the steps share ---

    def _check_place(self, run: RunRow, *, is_sent: bool) -> None:
        """Raises ``Conflict`` when the settings now name another server than the one that was paid."""
        if is_sent and run.endpoint != self.attempts.endpoints.get(run.provider, ""):
            raise Conflict(
                f"This take was asked for at {run.endpoint}. Set the base URL back, or the kind of key, to fetch it."
            )

    def _narration(self, run: RunRow) -> Narration | None:
        """What we say over this take: its line, where its provider makes silent clips."""
        is_silent = self.attempts.profile(run.provider, run.model).audio is AudioSupport.NONE
        clip = run.clip
        if not (is_silent and clip.text):
            return None
        return Narration(line=clip.text, seconds=clip.seconds, language=clip.plan.brief.language)

    def _note_error(self, run_id: str, code: str, message: str, retry_after_seconds: float | None = None) -> None:
        with self.database.write() as session:
            run = fetch(session, RunRow, run_id, lock=True)
            if run.status == RunStatus.SETTLED:
                return
            run.error_code, run.error_message, run.retry_after_seconds = code, message, retry_after_seconds


def _picture_of(session: Session, run: RunRow) -> StoredPicture | None:
    """What this take starts from. Raises ``NotFound``."""
    if not run.reference_asset_id:
        return None
    row = picture_row(session, run.reference_asset_id)
    return StoredPicture(key=row.storage_key, sha256=row.sha256)


def _worth_most(run: RunRow) -> str:
    """The best of the clip's takes that passed: ``run``, unless an earlier one is better than it."""
    held = decisions.candidates(run.clip)
    passed = {key: one for key, one in held.items() if one.verdict is Verdict.PASS and key != run.id}
    return best_take({run.id: assessment_of(run.assessments[-1]), **passed}) or run.id


def _is_paid(clip: ClipRow) -> bool:
    """Whether a take of this clip was taken by its provider and is not settled yet."""
    return bool(clip.runs) and clip.runs[-1].status != RunStatus.SETTLED and bool(clip.runs[-1].generation_id)


def _is_unwanted(session: Session, run: RunRow) -> bool:
    """Whether a generation that was cancelled was so by us, or is not needed at present. Else, while its plan runs, it
    counts as an attempt: a provider that cancels everything would be asked for ever."""
    call = call_of(session, run.id)
    return run.clip.plan.status != PlanStatus.RUNNING or (call is not None and call.error_code == CANCELLED)


def _number_in_round(run: RunRow, clip: ClipRow) -> int:
    """Which attempt of the present round this take is."""
    return sum(clip.cycle_start < r.attempt <= run.attempt and r.error_code not in TAKEN_BACK for r in clip.runs)


def _status_after(strategy: RepairStrategy) -> ClipStatus:
    if strategy.is_retry:
        return ClipStatus.REPAIRING
    return ClipStatus.NEEDS_REVIEW if strategy is RepairStrategy.NEEDS_HUMAN else ClipStatus.FAILED
