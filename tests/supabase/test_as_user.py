"""The app acting as one who is signed in: row security decides, directly and behind a pooler in transaction mode."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from orchestrator.db.models import ClipRow, ProjectRow, RunRow
from orchestrator.db.session import Database, open_database
from orchestrator.errors import NotAllowed, NotConfigured
from tests.fakes.pooler import PGBOUNCER, pooled
from tests.supabase.world import CREATOR, OWNER, REVIEWER, STRANGER, VIEWER, World


@pytest.fixture(params=["direct", "pooled"])
def database(request: pytest.FixtureRequest, world: World, secured_url: str, tmp_path: Path) -> Iterator[Database]:
    if request.param == "direct":
        database = open_database(secured_url, data_dir=tmp_path)
        yield database
        database.close()
        return
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed")
    with pooled(secured_url) as url:
        database = open_database(url, data_dir=tmp_path)
        yield database
        database.close()


def projects(database: Database) -> set[str]:
    with database.read() as session:
        return {row.id for row in session.query(ProjectRow)}


def test_users_see_their_projects_and_the_worker_all(database: Database, world: World) -> None:
    mine, other = world.ids["video_projects"], world.other_ids["video_projects"]
    for user, seen in ((OWNER, {mine}), (VIEWER, {mine}), (STRANGER, {other})):
        assert projects(database.as_user({"sub": user})) == seen
        assert projects(database) == {mine, other}


def test_what_is_not_theirs_to_do_is_refused_in_our_words(database: Database, world: World) -> None:
    reviewer = database.as_user({"sub": REVIEWER})
    with pytest.raises(NotAllowed, match="Nothing was changed") as refusal, reviewer.write() as session:
        session.get_one(RunRow, world.ids["clip_runs"]).status = "settled"
    assert "clip_runs" not in str(refusal.value)
    with pytest.raises(NotAllowed), database.as_user({"sub": VIEWER}).write() as session:
        session.add(ProjectRow(name="x", settings={}, owner_id=OWNER))


def test_a_reviewer_locks_a_take_and_decides(database: Database, world: World) -> None:
    run_id = world.ids["clip_runs"]
    with database.as_user({"sub": REVIEWER}).write() as session:
        run = session.get_one(RunRow, run_id, with_for_update=True)
        run.clip.accepted_run_id, run.clip.reason = run.id, "seen"
    with database.read() as session:
        assert session.get_one(ClipRow, world.ids["clip_plan_clips"]).accepted_run_id == run_id


def test_a_user_s_write_is_news_to_everybody_of_this_process(database: Database, world: World) -> None:
    creator, before = database.as_user({"sub": CREATOR}), database.state
    with creator.write() as session:
        session.get_one(ProjectRow, world.ids["video_projects"]).name = "Renamed"
    assert database.state is creator.state is not before


def test_many_at_once_never_see_as_somebody_else(database: Database, world: World) -> None:
    wanted = {OWNER: {world.ids["video_projects"]}, STRANGER: {world.other_ids["video_projects"]}}

    def look(number: int) -> bool:
        user = (OWNER, STRANGER)[number % 2]
        return projects(database.as_user({"sub": user})) == wanted[user]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(look, range(80)))
    with database.read() as session:
        who = session.execute(text("select current_user::text, current_setting('request.jwt.claims', true)")).one()
    assert who[0] == "postgres" and not who[1]


def test_a_transaction_that_breaks_off_leaves_no_role_behind(database: Database, world: World) -> None:
    with pytest.raises(RuntimeError), database.as_user({"sub": VIEWER}).read() as session:
        session.query(ProjectRow).all()
        raise RuntimeError
    assert len(projects(database)) == 2


def test_sqlite_cannot_keep_users_apart_and_says_so(tmp_path: Path) -> None:
    database = open_database("", data_dir=tmp_path)
    with pytest.raises(NotConfigured, match="needs Postgres"):
        database.as_user({"sub": OWNER})
    database.close()
