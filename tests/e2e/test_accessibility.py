"""No page breaks a serious rule of axe-core, light or dark, wide or narrow."""

from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from bench.ui.rest import ask
from tests.e2e.hands import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PAGES = {
    "storyboard": "/storyboard",
    "storyboard, planned": "/storyboard?project={planned}",
    "storyboard, a clip chosen": "/storyboard?project={project}&clip={clip}",
    "single": "/single?clip={single}",
    "review desk": "/dashboard?view=review",
    "projects": "/dashboard?view=projects",
    "films": "/dashboard?view=films",
    "takes": "/dashboard?view=takes",
    "a take's drawer": "/dashboard?view=takes&take={take}",
    "numbers": "/dashboard?view=numbers",
    "providers": "/settings",
    "models": "/settings?section=models",
    "defaults": "/settings?section=defaults",
    "thresholds": "/settings?section=judging",
    "storage": "/settings?section=storage",
    "keys": "/settings?section=look",
}
# what moves most when there is little room
NARROW = ("storyboard, a clip chosen", "single", "review desk", "a take's drawer", "numbers", "defaults")
SIZES: dict[str, ViewportSize] = {"wide": {"width": 1440, "height": 1000}, "phone": {"width": 390, "height": 844}}
SMALL = "320x180"
MADE_WITHIN_SECONDS = 200
IS_DARK = """(wanted) => {
    const { backgroundColor } = getComputedStyle(document.querySelector("[data-testid=stApp]"));
    const [red, green, blue] = backgroundColor.match(/\\d+/g);
    return (Number(red) + Number(green) + Number(blue) < 384) === wanted; }"""


@pytest.fixture(scope="module")
def made(address: str) -> dict[str, str]:
    """What there is to look at: a plan that was not started, a film of which one clip failed, a single clip."""
    planned = ask(address, "/video/projects", {"name": "Lamp"})["id"]
    ask(address, "/video/clip-plans", {"project_id": planned, "script": SCRIPT})
    settings = {"size": SMALL, "rehearsal": "2.*=silence"}
    project = ask(address, "/video/projects", {"name": "Water", "settings": settings})["id"]
    plan = ask(address, "/video/clip-plans", {"project_id": project, "script": SCRIPT})["id"]
    ask(address, f"/video/clip-plans/{plan}/start", {})
    wish = {"prompt": "A lighthouse at dusk.", "seconds": 4, "size": SMALL}
    single = ask(address, "/sora/generate", wish)["clip_id"]
    deadline = time.monotonic() + MADE_WITHIN_SECONDS
    while (view := ask(address, f"/video/clip-plans/{plan}/status"))["is_active"]:
        assert time.monotonic() < deadline, view["message"]
        time.sleep(0.5)
    take, *_ = ask(address, "/video/assessments")["takes"]
    clip = view["clips"][1]["id"]
    return {"planned": planned, "project": project, "clip": clip, "single": single, "take": take["run_id"]}


@pytest.mark.parametrize(("size", "schemes"), [("wide", ("light", "dark")), ("phone", ("light",))])
def test_no_serious_rule_is_broken(
    browser: Browser, address: str, made: dict[str, str], size: str, schemes: tuple[Literal["light", "dark"], ...]
) -> None:
    context = browser.new_context(viewport=SIZES[size], base_url=address)
    try:
        page = context.new_page()
        broken: dict[str, list[str]] = {}
        for name in NARROW if size == "phone" else PAGES:
            page.emulate_media(color_scheme=schemes[0])
            page.goto(PAGES[name].format(**made))
            for scheme in schemes:
                page.emulate_media(color_scheme=scheme)
                settle(page)
                page.wait_for_function(IS_DARK, arg=scheme == "dark")
                if found := violations(page):
                    broken[f"{name}, {scheme}"] = found
        assert not broken, json.dumps(broken, indent=1)
    finally:
        context.close()


def settle(page: Page) -> None:
    """Until the page is drawn and nothing runs."""
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_timeout(400)


def violations(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, each with its first element."""
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    firsts = [(one["id"], len(one["nodes"]), one["nodes"][0]) for one in serious]
    return [f"{rule} x {times}: {node['html'][:160]} :: {node['failureSummary'][:160]}" for rule, times, node in firsts]
