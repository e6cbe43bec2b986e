"""Partial films: what is accepted, with a slate for every clip that is missing, whatever the plan is at."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from orchestrator.bootstrap import App, build
from orchestrator.db.models import RenderRow
from orchestrator.errors import Conflict
from orchestrator.media.probe import count_decoded_frames, probe
from orchestrator.perception.whisper import WhisperListener
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import PlanStatus, RenderStatus
from orchestrator.schema.timeline import Timeline, Transition, TransitionKind
from orchestrator.schema.view import PlanView, RenderView
from tests.conftest import make_settings
from tests.flows.test_command_line import run_alone
from tests.media.test_soundtrack import SAMPLE_RATE, read_sound

SCRIPT = "# First\nThe lamp is lit before dawn.\n\n# Second\nSomebody waits beside the water."
CROSSFADE = Transition(kind=TransitionKind.CROSSFADE, seconds=0.5)
SETTINGS = ProjectSettings(size="320x180", transition=CROSSFADE, retry_policy=RetryPolicy(max_attempts=1))


@pytest.fixture
def app(data_dir: Path, whisper: WhisperListener) -> Iterator[App]:
    """A house in which the second clip of every film is silent, and so fails."""
    app = build(make_settings(data_dir, mock_defects="2.*=silence"), is_durable=False, listener=whisper)
    app.start()
    yield app
    app.stop()


@pytest.fixture
def plan_id(app: App) -> str:
    project_id = app.service.create_project(name="Lamp", settings=SETTINGS)
    return app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief(tone="calm"))


def settled(app: App, plan_id: str) -> PlanView:
    deadline = time.monotonic() + 120
    while (plan := app.views.plan(plan_id)).is_active:
        assert time.monotonic() < deadline, plan.message
        time.sleep(0.05)
    return plan


def file_of(app: App, render: RenderView) -> Path:
    return app.views.asset_file(render.video_url.rsplit("/", 1)[-1]).path


def stored_timeline(app: App, render_id: str) -> Timeline:
    with app.database.read() as session:
        return Timeline.model_validate(session.get_one(RenderRow, render_id).timeline)


def test_a_slate_stands_for_what_is_missing_until_its_take_is_accepted(app: App, plan_id: str) -> None:
    app.service.start_plan(plan_id)
    plan = settled(app, plan_id)
    assert plan.status is PlanStatus.INCOMPLETE and (plan.passed, plan.failed) == (1, 1)
    render_id = app.service.render_plan(plan_id, has_slates=True)
    assert app.service.render_plan(plan_id, has_slates=True) == render_id, "a second click is the same render"
    asked = app.views.plan(plan_id)
    assert asked.is_active and asked.eta_seconds is None, "it is waited for, and is no part of the plan's work"

    plan = settled(app, plan_id)
    assert plan.status is PlanStatus.INCOMPLETE and plan.render is None, "a partial film completes nothing"
    partial = plan.partial
    assert partial is not None and partial.status is RenderStatus.DONE, partial
    assert (partial.id, partial.is_partial, partial.missing_clips, partial.is_current) == (render_id, True, 1, True)
    first, second = plan.clips
    film = stored_timeline(app, render_id)
    assert film.clips[0].slate is None
    slate = film.clips[1].slate
    assert slate is not None
    assert (slate.number, slate.state, slate.reason, slate.text) == (2, "failed", second.reason, second.text)
    assert film.total_frames == (first.seconds + second.seconds) * 30 - 15
    path = file_of(app, partial)
    assert count_decoded_frames(path) == film.total_frames
    assert (probe(path).width, probe(path).height) == (320, 180)
    sound = np.abs(read_sound(path))
    assert sound[: first.seconds * SAMPLE_RATE].max() > 0.05
    assert sound[(first.seconds + 1) * SAMPLE_RATE :].max() < 0.001

    app.service.approve_take(app.views.takes(second.id)[0].run_id, reason="Silence suits it.")
    plan = settled(app, plan_id)
    assert plan.status is PlanStatus.COMPLETED
    assert plan.render is not None and not plan.render.is_partial and plan.render.is_current
    assert plan.partial is None, "the film is newer"
    assert not app.views.render(render_id).is_current
    assert plan.render.frames_copied > 0.8 * (plan.render.frames_copied + plan.render.frames_encoded)


def test_what_a_slate_says_is_frozen_and_makes_the_film_old_when_it_is_not_so_any_more(app: App, plan_id: str) -> None:
    with pytest.raises(Conflict, match="nothing to render"):
        app.service.render_plan(plan_id)
    render_id = app.service.render_plan(plan_id, has_slates=True)
    settled(app, plan_id)
    render = app.views.render(render_id)
    assert render.status is RenderStatus.DONE and render.is_current and render.missing_clips == 2
    app.service.start_plan(plan_id)
    plan = settled(app, plan_id)
    assert plan.partial is not None and plan.partial.id == render_id and not plan.partial.is_current
    film = stored_timeline(app, render_id)
    assert [c.slate.state for c in film.clips if c.slate] == ["not started", "not started"]
    assert plan.status is PlanStatus.INCOMPLETE and plan.render is None


def test_the_command_line_writes_what_is_there_and_still_ends_as_incomplete(tmp_path: Path) -> None:
    script, out = tmp_path / "script.txt", tmp_path / "film.mp4"
    script.write_text(SCRIPT, encoding="utf-8")
    arguments = ["film", str(script), "--out", str(out), "--size", "320x180", "--max-attempts", "1", "--json"]
    result = run_alone(tmp_path, *arguments, "--partial", MOCK_DEFECTS="2.*=silence")
    assert result.returncode == 1, result.stderr
    report = json.loads(result.stdout)
    assert report["error"]["code"] == "film_incomplete"
    assert report["render_path"] is None
    assert report["partial_path"] == str(out)
    assert "slates for 1 missing" in result.stderr
    assert count_decoded_frames(out) == report["planned_seconds"] * 30
