"""A person makes a film in the browser: script in, moving picture out, with a refresh in the middle."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

SCRIPT = "# Morning\n\nThe lamp is lit before dawn.\n\n# Evening\n\nSomebody waits beside the water."
FILM_SECONDS = 8
MAKING_MS = 150_000

# One group: the app and the browser are started once, not once a worker.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.xdist_group("browser")]


def press(target: Locator) -> None:
    """A click as a hand does it: on what has come to rest (a page being drawn shifts), and not in no time at all."""
    expect(target).to_be_visible()
    before = None
    while before != (before := target.bounding_box()):
        target.page.wait_for_timeout(300)
    target.click(delay=60)


def open_new_project(page: Page, name: str) -> None:
    page.goto("/")
    press(page.get_by_role("button", name="New project"))
    page.get_by_label("Name").fill(name)
    press(page.get_by_role("button", name="Create project"))
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("No clips yet")).to_be_visible()


def choose_smallest_frame(page: Page) -> None:
    press(page.get_by_text("Pace, look and budget"))
    frame, smallest = page.get_by_label("Frame"), page.get_by_role("option", name=re.compile("320"))
    frame.scroll_into_view_if_needed()  # a list that opens while the page still scrolls closes again
    press(frame)
    press(smallest)
    expect(frame).to_have_value(re.compile("320"))


def test_a_script_becomes_a_film_that_plays(page: Page) -> None:
    open_new_project(page, "Lamp")
    choose_smallest_frame(page)
    page.get_by_label("Script").fill(SCRIPT)
    expect(page.get_by_text("2 clips", exact=True)).to_be_visible()  # counted without leaving the field
    press(page.get_by_role("button", name="Generate Clip Plan"))
    clips = page.locator(".clip")
    expect(clips).to_have_count(2)
    press(page.get_by_role("button", name="Start generation"))
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()

    page.reload()  # the work belongs to no tab: a refresh finds it going on
    expect(page.get_by_role("heading", name="Lamp")).to_be_visible()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(page.locator(".clip[data-status=passed]")).to_have_count(2, timeout=MAKING_MS)

    expect(page.get_by_role("heading", name="Your film")).to_be_visible(timeout=MAKING_MS)
    expect(page.get_by_role("link", name="Download MP4")).to_be_visible(timeout=MAKING_MS)
    video = page.locator("video")
    expect(video).to_have_count(1)
    seen = play(video)
    assert seen["width"] == 320
    assert seen["seconds"] == pytest.approx(FILM_SECONDS, abs=0.2)
    assert seen["moved"] > 0.3

    with page.expect_download() as saving:
        press(page.get_by_role("link", name="Download MP4"))
    assert saving.value.path().stat().st_size > 10_000


def play(video: Locator) -> dict[str, Any]:
    """Play for a moment: the picture's width in pixels, the length in seconds and how far it got."""
    return video.evaluate(
        """async (video) => {
            video.muted = true;
            await video.play();
            const start = video.currentTime;
            const until = Date.now() + 15000, pause = () => new Promise((go) => setTimeout(go, 100));
            while (video.currentTime - start < 0.5 && Date.now() < until) await pause();
            return { width: video.videoWidth, seconds: video.duration, moved: video.currentTime - start };
        }"""
    )
