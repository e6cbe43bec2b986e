"""A workspace copied from one database into another: equal to the last bit, resumable, and nothing overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import delete, insert, text, update

from orchestrator.db.models import (
    LOCAL_OWNER,
    AssetRow,
    Base,
    EditRow,
    ExecutorRow,
    PlanRow,
    ProjectRow,
    ProviderCallRow,
    RenderRow,
    RunRow,
    ScriptRow,
    WorkspaceRow,
    new_id,
    utc_now,
)
from orchestrator.db.session import Database, open_database
from orchestrator.db.transfers import TABLES, canonical, why_not_on_server
from orchestrator.errors import BadInput, CannotWrite, Conflict
from orchestrator.schema.transfer import TransferReport
from orchestrator.storage.local import LocalAssetStore
from orchestrator.transfer import Side, transfer
from tests.fakes.postgres import create_database
from tests.unit.any_rows import VALUES, Values, dump, fill, make_rows
from tests.unit.rows import SETTINGS, add_clip, add_film, add_project

AT = utc_now().replace(microsecond=123_456)
MakeSide = Callable[[str], Side]


@pytest.fixture(scope="module")
def server(postgres_url: str) -> Iterator[Side]:
    url = create_database(postgres_url, f"transfer_{new_id().replace('-', '')}")
    database = open_database(url, data_dir=Path())
    yield Side(title="the server", database=database, store=LocalAssetStore(Path()), store_title="the server")
    database.close()


@pytest.fixture
def target(server: Side, tmp_path: Path) -> Side:
    """The server, emptied."""
    empty(server.database)
    folder = tmp_path / "target" / "assets"
    return Side(title="the server", database=server.database, store=LocalAssetStore(folder), store_title=str(folder))


@pytest.fixture
def local(tmp_path: Path) -> Iterator[MakeSide]:
    """Workspaces on SQLite, by name."""
    with_files: list[Side] = []

    def make(name: str) -> Side:
        with_files.append(local_side(tmp_path / name))
        return with_files[-1]

    yield make
    for side in with_files:
        side.close()


def local_side(folder: Path) -> Side:
    folder.mkdir(exist_ok=True)
    assets = folder / "assets"
    database = open_database("", data_dir=folder)
    return Side(title=str(folder), database=database, store=LocalAssetStore(assets), store_title=str(assets))


def empty(database: Database) -> None:
    with database.write() as session:
        for table in reversed(TABLES):
            session.execute(delete(table))


def copy(source: Side, target: Side, *, has_files: bool = False) -> TransferReport:
    return transfer(source, target, has_files=has_files, show=lambda what, done, of: None)


def add_work(database: Database, *, projects: int = 2, clips: int = 3) -> list[str]:
    made = [add_project(database, AT, name=f"Lamp {number}") for number in range(projects)]
    for project_id in made:
        for _ in range(clips):
            add_clip(database, project_id, AT, takes=("fail", "pass"))
        add_film(database, project_id, AT)
    return made


# --- there and back ---


# Each example copies three databases, so none is made smaller.
@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(values=VALUES)
def test_any_rows_come_back_from_a_server_as_they_went(
    server: Side, tmp_path_factory: pytest.TempPathFactory, values: Values
) -> None:
    rows = make_rows(values)
    folder = tmp_path_factory.mktemp("workspace")
    empty(server.database)
    first, second = local_side(folder / "first"), local_side(folder / "second")
    try:
        fill(first.database, rows)
        there, back = copy(first, server), copy(server, second)
        went = dump(first.database)
        assert went == dump(server.database)
        for row in went["video_projects"].values():
            row["owner_id"] = LOCAL_OWNER  # SQLite keeps no users apart
        assert went == dump(second.database)
        assert nothings(first.database) == nothings(server.database) == nothings(second.database)
        assert [t.source_sha256 for t in there.tables] == [t.target_sha256 for t in back.tables]
        assert there.rows == there.copied == back.copied == sum(map(len, rows.values()))
        assert copy(first, server).copied == copy(second, first).copied == 0
    finally:
        first.close()
        second.close()


def nothings(database: Database) -> list[tuple[str, int, int]]:
    """(column, values that are no value at all, values that are JSON's null) of columns of JSON that may be empty."""
    columns = {"clip_plan_clips": "transition", "clip_runs": "repair", "perception_calls": "answers"}
    with database.read() as session:
        return [
            (name, *(session.scalar(text(f"select count(*) from {table} where {rule}")) or 0 for rule in rules))
            for table, name in columns.items()
            for rules in [(f"{name} is null", f"cast({name} as text) = 'null'")]
        ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": 1.0}, {"n": 1}),
        ({"n": 1e300}, {"n": 10**300}),
        ({"n": -0.0}, {"n": 0}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_what_a_server_writes_differently_is_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert canonical({"body": one}) == canonical({"body": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": 1}, {"n": "1"}),
        ({"n": 2**60}, {"n": 2**60 + 1}),
        ({"n": 0.1}, {"n": 0.1 + 2**-55}),
        ({"n": None}, {}),
        ({"n": [1, 2]}, {"n": [2, 1]}),
        ({"n": True}, {"n": 1}),
    ],
)
def test_what_means_something_else_is_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert canonical({"body": one}) != canonical({"body": other})


def test_a_workspace_of_thousands_of_rows_is_copied_once(local: MakeSide, target: Side) -> None:
    source = local("source")
    project_id = add_work(source.database, projects=1)[0]
    edit = {"project_id": project_id, "kind": "clip", "label": "", "before": {}, "made_by": "a", "undone_at": None}
    with source.database.write() as session:
        session.execute(insert(EditRow), [{**edit, "id": new_id(), "after": {"at": n}} for n in range(2_345)])
    seen: list[tuple[str, int, int]] = []
    report = transfer(source, target, has_files=False, show=lambda *step: seen.append(step))
    edits = next(t for t in report.tables if t.name == "edits")
    assert (edits.rows, edits.copied, edits.target_rows) == (2_345, 2_345, 2_345)
    assert list(dict.fromkeys(what for what, _, _ in seen)) == ["Comparing rows", "Copying rows", "Verifying rows"]
    assert seen[-1][1:] == (report.rows, report.rows)
    assert dump(source.database) == dump(target.database)
    again = copy(source, target)
    assert (again.copied, again.rows) == (0, report.rows)


def test_what_processes_say_of_themselves_stays(local: MakeSide, target: Side) -> None:
    source = local("source")
    with source.database.write() as session:
        session.add(ExecutorRow(id="host:1", host="host", pid=1, role="all", seen_at=AT))
    assert "executors" not in {table.name for table in copy(source, target).tables}
    with target.database.read() as session:
        assert session.get(ExecutorRow, "host:1") is None


@pytest.mark.parametrize("is_from_server", [False, True])
def test_a_source_is_read_as_it_stood_at_the_beginning(local: MakeSide, target: Side, is_from_server: bool) -> None:
    source, goal = (target, local("goal")) if is_from_server else (local("source"), target)
    add_work(source.database, projects=1)

    def add_one_more(*_: object) -> None:
        add_project(source.database, AT, name="later")

    report = transfer(source, goal, has_files=False, show=add_one_more)
    with goal.database.read() as session:
        assert session.query(ProjectRow).filter_by(name="later").count() == 0
    assert copy(source, goal).rows > report.rows


def test_a_long_look_at_a_server_is_not_cut_off(target: Side) -> None:
    """Others that idle in a transaction are, for they hold locks."""
    add_work(target.database, projects=1)
    with target.database.snapshot() as session:
        assert session.scalar(text("show idle_in_transaction_session_timeout")) == "0"
    with target.database.read() as session:
        assert session.scalar(text("show idle_in_transaction_session_timeout")) == "10s"
        assert session.scalar(text("show transaction_isolation")) == "read committed"


# --- what is there already ---


def test_other_projects_there_are_left_alone(local: MakeSide, target: Side) -> None:
    others, source = local("others"), local("source")
    add_work(others.database)
    copy(others, target)
    add_work(source.database)
    report = copy(source, target)
    assert report.copied == report.rows
    there = dump(target.database)
    for name, rows in dump(others.database).items():
        assert {row_id: there[name].get(row_id) for row_id in rows} == rows


def test_a_row_that_is_there_and_different_stops_it_before_anything_is_written(local: MakeSide, target: Side) -> None:
    source = local("source")
    first, _ = add_work(source.database)
    copy(source, target)
    with target.database.write() as session:
        session.execute(update(ProjectRow).where(ProjectRow.id == first).values(name="Renamed there"))
    add_project(source.database, AT, name="Lacking there")
    before = dump(target.database)
    with pytest.raises(Conflict, match=r"1 row cannot be copied\. video_projects: 1 \(differs\)") as refusal:
        copy(source, target)
    assert first in refusal.value.message and "Nothing was copied or overwritten" in refusal.value.message
    assert refusal.value.report["problems"] == [{"table": "video_projects", "id": first, "why": "differs"}]
    assert refusal.value.hint
    assert dump(target.database) == before


def test_a_place_that_another_row_has_taken_is_found_before_anything_is_written(local: MakeSide, target: Side) -> None:
    source, other = local("source"), local("other")
    for side in (source, other):
        project_id = add_project(side.database, AT)
        with side.database.write() as session:
            session.execute(update(PlanRow).where(PlanRow.project_id == project_id).values(request_key="the same"))
    copy(other, target)
    before = dump(target.database)
    with pytest.raises(Conflict, match=r"clip_plans: 1 \(another has its request_key\)"):
        copy(source, target)
    assert dump(target.database) == before


def test_settings_of_the_targets_own_are_kept(local: MakeSide, target: Side) -> None:
    source = local("source")
    add_work(source.database)
    for side, words in ((source, 120), (target, 160)):
        with side.database.write() as session:
            session.add(WorkspaceRow(id="workspace", settings={"words_per_minute": words}))
    report = copy(source, target)
    assert next(t for t in report.tables if t.name == "workspaces").kept == 1
    with target.database.read() as session:
        assert session.get_one(WorkspaceRow, "workspace").settings == {"words_per_minute": 160}


def test_a_target_that_changes_what_it_is_given_is_found_out(local: MakeSide, target: Side) -> None:
    source = local("source")
    add_work(source.database)
    with target.database.write() as session:
        session.execute(text("create function shout() returns trigger language plpgsql as "
                             "'begin new.text = upper(new.text); return new; end'"))  # fmt: skip
        session.execute(text("create trigger shout before insert on scripts for each row execute function shout()"))
    try:
        with pytest.raises(Conflict, match="not equal to the source in scripts") as refusal:
            copy(source, target)
    finally:
        with target.database.write() as session:
            session.execute(text("drop function shout cascade"))
    scripts = next(t for t in refusal.value.report["tables"] if t["name"] == "scripts")
    assert scripts["source_sha256"] != scripts["target_sha256"]


def test_a_rule_of_the_target_that_refuses_a_row_is_named(local: MakeSide, target: Side) -> None:
    source = local("source")
    add_work(source.database)
    with target.database.write() as session:
        session.execute(text("alter table scripts add constraint no_lamps check (text not like '%lamp%')"))
    try:
        with pytest.raises(Conflict, match=r"did not take rows of scripts \(rule no_lamps\)"):
            copy(source, target)
    finally:
        with target.database.write() as session:
            session.execute(text("alter table scripts drop constraint no_lamps"))
    assert copy(source, target).rows == copy(source, target).rows


# --- what cannot be kept there ---


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"name": "a\0b"}, "name holds a NUL character"),
        ({"settings": {"deep": [{"a\0b": 1}]}}, "settings holds a NUL character"),
        ({"settings": {"n": float("inf")}}, "settings holds a number that is none"),
        ({"settings": {"text": "\ud83d"}}, "settings holds half a character"),
        ({"request_key": "k" * 65}, "request_key is longer than 64 characters"),
    ],
)
def test_what_only_sqlite_keeps_is_named_before_anything_is_written(
    local: MakeSide, target: Side, values: dict[str, Any], why: str
) -> None:
    source = local("source")
    add_project(source.database, AT)
    with source.database.write() as session:
        session.add(ProjectRow(**{"name": "odd", "settings": SETTINGS, **values}))
    with pytest.raises(Conflict, match=why):
        copy(source, target)
    assert not any(dump(target.database).values())


