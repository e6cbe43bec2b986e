"""One person with a browser: how long a page, a click and a drag take."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from playwright.sync_api import Page, expect, sync_playwright

from bench.ui.workspace import browser

CLICKS = 24
# Frames between two paints while the mouse moves, as the browser itself counts them.
_COUNT_FRAMES = """() => { window.frames_ms = []; let last = performance.now(); const step = (now) => {
    window.frames_ms.push(now - last); last = now; if (window.frames_ms !== null) requestAnimationFrame(step); };
    requestAnimationFrame(step); }"""


@dataclass(frozen=True)
class Hand:
    """Seconds until the timeline of a warm page can be used, from a click on a clip until its inspector is there, and
    between two frames of a drag."""

    page_seconds: float
    click_seconds: float
    frame_p50_seconds: float
    frame_p95_seconds: float
    idle_frame_seconds: float


def try_out(address: str, project_id: str) -> Hand:
    with sync_playwright() as playwright:
        tab = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox", "--disable-gpu"])
        page = tab.new_page(viewport={"width": 1440, "height": 1000})
        url = f"{address}/storyboard?project={project_id}"
        loads: list[float] = []
        for _ in range(4):
            begun = time.perf_counter()
            page.goto(url)
            page.locator(".clip").first.wait_for()
            loads.append(time.perf_counter() - begun)
        expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0)
        page.wait_for_timeout(1500)
        clicks = [_click(page, place) for place in range(2, 2 + CLICKS)]
        idle, frames = _drag(page)
        tab.close()
    return Hand(
        page_seconds=statistics.median(loads[1:]),
        click_seconds=statistics.median(clicks),
        frame_p50_seconds=statistics.median(frames),
        frame_p95_seconds=sorted(frames)[int(0.95 * len(frames))],
        idle_frame_seconds=statistics.median(idle),
    )


def _click(page: Page, place: int) -> float:
    clip = page.locator(".clip").nth(place - 1)
    clip.scroll_into_view_if_needed()
    page.wait_for_timeout(400)
    heading = page.get_by_role("heading", name=f"Clip {place}", exact=True)
    begun = time.perf_counter()
    clip.click(delay=30)
    heading.wait_for(timeout=10_000)
    return time.perf_counter() - begun


def _drag(page: Page) -> tuple[list[float], list[float]]:
    """(frames at rest, frames of a drag over half the strip), each in seconds."""
    page.evaluate(_COUNT_FRAMES)
    page.wait_for_timeout(1000)
    idle = page.evaluate("() => window.frames_ms.splice(0).slice(2)")
    clip = page.locator(".clip").nth(3)
    clip.scroll_into_view_if_needed()
    box = clip.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 12, box["y"] + 40, steps=3)
    page.evaluate("() => window.frames_ms.splice(0)")
    for step in range(120):
        page.mouse.move(200 + 8 * step, box["y"] + 40 + step % 5)
    frames = page.evaluate("() => window.frames_ms.splice(0)")
    page.keyboard.press("Escape")
    page.mouse.up()
    return [ms / 1000 for ms in idle], [ms / 1000 for ms in frames]
