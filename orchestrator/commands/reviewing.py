"""What people decide about takes."""

from __future__ import annotations

import itertools

from orchestrator import decisions, journal
from orchestrator.commands.journalling import Seen, changed_meanwhile, check_version
from orchestrator.commands.running import RunningCommands
from orchestrator.db.edits import count_change
from orchestrator.db.models import (
    ClipRow,
    PlanRow,
    ProjectRow,
    RunRow,
)
from orchestrator.db.records import (
    fetch,
    lock_run,
    policy_of,
)
from orchestrator.errors import Conflict
from orchestrator.rights import needs
from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.member import Role
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.status import ClipStatus, RunStatus


class ReviewCommands(RunningCommands):
    """Every decision stays on record."""

    @needs(Role.REVIEWER)
    def approve_take(self, run_id: str, *, reason: str, by: str = "") -> None:
        """Accept this take for its clip, whatever the assessment says. The reason stays on record."""
        by = self._name(by)
        with self._database.write() as session:
            run = lock_run(session, run_id)
            decisions.approve(session, run, reason=reason, by=by)
            count_change(session, run.clip.plan.project_id)
            plan_id = run.clip.clip_plan_id
        self._worker._set_off(plan_id, may_start=True)

    @needs(Role.REVIEWER)
    def reject_take(self, run_id: str, *, reason: str, by: str = "") -> None:
        """Refuse this take; its clip is failed until it is retried or another take is approved."""
        by = self._name(by)
        with self._database.write() as session:
            run = lock_run(session, run_id)
            decisions.reject(session, run, reason=reason, by=by)
            count_change(session, run.clip.plan.project_id)
            plan_id = run.clip.clip_plan_id
        self._worker._set_off(plan_id, may_start=False)

    @needs(Role.REVIEWER)
    def take_back_decision(self, run_id: str, *, by: str = "") -> str:
        """Take back the newest decision on this take that stands: what was decided before it stands again, and its clip
        is what it was. Both stay on record. What was taken back: ``approved``, ``rejected`` or a check's state.

        Raises ``Conflict`` where nothing stands, or the clip has gone on since.
        """
        by = self._name(by)
        with self._database.write() as session:
            run = lock_run(session, run_id)
            taken_back = decisions.take_back_decision(session, run, by=by)
            count_change(session, run.clip.plan.project_id)
            plan_id = run.clip.clip_plan_id
        self._worker._set_off(plan_id, may_start=True)
        return taken_back

    @needs(Role.REVIEWER)
    def override_check(self, run_id: str, *, check: CheckName, status: CheckStatus, reason: str, by: str = "") -> str:
        """Correct one check of a take. The verdict follows, and the clip does where nobody decided on the whole take;
        what was measured stays on record. What came of it, in words."""
        by = self._name(by)
        with self._database.write() as session:
            run = lock_run(session, run_id)
            was_passed = run.clip.status == ClipStatus.PASSED
            outcome = decisions.override(session, run, check=check, status=status, reason=reason, by=by)
            count_change(session, run.clip.plan.project_id)
            plan_id = run.clip.clip_plan_id
        self._worker._set_off(plan_id, may_start=not was_passed)
        return outcome

    def _set_off(self, plan_id: str, *, may_start: bool) -> None:
        """What a decision has its plan do, by the worker: who decides may not change a plan. A film that lacks nothing
        any more is made, if it ``may_start``; a plan whose film lacks something now is incomplete."""
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            decisions.reopen(plan)
            is_whole = may_start and decisions.is_whole(plan)
        if is_whole:
            self.start_plan(plan_id)

    @needs(Role.CREATOR)
    def set_policy(self, project_id: str, policy: AssessmentPolicy | None, *, seen: Seen = None) -> None:
        """How strictly this project's takes are judged from now on; None is by the defaults. Takes that were assessed
        keep their verdicts until they are assessed again. Only what differs from the defaults is kept, so that the rest
        follows them. Raises ``ChangedMeanwhile`` when another ``version`` was ``seen``, or another policy."""
        with self._database.write() as session:
            row = fetch(session, ProjectRow, project_id, lock=True)
            check_version(session, project_id, row.version, seen=seen)
            present = journal.policy_value(policy_of(row))
            if names := journal.others(present, seen=seen or {}):
                raise changed_meanwhile(session, project_id, names, present=present)
            own = policy.model_dump(mode="json", exclude_defaults=True) if policy else None
            row.settings = {**row.settings, "assessment": own}
            count_change(session, row.id)

    @needs(Role.CREATOR)
    def adopt_generation(self, run_id: str, *, generation_id: str, by: str = "") -> None:
        """A person found out what became of a request whose answer was lost: it is this generation of the provider.
        It is fetched and assessed; nothing is paid again. Raises ``Conflict`` where no answer was lost."""
        with self._database.read() as session:
            plan_id = fetch(session, RunRow, run_id).clip.clip_plan_id
        self._wake(
            plan_id,
            lambda session, _plan: decisions.adopt(
                session,
                lock_run(session, run_id),
                generation_id=generation_id,
                by=self._name(by),
                now=self._database.now(session),
            ),
            is_start=False,
        )

    @needs(Role.CREATOR)
    def assess_clip(self, clip_id: str) -> str:
        """Assess the newest take of a clip again; its run id. The work is done by the engine, and looking at a take may
        cost something."""
        with self._database.read() as session:
            clip = fetch(session, ClipRow, clip_id)
            run = next((r for r in reversed(clip.runs) if r.asset_id), None)
            if run is None:
                raise Conflict("This clip has no take to assess yet.")
            if run.status != RunStatus.SETTLED:
                is_cut_off = ClipStatus(clip.status).is_settled
                raise Conflict(
                    "This take was cut off before it was decided on. Retry goes on with it; nothing is paid again."
                    if is_cut_off
                    else "This take is being assessed already."
                )
            run_id, count = run.id, len(run.assessments)
        # One name until it is done; another one when that broke, for then nothing has come of it.
        names = (f"assess:{run_id}:{count}" + f":{number}" * bool(number) for number in itertools.count())
        flow_id = next(name for name in names if not self._engine.is_finished(name))
        self._engine.enqueue("plans", "reassess", flow_id, run_id, count)
        return run_id
