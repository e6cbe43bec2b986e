"""What a transfer reports: table by table, and of the files that rows name."""

from __future__ import annotations

from typing import Literal

from orchestrator.schema.value import Value


class TableReport(Value):
    """Of the ``rows`` in the source, ``copied`` were copied now and ``present`` were there before; ``kept`` gave way to
    settings of the target's own. The hashes are over all other rows, as each side has them in the end."""

    name: str
    rows: int
    copied: int = 0
    present: int = 0
    kept: int = 0
    source_sha256: str = ""
    target_sha256: str = ""
    target_rows: int = 0

    @property
    def is_equal(self) -> bool:
        return self.source_sha256 == self.target_sha256


class FilesReport(Value):
    """Of the ``files`` that rows name, with ``size_bytes`` in all. ``how``: ``copied``; ``left``, because nobody asked
    for them; or ``shared``, because both sides keep them in the same place. ``missing`` ones are gone at the source,
    ``damaged`` ones have another content there than was stored: neither was copied."""

    how: Literal["copied", "left", "shared"]
    files: int
    size_bytes: int
    copied: int = 0
    copied_bytes: int = 0
    present: int = 0
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


class TransferReport(Value):
    """``source`` and ``target`` are places without passwords."""

    source: str
    target: str
    tables: tuple[TableReport, ...]
    files: FilesReport

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def copied(self) -> int:
        return sum(table.copied for table in self.tables)


class RowProblem(Value):
    """A row that keeps a transfer from being made, and why."""

    table: str
    id: str
    why: str
