"""What is paid is kept, and what nobody needs is not bought: the steps of a clip driven by hand, with a restart, a
changed setting or a person's click between any two of them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from orchestrator.bootstrap import App, build
from orchestrator.db.models import AssetRow, ClipRow, PlanRow, ProviderCallRow, RunRow, new_id, utc_now
from orchestrator.db.records import fetch, lock_run
from orchestrator.errors import Conflict, TakeNotFetched
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import RepairInstruction, RepairStrategy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PlanStatus, RunStatus
from providers.base import CreateClipInput
from tests.conftest import make_settings
from tests.fakes.postgres import create_database
from tests.fakes.wires.core import KEY, Answer, Call, Fault, Refusal, Refused, WireServer
from tests.fakes.wires.openai import OpenAIWire
from tests.fakes.wires.runway import RunwayWire

LINE = "The lamp is lit before dawn."
RETRIED = RepairInstruction(strategy=RepairStrategy.RETRY, reason="It is asked for once more.")


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Apps on one folder whose engine is never started; every further one is the process after a restart."""
    apps: list[App] = []

    def open_with(**values: Any) -> App:
        apps.append(build(make_settings(tmp_path / "data", **values), is_durable=False))
        return apps[-1]

    yield open_with
    for app in apps:
        app.stop()


class HookedWire(OpenAIWire):
    """``before`` sees each call first and may take its time, or raise."""

    def __init__(self, before: Callable[[Call], None]) -> None:
        super().__init__()
        self._before = before

    def answer(self, call: Call, server: WireServer) -> Answer:
        self._before(call)
        return super().answer(call, server)


def serve(clip: Path, wire: Any = None) -> WireServer:
    server = WireServer(wire or OpenAIWire(), clip=clip)
    server.is_instant = True
    return server


def sora(server: WireServer) -> dict[str, str]:
    return {"sora_base_url": server.base_url, "sora_api_key": KEY}


def make_plan(app: App, *, provider: str = "sora", budget_usd: float | None = None, language: str = "en") -> str:
    settings = ProjectSettings(provider=provider, budget_usd=budget_usd)
    project_id = app.service.create_project(settings=settings)
    return app.service.create_plan(project_id, script=LINE, brief=ContentBrief(language=language))


def begin(app: App, plan_id: str) -> tuple[str, int]:
    """(clip id, generation) of the plan's first clip, as a plan flow would start it."""
    with app.database.write() as session:
        plan = fetch(session, PlanRow, plan_id)
        plan.status = PlanStatus.RUNNING
        return plan.clips[0].id, plan.clips[0].generation


def revive(app: App, clip_id: str) -> int:
    """A person's Retry, as far as the rows are concerned."""
    from orchestrator import decisions

    with app.database.write() as session:
        clip = fetch(session, ClipRow, clip_id)
        decisions.revive(clip)
        return clip.generation


def add_settled_take(app: App, clip_id: str, *, line: str = LINE) -> str:
    """An earlier take that has a video and did not pass."""
    with app.database.write() as session:
        clip = fetch(session, ClipRow, clip_id)
        request = CreateClipInput(key=new_id(), prompt="p", model="sora-2", seconds=4, size="1280x720", line=line)
        asset = AssetRow(
            id=new_id(), project_id=clip.plan.project_id, kind="take", storage_key=new_id(), sha256="", size_bytes=1,
            mime="video/mp4",
        )  # fmt: skip
        session.add(asset)
        session.flush()
        session.add(
            RunRow(
                id=request.key, clip_id=clip.id, attempt=1, status=RunStatus.SETTLED, provider="sora", model="sora-2",
                request=request.model_dump(mode="json"), asset_id=asset.id, repair=RETRIED.model_dump(mode="json"),
            )
        )  # fmt: skip
        return request.key


def hold(app: App, *, seconds: float) -> None:
    """The provider asked for patience a moment ago."""
    turns = app.flows.clips.generator._providers["sora"]._turns  # pyright: ignore
    turns._held_until = time.monotonic() + seconds


async def test_a_finished_take_is_kept_when_the_first_look_after_a_long_stop_fails(
    open_app: Callable[..., App], mp4: Path
) -> None:
    with serve(mp4) as server:
        app = open_app(**sora(server))
        clip_id, generation = begin(app, make_plan(app))
        run_id = await app.flows.clips.craft(clip_id, generation)
        assert await app.flows.clips.create(run_id, generation)
        with app.database.write() as session:
            session.execute(update(ProviderCallRow).values(accepted_at=utc_now() - timedelta(hours=2)))
        server.fault = Fault.POLL_LIMITED
        assert await app.flows.clips.wait(run_id)
        assert len(server.charges) == 1


