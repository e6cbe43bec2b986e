"""A clip that fails reaches a person, who decides by keyboard, thinks again, and gets the film."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.hands import MAKING_MS, await_film, plan_film, play, press, settle

SETTINGS = {"MOCK_DEFECTS": "2.*=wrong_words"}

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_failing_clip_is_approved_by_keyboard_undone_and_approved_again(page: Page, address: str) -> None:
    project_id, _ = plan_film(address, name="Lamp", retry_policy={"max_attempts": 1})
    page.goto(f"/storyboard?project={project_id}")
    press(page.get_by_role("button", name="Start generation"))
    expect(page.locator(".clip[data-status=needs_review], .clip[data-status=failed]")).to_have_count(
        1, timeout=MAKING_MS
    )
    expect(page.locator(".clip[data-status=passed]")).to_have_count(1, timeout=MAKING_MS)

    press(page.get_by_role("link", name="Dashboard"))
    waiting = page.get_by_role("radio", name="Needs you (1)")
    expect(waiting).to_be_visible()
    expect(page.get_by_role("heading", name="Lamp · clip 2")).to_be_visible()
    settle(page)
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Looks right")).to_be_focused()
    page.keyboard.press("1")
    expect(page.get_by_text("Nothing waits for you", exact=True)).to_be_visible()
    expect(page.locator(".st-key-queue-undone-bar")).to_contain_text("Looks right")

    press(page.get_by_role("button", name="Undo"))
    expect(page.get_by_role("heading", name="Lamp · clip 2")).to_be_visible()
    settle(page)
    page.keyboard.press("a")
    page.keyboard.press("2")
    expect(page.locator(".st-key-queue-undone-bar")).to_contain_text("heard wrong")

    page.goto(f"/storyboard?project={project_id}")
    expect(page.locator(".clip[data-status=passed]")).to_have_count(2)
    await_film(page)
    assert play(page.locator("video"))["seconds"] == pytest.approx(8, abs=0.2)
