"""What no flow looks after any more is found and taken up again, at launch and while the app runs."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from orchestrator.db.models import ClipRow, PlanRow, ProviderCallRow, RenderRow, RunRow
from orchestrator.db.queries import takes_turn
from orchestrator.db.records import fetch
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus
from orchestrator.schema.view import PlanView
from orchestrator.watchdog import PATIENCE_SECONDS, Quiet, Watchdog, flows_of
from tests.fakes.postgres import create_database
from tests.fakes.swift import House, Obedient, open_house

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def in_engine(folder: Path, statement: str, *values: str) -> list[str]:
    """Ask the engine's tables, or change what it believes, as a crash of its own might."""
    with closing(sqlite3.connect(folder / "data" / "engine.sqlite3", timeout=30, isolation_level=None)) as connection:
        return [row[0] for row in connection.execute(statement, values)]


def restless(house: House) -> Watchdog:
    """A watchdog without any patience."""
    return Watchdog(
        house.app.database, house.app.engine, recover=house.app.service.recover, deadlines_seconds={},
        patience_seconds=0.0,
    )  # fmt: skip


def takes(plan: PlanView) -> list[int]:
    return [clip.attempts for clip in plan.clips]


def under_way(count: int) -> Callable[[PlanView], bool]:
    """Until so many clips are with their provider."""
    return lambda plan: plan.creates == count == sum(c.status == ClipStatus.GENERATING for c in plan.clips)


# --- who is overdue ---


def make_plan(*, changed_at: datetime = NOON, clips: list[ClipRow] | None = None) -> PlanRow:
    return PlanRow(id="p", flow_generation=2, updated_at=changed_at, clips=clips or [])


def make_clip(status: ClipStatus, *, changed_at: datetime = NOON, runs: list[RunRow] | None = None) -> ClipRow:
    return ClipRow(id="c", generation=3, status=status, updated_at=changed_at, runs=runs or [])


def test_a_clip_is_overdue_after_its_provider_s_deadline_and_what_may_follow() -> None:
    run = RunRow(id="r", provider="slow", updated_at=NOON)
    plan = make_plan(clips=[make_clip(ClipStatus.GENERATING, runs=[run])])
    clip, own = flows_of(plan, {}, deadlines_seconds={"slow": 1800.0, "quick": 60.0})
    assert (clip.flow_id, own.flow_id) == ("clip:c:3", "plan:p:2")
    allowed = timedelta(seconds=1800 + PATIENCE_SECONDS)
    assert not clip.is_overdue(NOON + allowed) and clip.is_overdue(NOON + allowed + timedelta(seconds=1))


@pytest.mark.parametrize("sign", ["plan", "clip", "run", "sent", "finished"])
def test_any_newer_sign_of_life_counts(sign: str) -> None:
    later = NOON + timedelta(hours=1)
    run = RunRow(id="r", provider="slow", updated_at=later if sign == "run" else NOON)
    clip = make_clip(ClipStatus.GENERATING, changed_at=later if sign == "clip" else NOON, runs=[run])
    plan = make_plan(changed_at=later if sign == "plan" else NOON, clips=[clip])
    sent_at, finished_at = later if sign == "sent" else NOON, later if sign == "finished" else None
    calls = {"r": ProviderCallRow(sent_at=sent_at, finished_at=finished_at)}
    assert {flow.changed_at for flow in flows_of(plan, calls, deadlines_seconds={})} == {later}


def test_a_settled_clip_is_nobody_s_to_move() -> None:
    plan = make_plan(clips=[make_clip(ClipStatus.PASSED), make_clip(ClipStatus.NEEDS_REVIEW)])
    assert [flow.flow_id for flow in flows_of(plan, {}, deadlines_seconds={})] == ["plan:p:2"]


def test_a_clock_that_went_back_makes_nothing_overdue() -> None:
    assert not Quiet("f", changed_at=NOON, allowed_seconds=0.0).is_overdue(NOON - timedelta(hours=3))


# --- on real flows ---


