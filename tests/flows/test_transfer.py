"""The command that moves a workspace: there and back, killed and run again, and every place that cannot be used."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from sqlalchemy import insert, update
from typer.testing import CliRunner

from orchestrator.__main__ import cli
from orchestrator.db.models import LOCAL_OWNER, AssetRow, EditRow, PlanRow, ProjectRow, new_id, utc_now
from orchestrator.db.session import Database, open_database
from tests.fakes.postgres import create_database
from tests.unit.rows import add_clip, add_film, add_project

ROOT = Path(__file__).resolve().parents[2]
AT = utc_now()
SECRET = "s3cret-word"
EDITS, FILES = 12_000, 400
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``transfer`` in this test's own workspace; extra settings by keyword."""

    def invoke(*arguments: str, **settings: str) -> Result:
        return CliRunner().invoke(cli, ["transfer", *arguments], env={"DATA_DIR": str(tmp_path / "data"), **settings})

    return invoke


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Database]:
    """What is in DATA_DIR: two projects with their takes and films, one of them with a file."""
    folder = tmp_path / "data"
    folder.mkdir()
    database = open_database("", data_dir=folder)
    for name in ("Lamp", "Tea"):
        project_id = add_project(database, AT, name=name)
        add_clip(database, project_id, AT, takes=("fail", "pass"))
    add_film(database, project_id, AT)
    add_files(database, project_id, folder / "assets", count=1)
    yield database
    database.close()


@pytest.fixture
def server(postgres_url: str) -> str:
    return create_database(postgres_url, unique("moved"))


def unique(name: str) -> str:
    return f"{name}_{new_id().replace('-', '')}"


def add_files(database: Database, project_id: str, folder: Path, *, count: int) -> None:
    rows = []
    for number in range(count):
        key, content = f"{project_id}/{new_id()}.mp4", f"take {number}".encode() * 1000
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(content)
        asset = {"id": new_id(), "project_id": project_id, "kind": "video", "storage_key": key, "mime": "video/mp4"}
        rows.append({**asset, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)})
    with database.write() as session:
        session.execute(insert(AssetRow), rows)


def count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.execute(f"select count(*) from {table}").fetchall()[0][0]  # pyright: ignore


def assert_refused(result: Result, *words: str, exit_code: int = 2) -> None:
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output and SECRET not in result.output
    for word in words:
        assert word in result.stderr


# --- there and back ---


def test_a_workspace_goes_to_a_server_and_comes_back(
    run: Run, workspace: Database, server: str, tmp_path: Path
) -> None:
    shared, fresh = tmp_path / "shared", tmp_path / "fresh" / "orchestrator.sqlite3"
    settings = {"DATABASE_URL": server, "ASSETS_DIR": str(shared)}
    there = run("--to", "DATABASE_URL", "--assets", "--json", **settings)
    assert there.exit_code == 0, there.output
    report = json.loads(there.stdout)
    assert report["is_verified"] and report["copied"] == report["rows"] > 20
    assert report["source"] == str(tmp_path / "data" / "orchestrator.sqlite3")
    assert report["files"] == {**report["files"], "how": "copied", "files": 2, "copied": 1, "damaged": []}
    assert len(report["files"]["missing"]) == 1  # the film of these rows was never made
    back = run("--from", "DATABASE_URL", "--to", f"sqlite:///{fresh}", "--assets", "--json", **settings)
    assert back.exit_code == 0, back.output
    hashes = [[(t["name"], t["source_sha256"], t["target_sha256"]) for t in json.loads(r.stdout)["tables"]]
              for r in (there, back)]  # fmt: skip
    assert hashes[0] == hashes[1] and all(ours == theirs for _, ours, theirs in hashes[0])
    assert [p.read_bytes() for p in (fresh.parent / "assets").rglob("*.mp4")] == [b"take 0" * 1000]
    # The workspace it came from has all of it already.
    again = json.loads(run("--from", "DATABASE_URL", "--to", "sqlite", "--json", **settings).stdout)
    assert (again["copied"], again["rows"]) == (0, report["rows"])


