"""Everything is struck at once while films are made, on both databases; and the harness sees what is there to see."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.chaos.films import HEIGHT, WIDTH, Film
from orchestrator.media import ffmpeg
from tests.fakes.marks import draw_mark, read_marks

ROOT = Path(__file__).resolve().parents[2]
LINES = ("The lamp is lit.", "The door opens.")


def strike(database: str, *, kills: int, seed: int) -> dict[str, Any]:
    """What ``python -m bench.chaos`` found. How soon work begins is not measured beside other tests."""
    command = [sys.executable, "-m", "bench.chaos", "--database", database, "--kills", str(kills), "--seed", str(seed)]
    few = ["--films", "1", "--clips", "3", "--workers", "2", "--first-work-seconds", "120", "--json"]
    run = subprocess.run([*command, *few], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stdout, run.stderr
    return json.loads(run.stdout)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("database", "kills", "seed"), [("sqlite", 3, 3), ("postgres", 4, 5)])
def test_no_clip_is_lost_and_none_paid_twice_when_everything_is_struck(database: str, kills: int, seed: int) -> None:
    found = strike(database, kills=kills, seed=seed)
    assert found["wrong"] == []
    assert found["kills"] >= kills
    assert found["clips"] >= 3
    assert found["paid creates"] == found["attempts paid"] == found["clips"]


def make_film(path: Path, numbers: list[int], *, seconds: int = 4) -> None:
    """Clips that carry ``numbers``, one after the other."""
    picture = f"testsrc2=size={WIDTH}x{HEIGHT}:rate=30:duration={seconds}"
    tone = f"sine=440:duration={seconds - 0.2}"  # longer sound would make the last picture longer
    clip = path.with_name("clip.mp4")
    sources = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone]
    subprocess.run(
        [ffmpeg.binary(), "-v", "error", *sources, "-c:v", "libx264", "-preset", "ultrafast", str(clip)], check=True
    )
    parts = [path.with_name(f"part-{place}.mp4") for place in range(len(numbers))]
    for part, number in zip(parts, numbers, strict=True):
        draw_mark(clip, part, number=number)
    inputs = [option for part in parts for option in ("-i", str(part))]
    joined = ["-filter_complex", f"concat=n={len(parts)}:v=1:a=1", "-preset", "ultrafast", str(path)]
    subprocess.run([ffmpeg.binary(), "-v", "error", *inputs, *joined], check=True)


@pytest.mark.parametrize(
    ("numbers", "is_right"),
    [([7, 4], True), ([4, 7], False), ([7, 7], False), ([7], False), ([7, 9], False)],
    ids=["as planned", "wrong order", "one take twice", "a clip missing", "a take of another film"],
)
def test_a_film_is_only_right_when_it_shows_its_own_takes_in_order(
    tmp_path: Path, numbers: list[int], is_right: bool
) -> None:
    film = Film(number=1, lines=LINES, folder=tmp_path)
    make_film(film.path, numbers)
    film.report = {"status": "completed", "clips": [{"verdict": "pass"}, {"verdict": "pass"}]}
    film.check({7: LINES[0], 4: LINES[1], 9: "Somebody waits."})
    assert (film.problems == []) is is_right


def test_a_picture_without_a_mark_has_no_number(mp4: Path) -> None:
    assert set(read_marks(mp4, width=WIDTH, height=HEIGHT)) == {None}
