"""The power goes while clips are made: the page waits, comes back by itself, and nothing is paid for twice."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from bench.ui.rest import ask
from tests.e2e.conftest import House
from tests.e2e.hands import MAKING_MS, await_film, plan_film, play, press, settle

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

BACK_MS = 90_000
SETTINGS = {"MOCK_DELAY_SECONDS": "6"}  # long enough to be paused
AWAY = "nothing is lost, and this page comes back by itself"


def test_a_paused_film_outlives_the_server_and_is_finished(page: Page, house: House) -> None:
    project_id, plan_id = plan_film(house.address, name="Lamp")
    page.goto(f"/storyboard?project={project_id}")
    page.evaluate("window.isTheSame = true")
    press(page.get_by_role("button", name="Start generation"))
    press(page.get_by_role("button", name="Pause", exact=True))
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible()
    house.strike()
    expect(page.get_by_text(AWAY)).to_be_visible()
    house.start()
    expect(page.get_by_text(AWAY)).to_have_count(0, timeout=BACK_MS)
    settle(page)
    press(resume)
    expect(page.locator(".clip[data-status=passed]")).to_have_count(2, timeout=MAKING_MS)
    await_film(page)
    assert play(page.locator("video"))["moved"] > 0.3
    assert page.evaluate("window.isTheSame")  # nobody loaded it again
    expect_each_take_paid_once(house.address, plan_id)


def test_pictures_that_did_not_come_are_asked_for_again(page: Page, house: House) -> None:
    project_id, _ = plan_film(house.address, name="Lamp")
    page.goto(f"/storyboard?project={project_id}")
    press(page.get_by_role("button", name="Start generation"))
    expect(page.locator(".clip.pictured")).to_have_count(2, timeout=MAKING_MS)
    await_film(page)
    for source in page.locator(".clip img").evaluate_all("(images) => images.map((image) => image.currentSrc)"):
        page.route(source, lambda route: route.abort())
    page.reload()
    expect(page.locator(".clip img[data-broken]")).to_have_count(2)
    expect(page.locator(".clip.pictured")).to_have_count(0)
    page.unroute_all()
    expect(page.locator(".clip.pictured")).to_have_count(2)
    expect(page.locator(".clip img[data-broken]")).to_have_count(0)


def test_words_and_clicks_of_the_moment_without_a_server_are_not_lost(page: Page, house: House) -> None:
    project_id, plan_id = plan_film(house.address, name="Harbour")
    page.goto(f"/storyboard?project={project_id}&step=script")
    script, start = page.get_by_role("textbox", name="Script"), page.get_by_role("button", name="Start generation")
    script.press("Control+End")
    script.press_sequentially(" The boats come home.")
    page.wait_for_timeout(1000)  # what is typed is kept after a pause in typing
    house.strike()
    start.dispatch_event("click")
    house.start()
    expect(page.get_by_text(AWAY)).to_have_count(0, timeout=BACK_MS)
    settle(page)
    expect(script).to_have_value(re.compile(r"The boats come home\.$"))
    page.reload()
    expect(script).to_have_value(re.compile(r"The boats come home\.$"))
    if start.is_visible():  # the click did not arrive, and the page says so by offering it still
        press(start)
    expect(page.locator(".clip[data-status=passed]")).to_have_count(2, timeout=MAKING_MS)
    expect_each_take_paid_once(house.address, plan_id)


def expect_each_take_paid_once(address: str, plan_id: str) -> None:
    """By the ledger: one accepted call for each take, and one take for each clip."""
    calls = ask(address, f"/video/clip-plans/{plan_id}/export?format=json")["spend"]["calls"]
    paid = Counter(call["run_id"] for call in calls if call["state"] == "accepted")
    assert len(paid) == 2
    assert set(paid.values()) == {1}
