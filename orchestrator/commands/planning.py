"""Projects, briefs, scripts and the plans made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.choices import tidy_name
from orchestrator.commands.drafting import (
    draft_of,
    settings_from,
    settings_values,
    write_draft,
)
from orchestrator.commands.journalling import (
    JournalCommands,
    Seen,
    check_plan,
    check_project,
    check_version,
    combined,
    keep_typed,
)
from orchestrator.db.edits import count_change
from orchestrator.db.models import (
    BriefRow,
    PlanRow,
    ProjectRow,
    ScriptRow,
    new_id,
)
from orchestrator.db.pictures import check_pictures
from orchestrator.db.records import (
    add_brief,
    add_clips,
    brief_of,
    clip_of,
    fetch,
    newest,
    settings_of,
)
from orchestrator.db.session import Session
from orchestrator.director import create_clip_plan, measure_script
from orchestrator.errors import UnknownProvider
from orchestrator.journal import EditKind, draft_values, values_of_settings
from orchestrator.rights import anybody, needs
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import ClipPlan
from orchestrator.schema.member import Role
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import ScriptMeasure

SCRIPT_CHARACTERS_MAX = 100_000
_SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sixty_seconds.txt"


class PlanningCommands(JournalCommands):
    """Nothing here starts any work."""

    @anybody
    def create_project(self, *, name: str = "", settings: ProjectSettings | None = None, request_key: str = "") -> str:
        """A new project. Unset settings are filled from the configuration. Raises ``UnknownProvider``, ``BadInput``."""
        settings = self._choices.complete(settings or ProjectSettings())
        with self._database.write() as session:
            row = ProjectRow(
                id=new_id(),
                owner_id=self._owner_id,
                name=tidy_name(name),
                settings=settings.model_dump(mode="json"),
                request_key=request_key or None,
            )
            session.add(row)
            return row.id

    @needs(Role.CREATOR)
    def update_project(
        self,
        project_id: str,
        *,
        name: str | None = None,
        settings: ProjectSettings | None = None,
        by: str = "",
        seen: Seen = None,
        is_apart: bool = False,
    ) -> None:
        """Rename or change the settings; plans already made keep theirs, save the budget, which counts at once. How
        strictly takes are judged stays as it is: ``set_policy`` changes that. Only what differs from ``seen`` is
        written. ``is_apart``: as an edit of its own, though it follows another at once. Raises ``ChangedMeanwhile``."""
        complete = self._choices.complete(settings) if settings else None
        with self._database.write() as session:
            row = fetch(session, ProjectRow, project_id, lock=True)
            check_version(session, project_id, row.version, seen=seen)
            before = settings_values(row)
            wanted = {} if name is None else {"name": tidy_name(name)}
            wanted |= values_of_settings(complete) if complete else {}
            values = combined(session, project_id, wanted, seen=seen, present=before)
            row.name = values.pop("name", row.name)
            row.settings = keep_policy(row, settings_from(values)) if complete else row.settings
            after, by = settings_values(row), self._name(by)
            keep_typed(session, row.id, EditKind.SETTINGS, before, after, by=by, is_apart=is_apart)

    @needs(Role.CREATOR)
    def save_draft(
        self,
        project_id: str,
        *,
        brief: ContentBrief,
        script: str,
        by: str = "",
        seen: Seen = None,
        is_apart: bool = False,
    ) -> None:
        """Keep what was typed, whatever it is (cut at 100,000 characters). Only what differs from ``seen`` is written.
        ``is_apart``: as an edit of its own, though it follows another at once. Raises ``ChangedMeanwhile``."""
        with self._database.write() as session:
            self._keep_draft(session, project_id, brief, script, by=by, seen=seen, is_apart=is_apart)

    def _keep_draft(
        self,
        session: Session,
        project_id: str,
        brief: ContentBrief,
        script: str,
        *,
        by: str = "",
        seen: Seen,
        is_apart: bool = False,
    ) -> None:
        if plan := newest(session, PlanRow, project_id):  # locks in one order everywhere: plan, then project
            fetch(session, PlanRow, plan.id, lock=True)
        row = fetch(session, ProjectRow, project_id, lock=True)
        check_version(session, project_id, row.version, seen=seen)
        before = draft_of(session, project_id)
        script = script.replace("\x00", "")[:SCRIPT_CHARACTERS_MAX]
        after = combined(session, project_id, draft_values(brief, script), seen=seen, present=before)
        write_draft(session, project_id, after)
        keep_typed(session, project_id, EditKind.DRAFT, before, after, by=self._name(by), is_apart=is_apart)

    @needs(Role.CREATOR)
    def create_brief(self, project_id: str, brief: ContentBrief, *, seen: Seen = None) -> str:
        """Give a project another brief; its id. Raises ``ChangedMeanwhile`` when another ``version`` was ``seen``."""
        with self._database.write() as session:
            fetch(session, ProjectRow, project_id)
            check_project(session, project_id, seen=seen)
            check_pictures(session, brief)
            count_change(session, project_id)
            return add_brief(session, project_id, brief).id

    @anybody
    def measure_script(self, script: str, *, settings: ProjectSettings) -> ScriptMeasure:
        """What the script needs, fast enough for every keystroke. Never raises."""
        try:
            return measure_script(script, constraints=self._choices.constraints(self._choices.complete(settings)))
        except UnknownProvider as error:
            return ScriptMeasure(words=0, seconds=0, clips=0, max_seconds=300, problem=str(error))

    @anybody
    def draft_plan(self, script: str, *, brief: ContentBrief, settings: ProjectSettings) -> ClipPlan:
        """The plan of a script without keeping anything."""
        return create_clip_plan(
            script, brief=brief, constraints=self._choices.constraints(self._choices.complete(settings))
        )

    @needs(Role.CREATOR)
    def create_plan(self, project_id: str, *, script: str, brief: ContentBrief, seen: Seen = None) -> str:
        """Plan the script into clips; the plan there is already, if that is the same and was not started or changed.
        Raises ``EmptyScript``, ``ScriptTooLong`` and other ``BadInput``, ``ChangedMeanwhile`` when script, brief or
        what is named of the plan there is were something else than ``seen``: then nothing is kept."""
        with self._database.read() as session:
            settings = ProjectSettings.model_validate(fetch(session, ProjectRow, project_id).settings)
        plan = self.draft_plan(script, brief=brief, settings=settings)
        with self._database.write() as session:
            self._keep_draft(session, project_id, brief, script, seen=seen)
            last = newest(session, PlanRow, project_id)
            if last is not None and _is_untouched(last, plan, settings) and brief_of(last.brief) == brief:
                return last.id
            check_plan(session, project_id, last, seen=seen)
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
        count_change(session, project_id)
        return row.id

    @anybody
    def sample_script(self) -> str:
        return _SAMPLE.read_text(encoding="utf-8")


def keep_policy(row: ProjectRow, settings: ProjectSettings) -> dict[str, Any]:
    """``settings`` as the project keeps them, with the policy it has."""
    return {**settings.model_dump(mode="json"), "assessment": (row.settings or {}).get("assessment")}


def _is_untouched(row: PlanRow, plan: ClipPlan, settings: ProjectSettings) -> bool:
    """Whether ``row`` is this plan as it was made: its clips in their order, none begun or changed."""
    clips = sorted(row.clips, key=lambda c: c.order_key)
    is_same = row.status == PlanStatus.PLANNED and settings_of(row) == settings
    return is_same and row.words_per_minute == plan.words_per_minute and tuple(map(clip_of, clips)) == plan.clips
