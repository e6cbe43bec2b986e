"""No page breaks a serious rule of axe-core, light or dark, wide or narrow."""

from __future__ import annotations

import json
import time
import urllib.request
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

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


@pytest.fixture(scope="module")
def made(address: str) -> dict[str, str]:
    """What there is to look at: a plan that was not started, a film of which one clip failed, a single clip."""
    base = f"{address}/api/v1"
    planned = _post(f"{base}/video/projects", {"name": "Lamp"})["id"]
    _post(f"{base}/video/clip-plans", {"project_id": planned, "script": SCRIPT})
    settings = {"size": SMALL, "rehearsal": "2.*=silence"}
    project = _post(f"{base}/video/projects", {"name": "Water", "settings": settings})["id"]
    plan = _post(f"{base}/video/clip-plans", {"project_id": project, "script": SCRIPT})["id"]
    _post(f"{base}/video/clip-plans/{plan}/start", {})
    wish = {"prompt": "A lighthouse at dusk.", "seconds": 4, "size": SMALL}
    single = _post(f"{base}/sora/generate", wish)["clip_id"]
    deadline = time.monotonic() + MADE_WITHIN_SECONDS
    while (view := _get(f"{base}/video/clip-plans/{plan}/status"))["is_active"]:
        assert time.monotonic() < deadline, view["message"]
        time.sleep(0.5)
    take, *_ = _get(f"{base}/video/assessments")["takes"]
    clip = view["clips"][1]["id"]
    return {"planned": planned, "project": project, "clip": clip, "single": single, "take": take["run_id"]}


@pytest.mark.parametrize(("scheme", "size"), [("light", "wide"), ("dark", "wide"), ("light", "phone")])
def test_no_serious_rule_is_broken(
    browser: Browser, address: str, made: dict[str, str], scheme: Any, size: str
) -> None:
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, base_url=address)
    try:
        page = context.new_page()
        broken: dict[str, list[str]] = {}
        for name in NARROW if size == "phone" else PAGES:
            page.goto(PAGES[name].format(**made))
            settle(page)
            if found := violations(page):
                broken[name] = found
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


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def _post(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
