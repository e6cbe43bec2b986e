"""Workspaces to look at, written straight into the tables, and the app that serves them as its own process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
from sqlalchemy import select

from orchestrator.bootstrap import build
from orchestrator.db.models import AssessmentRow, ClipRow, RunRow, new_id, utc_now
from orchestrator.db.session import Session
from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Verdict
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, RunStatus
from orchestrator.settings import Settings
from providers.base import CreateClipInput

ROOT = Path(__file__).parents[2]
LINES = (
    "The lamp is lit before dawn.",
    "Somebody waits beside the water.",
    "Nobody has told the harbour yet.",
    "And then the first boat comes in.",
)
SPEAKERS = ("Mara", "Ivo")  # they take turns, and no clip is of two people
START_SECONDS = 180


def script_of(clips: int) -> str:
    """A script that is cut into ``clips`` clips, in scenes of five."""
    scenes = (range(at, min(at + 5, clips)) for at in range(0, clips, 5))
    return "\n\n".join(f"# Scene {1 + scene[0] // 5}\n\n" + "\n\n".join(map(_line, scene)) for scene in scenes)


def _line(number: int) -> str:
    return f"{SPEAKERS[number % len(SPEAKERS)]}: {LINES[number % len(LINES)]}"


def fill(folder: Path, *, projects: int, clips: int, clips_each: int) -> tuple[str, str]:
    """``projects`` planned films of ``clips_each`` clips and one of ``clips``; (project id, plan id) of that one."""
    settings = Settings(data_dir=folder, _env_file=None)  # type: ignore[call-arg]
    app = build(settings, is_durable=False)
    try:
        small = ProjectSettings(size="320x180")
        for number in range(projects):
            project_id = app.service.create_project(name=f"Film {number + 1}", settings=small)
            app.service.create_plan(project_id, script=script_of(clips_each), brief=ContentBrief(tone="calm"))
        long = app.service.create_project(name="Long film", settings=small)
        return long, app.service.create_plan(long, script=script_of(clips), brief=ContentBrief(tone="calm"))
    finally:
        app.database.close()


def add_takes(folder: Path) -> int:
    """An assessed take for each clip, accepted or, one in twenty, left to a person; how many these are."""
    app = build(Settings(data_dir=folder, _env_file=None), is_durable=False)  # type: ignore[call-arg]
    try:
        with app.database.write() as session:
            clips = session.scalars(select(ClipRow)).all()
            for number, clip in enumerate(clips):
                _add_take(session, clip, is_accepted=number % 20 > 0, age=timedelta(minutes=number % 60_000))
            return len(clips)
    finally:
        app.database.close()


def _add_take(session: Session, clip: ClipRow, *, is_accepted: bool, age: timedelta) -> None:
    at = utc_now() - age
    score = 0.9 if is_accepted else 0.6
    status = CheckStatus.PASS if is_accepted else CheckStatus.FAIL
    checks = {
        name: CheckResult(status=status, score=score, evidence={"heard": clip.text.split()}) for name in CheckName
    }
    verdict = Verdict.PASS if is_accepted else Verdict.NEEDS_REVIEW
    found = Assessment(verdict=verdict, score=score, weight_run=1.0, checks=checks, summary="Measured for the bench.")
    request = CreateClipInput(
        key=clip.id, prompt=clip.visual_intent, model="mock-1", seconds=clip.seconds, size="320x180", line=clip.text
    )
    run = RunRow(
        id=new_id(),
        clip_id=clip.id,
        attempt=1,
        status=RunStatus.SETTLED,
        provider="mock",
        model="mock-1",
        request=request.model_dump(mode="json"),
        created_at=at,
        settled_at=at,
    )
    session.add(run)
    session.flush()
    session.add(
        AssessmentRow(
            clip_run_id=run.id,
            verdict=verdict,
            score=score,
            weight_run=1.0,
            body=found.model_dump(mode="json"),
            created_at=at,
        )
    )
    clip.status = ClipStatus.PASSED if is_accepted else ClipStatus.NEEDS_REVIEW
    clip.accepted_run_id = run.id if is_accepted else None


@contextlib.contextmanager
def served(folder: Path, *, script: Path = ROOT / "app.py", **settings: str) -> Iterator[tuple[str, psutil.Process]]:
    """(address, process) of the app on ``folder`` as people start it, with these settings in its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    environment = {**os.environ, "DATA_DIR": str(folder), **settings}
    address = f"http://127.0.0.1:{port}"
    with (folder / "app.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"{address}/_stcore/health", process)
            yield address, psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            process.kill()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise SystemExit("The app did not come up.")


def browser() -> str:
    """The Chromium of this machine. Ends the program where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next((path for name in names if (path := shutil.which(name))), None)
    return found or sys.exit(f"No browser found; looked for {', '.join(names)}.")


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
