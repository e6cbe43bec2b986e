"""The draft of a project (brief and script) and its settings, as values that the journal can keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.db.canon import follow_canon
from orchestrator.db.models import BriefRow, PlanRow, ProjectRow, ScriptRow
from orchestrator.db.pictures import check_pictures
from orchestrator.db.records import add_brief, brief_of, drop_unused, newest
from orchestrator.db.session import Session
from orchestrator.journal import draft_values, values_of_settings
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings


def draft_of(session: Session, project_id: str) -> dict[str, Any]:
    """What was written last, by name: see ``journal``."""
    brief, script = newest(session, BriefRow, project_id), newest(session, ScriptRow, project_id)
    return draft_values(brief_of(brief) if brief else ContentBrief(), script.text if script else "")


def write_draft(session: Session, project_id: str, values: Mapping[str, Any]) -> None:
    """Keep a whole draft; what is as before stays the same row. The newest plan, of which the caller holds the lock,
    takes over style and characters. Raises ``NotFound`` for pictures that are not kept."""
    fields = {name.removeprefix("brief/"): value for name, value in values.items() if name.startswith("brief/")}
    brief, text = ContentBrief.model_validate(fields), values["script"]
    last_brief, last_script = newest(session, BriefRow, project_id), newest(session, ScriptRow, project_id)
    if last_brief is None or brief_of(last_brief) != brief:
        check_pictures(session, brief)
        add_brief(session, project_id, brief)
        drop_unused(session, last_brief)
        if plan := newest(session, PlanRow, project_id):
            follow_canon(session, plan, brief)
    if last_script is None or last_script.text != text:
        session.add(ScriptRow(project_id=project_id, text=text))
        drop_unused(session, last_script)


def settings_values(project: ProjectRow) -> dict[str, Any]:
    """Name and settings of a project, by name: see ``journal``. How takes are judged is not among them."""
    return {"name": project.name, **values_of_settings(ProjectSettings.model_validate(project.settings))}


def settings_from(values: Mapping[str, Any]) -> ProjectSettings:
    """The settings that go by these names."""
    return ProjectSettings.model_validate({name.removeprefix("settings/"): value for name, value in values.items()})


def write_settings(project: ProjectRow, values: Mapping[str, Any]) -> None:
    """Write some of those values."""
    project.name = values.get("name", project.name)
    changed = {name.removeprefix("settings/"): value for name, value in values.items() if name.startswith("settings/")}
    project.settings = {**project.settings, **changed}
