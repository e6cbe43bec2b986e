"""Many processes on one Postgres: they share the work, take over from each other, and pay for nothing twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orchestrator.bootstrap import App, build
from orchestrator.media.probe import count_decoded_frames, probe
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.view import PlanView
from tests.conftest import make_settings
from tests.fakes.postgres import create_database, own_postgres
from tests.fakes.videos_server import FakeVideosServer

# Longer than the silence that makes a worker count as dead.
AWAY_SECONDS = float(os.environ.get("TEST_AWAY_SECONDS", "10"))
ROOT = Path(__file__).resolve().parents[2]
LINES = ("The lamp is lit before dawn.", "Somebody waits beside the water.")
SCRIPT = "\n\n".join(f"# {number}\n{line}" for number, line in enumerate(LINES))


@dataclass
class House:
    """A database, a provider that bills, a folder of assets, and processes that come and go."""

    folder: Path
    database_url: str
    provider: FakeVideosServer
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def settings(self, name: str, **values: Any) -> dict[str, Any]:
        return {
            "data_dir": self.folder / name,
            "assets_dir": self.folder / "assets",
            "database_url": self.database_url,
            "video_provider": "sora",
            "sora_base_url": self.provider.base_url,
            "sora_api_key": "sk-test",
            **values,
        }

    def start_worker(self, name: str, **values: Any) -> subprocess.Popen[bytes]:
        environment = {k.upper(): str(v) for k, v in self.settings(name, **values).items()}
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator", "worker"],
                cwd=ROOT, env={**os.environ, **environment}, stderr=log, stdout=log,
            )  # fmt: skip
        self.workers[name] = process
        wait_until(lambda: "Worker is running" in self.log(name).read_text(), seconds=30)
        return process

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    @contextlib.contextmanager
    def office(self, **values: Any) -> Iterator[App]:
        """A process that serves the app and leaves the work to others."""
        settings = self.settings("office", role="ui", **values)
        app = build(make_settings(settings.pop("data_dir"), **settings))
        app.start()
        try:
            yield app
        finally:
            app.stop()

    def ask(self, query: str) -> list[Any]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return [row[0] for row in connection.execute(query.encode()).fetchall()]

    def in_hand(self) -> set[str]:
        """Who works on clips now."""
        query = "select executor_id from dbos.workflow_status where status = 'PENDING' and name = 'clip'"
        return {executor.split(":")[1] for executor in self.ask(query)}

    def assert_whole(self, app: App, plan: PlanView) -> None:
        assert plan.status == "completed", plan.message
        assert [c.verdict for c in plan.clips] == ["pass"] * len(plan.clips)
        assert len(self.provider.charges()) == plan.creates == len(plan.clips)
        assert plan.render is not None and plan.render.duration_seconds is not None
        film = app.views.asset_file(plan.render.video_url.rsplit("/", 1)[-1]).path
        assert film.is_relative_to(self.folder / "assets")
        assert count_decoded_frames(film) == round(plan.render.duration_seconds * 30)
        assert probe(film).has_audio


def wait_until(is_so: Callable[[], Any], *, seconds: float = 60) -> float:
    """Seconds it took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds, "it did not come to pass"
        time.sleep(0.05)
    return time.monotonic() - started


def start_film(app: App) -> str:
    project = app.service.create_project(name="Lamp", settings=ProjectSettings(provider="sora"))
    plan_id = app.service.create_plan(project, script=SCRIPT, brief=ContentBrief())
    app.service.start_plan(plan_id)
    return plan_id


def wait_for_film(app: App, plan_id: str, *, seconds: float = 120) -> PlanView:
    wait_until(lambda: not app.views.plan(plan_id).is_active, seconds=seconds)
    return app.views.plan(plan_id)


@contextlib.contextmanager
def opened(folder: Path, url: str) -> Iterator[House]:
    # The films are all of the same words, so what was drawn once serves every test.
    with FakeVideosServer(folder / "server", clips=folder.parent / "drawn", delay=4) as provider:
        house = House(folder, url, provider)
        try:
            yield house
        finally:
            for process in house.workers.values():
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()


