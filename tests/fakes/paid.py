"""Clips about to be paid for, without the flows that lead there; and a database whose connection gets lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestrator.calls import PaidCall
from orchestrator.db.models import ClipRow, PlanRow, ProjectRow, RunRow, SceneRow, ScriptRow, new_id
from orchestrator.db.records import add_brief
from orchestrator.db.session import Database, Session
from orchestrator.errors import DatabaseAway
from orchestrator.schema.brief import ContentBrief
from providers.base import CreateClipInput


def add_calls(database: Database, *, clips: int = 1, budget_usd: float | None = None) -> list[PaidCall]:
    """A running plan in a project of its own; for each of its clips a take that is crafted and not asked for."""
    project_id, plan_id, scene_id, script_id = (new_id() for _ in range(4))
    run_ids = [new_id() for _ in range(clips)]
    with database.write() as session:
        session.add(ProjectRow(id=project_id, name="Test", settings={"budget_usd": budget_usd}))
        session.flush()
        brief = add_brief(session, project_id, ContentBrief())
        session.add(ScriptRow(id=script_id, project_id=project_id, text="Hello."))
        session.flush()
        session.add(
            PlanRow(
                id=plan_id, project_id=project_id, content_brief_id=brief.id, script_id=script_id, status="running",
                settings={}, plan={}, words_per_minute=150, max_attempts=3, total_seconds=4, spoken_words=1,
            )
        )  # fmt: skip
        session.flush()
        session.add(SceneRow(id=scene_id, clip_plan_id=plan_id, position=1, title="One"))
        session.flush()
        for position, run_id in enumerate(run_ids, start=1):
            clip = ClipRow(
                id=new_id(), clip_plan_id=plan_id, scene_id=scene_id, position=position, order_key=position,
                text="Hello.", words=1, seconds=4, visual_intent="A hill", acceptance=[], status="generating",
            )  # fmt: skip
            session.add(clip)
            session.flush()
            run = RunRow(
                id=run_id, clip_id=clip.id, attempt=1, status="crafted", provider="billing", model="one", request={}
            )
            session.add(run)
    return [call_for(project_id, run_id, plan_id=plan_id) for run_id in run_ids]


def add_run(database: Database, *, budget_usd: float | None = None) -> tuple[str, str]:
    """(project id, run id) of a clip about to be paid for."""
    (call,) = add_calls(database, budget_usd=budget_usd)
    return call.project_id, call.run_id


def call_for(project_id: str, run_id: str, *, plan_id: str = "", prompt: str = "A hill") -> PaidCall:
    return PaidCall(
        run_id=run_id,
        plan_id=plan_id or run_id,
        project_id=project_id,
        provider="billing",
        endpoint="",
        request=CreateClipInput(key=run_id, prompt=prompt, model="one", seconds=4, size="320x180"),
        cost_usd=0.4,
    )


class Interrupted(Database):
    """``database`` with something in the way of the transactions to come: ``plan`` says one by one what happens to
    those that write. ``"begin"``: the connection breaks before anything is done, ``"commit"``: after it was taken and
    before that was said. A function is called, with the database as it is, after the transaction."""

    def __init__(self, database: Database, *plan: str | Callable[[Database], None]) -> None:
        super().__init__(database.engine)
        self.plan = list(plan)

    @contextmanager
    def write(self) -> Iterator[Session]:
        step = self.plan.pop(0) if self.plan else ""
        if step == "begin":
            raise DatabaseAway
        with super().write() as session:
            yield session
        if step == "commit":
            raise DatabaseAway
        if callable(step):
            step(Database(self.engine))
