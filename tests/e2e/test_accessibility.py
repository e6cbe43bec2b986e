"""No page breaks a serious rule of axe-core, light or dark, wide or narrow."""

from __future__ import annotations

import json
import time
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from bench.ui.rest import ask
from tests.e2e.axe import IS_DARK, SIZES, violations
from tests.e2e.hands import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

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
SMALL = "320x180"
MADE_WITHIN_SECONDS = 200


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
