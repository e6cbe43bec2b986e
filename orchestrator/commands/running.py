"""Plans at work: started, paused, changed, rendered; exactly one flow looks after each."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator import decisions
from orchestrator.attempts import places_without_picture
from orchestrator.calls import spent_usd
from orchestrator.commands.base import Commands
from orchestrator.commands.journalling import Seen, check_project, check_version, combined, keep, set_transition
from orchestrator.db.edits import count_change
from orchestrator.db.models import (
    ClipRow,
    PlanRow,
    ProjectRow,
    RenderRow,
    utc_now,
)
from orchestrator.db.queries import (
    clips_held_under_way,
    newest_render,
    open_renders,
    plans_at_work,
    plans_cancelled_under_way,
)
from orchestrator.db.records import (
    fetch,
    settings_of,
)
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, Conflict
from orchestrator.journal import EditKind
from orchestrator.renders import add_render, build_plan_timeline
from orchestrator.rights import needs
from orchestrator.schema.flow_id import clip_flow_id, plan_flow_id, render_flow_id
from orchestrator.schema.member import Role
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus, can_move
from orchestrator.schema.timeline import Transition

_BUDGET = "settings/budget_usd"
_INSTEAD: dict[str, str] = {
    PlanStatus.PLANNED: "Nothing of it was started yet.",
    PlanStatus.COMPLETED: "Nothing is at work on it any more; its film is ready.",
    PlanStatus.INCOMPLETE: "Nothing is at work on it. Retry its failed clips, or make a film of what passed.",
    PlanStatus.CANCELLED: "Nothing is at work on it. Start it to go on.",
}


class RunningCommands(Commands):
    """Each may be given twice and is done once."""

    @needs(Role.CREATOR)
    def start_plan(self, plan_id: str, *, seen: Seen = None) -> None:
        """Start or go on. Starting a running plan changes nothing. Raises ``BadInput`` when clips lack the picture that
        their model needs, ``ChangedMeanwhile`` when another ``version`` was ``seen``."""
        self._wake(plan_id, self._check_pictures, seen=seen)

    @needs(Role.CREATOR)
    def raise_budget(self, plan_id: str, *, budget_usd: float | None, by: str = "", seen: Seen = None) -> None:
        """Set what the plan's project may cost, None for no limit, and go on. Raises ``BadInput`` for less than is
        already spent, ``ChangedMeanwhile`` when the budget was not as ``seen``."""
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id)
            spent = spent_usd(session, plan.project_id)
            if budget_usd is not None and budget_usd < spent:
                raise BadInput(f"${spent:.2f} are spent already. Give a budget above that.")
            project = fetch(session, ProjectRow, plan.project_id, lock=True)
            before = {_BUDGET: project.settings.get("budget_usd")}
            after = combined(session, project.id, {_BUDGET: budget_usd}, seen=seen, present=before)
            check_version(session, project.id, project.version, seen=seen)
            project.settings = {**project.settings, "budget_usd": after[_BUDGET]}
            label, by = "Changed the budget", self._name(by)
            keep(session, project.id, EditKind.SETTINGS, before, after, label=label, by=by)
        self.start_plan(plan_id)

    @needs(Role.CREATOR)
    def pause_plan(self, plan_id: str, *, seen: Seen = None) -> None:
        """No new generation is started; those under way are finished, for they are paid. Raises ``ChangedMeanwhile``
        when another ``version`` was ``seen``."""
        self._move(plan_id, PlanStatus.PAUSED, seen=seen)

    @needs(Role.CREATOR)
    def cancel_plan(self, plan_id: str, *, seen: Seen = None) -> None:
        """Nothing new is started. What its provider takes back without charging is cancelled there; everything else
        that is under way is finished, for it is paid. Raises ``ChangedMeanwhile`` when another ``version`` was
        ``seen``."""
        self._move(plan_id, PlanStatus.CANCELLED, seen=seen)
        self._take_back(plan_id)

    @needs(Role.CREATOR)
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

    @needs(Role.CREATOR)
    def retry_clip(self, clip_id: str, *, is_afresh: bool = False) -> None:
        """Another round of attempts for one clip; the others are not touched. A clip under way is left alone.

        A take that is paid and not fetched yet goes on, unless ``is_afresh``: then it is given up and paid again.

        In a paused or cancelled plan it waits until that goes on. Raises ``Conflict`` before the plan was started.
        """
        with self._database.read() as session:
            plan_id = fetch(session, ClipRow, clip_id).clip_plan_id

        def revive(session: Session, plan: PlanRow) -> None:
            clip = fetch(session, ClipRow, clip_id)
            if clip.removed_at is not None:
                raise Conflict("This clip was taken out of the film. Undo that first.")
            if ClipStatus(clip.status).is_settled:
                if is_afresh:
                    decisions.abandon(session, clip)
                decisions.revive(clip)

        self._wake(plan_id, revive, is_start=False)

    @needs(Role.CREATOR)
    def render_plan(self, plan_id: str, *, transition: Transition | None = None, has_slates: bool = False) -> str:
        """Make the film from what is accepted now; the same render when one of exactly that is under way. A
        ``transition`` is the plan's from then on, wherever a clip has none of its own.

        With ``has_slates`` a partial film, whatever the plan is at: a slate for each clip without an accepted take.
        That leaves the plan as it is. Raises ``Conflict`` when nothing is accepted and no slates are asked for.
        """
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if not has_slates and not any(c.accepted_run_id for c in plan.clips):
                raise Conflict("No clip has an accepted take yet, so there is nothing to render.")
            planned = settings_of(plan).transition
            if transition and transition != planned:
                before, after = ({"transition": t.model_dump(mode="json")} for t in (planned, transition))
                set_transition(plan, transition)
                label = "Changed the transition"
                keep(session, plan.project_id, EditKind.PLAN, before, after, label=label, by=self._name(""))
            transition = transition or planned
            wanted = build_plan_timeline(plan, transition, has_slates=has_slates)
            timeline = wanted.model_dump(mode="json")
            last = newest_render(session, plan_id, is_partial=wanted.missing_clips > 0)
            is_same = last is not None and last.timeline == timeline and last.id in open_renders(session)
            if last and is_same and not self._engine.is_finished(render_flow_id(last.id)):
                return last.id
            render_id = add_render(session, plan, transition=transition, has_slates=has_slates).id
            count_change(session, plan.project_id)
        self._engine.enqueue("render", "render", render_flow_id(render_id), render_id)
        return render_id

    # --- what the commands share ---

    def recover(self) -> None:
        """At launch, and now and then: what no flow looks after any more is taken up again. That is everything there is
        when the engine's own memory is lost; flows that it knows are left alone."""
        with self._database.read() as session:
            plans, renders, held = plans_at_work(session), open_renders(session), clips_held_under_way(session)
            cancelled = plans_cancelled_under_way(session)
        for plan_id in cancelled:
            self._take_back(plan_id)
        for plan_id, generation in plans:
            self._take_back(plan_id)
            if self._engine.is_finished(plan_flow_id(plan_id, generation)):
                with self._database.write() as session:
                    plan = fetch(session, PlanRow, plan_id, lock=True)
                    if plan.is_parked:
                        continue  # it ended well meanwhile
                    if plan.flow_generation == generation:  # else another process was quicker
                        plan.flow_generation += 1
                    generation = plan.flow_generation
            self._enqueue_plan(plan_id, generation)
        for render_id in renders:
            if self._engine.is_finished(render_flow_id(render_id)):
                with self._database.write() as session:
                    row = fetch(session, RenderRow, render_id, lock=True)
                    if row.id in open_renders(session):
                        row.status, row.error = RenderStatus.FAILED, "The render was cut off. Render the film again."
                continue
            self._engine.enqueue("render", "render", render_flow_id(render_id), render_id)
        for clip_id, generation, plan_id in held:
            # Its take is finished, for it is paid.
            self._enqueue_clip(clip_id, generation, plan_id=plan_id)

    def _wake(
        self,
        plan_id: str,
        change: Callable[[Session, PlanRow], None],
        *,
        is_start: bool = True,
        seen: Seen = None,
    ) -> None:
        """Apply ``change`` and see that exactly one plan flow is at work. Unless ``is_start``, a plan that was never
        started stays so and one that was stopped stays stopped: nobody asked for the rest of it."""
        adrift = self._adrift(plan_id)
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if plan.project.deleted_at is not None:
                raise Conflict("This project was deleted.", hint="Restore it on the dashboard, then go on.")
            if not is_start and plan.status == PlanStatus.PLANNED:
                raise Conflict("The plan has not been started yet.")
            check_project(session, plan.project_id, seen=seen)
            change(session, plan)
            count_change(session, plan.project_id)
            if not is_start and plan.status in (PlanStatus.PAUSED, PlanStatus.CANCELLED):
                return
            plan.project.archived_at = None  # what is worked on is in sight
            is_new = decisions.go_on(plan, is_lost=plan.flow_generation == adrift)
            generation = plan.flow_generation
            order = sorted(plan.clips, key=lambda c: c.order_key)
            clips = [(c.id, c.generation) for c in order if not ClipStatus(c.status).is_settled]
        self._enqueue_plan(plan_id, generation)
        if not is_new:
            # The running plan flow would see these only after its present round.
            for place, (clip_id, clip_generation) in enumerate(clips, start=1):
                self._enqueue_clip(clip_id, clip_generation, plan_id=plan_id, place=place)

    def _check_pictures(self, _session: Session, plan: PlanRow) -> None:
        if places := places_without_picture(plan, self._choices.profiles):
            which = "Every clip" if len(places) == len(plan.clips) else f"Clip {', '.join(map(str, places))}"
            raise BadInput(
                f"{which} needs a picture to start from: the model that is to make it works from pictures only.",
                hint="Give the style or its characters a picture, or the clip one of its own; or choose another model.",
            )

    def _enqueue_plan(self, plan_id: str, generation: int) -> None:
        self._engine.enqueue("plans", "plan", plan_flow_id(plan_id, generation), plan_id, generation)

    def _enqueue_clip(self, clip_id: str, generation: int, *, plan_id: str, place: int = 0) -> None:
        flow_id = clip_flow_id(clip_id, generation)
        self._engine.enqueue("clips_by_plan", "clip", flow_id, clip_id, generation, partition=plan_id, place=place)

    def _adrift(self, plan_id: str) -> int:
        """The generation of a plan flow that broke without parking its plan; -1 when all is well."""
        with self._database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            is_lost = not plan.is_parked and self._engine.is_finished(plan_flow_id(plan_id, plan.flow_generation))
            return plan.flow_generation if is_lost else -1

    def _move(self, plan_id: str, target: PlanStatus, *, seen: Seen = None) -> None:
        adrift = self._adrift(plan_id)
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            plan.is_parked = plan.is_parked or plan.flow_generation == adrift
            check_project(session, plan.project_id, seen=seen)
            if plan.status == target:
                return
            if not can_move(PlanStatus(plan.status), target):
                raise Conflict(f"A plan that is {plan.status} cannot be {target}.", hint=_INSTEAD.get(plan.status, ""))
            plan.status, plan.reason, plan.pause_cause = target, "", ""
            count_change(session, plan.project_id)
            plan.finished_at = utc_now() if target is PlanStatus.CANCELLED else plan.finished_at

    def _take_back(self, plan_id: str) -> None:
        """Have what a cancelled plan has under way taken back; once for each cancellation."""
        with self._database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            is_cancelled, at = plan.status == PlanStatus.CANCELLED, decisions.cancelled_at(plan)
        if is_cancelled:
            self._engine.enqueue("plans", "cancel", f"cancel:{plan_id}:{at}", plan_id, at)
