"""What there is to see on the pictures of the pages: films and clips at every point, asked for over REST, made by the
mock provider."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bench.ui import rest

PATIENCE_SECONDS = 900.0
SIZE = "640x360"
SAMPLE = "The letter without a name"  # as the sample film is called

# Speakers take turns, so that every line is a clip of its own.
FERRYMAN = """# The quay

(A wooden quay in first light, a small ferry and a row of boats.)

OLE: Every morning I count the boats in the harbour.

TILDA: And every morning there are exactly twelve of them.

# The crossing

(The ferry on grey water, seen from behind, hills far away.)

OLE: Today there was one more, and nobody knew it.

TILDA: So we rowed out to ask who was waiting.
"""
# One word of the first line is another one, which a lenient house leaves to a person; the last clip is never heard.
FERRYMAN_SETTINGS: dict[str, Any] = {
    "rehearsal": "1.*=wrong_word, 4.*=silence",
    "retry_policy": {"max_attempts": 2},
    "assessment": {
        "minima": {
            "transcript_match": 0.33,
            "visual_requirements": 0.7,
            "continuity": 0.5,
            "no_artifacts": 0.9,
            "duration_ok": 0.5,
        },
        "narrow_margin": 0.09,
    },
}

BAKERY = """# Four in the morning

(A small bakery at night, flour in the light of one lamp.)

ALMA: The oven is older than anyone who works here.

JON: It wants an hour of wood before it speaks.

# The first loaf

(A counter by the window, steam on the glass, the street still blue.)

ALMA: We never sell the first loaf of the day.

JON: We break it by hand and share it.

ALMA: Then the bell rings, and the day is everybody's.
"""

STAR = """# The dome

(A white observatory on a ridge above the clouds, dusk.)

NILS: Forty years ago they asked me to watch one star.

ADA: They told him that it would take a week.

# The answer

(Inside the dome, brass and red light, a notebook full of numbers.)

NILS: Last night it blinked, as if it had waited.

ADA: He wrote it down and put the kettle on.
"""
STAR_BRIEF: dict[str, Any] = {
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
        },
        {
            "name": "Ada",
            "appearance": "A woman of thirty with a shaved head and round glasses",
            "wardrobe": "A yellow raincoat",
            "personality": "Quick, fond of him",
            "voice": "Bright",
        },
    ],
}

TABLE = "A matte white speaker on a walnut table, morning light through linen curtains. The camera circles it slowly."
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
        return rest.ask(self.address, path, body, method=method)

    def plan(self, plan_id: str) -> Any:
        return self.ask(f"/video/clip-plans/{plan_id}/status")

    def film(
        self, name: str, script: str, *, settings: dict[str, Any] | None = None, brief: dict[str, Any] | None = None
    ) -> tuple[str, str]:
        """(project id, plan id) of the film of that name, which is planned if there is none yet."""
        found = self.ask(f"/video/projects?search={quote(name)}")["projects"]
        if found:
            return found[0]["id"], found[0]["clip_plan_id"]
        project = self.ask("/video/projects", {"name": name, "settings": {"size": SIZE, **(settings or {})}})
        plan = self.ask("/video/clip-plans", {"project_id": project["id"], "script": script, "brief": brief})
        return project["id"], plan["id"]

    def start(self, plan_id: str) -> None:
        self.ask(f"/video/clip-plans/{plan_id}/start", method="POST")

    def single(self, prompt: str, **wishes: Any) -> str:
        """The clip id of the first take of that prompt, which is asked for if nobody has yet."""
        for wish in self.ask("/sora/videos?limit=200")["wishes"]:
            if wish["prompt"] == prompt:
                return wish["takes"][0]["clip_id"]
        return self.ask("/sora/generate", {"prompt": prompt, "seconds": 4, "size": SIZE, **wishes})["clip_id"]

    def wish(self, clip_id: str) -> Any:
        """All takes of what was asked for with that clip."""
        return self.ask(f"/sora/videos/{clip_id}/variations")

    def is_done(self, clip_id: str) -> bool:
        return not any(take["is_active"] for take in self.wish(clip_id)["takes"])


def wait(is_so: Callable[[], bool], *, what: str) -> None:
    """Until ``is_so``. Raises ``TimeoutError``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited in vain for {what}.")
        time.sleep(0.3)
