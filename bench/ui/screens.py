"""Pictures of every page and state, light, dark and on a phone, in docs/screens.

    python -m bench.ui.screens [--only storyboard] [--out FOLDER] [--workspace FOLDER]

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
STAGE = ".st-key-single-stage"
WAIT_MS = 90_000
BYTES_MAX, COLORS = 100_000, (256, 192, 128)
# Drawn: nothing of the page is about to be replaced, and its letters and pictures are there.
_IS_DRAWN = """() => document.fonts.status === "loaded"
    && document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
    && !document.querySelector("[data-stale=true], [data-testid=stSkeleton]")
    && [...document.images].filter((i) => i.loading !== "lazy" || i.getBoundingClientRect().top < innerHeight)
        .every((image) => image.complete)"""
# No player shows that it is loading; one that fetches no picture by itself is not waited for long.
_HAVE_LOADED = """(videos) => Promise.all(videos.map((video) => video.readyState > 1 || video.preload === "none"
    || new Promise((go) => { video.onloadeddata = video.onerror = go; setTimeout(go, 8000); }))).then(() => null)"""
# Below the bar at the top.
_BRING_INTO_SIGHT = "(it) => { it.style.scrollMarginTop = '4.5rem'; it.scrollIntoView({ block: 'start' }); }"
_IS_DARK = """(wanted) => {
    const [r, g, b] = getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor.match(/\\d+/g);
    return (Number(r) + Number(g) + Number(b) < 384) === wanted; }"""


@dataclass(frozen=True)
class Showcase:
    """Ids of what there is to see: projects, the plan that is to go on, the first clip of several takes."""

    sample: str
    bakery: str
    bakery_plan: str
    ferryman: str
    star: str
    wish: str


@dataclass
class Camera:
    """Takes pictures of one browser tab. ``only``: of states whose name begins so."""

    page: Page
    folder: Path
    only: str = ""
    taken: int = 0

    def wants(self, name: str) -> bool:
        return name.startswith(self.only)

    def shoot(self, name: str, url: str, ready: Callable[[Page], Locator], *, on_phone: str = "") -> None:
        """``<name>_light.png``, ``_dark`` and ``_phone`` of the page at ``url`` once ``ready`` is to be seen; the phone
        is scrolled to ``on_phone``, a selector."""
        if not self.wants(name):
            return
        self._see(*WIDE, is_dark=False)
        self.page.goto(url)
        for look, size in (("light", WIDE), ("dark", WIDE), ("phone", PHONE)):
            self._see(*size, is_dark=look == "dark")
            ready(self.page).first.wait_for(timeout=WAIT_MS)
            if on_phone and look == "phone":
                self.page.locator(on_phone).first.evaluate(_BRING_INTO_SIGHT)
            self.page.wait_for_function(_IS_DRAWN, timeout=WAIT_MS)
            self.page.wait_for_function(_IS_DARK, arg=look == "dark", timeout=WAIT_MS)
            self.page.locator("video").evaluate_all(_HAVE_LOADED)
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
    """A workspace in which nothing was made yet."""
    at = house.address
    camera.shoot("storyboard_welcome", f"{at}/storyboard", lambda p: p.get_by_role("button", name="sample film"))
    camera.shoot("single_empty", f"{at}/single", lambda p: p.get_by_text("Your clips appear here"))
    camera.shoot("dashboard_empty", f"{at}/dashboard", lambda p: p.get_by_text("Open the storyboard"))
    for name, section, words in (
        ("providers", "providers", "Runway"),
        ("defaults", "defaults", "Budget"),
        ("thresholds", "judging", "continuity"),
        ("storage", "storage", "SQLite"),
    ):
        url = f"{at}/settings?section={section}"
        camera.shoot(f"settings_{name}", url, lambda p, words=words: p.get_by_text(words))


def shoot_refused(camera: Camera, house: House) -> None:
    """A clip that its provider refuses, however it is worded."""
    clip_id = house.single(showcase.TABLE)
    wait(lambda: house.is_done(clip_id), what="a clip that is refused")
    at = f"{house.address}/single?clip={clip_id}"
    camera.shoot("single_failed", at, lambda p: p.get_by_role("button", name="Retry"), on_phone=STAGE)


def make(house: House, page: Page) -> Showcase:
    """Films and clips at every point; what is there already is taken as it is."""
    page.goto(f"{house.address}/storyboard")
    if not house.ask("/video/projects")["total"]:
        page.get_by_role("button", name="Make the sample film").click()
        page.wait_for_url("**/storyboard?project=*")
    sample, sample_plan = house.film(showcase.SAMPLE, "")
    soft = {"transition": {"kind": "crossfade", "seconds": 0.5}}
    bakery, bakery_plan = house.film("Ten years of the bakery", showcase.BAKERY, settings=soft)
    ferryman, ferryman_plan = house.film("The ferryman", showcase.FERRYMAN, settings=showcase.FERRYMAN_SETTINGS)
    star, star_plan = house.film("The patient star", showcase.STAR, brief=showcase.STAR_BRIEF)
    for plan_id in (bakery_plan, ferryman_plan):
        if house.plan(plan_id)["status"] == "planned":
            house.start(plan_id)
    # As many as are made at once are finished, the others wait for another day.
    wait(lambda: house.plan(bakery_plan)["passed"] > 0, what="a clip of the bakery")
    house.ask(f"/video/clip-plans/{bakery_plan}/pause", method="POST")
    founder = house.single(showcase.FOUNDER, line=showcase.FOUNDER_LINE, variations=3)
    lamp = house.single(showcase.LAMP)
    previews = f"/video/clip-plans/{star_plan}/animatic"
    house.ask(previews, method="POST")
    for plan_id in (sample_plan, ferryman_plan, bakery_plan):
        wait(lambda plan_id=plan_id: not house.plan(plan_id)["is_active"], what="a film")
    for clip_id in (founder, lamp):
        wait(lambda clip_id=clip_id: house.is_done(clip_id), what="a single clip")
    wait(lambda: not house.ask(previews)["is_active"], what="the previews")
    wait(lambda: bool(house.ask("/video/renders")["total"]), what="the sample's MP4")
    film = house.ask("/video/renders")["films"][0]["id"]
    house.ask(f"/video/renders/{film}/rating", {"stars": 5, "comment": "The stars!"}, method="PUT")
    return Showcase(sample=sample, bakery=bakery, bakery_plan=bakery_plan, ferryman=ferryman, star=star, wish=founder)


def shoot_made(camera: Camera, house: House, made: Showcase) -> None:
    at, wish = house.address, house.wish(made.wish)
    first = f"{at}/single?clip={wish['takes'][0]['clip_id']}"
    camera.shoot("single_done", first, lambda p: p.get_by_role("button", name="Remix"), on_phone=STAGE)
    if wish["pair"]:
        pick = f"{first}&pick={wish['id']}"
        camera.shoot("single_blind_pick", pick, lambda p: p.get_by_role("button", name="A is better"), on_phone=STAGE)
    board = f"{at}/storyboard?project="
    camera.shoot("storyboard_script", f"{board}{made.star}&step=script", lambda p: p.get_by_text("Dialogue: names"))
    camera.shoot("storyboard_bibles", f"{board}{made.star}&step=bibles", lambda p: p.get_by_label("Palette"))
    camera.shoot("storyboard_planned", f"{board}{made.star}", lambda p: p.locator(".clip"))
    inspector = ".st-key-clip-stage"
    camera.shoot("storyboard_needs_you", f"{board}{made.ferryman}", lambda p: p.locator(inspector), on_phone=inspector)
    camera.shoot("storyboard_film", f"{board}{made.sample}", lambda p: p.get_by_role("link", name="Download MP4"))
    for view, words in (
        ("review", "Correct one check"),
        ("projects", "The ferryman"),
        ("films", "Download MP4"),
        ("takes", "Failed check"),
        ("numbers", "First-attempt pass rate"),
        ("costs", "Costs"),
    ):
        of = f"&needs-project={made.ferryman}" if view == "review" else ""
        url = f"{at}/dashboard?view={'numbers&part=costs' if view == 'costs' else view}{of}"
        camera.shoot(f"dashboard_{view}", url, lambda p, words=words: p.get_by_text(words))


def shoot_working(camera: Camera, house: House, made: Showcase) -> None:
    """What is being made, slowly enough to be looked at."""
    house.start(made.bakery_plan)
    clip_id = house.single(f"{showcase.LAMP} A ship passes.", variations=2)
    wait(lambda: any(0.2 < (c["progress"] or 0) < 1 for c in house.plan(made.bakery_plan)["clips"]), what="progress")
    url = f"{house.address}/storyboard?project={made.bakery}"
    camera.shoot("storyboard_running", url, lambda p: p.locator(".clip"))
    url = f"{house.address}/single?clip={clip_id}"
    camera.shoot("single_working", url, lambda p: p.locator(".svo-live"), on_phone=STAGE)
    house.ask(f"/video/clip-plans/{made.bakery_plan}/pause", method="POST")
    house.ask(f"/sora/videos/{clip_id}", method="DELETE")


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
    parser.add_argument("--workspace", type=Path, help="Keep what is made in this folder, and use it again.")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screens-") as scratch, opened(given.out, given.only) as camera:
        empty, kept = Path(scratch), given.workspace or Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        with served(empty, MOCK_DEFECTS="1.*=reject") as (address, _):
            shoot_empty(camera, House(address))
            shoot_refused(camera, House(address))
        with served(kept) as (address, _):
            made = make(House(address), camera.page)
            shoot_made(camera, House(address), made)
        with served(kept, MOCK_DELAY_SECONDS="90") as (address, _):
            shoot_working(camera, House(address), made)
    print(f"{camera.taken} pictures in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
