"""A take or a film that ends the whole process every time is left alone after a few times; everything else goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from orchestrator.bootstrap import build
from orchestrator.db.models import RunRow
from orchestrator.db.records import fetch
from orchestrator.db.session import Database
from orchestrator.engine_dbos import MAX_RECOVERIES
from orchestrator.errors import EndsTheApp
from orchestrator.perception.base import Heard
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.steps.perils import MAX_CRASHES, Perils
from tests.conftest import make_settings
from tests.fakes.doomed import Death, KillingServer, Moment, live
from tests.fakes.paid import add_calls

BAD = "poison"
SCRIPT = "The lamp is lit before dawn. Somebody spilled the poison here. Now the heavy door opens wide."


def crashes(data: Path) -> list[int]:
    """Of all takes and renders."""
    with closing(sqlite3.connect(data / "orchestrator.sqlite3")) as connection:
        query = "select crashes from clip_runs union all select crashes from final_renders"
        return sorted(count for (count,) in connection.execute(query))


def pretend_crashes(data: Path, table: str, count: int) -> None:
    """As if it had ended the process that often."""
    with closing(sqlite3.connect(data / "orchestrator.sqlite3", isolation_level=None)) as connection:
        connection.execute(f"update {table} set crashes = {count} where crashes > 0")


def clips_of(report: dict[str, Any] | None) -> tuple[list[str], list[list[str]]]:
    """Of a film's report: what became of the bad clip, and of the others."""
    assert report is not None, "it ended again"
    bad = next(line for line in report["clips"] if BAD in line)
    return report["clips"][bad], [end for line, end in report["clips"].items() if line != bad]


@pytest.mark.timeout(300)
def test_a_take_that_ends_the_app_whenever_it_is_assessed_is_given_up_and_the_others_pass(
    tmp_path: Path, short_clip: Path
) -> None:
    data = tmp_path / "data"
    with KillingServer(tmp_path / "server", clip=short_clip) as server:
        lives = 0
        while (report := live(data, server, film=SCRIPT, dies=Death.ASSESSING, word=BAD)) is None:
            lives += 1
            assert lives <= MAX_CRASHES
        assert lives == MAX_CRASHES
        bad, others = clips_of(report)
        reason = f"The app ended {MAX_CRASHES} times while this take was being assessed, so that was given up."
        assert bad == ["failed", f"{reason} Retry goes on from here."]
        assert others == [["passed", ""]] * len(others) and others
        charges = len(server.charges())
        report = live(data, server, film=SCRIPT)  # what was wrong is mended, and the film is asked for again
        assert clips_of(report)[0] == ["passed", ""] and report and report["status"] == "completed"
        assert len(server.charges()) == charges == len(report["clips"]), "the take that was paid is used"


@pytest.mark.timeout(300)
def test_a_take_that_ends_the_app_whenever_it_is_fetched_is_given_up(tmp_path: Path, short_clip: Path) -> None:
    data = tmp_path / "data"
    with KillingServer(tmp_path / "server", clip=short_clip, moment=Moment.FETCHED, word=BAD) as server:
        assert live(data, server, film=SCRIPT) is None and max(crashes(data)) == 1
        pretend_crashes(data, "clip_runs", MAX_CRASHES)
        bad, _ = clips_of(live(data, server, film=SCRIPT))
        assert bad[0] == "failed" and "while this take was being fetched" in bad[1]
        assert server.kills == 1


@pytest.mark.timeout(300)
def test_a_film_that_ends_the_app_whenever_it_is_made_is_given_up(tmp_path: Path, short_clip: Path) -> None:
    data = tmp_path / "data"
    with KillingServer(tmp_path / "server", clip=short_clip) as server:
        assert live(data, server, film=SCRIPT, dies=Death.RENDERING) is None
        assert crashes(data)[-2:] == [0, 1]
        pretend_crashes(data, "final_renders", MAX_CRASHES)
        report = live(data, server, film=SCRIPT, dies=Death.RENDERING)
        assert report is not None and (report["status"], report["film"]["status"]) == ("incomplete", "failed")
        assert "while this film was being made" in report["film"]["error"]
        report = live(data, server, film=SCRIPT)
        assert report is not None and report["status"] == "completed"


