"""The command line: one JSON object on stdout, a clear message for every bad input, the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from orchestrator.__main__ import cli
from orchestrator.media.probe import count_decoded_frames, probe

Run = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[2]
SHORT = str(ROOT / "examples" / "short.txt")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A command in this test's own workspace, inside this process; extra settings by keyword."""

    def invoke(*arguments: str, **settings: str) -> Result:
        return CliRunner().invoke(cli, list(arguments), env={"DATA_DIR": str(tmp_path / "data"), **settings})

    return invoke


def run_alone(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, as the engine wants it."""
    environment = {**os.environ, "DATA_DIR": str(folder / "data"), **settings}
    command = [sys.executable, "-m", "orchestrator", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def script(folder: Path, content: str | bytes) -> str:
    path = folder / "script.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def assert_refused(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["no words to speak"]),
        ("   \n\n ", ["no words to speak"]),
        ("(She waits.)\n[A door slams]\n\nINT. KITCHEN - NIGHT\n", ["no words to speak", "stage directions"]),
        ("🎬🔥 🎉", ["no words to speak"]),
        ("The hill is quiet now. " * 1000, ["needs", "300 s", "fit"]),
        (b"\xff\xfe\x00\x01" * 50, ["not a UTF-8 text"]),
        (b"word " * 2_000_000, ["10.0 MB"]),
    ],
    ids=["empty", "blank", "stage directions", "emoji", "5,000 words", "binary", "10 MB"],
)
def test_a_script_that_cannot_be_filmed_is_refused(
    run: Run, tmp_path: Path, content: str | bytes, words: list[str]
) -> None:
    path = script(tmp_path, content)
    for command in (["plan", path], ["film", path, "--out", str(tmp_path / "film.mp4")]):
        assert_refused(run(*command), *words)
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--provider", "nope"], "Known: gemini, kling"),
        (["--provider", "sora"], "SORA_BASE_URL"),
        (["--size", "1x1"], "1280x720"),
        (["--wpm", "20"], "--wpm"),
        (["--wpm", "201"], "--wpm"),
        (["--transition", "spin"], "crossfade:0.5"),
        (["--transition", "crossfade:9"], "at most 2"),
        (["--max-attempts", "11"], "--max-attempts"),
        (["--budget", "-1"], "--budget"),
        (["--brief", "/nowhere/brief.yaml"], "cannot be read"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(run: Run, tmp_path: Path, options: list[str], word: str) -> None:
    assert_refused(run("film", SHORT, "--out", str(tmp_path / "film.mp4"), *options), word)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_made(run: Run, tmp_path: Path) -> None:
    for out in ("/proc/nowhere/film.mp4", str(tmp_path)):
        assert_refused(run("film", SHORT, "--out", out), "film.mp4")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("text", ["objective: [1,", "objectiv: x", "- a\n- b", "style: {palette: 3}"])
def test_a_brief_that_is_none_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    brief = tmp_path / "brief.yaml"
    brief.write_text(text, encoding="utf-8")
    assert_refused(run("plan", SHORT, "--brief", str(brief)), "brief.yaml")


def test_settings_that_make_no_sense_are_named(run: Run) -> None:
    assert_refused(run("doctor", MAX_CONCURRENT_CLIPS="many"), "MAX_CONCURRENT_CLIPS")
    assert_refused(run("doctor", MOCK_DEFECTS="1=explode"), "MOCK_DEFECTS", "wrong_words")
    assert_refused(run("doctor", DATABASE_URL="rubbish"), "postgresql://")
    refused = run("doctor", DATABASE_URL="postgresql://user:hunter2@127.0.0.1:1/x")
    assert_refused(refused, "No database answers at 127.0.0.1:1", "DATABASE_URL")
    assert "hunter2" not in refused.output


def test_nul_bytes_emoji_and_other_scripts_can_be_planned(run: Run, tmp_path: Path) -> None:
    for content, words in (
        (b"Hello\x00 there.\x00", 2),
        ("Hello 👋 world 🎬.".encode(), 2),
        ("مرحبا بكم هنا.".encode(), 3),
    ):
        planned = run("plan", script(tmp_path, content))
        assert planned.exit_code == 0, planned.output
        assert json.loads(planned.stdout)["spoken_words"] == words


def test_a_plan_keeps_to_its_schema(run: Run) -> None:
    schema = json.loads(run("schema", "clip-plan").stdout)
    plan = json.loads(
        run("plan", str(ROOT / "examples/sixty_seconds.txt"), "--brief", str(ROOT / "examples/brief.yaml")).stdout
    )
    Draft202012Validator(schema).validate(plan)
    clips = [clip for scene in plan["scenes"] for clip in scene["clips"]]
    assert plan["total_seconds"] == sum(clip["seconds"] for clip in clips) <= 300
    assert all(clip["words"] <= clip["seconds"] * 150 / 60 for clip in clips)
    assert all(clip["visual_intent"] and clip["acceptance"] for clip in clips)


def test_a_film_is_made_assessed_and_assembled(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    options = ("--size", "320x180", "--transition", "crossfade:0.5", "--out", str(out), "--json")
    made = run_alone(tmp_path, "film", SHORT, *options)
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert report["status"] == "completed"
    assert report["duration_seconds"] == report["planned_seconds"] - 0.5
    assert Path(report["render_path"]) == out
    assert {"project_id", "clip_plan_id", "clips", "creates", "cost_usd", "wall_seconds"} <= report.keys()
    wanted = {"id", "position", "text", "seconds", "attempts", "provider", "verdict", "score", "cost_usd"}
    assert all(wanted <= clip.keys() for clip in report["clips"])
    assert count_decoded_frames(out) == round(report["duration_seconds"] * 30)

    takes = sorted((tmp_path / "data" / "mock" / "cache").glob("*.mp4"), key=lambda p: -probe(p).video_seconds)
    line = report["clips"][0]["text"]
    heard = run("assess", str(takes[0]), "--text", line, "--target-seconds", "8", "--json")
    verdict = json.loads(heard.stdout)
    assert (heard.exit_code, verdict["verdict"]) == (0, "pass")
    assert verdict["checks"]["visual_requirements"]["status"] == "not_run"
    wrong = json.loads(
        run("assess", str(takes[0]), "--text", "Nobody ever said this.", "--target-seconds", "8", "--json").stdout
    )
    assert wrong["verdict"] == "fail"
    assert wrong["checks"]["transcript_match"]["findings"]

    joined = tmp_path / "joined.mp4"
    for transition, seconds in (("cut", 12.0), ("wipe:1", 11.0), ("fade_black:0.5", 11.5)):
        result = run("assemble", *map(str, takes), "--transition", transition, "--out", str(joined), "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["duration_seconds"] == seconds
        assert count_decoded_frames(joined) == round(seconds * 30)


def test_files_that_are_no_videos_are_refused(run: Run, tmp_path: Path) -> None:
    corrupt = tmp_path / "corrupt.mp4"
    corrupt.write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"rubbish" * 100)
    for file in (corrupt, tmp_path / "missing.mp4", tmp_path):
        refused = run("assess", str(file), "--text", "Hello", "--target-seconds", "8", "--json")
        assert_refused(refused, file.name)
        assert json.loads(refused.stdout)["verdict"] == "fail"
    assert_refused(run("assemble", str(corrupt), "--out", str(tmp_path / "o.mp4")), "corrupt.mp4")
    assert_refused(run("assemble", "--out", str(tmp_path / "o.mp4")), "at least one clip")


def test_a_film_that_cannot_be_finished_says_why_and_what_was_kept(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    command = ("film", SHORT, "--size", "320x180", "--max-attempts", "1", "--out", str(out), "--json")
    failed = run_alone(tmp_path, *command, MOCK_DEFECTS="2.*=silence")
    report = json.loads(failed.stdout)
    assert failed.returncode == 1
    assert report["error"]["code"] == "film_incomplete"
    assert [clip["status"] for clip in report["clips"]] == ["passed", "failed"]
    assert "clip 2" in failed.stderr and "kept" in failed.stderr
    assert not out.exists()
    finished = json.loads(run_alone(tmp_path, *command).stdout)
    assert (finished["status"], finished["opened"], finished["creates"]) == ("completed", "resumed", 3)


def test_the_doctor_says_what_is_missing_and_what_that_turns_off(run: Run) -> None:
    items = {item["name"]: item for item in json.loads(run("doctor", "--json").stdout)["items"]}
    assert items["Provider mock"]["state"] == "ok"
    assert items["Listening (Whisper)"]["state"] == "ok"
    assert "visual_requirements" in items["Looking (vision model)"]["consequence"]
    deaf = {
        item["name"]: item for item in json.loads(run("doctor", "--json", WHISPER_MODEL="/nowhere").stdout)["items"]
    }
    assert "transcript_match" in deaf["Listening (Whisper)"]["consequence"]
