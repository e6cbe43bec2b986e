"""The Single Gen page against the real service."""

from __future__ import annotations

import pytest

from orchestrator.bootstrap import App
from tests.ui.conftest import OpenPage, field, fill, press, words

PROMPT = "A founder alone in a dim office."


@pytest.fixture
def page_name() -> str:
    return "single_gen.py"


def test_a_prompt_is_asked_for_when_there_is_none(app: App, open_page: OpenPage, page_name: str) -> None:
    page = press(open_page(page_name), "Generate")
    assert "Write a prompt first." in words(page)
    assert app.views.history() == ()


def test_a_clip_is_asked_for_as_it_was_described(app: App, open_page: OpenPage, page_name: str) -> None:
    page = fill(open_page(page_name), "Prompt", PROMPT)
    page = fill(page, "Line to speak (optional)", "I can hear it.")
    page = fill(page, "Duration", 4)
    page = press(fill(page, "Size", "320x180"), "Generate")
    (take,) = app.views.history()
    assert (take.line, take.seconds, take.size, take.is_active) == ("I can hear it.", 4, "320x180", True)
    assert page.query_params["clip"] == take.clip_id
    assert "History" in words(page)


def test_characters_are_counted_and_too_many_refused(app: App, open_page: OpenPage, page_name: str) -> None:
    limit = next(item for item in app.views.providers() if item.is_default).prompt_limit_characters
    page = fill(open_page(page_name), "Prompt", "x" * (limit + 1))
    assert f":red[{limit + 1:,} of {limit:,} characters]" in words(page)
    page = press(page, "Generate")
    assert "too long" in words(page)
    assert app.views.history() == ()


def test_a_prompt_gains_what_it_lacks_when_it_is_optimized(app: App, open_page: OpenPage, page_name: str) -> None:
    page = press(fill(open_page(page_name), "Prompt", PROMPT), "Optimize Prompt")
    assert field(page, "Prompt").value == app.service.optimize_prompt(PROMPT)  # type: ignore[attr-defined]


def test_the_price_is_known_before_anything_is_spent(app: App, open_page: OpenPage, page_name: str) -> None:
    assert "Free" in words(open_page(page_name))


@pytest.mark.parametrize("prompt", ["🚀" * 50, "مرحبا بكم", "<img src=x onerror=alert(1)>", "\x00", "$" * 20])
def test_hostile_prompts_end_in_a_clip_or_a_message(app: App, open_page: OpenPage, page_name: str, prompt: str) -> None:
    page = press(fill(open_page(page_name), "Prompt", prompt), "Generate")
    shown = words(page)
    assert bool(app.views.history()) != bool(page.error or page.warning), shown
    assert "Something went wrong" not in shown