async def test_a_generation_that_cannot_be_read_at_once_is_looked_for_again(
    open_app: Callable[..., App], mp4: Path
) -> None:
    misses = iter([True])

    def miss_once(call: Call) -> None:
        if call.method == "GET" and next(misses, False):
            raise Refused(Refusal.NOT_FOUND)

    with serve(mp4, HookedWire(miss_once)) as server:
        app = open_app(**sora(server))
        clip_id, generation = begin(app, make_plan(app))
        run_id = await app.flows.clips.craft(clip_id, generation)
        assert await app.flows.clips.create(run_id, generation)
        assert await app.flows.clips.wait(run_id)


async def test_a_take_the_provider_does_not_know_stays_open_for_a_person(
    open_app: Callable[..., App], mp4: Path
) -> None:
    with serve(mp4) as server:
        app = open_app(**sora(server))
        clip_id, generation = begin(app, make_plan(app))
        run_id = await app.flows.clips.craft(clip_id, generation)
        assert await app.flows.clips.create(run_id, generation)
        with app.database.write() as session:
            session.execute(update(ProviderCallRow).values(accepted_at=utc_now() - timedelta(minutes=5)))
        server.made[server.charges[0].id].is_forgotten = True
        with pytest.raises(TakeNotFetched, match="does not know this take"):
            await app.flows.clips.wait(run_id)
        server.made[server.charges[0].id].is_forgotten = False  # the key was another account's; it is set back
        generation = revive(app, clip_id)
        assert await app.flows.clips.craft(clip_id, generation) == run_id
        assert await app.flows.clips.create(run_id, generation) and await app.flows.clips.wait(run_id)
        assert len(server.charges) == 1


async def test_a_paid_take_is_not_asked_for_at_another_server(open_app: Callable[..., App], mp4: Path) -> None:
    with serve(mp4) as first, serve(mp4) as second:
        app = open_app(**sora(first))
        clip_id, generation = begin(app, make_plan(app))
        run_id = await app.flows.clips.craft(clip_id, generation)
        assert await app.flows.clips.create(run_id, generation)
        restarted = open_app(**sora(second))
        for step in (restarted.flows.clips.wait(run_id), restarted.flows.clips.fetch(run_id, generation)):
            with pytest.raises(Conflict, match="Set the base URL back"):
                await step
        assert not second.calls


async def test_a_take_not_sent_yet_goes_to_the_server_that_is_set_now(open_app: Callable[..., App], mp4: Path) -> None:
    with serve(mp4) as first, serve(mp4) as second:
        app = open_app(**sora(first))
        clip_id, generation = begin(app, make_plan(app))
        run_id = await app.flows.clips.craft(clip_id, generation)
        restarted = open_app(**sora(second))
        assert await restarted.flows.clips.create(run_id, generation)
        assert await restarted.flows.clips.create(run_id, generation), "the step may be run again"
        with restarted.database.read() as session:
            endpoints = {fetch(session, RunRow, run_id).endpoint, *session.scalars(select(ProviderCallRow.endpoint))}
        assert endpoints == {second.base_url}


async def test_an_error_of_a_step_that_was_run_again_does_not_outlive_its_success(
    open_app: Callable[..., App], mp4: Path
) -> None:
    with serve(mp4) as server:
        app = open_app(**sora(server))
        clip_id, generation = begin(app, make_plan(app))
        run_id = await app.flows.clips.craft(clip_id, generation)
        hold(app, seconds=60)
        assert not await app.flows.clips.create(run_id, generation)  # noted on the take; the process dies here
        hold(app, seconds=0)
        assert await app.flows.clips.create(run_id, generation) and await app.flows.clips.wait(run_id)
        with app.database.read() as session:
            run = fetch(session, RunRow, run_id)
            assert (run.error_code, run.error_message, run.retry_after_seconds) == ("", "", None)


async def test_a_take_that_nobody_needs_any_more_is_not_bought(open_app: Callable[..., App], mp4: Path) -> None:
    with serve(mp4) as server:
        app = open_app(**sora(server))
        clip_id, generation = begin(app, make_plan(app))
        earlier = add_settled_take(app, clip_id)
        run_id = await app.flows.clips.craft(clip_id, generation)
        hold(app, seconds=1.5)
        creating = asyncio.create_task(app.flows.clips.create(run_id, generation))
        await asyncio.sleep(0.3)
        app.service.approve_take(earlier, reason="Good enough")
        assert not await creating
        settled = await app.flows.clips.settle(run_id, generation)
        assert (settled["status"], settled["is_retry"]) == (ClipStatus.PASSED, False)
        assert not server.charges


