"""What the tests of flows share: one database of each kind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from orchestrator.db.session import Database, open_database
from orchestrator.media import ffmpeg
from orchestrator.perception.whisper import WhisperListener
from tests.fakes.postgres import create_database


@pytest.fixture(scope="session")
def emptied_url(postgres_url: str) -> str:
    """A database on Postgres that is emptied for every test: faster than one for each."""
    return create_database(postgres_url, "emptied")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """What is promised of money holds on both databases."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("emptied_url")
    database = open_database(url, data_dir=tmp_path)
    if url:
        with database.write() as session:
            session.execute(text("truncate video_projects, provider_turns, provider_waits cascade"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhisperListener]:
    """The ear an App has of its own, once for all of them: its model is loaded a single time."""
    whisper = WhisperListener(model="base", cache_dir=tmp_path_factory.mktemp("whisper"))
    yield whisper
    whisper.close()


@pytest.fixture(scope="session")
def _drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drawn")


@pytest.fixture
def data_dir(tmp_path: Path, _drawn: Path) -> Path:
    """The workspace of this test. What the mock draws for the same order is the same and is drawn once for all."""
    folder = tmp_path / "data"
    (folder / "mock").mkdir(parents=True)
    (folder / "mock" / "cache").symlink_to(_drawn)
    return folder


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound take of four seconds, 320x180. Not to be changed."""
    path = tmp_path_factory.mktemp("short_clip") / "clip.mp4"
    picture, tone = "testsrc2=size=320x180:rate=30:duration=4", "sine=440:duration=4"
    command = [ffmpeg.binary(), "-v", "error", "-nostdin", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([*command, *coding, "-movflags", "+faststart", str(path)], check=True)
    return path
