"""Opening the database: SQLite by default, Postgres by ``DATABASE_URL``; the same sessions on both."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session as Session
from sqlalchemy.orm import sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from orchestrator.db.address import read_address, why_unreachable
from orchestrator.db.failures import translated
from orchestrator.db.file import back_up, inspect_file, suspect_damage
from orchestrator.db.migrate import SCHEMA_VERSION, prepare_file
from orchestrator.db.migrations import apply_migrations, newest_version, require_migrations
from orchestrator.db.models import utc_now
from orchestrator.errors import CannotWrite, DatabaseDamaged, NotAllowed, NotConfigured, NotFound, explain

log = logging.getLogger(__name__)

# A process that was stopped in the middle of a transaction keeps its locks from the others for no longer.
IDLE_SECONDS = 10
# A pooler in session mode gives each client of a project few connections, and the engine needs its own.
_POOL: dict[str, Any] = {"pool_size": 3, "max_overflow": 2, "pool_timeout": 20, "pool_pre_ping": True}
# On an event loop a wait holds up everything, answers of providers too: it is short there, and steps are run again.
_LOOP_WAIT_SECONDS, _WAIT_SECONDS = 2, 30
_LOCK_SECONDS = 5
_CONNECTING = {
    "prepare_threshold": None,  # poolers in transaction mode lose prepared statements
    # A server that vanished without a word is noticed within seconds, not after the hours of the default.
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

# Both end with the transaction; a plain SET would go on to the next client of a pooler.
_ACT_AS_USER = text("select set_config('request.jwt.claims', :claims, true), set_config('role', 'authenticated', true)")

_MARK = text("select set_config('orchestrator.session', :mark, false)")
_MARKED = text("select current_setting('orchestrator.session', true)")
_POOLED_LOOKS = 5


class Database:
    """Short transactions on one database. ``read()`` never blocks a writer; ``write()`` takes the write lock at once,
    so that what it has read cannot change before it commits.

    Both raise ``DatabaseAway`` while the database is out of reach (the next call connects anew), ``DatabaseDamaged``,
    ``StorageFull`` or ``CannotWrite``. None of these leaves half a transaction behind; a commit whose answer was lost
    may stand all the same.
    """

    def __init__(self, engine: Engine, *, whole: Database | None = None) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._whole = whole or self  # what a user's part is of
        self._is_failing = False
        self._state = object()
        self._read = sessionmaker(engine, expire_on_commit=False)
        self._write = sessionmaker(engine.execution_options(is_write=True), expire_on_commit=False)

    @property
    def server_url(self) -> str:
        """The server's address with its password, as libpq reads it too; empty for SQLite."""
        return "" if self.is_sqlite else self.engine.url.set(drivername="postgresql").render_as_string(False)

    @property
    def state(self) -> object:
        """Another one after every write of this process."""
        return self._whole._state

    @property
    def schema_version(self) -> int:
        """Of the schema that every open database has."""
        return SCHEMA_VERSION if self.is_sqlite else newest_version()

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._errors(), self._read() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """For reading only: everything as it is when the first row is read, for as long as it takes."""
        with self.read() as session:
            if not self.is_sqlite:  # where a reading transaction is one already
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                session.execute(text("set local idle_in_transaction_session_timeout = 0"))
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        try:
            with self._errors(), self._write.begin() as session:
                yield session
        finally:  # also where it is not known whether the commit stands
            self._whole._state = object()

    def as_user(self, claims: Mapping[str, Any]) -> Database:
        """The same database as one who is signed in has it: row security decides what is seen and changed, also behind
        a pooler in transaction mode. ``claims`` are those of a token that was verified; ``sub`` is the user's id.

        What is not theirs to see is not there; what is not theirs to do raises ``NotAllowed``, except that a change or
        removal of rows they may only see touches none. Raises ``NotConfigured`` on SQLite, which has no row security.
        """
        if self.is_sqlite:
            raise NotConfigured(
                "Sign-in needs Postgres: SQLite cannot keep users apart.",
                hint="Set DATABASE_URL, or turn sign-in off.",
            )
        user, said = Database(self.engine, whole=self._whole), json.dumps(dict(claims))

        def act(_session: Session, _transaction: object, connection: Connection) -> None:
            try:
                connection.execute(_ACT_AS_USER, {"claims": said})
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") != "42501":
                    raise
                raise NotConfigured(
                    "The user of DATABASE_URL may not act for those who sign in.",
                    hint="Have an administrator of the server run supabase/prelude.sql in this database once.",
                ) from None

        for sessions in (user._read, user._write):
            event.listen(sessions, "after_begin", act)
        return user

    def now(self, session: Session) -> datetime:
        """The database's clock on Postgres, shared by all workers; this machine's on SQLite, where there is one."""
        if self.is_sqlite:
            return utc_now()
        return session.scalar(select(func.clock_timestamp())) or utc_now()

    def keeps_sessions(self) -> bool:
        """Whether a connection is the same one to the server for as long as it lasts. A pooler in transaction mode lets
        the next client go on where another one has left its session."""
        mark = uuid.uuid4().hex
        with _alone(self.engine) as first, _alone(self.engine) as second:
            first.execute(_MARK, {"mark": mark})
            try:
                # More than once: a pooler may take its connections in turn.
                return all(
                    (first.scalar(_MARKED), second.scalar(_MARKED) or "") == (mark, "") for _ in range(_POOLED_LOOKS)
                )
            finally:
                first.execute(_MARK, {"mark": ""})

    def beside(self) -> Database:
        """The same server over two connections of its own, for what may not queue behind pages and flows."""
        return Database(_server_engine(self.engine.url, pool_size=1, max_overflow=1))

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            known = translated(error)
            if self._whole is not self and isinstance(error, StaleDataError):
                known = NotAllowed()  # it was seen, and the change found no row
            if known is None:
                raise
            if isinstance(known, NotAllowed | NotFound):  # it works as it should
                raise known from None
            if not self._is_failing:  # once, not at every try
                log.warning("%s: %s", known.code, _first_line(getattr(error, "orig", error)))
                self._is_failing = True
            if isinstance(known, DatabaseDamaged) and self.is_sqlite:
                suspect_damage(Path(str(self.engine.url.database)))
            raise known from None
        if self._is_failing:
            log.warning("The database answers again.")
            self._is_failing = False


