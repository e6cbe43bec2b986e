"""Single clips, each a plan of its own in one project."""

from __future__ import annotations

from orchestrator.commands.planning import PlanningCommands, keep_policy
from orchestrator.commands.running import RunningCommands
from orchestrator.db.models import (
    ProjectRow,
    RunRow,
    ScriptRow,
    new_id,
)
from orchestrator.db.queries import (
    only_clip,
    plan_asked_for,
    single_project,
)
from orchestrator.db.records import (
    add_brief,
    fetch,
)
from orchestrator.db.session import Session
from orchestrator.errors import Conflict
from orchestrator.scene_crafter.own import improve_prompt, spoken_line
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip, ClipPlan, Scene
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import ProjectSettings

SINGLE_PROJECT = "Single clips"
TEST_LINE = "Hello, this is a test."  # short enough for a clip of two seconds
TEST_PROMPT = f'A friendly presenter in a bright room looks into the camera and says: "{TEST_LINE}"'


class SingleCommands(PlanningCommands, RunningCommands):
    """The same request key twice is one clip, paid once."""

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

    def _single_project(self, session: Session, settings: ProjectSettings) -> str:
        row = single_project(session) or ProjectRow(id=new_id(), name=SINGLE_PROJECT, kind="single")
        row.settings = keep_policy(row, settings)  # today's budget counts, not the first one
        session.add(row)
        session.flush()
        return row.id
