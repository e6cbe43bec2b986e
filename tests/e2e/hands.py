"""What a person does with the app: presses, drags, types, watches; and what its own REST interface says of it."""

from __future__ import annotations

from typing import Any, Literal

from playwright.sync_api import Locator, Page, expect

from bench.ui.rest import ask

SCRIPT = "# Morning\n\nThe lamp is lit before dawn.\n\n# Evening\n\nSomebody waits beside the water."
FILM_SECONDS = 8
MAKING_MS = 150_000
HOLD_MS = 420
Point = tuple[float, float]


def plan_film(address: str, *, name: str, script: str = SCRIPT, **settings: Any) -> tuple[str, str]:
    """(project id, plan id) of a small film that was not started; ``settings`` are the project's."""
    small = {"size": "320x180", **settings}
    project_id = ask(address, "/video/projects", {"name": name, "settings": small})["id"]
    return project_id, ask(address, "/video/clip-plans", {"project_id": project_id, "script": script})["id"]


def settle(page: Page) -> None:
    """Until the page is drawn and nothing runs."""
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")


def await_film(page: Page) -> None:
    """Until the storyboard's film is made and nothing goes on: until then its player may make way for a newer film."""
    expect(page.get_by_role("link", name="Download MP4")).to_be_visible(timeout=MAKING_MS)
    expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0, timeout=MAKING_MS)
    settle(page)


def press(target: Locator) -> None:
    """A click as a hand does it: on what has come to rest (a page being drawn shifts), and not in no time at all."""
    expect(target).to_be_visible()
    before = None
    while before != (before := target.bounding_box()):
        target.page.wait_for_timeout(300)
    target.click(delay=60)


def write(field: Locator, words: str) -> None:
    """Type over what stands in a one-line field, and leave it as people do."""
    field.fill(words)
    field.press("Enter")


def middle(target: Locator, *, share: float = 0.5) -> Point:
    """A point on a clip's card, ``share`` of its width from the left."""
    box = target.bounding_box()
    assert box
    return box["x"] + share * box["width"], box["y"] + 50


def drag(page: Page, start: Point, end: Point) -> None:
    """With the mouse."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def carry(page: Page, start: Point, end: Point) -> None:
    """With a finger: hold, move, let go. The page's context has touch."""
    touches = page.context.new_cdp_session(page)

    def touch(kind: Literal["touchStart", "touchMove", "touchEnd"], *points: Point) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", start)
    page.wait_for_timeout(HOLD_MS)
    for step in range(1, 13):
        x, y = (a + (b - a) * step / 12 for a, b in zip(start, end, strict=True))
        touch("touchMove", (x, y))
        page.wait_for_timeout(16)
    touch("touchEnd")


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


def look(page: Page, url: str, *, at_seconds: float) -> list[int]:
    """The picture of the video under ``url`` at that moment: 16 x 9 pixels, red, green and blue of each in turn."""
    return page.evaluate(
        """async ([url, at]) => {
            const video = Object.assign(document.createElement("video"), { src: url, muted: true, preload: "auto" });
            const happens = (name) => new Promise((go, fail) => {
                video.addEventListener(name, go, { once: true });
                video.addEventListener("error", () => fail(new Error(`cannot play ${url}`)), { once: true });
            });
            await happens("loadeddata");
            video.currentTime = at;
            await happens("seeked");
            const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 9 });
            const brush = canvas.getContext("2d");
            brush.drawImage(video, 0, 0, 16, 9);
            return [...brush.getImageData(0, 0, 16, 9).data].filter((_, index) => index % 4 !== 3);
        }""",
        [url, at_seconds],
    )


def unlike(one: list[int], other: list[int]) -> float:
    """How far two pictures are apart: 0 the same, 255 black and white."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)
