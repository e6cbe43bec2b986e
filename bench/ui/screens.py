"""Pictures of every page and state, light, dark and on a phone, in docs/screens.

    python -m bench.ui.screens [--only storyboard] [--out FOLDER]

The real app is served on a workspace of its own and used as a person uses it; all clips are the mock's. Takes a few
minutes and needs a Chromium.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from bench.ui import showcase
from bench.ui.showcase import House, wait
from bench.ui.workspace import ROOT, browser, served

FOLDER = ROOT / "docs" / "screens"
WIDE, PHONE = (1440, 1000), (390, 844)
BYTES_MAX, COLORS = 90_000, (256, 160, 96, 64)
# Drawn: nothing of the page is about to be replaced, and its letters and pictures are there.
_IS_DRAWN = """() => document.fonts.status === "loaded"
    && document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
    && !document.querySelector("[data-stale=true]")
    && [...document.images].filter((i) => i.loading !== "lazy" || i.getBoundingClientRect().top < innerHeight)
        .every((image) => image.complete)"""
_IS_DARK = """(wanted) => {
    const [r, g, b] = getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor.match(/\\d+/g);
    return (Number(r) + Number(g) + Number(b) < 384) === wanted; }"""


@dataclass
class Camera:
    """Takes pictures of one browser tab. ``only``: of states whose name begins so."""

    page: Page
    folder: Path
    only: str = ""
    taken: int = 0

    def wants(self, name: str) -> bool:
        return name.startswith(self.only)

    def shoot(
        self, name: str, url: str, ready: Callable[[Page], Locator], *, look_at: Callable[[Page], Locator] | None = None
    ) -> None:
        """``<name>_light.png``, ``_dark`` and ``_phone`` of the page at ``url`` once ``ready`` is to be seen, scrolled
        so that ``look_at`` is in sight."""
        if not self.wants(name):
            return
        self._see(*WIDE, is_dark=False)
        self.page.goto(url)
        for look, size in (("light", WIDE), ("dark", WIDE), ("phone", PHONE)):
            self._see(*size, is_dark=look == "dark")
            ready(self.page).first.wait_for(timeout=30_000)
            if look_at is not None:
                look_at(self.page).first.evaluate("(it) => it.scrollIntoView({ block: 'start' })")
            self.page.wait_for_function(_IS_DRAWN, timeout=30_000)
            self.page.wait_for_function(_IS_DARK, arg=look == "dark")
            self.page.wait_for_timeout(500)  # charts and strips draw themselves anew in another size
            save(self.page.screenshot(animations="disabled"), self.folder / f"{name}_{look}.png")
            self.taken += 1

    def _see(self, width: int, height: int, *, is_dark: bool) -> None:
        self.page.emulate_media(color_scheme="dark" if is_dark else "light")
        self.page.set_viewport_size({"width": width, "height": height})


def save(content: bytes, path: Path) -> None:
    """As a PNG with a palette, of as many colours as keep it small."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    for colors in COLORS:
        picture.quantize(colors, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= BYTES_MAX:
            return


def shoot_empty(camera: Camera, house: House) -> None:
    """A workspace in which nothing was made yet; all that is asked for is refused."""
    at = house.address
    camera.shoot("storyboard_welcome", f"{at}/storyboard", lambda p: p.get_by_role("button", name="sample film"))
    camera.shoot("single_empty", f"{at}/single", lambda p: p.get_by_text("Your clips appear here"))
    camera.shoot("dashboard_empty", f"{at}/dashboard", lambda p: p.get_by_text("Open the storyboard"))
    for name, section, text in (
        ("providers", "providers", "Runway"),
        ("defaults", "defaults", "Budget"),
        ("thresholds", "judging", "continuity"),
    ):
        words = text
        camera.shoot(
            f"settings_{name}", f"{at}/settings?section={section}", lambda p, words=words: p.get_by_text(words)
        )
    if camera.wants("single_failed"):
        clip_id = house.add_single(showcase.FOUNDER, line=showcase.FOUNDER_LINE)
        wait(lambda: not house.single(clip_id)["is_active"], what="a clip that is refused")
        camera.shoot("single_failed", f"{at}/single?clip={clip_id}", lambda p: p.get_by_role("button", name="Retry"))


def shoot_made(camera: Camera, house: House) -> str:
    """Films and clips at every point; the plan that is to go on."""
    at, page = house.address, camera.page
    page.goto(f"{at}/storyboard")
    page.get_by_role("button", name="Make the sample film").click()
    page.wait_for_url("**/storyboard?project=*")
    sample = page.url.partition("project=")[2].partition("&")[0]
    settings = {"transition": {"kind": "crossfade", "seconds": 0.5}}
    _, bakery_plan = house.add_film("Ten years of the bakery", showcase.BAKERY, settings=settings)
    house.start(bakery_plan)
    ferryman, ferryman_plan = house.add_film(
        "The ferryman",
        showcase.FERRYMAN,
        settings={
            "rehearsal": showcase.FERRYMAN_REHEARSAL,
            "assessment": showcase.LENIENT,
            "retry_policy": {"max_attempts": 2},
        },
    )
    house.start(ferryman_plan)
    star, star_plan = house.add_film("The patient star", showcase.OBSERVATORY, brief=showcase.OBSERVATORY_BRIEF)
    wait(lambda: count(house.plan(bakery_plan), "passed") > 0, what="a clip of the bakery")
    house.ask(f"/video/clip-plans/{bakery_plan}/pause", method="POST")
    founder = house.add_single(showcase.FOUNDER, line=showcase.FOUNDER_LINE, variations=3)
    lamp = house.add_single(showcase.LAMP)
    for plan_id in (ferryman_plan, bakery_plan):
        wait(lambda plan_id=plan_id: not house.plan(plan_id)["is_active"], what=f"the plan {plan_id}")
    house.ask(f"/video/clip-plans/{star_plan}/animatic", method="POST")
    for clip_id in (founder, lamp):
        is_made = lambda clip_id=clip_id: all(not t["is_active"] for t in house.wish(clip_id)["takes"])
        wait(is_made, what="the single clips")
    wait(lambda: not house.ask(f"/video/clip-plans/{star_plan}/animatic")["is_active"], what="the previews")
    page.goto(f"{at}/storyboard?project={sample}")
    film = page.get_by_role("link", name="Download MP4")
    film.wait_for(timeout=showcase.PATIENCE_SECONDS * 1e3)
    render = house.ask("/video/renders")["films"][0]
    house.ask(f"/video/renders/{render['id']}/rating", {"stars": 5, "comment": "The stars!"}, method="PUT")

    wish = house.wish(founder)
    done = [lambda p: p.get_by_text("Evidence"), lambda p: p.get_by_role("button", name="Remix")]
    camera.shoot("single_done", f"{at}/single?clip={wish['takes'][0]['clip_id']}", done[1])
    pick = f"{at}/single?clip={founder}&pick={wish['id']}"
    camera.shoot("single_blind_pick", pick, lambda p: p.get_by_role("button", name="A is better"))
    clips = lambda p: p.locator(".clip")
    planned = f"{at}/storyboard?project={star}"
    camera.shoot("storyboard_script", f"{planned}&step=script", lambda p: p.get_by_text("words"))
    camera.shoot("storyboard_bibles", f"{planned}&step=bibles", lambda p: p.get_by_label("Palette"))
    camera.shoot("storyboard_planned", planned, clips)
    camera.shoot("storyboard_needs_you", f"{at}/storyboard?project={ferryman}", done[0])
    camera.shoot("storyboard_film", f"{at}/storyboard?project={sample}", lambda p: p.get_by_text("Download MP4"))
    for view, words in (("projects", "The ferryman"), ("films", "Download MP4"), ("takes", "Failed check")):
        camera.shoot(f"dashboard_{view}", f"{at}/dashboard?view={view}", lambda p, words=words: p.get_by_text(words))
    camera.shoot("dashboard_review", f"{at}/dashboard?view=review", lambda p: p.get_by_text("Correct one check"))
    camera.shoot("dashboard_numbers", f"{at}/dashboard?view=numbers", lambda p: p.locator("canvas, svg.marks"))
    return bakery_plan


def shoot_working(camera: Camera, house: House, plan_id: str) -> None:
    """What is being made, slowly enough to be looked at."""
    house.start(plan_id)
    clip_id = house.add_single(showcase.FOUNDER, line=showcase.FOUNDER_LINE, variations=2)
    wait(lambda: any(0.2 < (c["progress"] or 0) < 1 for c in house.plan(plan_id)["clips"]), what="progress")
    project_id = house.plan(plan_id)["project_id"]
    camera.shoot("storyboard_running", f"{house.address}/storyboard?project={project_id}", lambda p: p.locator(".clip"))
    camera.shoot("single_working", f"{house.address}/single?clip={clip_id}", lambda p: p.locator(".svo-live"))


def count(plan: dict[str, object], status: str) -> int:
    clips = plan["clips"]
    assert isinstance(clips, list)
    return sum(clip["status"] == status for clip in clips)


@contextmanager
def opened(folder: Path, only: str) -> Iterator[Camera]:
    with sync_playwright() as playwright:
        tab = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox", "--disable-gpu"])
        yield Camera(tab.new_page(), folder, only)
        tab.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="States whose names begin so, such as storyboard_needs.")
    parser.add_argument("--out", type=Path, default=FOLDER)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screens-") as name, opened(given.out, given.only) as camera:
        folder = Path(name)
        with served(folder, MOCK_DEFECTS="1.*=reject") as (address, _):
            shoot_empty(camera, House(address))
        with served(folder) as (address, _):
            plan_id = shoot_made(camera, House(address))
        with served(folder, MOCK_DELAY_SECONDS="90") as (address, _):
            shoot_working(camera, House(address), plan_id)
    print(f"{camera.taken} pictures in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
