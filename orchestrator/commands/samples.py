"""The sample film."""

from __future__ import annotations

from orchestrator.commands.planning import PlanningCommands
from orchestrator.commands.running import RunningCommands
from orchestrator.db.models import PlanRow, ProjectRow, ScriptRow, new_id
from orchestrator.db.queries import film_asked_for
from orchestrator.db.records import add_brief, newest
from orchestrator.db.samples import hold_sample_lock
from orchestrator.db.session import Session
from orchestrator.director import create_clip_plan
from orchestrator.rights import anybody
from orchestrator.samples import SAMPLE_KEY, read_sample, sample_settings
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import PlanStatus


class SampleCommands(PlanningCommands, RunningCommands):
    """The sample film."""

    @anybody
    def make_sample_film(self) -> str:
        """Begin the sample film, which costs nothing; its project's id. As long as there is one it is that one, as it
        stands. Raises ``NotConfigured`` where no provider makes clips on this machine."""
        settings = self._choices.complete(sample_settings(self._choices.local_profile()))
        with self._database.write() as session:
            hold_sample_lock(session)
            project = film_asked_for(session, SAMPLE_KEY, owner_id=self._owner_id)
            project_id = project.id if project else self._add_sample(session, settings)
            plan = newest(session, PlanRow, project_id)
            new_plan_id = plan.id if plan and plan.status == PlanStatus.PLANNED else ""
        if new_plan_id:
            self.start_plan(new_plan_id)
        return project_id

    def _add_sample(self, session: Session, settings: ProjectSettings) -> str:
        script, brief = read_sample()
        constraints = self._choices.constraints(settings)
        shortest = {"durations_seconds": constraints.durations_seconds[:1]}
        plan = create_clip_plan(script, brief=brief, constraints=constraints.model_copy(update=shortest))
        project = ProjectRow(
            id=new_id(),
            owner_id=self._owner_id,
            name=brief.title,
            settings=settings.model_dump(mode="json"),
            request_key=SAMPLE_KEY,
        )
        session.add(project)
        session.flush()
        brief_id = add_brief(session, project.id, brief).id
        script_row = ScriptRow(id=new_id(), project_id=project.id, text=script)
        session.add(script_row)
        session.flush()
        self._add_plan(session, project.id, plan, settings, brief_id=brief_id, script_id=script_row.id)
        return project.id
