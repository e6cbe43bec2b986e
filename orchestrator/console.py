"""What the command line says, and how it ends: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from orchestrator.errors import OrchestratorError, explain


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


def print_json(value: dict[str, Any]) -> None:
    write(json.dumps(value, ensure_ascii=False, indent=2))


def write(line: str) -> None:
    sys.stdout.write(line + "\n")


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
