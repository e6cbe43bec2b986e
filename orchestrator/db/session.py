"""Opening the database: SQLite by default, Postgres by ``DATABASE_URL``; the same sessions on both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session as Session
from sqlalchemy.orm import sessionmaker

from orchestrator.db.migrate import prepare_schema
from orchestrator.db.models import utc_now
from orchestrator.errors import NotConfigured, StorageFull


class Database:
    """Short transactions on one database. ``read()`` never blocks a writer; ``write()`` takes the write lock at once,
    so that what it has read cannot change before it commits."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._read = sessionmaker(engine, expire_on_commit=False)
        self._write = sessionmaker(engine.execution_options(is_write=True), expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        try:
            with self._write.begin() as session:
                yield session
        except OperationalError as error:
            if "disk is full" in str(error.orig) or "No space left" in str(error.orig):
                raise StorageFull from None
            raise

    def now(self, session: Session) -> datetime:
        """The database's clock on Postgres, shared by all workers; this machine's on SQLite, where there is one."""
        if self.is_sqlite:
            return utc_now()
        return session.scalar(select(func.clock_timestamp())) or utc_now()

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str, *, data_dir: Path) -> Database:
    """Open and, where needed, create the schema. An empty ``url`` is the SQLite file in ``data_dir``.

    Raises ``NotConfigured`` when the url cannot be used, the server cannot be reached or the schema is a newer one.
    """
    engine = _sqlite_engine(data_dir / "orchestrator.sqlite3") if not url else _server_engine(url)
    try:
        prepare_schema(engine)
    except NotConfigured:
        engine.dispose()
        raise
    except DBAPIError as error:
        engine.dispose()
        if "disk is full" in str(error.orig):
            raise StorageFull from None
        raise NotConfigured(
            f"The database cannot be opened: {_first_line(error.orig)}",
            hint="Check DATABASE_URL, or leave it empty to use the SQLite file in DATA_DIR.",
        ) from None
    return Database(engine)


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        # synchronous=FULL: a call that was paid must not be forgotten when the power fails.
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    # sqlite3 would begin lazily and upgrade a read to a write in mid-transaction, which fails under contention.
    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        is_write = connection.get_execution_options().get("is_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


def _server_engine(url: str) -> Engine:
    # Dashboards still hand out postgres://; SQLAlchemy knows postgresql:// (psycopg 3).
    if url.startswith("postgres://"):
        url = "postgresql://" + url.removeprefix("postgres://")
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(Path(parsed.database or "orchestrator.sqlite3"))
        # Poolers in transaction mode lose prepared statements, so none are made.
        return create_engine(parsed, pool_pre_ping=True, connect_args={"prepare_threshold": None})
    except (ArgumentError, NoSuchModuleError, ImportError):
        raise NotConfigured(
            "DATABASE_URL is not a database address.", hint="It should look like postgresql://user:password@host/name."
        ) from None
