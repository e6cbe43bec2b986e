"""A workspace copied from one database into another, with the files its rows name. Nothing there is overwritten.

compare -> copy -> verify -> files. Every batch of rows and every file is whole or absent, and what is there already is
left, so that the same transfer again goes on where one was cut off. The source is read as it stood at the beginning.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.db import transfers
from orchestrator.db.library import projects_at_work
from orchestrator.db.session import Database, Session
from orchestrator.db.transfers import SETTINGS_TABLE, TABLES, Row
from orchestrator.errors import BadInput, CannotWrite, Conflict, NotFound
from orchestrator.schema.transfer import FilesReport, RowProblem, TableReport, TransferReport
from orchestrator.storage.base import AssetStore

# What is being done, and how much of it: (words, done, of).
Show = Callable[[str, int, int], None]
File = tuple[str, str, int]
_SHOWN = 3


@dataclass(frozen=True)
class Side:
    """A database and where its files are kept. ``title`` and ``store_title`` are places without passwords; two sides
    with the same ``store_title`` share their files."""

    title: str
    database: Database
    store: AssetStore
    store_title: str

    def close(self) -> None:
        self.database.close()


def transfer(source: Side, target: Side, *, has_files: bool, show: Show) -> TransferReport:
    """Copy all rows of ``source`` that ``target`` lacks and verify them, then the files if ``has_files``.

    Raises ``BadInput`` when both are one place; ``Conflict`` while anything is at work in ``source``, when a row is
    there and different or cannot be kept there (nothing is copied then), and when the sides differ in the end.
    """
    if source.title == target.title:
        raise BadInput(f"Both sides are the same: {source.title}.", hint="Name two places with --from and --to.")
    with source.database.snapshot() as session:
        _refuse_what_is_at_work(session)
        found = _Rows(session, target.database, show)
        found.compare()
        found.copy()
        tables = found.verify()
        files = transfers.named_files(session)
    return TransferReport(
        source=source.title,
        target=target.title,
        tables=tables,
        files=_transfer_files(source, target, files, has_files=has_files, show=show),
    )


def _refuse_what_is_at_work(session: Session) -> None:
    """What is under way is paid, and is fetched and paid on from one place only."""
    if names := projects_at_work(session):
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        raise Conflict(
            f"Work is under way in {len(names)} {'project' if len(names) == 1 else 'projects'}: {shown}. Nothing was "
            "copied, so that no clip is paid in two places.",
            hint="Pause or cancel them in the app and leave it running until the takes under way are in, then run the "
            "same again.",
        )


class _Rows:
    """The rows of all tables, parents first, looked through three times."""

    def __init__(self, source: Session, target: Database, show: Show) -> None:
        self._source = source
        self._target = target
        self._show = show
        self._counts = {table.name: transfers.count_rows(source, table) for table in TABLES}
        self._done: Counter[str] = Counter()
        self._copied: Counter[str] = Counter()
        self._kept: set[str] = set()

    def compare(self) -> None:
        """Raise ``Conflict`` for any row that cannot be copied. Writes nothing."""
        problems: list[RowProblem] = []
        for table in TABLES:
            key = transfers.key_of(table).name
            for rows in transfers.batches(self._source, table):
                with self._target.read() as session:
                    there = transfers.rows_like(session, table, rows)
                    lacking = [row for row in rows if row[key] not in there]
                    taken = transfers.clashes(session, table, lacking)
                changed = [row[key] for row in rows if row[key] in there and _differ(table, row, there[row[key]])]
                if table.name == SETTINGS_TABLE:
                    self._kept.update(changed)
                    changed = []
                whys = [(row, transfers.why_not_on_server(table, row)) for row in lacking if not self._target.is_sqlite]
                problems += [
                    *(RowProblem(table=table.name, id=row_id, why="differs") for row_id in changed),
                    *(RowProblem(table=table.name, id=row_id, why=f"another has its {what}") for row_id, what in taken),
                    *(RowProblem(table=table.name, id=row[key], why=why) for row, why in whys if why),
                ]
                self._tell("Comparing", rows)
        if problems:
            raise _conflict(problems)

    def copy(self) -> None:
        for table in TABLES:
            key = transfers.key_of(table).name
            for rows in transfers.batches(self._source, table):
                with self._target.read() as session:
                    there = transfers.keys_like(session, table, rows)
                lacking = [row for row in rows if row[key] not in there]
                if lacking:
                    with self._target.write() as session:
                        is_sqlite = self._target.is_sqlite
                        arriving = [transfers.arriving(table, row, is_sqlite=is_sqlite) for row in lacking]
                        transfers.write_rows(session, table, arriving)
                self._copied[table.name] += len(lacking)
                self._tell("Copying", rows)

    def verify(self) -> tuple[TableReport, ...]:
        """Raises ``Conflict`` when a table is not on both sides the same."""
        tables = tuple(self._verify(table.name) for table in TABLES)
        if unequal := [table.name for table in tables if not table.is_equal]:
            raise Conflict(
                f"The copy is not equal to the source in {', '.join(unequal)}. Nothing was overwritten.",
                hint="Somebody changed the target meanwhile, or it changes what it is given. Run the same again to "
                "see which rows differ.",
            ).with_report({"tables": [table.model_dump() for table in tables]})
        return tables

    def _verify(self, name: str) -> TableReport:
        table = next(table for table in TABLES if table.name == name)
        key, kept = transfers.key_of(table).name, self._kept if name == SETTINGS_TABLE else set[str]()
        ours, theirs = transfers.Digest(), transfers.Digest()
        for rows in transfers.batches(self._source, table):
            with self._target.read() as session:
                there = transfers.rows_like(session, table, rows)
            for row in rows:
                if row[key] not in kept:
                    ours.add(transfers.compared(table, row))
                    if row[key] in there:
                        theirs.add(transfers.compared(table, there[row[key]]))
            self._tell("Verifying", rows)
        copied = self._copied[name]
        return TableReport(
            name=name,
            rows=self._counts[name],
            copied=copied,
            present=self._counts[name] - copied - len(kept),
            kept=len(kept),
            source_sha256=ours.sha256,
            target_sha256=theirs.sha256,
            target_rows=theirs.count,
        )

    def _tell(self, what: str, rows: Sequence[Row]) -> None:
        self._done[what] += len(rows)
        self._show(f"{what} rows", self._done[what], sum(self._counts.values()))


def _differ(table: transfers.Table, one: Row, other: Row) -> bool:
    return transfers.compared(table, one) != transfers.compared(table, other)


def _conflict(problems: list[RowProblem]) -> Conflict:
    counts = Counter((problem.table, problem.why) for problem in problems)
    first = {(p.table, p.why): p.id for p in reversed(problems)}
    lines = [f"{table}: {count} ({why}), such as {first[table, why]}" for (table, why), count in counts.items()]
    more = f"; and {len(lines) - _SHOWN} more kinds" if len(lines) > _SHOWN else ""
    of = "row" if len(problems) == 1 else "rows"
    return Conflict(
        f"{len(problems)} {of} cannot be copied. {'; '.join(lines[:_SHOWN])}{more}. Nothing was copied or overwritten.",
        hint="What differs was changed on one side after it was copied. Decide which side counts: copy into an empty "
        "database or folder, or delete those projects for good where they do not count, and run the same again.",
    ).with_report({"problems": [problem.model_dump() for problem in problems]})


# --- files ---


def _transfer_files(source: Side, target: Side, files: Sequence[File], *, has_files: bool, show: Show) -> FilesReport:
    size_bytes = sum(size for _, _, size in files)
    if source.store_title == target.store_title:
        return FilesReport(how="shared", files=len(files), size_bytes=size_bytes)
    if not has_files:
        return FilesReport(how="left", files=len(files), size_bytes=size_bytes)
    copied = copied_bytes = present = done_bytes = 0
    missing: list[str] = []
    damaged: list[str] = []
    for key, sha256, size in files:
        if _content(target.store, key) == sha256:
            present += 1
        elif (found := _content(source.store, key)) == sha256:
            _copy_file(source.store, target.store, key, sha256=sha256)
            copied, copied_bytes = copied + 1, copied_bytes + size
        else:
            (damaged if found else missing).append(key)
        done_bytes += size
        show("Copying files", done_bytes, size_bytes)
    return FilesReport(
        how="copied",
        files=len(files),
        size_bytes=size_bytes,
        copied=copied,
        copied_bytes=copied_bytes,
        present=present,
        missing=tuple(missing),
        damaged=tuple(damaged),
    )


def _copy_file(source: AssetStore, target: AssetStore, key: str, *, sha256: str) -> None:
    target.put_file(source.local_path(key), key)
    if _content(target, key) != sha256:
        target.delete(key)
        raise CannotWrite(
            f"{key} arrived changed in the target, and was deleted there.",
            hint="Run the same again: what was copied before is kept.",
        )


def _content(store: AssetStore, key: str) -> str:
    """The sha256 of what is stored under ``key``; empty when nothing is."""
    try:
        with store.local_path(key).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (NotFound, FileNotFoundError):
        return ""
