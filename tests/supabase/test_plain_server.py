"""Users of a Postgres that is not Supabase's: the owner of a database who is no superuser, with and without the right
to create roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from orchestrator.db.migrations import FOLDER
from orchestrator.db.models import ProjectRow, new_id
from orchestrator.db.session import migrate_database, open_database
from orchestrator.errors import NotConfigured
from tests.fakes.postgres import PostgresServer, own_postgres


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """Whose roles nobody has made yet: they belong to a server, not to a database."""
    with own_postgres() as server:
        yield server


def owned_database(server: PostgresServer, *, rights: str) -> str:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"create role app login {rights}".encode())
        connection.execute("create database app owner app")
    return server.url.replace("postgres@", "app@").rsplit("/", 1)[0] + "/app"


def assert_row_security_works(url: str) -> None:
    database = open_database(url, data_dir=Path())
    user_id = new_id()
    with database.as_user({"sub": user_id}).write() as session:
        session.add(ProjectRow(name="Mine", settings={}, owner_id=user_id))
    with database.as_user({"sub": new_id()}).read() as session:
        assert session.query(ProjectRow).all() == []
    with database.read() as session:
        assert [row.name for row in session.query(ProjectRow)] == ["Mine"]
    database.close()


def test_an_owner_who_may_create_roles_needs_nobody(server: PostgresServer) -> None:
    url = owned_database(server, rights="createrole")
    assert migrate_database(url, data_dir=Path()).startswith("created")
    assert_row_security_works(url)


def test_an_owner_who_may_not_is_told_what_an_administrator_has_to_run(server: PostgresServer) -> None:
    url = owned_database(server, rights="nocreaterole")
    with pytest.raises(NotConfigured, match="may not create roles") as refusal:
        migrate_database(url, data_dir=Path())
    assert "supabase/prelude.sql" in refusal.value.hint
    with psycopg.connect(url) as connection:
        assert connection.execute("select 1 from pg_namespace where nspname like 'supabase%'").fetchall() == []
    with psycopg.connect(server.url.rsplit("/", 1)[0] + "/app") as connection:
        for _ in range(2):  # it can be run again
            connection.execute((FOLDER / "prelude.sql").read_bytes())
    assert migrate_database(url, data_dir=Path()).startswith("created")
    assert_row_security_works(url)


def test_roles_that_somebody_else_made_serve_the_worker_and_are_missed_when_somebody_signs_in(
    server: PostgresServer,
) -> None:
    migrate_database(server.url, data_dir=Path())
    url = owned_database(server, rights="createrole")
    assert migrate_database(url, data_dir=Path()).startswith("created")
    database = open_database(url, data_dir=Path())
    with database.read() as session:
        assert session.query(ProjectRow).all() == []
    with (
        pytest.raises(NotConfigured, match="may not act for") as refusal,
        database.as_user({"sub": new_id()}).read() as s,
    ):
        s.query(ProjectRow).all()
    assert "supabase/prelude.sql" in refusal.value.hint
    database.close()
    with psycopg.connect(server.url.rsplit("/", 1)[0] + "/app") as connection:
        connection.execute((FOLDER / "prelude.sql").read_bytes())
    assert_row_security_works(url)
