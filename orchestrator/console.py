"""What the command line says, and how it ends: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import logging
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from orchestrator.errors import OrchestratorError, explain

if TYPE_CHECKING:
    from orchestrator.schema.view import ClipView, DoctorItem, TakeView

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]

_WIDTH = 110
_MARKS = {"ok": "[ok]     ", "missing": "[missing]", "broken": "[broken] "}


@contextmanager
def report_errors(*, is_json: bool) -> Iterator[None]:
    """Whatever goes wrong ends in one clear message and the right exit code, never a traceback."""
    try:
        yield
    except OrchestratorError as error:
        _fail(error, is_json=is_json)
    except KeyboardInterrupt:
        _fail(OrchestratorError("Stopped. The same command again goes on from here."), is_json=is_json)
    except OSError as error:
        _fail(explain(error) or OrchestratorError(str(error)), is_json=is_json)
    except typer.Exit:
        raise
    except Exception as error:
        logging.getLogger(__name__).debug("Unforeseen", exc_info=True)
        _fail(OrchestratorError(f"Something unexpected went wrong: {type(error).__name__}."), is_json=is_json)


def _fail(error: OrchestratorError, *, is_json: bool) -> NoReturn:
    if is_json:
        print_json({**error.report, "error": {"code": error.code, "message": error.message, "hint": error.hint}})
    say(f"Error: {error.message}")
    if error.hint:
        say(error.hint)
    raise typer.Exit(error.exit_code) from None


def finish(report: dict[str, Any], line: str, *, is_json: bool) -> None:
    if is_json:
        print_json(report)
    else:
        write(line)


def draw_takes(clip: ClipView, takes: Sequence[TakeView]) -> Iterator[str]:
    """What became of a clip, as lines of a tree: its takes, oldest first, with where each came from, what it cost, how
    it was judged, how long it took, and what was done about it."""
    yield f"Clip {clip.position} · {clip.status_text} · ${clip.cost_usd:.2f} · “{clip.text}”"
    for take in takes:
        is_last = take is takes[-1]
        yield f"{'└─' if is_last else '├─'} {_describe(take)}"
        bar = "  " if is_last else "│ "
        times = ", ".join(f"{p.name} {p.seconds:.1f} s{' so far' if p.is_open else ''}" for p in take.phases)
        done = f"{take.repair_strategy}: {take.repair_reason}" if take.repair_strategy else ""
        for said in filter(None, (times, "" if take.is_accepted else take.best_reason, done)):
            yield from (f"{bar}     {line}" for line in textwrap.wrap(said, _WIDTH))


def _describe(take: TakeView) -> str:
    judged = take.verdict.replace("_", " ") if take.verdict else take.error_code.replace("_", " ")
    score = f"{judged} at {take.score:.0%} of {take.weight_run:.0%}" if take.score is not None else judged
    origin = f"cut from take {take.source_attempt}" if take.edit else f"{take.provider}, ${take.cost_usd:.2f}"
    mark = "kept" if take.is_accepted else "best" if take.is_best else ""
    return " · ".join(filter(None, (f"Take {take.attempt}: {take.status_text}", origin, score, mark)))


def draw_items(items: Sequence[DoctorItem], *, is_json: bool) -> None:
    """What the doctor found."""
    if is_json:
        print_json({"items": [item.model_dump() for item in items]})
        return
    for item in items:
        write(f"{_MARKS[item.state]} {item.name}: {item.detail}")
        if item.consequence:
            write(f"    {item.consequence}")


def print_json(value: dict[str, Any]) -> None:
    write(json.dumps(value, ensure_ascii=False, indent=2))


def write(line: str) -> None:
    sys.stdout.write(line + "\n")


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
