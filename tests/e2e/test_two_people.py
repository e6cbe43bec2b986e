"""Two people on one film at once, and what people paste and type by mistake."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.ui.rest import ask
from tests.e2e.hands import MAKING_MS, plan_film, play, press, settle

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

UNEXPECTED = "Something went wrong that we did not expect"
BEFORE, AFTER = " The boats go out,", " and they come home."
SAVING_SECONDS = 10


def test_neither_loses_anything_and_both_see_the_same(page: Page, other: Page, address: str) -> None:
    project_id, plan_id = plan_film(address, name="Harbour")
    film = f"/storyboard?project={project_id}"
    page.goto(film)
    other.goto(f"{film}&step=script")
    script = other.get_by_role("textbox", name="Script")
    clips, seen_by_other = page.locator(".clip"), other.locator(".clip")
    expect(clips).to_have_count(2)
    first, second = clips.evaluate_all("(clips) => clips.map((clip) => clip.dataset.id)")

    script.press("Control+End")
    script.press_sequentially(BEFORE, delay=20)
    clips.first.focus()
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Alt+ArrowRight")
    script.press_sequentially(AFTER, delay=20)
    expect(clips.last).to_have_attribute("data-id", first)
    expect(seen_by_other.last).to_have_attribute("data-id", first)
    expect(script).to_have_value(re.compile(re.escape(BEFORE + AFTER) + "$"))
    deadline = time.monotonic() + SAVING_SECONDS
    while not (stored := ask(address, f"/video/clip-plans/{plan_id}/export?format=json"))["script"].endswith(AFTER):
        assert time.monotonic() < deadline, stored["script"]
        page.wait_for_timeout(100)
    assert stored["script"].endswith(BEFORE + AFTER)
    assert [one["id"] for one in stored["plan"]["clips"]] == [second, first]

    other.goto(film)
    settle(other)
    theirs = other.get_by_role("button", name="Start generation").element_handle()
    page.get_by_role("button", name="Start generation").dblclick()  # twice is once
    theirs.evaluate("(button) => button.click()")  # and so it is from a page drawn before, if it still is
    for one in (page, other):
        expect(one.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    for one in (page, other):
        expect(one.locator(".clip[data-status=passed]")).to_have_count(2, timeout=MAKING_MS)
        expect(one.get_by_role("link", name="Download MP4")).to_be_visible(timeout=MAKING_MS)
        expect(one.locator(".st-key-plan-state")).to_contain_text("2 of 2 clips passed")
    takes = ask(address, f"/video/clip-plans/{plan_id}/export?format=json")["takes"]
    assert [len(of_clip) for of_clip in takes.values()] == [1, 1]

    other.goto("/dashboard?view=projects")
    press(other.locator("[class*=st-key-project-card-]").get_by_role("button").first)
    press(other.get_by_text("Delete", exact=True))
    expect(other.get_by_text("is in the bin with everything it has")).to_be_visible()
    expect(page.get_by_text("This project is in the bin")).to_be_visible()
    press(page.get_by_role("button", name="Restore it"))
    assert play(page.locator("video"))["moved"] > 0.3


def test_an_address_that_names_nothing_says_so(page: Page, address: str) -> None:
    project_id, _ = plan_film(address, name="One")
    _, foreign_plan = plan_film(address, name="Another")
    foreign = ask(address, f"/video/clip-plans/{foreign_plan}/status")["clips"][0]["id"]
    for wrong in ("nothing", "..%2F..%2Fetc%2Fpasswd", "%00", "%3Cimg%20src%3Dx%3E", "9" * 2_000):
        page.goto(f"/storyboard?project={wrong}")
        expect(page.get_by_text("There is no project with that id.")).to_be_visible()
    expectations: dict[str, Any] = {
        f"/storyboard?project={project_id}&clip={foreign}": "That clip is not part of this film",
        f"/storyboard?project={project_id}&clip=%00&step=nonsense": "That clip is not part of this film",
        f"/single?clip={foreign}&shown=-1": "Your clips appear here",
        "/dashboard?view=nonsense&page=-7&state=x": "Dashboard",
        "/dashboard?view=review&take=%00": "Dashboard",
        f"/dashboard?view=takes&take={'x' * 500}&page=99999999999999999999": "Dashboard",
    }
    for wrong, said in expectations.items():
        page.goto(wrong)
        expect(page.get_by_text(said).first).to_be_visible()
        settle(page)
        expect(page.get_by_text(UNEXPECTED)).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_script_with_nuls_and_markup_becomes_clips_and_nothing_else(page: Page, address: str) -> None:
    project_id = ask(address, "/video/projects", {"name": "<img src=x onerror=alert(1)>"})["id"]
    page.goto(f"/storyboard?project={project_id}&step=script")
    odd = "The lamp\x00 is <b>lit</b> <img src=x onerror=alert(1)> before $dawn$ :red[now] \N{PARTY POPPER}."
    page.get_by_role("textbox", name="Script").focus()
    page.get_by_role("textbox", name="Script").evaluate(
        """(field, words) => {
            Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, words);
            field.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        odd,
    )
    page.get_by_role("textbox", name="Script").blur()
    expect(page.get_by_text("1 clip", exact=True)).to_be_visible()
    press(page.locator(".st-key-steps").get_by_role("radio").filter(has_text="Plan"))
    press(page.get_by_role("button", name="Generate Clip Plan"))
    press(page.locator(".clip"))
    expect(page.locator(".svo-line")).to_have_text("The lamp is lit before $dawn$ :red.")  # markup is not spoken
    expect(page.locator('img[src="x"]')).to_have_count(0)
    expect(page.get_by_text(UNEXPECTED)).to_have_count(0)