@pytest.mark.timeout(120)
def test_a_clip_that_nobody_works_on_is_taken_up_and_live_ones_are_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    provider = Obedient()
    provider.held.add("")  # everything
    with open_house(tmp_path, provider=provider, is_durable=True, max_concurrent_clips=2) as house:
        plan_id = house.make_plan()
        house.app.service.start_plan(plan_id)
        house.wait(plan_id, under_way(2))
        assert restless(house).look() == [], "two are at work and one waits for its turn"
        waiting = next(clip for clip in house.plan(plan_id).clips if clip.status == ClipStatus.PENDING)
        in_engine(
            tmp_path,
            "update workflow_status set status = 'PENDING', started_at_epoch_ms = 1, updated_at = 1 "
            "where workflow_uuid like ?",
            f"clip:{waiting.id}:%",
        )
        provider.held.clear()
        house.wait(plan_id, lambda plan: plan.passed == 2)
        assert house.app.watchdog.look() == [], "it may only be slow"
        with caplog.at_level(logging.WARNING):
            assert restless(house).look() == [f"clip:{waiting.id}:1"]
        assert "had not changed since" in caplog.text
        plan = house.wait(plan_id)
    assert (plan.status, takes(plan), len(provider.made)) == (PlanStatus.COMPLETED, [1, 1, 1], 3)


@pytest.mark.timeout(120)
def test_a_plan_that_has_no_flow_gets_one_while_the_app_runs(tmp_path: Path) -> None:
    with open_house(tmp_path, is_durable=True) as house:
        plan_id = house.make_plan()
        with house.app.database.write() as session:  # as if the process had died right after a click on Start
            plan = fetch(session, PlanRow, plan_id)
            plan.status, plan.is_parked, plan.flow_generation = PlanStatus.RUNNING, False, 1
        house.app.watchdog.look()
        assert house.wait(plan_id).status == PlanStatus.COMPLETED


@pytest.mark.timeout(120)
def test_a_clip_whose_flow_ended_only_because_the_process_stopped_goes_on_with_the_take_that_is_paid(
    tmp_path: Path,
) -> None:
    provider = Obedient()
    provider.held.add("lamp")
    with open_house(tmp_path, provider=provider, is_durable=True) as house:
        plan_id = house.make_plan()
        house.app.service.start_plan(plan_id)
        house.wait(plan_id, lambda plan: plan.passed == 2 and plan.creates == 3)
        clip_id = house.plan(plan_id).clips[0].id
    flow_id = f"clip:{clip_id}:1"
    error = {"name": "RuntimeError", "message": "cannot schedule new futures after shutdown"}
    in_engine(tmp_path, "update workflow_status set status = 'ERROR' where workflow_uuid = ?", flow_id)
    in_engine(tmp_path, "insert into workflow_output (workflow_uuid, error) values (?, ?)", flow_id, json.dumps(error))
    provider.held.clear()
    with open_house(tmp_path, provider=provider, is_durable=True) as house:
        plan = house.wait(plan_id)
    assert (plan.status, takes(plan), len(provider.made)) == (PlanStatus.COMPLETED, [1, 1, 1], 3)


def test_a_clip_whose_flow_is_at_work_is_left_to_it(tmp_path: Path) -> None:
    provider = Obedient()
    provider.held.add("")  # everything
    with open_house(tmp_path, provider=provider) as house:
        plan_id = house.make_plan()
        house.app.service.start_plan(plan_id)
        house.wait(plan_id, under_way(3))
        clip_id = house.plan(plan_id).clips[0].id
        assert asyncio.run(house.app.flows.clips.end_broken(clip_id, 1)) == ClipStatus.GENERATING
        provider.held.clear()
        plan = house.wait(plan_id)
    assert (plan.status, takes(plan), len(provider.made)) == (PlanStatus.COMPLETED, [1, 1, 1], 3)


@pytest.mark.timeout(120)
def test_a_plan_whose_flow_broke_is_taken_up_at_launch(tmp_path: Path) -> None:
    provider = Obedient()
    provider.held.add("lamp")
    with open_house(tmp_path, provider=provider, is_durable=True) as house:
        plan_id = house.make_plan()
        house.app.service.start_plan(plan_id)
        house.wait(plan_id, lambda plan: plan.passed == 2 and plan.creates == 3)
    in_engine(tmp_path, "update workflow_status set status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' where name = 'plan'")
    provider.held.clear()
    with open_house(tmp_path, provider=provider, is_durable=True) as house:
        plan = house.wait(plan_id)
    assert (plan.status, takes(plan), len(provider.made)) == (PlanStatus.COMPLETED, [1, 1, 1], 3)


