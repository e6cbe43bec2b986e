"""A person makes a film in the browser: brief and script in, clips put in order by every hand, moving picture out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bench.ui.rest import ask
from tests.e2e.hands import (
    FILM_SECONDS,
    MAKING_MS,
    SCRIPT,
    await_film,
    carry,
    drag,
    look,
    middle,
    play,
    press,
    unlike,
    write,
)

# One group: the app and the browser are started once, not once a worker.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """A small screen that is touched."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, base_url=address)
    yield context.new_page()
    context.close()


def test_a_brief_becomes_a_film_in_the_order_that_was_chosen(page: Page, phone: Page, address: str) -> None:
    write_brief_and_script(page, "Lamp")
    plan_small(page)
    morning, evening = ids(page)

    drag(page, middle(clip(page, morning)), middle(clip(page, evening), share=0.8))
    expect_order(page, evening, morning)
    clip(page, morning).focus()
    page.keyboard.press("Alt+ArrowLeft")
    expect_order(page, morning, evening)
    phone.goto(page.url)
    expect_order(phone, morning, evening)
    clip(phone, morning).scroll_into_view_if_needed()
    phone.wait_for_timeout(400)  # a page being drawn shifts
    carry(phone, middle(clip(phone, morning), share=0.3), middle(clip(phone, evening), share=0.9))
    expect_order(phone, evening, morning)

    press(page.get_by_role("button", name="Start generation"))
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.reload()  # the work belongs to no tab: a refresh finds it going on
    expect(page.get_by_role("heading", name="Lamp")).to_be_visible()
    expect(page.locator(".clip[data-status=passed]")).to_have_count(2, timeout=MAKING_MS)
    await_film(page)
    expect_order(page, evening, morning)
    seen = play(page.locator("video"))
    assert seen["width"] == 320
    assert seen["seconds"] == pytest.approx(FILM_SECONDS, abs=0.2)
    assert seen["moved"] > 0.3
    expect_played_in_order(page, address, evening, morning)

    with page.expect_download() as saving:
        press(page.get_by_role("link", name="Download MP4"))
    assert saving.value.path().stat().st_size > 10_000


def write_brief_and_script(page: Page, name: str) -> None:
    """A new project, its brief and its words, as the steps of the page lead through them."""
    page.goto("/")
    press(page.get_by_role("button", name="New project"))
    page.get_by_label("Name", exact=True).fill(name)
    press(page.get_by_role("button", name="Create project"))
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    write(page.get_by_label("Objective"), "Show a morning and an evening")
    write(page.get_by_label("Audience"), "People who live by the sea")
    open_step(page, "Script")
    page.get_by_role("textbox", name="Script").fill(SCRIPT)
    expect(page.get_by_text("2 clips", exact=True)).to_be_visible()  # counted without leaving the field


def plan_small(page: Page) -> None:
    """The smallest frame there is, and the plan."""
    open_step(page, "Plan")
    frame, smallest = page.get_by_label("Frame"), page.get_by_role("option", name=re.compile("320"))
    press(frame)
    press(smallest)
    expect(frame).to_have_value(re.compile("320"))
    press(page.get_by_role("button", name="Generate Clip Plan"))
    expect(page.locator(".clip")).to_have_count(2)
    expect(page.get_by_role("heading", name="Clip 1")).to_be_visible()  # chosen, for there is no film to look at yet


def open_step(page: Page, name: str) -> None:
    press(page.locator(".st-key-steps").get_by_role("radio").filter(has_text=name))
    expect(page).to_have_url(re.compile(f"step={name.lower()}"))


def ids(page: Page) -> list[str]:
    return page.locator(".clip").evaluate_all("(clips) => clips.map((clip) => clip.dataset.id)")


def clip(page: Page, clip_id: str) -> Locator:
    return page.locator(f'.clip[data-id="{clip_id}"]')


def expect_order(page: Page, *clip_ids: str) -> None:
    clips = page.locator(".clip")
    expect(clips).to_have_count(len(clip_ids))
    for place, clip_id in enumerate(clip_ids):
        expect(clips.nth(place)).to_have_attribute("data-id", clip_id)


def expect_played_in_order(page: Page, address: str, *clip_ids: str) -> None:
    """Each part of the film shows the take of its clip, and not that of another one."""
    source = page.locator("video").get_attribute("src") or ""
    plan_ids = [one["clip_plan_id"] for one in ask(address, "/video/projects")["projects"] if one["id"] in page.url]
    takes = {one["id"]: one["video_url"] for one in ask(address, f"/video/clip-plans/{plan_ids[0]}/status")["clips"]}
    for place, clip_id in enumerate(clip_ids):
        shown = look(page, source, at_seconds=FILM_SECONDS / len(clip_ids) * place + 2)
        apart = {one: unlike(shown, look(page, url, at_seconds=2)) for one, url in takes.items()}
        assert min(apart, key=lambda one: apart[one]) == clip_id, apart
