"""The command that copies a workspace into another database and back."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.console import Json, print_json, report_errors, write

if TYPE_CHECKING:
    from rich.progress import TaskID

    from orchestrator.schema.transfer import FilesReport, TransferReport
    from orchestrator.transfer import Show

_PLACES = "sqlite (the file in DATA_DIR), DATABASE_URL (what that setting says), or a database address"
_SHOWN = 10
_HASH_DIGITS = 12


def transfer(
    to: Annotated[str, typer.Option("--to", help=f"Where it is copied to: {_PLACES}.")],
    source: Annotated[str, typer.Option("--from", help="What is copied: one of the same.")] = "sqlite",
    assets: Annotated[bool, typer.Option("--assets", help="Copy the files of takes, films and pictures too.")] = False,
    is_json: Json = False,
) -> None:
    """Copy a workspace into another database; the same command again goes on where it stopped, and verifies."""
    with report_errors(is_json=is_json), ExitStack() as stack:
        from orchestrator import logs
        from orchestrator.bootstrap import load_settings, open_side
        from orchestrator.transfer import transfer as copy_workspace

        signal.signal(signal.SIGTERM, signal.default_int_handler)
        started = time.monotonic()
        settings = load_settings()
        logs.configure(settings)
        origin = open_side(source, settings, is_source=True)
        stack.callback(origin.close)
        target = open_side(to, settings, is_source=False)
        stack.callback(target.close)
        with _progress(is_quiet=is_json) as show:
            report = copy_workspace(origin, target, has_files=assets, show=show)
        seconds = round(time.monotonic() - started, 2)
        if is_json:
            print_json({**report.model_dump(mode="json"), "rows": report.rows, "copied": report.copied,
                        "is_verified": True, "wall_seconds": seconds})  # fmt: skip
            return
        for line in _draw(report):
            write(line)


@contextmanager
def _progress(*, is_quiet: bool) -> Iterator[Show]:
    """Shows how much is done, and how long the rest may take."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=is_quiet) as progress:
        bars: dict[str, TaskID] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=of)
            progress.update(bars[what], completed=done)
            left = progress.tasks[bars[what]].time_remaining
            progress.update(bars[what], description=f"{what}{f' · about {left:.0f} s left' if left else ''}")

        yield show


def _draw(report: TransferReport) -> Iterator[str]:
    """What was copied, table by table, and what became of the files."""
    yield f"From {report.source} to {report.target}."
    yield f"{'table':24}{'rows':>8}{'copied':>8}{'there':>8}  hash of the rows, equal on both sides"
    for table in report.tables:
        kept = ", the target's own was kept" if table.kept else ""
        digest = table.source_sha256[:_HASH_DIGITS] if table.target_rows else "-"
        yield f"{table.name:24}{table.rows:>8}{table.copied:>8}{table.present:>8}  {digest}{kept}"
    yield f"{report.rows} rows verified, {report.copied} of them copied now."
    yield from _tell_files(report.files)


def _tell_files(files: FilesReport) -> Iterator[str]:
    size = f"{files.files} files ({files.size_bytes / 1e6:.1f} MB)"
    if files.how == "shared":
        yield f"{size} stay where they are: both sides keep them in the same place."
    elif files.how == "left":
        yield f"{size} stay where they are. To copy them too, run the same again with --assets."
    else:
        yield f"{size}: {files.copied} copied ({files.copied_bytes / 1e6:.1f} MB), {files.present} there before."
        for words, keys in (("gone at the source", files.missing), ("changed since they were stored", files.damaged)):
            if keys:
                yield f"{len(keys)} not copied, {words}:"
                yield from (f"    {key}" for key in keys[:_SHOWN])
                if len(keys) > _SHOWN:
                    yield f"    and {len(keys) - _SHOWN} more, all with --json"
