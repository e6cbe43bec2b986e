"""The one door: every command of pages, REST and command line.

Commands are synchronous and quick: they check, write rows, and wake the engine. Each may be repeated without harm
where that makes sense (start, pause, resume, approve). Reads are in ``views``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator import decisions
from orchestrator.choices import CHANGEABLE, Choices, film_key, tidy_name
from orchestrator.db.models import (
    BriefRow,
    ClipRow,
    PlanRow,
    ProjectRow,
    RenderRow,
    RunRow,
    ScriptRow,
    new_id,
    utc_now,
)
from orchestrator.db.queries import (
    film_asked_for,
    newest_render,
    only_clip,
    open_renders,
    plan_asked_for,
    plans_at_work,
    single_project,
)
from orchestrator.db.records import (
    add_brief,
    add_clips,
    brief_of,
    drop_unused,
    fetch,
    lock_run,
    newest,
    settings_of,
)
from orchestrator.db.session import Database, Session
from orchestrator.director import create_clip_plan, measure_script
from orchestrator.engine import Engine
from orchestrator.errors import BadInput, Conflict, UnknownProvider
from orchestrator.ledger import spent_usd
from orchestrator.renders import add_render, build_plan_timeline
from orchestrator.scene_crafter.own import improve_prompt, spoken_line
from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip, ClipPlan, Scene
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus, can_move
from orchestrator.schema.timeline import Transition
from orchestrator.schema.view import ScriptMeasure

SINGLE_PROJECT = "Single clips"
TEST_LINE = "Hello, this is a test."  # short enough for a clip of two seconds
TEST_PROMPT = f'A friendly presenter in a bright room looks into the camera and says: "{TEST_LINE}"'
SCRIPT_CHARACTERS_MAX = 100_000
_SAMPLE = Path(__file__).resolve().parent.parent / "examples" / "sixty_seconds.txt"


class Service:
    """Every command a user has."""

    def __init__(self, *, database: Database, engine: Engine, choices: Choices) -> None:
        self._database = database
        self._engine = engine
        self._choices = choices

    # --- projects, briefs, scripts, plans ---

    def create_project(self, *, name: str = "", settings: ProjectSettings | None = None, request_key: str = "") -> str:
        """A new project. Unset settings are filled from the configuration. Raises ``UnknownProvider``, ``BadInput``."""
        settings = self._choices.complete(settings or ProjectSettings())
        with self._database.write() as session:
            row = ProjectRow(
                id=new_id(),
                name=tidy_name(name),
                settings=settings.model_dump(mode="json"),
                request_key=request_key or None,
            )
            session.add(row)
            return row.id

    def update_project(
        self, project_id: str, *, name: str | None = None, settings: ProjectSettings | None = None
    ) -> None:
        """Rename or change the settings; plans already made keep theirs, save the budget, which counts at once."""
        complete = self._choices.complete(settings) if settings else None
        with self._database.write() as session:
            row = fetch(session, ProjectRow, project_id)
            row.name = row.name if name is None else tidy_name(name)
            row.settings = complete.model_dump(mode="json") if complete else row.settings

    def save_draft(self, project_id: str, *, brief: ContentBrief, script: str) -> None:
        """Keep what was typed, whatever it is (cut at 100,000 characters)."""
        script = script.replace("\x00", "")[:SCRIPT_CHARACTERS_MAX]
        with self._database.write() as session:
            fetch(session, ProjectRow, project_id, lock=True)
            last_brief = newest(session, BriefRow, project_id)
            last_script = newest(session, ScriptRow, project_id)
            if last_brief is None or brief_of(last_brief) != brief:
                add_brief(session, project_id, brief)
                drop_unused(session, last_brief)
            if last_script is None or last_script.text != script:
                session.add(ScriptRow(project_id=project_id, text=script))
                drop_unused(session, last_script)

    def create_brief(self, project_id: str, brief: ContentBrief) -> str:
        with self._database.write() as session:
            fetch(session, ProjectRow, project_id)
            return add_brief(session, project_id, brief).id

    def measure_script(self, script: str, *, settings: ProjectSettings) -> ScriptMeasure:
        """What the script needs, fast enough for every keystroke. Never raises."""
        try:
            return measure_script(script, constraints=self._choices.constraints(self._choices.complete(settings)))
        except UnknownProvider as error:
            return ScriptMeasure(words=0, seconds=0, clips=0, max_seconds=300, problem=str(error))

    def draft_plan(self, script: str, *, brief: ContentBrief, settings: ProjectSettings) -> ClipPlan:
        """The plan of a script without keeping anything."""
        return create_clip_plan(
            script, brief=brief, constraints=self._choices.constraints(self._choices.complete(settings))
        )

    def create_plan(self, project_id: str, *, script: str, brief: ContentBrief) -> str:
        """Plan the script into clips. Raises ``EmptyScript``, ``ScriptTooLong`` and other ``BadInput``."""
        with self._database.read() as session:
            settings = ProjectSettings.model_validate(fetch(session, ProjectRow, project_id).settings)
        plan = self.draft_plan(script, brief=brief, settings=settings)
        self.save_draft(project_id, brief=brief, script=script)
        with self._database.write() as session:
            brief_row, script_row = newest(session, BriefRow, project_id), newest(session, ScriptRow, project_id)
            assert brief_row is not None and script_row is not None, "save_draft has just written them"
            return self._add_plan(session, project_id, plan, settings, brief_id=brief_row.id, script_id=script_row.id)

    def _add_plan(
        self,
        session: Session,
        project_id: str,
        plan: ClipPlan,
        settings: ProjectSettings,
        *,
        brief_id: str,
        script_id: str,
    ) -> str:
        row = PlanRow(
            id=new_id(),
            project_id=project_id,
            content_brief_id=brief_id,
            script_id=script_id,
            status=PlanStatus.PLANNED,
            settings=settings.model_dump(mode="json"),
            plan=plan.model_dump(mode="json"),
            words_per_minute=plan.words_per_minute,
            max_attempts=settings.retry_policy.max_attempts,
            total_seconds=plan.total_seconds,
            spoken_words=plan.spoken_words,
        )
        session.add(row)
        session.flush()
        add_clips(session, row.id, plan)
        return row.id

    # --- running a plan ---

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

    # --- people's decisions ---

    def approve_take(self, run_id: str, *, reason: str, by: str = "local") -> None:
        """Accept this take for its clip, whatever the assessment says. The reason stays on record."""
        with self._database.write() as session:
            run = lock_run(session, run_id)
            decisions.approve(session, run, reason=reason, by=by)
            plan_id = run.clip.clip_plan_id
            is_last = all(c.status == ClipStatus.PASSED for c in run.clip.plan.clips)
            was_incomplete = run.clip.plan.status == PlanStatus.INCOMPLETE
        if is_last and was_incomplete:
            self.start_plan(plan_id)

    def reject_take(self, run_id: str, *, reason: str, by: str = "local") -> None:
        """Refuse this take; its clip is failed until it is retried or another take is approved."""
        with self._database.write() as session:
            decisions.reject(session, lock_run(session, run_id), reason=reason, by=by)

    def override_check(
        self, run_id: str, *, check: CheckName, status: CheckStatus, reason: str, by: str = "local"
    ) -> None:
        """Correct one check of a take. The verdict on screen follows; what was measured stays on record."""
        with self._database.write() as session:
            run = lock_run(session, run_id)
            decisions.override(session, run, check=check, status=status, reason=reason, by=by)

    def adopt_generation(self, run_id: str, *, generation_id: str, by: str = "local") -> None:
        """A person found out what became of a request whose answer was lost: it is this generation of the provider.
        It is fetched and assessed; nothing is paid again. Raises ``Conflict`` where no answer was lost."""
        with self._database.read() as session:
            plan_id = fetch(session, RunRow, run_id).clip.clip_plan_id
        self._wake(
            plan_id,
            lambda session, _plan: decisions.adopt(
                session, lock_run(session, run_id), generation_id=generation_id, by=by
            ),
            is_start=False,
        )

    def assess_clip(self, clip_id: str) -> str:
        """Assess the newest take of a clip again; its run id. The work is done by the engine."""
        with self._database.read() as session:
            clip = fetch(session, ClipRow, clip_id)
            run = next((r for r in reversed(clip.runs) if r.asset_id), None)
            if run is None:
                raise Conflict("This clip has no take to assess yet.")
            count = len(run.assessments)
        self._engine.enqueue("assess", "assess", f"assess:{run.id}:{count}", run.id, count)
        return run.id

    # --- single clips ---

    def generate_single(
        self,
        *,
        prompt: str,
        provider: str = "",
        model: str = "",
        seconds: int = 0,
        size: str = "",
        line: str = "",
        seed: int | None = None,
        remix_of: str = "",
        retry_policy: RetryPolicy | None = None,
        request_key: str = "",
    ) -> str:
        """One clip from a person's own prompt; its clip id. The same ``request_key`` twice is one clip, paid once.

        Raises ``BadInput`` where the profile does not allow it.
        """
        prompt = prompt.replace("\x00", "").strip()
        settings = self._choices.complete(ProjectSettings(provider=provider, model=model, size=size, seed=seed or 0))
        settings = settings.model_copy(update={"retry_policy": retry_policy or settings.retry_policy})
        seconds = self._choices.single_seconds(settings, prompt=prompt, seconds=seconds)
        line = " ".join(line.replace("\x00", "").split()) or spoken_line(prompt)
        clip = Clip(position=1, text=line, seconds=seconds, words=len(line.split()), visual_intent=prompt)
        plan = ClipPlan(
            words_per_minute=settings.words_per_minute,
            scenes=(Scene(position=1, title=SINGLE_PROJECT, clips=(clip,)),),
            total_seconds=seconds,
            spoken_words=clip.words,
        )
        with self._database.write() as session:
            if request_key and (made := plan_asked_for(session, request_key)):
                return only_clip(session, made.id).id
            project_id = self._single_project(session, settings)
            brief = add_brief(session, project_id, ContentBrief())
            script = ScriptRow(id=new_id(), project_id=project_id, text=line)
            session.add(script)
            session.flush()
            plan_id = self._add_plan(session, project_id, plan, settings, brief_id=brief.id, script_id=script.id)
            row = only_clip(session, plan_id)
            row.plan.request_key = request_key or None
            row.prompt, row.remix_of = prompt, remix_of
            clip_id = row.id
        self.start_plan(plan_id)
        return clip_id

    def remix_take(self, run_id: str, *, prompt: str, request_key: str = "") -> str:
        """A new single clip derived from a take; its clip id. Raises ``Conflict`` where its provider cannot remix."""
        with self._database.read() as session:
            run = fetch(session, RunRow, run_id)
            if not run.generation_id:
                raise Conflict("This take was never generated, so it cannot be remixed.")
            request, provider, model, source = run.request, run.provider, run.model, run.generation_id
            line = run.clip.text
        if not self._choices.profile(provider).supports_remix:
            raise Conflict("The provider of this take cannot remix. Generate it again with a changed prompt instead.")
        return self.generate_single(
            prompt=prompt,
            provider=provider,
            model=model,
            seconds=int(request["seconds"]),
            size=str(request["size"]),
            line=line,
            remix_of=source,
            request_key=request_key,
        )

    def test_provider(self, name: str, *, request_key: str = "") -> str:
        """Make the shortest clip a provider sells, once and there only, and go through all a take goes through."""
        profile = self._choices.profile(name)
        return self.generate_single(
            prompt=TEST_PROMPT,
            line=TEST_LINE,
            provider=name,
            seconds=profile.durations_seconds[0],
            retry_policy=RetryPolicy(max_attempts=1, has_fallbacks=False),
            request_key=request_key,
        )

    def optimize_prompt(self, prompt: str, *, provider: str = "") -> str:
        """The prompt with what it lacks (camera, light, motion, sound) added by rule; its own words stay."""
        return improve_prompt(prompt.replace("\x00", ""), profile=self._choices.profile(provider))

    def sample_script(self) -> str:
        return _SAMPLE.read_text(encoding="utf-8")

    # --- films from the command line ---

    def open_film(
        self, *, script: str, brief: ContentBrief, settings: ProjectSettings, name: str, is_new: bool
    ) -> tuple[str, str]:
        """(plan id, ``new`` | ``resumed`` | ``finished``): the film these words asked for before, unless ``is_new``.

        A film that was interrupted or has failed clips goes on; one that is finished is not paid for again.
        """
        complete = self._choices.complete(settings)
        key = film_key(script, brief, complete)
        with self._database.read() as session:
            project = film_asked_for(session, key)
            plan = newest(session, PlanRow, project.id) if project else None
        if project and plan and not is_new:
            was_cut_with = settings_of(plan).transition
            self.update_project(project.id, settings=complete)
            with self._database.write() as session:
                row = fetch(session, PlanRow, plan.id, lock=True)
                row.settings = {**row.settings, **complete.model_dump(mode="json", include=CHANGEABLE)}
                row.max_attempts = complete.retry_policy.max_attempts
            if plan.status == PlanStatus.COMPLETED and was_cut_with == complete.transition:
                return plan.id, "finished"
            if plan.status != PlanStatus.PLANNED and not complete.skip_failed:
                self.retry_failed(plan.id)
            self.start_plan(plan.id)
            return plan.id, "resumed"
        self.draft_plan(script, brief=brief, settings=complete)  # bad input leaves no project
        project_id = self.create_project(name=name, settings=complete, request_key=key)
        plan_id = self.create_plan(project_id, script=script, brief=brief)
        self.start_plan(plan_id)
        return plan_id, "new"

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

    def _single_project(self, session: Session, settings: ProjectSettings) -> str:
        row = single_project(session) or ProjectRow(id=new_id(), name=SINGLE_PROJECT, kind="single")
        row.settings = settings.model_dump(mode="json")  # today's budget counts, not the first one
        session.add(row)
        session.flush()
        return row.id
