"""When a provider cannot or will not: who makes the clip instead, what that changes, what a person has to decide."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.bootstrap import App, build
from orchestrator.db.models import ProviderCallRow
from orchestrator.errors import BadInput, Conflict
from orchestrator.media.ffmpeg import binary
from orchestrator.media.probe import count_decoded_frames, probe
from orchestrator.perception.whisper import WhisperListener
from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PlanStatus
from orchestrator.schema.view import PlanView
from tests.conftest import make_settings
from tests.fakes.wires.core import KEY, Fault, WireServer
from tests.fakes.wires.kling import KlingV1Wire
from tests.fakes.wires.openai import OpenAIWire
from tests.fakes.wires.runway import RunwayWire

LINE = "The lamp is lit before dawn."
LONG = (
    "Every morning before the sun is up the keeper climbs the narrow stairs with a lamp, "
    "and every evening he comes down again to count the boats."
)


@pytest.fixture
def open_app(tmp_path: Path, whisper: WhisperListener) -> Iterator[Callable[..., App]]:
    apps: list[App] = []

    def open_with(**values: Any) -> App:
        app = build(make_settings(tmp_path / "data", **values), is_durable=False, listener=whisper)
        app.start()
        apps.append(app)
        return app

    yield open_with
    for app in apps:
        app.stop()


@pytest.fixture(scope="session")
def silent_clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Silent moving MP4s of whole seconds."""
    folder = tmp_path_factory.mktemp("silent")

    def make(seconds: int) -> Path:
        path = folder / f"{seconds}.mp4"
        if not path.exists():
            source = ["-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=30:duration={seconds}"]
            encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
            subprocess.run([binary(), "-v", "error", *source, *encoder, str(path)], check=True)
        return path

    return make


def serve(wire: Any, clip: Path, fault: Fault = Fault.NONE) -> WireServer:
    server = WireServer(wire, clip=clip, fault=fault, times=99)
    server.is_instant = True
    return server


def make_plan(app: App, *, script: str = LINE, provider: str = "sora") -> str:
    project_id = app.service.create_project(settings=ProjectSettings(provider=provider))
    return app.service.create_plan(project_id, script=script, brief=ContentBrief())


def run_to_end(app: App, plan_id: str, *, seconds: float = 90) -> PlanView:
    deadline = time.monotonic() + seconds
    while (plan := app.views.plan(plan_id)).is_active:
        assert time.monotonic() < deadline, plan.message
        time.sleep(0.05)
    return plan


def test_a_closed_provider_hands_over_and_a_silent_one_gets_our_voice(
    open_app: Callable[..., App], silent_clip: Callable[[int], Path]
) -> None:
    with (
        serve(OpenAIWire(), silent_clip(4), Fault.NO_QUOTA) as first,
        serve(RunwayWire(), silent_clip(4)) as second,
    ):
        app = open_app(
            sora_base_url=first.base_url, sora_api_key=KEY, runway_base_url=second.base_url, runway_api_key=KEY,
            fallback_providers=("runway", "mock"),
        )  # fmt: skip
        plan_id = make_plan(app)
        app.service.start_plan(plan_id)
        plan = run_to_end(app, plan_id)
        take, refused = app.views.takes(plan.clips[0].id)
        assert (refused.provider, refused.error_code, refused.cost_usd) == ("sora", "quota_exhausted", 0.0)
        assert refused.repair_strategy == "fallback" and "runway" in refused.repair_reason
        assert (take.provider, take.model, take.seconds) == ("runway", "gen4.5", 4)
        assert (take.cost_usd, take.is_cost_final) == (pytest.approx(0.48), True)
        assert take.narration == "laid over"
        assert take.checks[CheckName.TRANSCRIPT_MATCH].status is CheckStatus.NOT_APPLICABLE
        assert probe(app.views.asset_file(take.video_url.rsplit("/", 1)[-1]).path).has_audio
        assert "Needs a person" in take.summary, "nobody looked at it, so nothing passes by itself"
        assert (len(first.charges), len(second.charges)) == (0, 1)
        assert plan.cost_usd == pytest.approx(0.48)


