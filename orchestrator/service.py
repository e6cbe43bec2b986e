"""The one door: every command of pages, REST and command line.

Commands are synchronous and quick: they check, write rows, and wake the engine. Each may be repeated without harm
where that makes sense (start, pause, resume, approve). Reads are in ``views``.
"""

from __future__ import annotations

from orchestrator.choices import CHANGEABLE, film_key
from orchestrator.commands.animatics import AnimaticCommands
from orchestrator.commands.members import MemberCommands
from orchestrator.commands.pictures import PictureCommands
from orchestrator.commands.projects import ProjectCommands
from orchestrator.commands.retiming import RetimeCommands
from orchestrator.commands.reviewing import ReviewCommands
from orchestrator.commands.samples import SampleCommands
from orchestrator.commands.singles import SingleCommands
from orchestrator.commands.undoing import UndoCommands
from orchestrator.commands.workspace import WorkspaceCommands
from orchestrator.db.models import (
    PlanRow,
)
from orchestrator.db.queries import (
    film_asked_for,
)
from orchestrator.db.records import (
    fetch,
    newest,
    settings_of,
)
from orchestrator.rights import anybody
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import OnFailed, ProjectSettings
from orchestrator.schema.status import PlanStatus


class Service(
    SampleCommands,
    SingleCommands,
    ReviewCommands,
    UndoCommands,
    RetimeCommands,
    ProjectCommands,
    PictureCommands,
    AnimaticCommands,
    WorkspaceCommands,
    MemberCommands,
):
    """Every command a user has."""

    @anybody
    def open_film(
        self, *, script: str, brief: ContentBrief, settings: ProjectSettings, name: str, is_new: bool
    ) -> tuple[str, str]:
        """(plan id, ``new`` | ``resumed`` | ``finished``): the film these words asked for before, unless ``is_new``.

        A film that was interrupted or has failed clips goes on; one that is finished is not paid for again.
        """
        complete = self._choices.complete(settings)
        key = film_key(script, brief, complete)
        with self._database.read() as session:
            project = film_asked_for(session, key, owner_id=self._owner_id)
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
            if plan.status != PlanStatus.PLANNED and complete.on_failed is not OnFailed.SKIP:
                self.retry_failed(plan.id)
            self.start_plan(plan.id)
            return plan.id, "resumed"
        self.draft_plan(script, brief=brief, settings=complete)  # bad input leaves no project
        project_id = self.create_project(name=name, settings=complete, request_key=key)
        plan_id = self.create_plan(project_id, script=script, brief=brief)
        self.start_plan(plan_id)
        return plan_id, "new"
