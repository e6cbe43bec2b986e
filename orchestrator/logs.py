"""Log lines: where they go, how they look, and which ids stand on each of them.

Everybody writes with ``logging``; what is bound here is put on every line that is written while it is. Lines say what
happened to which id. Prompts, scripts and what a provider said are in the rows, and not here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict

from orchestrator.settings import Settings

_OURS = ("api", "orchestrator", "pages", "providers")
_HANDLER = "orchestrator"


def configure(settings: Settings, *, usual_level: str = "warning") -> None:
    """Write log lines to stderr, in the form and from the level on that ``settings`` name. Again replaces what was set.

    Libraries are heard from warnings on, whatever the level: theirs below tell addresses, and keys stand in some.
    """
    level = (settings.log_level or usual_level).upper()
    handler = logging.StreamHandler()
    handler.set_name(_HANDLER)
    handler.setFormatter(_Formatter(is_json=settings.log_format == "json", secrets=settings.secrets()))
    root = logging.getLogger()
    for former in [h for h in root.handlers if h.get_name() == _HANDLER]:
        root.removeHandler(former)
    root.addHandler(handler)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)


@contextmanager
def about(**ids: str | int) -> Iterator[None]:
    """Put these ids on every line written inside, and no others; empty ones are left out."""
    before = structlog.contextvars.get_contextvars()
    structlog.contextvars.clear_contextvars()
    bind(**ids)
    try:
        yield
    finally:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**before)


def bind(**ids: str | int) -> None:
    """Put these ids, which came to be known only now, on the lines that follow too."""
    structlog.contextvars.bind_contextvars(**{name: value for name, value in ids.items() if value})


class _Formatter(ProcessorFormatter):
    """``secrets`` are blotted out wherever they stand: in an address, an answer, a traceback."""

    def __init__(self, *, is_json: bool, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets
        # Tracebacks as Python writes them: prettier ones show the values of variables, and so prompts and keys.
        last: Any = (
            (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False))
            if is_json
            else (
                structlog.dev.ConsoleRenderer(
                    colors=False, sort_keys=False, exception_formatter=structlog.dev.plain_traceback
                ),
            )
        )
        super().__init__(
            foreign_pre_chain=[
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                _drop_marks_of_others,
                structlog.contextvars.merge_contextvars,
            ],
            processors=[ProcessorFormatter.remove_processors_meta, *last],
        )

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line


def _drop_marks_of_others(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Another handler's formatter leaves what it made on the record, which then looks like a value of ours."""
    line.pop("message", None)
    line.pop("asctime", None)
    return line