def test_a_clip_too_long_for_the_fallback_is_split_and_no_word_is_lost(
    open_app: Callable[..., App], silent_clip: Callable[[int], Path]
) -> None:
    with (
        serve(OpenAIWire(), silent_clip(4), Fault.WRONG_KEY) as first,
        serve(RunwayWire(), silent_clip(4), Fault.NO_QUOTA) as second,
    ):
        app = open_app(
            sora_base_url=first.base_url, sora_api_key=KEY, runway_base_url=second.base_url, runway_api_key=KEY,
            fallback_providers=("runway",),
        )  # fmt: skip
        plan_id = make_plan(app, script=f"{LONG}\n\n# Then\n{LINE}")
        before = app.views.plan(plan_id)
        assert [clip.seconds for clip in before.clips] == [12, 4]
        app.service.start_plan(plan_id)
        plan = run_to_end(app, plan_id)
        assert len(plan.clips) == 3
        assert " ".join(clip.text for clip in plan.clips) == " ".join(clip.text for clip in before.clips)
        assert max(clip.seconds for clip in plan.clips) <= 10
        assert [clip.position for clip in plan.clips] == list(range(1, len(plan.clips) + 1))
        assert plan.total_seconds == sum(clip.seconds for clip in plan.clips)
        assert all(clip.status is ClipStatus.FAILED for clip in plan.clips)
        assert not first.charges and not second.charges and plan.cost_usd == 0


def test_a_longer_take_is_trimmed_to_the_planned_time(
    open_app: Callable[..., App], silent_clip: Callable[[int], Path]
) -> None:
    with serve(OpenAIWire(), silent_clip(4), Fault.WRONG_KEY) as first, serve(KlingV1Wire(), silent_clip(5)) as second:
        app = open_app(
            sora_base_url=first.base_url, sora_api_key=KEY, kling_base_url=second.base_url, kling_access_key=KEY,
            kling_secret_key=KEY, kling_model="kling-v2-5-turbo", fallback_providers=("kling",),
        )  # fmt: skip
        plan_id = make_plan(app)
        app.service.start_plan(plan_id)
        plan = run_to_end(app, plan_id)
        take = app.views.takes(plan.clips[0].id)[0]
        assert (take.provider, take.seconds, take.narration) == ("kling", 5, "laid over")
        assert "within the first 4 seconds" in take.prompt
        app.service.approve_take(take.run_id, reason="Looks right")
        plan = run_to_end(app, plan_id)
        assert plan.status is PlanStatus.COMPLETED and plan.render is not None
        film = app.views.asset_file(plan.render.video_url.rsplit("/", 1)[-1]).path
        assert count_decoded_frames(film) == 4 * 30


def test_a_lost_answer_that_cannot_be_looked_up_waits_for_a_person_who_finds_it(
    open_app: Callable[..., App], silent_clip: Callable[[int], Path]
) -> None:
    with serve(RunwayWire(), silent_clip(3), Fault.ANSWER_LOST) as server:
        app = open_app(runway_base_url=server.base_url, runway_api_key=KEY, fallback_providers=("mock",))
        plan_id = make_plan(app, provider="runway")
        app.service.start_plan(plan_id)
        plan = run_to_end(app, plan_id)
        clip = plan.clips[0]
        assert (clip.status, len(server.charges)) == (ClipStatus.NEEDS_REVIEW, 1)
        assert "$50.00 before and is $49.64 after, so it was probably taken" in clip.reason
        take = app.views.takes(clip.id)[0]
        assert take.error_code == "needs_decision" and take.cost_usd == pytest.approx(0.36)
        with pytest.raises(BadInput):
            app.service.adopt_generation(take.run_id, generation_id=" ")
        app.service.adopt_generation(take.run_id, generation_id=server.charges[0].id)
        plan = run_to_end(app, plan_id)
        take = app.views.takes(clip.id)[0]
        assert take.video_url and take.error_code == ""
        assert (plan.clips[0].attempts, len(server.charges)) == (1, 1)
        with pytest.raises(Conflict):
            app.service.adopt_generation(take.run_id, generation_id="another")


def test_a_take_given_up_is_asked_for_anew_and_counted(
    open_app: Callable[..., App], silent_clip: Callable[[int], Path]
) -> None:
    with serve(RunwayWire(), silent_clip(3), Fault.ANSWER_LOST) as server:
        app = open_app(runway_base_url=server.base_url, runway_api_key=KEY)
        plan_id = make_plan(app, provider="runway")
        app.service.start_plan(plan_id)
        clip = run_to_end(app, plan_id).clips[0]
        server.fault = Fault.NONE
        app.service.retry_clip(clip.id, is_afresh=True)
        plan = run_to_end(app, plan_id)
        assert plan.clips[0].attempts == 2 and len(server.charges) == 2
        assert plan.cost_usd == pytest.approx(0.72), "what may have been paid counts"
        with app.database.read() as session:
            states = session.scalars(select(ProviderCallRow.state).order_by(ProviderCallRow.created_at)).all()
        assert states == ["needs_decision", "accepted"]