@pytest.fixture
def house(tmp_path: Path, postgres_url: str, request: pytest.FixtureRequest) -> Iterator[House]:
    with opened(tmp_path, create_database(postgres_url, f"workers_{abs(hash(request.node.name)):x}")) as house:
        yield house


@pytest.mark.timeout(240)
def test_another_worker_goes_on_when_one_is_killed_and_the_app_itself_does_nothing(house: House) -> None:
    with house.office() as app:
        plan_id = start_film(app)
        assert not app.engine.is_executor
        assert house.ask("select status from dbos.workflow_status") == ["ENQUEUED"]
        first = house.start_worker("first")
        wait_until(lambda: len(house.provider.charges()) == len(LINES))
        second = house.start_worker("second")
        first.kill()
        first.wait()
        assert wait_until(lambda: house.in_hand() == {str(second.pid)}, seconds=30) < 15
        house.assert_whole(app, wait_for_film(app, plan_id))


@pytest.mark.timeout(240)
def test_a_worker_that_was_stopped_and_wakes_leaves_what_was_taken_over_and_joins_again(house: House) -> None:
    house.provider.behaviour.delay = 16
    with house.office() as app:
        first = house.start_worker("first")
        plan_id = start_film(app)
        wait_until(lambda: len(house.provider.charges()) == len(LINES))
        second = house.start_worker("second")
        first.send_signal(signal.SIGSTOP)
        assert wait_until(lambda: house.in_hand() == {str(second.pid)}, seconds=30) < 15
        first.send_signal(signal.SIGCONT)
        wait_until(lambda: len(house.ask("select 1 from executors where ended_at is null")) == 2)
        house.assert_whole(app, wait_for_film(app, plan_id))
        assert len(house.ask("select 1 from assessments")) == len(LINES)

        house.provider.behaviour.delay = 4
        again = start_film(app)
        wait_until(lambda: len(house.provider.charges()) == 2 * len(LINES))
        second.terminate()  # in good order: nobody has to wait for its silence
        assert wait_until(lambda: house.in_hand() == {str(first.pid)}, seconds=30) < 6
        plan = wait_for_film(app, again)
        assert plan.status == "completed", plan.message
        assert len(house.provider.charges()) == 2 * len(LINES)


@pytest.mark.timeout(240)
def test_workers_go_on_and_nobody_is_taken_for_dead_when_the_server_was_away(tmp_path: Path) -> None:
    with own_postgres() as server, opened(tmp_path, create_database(server.url, "away")) as house:
        house.start_worker("first")
        house.start_worker("second")
        with house.office() as app:
            plan_id = start_film(app)
            wait_until(lambda: len(house.ask("select 1 from clip_runs where generation_id <> ''")) == len(LINES))
            server.stop()
            time.sleep(AWAY_SECONDS)
            server.start()
            house.assert_whole(app, wait_for_film(app, plan_id))
            assert house.ask("select 1 from executors where ended_at is not null") == []
        logs = house.log("first").read_text() + house.log("second").read_text()
        assert "answers again" in logs and "Traceback" not in logs


@pytest.mark.timeout(240)
def test_work_goes_on_at_once_when_a_killed_worker_is_started_again_on_its_machine(house: House) -> None:
    with house.office() as app:
        plan_id = start_film(app)
        first = house.start_worker("first")
        wait_until(lambda: len(house.provider.charges()) == len(LINES))
        first.kill()
        first.wait()
        # Its silence cannot tell that it is gone now; the lock it let go of must.
        in_an_hour = "update executors set seen_at = now() + interval '1 hour' where pid = {} returning id"
        assert house.ask(in_an_hour.format(first.pid))
        again = house.start_worker("first")
        wait_until(lambda: house.in_hand() == {str(again.pid)}, seconds=60)
        house.assert_whole(app, wait_for_film(app, plan_id))
