"""kill -9 in the middle of a film, again and again: it goes on where it was, and no clip is created twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.media.probe import count_decoded_frames, probe
from tests.fakes.postgres import create_database
from tests.fakes.videos_server import FakeVideosServer

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "The lamp is lit before the sun comes up. Somebody has been waiting here all night. Now the door opens."


def film_command(folder: Path, *options: str) -> tuple[list[str], dict[str, str]]:
    script = folder / "script.txt"
    script.write_text(SCRIPT, encoding="utf-8")
    out = ["--out", str(folder / "film.mp4")]
    command = [sys.executable, "-m", "orchestrator", "film", str(script), *out, "--json", *options]
    return command, {**os.environ, "DATA_DIR": str(folder / "data"), "DEFAULT_CLIP_DURATION": "4"}


def make_film_through_kills(
    command: list[str], environment: dict[str, str], *, delays: list[float], log: Path
) -> tuple[dict[str, Any], str]:
    """Run the command until it ends by itself, killing one life after the other ``delays`` seconds into its work."""
    lives = 0
    for delay in [*delays, None]:
        with log.open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        if delay is not None:
            wait_until_working(process, log, lives)
            try:
                output, _ = process.communicate(timeout=delay)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                lives += 1
                continue
        else:
            output, _ = process.communicate(timeout=170)
        assert process.returncode == 0, output + log.read_text(encoding="utf-8")
        return json.loads(output), log.read_text(encoding="utf-8")
    raise AssertionError


def wait_until_working(process: subprocess.Popen[Any], log: Path, lives: int, *, word: str = "film") -> None:
    """Until this life has said whether it starts or goes on: only then is there anything to lose."""
    while process.poll() is None and log.read_text(encoding="utf-8").count(word) <= lives:
        time.sleep(0.02)


def kills(seed: int, *, count: int, most: float) -> list[float]:
    dice = random.Random(seed)
    return [dice.uniform(0, most) for _ in range(count)]


def assert_whole(film: Path, report: dict[str, Any]) -> None:
    info = probe(film)
    assert count_decoded_frames(film) == round(report["duration_seconds"] * 30)
    assert info.has_audio
    assert report["status"] == "completed"
    assert [c["verdict"] for c in report["clips"]] == ["pass"] * len(report["clips"])


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("seed", "kind"), [(1, "sqlite"), (2, "postgres")])
def test_no_clip_is_made_twice_when_the_process_is_killed(
    tmp_path: Path, seed: int, kind: str, request: pytest.FixtureRequest
) -> None:
    command, environment = film_command(tmp_path, "--size", "320x180")
    environment["MOCK_DELAY_SECONDS"] = "2"
    if kind == "postgres":
        environment["DATABASE_URL"] = create_database(request.getfixturevalue("postgres_url"), "kill_test")
    schedule = kills(seed, count=3, most=4)
    report, log = make_film_through_kills(command, environment, delays=schedule, log=tmp_path / "log")
    assert_whole(tmp_path / "film.mp4", report)
    generations = list((tmp_path / "data" / "mock" / "generations").glob("*.json"))
    assert len(generations) == report["creates"] == len(report["clips"])
    assert "Going on with the film you started before" in log


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [3])
def test_no_clip_is_paid_twice_at_a_videos_server_when_the_process_is_killed(tmp_path: Path, seed: int) -> None:
    with FakeVideosServer(tmp_path / "server", latency=0.8, delay=1.5) as server:
        command, environment = film_command(tmp_path, "--provider", "sora")
        environment |= {"SORA_BASE_URL": server.base_url, "SORA_API_KEY": "sk-test"}
        schedule = kills(seed, count=4, most=4)
        report, log = make_film_through_kills(command, environment, delays=schedule, log=tmp_path / "log")
        assert_whole(tmp_path / "film.mp4", report)
        assert len(server.charges()) == report["creates"] == len(report["clips"])
        assert report["cost_usd"] == pytest.approx(0.1 * report["planned_seconds"])
        assert "sk-test" not in log


@pytest.mark.timeout(400)
def test_a_second_process_hands_its_film_over_and_takes_over_when_the_first_is_killed(tmp_path: Path) -> None:
    command, environment = film_command(tmp_path, "--size", "320x180")
    environment["MOCK_DELAY_SECONDS"] = "3"
    log = tmp_path / "log"
    with log.open("a", encoding="utf-8") as errors:
        worker = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", "worker"], cwd=ROOT, env=environment, stderr=errors
        )
        wait_until_working(worker, log, 0, word="Worker is running")
        film = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    generations = tmp_path / "data" / "mock" / "generations"
    wait_until_working(film, log, 0)
    while film.poll() is None and not list(generations.glob("*.json")):
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    output, _ = film.communicate(timeout=120)
    assert film.returncode == 0, output + log.read_text(encoding="utf-8")
    report = json.loads(output)
    assert_whole(tmp_path / "film.mp4", report)
    assert len(list(generations.glob("*.json"))) == report["creates"] == len(report["clips"])


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_nothing_is_lost_or_failed_when_the_whole_process_group_is_told_to_stop(tmp_path: Path, name: str) -> None:
    """As Ctrl-C in a terminal does: children get the signal too, and their death must not count against the clip."""
    command, environment = film_command(tmp_path, "--size", "320x180")
    log = tmp_path / "log"
    for delay in (0.7, 2.5):
        with log.open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
            )
        wait_until_working(process, log, log.read_text(encoding="utf-8").count("film"))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=delay)
        if process.poll() is None:
            os.killpg(process.pid, getattr(signal, name))
            assert process.wait(timeout=30) != 0
        assert "Traceback" not in log.read_text(encoding="utf-8")
    report, _ = make_film_through_kills(command, environment, delays=[], log=log)
    assert_whole(tmp_path / "film.mp4", report)
    assert [c["attempts"] for c in report["clips"]] == [1] * len(report["clips"])


def test_a_finished_film_is_not_paid_again_when_asked_for_again(tmp_path: Path) -> None:
    command, environment = film_command(tmp_path, "--size", "320x180")
    first, _ = make_film_through_kills(command, environment, delays=[], log=tmp_path / "log")
    (tmp_path / "film.mp4").unlink()
    started = time.monotonic()
    again, log = make_film_through_kills(command, environment, delays=[], log=tmp_path / "log")
    assert again["clip_plan_id"] == first["clip_plan_id"]
    assert again["opened"] == "finished"
    assert again["creates"] == first["creates"]
    assert time.monotonic() - started < 60
    assert_whole(tmp_path / "film.mp4", again)
    assert "nothing is paid again" in log
