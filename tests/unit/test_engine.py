"""The engine's port: limits, turns, and steps that outlast a database that is away."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import cli
from orchestrator.bootstrap import build, use
from orchestrator.db.session import open_database
from orchestrator.engine import Engine, Flow, FlowContext, InlineEngine, Width
from orchestrator.engine_dbos import DbosEngine
from orchestrator.errors import BadInput, DatabaseAway, NotConfigured
from orchestrator.heartbeats import Roll
from orchestrator.schema.brief import ContentBrief
from tests.conftest import make_settings
from tests.fakes.postgres import create_database

LONG = 24  # clips of the plan that came first
KINDS = ("inline", "sqlite", "postgres")


@pytest.fixture
def launched(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Any]:
    @contextmanager
    def launch(kind: str, flows: Mapping[str, Flow], width: Width) -> Iterator[Engine]:
        widths = {"clips": width}
        url = ""
        if kind == "postgres":
            url = create_database(request.getfixturevalue("postgres_url"), f"engine_{uuid.uuid4().hex}")
        with closing(open_database(url, data_dir=tmp_path)) as database:
            engine: Engine
            if kind == "inline":
                engine = InlineEngine(flows, widths=widths)
            else:
                engine = DbosEngine(
                    flows,
                    widths=widths,
                    url=url,
                    data_dir=tmp_path,
                    database=database,
                    executor_id="one",
                    role="worker",
                )
            engine.launch(on_executor=lambda: None)
            try:
                yield engine
            finally:
                engine.stop()

    return launch


def wait_until(is_so: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_plans_take_turns_and_no_limit_is_passed_when_a_long_plan_came_first(
    launched: Callable[..., Any], kind: str
) -> None:
    at_work: list[str] = []
    most: dict[str, int] = {}
    ended: list[str] = []

    async def work(plan: str) -> None:
        at_work.append(plan)
        most[plan] = max(most.get(plan, 0), at_work.count(plan))
        most["all"] = max(most.get("all", 0), len(at_work))
        await asyncio.sleep(0.1)
        at_work.remove(plan)
        ended.append(plan)

    async def clip(flow: FlowContext, plan: str) -> None:
        await flow.step("work", work, plan)

    with launched(kind, {"clip": clip}, Width(per_worker=4, per_partition=3, total=4)) as engine:
        for number in range(LONG):
            engine.enqueue("clips", "clip", f"long:{number}", "long", partition="long")
        wait_until(lambda: ended.count("long") >= 3)
        for number in range(3):
            engine.enqueue("clips", "clip", f"short:{number}", "short", partition="short")
        wait_until(lambda: ended.count("short") == 3)
        assert ended.count("long") < LONG
        wait_until(lambda: ended.count("long") == LONG)
        assert most["long"] == 3 and most["all"] <= 4


@pytest.mark.parametrize("kind", KINDS)
def test_clips_begin_in_the_order_they_were_given(launched: Callable[..., Any], kind: str) -> None:
    begun: list[int] = []

    async def clip(flow: FlowContext, number: int) -> None:
        begun.append(number)

    async def plan(flow: FlowContext) -> None:
        calls = {f"clip:{uuid.uuid4()}": (number,) for number in range(6)}
        await flow.run_all("clips", "clip", calls, partition="clips of the plan")

    with launched(kind, {"clip": clip, "plan": plan}, Width(per_worker=2, per_partition=1)) as engine:
        engine.enqueue("clips", "plan", "plan:1", partition="the plan")
        wait_until(lambda: engine.is_finished("plan:1"))
        assert begun == list(range(6))


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_run_again_until_the_database_is_back(launched: Callable[..., Any], kind: str) -> None:
    tries: list[str] = []

    async def write() -> str:
        tries.append("write")
        if len(tries) < 2:
            raise DatabaseAway
        return "written"

    async def clip(flow: FlowContext) -> str:
        return await flow.step("write", write)

    with launched(kind, {"clip": clip}, Width(per_worker=1)) as engine:
        engine.enqueue("clips", "clip", "clip:1")
        wait_until(lambda: engine.is_finished("clip:1"))
        assert engine.broken(["clip:1"]) == {} and len(tries) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_engine_says_which_flows_ended_badly_and_leaves_alone_what_needs_no_help(
    launched: Callable[..., Any], kind: str
) -> None:
    may_end = asyncio.Event()

    async def clip(flow: FlowContext, does_break: bool) -> None:
        if does_break:
            raise BadInput("The words are too long.")
        await flow.step("wait", may_end.wait)

    with launched(kind, {"clip": clip}, Width(per_worker=2)) as engine:
        engine.enqueue("clips", "clip", "broken", True)
        engine.enqueue("clips", "clip", "at work", False)
        wait_until(lambda: engine.is_finished("broken"))
        assert list(engine.broken(["broken", "at work", "unknown"])) == ["broken"]
        assert "too long" in engine.broken(["broken"])["broken"]
        assert not any(engine.resume(name) for name in ("broken", "at work", "unknown"))
        assert not engine.is_finished("at work")


def test_a_flow_is_adrift_when_its_executor_ended_or_is_unheard_of_for_long() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def ago(seconds: float) -> datetime:
        return now - timedelta(seconds=seconds)

    roll = Roll(now=now, living=frozenset({"alive"}), ended={"dead": ago(2)})
    assert not roll.is_adrift("alive", ago(3600))
    assert roll.is_adrift("dead", ago(3))
    assert not roll.is_adrift("dead", ago(1)), "it woke, and has not said so yet"
    assert not roll.is_adrift("unheard of", ago(1)) and roll.is_adrift("unheard of", ago(9))


def test_a_process_with_the_role_of_a_worker_does_not_serve_the_app(tmp_path: Path) -> None:
    app = build(make_settings(tmp_path, role="worker"), is_durable=False)
    with pytest.raises(NotConfigured, match="ROLE=worker"):
        use(app)
    app.stop()


def test_a_worker_with_the_role_of_an_app_refuses_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROLE", "ui")
    result = CliRunner().invoke(cli, ["worker"])
    assert result.exit_code == 2 and "ROLE=ui" in result.stderr


def test_an_app_that_leaves_the_work_to_others_never_takes_it_up(tmp_path: Path) -> None:
    app = build(make_settings(tmp_path, role="ui"))
    app.start()
    app.engine.enqueue("assess", "assess", "assess:1:0", "1", 0)
    assert not app.engine.is_executor and not app.engine.is_finished("assess:1:0")
    app.stop()


def test_it_is_said_that_nobody_is_at_work_when_only_the_app_is_served(tmp_path: Path) -> None:
    app = build(make_settings(tmp_path, role="ui"))
    app.start()
    project = app.service.create_project()
    plan_id = app.service.create_plan(project, script="The lamp is lit.", brief=ContentBrief())
    assert "no process is at work" not in app.views.plan(plan_id).message, "nothing is to be done yet"
    app.service.start_plan(plan_id)
    plan = app.views.plan(plan_id)
    assert "no process is at work" in plan.message and plan.eta_seconds is None
    assert [item.state for item in app.views.doctor() if item.name == "Work"] == ["broken"]
    worker = build(make_settings(tmp_path, role="worker", mock_delay_seconds=60))
    worker.start()
    assert "no process is at work" not in app.views.plan(plan_id).message
    worker.stop()
    app.stop()
