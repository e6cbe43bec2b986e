"""A process of ours that dies at a chosen point of its work, as if pulled from the wall; and a server that kills it.

The process is the whole application: own interpreter, rows, ledger, engine, flows. It makes what it is asked for,
which may have been begun by one that died before, and ends::

    python -m tests.fakes.doomed --data DIR --server URL [--database URL] (--film SCRIPT | --clips LINE ...)
        [--dies DEATH] [--word WORD]

A film is made as a whole, clips one after the other; ``--dies`` holds for the last one. It prints what became of each
clip as JSON. ``Death`` says where it can die by its own hand (``os._exit``, so that nothing is tidied up), ``Moment``
where ``KillingServer`` kills it. Takes are heard by a listener that always hears what was to be said; how takes are
judged is not what these processes are for.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from orchestrator import bootstrap
from orchestrator.db.models import ClipRow
from orchestrator.db.records import fetch
from orchestrator.perception.base import Heard
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus
from providers.base import PollPace
from providers.openai_videos import PROFILE, OpenAIVideosProvider
from tests.conftest import make_settings
from tests.fakes.videos_server import FakeVideosServer

ROOT = Path(__file__).resolve().parents[2]
EXIT_CODE = 77
GRACE_SECONDS = 1.0


class Death(StrEnum):
    """Points of the process's own."""

    BEFORE_INTENT = "before intent"
    AFTER_INTENT = "after intent, before send"
    ANSWERED = "response read, not stored"
    STORED = "stored in ledger, no engine checkpoint"
    ASSESSING = "assessing"
    RENDERING = "rendering"


class Moment(StrEnum):
    """Points only the server knows."""

    SENT = "sent, not yet accepted"
    ACCEPTED = "accepted, no response read"
    POLLED = "after checkpoint"
    FETCHED = "fetching"


class KillingServer(FakeVideosServer):
    """Makes every generation of the file ``clip`` at once. Kills ``victim`` at ``moment``, when the prompt holds
    ``word``."""

    def __init__(self, state: Path, *, clip: Path, moment: Moment | None = None, word: str = "") -> None:
        super().__init__(state)
        self.victim: subprocess.Popen[str] | None = None
        self.moment, self.word = moment, word
        self.kills = 0
        self._clip = clip

    def accept(self, form: dict[str, str], *, source: str | None) -> dict[str, Any]:
        self._kill(Moment.SENT, form["prompt"])
        video = super().accept(form, source=source)
        self._kill(Moment.ACCEPTED, form["prompt"])
        return video

    def refresh(self, video: dict[str, Any]) -> dict[str, Any]:
        self._kill(Moment.POLLED, video["prompt"])  # whoever looks has put the create behind it
        return super().refresh(video)

    def is_gone(self, video: dict[str, Any]) -> bool:
        self._kill(Moment.FETCHED, video["prompt"])
        return super().is_gone(video)

    def clip(self, video: dict[str, Any]) -> Path:
        return self._clip

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def _kill(self, moment: Moment, prompt: str) -> None:
        if moment is self.moment and self.word in prompt and self.victim is not None:
            self.kills += 1
            self.victim.kill()
            self.victim.wait(timeout=30)


class Believer:
    """A listener that hears what was to be said. ``word`` is its death."""

    missing = ""

    def __init__(self, word: str) -> None:
        self._word = word

    async def transcribe(self, samples: Any, *, language: str, expected: str = "") -> Heard:
        if self._word and self._word in expected:
            _die()
        return Heard(text=expected, language=language, expected_probability=1.0)