def test_a_number_too_large_for_a_server_is_named() -> None:
    table = next(table for table in TABLES if table.name == "video_assets")
    row = dict.fromkeys((column.name for column in table.columns), "")
    assert why_not_on_server(table, row) == ""
    assert why_not_on_server(table, {**row, "size_bytes": 2**31}) == "size_bytes is no 32-bit number"


# --- what is under way ---


def under_way(database: Database, project_id: str, what: str) -> None:
    with database.write() as session:
        plan = session.query(PlanRow).filter_by(project_id=project_id).one()
        call = session.query(ProviderCallRow).filter_by(project_id=project_id).first()
        assert call is not None
        match what:
            case "plan":
                plan.status, plan.is_parked = "running", False
            case "clip":
                session.get_one(RunRow, call.clip_run_id).clip.status = "generating"
            case "render":
                session.query(RenderRow).filter_by(clip_plan_id=plan.id).one().status = "queued"
            case "intent":
                call.state, call.generation_id, call.finished_at = "intent", None, None
            case _:
                call.state, call.finished_at = "accepted", None


@pytest.mark.parametrize("what", ["plan", "clip", "render", "intent", "generation"])
def test_nothing_is_copied_while_anything_is_under_way(local: MakeSide, target: Side, what: str) -> None:
    source = local("source")
    _, busy = add_work(source.database)
    under_way(source.database, busy, what)
    with pytest.raises(Conflict, match=r"Work is under way in 1 project: Lamp 1\. Nothing was copied") as refusal:
        copy(source, target)
    assert "Pause or cancel" in refusal.value.hint
    assert not any(dump(target.database).values())


