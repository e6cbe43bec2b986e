"""The timeline under real hands: mouse, finger, keys, several clips at once, and the cut playing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bench.ui.rest import ask
from tests.e2e.hands import HOLD_MS

SCRIPT = """# Morning

The lamp is lit before dawn, and the whole street smells of salt and bread.

The boats go out again, one after the other, past the old wall and the light.

# Evening

Somebody waits beside the water, and counts the sails that come home in the dark.

The harbour is quiet now, and the last of the lamps goes out without a sound.
"""


pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


class Film:
    """A plan of four clips in two scenes and, once opened, its timeline on a page."""

    def __init__(self, address: str, page: Page) -> None:
        self.address, self.page = address, page
        project = ask(address, "/video/projects", {"name": "Harbour", "settings": {"size": "320x180"}})
        self.project_id = project["id"]
        plan = ask(address, "/video/clip-plans", {"project_id": self.project_id, "script": SCRIPT})
        self.plan_id = plan["id"]
        ids = [clip["id"] for clip in plan["clips"]]
        self.names = {clip_id: "abcd"[at] for at, clip_id in enumerate(ids)}
        self.ids = {name: clip_id for clip_id, name in self.names.items()}

    def open(self) -> None:
        self.page.goto(f"{self.address}/storyboard?project={self.project_id}")
        expect(self.page.locator(".clip")).to_have_count(4)
        expect(self.page.locator(".ruler")).to_have_attribute("aria-valuemax", re.compile(r"\d"))
        self.page.wait_for_timeout(400)  # a page being drawn shifts

    def clip(self, name: str) -> Locator:
        return self.page.locator(f'.clip[data-id="{self.ids[name]}"]')

    def place(self, name: str, *, share: float = 0.5) -> tuple[float, float]:
        """A point on a clip, ``share`` of its width from the left."""
        box = self.clip(name).bounding_box()
        assert box
        return box["x"] + share * box["width"], box["y"] + 50

    def expect_order(self, wanted: str) -> None:
        """The order of the clips, scenes apart by a bar, on the page and in the plan."""
        scenes = [scene for scene in wanted.split("|") if scene]
        for at, scene in enumerate(scenes):
            shown = self.page.locator(".scene:not(.empty)").nth(at).locator(".clip")
            for place, name in enumerate(scene):
                expect(shown.nth(place)).to_have_attribute("data-id", self.ids[name])
            expect(shown).to_have_count(len(scene))
        for _ in range(50):
            if self.stored() == wanted:
                break
            self.page.wait_for_timeout(100)
        assert self.stored() == wanted

    def stored(self) -> str:
        order, scene = "", ""
        for clip in ask(self.address, f"/video/clip-plans/{self.plan_id}/status")["clips"]:
            order += ("|" if scene and clip["scene_id"] != scene else "") + self.names[clip["id"]]
            scene = clip["scene_id"]
        return order

    def expect_said(self, words: str) -> None:
        expect(self.page.locator(".timeline .aloud")).to_have_text(re.compile(words))


@pytest.fixture
def film(address: str, page: Page) -> Film:
    film = Film(address, page)
    film.open()
    return film


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Film]:
    """The same on a small screen that is touched."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    film = Film(address, context.new_page())
    film.open()
    yield film
    context.close()


def test_a_dragged_clip_joins_the_scene_it_is_dropped_in(film: Film) -> None:
    mouse = film.page.mouse
    mouse.move(*film.place("a"))
    mouse.down()
    mouse.move(*film.place("b"), steps=4)
    expect(film.page.locator(".ghost")).to_be_visible()
    mouse.move(*film.place("c", share=0.8), steps=6)
    expect(film.page.locator(".scene.target .title")).to_contain_text("Evening")
    mouse.up()
    film.expect_said(r"Clip moved to place 3 of 4, 2 · Evening")
    film.expect_order("b|cad")

    mouse.move(*film.place("d"))
    mouse.down()
    mouse.move(*film.place("b"), steps=6)
    film.page.keyboard.press("Escape")
    mouse.up()
    expect(film.page.locator(".ghost")).to_have_count(0)
    film.expect_order("b|cad")


