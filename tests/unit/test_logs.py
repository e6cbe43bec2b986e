"""Log lines: their form, the ids on them, and what is kept out of them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import logs
from tests.conftest import make_settings

log = logging.getLogger("orchestrator.tests")


@pytest.fixture
def configure(tmp_path: Path) -> Iterator[Callable[..., io.StringIO]]:
    """Configure logging with these settings; what is written from then on."""
    root, ours = (
        logging.getLogger(),
        [logging.getLogger(name) for name in ("api", "orchestrator", "pages", "providers")],
    )
    levels = [logger.level for logger in ours]

    def with_settings(*, usual_level: str = "warning", **values: Any) -> io.StringIO:
        written = io.StringIO()
        with contextlib.redirect_stderr(written):
            logs.configure(make_settings(tmp_path, **values), usual_level=usual_level)
        return written

    yield with_settings
    for handler in [h for h in root.handlers if h.get_name() == "orchestrator"]:
        root.removeHandler(handler)
    for logger, level in zip(ours, levels, strict=True):
        logger.setLevel(level)


def test_a_line_of_json_has_the_ids_of_where_it_was_written(configure: Callable[..., io.StringIO]) -> None:
    written = configure(log_format="json", log_level="info")
    with logs.about(run_id="r1", provider="mock", generation_id=""):
        logs.bind(generation_id="g1")
        log.info("Request accepted", extra={"cost_usd": 0.4})
    log.info("Elsewhere")
    inside, outside = (json.loads(line) for line in written.getvalue().splitlines())
    assert inside.pop("timestamp").endswith("Z")
    assert inside == {
        "event": "Request accepted",
        "level": "info",
        "logger": "orchestrator.tests",
        "cost_usd": 0.4,
        "run_id": "r1",
        "provider": "mock",
        "generation_id": "g1",
    }
    assert "run_id" not in outside and "generation_id" not in outside


def test_ids_stay_with_their_task_and_go_along_into_threads(configure: Callable[..., io.StringIO]) -> None:
    written = configure(log_format="json", log_level="info")

    async def work(run_id: str, other: asyncio.Event, mine: asyncio.Event) -> None:
        with logs.about(run_id=run_id):
            mine.set()
            await other.wait()
            await asyncio.to_thread(log.info, run_id)

    async def both() -> None:
        one, two = asyncio.Event(), asyncio.Event()
        await asyncio.gather(work("one", two, one), work("two", one, two))

    asyncio.run(both())
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert sorted(line["event"] for line in lines) == ["one", "two"]
    assert all(line["run_id"] == line["event"] for line in lines)


def test_the_ids_of_the_inner_are_taken_off_when_it_ends(configure: Callable[..., io.StringIO]) -> None:
    written = configure(log_format="json", log_level="info")
    with logs.about(plan_id="p"):
        with logs.about(clip_id="c"):
            logs.bind(run_id="r")
            log.info("inner")
        log.info("outer")
    inner, outer = (json.loads(line) for line in written.getvalue().splitlines())
    assert (inner["clip_id"], inner["run_id"]) == ("c", "r") and "plan_id" not in inner
    assert outer["plan_id"] == "p" and not {"clip_id", "run_id"} & set(outer)


@pytest.mark.parametrize(
    ("given", "usual", "heard"),
    [
        ("", "warning", ["warned"]),
        ("", "info", ["told", "warned"]),
        ("error", "info", []),
        ("INFO", "warning", ["told", "warned"]),
    ],
)
def test_the_level_is_the_one_set_or_the_usual_one(
    configure: Callable[..., io.StringIO], given: str, usual: str, heard: list[str]
) -> None:
    written = configure(log_level=given, usual_level=usual)
    log.info("told")
    log.warning("warned")
    assert [word for word in ("told", "warned") if word in written.getvalue()] == heard


def test_libraries_are_heard_from_warnings_on_whatever_the_level(configure: Callable[..., io.StringIO]) -> None:
    written = configure(log_level="debug")
    logging.getLogger("httpx").info("GET https://files.test/clip?signature=abc")
    logging.getLogger("httpx").warning("slow")
    assert "slow" in written.getvalue() and "signature" not in written.getvalue()


def test_configuring_again_writes_every_line_once(configure: Callable[..., io.StringIO]) -> None:
    former = configure()
    written = configure()
    log.warning("only here")
    assert former.getvalue() == "" and written.getvalue().count("only here") == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_blotted_out_also_in_tracebacks_and_values_of_variables_never_shown(
    configure: Callable[..., io.StringIO], form: str
) -> None:
    written = configure(
        log_format=form,
        database_url="postgresql://studio:pass-of-the-house@db.test/films",
        sora_api_key="sk-of-the-studio",
        provider_options={"acme": {"api_key": "acme-key-123"}},
    )
    script = " ".join(("Once", "upon", "a", "time."))
    words = " and ".join(("pass-of-the-house", "sk-of-the-studio"))
    try:
        raise RuntimeError(words)
    except RuntimeError:
        log.exception("A %s failed", "acme-key-123")
    text = written.getvalue()
    assert "RuntimeError" in text and text.count("***") == 3
    for secret in ("pass-of-the-house", "sk-of-the-studio", "acme-key-123", script):
        assert secret not in text
