"""One clip from one prompt: made once, kept, changed, thrown away and taken back; and pictures that are refused."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.hands import MAKING_MS, play, press, settle

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def test_a_clip_is_made_once_remixed_deleted_and_taken_back(page: Page) -> None:
    page.goto("/single")
    prompt, cards = page.get_by_role("textbox", name="Prompt"), page.locator(".svo-mosaic")
    prompt.fill("A lighthouse on a black cliff at dusk")
    press(page.get_by_label("Size"))
    press(page.get_by_role("option", name=re.compile("320")))
    settle(page)
    page.get_by_role("button", name="Generate").dblclick()
    remix = page.get_by_role("button", name="Remix", exact=True)
    expect(remix).to_be_visible(timeout=MAKING_MS)
    expect(cards).to_have_count(1)

    page.reload()
    expect(cards).to_have_count(1)
    assert play(page.locator("video"))["width"] == 320
    before = page.url
    press(remix)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What should change?").fill("The same, but at sunrise")
    press(dialog.get_by_role("button", name="Remix"))
    expect(cards).to_have_count(2)
    expect(dialog).to_have_count(0)
    assert page.url != before
    expect(remix).to_be_visible(timeout=MAKING_MS)

    press(page.locator(".st-key-single-stage").get_by_role("button", name="More"))
    press(page.get_by_role("option", name="Delete").or_(page.get_by_role("menuitem", name="Delete")))
    expect(page.get_by_text("Clip deleted")).to_be_visible()
    expect(cards).to_have_count(1)
    page.reload()
    press(page.locator(".st-key-deleted-bar").get_by_role("button", name="Undo"))
    expect(cards).to_have_count(2)


@pytest.mark.parametrize("kind", ["large", "bomb", "drawing", "disguised"])
def test_a_picture_that_cannot_be_used_is_refused_with_the_limit(page: Page, kind: str) -> None:
    name, mime, content, said = pictures()[kind]
    page.goto("/single")
    press(page.get_by_role("button", name="Add picture"))
    chooser = page.locator('input[type="file"]')
    chooser.set_input_files({"name": name, "mimeType": mime, "buffer": content})
    expect(page.get_by_text(re.compile(said)).first).to_be_visible()
    expect(page.get_by_text(re.compile("JPEG.*at most .* MB and .* million pixels"))).to_be_visible()
    expect(page.get_by_role("button", name="Remove picture")).to_have_count(0)


def pictures() -> dict[str, tuple[str, str, bytes, str]]:
    """Name, kind and content of each, and what is said of it."""
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    return {
        "large": (
            "large.png",
            "image/png",
            bytes(20 << 20),
            r"must be \d+(\.\d+)? ?MB or smaller",
        ),
        "bomb": ("bomb.png", "image/png", bomb.getvalue(), r"bomb.*more than \d+ million pixels"),
        "drawing": ("drawing.svg", "image/svg+xml", SVG, "not allowed"),
        "disguised": ("drawing.png", "image/png", SVG, "not a picture that can be used"),
    }