def test_a_held_clip_follows_the_finger_and_a_swipe_scrolls(phone: Film) -> None:
    touches = phone.page.context.new_cdp_session(phone.page)

    def touch(kind: str, *point: float) -> None:
        points = [{"x": point[0], "y": point[1]}] if point else []
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def swipe(start: tuple[float, float], end: tuple[float, float], *, hold_ms: int) -> None:
        touch("touchStart", *start)
        phone.page.wait_for_timeout(hold_ms)
        for step in range(1, 13):
            touch("touchMove", *(a + (b - a) * step / 12 for a, b in zip(start, end, strict=True)))
            phone.page.wait_for_timeout(16)

    for _ in range(3):  # wider than the screen
        phone.page.get_by_role("button", name="Zoom in").click()
    track = phone.page.locator(".track")
    phone.clip("a").scroll_into_view_if_needed()
    x, y = phone.place("a", share=0.3)
    before = track.evaluate("(track) => track.scrollLeft")
    swipe((x + 120, y), (x, y), hold_ms=0)
    touch("touchEnd")
    scrolled = "([track, before]) => track.scrollLeft > before + 20"
    phone.page.wait_for_function(scrolled, arg=[track.element_handle(), before])
    assert phone.stored() == "ab|cd"

    track.evaluate("(track) => { track.scrollLeft = 0; }")
    phone.page.wait_for_timeout(300)
    swipe(phone.place("a", share=0.3), (375, y), hold_ms=HOLD_MS)
    expect(phone.page.locator(".ghost")).to_be_visible()
    end = "(track) => track.scrollLeft + track.clientWidth >= track.scrollWidth - 2"  # held at the edge, it scrolls
    phone.page.wait_for_function(end, arg=track.element_handle())
    touch("touchEnd")
    phone.expect_order("b|cda")


def test_keys_pick_up_carry_and_drop_and_focus_goes_along(film: Film) -> None:
    press = film.page.keyboard.press
    film.clip("a").focus()
    press("ArrowRight")
    expect(film.clip("b")).to_be_focused()
    press("Space")
    film.expect_said("picked up")
    press("ArrowRight")
    film.expect_said("place 2 of 4, 2 · Evening")
    press("ArrowRight")
    film.expect_said("place 3 of 4, 2 · Evening")
    press("Space")
    film.expect_order("a|cbd")
    expect(film.clip("b")).to_be_focused()

    press("Space")
    press("End")
    press("Escape")
    film.expect_said("Put back")
    film.expect_order("a|cbd")

    press("Alt+ArrowLeft")
    press("Alt+ArrowLeft")
    film.expect_order("ab|cd")


def test_several_clips_move_together_and_keep_their_order(film: Film) -> None:
    film.clip("d").click(delay=60)
    film.clip("a").click(delay=60, modifiers=["Control"])
    film.expect_said("2 clips chosen")
    expect(film.page.locator('.clip[aria-pressed="true"]')).to_have_count(2)
    expect(film.page).to_have_url(re.compile(film.ids["a"]))
    film.page.wait_for_timeout(600)  # what is chosen is drawn under the timeline, which may shift it
    film.clip("d").focus()
    for key in ("Space", "ArrowRight", "Space"):
        film.page.keyboard.press(key)
    film.expect_said("2 clips moved")
    film.expect_order("bad|c")
    film.clip("d").focus()
    film.page.keyboard.press("Delete")
    film.expect_order("b|c")
    expect(film.page.get_by_text("not part of this film")).to_have_count(0)
    film.page.get_by_role("button", name="Undo").first.click(delay=60)
    film.expect_order("bad|c")


def test_the_cut_plays_with_slates_where_there_are_no_takes(film: Film) -> None:
    film.page.locator(".ruler").focus()
    film.page.keyboard.press("Home")
    film.page.get_by_role("button", name="Play the cut").click()
    expect(film.page.locator(".stage .slate").first).to_contain_text("The lamp is lit before dawn")
    expect(film.page.locator(".times")).to_have_text(re.compile(r"^0:01 / 0:32"))
    film.page.get_by_role("button", name="Pause (K)").click()
    film.page.locator(".ruler").focus()
    film.page.keyboard.press("PageUp")
    expect(film.page.locator(".about")).to_contain_text("Clip 2 of 4")
    expect(film.page.locator(".said")).to_contain_text("The boats go out again")