def open_database(url: str, *, data_dir: Path) -> Database:
    """Open the database. An empty ``url`` is the SQLite file in ``data_dir``, made when it is new and brought up to
    date, after a backup, when it is older. A server's schema is made by ``migrate_database`` only.

    Raises ``NotConfigured`` when the url cannot be used, the server cannot be reached or its schema is not today's,
    ``DatabaseDamaged`` for a file that is not whole, ``CannotWrite`` or ``StorageFull`` for a place that takes none.
    """
    address = _address(url, data_dir=data_dir)
    if address.get_backend_name() == "sqlite":
        return _open_file(address, data_dir=data_dir)[0]
    engine = _server_engine(address)
    with _opening(engine):
        require_migrations(engine)
    return Database(engine)


def migrate_database(url: str, *, data_dir: Path) -> str:
    """Create the schema or bring it up to date; what was done, in words. Raises what ``open_database`` raises."""
    address = _address(url, data_dir=data_dir)
    backup, wanted = None, SCHEMA_VERSION
    if address.get_backend_name() == "sqlite":
        database, found, backup = _open_file(address, data_dir=data_dir)
        database.close()
    else:
        engine = _server_engine(address)
        with _opening(engine):
            found, wanted = apply_migrations(engine), newest_version()
        engine.dispose()
    if not found:
        return f"created, version {wanted}"
    if found == wanted:
        return f"version {found}, up to date already"
    kept = f"; the file as it was is kept as {backup.name}" if backup else ""
    return f"brought from version {found} to {wanted}{kept}"


def sqlite_path(url: str, *, data_dir: Path) -> Path | None:
    """The file that ``open_database`` would open or make; None for a server. Raises ``NotConfigured`` as it does."""
    address = _address(url, data_dir=data_dir)
    return Path(str(address.database)).resolve() if address.get_backend_name() == "sqlite" else None


def _address(url: str, *, data_dir: Path) -> URL:
    return read_address(url) if url else URL.create("sqlite", database=str(data_dir / "orchestrator.sqlite3"))


def _open_file(address: URL, *, data_dir: Path) -> tuple[Database, int, Path | None]:
    """The database, the version that was found (0: new) and the backup that was made."""
    path = Path(str(address.database))
    assets = data_dir / "assets"
    is_in_use = path.parent == data_dir and assets.is_dir() and any(assets.iterdir())
    found = inspect_file(path, is_in_use=is_in_use)
    backup = back_up(path, version=found) if 0 < found < SCHEMA_VERSION else None
    try:
        path.touch()
    except OSError as error:
        raise explain(error) or CannotWrite(f"The database cannot be written to: {error.strerror}: {path}") from None
    engine = _sqlite_engine(address)
    with _opening(engine):
        prepare_file(engine)
    return Database(engine), found, backup


@contextmanager
def _opening(engine: Engine) -> Iterator[None]:
    """Whatever the first look meets, said in one line."""
    is_open = False
    try:
        yield
        is_open = True
    except DBAPIError as error:
        if engine.dialect.name == "postgresql" and not getattr(error.orig, "sqlstate", None):
            raise why_unreachable(error.orig, engine.url) from None
        if getattr(error.orig, "sqlstate", None) == "42501":
            raise NotConfigured(
                f"The user of DATABASE_URL lacks a right: {_first_line(error.orig)}.",
                hint="Let the database's owner run: python -m orchestrator doctor --migrate",
            ) from None
        raise translated(error) or NotConfigured(
            f"The database cannot be opened: {_first_line(error.orig)}",
            hint="Check DATABASE_URL, or leave it empty to use the SQLite file in DATA_DIR.",
        ) from None
    finally:
        if not is_open:
            engine.dispose()


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _sqlite_engine(address: URL) -> Engine:
    uri = f"{Path(str(address.database)).resolve().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        """A file that was taken away while we run is an error, not a new and empty database."""
        return sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)

    engine = create_engine(address, creator=connect, hide_parameters=True)  # prompts are among them

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        # synchronous=FULL: a call that was paid must not be forgotten when the power fails.
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    # sqlite3 would begin lazily and upgrade a read to a write in mid-transaction, which fails under contention.
    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        is_write = connection.get_execution_options().get("is_write", False)
        seconds = _LOOP_WAIT_SECONDS if _is_on_loop() else _WAIT_SECONDS
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {seconds * 1000}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


def _alone(engine: Engine) -> Connection:
    """A connection outside of any transaction."""
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _server_engine(address: URL, **pool: int) -> Engine:
    given = {name: value for name, value in _CONNECTING.items() if name not in address.query}
    engine = create_engine(address, connect_args=given, hide_parameters=True, **{**_POOL, **pool})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        # Not among the options of connecting: not every pooler hands those on.
        connection.execute(f"set idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        connection.execute(f"set lock_timeout = '{_LOCK_SECONDS}s'")
        connection.commit()

    return engine
