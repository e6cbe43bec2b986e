"""What there is to see on the pictures of the pages: films and clips at every point, asked for over REST, made by the
mock provider."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PATIENCE_SECONDS = 420.0
SIZE = "640x360"

FERRYMAN = """# The quay

(A wooden quay in first light, a small ferry and a row of boats.)

Every morning the ferryman counts the boats in the harbour.

He writes the number down, and only then he drinks his coffee.

# The crossing

(The ferry on grey water, seen from behind, hills far away.)

One day there was a boat too many, and nobody knew its name.

So he rowed out alone to ask who was waiting there.
"""
# One word of the first line is another one, which a lenient house leaves to a person; the last clip is never sharp.
FERRYMAN_REHEARSAL = "1.*=wrong_word, 4.*=blur"
LENIENT = {
    "minima": {
        "transcript_match": 0.4,
        "visual_requirements": 0.7,
        "continuity": 0.5,
        "no_artifacts": 0.9,
        "duration_ok": 0.5,
    },
    "narrow_margin": 0.1,
}

BAKERY = """# Four in the morning

(A small bakery at night, flour in the light of one lamp.)

The oven is older than anyone who works here.

It wants an hour of wood before it will speak to you.

# The first loaf

(A counter by the window, steam on the glass, the street still blue.)

The first loaf is never sold.

It is broken by hand and shared before the door is opened.

Then the bell rings, and the day belongs to everybody.
"""

OBSERVATORY = """# The dome

(A white observatory on a ridge above the clouds, dusk.)

NILS: Forty years ago they asked me to watch one star.

NILS: I thought it would be a week.

# The answer

(Inside the dome, brass and red light, a notebook full of numbers.)

NILS: Last night it blinked, twice, as if it had waited for me to look.

NILS: I wrote it down and put the kettle on.
"""
OBSERVATORY_BRIEF: dict[str, Any] = {
    "title": "The patient star",
    "objective": "Open a lecture series about slow science.",
    "audience": "Students in their first year",
    "tone": "Dry, warm, a little proud",
    "style": {
        "name": "Ridge at dusk",
        "palette": "Slate blue, brass, one warm red",
        "lighting": "Last light outside, red lamps inside",
        "mood": "Patient",
        "camera": "Locked off, one slow push-in per scene",
        "rules": ["The same dome in every clip"],
        "avoid": ["Star trails"],
    },
    "characters": [
        {
            "name": "Nils",
            "appearance": "A thin man of seventy with a white beard",
            "wardrobe": "A green jumper with a darned elbow",
            "personality": "Exact, amused",
            "voice": "Low and unhurried",
        }
    ],
}

LAMP = "A lighthouse on a black cliff at dusk, waves breaking far below. The lamp turns on and sweeps the fog."
FOUNDER = (
    "A founder alone in a dim office at 2 a.m., blue monitor light on her face. She leans back, exhales and smiles. "
    "Slow push-in, 35 mm, rain on the window behind her."
)
FOUNDER_LINE = "It finally works."


@dataclass(frozen=True)
class House:
    """The app's REST interface at ``address`` (``http://host:port``)."""

    address: str

    def ask(self, path: str, body: object = None, *, method: str = "") -> Any:
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def plan(self, plan_id: str) -> Any:
        return self.ask(f"/video/clip-plans/{plan_id}/status")

    def add_film(
        self, name: str, script: str, *, settings: dict[str, Any] | None = None, brief: dict[str, Any] | None = None
    ) -> tuple[str, str]:
        """(project id, plan id) of a film that is planned and not started."""
        project = self.ask("/video/projects", {"name": name, "settings": {"size": SIZE, **(settings or {})}})
        plan = self.ask("/video/clip-plans", {"project_id": project["id"], "script": script, "brief": brief})
        return project["id"], plan["id"]

    def start(self, plan_id: str) -> None:
        self.ask(f"/video/clip-plans/{plan_id}/start", method="POST")

    def add_single(self, prompt: str, **wishes: Any) -> str:
        """Its clip id."""
        return self.ask("/sora/generate", {"prompt": prompt, "seconds": 4, "size": SIZE, **wishes})["clip_id"]

    def single(self, clip_id: str) -> Any:
        return self.ask(f"/sora/videos/{clip_id}")

    def wish(self, clip_id: str) -> Any:
        """All takes of what was asked for with that clip."""
        return self.ask(f"/sora/videos/{clip_id}/variations")


def wait(is_so: Callable[[], bool], *, what: str) -> None:
    """Until ``is_so``. Raises ``TimeoutError``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited in vain for {what}.")
        time.sleep(0.3)
