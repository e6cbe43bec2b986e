"""A server that is named wrongly, has another schema, or goes away and comes back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from orchestrator.db.address import read_address, why_unreachable
from orchestrator.db.migrations import FOLDER, newest_version, read_migrations
from orchestrator.db.models import ProjectRow, new_id
from orchestrator.db.session import Database, migrate_database, open_database
from orchestrator.engine import run_patiently
from orchestrator.errors import DatabaseAway, NotConfigured
from tests.fakes.postgres import PostgresServer, create_database, own_postgres

SECRET = "s3cret"
SCHEMA_5 = Path(__file__).parent / "data" / "schema_5.postgres.sql"

# --- an address that is none ---


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rubbish", "not a database address"),
        ("http://host/path", "kind of database"),
        (f"mysql://user:{SECRET}@host/name", "kind of database"),
        (f"postgresql://user:a@{SECRET}@host/name", "more than one @"),
        (f"postgresql://user:{SECRET}@host:port/name", "port"),
        (f"postgresql://user:x@{SECRET}!/name", "host"),
        ("sqlite://", "no SQLite file"),
        ("sqlite:///:memory:", "no SQLite file"),
        ("postgresql://postgres.ref@aws-0-eu-west-1.pooler.supabase.com:6543/postgres", "transaction pooler"),
        ("postgresql://postgres@db.ref.supabase.co:6543/postgres", "transaction pooler"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_repeating_it(url: str, words: str) -> None:
    with pytest.raises(NotConfigured, match=words) as refusal:
        read_address(url)
    assert refusal.value.hint
    assert SECRET not in f"{refusal.value.message} {refusal.value.hint}"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_the_names_that_others_give_a_postgres_are_understood(scheme: str) -> None:
    address = read_address(f"{scheme}://user:p%40ss@host:6543/name?sslmode=require")
    assert (address.drivername, address.password, address.query) == (
        "postgresql+psycopg",
        "p@ss",
        {"sslmode": "require"},
    )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[Errno -2] Name or service not known", "host of DATABASE_URL is not known: host"),
        (
            "connection failed: Connection refused Is the server running on that host?",
            "No database answers at host:5432",
        ),
        ("connection timeout expired", "No database answers"),
        ('FATAL:  password authentication failed for user "user"', "refused user and password"),
        ("fe_sendauth: no password supplied", "refused user and password"),
        ('FATAL:  role "user" does not exist', "no user user"),
        ('FATAL:  database "name" does not exist', "no database name at host:5432"),
        ("FATAL:  Tenant or user not found", "does not know this project"),
        ("FATAL:  sorry, too many clients already", "takes no more connections"),
        ("FATAL:  MaxClientsInSessionMode: max clients reached", "takes no more connections"),
        ("FATAL:  the database system is starting up", "starting or stopping"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", no encryption', "way of connecting"),
        ('invalid connection option "colour"', "option after its"),
        ("something that nobody has seen before", "cannot be opened"),
    ],
)
def test_a_refusal_to_connect_is_said_in_one_line_with_what_to_do(said: str, words: str) -> None:
    address = read_address(f"postgresql://user:{SECRET}@host/name")
    refusal = why_unreachable(psycopg.OperationalError(f"{said} {SECRET}"), address)
    assert words in refusal.message
    assert "\n" not in refusal.message and refusal.hint
    assert SECRET not in f"{refusal.message} {refusal.hint}"


def test_what_a_real_server_says_is_understood(postgres_url: str, tmp_path: Path) -> None:
    server = postgres_url.rsplit("/", 1)[0]
    for url, words in (
        (f"{server}/nowhere", "no database nowhere"),
        (server.replace("postgres@", "nobody@") + "/postgres", "no user nobody"),
        (f"{postgres_url}?sslmode=require", "encryption"),
        (f"{postgres_url}?colour=red", "option"),
        ("postgresql://user@host.invalid/name", "host.invalid"),
        ("postgresql://user@127.0.0.1:1/name", "127.0.0.1:1"),
    ):
        with pytest.raises(NotConfigured, match=words):
            open_database(url, data_dir=tmp_path)


# --- a schema that is not ours ---


@pytest.fixture
def empty_url(postgres_url: str) -> str:
    return create_database(postgres_url, f"empty_{new_id().replace('-', '')}", is_empty=True)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {row[0] for row in rows}


def test_a_server_gets_its_tables_only_when_asked(empty_url: str, tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="does not have this app's tables") as refusal:
        open_database(empty_url, data_dir=tmp_path)
    assert "python -m orchestrator doctor --migrate" in refusal.value.hint
    assert tables(empty_url) == set()
    assert migrate_database(empty_url, data_dir=tmp_path) == f"created, version {newest_version()}"
    assert migrate_database(empty_url, data_dir=tmp_path) == f"version {newest_version()}, up to date already"
    open_database(empty_url, data_dir=tmp_path).close()
    assert "clip_runs" in tables(empty_url)


def test_what_was_applied_is_recorded_as_the_supabase_tool_records_it(empty_url: str, tmp_path: Path) -> None:
    migrate_database(empty_url, data_dir=tmp_path)
    with psycopg.connect(empty_url) as connection:
        rows = connection.execute("select version, name, statements from supabase_migrations.schema_migrations")
        assert sorted(rows) == [(version, name, [text]) for version, name, text in read_migrations()]


@pytest.mark.parametrize("version", [1, 2, 5])
def test_an_older_schema_is_brought_up_to_date_only_when_asked(empty_url: str, tmp_path: Path, version: int) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute(SCHEMA_5.read_bytes())
        connection.execute("set search_path = public")
        if version < 5:  # the first two versions wrote no number
            connection.execute("drop table schema_versions")
        if version == 1:
            connection.execute("alter table clip_runs drop column narration")
    before = tables(empty_url)
    with pytest.raises(NotConfigured, match=f"schema {version}; this one needs {newest_version()}") as refusal:
        open_database(empty_url, data_dir=tmp_path)
    assert "doctor --migrate" in refusal.value.hint
    assert tables(empty_url) == before
    assert migrate_database(empty_url, data_dir=tmp_path) == f"brought from version {version} to {newest_version()}"
    open_database(empty_url, data_dir=tmp_path).close()


def test_the_files_that_are_lacking_are_applied_and_no_others(empty_url: str, tmp_path: Path) -> None:
    *earlier, (last, _, _) = ((migration.version, migration.sql, migration.name) for migration in read_migrations())
    before = earlier[-1][0]
    with psycopg.connect(empty_url) as connection:  # as it was before there was the last file
        connection.execute((FOLDER / "prelude.sql").read_bytes())
        connection.execute("create schema supabase_migrations")
        connection.execute(
            "create table supabase_migrations.schema_migrations "
            "(version text primary key, statements text[], name text)"
        )
        for version, statements, name in earlier:
            connection.execute(statements.encode())
            connection.execute(
                "insert into supabase_migrations.schema_migrations values (%s, %s, %s)", (version, [statements], name)
            )
    with pytest.raises(NotConfigured, match=f"schema {before}; this one needs {last}"):
        open_database(empty_url, data_dir=tmp_path)
    assert migrate_database(empty_url, data_dir=tmp_path) == f"brought from version {before} to {last}"


def test_a_file_that_breaks_off_leaves_nothing_behind(empty_url: str, tmp_path: Path) -> None:
    with psycopg.connect(empty_url) as connection:  # the second file makes a function of this name
        connection.execute("create schema private")
        connection.execute(b"create function private.projects_as(text[]) returns int language sql as $$ select 1 $$")
    with pytest.raises(NotConfigured, match="projects_as"):
        migrate_database(empty_url, data_dir=tmp_path)
    assert tables(empty_url) == set()


def test_two_that_are_asked_at_the_same_time_make_the_tables_once(empty_url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        said = [*pool.map(lambda _: migrate_database(empty_url, data_dir=tmp_path), range(4))]
    assert sorted(word.split()[0].strip(",") for word in said) == ["created", "version", "version", "version"]


def test_a_newer_schema_is_refused_and_not_touched(empty_url: str, tmp_path: Path) -> None:
    migrate_database(empty_url, data_dir=tmp_path)
    with psycopg.connect(empty_url) as connection:
        connection.execute("insert into supabase_migrations.schema_migrations values ('29990101000000')")
        connection.execute("drop table final_renders cascade")
    for opened in (open_database, migrate_database):
        with pytest.raises(NotConfigured, match=f"schema 29990101000000; this one knows {newest_version()}"):
            opened(empty_url, data_dir=tmp_path)
    assert "final_renders" not in tables(empty_url)


def test_tables_of_another_program_are_left_alone(empty_url: str, tmp_path: Path) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute("create table scripts (id integer)")
    with pytest.raises(NotConfigured, match="another program"):
        migrate_database(empty_url, data_dir=tmp_path)
    assert tables(empty_url) == {"scripts"}


def test_a_user_without_rights_is_told_which_one_is_lacking(empty_url: str, tmp_path: Path) -> None:
    role = f"low_{new_id().replace('-', '')}"
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
    low_url = empty_url.replace("postgres@", f"{role}@")
    with pytest.raises(NotConfigured, match="permission denied for database"):
        migrate_database(low_url, data_dir=tmp_path)
    migrate_database(empty_url, data_dir=tmp_path)
    with pytest.raises(NotConfigured, match="permission denied for schema"):
        open_database(low_url, data_dir=tmp_path)


# --- a server that goes away ---


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_postgres() as server:
        yield server


@pytest.fixture
def database(server: PostgresServer, tmp_path: Path) -> Iterator[Database]:
    database = open_database(create_database(server.url, f"away_{new_id().replace('-', '')}"), data_dir=tmp_path)
    yield database
    database.close()


def count(database: Database) -> int:
    with database.read() as session:
        return session.query(ProjectRow).count()


def add(database: Database, *, meanwhile: Callable[[], None] = lambda: None) -> None:
    with database.write() as session:
        session.add(ProjectRow(name="Harbour", settings={}))
        session.flush()
        meanwhile()


@pytest.mark.parametrize("is_crash", [False, True], ids=["stopped", "crashed"])
def test_a_stopped_server_is_away_and_the_next_call_after_its_start_works(
    server: PostgresServer, database: Database, is_crash: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    add(database)
    server.stop(is_crash=is_crash)
    try:
        for _ in range(3):
            with pytest.raises(DatabaseAway, match="Nothing was lost"):
                count(database)
            with pytest.raises(DatabaseAway):
                add(database)
    finally:
        server.start()
    add(database)
    assert count(database) == 2
    lines = [record.getMessage() for record in caplog.records if record.name == "orchestrator.db.session"]
    assert len(lines) == 2 and lines[1] == "The database answers again.", "said once, not at every try"


def test_a_restart_in_the_middle_of_a_transaction_leaves_nothing_of_it(
    server: PostgresServer, database: Database
) -> None:
    def restart() -> None:
        server.stop()
        server.start()

    with pytest.raises(DatabaseAway):
        add(database, meanwhile=restart)  # its commit meets a connection that is gone
    assert count(database) == 0
    with pytest.raises(DatabaseAway), database.read() as session:
        session.query(ProjectRow).count()
        restart()
        session.query(ProjectRow).count()
    add(database)
    assert count(database) == 1


def test_a_connection_that_is_broken_off_takes_no_other_with_it(server: PostgresServer, database: Database) -> None:
    with pytest.raises(DatabaseAway), database.write() as session:
        session.add(ProjectRow(name="Harbour", settings={}))
        session.flush()
        own = session.scalar(text("select pg_backend_pid()"))
        with psycopg.connect(server.url, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s)", (own,))
    assert count(database) == 0


@pytest.mark.parametrize("is_in_the_middle", [True, False])
async def test_a_transaction_in_which_its_process_was_stopped_lets_go_of_its_locks_and_is_done_again(
    database: Database, is_in_the_middle: bool
) -> None:
    add(database)
    names = ["Stopped", "Woken"]

    async def rename() -> None:
        with database.write() as session:
            session.execute(text("update video_projects set name = :name"), {"name": names.pop(0)})
            if names:
                assert session.scalar(text("show idle_in_transaction_session_timeout")) == "10s"
                session.execute(text("set local idle_in_transaction_session_timeout = '50ms'"))
                with psycopg.connect(database.server_url, autocommit=True) as other:
                    other.execute("set lock_timeout = '5s'")
                    other.execute("update video_projects set name = 'Meanwhile'")
                if is_in_the_middle:
                    session.execute(text("select 1"))

    await run_patiently(rename)
    with database.read() as session:
        assert [row.name for row in session.query(ProjectRow)] == ["Woken"]


def test_a_server_that_takes_no_writes_is_away_for_writing(database: Database) -> None:
    with pytest.raises(DatabaseAway, match="takes no writes"), database.write() as session:
        session.execute(text("set transaction read only"))
        session.add(ProjectRow(name="Harbour", settings={}))
    add(database)
    assert count(database) == 1


def test_of_two_changes_that_wait_for_each_other_one_is_undone_and_told(database: Database) -> None:
    add(database)
    add(database)
    both_hold_one = threading.Barrier(2, timeout=30)

    def rename(name: str, order: str) -> str:
        with database.write() as session:
            first, second = session.scalars(text(f"select id from video_projects order by id {order}"))
            change = text("update video_projects set name = :name where id = :id")
            session.execute(change, {"name": name, "id": first})
            both_hold_one.wait()
            session.execute(change, {"name": name, "id": second})
        return name

    with ThreadPoolExecutor() as pool:
        tries = [pool.submit(rename, name, order) for name, order in (("up", "asc"), ("down", "desc"))]
    errors = [error for one in tries if (error := one.exception()) is not None]
    with pytest.raises(DatabaseAway, match="waiting for each other") as told:
        raise errors[0]
    assert errors == [told.value]
    with database.read() as session:
        assert {row.name for row in session.query(ProjectRow)} == {one.result() for one in tries if not one.exception()}


def test_few_connections_are_used_however_many_ask(database: Database) -> None:
    """A session pooler of Supabase's smallest project allows fifteen, for everything."""
    database.engine.pool._timeout = 0.05  # pyright: ignore[reportAttributeAccessIssue]
    held = [database.engine.connect() for _ in range(5)]
    with pytest.raises(DatabaseAway, match="are busy"):
        count(database)
    for connection in held:
        connection.close()
    assert count(database) == 0