async def test_the_budget_that_counts_is_the_one_of_the_moment_of_paying(
    open_app: Callable[..., App], mp4: Path
) -> None:
    with serve(mp4) as server:
        app = open_app(**sora(server))
        plan_id = make_plan(app, budget_usd=10)
        clip_id, generation = begin(app, plan_id)
        run_id = await app.flows.clips.craft(clip_id, generation)
        hold(app, seconds=1.5)
        creating = asyncio.create_task(app.flows.clips.create(run_id, generation))
        await asyncio.sleep(0.3)
        project_id = app.views.plan(plan_id).project_id
        app.service.update_project(project_id, settings=ProjectSettings(provider="sora", budget_usd=0.01))
        assert not await creating
        await app.flows.clips.settle(run_id, generation)
        plan = app.views.plan(plan_id)
        assert (plan.status, len(server.charges)) == (PlanStatus.PAUSED, 0)
        assert "$0.01" in plan.reason


async def test_a_second_flow_waits_for_the_first_request_of_the_same_take(
    open_app: Callable[..., App], mp4: Path
) -> None:
    with serve(mp4, HookedWire(lambda call: time.sleep(2) if call.method == "POST" else None)) as server:
        app = open_app(**sora(server))
        inner = app.flows.clips.generator._providers["sora"]._inner  # pyright: ignore
        inner.profile = inner.profile.model_copy(update={"reconcile_grace_seconds": 0.3})
        clip_id, generation = begin(app, make_plan(app))
        earlier = add_settled_take(app, clip_id)
        run_id = await app.flows.clips.craft(clip_id, generation)
        first = asyncio.create_task(app.flows.clips.create(run_id, generation))
        await asyncio.sleep(0.3)
        app.service.approve_take(earlier, reason="Good enough")
        later = revive(app, clip_id)
        assert await app.flows.clips.craft(clip_id, later) == run_id
        assert await asyncio.gather(first, app.flows.clips.create(run_id, later)) == [True, True]
        assert len(server.charges) == 1


async def test_a_take_of_words_the_clip_has_no_more_cannot_be_approved(open_app: Callable[..., App]) -> None:
    app = open_app()
    clip_id, _ = begin(app, make_plan(app, provider="mock"))
    earlier = add_settled_take(app, clip_id, line="The lamp is lit before dawn, and the boats go out.")
    with pytest.raises(Conflict, match="split"):
        app.service.approve_take(earlier, reason="It was good")


async def test_a_silent_take_that_could_not_be_narrated_goes_to_a_person(
    open_app: Callable[..., App], mp4: Path
) -> None:
    with serve(mp4, RunwayWire()) as server:
        app = open_app(runway_base_url=server.base_url, runway_api_key=KEY)
        clip_id, generation = begin(app, make_plan(app, provider="runway", language="fr"))
        run_id = await app.flows.clips.craft(clip_id, generation)
        assert await app.flows.clips.create(run_id, generation) and await app.flows.clips.wait(run_id)
        await app.flows.clips.fetch(run_id, generation)
        settled = await app.flows.clips.settle(run_id, generation)
        assert settled["status"] == ClipStatus.NEEDS_REVIEW
        assert "could not be narrated" in app.views.takes(clip_id)[0].repair_reason


def test_a_person_s_decision_at_the_moment_of_settling_is_kept(open_app: Callable[..., App], postgres_url: str) -> None:
    app = open_app(database_url=create_database(postgres_url, f"settling_{new_id().replace('-', '')}"))
    clip_id, generation = begin(app, make_plan(app, provider="mock"))
    earlier = add_settled_take(app, clip_id)
    run_id = asyncio.run(app.flows.clips.craft(clip_id, generation))
    with app.database.write() as session:
        fetch(session, RunRow, run_id).error_code = "generation_failed"
    with app.database.write() as session:
        lock_run(session, run_id)  # somebody is about to settle ...
        approving = threading.Thread(target=app.service.approve_take, args=(earlier,), kwargs={"reason": "Good"})
        approving.start()
        approving.join(timeout=0.5)
        assert approving.is_alive(), "the decision waits for its turn"
    approving.join(timeout=10)
    assert asyncio.run(app.flows.clips.settle(run_id, generation))["is_retry"] is False
    with app.database.read() as session:
        clip = fetch(session, ClipRow, clip_id)
        assert (clip.status, clip.accepted_run_id) == (ClipStatus.PASSED, earlier)
