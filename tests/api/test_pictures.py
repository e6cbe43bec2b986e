"""Pictures over REST: added as a file or out of a take, shown again, given to a clip."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image

from orchestrator.bootstrap import App
from tests.api.conftest import SCRIPT, Film, post

PICTURES = "/api/v1/media/pictures"


def a_picture(colour: str = "teal", kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 180), colour).save(buffer, kind)
    return buffer.getvalue()


async def add(client: httpx.AsyncClient, content: bytes, **asked: str) -> httpx.Response:
    return await client.post(PICTURES, content=content, params=asked, headers={"X-Filename": "bay.png"})


async def test_an_added_picture_is_shown_and_given_to_a_clip(client: httpx.AsyncClient) -> None:
    project = await post(client, "video/projects", 201, {"name": "Bay"})
    plan = await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})
    added = await add(client, a_picture(), project_id=project["id"])
    assert added.status_code == 201, added.text
    picture = added.json()
    shown = await client.get(picture["url"])
    assert shown.headers["content-type"] == "image/jpeg" and Image.open(io.BytesIO(shown.content)).size == (320, 180)
    clip = f"/api/v1/video/clips/{plan['clips'][0]['id']}/picture"
    given = await client.put(clip, json={"picture_id": picture["id"]})
    assert given.json()["clips"][0]["reference_url"] == picture["url"]
    taken = await client.put(clip, json={"picture_id": ""})
    assert taken.json()["clips"][0]["reference_url"] == ""
    brief = {"style": {"picture": picture["id"]}, "characters": [{"name": "Mara", "picture": picture["id"]}]}
    await post(client, "video/briefs", 201, {"project_id": project["id"], "brief": brief})
    wrong = {"style": {"picture": project["id"]}}
    await post(client, "video/briefs", 404, {"project_id": project["id"], "brief": wrong})


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"", 422, "is empty"),
        (b"<svg/>", 422, "SVG"),
        (a_picture()[:120], 422, "damaged"),
        (b"\0" * (20 << 20) + b"\0", 422, "a picture may have 20 MB"),
        (b"\0" * (22 << 20), 413, "at most"),
    ],
)
async def test_what_is_no_picture_is_refused_in_words(
    client: httpx.AsyncClient, content: bytes, status: int, says: str
) -> None:
    answer = await add(client, content)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


async def test_a_project_that_is_not_there_keeps_nothing(client: httpx.AsyncClient) -> None:
    assert (await add(client, a_picture(), project_id="0" * 32)).status_code == 404
    assert (await add(client, a_picture(), project_id="../etc")).status_code == 422


async def test_a_frame_of_a_take_becomes_a_picture_of_its_project(
    running_client: httpx.AsyncClient, running_app: App, film: Film
) -> None:
    take = running_app.views.takes(film.plan["clips"][0]["id"])[0]
    urls = []
    for asked in ({}, {"at_seconds": 0.5}, {"at_seconds": 0.5}):
        made = await post(running_client, "media/pictures/from-take", 201, {"take_id": take.run_id, **asked})
        urls.append(made["url"])
    assert urls[0] != urls[1] == urls[2]
    last = Image.open(io.BytesIO((await running_client.get(urls[0])).content))
    assert f"{last.width}x{last.height}" == take.size
    await post(running_client, "media/pictures/from-take", 404, {"take_id": "0" * 32})
    await post(running_client, "media/pictures/from-take", 422, {"take_id": take.run_id, "at_seconds": -1})
