"""How quick the pages are.

    python -m bench.ui [--viewers 20] [--projects 1000] [--clips 75] [--visits 200]

The real app is served as its own process: to many viewers of a running plan (raw websockets, so that their drawing
costs nothing here), to one person with Chromium, and with a workspace full of projects. The baseline of a tick is a
page with one line of text that ticks, served the same way in the same run. Non-zero when a limit is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ui import crowd, hand, workspace
from bench.ui.rest import ask

TICK_P95_MAX, TICK_CPU_MAX = 0.060, 0.025
PAGE_MAX, CLICK_MAX, FRAME_MAX, DASHBOARD_MAX = 1.5, 0.3, 1 / 60 + 0.002, 0.5
MEMORY_MB_MAX = 20.0
OPENED = 8  # times each view of the dashboard
DASHBOARD_VIEWS = {
    "needs you": {"view": "review"},
    "projects": {"view": "projects"},
    "films": {"view": "films"},
    "takes": {"view": "takes"},
    "results": {"view": "numbers"},
    "costs": {"view": "numbers", "part": "costs"},
    "thresholds": {"view": "numbers", "part": "thresholds"},
    "calibration": {"view": "numbers", "part": "calibration"},
}
# Sessions are kept for two minutes after their tab is gone, in case it comes back.
FORGET_SECONDS = 130.0


@dataclass(frozen=True)
class Figure:
    what: str
    measured: float
    limit: float
    unit: str
    beside: str = ""

    @property
    def is_met(self) -> bool:
        return self.measured <= self.limit


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--clips", type=int, default=75)
    parser.add_argument("--visits", type=int, default=200)
    parser.add_argument("--only", choices=("crowd", "hand", "dashboard", "memory"))
    given = parser.parse_args()
    parts: dict[str, Callable[[Any, Path], list[Figure]]] = {
        "crowd": _crowd,
        "hand": _hand,
        "dashboard": _dashboard,
        "memory": _memory,
    }
    figures: list[Figure] = []
    for name, measure in parts.items():
        if given.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="bench-ui-") as folder:
                figures += measure(given, Path(folder))
                _print(figures[-1:] if len(figures) == 1 else figures)
    return 0 if all(figure.is_met for figure in figures) else 1


def _crowd(given: Any, folder: Path) -> list[Figure]:
    project_id, plan_id = workspace.fill(folder, projects=0, clips=10, clips_each=0)
    seconds = 20.0
    with workspace.served(folder, script=workspace.ROOT / "bench" / "ui" / "bare.py") as (address, process):
        bare = asyncio.run(crowd.watch(address, "", {}, process=process, viewers=given.viewers, seconds=seconds))
    with workspace.served(folder, MOCK_DELAY_SECONDS="3600") as (address, process):
        _start(address, plan_id)
        time.sleep(5)
        query = {"project": project_id}
        seen = asyncio.run(
            crowd.watch(address, "storyboard", query, process=process, viewers=given.viewers, seconds=seconds)
        )
    ratio = seen.cpu_seconds / bare.cpu_seconds if bare.cpu_seconds else 0.0
    return [
        Figure(
            f"tick, p95 of {seen.count}",
            seen.p95_seconds * 1e3,
            TICK_P95_MAX * 1e3,
            "ms",
            f"p50 {seen.p50_seconds * 1e3:.0f}",
        ),
        Figure(
            "server CPU of a tick",
            seen.cpu_seconds * 1e3,
            TICK_CPU_MAX * 1e3,
            "ms",
            f"{ratio:.1f} x a bare page's ({bare.cpu_seconds * 1e3:.1f} ms, p95 {bare.p95_seconds * 1e3:.0f})",
        ),
    ]


def _hand(given: Any, folder: Path) -> list[Figure]:
    project_id, _ = workspace.fill(folder, projects=3, clips=given.clips, clips_each=4)
    with workspace.served(folder) as (address, _):
        asyncio.run(crowd.open_times(address, "storyboard", {"project": project_id}, times=3))
        seen = hand.try_out(address, project_id)
    idle = f"{seen.idle_frame_seconds * 1e3:.1f} at rest, p50 {seen.frame_p50_seconds * 1e3:.1f}"
    return [
        Figure("first page, warm", seen.page_seconds, PAGE_MAX, "s", "until a clip can be clicked, in Chromium"),
        Figure("click to inspector", seen.click_seconds * 1e3, CLICK_MAX * 1e3, "ms", "in Chromium"),
        Figure(f"frame of a drag, {given.clips} clips, p95", seen.frame_p95_seconds * 1e3, FRAME_MAX * 1e3, "ms", idle),
    ]


def _dashboard(given: Any, folder: Path) -> list[Figure]:
    workspace.fill(folder, projects=given.projects, clips=10, clips_each=5)
    takes = workspace.add_takes(folder)
    figures: list[Figure] = []
    with workspace.served(folder) as (address, process):
        for name, query in DASHBOARD_VIEWS.items():
            asyncio.run(crowd.open_times(address, "dashboard", query, times=0))
            before = workspace.cpu_seconds(process)
            took = asyncio.run(crowd.open_times(address, "dashboard", query, times=OPENED - 1))
            cpu_ms = (workspace.cpu_seconds(process) - before) / OPENED * 1e3
            beside = f"server CPU {cpu_ms:.0f} ms; {given.projects:,} projects, {takes:,} takes"
            figures.append(
                Figure(f"dashboard, {name}", statistics.median(took) * 1e3, DASHBOARD_MAX * 1e3, "ms", beside)
            )
    return figures


def _memory(given: Any, folder: Path) -> list[Figure]:
    project_id, plan_id = workspace.fill(folder, projects=0, clips=2, clips_each=0)
    with workspace.served(folder) as (address, process):
        videos = _make(address, plan_id)

        def visit(times: int) -> float:
            for _ in range(times):
                asyncio.run(crowd.open_times(address, "storyboard", {"project": project_id}, times=0))
                for video in videos:
                    _read(address + video)
            time.sleep(FORGET_SECONDS)
            return process.memory_info().rss / 2**20

        before = visit(40)
        after = visit(given.visits)
    kept = abs(after - before)
    return [Figure(f"memory kept of {given.visits} visits", kept, MEMORY_MB_MAX, "MB", f"of {before:.0f}")]


def _start(address: str, plan_id: str) -> None:
    ask(address, f"/video/clip-plans/{plan_id}/start", method="POST")


def _make(address: str, plan_id: str) -> list[str]:
    """Have the film made; the addresses of its takes and of itself."""
    _start(address, plan_id)
    while (plan := ask(address, f"/video/clip-plans/{plan_id}/status"))["is_active"]:
        time.sleep(1)
    return [clip["video_url"] for clip in plan["clips"]] + [plan["render"]["video_url"]]


def _read(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Range": "bytes=0-"}), timeout=30) as answer:
        while answer.read(1 << 16):
            pass


def _print(figures: list[Figure]) -> None:
    for figure in figures:
        mark = "met" if figure.is_met else "MISSED"
        limit = f"limit {figure.limit:7.1f}  {mark:6}  {figure.beside}"
        print(f"{figure.what:36} {figure.measured:8.1f} {figure.unit:3} {limit}")


if __name__ == "__main__":
    sys.exit(main())
