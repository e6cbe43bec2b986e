"""Files by asset id: whole, in ranges, as attachments, and never by path."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.media import MAX_FILENAME_CHARACTERS, safe_filename
from orchestrator.bootstrap import App
from tests.api.conftest import Film


@pytest.fixture
def take_url(film: Film) -> str:
    return film.plan["clips"][0]["video_url"]


@pytest.fixture
def take_bytes(take_url: str, running_app: App) -> bytes:
    return running_app.views.asset_file(take_url.rpartition("/")[2]).path.read_bytes()


async def test_whole_file_is_sent_when_no_range_is_asked(
    running_client: httpx.AsyncClient, take_url: str, take_bytes: bytes
) -> None:
    response = await running_client.get(take_url)
    assert response.status_code == 200
    assert response.content == take_bytes
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "immutable" in response.headers["cache-control"]
    assert "content-disposition" not in response.headers


@pytest.mark.parametrize(
    ("asked", "cut"),
    [
        ("bytes=0-0", lambda n: (0, 1)),
        ("bytes=100-299", lambda n: (100, 300)),
        ("bytes=100-", lambda n: (100, n)),
        ("bytes=-50", lambda n: (n - 50, n)),
        ("bytes=0-999999999", lambda n: (0, n)),
    ],
)
async def test_part_is_sent_when_range_is_asked(
    running_client: httpx.AsyncClient,
    take_url: str,
    take_bytes: bytes,
    asked: str,
    cut: Callable[[int], tuple[int, int]],
) -> None:
    start, end = cut(len(take_bytes))
    response = await running_client.get(take_url, headers={"Range": asked})
    assert response.status_code == 206
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/{len(take_bytes)}"
    assert response.content == take_bytes[start:end]


async def test_range_is_refused_when_it_begins_after_the_end(
    running_client: httpx.AsyncClient, take_url: str, take_bytes: bytes
) -> None:
    response = await running_client.get(take_url, headers={"Range": f"bytes={len(take_bytes)}-"})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{len(take_bytes)}"


async def test_whole_file_is_sent_when_if_range_names_another_copy(
    running_client: httpx.AsyncClient, take_url: str, take_bytes: bytes
) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}
    response = await running_client.get(take_url, headers=headers)
    assert (response.status_code, len(response.content)) == (200, len(take_bytes))
    headers["If-Range"] = response.headers["etag"]
    assert (await running_client.get(take_url, headers=headers)).status_code == 206


async def test_nothing_is_sent_again_when_browser_has_the_copy(
    running_client: httpx.AsyncClient, take_url: str
) -> None:
    etag = (await running_client.head(take_url)).headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        response = await running_client.get(take_url, headers={"If-None-Match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    assert (await running_client.get(take_url, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_only_headers_are_sent_when_asked_by_head(
    running_client: httpx.AsyncClient, take_url: str, take_bytes: bytes
) -> None:
    response = await running_client.head(take_url)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(take_bytes))


async def test_file_is_attachment_when_download_is_asked(
    running_client: httpx.AsyncClient, film: Film, take_url: str, take_bytes: bytes
) -> None:
    response = await running_client.get(take_url, params={"download": "1"})
    assert response.content == take_bytes
    disposition = response.headers["content-disposition"]
    assert disposition.startswith("attachment; filename")
    assert re.search(r"\.mp4\"?$", disposition)
    assert (await running_client.get(film.render["download_url"])).headers["content-disposition"]


async def test_poster_is_a_picture_when_the_clip_is_made(running_client: httpx.AsyncClient, film: Film) -> None:
    response = await running_client.get(film.plan["clips"][0]["poster_url"])
    assert response.status_code == 200
    assert response.headers["content-type"] in ("image/jpeg", "image/png")


async def test_file_is_not_found_when_it_is_gone_from_the_disk(
    running_client: httpx.AsyncClient, running_app: App, film: Film
) -> None:
    url = film.plan["clips"][-1]["poster_url"]
    path = running_app.views.asset_file(url.rpartition("/")[2]).path
    content = path.read_bytes()
    path.unlink()
    try:
        response = await running_client.get(url)
    finally:
        path.write_bytes(content)
    assert response.status_code == 404
    assert str(path) not in response.text


@pytest.mark.parametrize("path", ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "..%5C..%5Cx", "video-assets%2Fx.mp4"])
async def test_nothing_is_served_when_id_looks_like_a_path(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"/api/v1/media/{path}")
    assert response.status_code in (404, 422)


@given(st.text(max_size=300))
def test_filename_is_safe_whatever_it_was_called(name: str) -> None:
    safe = safe_filename(name)
    assert 0 < len(safe) <= MAX_FILENAME_CHARACTERS
    assert not re.search(r'[\x00-\x1f/\\:*?"<>|;]', unquote(safe))
    assert not safe.startswith(".")
    assert safe_filename(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Kettle - take 2.mp4", "Kettle - take 2.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\a.mp4", "a.mp4"),
        ('my "film"; rm.mp4', "my _film_ rm.mp4"),
        ("Frühstück.mp4", "Frühstück.mp4"),
        ("x" * 300 + ".mp4", "x" * 116 + ".mp4"),
        ("...", "download"),
    ],
)
def test_filename_keeps_what_is_harmless(name: str, safe: str) -> None:
    assert safe_filename(name) == safe
