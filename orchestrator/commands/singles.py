"""Single clips, each a plan of its own in one project."""

from __future__ import annotations

import hashlib

from orchestrator import decisions
from orchestrator.commands.gathering import GatheringCommands
from orchestrator.commands.planning import keep_policy
from orchestrator.commands.running import RunningCommands
from orchestrator.costs import standing_budget
from orchestrator.db.models import (
    AssetRow,
    ClipRow,
    PlanRow,
    PreferenceRow,
    ProjectRow,
    RunRow,
    ScriptRow,
    new_id,
    utc_now,
)
from orchestrator.db.queries import (
    only_clip,
    plan_asked_for,
    single_project,
)
from orchestrator.db.records import (
    add_brief,
    fetch,
    settings_of,
)
from orchestrator.db.session import Session
from orchestrator.db.singles import newest_single_plan, preferences_among
from orchestrator.errors import BadInput, Conflict
from orchestrator.rights import admins, anybody, needs
from orchestrator.scene_crafter.own import improve_prompt, spoken_line
from orchestrator.schema.asset import AssetKind
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip, ClipPlan, Scene
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.member import Role
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.single import VARIATIONS_MAX
from orchestrator.schema.status import ClipStatus, PlanStatus

SINGLE_PROJECT = "Single clips"
TEST_LINE = "Hello, this is a test."  # short enough for a clip of two seconds
TEST_PROMPT = f'A friendly presenter in a bright room looks into the camera and says: "{TEST_LINE}"'
# How far the seeds of variations lie apart: within one clip they are counted on by attempt.
_SEED_STEP = 1_000_003
_SEED_END = 2**31