def owners(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {str(owner) for (owner,) in connection.execute("select owner_id from video_projects").fetchall()}


def test_what_came_is_handed_over_and_that_is_no_difference(
    run: Run, workspace: Database, server: str, tmp_path: Path
) -> None:
    settings, user = {"DATABASE_URL": server, "ASSETS_DIR": str(tmp_path / "shared")}, new_id()
    assert run("--to", "DATABASE_URL", **settings).exit_code == 0
    environment = {"DATA_DIR": str(tmp_path / "served"), **settings}
    for given, words in (("ann@example.com", "no user's id"), ("", "")):
        result = CliRunner().invoke(cli, ["doctor", "--hand-over", given], env=environment)
        assert (result.exit_code, words in result.stderr) == (2 if words else 0, True)
        assert owners(server) == {LOCAL_OWNER}
    for told in ("local owner: 2", "local owner: 0"):
        result = CliRunner().invoke(cli, ["doctor", "--hand-over", user], env=environment)
        assert result.exit_code == 0 and told in result.stdout, result.output
        assert owners(server) == {user}
    again = run("--to", "DATABASE_URL", "--json", **settings)
    assert again.exit_code == 0 and json.loads(again.stdout)["copied"] == 0, again.output
    assert owners(server) == {user}
    fresh = tmp_path / "fresh" / "orchestrator.sqlite3"
    assert run("--from", "DATABASE_URL", "--to", f"sqlite:///{fresh}", **settings).exit_code == 0
    with closing(sqlite3.connect(fresh)) as connection:
        assert set(connection.execute("select owner_id from video_projects")) == {(LOCAL_OWNER.replace("-", ""),)}


def test_on_sqlite_nothing_is_handed_over(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["doctor", "--hand-over", new_id()], env={"DATA_DIR": str(tmp_path / "data")})
    assert_refused(result, "Nobody signs in on SQLite")


def test_people_are_shown_a_table_and_what_stays(run: Run, workspace: Database, server: str, tmp_path: Path) -> None:
    result = run("--to", server.replace("postgres@", f"postgres:{SECRET}@"), ASSETS_DIR=str(tmp_path / "shared"))
    assert result.exit_code == 0, result.output
    assert SECRET not in result.output
    assert "2 files (2.5 MB) stay where they are. To copy them too, run the same again with --assets." in result.stdout
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert rows["video_projects"][:3] == ["2", "2", "0"]
    assert rows["workspaces"] == ["0", "0", "0", "-"]
    assert "rows verified" in result.stdout and f"to {server.split('@')[1]}." in result.stdout


def test_files_in_one_folder_for_both_stay_there(run: Run, workspace: Database, server: str) -> None:
    result = run("--to", server, "--assets")
    assert "both sides keep them in the same place" in result.stdout


# --- cut off ---


@pytest.mark.parametrize("what", ["rows", "files"])
def test_a_transfer_that_is_killed_goes_on_where_it_was(
    run: Run, workspace: Database, server: str, tmp_path: Path, what: str
) -> None:
    shared = tmp_path / "shared"
    with workspace.read() as session:
        project_id = session.query(ProjectRow).filter_by(name="Tea").one().id
    if what == "rows":
        edit = {"project_id": project_id, "kind": "clip", "before": {}, "made_by": "a", "undone_at": None}
        with workspace.write() as session:
            rows = [{**edit, "id": new_id(), "label": str(n), "after": {"words": "w " * 400}} for n in range(EDITS)]
            session.execute(insert(EditRow), rows)
    else:
        add_files(workspace, project_id, tmp_path / "data" / "assets", count=FILES)

    def reached() -> int:
        return count(server, "edits") if what == "rows" else len([*shared.rglob("*.mp4")])

    whole = EDITS if what == "rows" else FILES + 1
    settings = {"DATA_DIR": str(tmp_path / "data"), "ASSETS_DIR": str(shared), "DATABASE_URL": server}
    command = [sys.executable, "-m", "orchestrator", "transfer", "--to", "DATABASE_URL", "--assets"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not reached():
        assert process.poll() is None and time.monotonic() < deadline
    process.kill()
    process.communicate()
    kept = reached()
    assert 0 < kept < whole, "it was not killed in the middle"
    assert not [path for path in shared.rglob("*.mp4") if not path.read_bytes().startswith(b"take")]

    result = run("--to", "DATABASE_URL", "--assets", "--json", ASSETS_DIR=str(shared), DATABASE_URL=server)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert reached() == whole
    if what == "rows":
        table = next(t for t in report["tables"] if t["name"] == "edits")
        assert (table["present"], table["copied"]) == (kept, whole - kept)
        assert table["source_sha256"] == table["target_sha256"]
    else:
        assert report["copied"] == 0
        assert (report["files"]["present"], report["files"]["copied"]) == (kept, whole - kept)


# --- what stops it ---


def test_work_under_way_is_said_with_what_to_do(run: Run, workspace: Database, server: str) -> None:
    with workspace.write() as session:
        session.execute(update(PlanRow).values(status="running", is_parked=False))
    result = run("--to", server, "--json")
    assert_refused(result, "Lamp, Tea", "Pause or cancel", exit_code=1)
    assert json.loads(result.stdout)["error"]["code"] == "conflict"
    assert count(server, "video_projects") == 0


def test_a_conflict_is_told_row_by_row_with_json(run: Run, workspace: Database, server: str) -> None:
    assert run("--to", server).exit_code == 0
    with psycopg.connect(server) as connection:
        connection.execute("update scripts set text = 'other words'")
    result = run("--to", server, "--json")
    assert_refused(result, "2 rows cannot be copied. scripts: 2 (differs)", exit_code=1)
    assert [problem["table"] for problem in json.loads(result.stdout)["problems"]] == ["scripts", "scripts"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("DATABASE_URL", "--to: DATABASE_URL is not set"),
        (f"postgres://user:{SECRET}@127.0.0.1:1/name", "No database answers at 127.0.0.1:1"),
        (f"postgresql://user:{SECRET}@db.ref.supabase.co:6543/postgres", "transaction pooler"),
        (f"mysql://user:{SECRET}@host/name", "kind of database"),
        ("nowhere", "not a database address"),
        ("sqlite", "Both sides are the same"),
        ("sqlite:////proc/nowhere/a.sqlite3", "--to"),
    ],
)
def test_a_place_that_cannot_be_used_is_said_in_one_line(run: Run, workspace: Database, place: str, words: str) -> None:
    result = run("--to", place)
    assert_refused(result, words)
    assert len(result.stderr.strip().splitlines()) <= 2


def test_postgres_is_understood_as_dashboards_write_it(run: Run, workspace: Database, server: str) -> None:
    assert run("--to", server.replace("postgresql://", "postgres://")).exit_code == 0


def test_nothing_to_copy_is_not_made_up(run: Run, server: str, tmp_path: Path) -> None:
    assert_refused(run("--to", server), "There is no workspace to copy", "orchestrator.sqlite3 does not exist")
    assert not (tmp_path / "data").exists()


def test_a_target_without_todays_tables_is_not_touched(run: Run, workspace: Database, postgres_url: str) -> None:
    bare = create_database(postgres_url, unique("bare"), is_empty=True)
    assert_refused(run("--to", bare), "does not have this app's tables yet", "doctor --migrate", "address after --to")
    with psycopg.connect(bare) as connection:
        assert connection.execute("select 1 from pg_tables where schemaname = 'public'").fetchall() == []


def test_a_target_of_a_newer_version_is_not_touched(run: Run, workspace: Database, server: str) -> None:
    with psycopg.connect(server) as connection:
        connection.execute("insert into supabase_migrations.schema_migrations values ('29990101000000')")
    assert_refused(run("--to", server), "newer version of this app (schema 29990101000000", "Nothing was changed")
    assert count(server, "video_projects") == 0


def test_a_source_of_a_newer_version_is_refused(run: Run, workspace: Database, server: str) -> None:
    with closing(sqlite3.connect(str(workspace.engine.url.database))) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert_refused(run("--to", server), "newer version of this app (schema 99")
