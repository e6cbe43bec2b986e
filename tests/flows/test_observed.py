"""A film seen from outside: its log lines, its trace, its metrics; and that none of it is there unasked."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from orchestrator import logs
from orchestrator.bootstrap import App, build
from orchestrator.db.models import ExecutorRow, new_id
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.view import PhaseName, TakeView
from tests.conftest import make_settings
from tests.fakes.collector import Collector, attributes, running_collector
from tests.fakes.doomed import Believer
from tests.fakes.postgres import create_database

ROOT = Path(__file__).parents[2]
SCRIPT = "# One\n\nThe lamp is lit before dawn.\n\n# Two\n\nSomebody waits beside the water."
KEY = "sora-key-of-the-studio"
HEADER = "collector-key"


@dataclass
class Seen:
    """A film of two clips, of which the first needed two takes, and all that was told of it."""

    app: App
    plan_id: str
    lines: list[dict[str, Any]]
    collector: Collector
    scraped: str
    takes: list[TakeView]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    written = io.StringIO()
    with running_collector() as collector:
        settings = make_settings(
            tmp_path_factory.mktemp("seen"),
            mock_defects="1=fail",
            sora_api_key=KEY,
            log_level="info",
            log_format="json",
            otel_exporter_otlp_endpoint=collector.address,
            otel_exporter_otlp_headers=f"x-key={HEADER}",
            metrics_port=free_port(),
        )
        with contextlib.redirect_stderr(written):
            logs.configure(settings)
        app = build(settings, is_durable=False, listener=Believer(""))
        app.start()
        try:
            project_id = app.service.create_project(name="Lamp", settings=ProjectSettings(size="320x180"))
            plan_id = app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief(tone="calm"))
            app.service.start_plan(plan_id)
            deadline = time.monotonic() + 120
            while app.views.plan(plan_id).is_active:
                assert time.monotonic() < deadline, app.views.plan(plan_id).message
                time.sleep(0.1)
            clips = app.views.plan(plan_id).clips
            takes = [take for clip in clips for take in reversed(app.views.takes(clip.id))]
            scraped = scrape(settings.metrics_port)
        finally:
            app.stop()  # sends what is not sent yet
            root = logging.getLogger()
            root.removeHandler(next(h for h in root.handlers if h.get_name() == "orchestrator"))
        lines = [json.loads(line) for line in written.getvalue().splitlines()]
        yield Seen(app, plan_id, lines, collector, scraped, takes)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def scrape(port: int | None) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Values by name and labels, these in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# --- log lines ---


def test_lines_of_steps_say_what_they_are_about_down_to_the_generation(seen: Seen) -> None:
    of_steps = [line for line in seen.lines if "step" in line]
    assert {line["plan_id"] for line in of_steps} == {seen.plan_id}
    assert all(line["project_id"] for line in of_steps)
    for take in seen.takes:
        mine = [line for line in of_steps if line.get("run_id") == take.run_id]
        assert {line["clip_id"] for line in mine} == {take.clip_id}
        assert {line["provider"] for line in mine} == {"mock"}
        assert {line["attempt"] for line in mine} == {take.attempt}
        waited = [line["generation_id"] for line in mine if line["step"] in ("wait", "settle")]
        assert waited and len(set(waited)) == 1


def test_a_film_is_told_from_its_start_to_its_end(seen: Seen) -> None:
    told = [
        line["event"] for line in seen.lines if line["level"] == "info" and line.get("run_id") == seen.takes[1].run_id
    ]
    assert told == [
        "Take begun",
        "Request goes out",
        "Request accepted",
        "Waiting for the generation",
        "Generation is over",
        "Take downloaded",
        "Take assessed",
        "Take settled",
    ]
    assert seen.lines[0]["event"] == "Plan is at work"
    assert (seen.lines[-1]["event"], seen.lines[-1]["status"]) == ("Plan stops here", "completed")
    repairs = [line["repair"] for line in seen.lines if line["event"] == "Take settled"]
    assert sorted(repairs, key=str) == [None, None, "retry"]


def test_lines_hold_no_prompt_no_script_and_no_key(seen: Seen) -> None:
    text = json.dumps(seen.lines)
    words = [SCRIPT.splitlines()[2], SCRIPT.splitlines()[6], KEY, HEADER, *(take.prompt for take in seen.takes)]
    assert not [word for word in words if word in text]
    assert "lamp is lit" not in text and "waits beside" not in text


# --- phases ---


def test_phases_of_a_take_come_with_the_take(seen: Seen) -> None:
    failed, passed, other = seen.takes
    assert [p.name for p in failed.phases] == [PhaseName.QUEUED, PhaseName.SENT, PhaseName.WAITING]
    assert [p.name for p in passed.phases] == [p.name for p in other.phases] == list(PhaseName)
    assert not any(p.is_open for take in seen.takes for p in take.phases)
    assert all(take.phases[0].started_at == take.created_at for take in seen.takes)


# --- traces ---


def test_a_trace_is_a_tree_of_plan_clips_attempts_and_steps(seen: Seen) -> None:
    spans = seen.collector.spans
    assert {span.trace_id for span in spans} == {uuid.UUID(seen.plan_id).bytes}
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == len(spans)

    def path(name: str) -> set[tuple[str, ...]]:
        found = set()
        for span in seen.collector.named(name):
            above = []
            while span.parent_span_id:
                span = by_id[span.parent_span_id]
                above.append(span.name)
            found.add(tuple(above))
        return found

    assert path("plan") == {()}
    assert path("clip") == path("open_round") == path("render") == {("plan",)}
    assert path("attempt") == path("craft") == {("clip", "plan")}
    assert path("create") == path("wait") == path("assess") == {("attempt", "clip", "plan")}


def test_spans_name_ids_and_what_became_of_it(seen: Seen) -> None:
    attempts = {attributes(span)["run_id"]: span for span in seen.collector.named("attempt")}
    assert set(attempts) == {take.run_id for take in seen.takes}
    told = attributes(attempts[seen.takes[1].run_id])
    assert (told["attempt"], told["provider"], told["verdict"], told["plan_id"]) == (2, "mock", "pass", seen.plan_id)
    assert told["generation_id"] and told["cost_usd"] == 0
    assert attributes(attempts[seen.takes[0].run_id])["repair"] == "retry"
    span = attempts[seen.takes[1].run_id]
    lasted = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
    assert lasted >= sum(phase.seconds for phase in seen.takes[1].phases) - 0.1
    assert all("run_id" not in attributes(span) for span in seen.collector.named("clip"))


def test_traces_go_where_they_are_asked_for_and_hold_no_words(seen: Seen) -> None:
    assert set(seen.collector.paths) == {"/v1/traces"}
    assert all(headers["x-key"] == HEADER for headers in seen.collector.headers)
    assert b"lamp is lit" not in seen.collector.raw and KEY.encode() not in seen.collector.raw


def test_a_collector_that_is_away_costs_no_work_and_little_time(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, otel_exporter_otlp_endpoint=f"http://127.0.0.1:{free_port()}")
    app = build(settings, is_durable=False, listener=Believer(""))
    app.start()
    make_clip(app)
    stopping = time.monotonic()
    app.stop()
    assert time.monotonic() - stopping < 10


def make_clip(app: App) -> TakeView:
    """A single clip, made to its end."""
    clip_id = app.service.generate_single(
        prompt="A lamp", line="Good morning.", provider="mock", model="", seconds=4, size="320x180"
    )
    deadline = time.monotonic() + 60
    while app.views.single(clip_id).is_active:
        assert time.monotonic() < deadline, app.views.single(clip_id).status_text
        time.sleep(0.1)
    return app.views.single(clip_id)


# --- metrics ---


def test_a_scrape_tells_what_the_rows_say(seen: Seen) -> None:
    found = samples(seen.scraped)
    assert found["video_database_up",] == 1
    assert found["video_plans", "completed"] == 1 and found["video_plans", "running"] == 0
    assert found["video_clips", "passed"] == 2 and found["video_clips", "failed"] == 0
    assert found["video_takes", "mock", "pass"] == 2 and found["video_takes", "mock", "none"] == 1
    assert found["video_creates_total", "", "mock", "accepted"] == 3
    assert found["video_cost_usd", "final", "mock"] == 0
    assert {queue: found["video_queue", queue] for queue in ("clips", "providers", "assess", "render")} == {
        "clips": 0, "providers": 0, "assess": 0, "render": 0,
    }  # fmt: skip
    assert found["video_executors",] == 1
    for phase in PhaseName:
        spent = [p.seconds for take in seen.takes for p in take.phases if p.name is phase]
        assert found["video_phase_seconds_count", phase.value, "mock"] == len(spent)
        assert found["video_phase_seconds_sum", phase.value, "mock"] == pytest.approx(sum(spent), abs=0.05)
    assert found["process_resident_memory_bytes",] > 0


def test_a_scrape_tells_the_same_on_postgres(tmp_path: Path, postgres_url: str) -> None:
    url = create_database(postgres_url, f"metrics_{new_id().replace('-', '')}")
    settings = make_settings(tmp_path, database_url=url, metrics_port=free_port())
    app = build(settings, is_durable=False, listener=Believer(""))
    app.start()
    try:
        take = make_clip(app)
        with app.database.write() as session:
            now = app.database.now(session)
            for name, seen_at, ended_at in (
                ("alive", now, None),
                ("silent", now - timedelta(minutes=1), None),
                ("ended", now, now),
            ):
                session.add(ExecutorRow(id=name, host="h", pid=1, role="all", seen_at=seen_at, ended_at=ended_at))
        found = samples(scrape(settings.metrics_port))
    finally:
        app.stop()
    assert found["video_clips", "passed"] == 1 and found["video_takes", "mock", "pass"] == 1
    assert found["video_executors",] == 1
    for phase in take.phases:
        assert found["video_phase_seconds_sum", phase.name.value, "mock"] == pytest.approx(phase.seconds, abs=0.02)


def test_a_taken_port_and_a_database_that_is_away_stop_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        app = build(make_settings(tmp_path, metrics_port=taken.getsockname()[1]), is_durable=False)
        app.start()
    assert "Metrics cannot be told" in caplog.text
    assert app.metrics is not None
    port = free_port()
    app.metrics.start("127.0.0.1", port)
    try:
        assert "video_database_up 1.0" in scrape(port)
        app.database.engine.dispose()
        (tmp_path / "orchestrator.sqlite3").write_bytes(b"this is no database")
        assert "video_database_up 0.0" in scrape(port)
    finally:
        app.stop()


# --- off by default ---


def test_without_settings_nothing_is_loaded_and_with_them_a_missing_library_is_named(tmp_path: Path) -> None:
    code = f"""
import sys
for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp", "prometheus_client"):
    sys.modules[name] = None  # as if it was not installed
from pathlib import Path
from orchestrator.bootstrap import build
from orchestrator.errors import NotConfigured
from tests.conftest import make_settings
folder = Path({str(tmp_path)!r})
build(make_settings(folder), is_durable=False).stop()
for asked in (dict(otel_exporter_otlp_endpoint="http://127.0.0.1:4318"), dict(metrics_port=9464)):
    try:
        build(make_settings(folder, **asked), is_durable=False)
    except NotConfigured as error:
        print(error, error.hint)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    traces, metrics = done.stdout.splitlines()
    assert traces.startswith("OTEL_EXPORTER_OTLP_ENDPOINT is set") and metrics.startswith("METRICS_PORT is set")
    assert traces.endswith("pip install -r requirements-observe.txt") and metrics.endswith("requirements-observe.txt")
