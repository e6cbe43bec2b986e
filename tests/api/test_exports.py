"""Plans as files for other programs, over REST; and how their free previews stand."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import httpx
import opentimelineio as otio
import pytest

from orchestrator.bootstrap import App
from orchestrator.schema.export import ExportFormat
from tests.api.conftest import LINES, ORIGIN, SCRIPT, Film, post

MIMES = {
    "otio": "application/json",
    "fcpxml": "application/xml",
    "fcp7xml": "application/xml",
    "edl": "text/plain",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "json": "application/json",
    "package": "application/zip",
}
SUFFIXES = {"fcp7xml": "xml", "package": "zip"}


def export_url(plan_id: str, form: str) -> str:
    return f"/api/v1/video/clip-plans/{plan_id}/export?format={form}"


@pytest.mark.parametrize("form", ExportFormat)
async def test_every_form_is_sent_as_an_attachment_when_asked_for(
    running_client: httpx.AsyncClient, film: Film, form: ExportFormat
) -> None:
    response = await running_client.get(export_url(film.plan["id"], form))
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == MIMES[form]
    name = f"kettle.{SUFFIXES.get(form, form)}"
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert int(response.headers["content-length"]) == len(response.content) > 0


async def test_takes_are_named_by_their_addresses_here_when_a_timeline_is_exported(
    running_client: httpx.AsyncClient, film: Film
) -> None:
    text = (await running_client.get(export_url(film.plan["id"], "otio"))).text
    timeline = otio.adapters.read_from_string(text, "otio_json")
    urls = [clip.media_reference.target_url for clip in timeline.video_tracks()[0].find_clips()]
    assert urls == [ORIGIN + clip["video_url"] for clip in film.plan["clips"]]
    assert timeline.duration().to_seconds() == film.render["duration_seconds"]
    assert (await running_client.get(urls[0])).status_code == 200


async def test_a_package_holds_media_film_and_every_form_and_leaves_nothing_behind_when_sent(
    running_client: httpx.AsyncClient, running_app: App, film: Film
) -> None:
    response = await running_client.get(export_url(film.plan["id"], "package"))
    package = zipfile.ZipFile(io.BytesIO(response.content))
    assert package.testzip() is None
    names = set(package.namelist())
    assert names >= {"README.txt", "plan.json", "film.mp4", "captions.srt", "captions.vtt"}
    timeline = otio.adapters.read_from_string(package.read("timeline.otio").decode(), "otio_json")
    for clip in timeline.find_clips():
        assert {ref.target_url for ref in clip.media_references().values()} <= names
    film_file = running_app.views.asset_file(film.render["video_url"].rpartition("/")[2]).path
    assert package.read("film.mp4") == film_file.read_bytes()
    assert not list((Path(running_app.settings.data_dir) / "cache" / "exports").iterdir())


async def test_json_tells_plan_takes_assessments_and_spend_and_no_path_when_exported(
    running_client: httpx.AsyncClient, running_app: App, film: Film
) -> None:
    text = (await running_client.get(export_url(film.plan["id"], "json"))).text
    told = json.loads(text)
    assert [clip["text"] for clip in told["plan"]["clips"]] == LINES
    takes = [take for clip in told["plan"]["clips"] for take in told["takes"][clip["id"]]]
    assert all(take["verdict"] and take["checks"] for take in takes)
    asked = {take["run_id"] for take in takes if not take["edit"]}  # one that was cut from another asked no provider
    assert asked <= {call["run_id"] for call in told["spend"]["calls"]}
    assert str(running_app.settings.data_dir) not in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("00000000-0000-0000-0000-000000000000/export?format=otio", 404),
        ("00000000-0000-0000-0000-000000000000/export?format=package", 404),
        ("00000000-0000-0000-0000-000000000000/animatic", 404),
        ("x/export?format=aaf", 422),
        ("x/export", 422),
        ("..%2fx/export?format=otio", 404),
    ],
)
async def test_an_export_is_refused_in_our_words_when_there_is_none(
    client: httpx.AsyncClient, path: str, status: int
) -> None:
    response = await client.get(f"/api/v1/video/clip-plans/{path}")
    assert response.status_code == status
    assert response.json()["error"]["message"]


async def test_a_plan_that_was_never_started_is_exported_as_gaps(client: httpx.AsyncClient, idle_app: App) -> None:
    project = await post(client, "video/projects", 201, {"name": ""})
    plan = await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})
    text = (await client.get(export_url(plan["id"], "otio"))).text
    track = otio.adapters.read_from_string(text, "otio_json").video_tracks()[0]
    assert [type(item) for item in track] == [otio.schema.Gap, otio.schema.Gap]
    for form in ExportFormat:
        assert (await client.get(export_url(plan["id"], form))).status_code == 200
    view = (await client.get(f"/api/v1/video/clip-plans/{plan['id']}/animatic")).json()
    assert view == {"total": 2, "done": 0, "is_active": False, "error": ""}


async def test_nothing_is_drawn_when_every_clip_has_an_accepted_take(
    running_client: httpx.AsyncClient, film: Film
) -> None:
    view = await post(running_client, f"video/clip-plans/{film.plan['id']}/animatic", 202)
    assert view == {"total": 0, "done": 0, "is_active": False, "error": ""}
