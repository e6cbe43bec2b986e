"""Single frames of a stored take: the right one, bounded, cached, and refused in words."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image

from orchestrator.bootstrap import App
from tests.api.conftest import Film, open_client


@pytest.fixture
def take_url(film: Film) -> str:
    return film.plan["clips"][0]["video_url"]


def opened(response: httpx.Response) -> Image.Image:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(response.content)).convert("RGB")


async def test_a_frame_is_as_wide_as_was_asked_and_keeps_its_shape(
    running_client: httpx.AsyncClient, take_url: str
) -> None:
    picture = opened(await running_client.get(f"{take_url}/still", params={"at": "1.0", "width": "160"}))
    assert picture.size == (160, 90)


async def test_frames_of_different_seconds_differ_and_a_late_second_gives_the_last_one(
    running_client: httpx.AsyncClient, film: Film, take_url: str
) -> None:
    async def frame(at: float) -> bytes:
        return opened(await running_client.get(f"{take_url}/still", params={"at": at, "width": 96})).tobytes()

    length = film.plan["clips"][0]["seconds"]
    first, last = await frame(0), await frame(length)
    assert first != last
    assert await frame(length + 100) == last


async def test_a_frame_is_kept_by_browsers_and_not_sent_again(running_client: httpx.AsyncClient, take_url: str) -> None:
    url = f"{take_url}/still?at=0.5&width=96"
    first = await running_client.get(url)
    assert "immutable" in first.headers["cache-control"]
    assert first.headers["cross-origin-resource-policy"] == "same-origin"
    known = {"If-None-Match": first.headers["etag"]}
    again = await running_client.get(url, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    other = await running_client.get(f"{take_url}/still?at=0.7&width=96", headers=known)
    assert other.status_code == 200


@pytest.mark.parametrize("query", ["at=-1", "at=nan", "at=inf", "at=99999", "at=x", "width=0", "width=5000", "width=x"])
async def test_a_frame_out_of_bounds_is_refused_in_words(
    running_client: httpx.AsyncClient, take_url: str, query: str
) -> None:
    response = await running_client.get(f"{take_url}/still?{query}")
    assert response.status_code == 422
    assert response.json()["error"]["message"]


async def test_what_has_no_frames_is_refused_in_words(running_client: httpx.AsyncClient, film: Film) -> None:
    poster = await running_client.get(f"{film.plan['clips'][0]['poster_url']}/still")
    assert (poster.status_code, poster.json()["error"]["code"]) == (422, "bad_input")
    unknown = await running_client.get("/api/v1/media/nothing/still")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


async def test_a_damaged_take_is_refused_in_words_and_not_cached(
    running_client: httpx.AsyncClient, running_app: App, film: Film
) -> None:
    url = film.plan["clips"][1]["video_url"]
    path = running_app.views.asset_file(url.rpartition("/")[2]).path
    content = path.read_bytes()
    path.write_bytes(b"no video at all")
    try:
        response = await running_client.get(f"{url}/still", params={"at": "0.3", "width": "100"})
    finally:
        path.write_bytes(content)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "unreadable_media")
    assert "cache-control" not in response.headers
    assert str(path) not in response.text


async def test_pictures_on_our_pages_need_no_token_and_programs_do(token_app: App) -> None:
    async with open_client(lambda: token_app) as client:
        url = "/api/v1/media/nothing/still"
        assert (await client.get(url)).status_code == 401
        assert (await client.get(url, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 401
        assert (await client.get(url, headers={"Sec-Fetch-Site": "same-origin"})).status_code == 404
