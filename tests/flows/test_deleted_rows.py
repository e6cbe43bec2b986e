"""Rows that somebody deletes in the database while a flow is at work on them."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from orchestrator.db.models import new_id
from orchestrator.errors import DatabaseAway, NotFound
from orchestrator.schema.flow_id import plan_flow_id
from orchestrator.schema.status import PlanStatus
from tests.fakes.postgres import create_database
from tests.fakes.swift import House, open_house

LAMP, WATER, DOOR = "lamp", "water", "door"


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = ""
    if request.param == "postgres":
        url = create_database(request.getfixturevalue("postgres_url"), f"deleted_{new_id().replace('-', '')}")
    with open_house(tmp_path, database_url=url) as house:
        yield house


def delete_all(house: House, table: str) -> None:
    """As at an SQL prompt: where a deadlock with the flow is broken on this side, one asks again."""
    for _ in range(20):
        with contextlib.suppress(DatabaseAway), house.app.database.write() as session:
            session.execute(text(f"delete from {table}"))
            return
    pytest.fail("never the side that goes on")


def delete_under_way(house: House, table: str) -> str:
    """A plan whose rows went while all its clips were being made; its flow has ended."""
    house.provider.held |= {LAMP, WATER, DOOR}
    plan_id = house.make_plan()
    house.app.service.start_plan(plan_id)
    house.wait(plan_id, lambda plan: len(house.provider.made) == 3)
    delete_all(house, table)
    house.provider.held.clear()
    deadline = time.monotonic() + 60
    while not house.app.engine.is_finished(plan_flow_id(plan_id, 1)):
        assert time.monotonic() < deadline, "the flow still goes on"
        time.sleep(0.1)
    return plan_id


@pytest.mark.parametrize("table", ["video_projects", "clip_plans"])
def test_a_flow_ends_quietly_when_its_plan_is_gone(house: House, table: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="orchestrator")  # another test may have set its level
    plan_id = delete_under_way(house, table)
    with pytest.raises(NotFound):
        house.plan(plan_id)
    assert len(house.provider.made) == 3, "nothing was asked for again"
    assert not [record for record in caplog.records if record.exc_info], "a deletion is no fault of ours"
    assert any(record.levelno == logging.INFO and "deleted" in record.message for record in caplog.records)
    house.app.service.recover()


def test_a_plan_whose_clips_are_gone_comes_to_an_end(house: House) -> None:
    plan = house.plan(delete_under_way(house, "clip_plan_clips"))
    assert (plan.status, plan.clips, plan.progress) == (PlanStatus.INCOMPLETE, (), 0.0)
    with pytest.raises(NotFound, match="no clip"):
        house.app.service.retry_clip(new_id())