def test_work_in_other_projects_of_the_target_is_no_hindrance(local: MakeSide, target: Side) -> None:
    others, source = local("others"), local("source")
    (busy,) = add_work(others.database, projects=1)
    copy(others, target)
    under_way(target.database, busy, "generation")
    add_work(source.database)
    report = copy(source, target)
    assert report.copied == report.rows


def test_a_place_is_not_copied_into_itself(local: MakeSide) -> None:
    side = local("source")
    with pytest.raises(BadInput, match="Both sides are the same"):
        copy(side, side)


# --- a server's own tables, and one that goes away ---


def test_tables_of_others_in_the_same_database_are_not_touched(local: MakeSide, target: Side) -> None:
    source = local("source")
    add_work(source.database)
    url = target.database.server_url
    with psycopg.connect(url) as connection:
        connection.execute("create table orders (id int primary key, what text)")
        connection.execute("insert into orders values (1, 'tea')")
    try:
        copy(source, target)
        with psycopg.connect(url) as connection:
            assert connection.execute("select * from orders").fetchall() == [(1, "tea")]
    finally:
        with psycopg.connect(url) as connection:
            connection.execute("drop table orders")


# --- files ---


def add_file(side: Side, project_id: str, content: bytes) -> str:
    key = f"{project_id}/{new_id()}.mp4"
    asset = {"project_id": project_id, "kind": "video", "storage_key": key, "mime": "video/mp4"}
    with side.database.write() as session:
        session.add(AssetRow(**asset, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)))
    source = Path(side.title) / "new"
    source.write_bytes(content)
    side.store.put_file(source, key)
    return key


