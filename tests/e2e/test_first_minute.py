"""The first minute of somebody new: one click, and a film plays; what went wrong on the way can be looked at."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.hands import MAKING_MS, await_film, play, press

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_one_click_gives_a_film_whose_bad_take_and_repair_can_be_seen(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Make the sample film").dblclick(delay=60)  # twice is one film
    expect(page.locator(".clip[data-status=passed]")).to_have_count(page.locator(".clip").count(), timeout=MAKING_MS)
    expect(page.get_by_role("heading", name="Your film")).to_be_visible(timeout=MAKING_MS)
    await_film(page)
    seen = play(page.locator("video"))
    assert seen["width"] == 640
    assert seen["moved"] > 0.3

    press(page.get_by_role("radiogroup", name="Feedback rating").get_by_role("radio").nth(3))
    press(page.get_by_role("button", name="Say why"))
    page.get_by_label("Comment").fill("The light is right")
    press(page.get_by_role("button", name="Save comment"))
    expect(page.get_by_role("button", name="Change your comment")).to_be_visible()

    press(page.locator(".clip").nth(1))
    expect(page.get_by_role("heading", name="Clip 2")).to_be_visible()
    expect(page.get_by_text("Take 2", exact=True).first).to_be_visible()
    press(page.get_by_text("How it went: 2 takes"))
    story = page.locator(".svo-story > li")
    expect(story).to_have_count(2)
    expect(story.first).to_have_class(re.compile("fail"))
    expect(story.last).to_have_class(re.compile("pass"))
    press(page.get_by_role("radio", name="Take 1"))
    bad = page.get_by_label("Clip 2, take 1")
    expect(bad).to_be_visible()
    assert play(bad)["moved"] > 0.3
