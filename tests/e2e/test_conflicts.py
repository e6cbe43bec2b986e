"""Two people change the same in one storyboard: nothing is written over, and whoever was later sees what happened."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.ui.rest import ask
from tests.e2e.axe import IS_DARK, SIZES, violations
from tests.e2e.hands import drag, middle, plan_film, press, settle, write

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

THREE = (
    "# One\n\nThe lamp is lit before dawn.\n\n# Two\n\nSomebody waits beside the water.\n\n# Three\n\nThe door opens."
)
CHANGED_TOO = "you changed it too"


def box_of(page: Page) -> Locator:
    return page.locator("[class*=st-key-clash-]")


def disagree(page: Page, other: Page, address: str) -> None:
    """Both write another tone; ``other`` is later."""
    project_id, _ = plan_film(address, name="Harbour")
    for one in (page, other):
        one.goto(f"/storyboard?project={project_id}&step=brief")
        settle(one)
    mine = other.get_by_role("textbox", name="Tone")
    mine.click()
    mine.press_sequentially("mine")
    write(page.get_by_role("textbox", name="Tone"), "theirs")
    other.wait_for_timeout(4_000)  # long after theirs came
    mine.press("Enter")
    expect(box_of(other)).to_be_visible()


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs"])
def test_the_box_is_chosen_from_by_keyboard_alone(page: Page, other: Page, address: str, choice: str) -> None:
    disagree(page, other, address)
    other.get_by_role("textbox", name="Tone").focus()
    for _ in range(20):
        other.keyboard.press("Tab")
        if other.evaluate("() => document.activeElement.textContent").endswith(choice):
            break
    expect(box_of(other).get_by_role("button", name=choice)).to_be_focused()
    other.keyboard.press("Enter")
    expect(box_of(other)).to_have_count(0)
    word = "mine" if choice == "Keep mine" else "theirs"
    for one in (page, other):
        expect(one.get_by_role("textbox", name="Tone")).to_have_value(word)


def test_the_box_and_the_journal_break_no_serious_rule(page: Page, other: Page, address: str) -> None:
    disagree(page, other, address)
    expect(other.get_by_test_id("stToast")).to_have_count(0)  # it is Streamlit's, and has no name
    broken: dict[str, list[str]] = {}
    for size in ("wide", "phone"):
        other.set_viewport_size(SIZES[size])
        for scheme in ("light", "dark"):
            other.emulate_media(color_scheme=scheme)
            settle(other)
            other.wait_for_function(IS_DARK, arg=scheme == "dark")
            other.wait_for_timeout(500)
            expect(box_of(other)).to_be_visible()
            box_of(other).scroll_into_view_if_needed()
            if found := violations(other):
                broken[f"{size}, {scheme}"] = found
            press(other.get_by_role("button", name="What was changed"))
            expect(other.get_by_text("Changed the brief").first).to_be_visible()
            other.wait_for_timeout(400)
            if found := violations(other):
                broken[f"journal, {size}, {scheme}"] = found
            other.keyboard.press("Escape")
    assert not broken, broken


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs"])
def test_a_prompt_that_is_being_typed_is_not_lost(page: Page, other: Page, address: str, choice: str) -> None:
    project_id, plan_id = plan_film(address, name="Harbour")
    clip = ask(address, f"/video/clip-plans/{plan_id}/status")["clips"][0]["id"]

    def own_prompt() -> str:
        return ask(address, f"/video/clip-plans/{plan_id}/status")["clips"][0]["own_prompt"]

    for one in (page, other):
        one.goto(f"/storyboard?project={project_id}&clip={clip}")
        settle(one)
        press(one.get_by_role("tab", name="Making"))
    mine = other.get_by_role("textbox", name=re.compile("Prompt, as crafted"))
    mine.click()
    mine.press("Control+A")
    mine.press_sequentially("A lamp from above")  # in the browser only
    theirs = page.get_by_role("textbox", name=re.compile("Prompt, as crafted"))
    theirs.fill("A lamp from below.")
    press(page.get_by_role("button", name="Use this prompt"))
    expect(page.get_by_role("textbox", name="Its own prompt")).to_have_value("A lamp from below.")
    mine = other.get_by_role("textbox", name="Its own prompt")  # by its new name: the page was drawn again
    expect(mine).to_be_visible()
    expect(mine).to_have_value("A lamp from above")
    other.wait_for_timeout(2_500)  # long after theirs came
    mine.press_sequentially(", by night.")
    press(other.get_by_role("button", name="Use this prompt"))
    expect(other.get_by_text(CHANGED_TOO)).to_be_visible()
    assert own_prompt() == "A lamp from below."
    press(other.get_by_role("button", name=choice))
    kept = "A lamp from above, by night." if choice == "Keep mine" else "A lamp from below."
    for one in (page, other):
        expect(one.get_by_role("textbox", name="Its own prompt")).to_have_value(kept)
    assert own_prompt() == kept
    if choice == "Take theirs":
        press(other.get_by_text("What you had written"))
        expect(other.locator("code").get_by_text("A lamp from above, by night.", exact=True)).to_be_visible()


def test_two_drag_the_same_clip_at_once(page: Page, other: Page, address: str) -> None:
    project_id, plan_id = plan_film(address, name="Harbour", script=THREE)
    for one in (page, other):
        one.goto(f"/storyboard?project={project_id}")
        settle(one)
        expect(one.locator(".clip")).to_have_count(3)
        one.wait_for_timeout(500)
    first, second, third = page.locator(".clip").evaluate_all("(clips) => clips.map((clip) => clip.dataset.id)")

    def card(one: Page, clip_id: str) -> Locator:
        return one.locator(f'.clip[data-id="{clip_id}"]')

    # Both take up the first clip; the one puts it to the end, the other, later, behind the second.
    other.mouse.move(*middle(card(other, first)))
    other.mouse.down()
    other.mouse.move(*middle(card(other, second), share=0.9), steps=6)
    drag(page, middle(card(page, first)), middle(card(page, third), share=0.9))
    expect(page.locator(".clip").last).to_have_attribute("data-id", first)
    other.wait_for_timeout(2_500)  # what the first one did has come; the clip is in the hand still
    other.mouse.up()
    told = other.locator(".st-key-changed-bar")
    expect(told).to_contain_text("Somebody else moved clip 1 to “Three” meanwhile. Nothing was written over it")
    expect(other.locator(".clip").last).to_have_attribute("data-id", first, timeout=1_500)
    expect(told).to_have_count(1)  # for a moment the one of the drawing before is there as well
    press(told.get_by_role("button", name="Dismiss"))
    expect(told).to_have_count(0)
    wanted = [clip["id"] for clip in ask(address, f"/video/clip-plans/{plan_id}/status")["clips"]]
    assert wanted == [second, third, first]
    for one in (page, other):
        for place, clip_id in enumerate(wanted):
            expect(one.locator(".clip").nth(place)).to_have_attribute("data-id", clip_id)
    # having seen it, the other one moves it all the same
    other.wait_for_timeout(500)
    drag(other, middle(card(other, first)), middle(card(other, second), share=0.1))
    for one in (page, other):
        expect(one.locator(".clip").first).to_have_attribute("data-id", first)