def test_files_come_along_when_asked_for_and_are_checked(local: MakeSide, target: Side) -> None:
    source = local("source")
    project_id = add_project(source.database, AT)
    keys = [add_file(source, project_id, bytes([number]) * 1000) for number in range(4)]
    left = copy(source, target)
    assert (left.files.how, left.files.files, left.files.size_bytes) == ("left", 4, 4000)
    source.store.delete(keys[0])
    source.store.local_path(keys[1]).write_bytes(b"rotten")
    report = copy(source, target, has_files=True).files
    assert (report.copied, report.copied_bytes, report.present) == (2, 2000, 0)
    assert (report.missing, report.damaged) == ((keys[0],), (keys[1],))
    assert target.store.local_path(keys[2]).read_bytes() == bytes([2]) * 1000


def test_files_that_are_there_are_not_copied_again_and_torn_ones_are(local: MakeSide, target: Side) -> None:
    source = local("source")
    project_id = add_project(source.database, AT)
    keys = [add_file(source, project_id, bytes([number]) * 1000) for number in range(3)]
    copy(source, target, has_files=True)
    target.store.delete(keys[0])
    target.store.local_path(keys[1]).write_bytes(b"torn")
    report = copy(source, target, has_files=True).files
    assert (report.copied, report.present) == (2, 1)
    assert [target.store.local_path(key).read_bytes() for key in keys] == [bytes([n]) * 1000 for n in range(3)]
    for key in keys:  # what has arrived is not asked of the source again
        source.store.delete(key)
    again = copy(source, target, has_files=True).files
    assert (again.present, again.missing) == (3, ())


class Rotting(LocalAssetStore):
    """Keeps other content than it is given."""

    def put_file(self, source: Path, key: str) -> None:
        super().put_file(source, key)
        super().local_path(key).write_bytes(b"rotten")


def test_a_file_that_arrives_changed_is_not_left_there(local: MakeSide, target: Side) -> None:
    source = local("source")
    key = add_file(source, add_project(source.database, AT), b"film")
    rotting = replace(target, store=Rotting(Path(target.store_title)))
    with pytest.raises(CannotWrite, match="arrived changed"):
        copy(source, rotting, has_files=True)
    assert not (Path(target.store_title) / key).exists()


def test_sides_that_share_their_files_say_so(local: MakeSide, target: Side) -> None:
    source = local("source")
    add_file(source, add_project(source.database, AT), b"film")
    shared = replace(target, store=source.store, store_title=source.store_title)
    assert copy(source, shared, has_files=True).files.how == "shared"


def test_every_table_is_carried_or_known_not_to_be() -> None:
    left = set(Base.metadata.tables) - {table.name for table in TABLES}
    assert left == {"executors", "provider_waits", "provider_turns", "sign_ins"}
    assert {ScriptRow.__tablename__, RunRow.__tablename__} <= {table.name for table in TABLES}


def test_times_keep_their_microseconds(local: MakeSide, target: Side) -> None:
    source = local("source")
    project_id = add_project(source.database, AT + timedelta(microseconds=1))
    copy(source, target)
    with target.database.read() as session:
        assert session.get_one(ProjectRow, project_id).created_at == AT + timedelta(microseconds=1)
