"""A film in flight outlives an update of the app: what an earlier version began, this one finishes.

``stored/flows-N.tar.xz`` is the data folder of a process of an earlier version that was killed in mid-film: one clip
passed, one being assessed, one at the provider, one waiting. How such a file is made is told in docs/durability.md.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tarfile
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from orchestrator.bootstrap import build
from orchestrator.db.migrate import SCHEMA_VERSION
from orchestrator.engine import Step
from orchestrator.flows import Flows
from orchestrator.media.probe import count_decoded_frames, probe
from orchestrator.schema.status import PlanStatus
from tests.conftest import make_settings

STORED = sorted((Path(__file__).parent / "stored").glob("flows-*.tar.xz"))


def read(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.name)
def test_a_film_in_flight_of_an_earlier_version_is_finished(tmp_path: Path, stored: Path) -> None:
    with tarfile.open(stored) as archive:
        archive.extractall(tmp_path / "data", filter="data")
    rows, generations = tmp_path / "data" / "orchestrator.sqlite3", tmp_path / "data" / "mock" / "generations"
    takes_before = read(rows, "select id, clip_id, generation_id from clip_runs order by created_at")
    clips_before = read(rows, "select id, position, text from clip_plan_clips order by position")
    assert len(takes_before) == len(list(generations.glob("*.json"))) == 3

    app = build(make_settings(tmp_path / "data", max_concurrent_clips=2))
    try:
        plan_id = app.views.projects()[0].clip_plan_id
        app.start()
        deadline = time.monotonic() + 150
        while (plan := app.views.plan(plan_id)).is_active:
            assert time.monotonic() < deadline, plan.message
            time.sleep(0.2)
    finally:
        app.stop()
    assert (plan.status, plan.passed) == (PlanStatus.COMPLETED, len(clips_before))
    takes = read(rows, "select id, clip_id, generation_id from clip_runs order by created_at")
    assert takes[:3] == takes_before and len(takes) == 4, (
        "what was paid is kept; the clip that waited is asked for once"
    )
    assert len(list(generations.glob("*.json"))) == 4
    assert read(rows, "select id, position, text from clip_plan_clips order by position") == clips_before
    assert read(rows, "pragma user_version") == [(SCHEMA_VERSION,)]
    flows = read(tmp_path / "data" / "engine.sqlite3", "select status, count(*) from workflow_status group by status")
    assert [status for status, _ in flows] == ["SUCCESS"]
    film = next((tmp_path / "data" / "assets").rglob(f"{plan.render.id}.mp4")) if plan.render else Path()
    assert probe(film).has_audio
    assert count_decoded_frames(film) == round((plan.render.duration_seconds if plan.render else 0) * 30)


# --- the sequence of names in each flow, which stored flows replay through ---


class Recorder:
    """A FlowContext that runs nothing: it says what it was told to say, and writes down what it was asked for."""

    def __init__(self, said: Mapping[str, list[Any]]) -> None:
        self._said = {name: list(results) for name, results in said.items()}
        self.asked: list[str] = []

    async def step(self, name: str, function: Step, *arguments: Any) -> Any:
        self.asked.append(name)
        return self._say(name)

    async def run_all(
        self, queue: str, flow: str, calls: Mapping[str, tuple[Any, ...]], *, partition: str = ""
    ) -> dict[str, Any]:
        self.asked.extend(f"{flow} {flow_id} {arguments}" for flow_id, arguments in calls.items())
        return dict.fromkeys(calls, self._say(flow))

    async def sleep(self, seconds: float) -> None:
        self.asked.append("sleep")

    def _say(self, name: str) -> Any:
        said = self._said[name].pop(0) if self._said.get(name) else None
        if isinstance(said, Exception):
            raise said
        return said


class _Anything:
    """Steps that are never run."""

    def __getattr__(self, name: str) -> Any:
        return None


ENDED = {"status": "passed", "is_retry": False, "delay_seconds": 0.0}
AGAIN = {"status": "repairing", "is_retry": True, "delay_seconds": 1.0}
ROUND = ["open_round", "clip clip:c1:1 ('c1', 1)", "clip clip:c2:3 ('c2', 3)"]
TWO = [["c1", 1], ["c2", 3]]
RENDER = "render render:r1 ('r1',)"

# flow -> what its steps say -> the names it then goes through. What stands here is stored in databases of users: a flow
# that has to go another way gets a new name and lives beside the old one, which stays here.
SEQUENCES: list[tuple[str, tuple[Any, ...], dict[str, list[Any]], list[str]]] = [
    ("plan", ("p", 1), {"open_round": [[]], "close_plan": ["paused"]}, ["open_round", "close_plan"]),
    (
        "plan",
        ("p", 1),
        {"open_round": [TWO, []], "clip": ["passed"], "close_plan": ["completed"]},
        [*ROUND, "open_round", "close_plan"],
    ),
    (
        "plan",
        ("p", 1),
        {"open_round": [TWO, [], []], "clip": ["passed"], "close_plan": ["again", "incomplete"]},
        [*ROUND, "open_round", "close_plan", "open_round", "close_plan"],
    ),
    (
        "plan",
        ("p", 1),
        {"open_round": [[], []], "close_plan": ["render:r1", "completed"], "finish_plan": ["again"]},
        ["open_round", "close_plan", RENDER, "finish_plan", "open_round", "close_plan"],
    ),
    (
        "plan",
        ("p", 1),
        {"open_round": [[]], "close_plan": ["render:r1"], "render": ["done"], "finish_plan": ["completed"]},
        ["open_round", "close_plan", RENDER, "finish_plan"],
    ),
    (
        "plan",
        ("p", 1),
        {"open_round": [TWO, []], "clip": [None], "close_plan": ["incomplete"]},
        [*ROUND, "break_off", "break_off", "open_round", "close_plan"],
    ),
    (
        "plan",
        ("p", 1),
        {"open_round": [TWO, TWO, []], "clip": ["stopped", "stopped"], "close_plan": ["incomplete"]},
        [*ROUND, *ROUND, "break_off", "break_off", "open_round", "close_plan"],
    ),
    ("plan", ("p", 1), {"open_round": [RuntimeError()]}, ["open_round", "park"]),
    ("clip", ("c1", 1), {"craft": [""]}, ["craft"]),
    (
        "clip",
        ("c1", 1),
        {"craft": ["t"], "create": [True], "wait": [True], "settle": [ENDED]},
        ["craft", "create", "wait", "fetch", "assess", "settle"],
    ),
    ("clip", ("c1", 1), {"craft": ["t"], "create": [False], "settle": [ENDED]}, ["craft", "create", "settle"]),
    (
        "clip",
        ("c1", 1),
        {"craft": ["t", ""], "create": [True], "wait": [False], "settle": [AGAIN]},
        ["craft", "create", "wait", "settle", "sleep", "craft"],
    ),
    (
        "clip",
        ("c1", 1),
        {"craft": ["t"], "create": [True], "wait": [True], "fetch": [RuntimeError()]},
        ["craft", "create", "wait", "fetch", "break_off"],
    ),
    ("render", ("r1",), {"render": ["done"]}, ["render"]),
    ("assess", ("t", 0), {"reassess": ["pass"]}, ["reassess"]),
]


@pytest.mark.parametrize(("flow", "arguments", "said", "asked"), SEQUENCES)
def test_a_flow_goes_the_way_that_is_stored_of_it(
    flow: str, arguments: tuple[Any, ...], said: dict[str, list[Any]], asked: list[str]
) -> None:
    anything = cast(Any, _Anything())
    recorder = Recorder(said)
    rooms = dict.fromkeys(("plans", "clips", "takes", "films", "cancels", "animatics"), anything)
    flows = Flows(**rooms, is_stopping=threading.Event())
    asyncio.run(flows.by_name()[flow](recorder, *arguments))
    assert recorder.asked == asked, (
        f"The flow {flow!r} goes another way than flows of it that are under way somewhere. "
        f"Leave it as it was and add the new way as a flow of another name, such as '{flow}_2'."
    )
