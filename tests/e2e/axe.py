"""Whether a page breaks a rule of axe-core: https://github.com/dequelabs/axe-core, and the looks it is asked in."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page, ViewportSize

_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
SIZES: dict[str, ViewportSize] = {"wide": {"width": 1440, "height": 1000}, "phone": {"width": 390, "height": 844}}
IS_DARK = """(wanted) => {
    const { backgroundColor } = getComputedStyle(document.querySelector("[data-testid=stApp]"));
    const [red, green, blue] = backgroundColor.match(/\\d+/g);
    return (Number(red) + Number(green) + Number(blue) < 384) === wanted; }"""


def violations(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, each with its first element. What is found is looked for once more:
    what the page is about to draw anew is faded for a moment."""
    page.evaluate(_AXE)
    if not _serious(page):
        return []
    page.wait_for_timeout(1_500)
    firsts = [(one["id"], len(one["nodes"]), one["nodes"][0]) for one in _serious(page)]
    return [f"{rule} x {times}: {node['html'][:160]} :: {node['failureSummary'][:160]}" for rule, times, node in firsts]


def _serious(page: Page) -> list[dict[str, Any]]:
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [one for one in found if one["impact"] in ("serious", "critical")]
