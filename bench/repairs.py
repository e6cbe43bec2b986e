"""Every way of repairing a take, in one run: scripted faults on the mock, and the tree of takes that tells the story.

``python -m bench.repairs [--keep FOLDER]``. Needs no key and no network, costs nothing and takes a minute or two. Money
in it is play money: the mock is given a price, so that the budget has something to say.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from orchestrator.bootstrap import App, build
from orchestrator.console import draw_takes, write
from orchestrator.perception.base import Listener
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.view import PlanView
from orchestrator.settings import Settings
from providers.mock import MockProvider

# Each line with the faults of its takes, and what answers them.
NEVER = "8.*"
STORY: tuple[tuple[str, str, str], ...] = (
    ("The lamp is lit before dawn.", "1=black_edge", "trim"),
    (
        "Every morning the keeper climbs the stairs with his lamp, counts the boats, and writes the number down.",
        "2=short",
        "retime",
    ),
    ("Somebody waits beside the water.", "3=wrong_words", "prompt_patch"),
    ("Now the heavy door opens.", "4.1-2=missing_words", "remix"),
    ("The boats come home at noon.", "5.1-3=wrong_words", "fallback"),
    ("Nobody knows his name.", "6=fail", "retry"),
    ("Tomas watches the door.", "7=reject", "prompt_patch"),
    ("Clara says what nobody may say.", f"{NEVER}=reject", "give_up"),
    ("The last light goes out.", "9.*=silence", "needs_human"),
)
# Two people, so that only who is named is in a clip.
BRIEF = ContentBrief(
    characters=(
        CharacterBible(name="Tomas", appearance="an old soldier with a rifle"),
        CharacterBible(name="Clara", wardrobe="a grey coat"),
    )
)
# So that the last clip's second take is one that neither provider can be paid for any more.
BUDGET_USD = 6.30
_PRICE_USD, _SPARE_PRICE_USD = 0.10, 0.05
_PATIENCE_SECONDS = 1200.0


class Priced(MockProvider):
    """The mock under another name and with a price."""

    def __init__(self, *, name: str, title: str, cost_usd_per_second: float, root: Path, defects: str = "") -> None:
        super().__init__(root=root, defects=defects)
        self.profile = self.profile.model_copy(
            update={
                "name": name,
                "title": title,
                "is_free": False,
                "cost_usd_per_second": {"animatic": cost_usd_per_second},
                "poll_pace": self.profile.poll_pace.model_copy(update={"early_seconds": 0.1}),
            }
        )


def open_app(folder: Path, *, defects: str, listener: Listener | None = None) -> App:
    """An app with the mock as a paid provider that spoils takes, and a cheaper one beside it that does not. Whisper
    hears them, or ``listener``."""
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        data_dir=folder,
        video_provider="mock",
        fallback_providers=("spare",),
        max_concurrent_clips=1,
    )
    adapters = {
        "mock": Priced(
            name="mock", title="First", cost_usd_per_second=_PRICE_USD, root=folder / "first", defects=defects
        ),
        "spare": Priced(
            name="spare",
            title="Spare",
            cost_usd_per_second=_SPARE_PRICE_USD,
            root=folder / "spare",
            defects=f"{NEVER}=reject",
        ),
    }
    app = build(settings, is_durable=False, adapters=adapters, listener=listener)
    app.start()
    return app


def make_film(app: App, lines: tuple[str, ...], *, budget_usd: float) -> PlanView:
    """Make a clip of each line at 320x180, one after the other, until nothing is at work on them any more."""
    settings = ProjectSettings(
        size="320x180", budget_usd=budget_usd, retry_policy=RetryPolicy(max_attempts=4, has_fallbacks=True)
    )
    script = "\n\n".join(f"# Scene {number}\n{line}" for number, line in enumerate(lines, start=1))
    project_id = app.service.create_project(name="Repairs", settings=settings)
    plan_id = app.service.create_plan(project_id, script=script, brief=BRIEF)
    app.service.start_plan(plan_id)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (plan := app.views.plan(plan_id)).is_active:
        if time.monotonic() > deadline:
            raise TimeoutError(plan.message)
        time.sleep(0.1)
    return plan


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--keep", type=Path, help="Keep the workspace in this folder.")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as scratch:
        app = open_app(keep or Path(scratch), defects=", ".join(faults for _, faults, _ in STORY))
        try:
            plan = make_film(app, tuple(line for line, _, _ in STORY), budget_usd=BUDGET_USD)
            takes = {clip.id: app.views.takes(clip.id)[::-1] for clip in plan.clips}
            for clip in plan.clips:
                for line in draw_takes(clip, takes[clip.id]):
                    write(line)
            fired = {take.repair_strategy for shown in takes.values() for take in shown}
        finally:
            app.stop()
    lacking = {strategy for _, _, strategy in STORY} - fired
    write(f"Strategies that fired: {', '.join(sorted(filter(None, fired)))}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
