"""No page breaks a serious rule of axe-core, light or dark, wide or narrow."""

from __future__ import annotations

import json
import urllib.request
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.test_make_a_film import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.xdist_group("browser")]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PAGES = {
    "storyboard": "/storyboard",
    "storyboard, planned": "/storyboard?project={project}",
    "single": "/single",
    "dashboard": "/dashboard",
    "settings": "/settings",
}
SIZES = {"wide": {"width": 1440, "height": 1000}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def project(address: str) -> str:
    """A project with a plan that was not started."""
    made = _post(f"{address}/api/v1/video/projects", {"name": "Lamp"})
    _post(f"{address}/api/v1/video/clip-plans", {"project_id": made["id"], "script": SCRIPT})
    return made["id"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_serious_rule_is_broken(browser: Browser, address: str, project: str, scheme: Any, size: str) -> None:
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, base_url=address)
    try:
        page = context.new_page()
        broken: dict[str, list[str]] = {}
        for name, path in PAGES.items():
            page.goto(path.format(project=project))
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
    page.wait_for_timeout(600)


def violations(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, each with its first element."""
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    firsts = [(one["id"], len(one["nodes"]), one["nodes"][0]) for one in serious]
    return [f"{rule} x {times}: {node['html'][:160]} :: {node['failureSummary'][:160]}" for rule, times, node in firsts]


def _post(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
