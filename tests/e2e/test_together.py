"""Two people in one storyboard: each sees what the other does, and nobody's words are lost."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.hands import SCRIPT, plan_film, press, settle, write

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SEEN_SECONDS = 2.0
NOISE_SECONDS = 6.0  # a machine that does other things besides


def open_both(page: Page, other: Page, address: str, step: str) -> str:
    project_id, _ = plan_film(address, name="Harbour")
    for one in (page, other):
        one.goto(f"/storyboard?project={project_id}&step={step}")
        settle(one)
    return project_id


def script_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Script")


def test_words_appear_within_two_seconds_and_whoever_types_is_not_disturbed(
    page: Page, other: Page, address: str
) -> None:
    project_id = open_both(page, other, address, "script")
    name = page.get_by_role("textbox", name="Project name")
    write(name, "Port")  # what is typed next is an edit of its own
    expect(other.get_by_role("heading", level=1)).to_have_text("Port")
    script_of(page).press("Control+End")
    script_of(page).press_sequentially(" The boats go out.")
    script_of(page).press("Control+Enter")
    begun = time.monotonic()
    expect(script_of(other)).to_have_value(f"{SCRIPT} The boats go out.")
    took = time.monotonic() - begun
    print(f"seen after {took:.2f} s")
    assert took < SEEN_SECONDS + NOISE_SECONDS
    expect(other.get_by_text("Somebody else: Changed the script")).to_be_visible()

    other.goto(f"/storyboard?project={project_id}&step=brief")
    tone = other.get_by_role("textbox", name="Tone")
    tone.click()
    tone.press_sequentially("calm and warm")
    for _ in range(4):
        tone.press("ArrowLeft")
    script_of(page).press("Control+End")
    script_of(page).press_sequentially(" They come home.")
    script_of(page).press("Control+Enter")
    write(name, "Quay")
    expect(other.get_by_role("heading", level=1)).to_have_text("Quay")
    expect(tone).to_be_focused()
    expect(tone).to_have_value("calm and warm")
    assert tone.evaluate("(field) => field.selectionStart") == len("calm and ")
    tone.press_sequentially("so ")
    tone.press("Enter")
    page.goto(f"/storyboard?project={project_id}&step=brief")
    expect(page.get_by_role("textbox", name="Tone")).to_have_value("calm and so warm")


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs"])
def test_words_not_sent_yet_meet_others_and_both_choices_work(
    page: Page, other: Page, address: str, choice: str
) -> None:
    open_both(page, other, address, "brief")
    mine = other.get_by_role("textbox", name="Tone")
    mine.click()
    mine.press_sequentially("mine")  # in the browser only
    write(page.get_by_role("textbox", name="Tone"), "theirs")
    other.wait_for_timeout(4_000)  # long after theirs came
    expect(mine).to_be_focused()
    expect(mine).to_have_value("mine")
    mine.press("Enter")
    told = other.get_by_role("alert").filter(has_text="you changed it too")
    expect(told).to_be_visible()
    expect(other.locator("[class*=st-key-clash-]").get_by_text("theirs", exact=True)).to_be_visible()
    press(other.get_by_role("button", name=choice))
    expect(told).to_have_count(0)
    word = "mine" if choice == "Keep mine" else "theirs"
    for one in (page, other):
        expect(one.get_by_role("textbox", name="Tone")).to_have_value(word)
    if choice == "Take theirs":
        press(other.get_by_text("What you had written"))
        expect(other.locator("code").get_by_text("mine", exact=True)).to_be_visible()


def test_both_move_clips_and_nothing_is_lost(page: Page, other: Page, address: str) -> None:
    open_both(page, other, address, "render")
    clips = page.locator(".clip")
    expect(clips).to_have_count(2)
    first, second = clips.evaluate_all("(clips) => clips.map((clip) => clip.dataset.id)")
    clips.first.focus()
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Alt+ArrowRight")
    for one in (page, other):
        expect(one.locator(".clip").last).to_have_attribute("data-id", first)
    other.locator(".clip").last.focus()
    other.keyboard.press("Alt+ArrowLeft")
    other.keyboard.press("Alt+ArrowLeft")
    for one in (page, other):
        expect(one.locator(".clip").first).to_have_attribute("data-id", first)
        expect(one.locator(".clip").last).to_have_attribute("data-id", second)