@pytest.mark.timeout(300)
def test_a_clip_that_the_engine_gave_up_says_so(tmp_path: Path, short_clip: Path) -> None:
    data = tmp_path / "data"
    with KillingServer(tmp_path / "server", clip=short_clip, moment=Moment.POLLED, word=BAD) as server:
        assert live(data, server, film=SCRIPT) is None
        with closing(sqlite3.connect(data / "engine.sqlite3", isolation_level=None)) as connection:
            connection.execute(f"update workflow_status set recovery_attempts = {MAX_RECOVERIES + 1} where name='clip'")
        server.moment = None
        bad, _ = clips_of(live(data, server, film=SCRIPT))
        assert bad[0] == "failed" and "again and again" in bad[1] and "Retry goes on from here" in bad[1]
        report = live(data, server, film=SCRIPT)
        assert report is not None and report["status"] == "completed"
        assert len(server.charges()) == len(report["clips"])


# --- how it is counted ---


class Waiting:
    """A listener that never comes to an end."""

    missing = ""

    async def transcribe(self, samples: Any, *, language: str, expected: str = "") -> Heard:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("is_durable", [True, False])
def test_a_take_in_hand_is_not_blamed_when_the_app_is_stopped(tmp_path: Path, is_durable: bool) -> None:
    app = build(make_settings(tmp_path / "data"), is_durable=is_durable, listener=Waiting())
    app.start()
    wanted = ProjectSettings(size="320x180")
    app.service.open_film(script=SCRIPT[:60], brief=ContentBrief(), settings=wanted, name="", is_new=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "data" / "orchestrator.sqlite3").exists() or sum(crashes(tmp_path / "data")) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    app.stop()
    assert sum(crashes(tmp_path / "data")) == 0


@pytest.fixture
def takes(database: Database) -> tuple[Perils, list[str]]:
    """Three takes, and what counts on them."""
    return Perils(database), [call.run_id for call in add_calls(database, clips=3)]


def count(perils: Perils, run_id: str) -> int:
    with perils._database.read() as session:
        return fetch(session, RunRow, run_id).crashes


def set_count(perils: Perils, run_id: str, crashes: int) -> None:
    with perils._database.write() as session:
        session.execute(update(RunRow).where(RunRow.id == run_id).values(crashes=crashes))


async def test_crashes_in_a_row_are_counted_and_forgotten_after_a_success(takes: tuple[Perils, list[str]]) -> None:
    perils, (run_id, *_) = takes
    set_count(perils, run_id, MAX_CRASHES - 1)
    async with perils.watch(RunRow, run_id, doing="it was tried"):
        assert count(perils, run_id) == MAX_CRASHES, "counted before the work"
    assert count(perils, run_id) == 0


async def test_an_error_that_the_process_outlives_is_no_crash(takes: tuple[Perils, list[str]]) -> None:
    perils, (run_id, *_) = takes
    set_count(perils, run_id, 2)
    with pytest.raises(RuntimeError):
        async with perils.watch(RunRow, run_id, doing="it was tried"):
            raise RuntimeError
    assert count(perils, run_id) == 0


async def test_a_cancelled_work_counts_neither_way(takes: tuple[Perils, list[str]]) -> None:
    perils, (run_id, *_) = takes
    set_count(perils, run_id, 2)
    with pytest.raises(asyncio.CancelledError):
        async with perils.watch(RunRow, run_id, doing="it was tried"):
            raise asyncio.CancelledError
    assert count(perils, run_id) == 2


async def test_what_is_asked_for_again_after_it_was_given_up_is_tried_again(takes: tuple[Perils, list[str]]) -> None:
    perils, (run_id, *_) = takes
    set_count(perils, run_id, MAX_CRASHES)
    with pytest.raises(EndsTheApp, match=f"ended {MAX_CRASHES} times while it was tried"):
        async with perils.watch(RunRow, run_id, doing="it was tried"):
            raise AssertionError
    async with perils.watch(RunRow, run_id, doing="it was tried"):
        assert count(perils, run_id) == 1


async def test_a_suspect_works_alone_so_that_the_others_are_not_blamed(takes: tuple[Perils, list[str]]) -> None:
    perils, (first, second, fresh) = takes
    for run_id in (first, second):
        set_count(perils, run_id, 1)
    begun: list[str] = []
    two_have_begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(run_id: str) -> None:
        async with perils.watch(RunRow, run_id, doing="it was tried"):
            begun.append(run_id)
            if len(begun) == 2:
                two_have_begun.set()
            await go_on.wait()

    works = [asyncio.create_task(work(run_id)) for run_id in (first, second, fresh)]
    await two_have_begun.wait()
    assert begun == [first, fresh] and count(perils, second) == 1
    go_on.set()
    await asyncio.gather(*works)
    assert begun == [first, fresh, second]