def live(
    data: Path,
    server: KillingServer,
    *,
    film: str = "",
    clips: Collection[str] = (),
    database: str = "",
    dies: Death | None = None,
    word: str = "",
) -> dict[str, Any] | None:
    """One life of such a process: what it came to, None when it died."""
    options = ["--data", str(data), "--server", server.base_url, "--database", database, "--word", word]
    options += ["--film", film] if film else ["--clips", *clips]
    command = [sys.executable, "-m", "tests.fakes.doomed", *options, *(["--dies", dies] if dies else [])]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # else every life compiles everything anew
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        server.victim = process
        output, errors = process.communicate(timeout=120)
    assert process.returncode in (0, EXIT_CODE, -signal.SIGKILL), errors
    return None if process.returncode else json.loads(output)


def _die() -> None:
    os._exit(EXIT_CODE)


def _arm(death: Death) -> None:
    """Die when the statement that marks this point is about to be run, or right after its transaction."""
    seen: list[str] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def _look(
        connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _executemany: bool
    ) -> None:
        told = f"{statement} {parameters}"
        match death:
            case Death.BEFORE_INTENT if statement.startswith("INSERT INTO provider_calls"):
                _die()
            case Death.AFTER_INTENT if statement.startswith("INSERT INTO provider_calls"):
                seen.append(statement)
            case Death.ANSWERED if statement.startswith("UPDATE clip_runs SET") and "generation_id=" in statement:
                _die()
            case Death.STORED if "operation_outputs" in statement and "INSERT" in statement and "create" in told:
                _die()
            case Death.RENDERING if statement.startswith("UPDATE final_renders SET progress"):
                _die()

    @event.listens_for(Session, "after_commit")
    def _committed(_session: Session) -> None:
        if seen:
            _die()


def build_app(*, data: Path, server: str, database: str, word: str = "") -> bootstrap.App:
    settings = make_settings(data, database_url=database, default_clip_duration=4)
    quick = {
        "durations_seconds": (4,),
        "sizes": ("320x180",),
        "reconcile_grace_seconds": GRACE_SECONDS,
        "poll_pace": PollPace(early_seconds=0.2),
    }
    sora = OpenAIVideosProvider(base_url=server, profile=PROFILE.model_copy(update=quick))
    return bootstrap.build(settings, adapters={"sora": sora}, listener=Believer(word))


def make_film(app: bootstrap.App, script: str) -> dict[str, Any]:
    wanted = ProjectSettings(provider="sora", size="320x180")
    plan_id, _ = app.service.open_film(script=script, brief=ContentBrief(), settings=wanted, name="Film", is_new=False)
    while (plan := app.views.plan(plan_id)).is_active:
        time.sleep(0.1)
    clips = {clip.text: [clip.status, clip.reason] for clip in plan.clips}
    return {
        "plan_id": plan_id,
        "status": plan.status,
        "clips": clips,
        "film": plan.render and plan.render.model_dump(mode="json"),
    }


def make_clip(app: bootstrap.App, line: str) -> list[str]:
    prompt = f'A presenter looks into the camera and says: "{line}"'
    clip_id = app.service.generate_single(
        prompt=prompt, provider="sora", seconds=4, size="320x180", line=line, request_key=line
    )
    while True:
        with app.database.read() as session:
            clip = fetch(session, ClipRow, clip_id)
        if ClipStatus(clip.status).is_settled:
            return [clip.status, clip.reason]
        time.sleep(0.05)


def main(arguments: Collection[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="A process that dies at a chosen point; see the module's docstring.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--film", default="")
    parser.add_argument("--clips", nargs="*", default=[])
    parser.add_argument("--database", default="")
    parser.add_argument("--dies", type=Death, default=None)
    parser.add_argument("--word", default="")
    options = parser.parse_args(list(arguments) if arguments is not None else None)
    word = options.word if options.dies is Death.ASSESSING else ""
    app = build_app(data=options.data, server=options.server, database=options.database, word=word)
    app.start()
    made = {line: make_clip(app, line) for line in options.clips[:-1]}
    if options.dies:
        _arm(options.dies)
    report = make_film(app, options.film) if options.film else {}
    report |= made | {line: make_clip(app, line) for line in options.clips[-1:]}
    app.stop()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
