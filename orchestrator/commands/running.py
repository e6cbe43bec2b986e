"""Plans at work: started, paused, changed, rendered; exactly one flow looks after each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator import decisions
from orchestrator.commands.base import Commands
from orchestrator.db.models import (
    ClipRow,
    PlanRow,
    ProjectRow,
    RenderRow,
    utc_now,
)
from orchestrator.db.queries import (
    newest_render,
    open_renders,
    plans_at_work,
)
from orchestrator.db.records import (
    fetch,
    settings_of,
)
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, Conflict
from orchestrator.ledger import spent_usd
from orchestrator.renders import add_render, build_plan_timeline
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus, can_move
from orchestrator.schema.timeline import Transition


class RunningCommands(Commands):
    """Each may be given twice and is done once."""

    def start_plan(self, plan_id: str) -> None:
        """Start or go on. Starting a running plan changes nothing."""
        self._wake(plan_id, lambda _session, _plan: None)

    resume_plan = start_plan

    def raise_budget(self, plan_id: str, *, budget_usd: float | None) -> None:
        """Set what the plan's project may cost, None for no limit, and go on. Raises ``BadInput`` for less than is
        already spent."""
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id)
            spent = spent_usd(session, plan.project_id)
            if budget_usd is not None and budget_usd < spent:
                raise BadInput(f"${spent:.2f} are spent already. Give a budget above that.")
            project = fetch(session, ProjectRow, plan.project_id, lock=True)
            project.settings = {**project.settings, "budget_usd": budget_usd}
        self.start_plan(plan_id)

    def pause_plan(self, plan_id: str) -> None:
        """No new generation is started; those under way are finished, for they are paid."""
        self._move(plan_id, PlanStatus.PAUSED)

    def cancel_plan(self, plan_id: str) -> None:
        self._move(plan_id, PlanStatus.CANCELLED)

    def retry_failed(self, plan_id: str) -> int:
        """Try every failed clip again; how many. In a paused or cancelled plan they wait until it goes on."""
        count = 0

        def revive(session: Session, plan: PlanRow) -> None:
            nonlocal count
            for clip in plan.clips:
                if clip.status == ClipStatus.FAILED:
                    decisions.revive(clip)
                    count += 1

        self._wake(plan_id, revive, is_start=False)
        return count

    def retry_clip(self, clip_id: str, *, is_afresh: bool = False) -> None:
        """Another round of attempts for one clip; the others are not touched. A clip under way is left alone.

        A take that is paid and not fetched yet goes on, unless ``is_afresh``: then it is given up and paid again.

        In a paused or cancelled plan it waits until that goes on. Raises ``Conflict`` before the plan was started.
        """
        with self._database.read() as session:
            plan_id = fetch(session, ClipRow, clip_id).clip_plan_id

        def revive(session: Session, plan: PlanRow) -> None:
            clip = fetch(session, ClipRow, clip_id)
            if ClipStatus(clip.status).is_settled:
                if is_afresh:
                    decisions.abandon(session, clip)
                decisions.revive(clip)

        self._wake(plan_id, revive, is_start=False)

    def reorder_clips(self, plan_id: str, clip_ids: Sequence[str]) -> None:
        """Put the clips in this order. Raises ``BadInput`` unless it names every clip once."""
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            clips = {c.id: c for c in plan.clips}
            if sorted(clip_ids) != sorted(clips):
                raise BadInput("The new order must name every clip of the plan once.")
            for order_key, clip_id in enumerate(clip_ids, start=1):
                clips[clip_id].order_key = order_key

    def render_plan(self, plan_id: str, *, transition: Transition | None = None) -> str:
        """Make the film from what is accepted now; the same render when one of exactly that is under way.

        Raises ``Conflict`` when nothing is accepted.
        """
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if not any(c.accepted_run_id for c in plan.clips):
                raise Conflict("No clip has an accepted take yet, so there is nothing to render.")
            transition = transition or settings_of(plan).transition
            timeline = build_plan_timeline(plan, transition).model_dump(mode="json")
            last = newest_render(session, plan_id)
            is_same = last is not None and last.timeline == timeline and last.id in open_renders(session)
            if last and is_same and not self._engine.is_finished(f"render:{last.id}"):
                return last.id
            render_id = add_render(session, plan, transition=transition).id
        self._engine.enqueue("render", "render", f"render:{render_id}", render_id)
        return render_id

    # --- what the commands share ---

    def recover(self) -> None:
        """At launch: every plan and render that no flow looks after any more is taken up again."""
        with self._database.read() as session:
            plans, renders = plans_at_work(session), open_renders(session)
        for plan_id, generation in plans:
            if self._engine.is_finished(f"plan:{plan_id}:{generation}"):
                with self._database.write() as session:
                    plan = fetch(session, PlanRow, plan_id, lock=True)
                    plan.flow_generation += 1
                    generation = plan.flow_generation
            self._engine.enqueue("plans", "plan", f"plan:{plan_id}:{generation}", plan_id, generation)
        for render_id in renders:
            if self._engine.is_finished(f"render:{render_id}"):
                with self._database.write() as session:
                    row = fetch(session, RenderRow, render_id)
                    row.status, row.error = RenderStatus.FAILED, "The render was cut off. Render the film again."
                continue
            self._engine.enqueue("render", "render", f"render:{render_id}", render_id)

    def _wake(self, plan_id: str, change: Callable[[Session, PlanRow], None], *, is_start: bool = True) -> None:
        """Apply ``change`` and see that exactly one plan flow is at work. Unless ``is_start``, a plan that was never
        started stays so and one that was stopped stays stopped: nobody asked for the rest of it."""
        adrift = self._adrift(plan_id)
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if not is_start and plan.status == PlanStatus.PLANNED:
                raise Conflict("The plan has not been started yet.")
            change(session, plan)
            if not is_start and plan.status in (PlanStatus.PAUSED, PlanStatus.CANCELLED):
                return
            plan.status, plan.finished_at, plan.reason = PlanStatus.RUNNING, None, ""
            plan.started_at = plan.started_at or utc_now()
            is_new = plan.is_parked or plan.flow_generation == adrift
            if is_new:
                plan.is_parked = False
                plan.flow_generation += 1
            generation = plan.flow_generation
            clips = [(c.id, c.generation) for c in plan.clips if not ClipStatus(c.status).is_settled]
        self._engine.enqueue("plans", "plan", f"plan:{plan_id}:{generation}", plan_id, generation)
        if not is_new:
            # The running plan flow would see these only after its present round.
            for clip_id, clip_generation in clips:
                self._engine.enqueue("clips", "clip", f"clip:{clip_id}:{clip_generation}", clip_id, clip_generation)

    def _adrift(self, plan_id: str) -> int:
        """The generation of a plan flow that broke without parking its plan; -1 when all is well."""
        with self._database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            is_lost = not plan.is_parked and self._engine.is_finished(f"plan:{plan_id}:{plan.flow_generation}")
            return plan.flow_generation if is_lost else -1

    def _move(self, plan_id: str, target: PlanStatus) -> None:
        adrift = self._adrift(plan_id)
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            plan.is_parked = plan.is_parked or plan.flow_generation == adrift
            if plan.status == target:
                return
            if not can_move(PlanStatus(plan.status), target):
                raise Conflict(f"A plan that is {plan.status} cannot be {target}.")
            plan.status = target
