"""The whole app with its takes and films in Supabase Storage, on a Storage server on loopback and a real Postgres."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from orchestrator.bootstrap import App, build
from orchestrator.db.models import LOCAL_OWNER
from orchestrator.errors import NotConfigured
from orchestrator.media.probe import count_decoded_frames, probe
from orchestrator.perception.whisper import WhisperListener
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import PlanStatus
from tests.api.conftest import open_client
from tests.conftest import make_settings
from tests.fakes.postgres import create_database
from tests.fakes.storage_server import FakeStorageServer
from tests.fakes.videos_server import FakeVideosServer

SCRIPT = "# First\nThe lamp is lit before dawn.\n\n# Second\nSomebody waits beside the water."
SMALL = ProjectSettings(provider="sora")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[FakeStorageServer]:
    with FakeStorageServer(tmp_path / "storage") as server:
        yield server


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[FakeVideosServer]:
    with FakeVideosServer(tmp_path / "provider") as server:
        yield server


@pytest.fixture
def open_app(
    tmp_path: Path,
    postgres_url: str,
    storage: FakeStorageServer,
    provider: FakeVideosServer,
    whisper: WhisperListener,
) -> Iterator[Callable[..., App]]:
    """Build and start an App on this test's database and bucket; ``machine`` names its folder."""
    url = create_database(postgres_url, f"remote_{uuid.uuid4().hex[:8]}")
    apps: list[App] = []

    def open_with(machine: str = "one", **values: Any) -> App:
        given = {
            "database_url": url,
            "supabase_url": storage.url,
            "supabase_secret_key": storage.key,
            "sora_base_url": provider.base_url,
            **values,
        }
        app = build(make_settings(tmp_path / machine, **given), is_durable=False, listener=whisper)
        app.start()
        apps.append(app)
        return app

    yield open_with
    for app in apps:
        app.stop()


def wait_until(is_so: Callable[[], Any], *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def test_a_film_is_made_through_an_outage_in_mid_upload_and_nothing_is_paid_or_fetched_twice(
    open_app: Callable[..., App], storage: FakeStorageServer, provider: FakeVideosServer
) -> None:
    app = open_app()
    storage.cuts = [10_000]  # the first take breaks off, and then nobody answers any more
    project_id = app.service.create_project(name="Lamp", settings=SMALL)
    plan_id = app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief())
    app.service.start_plan(plan_id)
    wait_until(lambda: not storage.cuts)
    storage.is_away = True
    tries = len(storage.requests)
    wait_until(lambda: len(storage.requests) > tries + 2)
    assert app.views.plan(plan_id).status is PlanStatus.RUNNING
    storage.is_away = False
    wait_until(lambda: not app.views.plan(plan_id).is_active)
    plan = app.views.plan(plan_id)
    assert plan.status is PlanStatus.COMPLETED, plan.message
    assert len(provider.charges()) == plan.creates == 2
    fetched = [line for line in provider.requests_path.read_text().splitlines() if "/content" in line]
    assert len(fetched) == 2
    assert plan.render is not None and plan.render.duration_seconds is not None
    assert all(path.startswith(f"{LOCAL_OWNER}/{project_id}/") for path in storage.objects())

    # Another machine has nothing of it, and brings what it needs.
    other = open_app("another")
    film = other.views.asset_file(plan.render.video_url.rpartition("/")[2]).path
    assert film.is_relative_to(other.settings.data_dir.resolve() / "cache" / "assets")
    assert count_decoded_frames(film) == round(plan.render.duration_seconds * 30)
    assert probe(film).has_audio

    other.service.delete_project(project_id)
    other.service.erase_project(project_id, name="Lamp")
    assert storage.objects() == {}


async def test_browsers_are_sent_to_the_storage_by_a_link_that_nobody_keeps(
    open_app: Callable[..., App], storage: FakeStorageServer, tmp_path: Path, mp4: Path
) -> None:
    app = open_app()
    picture = tmp_path / "picture.png"
    Image.new("RGB", (640, 360), "teal").save(picture)
    asset_id = app.service.add_picture("", picture.read_bytes())
    content = app.views.asset_file(asset_id).path.read_bytes()
    async with open_client(lambda: app) as client, httpx.AsyncClient() as browser:
        for method in ("GET", "HEAD"):
            answer = await client.request(method, f"/api/v1/media/{asset_id}")
            assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
            link = answer.headers["location"]
            assert urlsplit(link).netloc == urlsplit(storage.url).netloc
            assert storage.key not in str(answer.headers)
        part = await browser.get(link, headers={"Range": "bytes=0-9"})
        assert (part.status_code, part.content) == (206, content[:10])
        attached = await client.get(f"/api/v1/media/{asset_id}?download=1")
        assert "attachment" in (await browser.head(attached.headers["location"])).headers["content-disposition"]
        assert (await client.get("/api/v1/media/another-id")).status_code == 404
        storage.is_away = True
        Image.new("RGB", (640, 360), "red").save(picture)
        away = await client.post("/api/v1/media/pictures", content=picture.read_bytes())
        assert (away.status_code, away.json()["error"]["code"]) == (503, "storage_away")
        assert away.headers["retry-after"] == "5"


def test_the_app_stops_while_the_storage_is_away_and_goes_on_at_the_next_start(
    open_app: Callable[..., App], storage: FakeStorageServer, provider: FakeVideosServer
) -> None:
    storage.is_away = True
    app = open_app()
    project_id = app.service.create_project(name="Lamp", settings=SMALL)
    plan_id = app.service.create_plan(project_id, script="The lamp is lit before dawn.", brief=ContentBrief())
    app.service.start_plan(plan_id)
    wait_until(lambda: storage.requests)
    begun = time.monotonic()
    app.stop()
    assert time.monotonic() - begun < 20
    storage.is_away = False
    again = open_app()
    wait_until(lambda: not again.views.plan(plan_id).is_active)
    plan = again.views.plan(plan_id)
    assert plan.status is PlanStatus.COMPLETED, plan.message
    assert len(provider.charges()) == plan.creates == 1


def test_the_doctor_tells_of_bucket_and_key(open_app: Callable[..., App], storage: FakeStorageServer) -> None:
    app = open_app()
    items = {item.name: item for item in (*app.views.doctor(), *app.check_store())}
    assert items["Takes and films"].detail == "bucket video-assets of Supabase Storage"
    assert (items["Bucket"].state, items["Storage key"].state) == ("ok", "ok")
    storage.is_missing = True
    assert app.check_store()[0].state == "broken"


@pytest.mark.parametrize(
    ("values", "lacking"),
    [
        ({"supabase_url": "https://abc.supabase.co"}, "SUPABASE_SECRET_KEY is missing"),
        ({"supabase_secret_key": "sb_secret_abc"}, "SUPABASE_URL is missing"),
        (
            {"supabase_url": "https://abc.supabase.co", "supabase_secret_key": "sb_secret_abc"},
            "SUPABASE_URL is set without DATABASE_URL",
        ),
    ],
)
def test_half_a_configuration_is_said_before_anything_is_made(
    tmp_path: Path, values: dict[str, str], lacking: str
) -> None:
    with pytest.raises(NotConfigured, match=lacking):
        build(make_settings(tmp_path / "data", **values), is_durable=False)
    assert not (tmp_path / "data").exists()


def test_a_folder_stays_the_default_and_links_to_nowhere(tmp_path: Path) -> None:
    app = build(make_settings(tmp_path / "data"), is_durable=False)
    try:
        assert app.check_store() == ()
        assert app.store.link("project/take.mp4") == ""
    finally:
        app.stop()
