"""What all adapters over HTTP share, seen through the one for ``/v1/videos``."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from providers.base import AuthFailed, CreateClipInput, InvalidRequest, OutcomeUnknown, RateLimited, Unavailable
from providers.openai_videos import OpenAIVideosProvider
from providers.wire import escape_id, is_near
from tests.fakes.scripted import Scripted

KEY = "sk-secret-4711"


def a_provider(server: Scripted, **options: str) -> OpenAIVideosProvider:
    return OpenAIVideosProvider(**{"base_url": server.url, "api_key": KEY, **options})


A_REQUEST = CreateClipInput(key="k1", prompt="A bay", model="sora-2", seconds=8, size="1280x720")


# --- the address ---


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://videos.example", "https://videos.example/v1"),
        ("https://videos.example/", "https://videos.example/v1"),
        (" https://videos.example/v1/ ", "https://videos.example/v1"),
        ("https://gateway.example/api/v1", "https://gateway.example/api/v1"),
        ("https://videos.example:8443", "https://videos.example:8443/v1"),
        ("http://127.0.0.1:8091", "http://127.0.0.1:8091/v1"),
        ("http://[::1]:8091/v1", "http://[::1]:8091/v1"),
        ("http://192.168.0.7", "http://192.168.0.7/v1"),
        ("http://gpu-box:30000", "http://gpu-box:30000/v1"),
        ("http://gpu.lan/v1", "http://gpu.lan/v1"),
    ],
)
def test_base_url_is_completed_when_v1_is_left_out(url: str, used: str) -> None:
    assert OpenAIVideosProvider(base_url=url, api_key=KEY).endpoint == used


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/v1", "localhost:8000", "http://user:pass@host/v1", "http://", "https://host/v1?key=pass@", "\n"],
)
def test_base_url_is_refused_when_it_is_no_server(url: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        OpenAIVideosProvider(base_url=url)
    assert "pass@" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://videos.example/v1", "http://93.184.215.14", "http://10.0.0.8.example.com"])
def test_plain_http_is_refused_when_a_key_would_cross_the_internet(url: str) -> None:
    with pytest.raises(InvalidRequest, match="https"):
        OpenAIVideosProvider(base_url=url, api_key=KEY)
    assert OpenAIVideosProvider(base_url=url).endpoint.startswith("http://")


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True),
        ("169.254.1.1", True),
        ("fd00::1", True),
        ("8.8.8.8", False),
        ("a.internal", True),
        ("localhost.", True),
    ],
)
def test_host_is_near_when_it_is_in_a_private_network(host: str, near: bool) -> None:
    assert is_near(host) is near


@pytest.mark.parametrize(("raw", "escaped"), [("a/b?c#d", "a%2Fb%3Fc%23d"), ("video_1+/=", "video_1%2B%2F%3D")])
def test_id_is_one_step_of_a_path_whatever_it_holds(raw: str, escaped: str) -> None:
    assert escape_id(raw) == escaped


# --- the key ---


@pytest.mark.parametrize("key", ["sk-a\r\nX-Evil: 1", "sk-a\nb", "sk-ключ", "sk a", "sk-a\x00"])
async def test_key_is_refused_before_sending_when_it_cannot_be_one(server: Scripted, key: str) -> None:
    provider = a_provider(server, api_key=key)
    with pytest.raises(AuthFailed) as raised:
        await provider.create_clip(A_REQUEST)
    assert key not in str(raised.value) + repr(raised.value) + repr(provider)
    assert not server.asked
    await provider.aclose()


async def test_line_break_after_the_key_is_taken_away_when_it_was_pasted(server: Scripted) -> None:
    server.says(200, {"id": "video_1", "status": "queued"})
    provider = a_provider(server, api_key=f" {KEY}\r\n")
    await provider.create_clip(A_REQUEST)
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    await provider.aclose()


async def test_key_is_nowhere_in_the_log_when_everything_is_logged(
    server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.says(401, {"error": {"message": "no"}})
    provider = a_provider(server)
    with pytest.raises(AuthFailed):
        await provider.create_clip(A_REQUEST)
    assert caplog.records
    assert KEY not in caplog.text
    await provider.aclose()


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        (KEY, f"Not a key: Bearer {KEY}!", "Not a key: Bearer [key]!"),
        (KEY, f"{'x' * 295} {KEY}", "x" * 295 + " [key"),  # before it is shortened
        (KEY, f"x{KEY}y", "x[key]y"),
        (KEY, "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln has run out", "[key] has run out"),
        ("sk-1234", "sk-1234 has no place in ask-1234s", "[key] has no place in ask-1234s"),
        ("EMPTY", "The prompt is EMPTY", "The prompt is EMPTY"),  # what people write when there is none
    ],
)
async def test_key_is_hidden_when_the_server_quotes_it(server: Scripted, key: str, text: str, shown: str) -> None:
    provider = a_provider(server, api_key=key)
    server.says(422, {"detail": [{"loc": ["header"], "msg": text}]})
    with pytest.raises(InvalidRequest) as raised:
        await provider.create_clip(A_REQUEST)
    assert f": {shown})." in str(raised.value)
    server.says(200, {"id": "video_1", "status": "failed", "error": {"code": text, "message": text}})
    failed = await provider.get_generation("video_1")
    assert failed.error_message == shown
    assert failed.error_code.startswith(shown)
    await provider.aclose()


async def test_link_and_id_stay_as_they_are_when_they_hold_the_key(server: Scripted) -> None:
    link = f"https://cdn.example/clip.mp4?token={KEY}"
    server.says(200, {"id": "video_1", "status": "completed", "url": link})
    provider = a_provider(server)
    assert (await provider.get_generation("video_1")).content_url == link
    await provider.aclose()
    short = a_provider(server, api_key="video_gen")
    server.says(200, {"id": "video_gen_1", "status": "queued"})
    assert (await short.create_clip(A_REQUEST)).id == "video_gen_1"
    await short.aclose()


# --- sending ---


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_paid_request_is_not_sent_elsewhere_when_the_server_redirects_it(server: Scripted, status: int) -> None:
    with Scripted() as other:
        server.says(status, "", location=f"{other.url}/v1/videos")
        provider = a_provider(server)
        with pytest.raises(InvalidRequest):
            await provider.create_clip(A_REQUEST)
        assert (len(server.asked), other.asked) == (1, [])
        await provider.aclose()


@pytest.mark.parametrize("is_told", [True, False])
async def test_answer_is_not_read_on_when_it_is_larger_than_any_answer(is_told: bool) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b"x" * 1000

    headers = {"content-length": str(5 << 30)} if is_told else {}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, content=endless()))
    provider = OpenAIVideosProvider(base_url="https://videos.example", api_key=KEY, transport=transport)
    provider.max_answer_bytes = 4000
    with pytest.raises(OutcomeUnknown):
        await provider.create_clip(A_REQUEST)
    with pytest.raises(Unavailable):
        await provider.get_generation("video_1")
    assert sent <= (0 if is_told else 2 * 5000)
    await provider.aclose()


A_VIDEO = json.dumps({"id": "video_1", "status": "queued"}).encode()


async def test_answer_is_asked_for_as_it_is_and_read_when_it_comes_as_gzip(server: Scripted) -> None:
    server.says(200, gzip.compress(A_VIDEO), content_encoding="GZip")
    provider = a_provider(server)
    assert (await provider.create_clip(A_REQUEST)).id == "video_1"
    assert server.asked[0].headers["Accept-Encoding"] == "identity"
    await provider.aclose()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(bytes(256 << 20)), "gzip"),
        (gzip.compress(gzip.compress(A_VIDEO)), "gzip, gzip"),
        (zlib.compress(A_VIDEO), "deflate"),
        (A_VIDEO, "gzip"),
    ],
    ids=["bomb", "twice", "deflate", "not packed"],
)
async def test_answer_is_not_unpacked_when_it_is_a_bomb_or_anything_but_gzip(
    server: Scripted, body: bytes, encoding: str
) -> None:
    server.says(200, body, content_encoding=encoding)
    provider = a_provider(server)
    tracemalloc.start()
    with pytest.raises(OutcomeUnknown):
        await provider.create_clip(A_REQUEST)
    with pytest.raises(Unavailable):
        await provider.get_generation("video_1")
    assert tracemalloc.get_traced_memory()[1] < 4 * provider.max_answer_bytes
    tracemalloc.stop()
    await provider.aclose()


@pytest.mark.parametrize("body", ["[" * 200_000, '{"a":' * 200_000, "9" * 5000])
async def test_outcome_is_unknown_when_the_answer_is_too_odd_to_be_read(server: Scripted, body: str) -> None:
    server.says(200, body)
    provider = a_provider(server)
    with pytest.raises(OutcomeUnknown):
        await provider.create_clip(A_REQUEST)
    await provider.aclose()


async def test_text_can_be_stored_whatever_the_server_says(server: Scripted) -> None:
    odd = "out\ud800 of\x00 \x1b[31mmemory\x9f\nat 🎬"
    provider = a_provider(server)
    server.says(200, {"id": "video_1", "status": "failed", "error": {"code": odd, "message": odd}})
    failed = await provider.get_generation("video_1")
    assert failed.error_code == failed.error_message == "out\ufffd of\ufffd \ufffd[31mmemory\ufffd\nat 🎬"
    server.says(400, {"error": {"message": odd}})
    with pytest.raises(InvalidRequest) as raised:
        await provider.create_clip(A_REQUEST)
    assert failed.error_message in str(raised.value)
    await provider.aclose()


async def test_outcome_is_unknown_when_the_connection_drops_after_sending() -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(drop, "127.0.0.1", 0) as listener:
        host, port = listener.sockets[0].getsockname()
        provider = OpenAIVideosProvider(base_url=f"http://{host}:{port}/v1", api_key=KEY)
        with pytest.raises(OutcomeUnknown):
            await provider.create_clip(A_REQUEST)
        with pytest.raises(Unavailable):
            await provider.get_generation("video_1")
        await provider.aclose()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError, Unavailable),
        (httpx.ConnectTimeout, Unavailable),
        (httpx.PoolTimeout, Unavailable),
        (httpx.WriteTimeout, OutcomeUnknown),
        (httpx.ReadTimeout, OutcomeUnknown),
        (httpx.RemoteProtocolError, OutcomeUnknown),
        (httpx.LocalProtocolError, InvalidRequest),
    ],
)
async def test_transport_fault_says_whether_the_request_may_have_arrived(
    error: type[httpx.TransportError], expected: type[Exception]
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error(f"with {KEY} in it")

    provider = OpenAIVideosProvider(api_key=KEY, transport=httpx.MockTransport(fail))
    with pytest.raises(expected) as raised:
        await provider.create_clip(A_REQUEST)
    assert KEY not in str(raised.value)
    await provider.aclose()


# --- waiting ---


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"retry_after": "-5"}, 0.0),
        ({"retry_after": "86400"}, 3600.0),
        ({"retry_after": "nan"}, 0.0),
        ({"retry_after": "inf"}, 3600.0),
        ({}, None),
        ({"retry_after": "x"}, None),
    ],
)
async def test_wait_is_what_the_server_asks_for(
    server: Scripted, headers: dict[str, str], expected: float | None
) -> None:
    server.says(429, {}, **headers)
    provider = a_provider(server)
    with pytest.raises(RateLimited) as raised:
        await provider.create_clip(A_REQUEST)
    assert raised.value.retry_after_seconds == expected
    await provider.aclose()


async def test_wait_is_counted_from_now_when_the_server_names_a_date(server: Scripted) -> None:
    server.says(429, {}, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    provider = a_provider(server)
    with pytest.raises(RateLimited) as raised:
        await provider.create_clip(A_REQUEST)
    assert raised.value.retry_after_seconds == pytest.approx(59, abs=2)
    await provider.aclose()