@pytest.mark.timeout(180)
def test_everything_is_taken_up_from_our_tables_alone_when_the_engine_has_lost_its_memory(tmp_path: Path) -> None:
    provider = Obedient(refunds=False)
    settings = {"provider": provider, "is_durable": True, "max_concurrent_clips": 1}
    with open_house(tmp_path, **settings) as house:
        film_id = house.make_plan()
        house.cinema.clear()
        house.app.service.start_plan(film_id)
        house.wait(film_id, lambda plan: plan.render is not None and plan.passed == 3)
        provider.held.add("")  # everything
        running_id, paused_id, cancelled_id = (house.make_plan() for _ in range(3))
        for plan_id in (running_id, paused_id, cancelled_id):
            house.app.service.start_plan(plan_id)
            house.wait(plan_id, under_way(1))
        house.app.service.pause_plan(paused_id)
        house.app.service.cancel_plan(cancelled_id)
        while in_engine(tmp_path, "select status from workflow_status where name = 'cancel'") != ["SUCCESS"]:
            time.sleep(0.05)
        paid = len(provider.made)
    assert paid == 3 + 3
    for path in (tmp_path / "data").glob("engine.sqlite3*"):
        path.unlink()
    provider.held.clear()
    with open_house(tmp_path, **settings) as house:
        film, running = house.wait(film_id), house.wait(running_id)
        assert (film.status, takes(film)) == (PlanStatus.COMPLETED, [1, 1, 1])
        assert film.render is not None and film.render.status == RenderStatus.DONE
        assert (running.status, takes(running)) == (PlanStatus.COMPLETED, [1, 1, 1])
        paused = house.wait(paused_id, lambda plan: plan.passed == 1)
        assert (paused.status, sum(takes(paused))) == (PlanStatus.PAUSED, 1), "the take that is paid is finished"
        cancelled = house.plan(cancelled_id)
        assert (cancelled.status, cancelled.passed) == (PlanStatus.CANCELLED, 0)
        assert len(provider.made) == paid + 2
        with house.app.database.read() as session:
            assert len(session.scalars(select(RenderRow)).all()) == 2
        house.app.service.start_plan(paused_id)
        assert house.wait(paused_id).status == PlanStatus.COMPLETED
        house.app.watchdog.look()
        assert len(provider.made) == paid + 4


@pytest.mark.timeout(120)
def test_a_film_that_was_cut_off_says_so_and_one_that_is_done_meanwhile_stays_done(tmp_path: Path) -> None:
    with open_house(tmp_path, is_durable=True) as house:
        plan_id = house.make_plan()
        film = house.run(plan_id).render
        assert film is not None and film.status == RenderStatus.DONE
        house.app.watchdog.look()
        assert house.plan(plan_id).render == film
        with house.app.database.write() as session:
            session.execute(update(RenderRow).values(status=RenderStatus.RENDERING))
        house.app.watchdog.look()
        cut_off = house.plan(plan_id).render
    assert cut_off is not None and cut_off.status == RenderStatus.FAILED
    assert "Render the film again" in cut_off.error


@pytest.mark.timeout(120)
def test_one_process_looks_at_a_time_on_a_shared_database(tmp_path: Path, postgres_url: str) -> None:
    url = create_database(postgres_url, "watched")
    with open_house(tmp_path, is_durable=True, database_url=url) as house:
        plan_id = house.make_plan()
        with house.app.database.write() as session:
            plan = fetch(session, PlanRow, plan_id)
            plan.status, plan.is_parked, plan.flow_generation = PlanStatus.RUNNING, False, 1
        with house.app.database.read() as session:
            assert takes_turn(session)  # another process
            house.app.watchdog.look()
            time.sleep(0.5)
            assert house.plan(plan_id).creates == 0
        house.app.watchdog.look()
        assert house.wait(plan_id).status == PlanStatus.COMPLETED
