"""Dangerous work ends when it is told to, whatever the database does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from orchestrator.db.models import BriefRow, PlanRow, ProjectRow, RenderRow, ScriptRow, StyleBibleRow, new_id
from orchestrator.db.session import Database, Session, open_database
from orchestrator.engine import run_patiently
from orchestrator.errors import DatabaseAway
from orchestrator.steps.perils import Perils
from tests.conftest import make_settings


class Fickle(Database):
    """Can be away for writers."""

    is_away = False

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self.is_away:
            raise DatabaseAway
        with super().write() as session:
            yield session


async def test_cancelled_work_ends_at_once_when_the_database_is_away(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with closing(Fickle(open_database("", data_dir=settings.data_dir).engine)) as database:
        render_id = _a_render(database)
        perils, begun, times = Perils(database), asyncio.Event(), 0

        async def step() -> None:
            nonlocal times
            async with perils.watch(RenderRow, render_id, doing="this film was being made"):
                times += 1
                begun.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(run_patiently(step))
        await begun.wait()
        database.is_away = True
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await task
        assert times == 1


def _a_render(database: Database) -> str:
    ids = {name: new_id() for name in ("project", "style", "brief", "script", "plan", "render")}
    with database.write() as session:
        project = {"project_id": ids["project"]}
        for row in (
            ProjectRow(id=ids["project"], name="A film", settings={}),
            StyleBibleRow(id=ids["style"], name="", body={}, **project),
            BriefRow(id=ids["brief"], style_bible_id=ids["style"], **project),
            ScriptRow(id=ids["script"], text="", **project),
            PlanRow(
                id=ids["plan"], content_brief_id=ids["brief"], script_id=ids["script"], status="running", settings={},
                plan={}, words_per_minute=150, max_attempts=3, total_seconds=4, spoken_words=1, **project,
            ),
            RenderRow(id=ids["render"], clip_plan_id=ids["plan"], status="queued", timeline={}, transition="cut"),
        ):  # fmt: skip
            session.add(row)
            session.flush()
    return ids["render"]