class SingleCommands(GatheringCommands, RunningCommands):
    """The same request key twice is one clip, paid once."""

    @anybody
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
        reference: str = "",
        variations: int = 1,
        remix_of: str = "",
        retry_policy: RetryPolicy | None = None,
        request_key: str = "",
    ) -> str:
        """One clip from a person's own prompt, or as many ``variations`` of it; the id of the first clip. The same
        ``request_key`` twice is the same clips, paid once. ``reference`` is the picture they start from.

        Raises ``BadInput`` where the profile does not allow it, ``NotFound`` for a picture that is not there.
        """
        if not 1 <= variations <= VARIATIONS_MAX:
            raise BadInput(f"Between 1 and {VARIATIONS_MAX} takes can be asked for at once.")
        prompt = prompt.replace("\x00", "").strip()
        settings = self._complete_single(
            ProjectSettings(provider=provider, model=model, size=size, seed=seed or 0), has_reference=bool(reference)
        )
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
        request_key = self._own_key(request_key)
        with self._database.write() as session:
            if request_key and (made := plan_asked_for(session, request_key)):
                return only_clip(session, made.id).id
            if reference and fetch(session, AssetRow, reference).kind != AssetKind.REFERENCE:
                raise BadInput("That file is no reference picture.")
            project_id = self._single_project(session, settings)
            brief = add_brief(session, project_id, ContentBrief())
            script = ScriptRow(id=new_id(), project_id=project_id, text=line)
            session.add(script)
            session.flush()
            wish_id, rows = new_id(), list[ClipRow]()
            for number in range(variations):
                own = settings.model_copy(update={"seed": (settings.seed + number * _SEED_STEP) % _SEED_END})
                plan_id = self._add_plan(session, project_id, plan, own, brief_id=brief.id, script_id=script.id)
                row = only_clip(session, plan_id)
                row.plan.request_key = f"{request_key}{f':{number}' * bool(number)}" if request_key else None
                row.prompt, row.remix_of, row.reference_asset_id = prompt, remix_of, reference
                row.variation_of = wish_id if variations > 1 else ""
                decisions.go_on(row.plan)  # at once: a process that ends here is followed by one that takes it up
                rows.append(row)
            started = [(row.clip_plan_id, row.plan.flow_generation) for row in rows]
        for plan_id, generation in started:
            self._enqueue_plan(plan_id, generation)
        return rows[0].id

    @needs(Role.CREATOR)
    def remix_take(self, run_id: str, *, prompt: str, request_key: str = "") -> str:
        """A new single clip derived from a take; its clip id. Raises ``Conflict`` where its provider cannot remix."""
        with self._database.read() as session:
            run = fetch(session, RunRow, run_id)
            if not run.generation_id:
                raise Conflict("This take was never generated, so it cannot be remixed.")
            request, provider, model, source = run.request, run.provider, run.model, run.generation_id
            line = run.clip.text
        if not self._choices.profile(provider, model).supports_remix:
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

    @admins
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

    @anybody
    def optimize_prompt(self, prompt: str, *, provider: str = "", model: str = "") -> str:
        """The prompt with what it lacks (camera, light, motion, sound) added by rule; its own words stay."""
        return improve_prompt(prompt.replace("\x00", ""), profile=self._choices.profile(provider, model))

    @needs(Role.CREATOR)
    def delete_single(self, clip_id: str) -> None:
        """Take a single clip out of sight, with its takes. What its provider has begun is finished, for it is paid;
        nothing new is asked for. ``restore_single`` brings it back."""
        with self._database.write() as session:
            clip = self._lock_single(session, clip_id)
            if clip.removed_at is None:
                clip.removed_at = utc_now()
                if clip.plan.status == PlanStatus.RUNNING:
                    clip.plan.status, clip.plan.reason, clip.plan.pause_cause = PlanStatus.PAUSED, "", ""

    @needs(Role.CREATOR)
    def restore_single(self, clip_id: str) -> None:
        """Bring a deleted single clip back. One that was being made goes on; one that waited for money waits for it."""
        with self._database.write() as session:
            clip = self._lock_single(session, clip_id)
            is_back, clip.removed_at = clip.removed_at is not None, None
            is_stopped = clip.plan.status == PlanStatus.PAUSED and not clip.plan.pause_cause
            is_to_go_on = is_back and is_stopped and not ClipStatus(clip.status).is_settled
            plan_id = clip.clip_plan_id
        if is_to_go_on:
            self.start_plan(plan_id)

    @needs(Role.REVIEWER)
    def prefer(self, chosen_run_id: str, other_run_id: str, *, is_blind: bool, by: str = "") -> None:
        """Keep on record which of two takes a person liked better. Said again about the same two it replaces nothing
        and counts once; said the other way round the newer word counts. Raises ``Conflict`` for takes that cannot be
        compared: of different wishes, the same one twice, or without a video."""
        with self._database.write() as session:
            chosen, other = fetch(session, RunRow, chosen_run_id), fetch(session, RunRow, other_run_id)
            if chosen.id == other.id or _wish_of(chosen.clip) != _wish_of(other.clip):
                raise Conflict("Only two different takes of the same wish can be compared.")
            if not (chosen.asset_id and other.asset_id):
                raise Conflict("One of these takes has no video yet, so they cannot be compared.")
            said = preferences_among(session, (chosen.id, other.id))
            if said and said[-1].chosen_run_id == chosen.id:
                return
            session.add(
                PreferenceRow(chosen_run_id=chosen.id, other_run_id=other.id, is_blind=is_blind, made_by=self._name(by))
            )

    # --- what the commands share ---

    def _complete_single(self, settings: ProjectSettings, *, has_reference: bool) -> ProjectSettings:
        """``settings`` with every gap filled, for a clip that starts from a picture if ``has_reference``."""
        profile = self._choices.profile(settings.provider, settings.model)
        if has_reference and not profile.supports_reference:
            model = settings.model or profile.models[0]
            raise BadInput(f"{profile.title}'s {model} takes no reference picture.")
        return self._choices.complete(settings, has_reference=has_reference)

    def _single_project(self, session: Session, settings: ProjectSettings) -> str:
        row = single_project(session, self._owner_id)
        if row is None:
            return add_single_project(session, settings, owner_id=self._owner_id)
        last, now = newest_single_plan(session, row.id), ProjectSettings.model_validate(row.settings).budget_usd
        then = settings_of(last).budget_usd if last else now
        budget = standing_budget(settings.budget_usd, then_usd=then, now_usd=now)
        row.settings = keep_policy(row, settings.model_copy(update={"budget_usd": budget}))
        session.flush()
        return row.id

    def _own_key(self, request_key: str) -> str:
        """The same key of two people is two requests."""
        if not (request_key and self._user):
            return request_key
        return hashlib.sha256(f"{self._user.id}:{request_key}".encode()).hexdigest()

    def _lock_single(self, session: Session, clip_id: str) -> ClipRow:
        clip = fetch(session, ClipRow, clip_id)
        fetch(session, PlanRow, clip.clip_plan_id, lock=True)
        if clip.plan.project.kind != "single":
            raise Conflict("This clip is part of a film. Remove it from the storyboard instead.")
        return fetch(session, ClipRow, clip_id, lock=True)


def add_single_project(session: Session, settings: ProjectSettings, *, owner_id: str) -> str:
    """What is to hold somebody's single clips; its id."""
    row = ProjectRow(
        id=new_id(),
        owner_id=owner_id,
        name=SINGLE_PROJECT,
        kind="single",
        settings=settings.model_dump(mode="json"),
    )
    session.add(row)
    session.flush()
    return row.id


def _wish_of(clip: ClipRow) -> str:
    return clip.variation_of or clip.id
