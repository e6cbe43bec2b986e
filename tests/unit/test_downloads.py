"""Fetching clips: bounded, whole, resumed, and never from inside the user's network."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from providers.base import (
    AuthFailed,
    BrokenContent,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    ProviderError,
    RateLimited,
    Unavailable,
    UnsafeLink,
)
from providers.downloads import check_mp4
from providers.openai_videos import OpenAIVideosProvider
from tests.fakes.scripted import Scripted

KEY = "sk-secret-4711"
PIECES = {"accept_ranges": "bytes", "etag": '"clip-1"'}


@pytest_asyncio.fixture
async def provider(server: Scripted) -> AsyncIterator[OpenAIVideosProvider]:
    provider = OpenAIVideosProvider(base_url=server.url, api_key=KEY)
    yield provider
    await provider.aclose()


@pytest.fixture
def clip(mp4: Path) -> bytes:
    return mp4.read_bytes()


def done(**changes: Any) -> Generation:
    return Generation(**{"id": "video_1", "status": GenerationStatus.COMPLETED} | changes)


async def fails_cleanly(
    provider: OpenAIVideosProvider, folder: Path, expected: type[ProviderError], **changes: Any
) -> None:
    (folder / "take.mp4").write_bytes(b"earlier")
    with pytest.raises(ProviderError) as raised:
        await provider.download_content(done(**changes), folder / "take.mp4")
    assert type(raised.value) is expected
    assert [(p.name, p.read_bytes()) for p in folder.iterdir()] == [("take.mp4", b"earlier")]


# --- what comes ---


async def test_clip_is_saved_as_it_came_when_it_is_whole(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes
) -> None:
    server.says(200, clip, content_type="application/octet-stream")
    path = await provider.download_content(done(), tmp_path / "deep" / "take.mp4")
    assert path.read_bytes() == clip
    assert [p.name for p in path.parent.iterdir()] == ["take.mp4"]
    [asked] = server.asked
    assert (asked.path, asked.headers["Accept-Encoding"]) == ("/v1/videos/video_1/content", "identity")


PICTURE = b"\xff\xd8\xff\xe0" + b"\x00" * 4096
PAGE = "<!doctype html><title>Sign in</title>"


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (200, b"half", {"content_length": "8"}, Unavailable),
        (200, b"", {}, BrokenContent),
        (200, PICTURE, {"content_type": "video/mp4"}, BrokenContent),
        (200, PAGE, {"content_type": "text/html"}, BrokenContent),
        (200, b"\x00\x00\x00\x04ftyp", {}, BrokenContent),
        (200, {"status": "in_progress"}, {"content_type": "application/json"}, Unavailable),
        (206, b"a part nobody asked for", {}, Unavailable),
        (404, {"error": {"message": "Generation is still in-progress"}}, {}, Unavailable),
        (404, {"detail": "Video not found"}, {}, GenerationNotFound),
        (401, "", {}, AuthFailed),
        (429, "", {}, RateLimited),
        (500, "", {}, Unavailable),
        (302, "", {"location": "/v1/videos/video_1/content"}, Unavailable),
        (302, "", {}, Unavailable),
    ],
)
async def test_nothing_is_replaced_when_the_download_fails(
    server: Scripted,
    provider: OpenAIVideosProvider,
    tmp_path: Path,
    status: int,
    body: Any,
    headers: dict[str, str],
    expected: type[ProviderError],
) -> None:
    server.says(status, body, **headers)
    await fails_cleanly(provider, tmp_path, expected)


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97])
async def test_clip_is_broken_when_its_end_is_missing(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes, kept: float
) -> None:
    server.says(200, clip[: int(len(clip) * kept)])
    await fails_cleanly(provider, tmp_path, BrokenContent)


def test_every_cut_of_a_clip_is_noticed(tmp_path: Path, clip: bytes) -> None:
    path = tmp_path / "cut.mp4"
    for length in range(0, len(clip), max(1, len(clip) // 400)):
        path.write_bytes(clip[:length])
        with pytest.raises(BrokenContent):
            check_mp4(path)
    path.write_bytes(clip)
    check_mp4(path)


@pytest.mark.parametrize("is_told", [True, False])
async def test_download_stops_when_the_clip_is_too_large(server: Scripted, tmp_path: Path, is_told: bool) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    headers = {"content-length": str(5 << 30)} if is_told else {}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, content=endless()))
    provider = OpenAIVideosProvider(
        base_url="https://10.0.0.8", api_key=KEY, max_download_bytes=1 << 20, transport=transport
    )
    await fails_cleanly(provider, tmp_path, BrokenContent)
    assert sent <= (0 if is_told else 2 << 20)
    await provider.aclose()


async def test_clip_is_broken_when_it_comes_packed(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes
) -> None:
    server.says(200, gzip.compress(clip), content_encoding="gzip")
    await fails_cleanly(provider, tmp_path, BrokenContent)


@pytest.mark.parametrize("status", [200, 404])
async def test_nothing_is_unpacked_when_the_clip_is_a_bomb(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, status: int
) -> None:
    server.says(status, gzip.compress(gzip.compress(bytes(512 << 20))), content_encoding="gzip, gzip")
    tracemalloc.start()
    await fails_cleanly(provider, tmp_path, BrokenContent if status == 200 else GenerationNotFound)
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


async def test_word_of_the_server_is_read_when_it_comes_as_gzip(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path
) -> None:
    server.says(404, gzip.compress(b'{"detail": "still in progress"}'), content_encoding="gzip")
    await fails_cleanly(provider, tmp_path, Unavailable)


def test_clip_is_broken_when_it_has_more_boxes_than_any(tmp_path: Path, clip: bytes) -> None:
    path, box = tmp_path / "boxes.mp4", b"\x00\x00\x00\x08free"
    path.write_bytes(clip + box * 1000)
    check_mp4(path)
    path.write_bytes(clip + box * 100_000)
    with pytest.raises(BrokenContent):
        check_mp4(path)


# --- where from ---


@pytest.mark.parametrize(
    "link",
    [
        "https://127.0.0.1:1/clip.mp4",
        "https://localhost/clip.mp4",
        "https://10.0.0.8/clip.mp4",
        "https://169.254.169.254/latest",
        "https://[::1]/clip.mp4",
        "https://[::ffff:127.0.0.1]/clip.mp4",
        "https://0.0.0.0/clip.mp4",
        "https://224.0.0.1/clip.mp4",
        "https://127.1/clip.mp4",
        "https://2130706433/clip.mp4",
        "https://[64:ff9b::a9fe:a9fe]/clip.mp4",
        "https://[64:ff9b:1::1]/clip.mp4",
        "https://[2002:7f00:1::]/clip.mp4",
        "https://[::127.0.0.1]/clip.mp4",
        "https://[::8.8.8.8]/clip.mp4",
        "https://[fec0::1]/clip.mp4",
        "file:///etc/passwd",
        "ftp://93.184.215.14/clip.mp4",
        "data:video/mp4;base64,AAAA",
    ],
)
@pytest.mark.parametrize("way", ["answered", "redirected"])
async def test_link_is_not_followed_when_it_points_inside(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, link: str, way: str
) -> None:
    server.says(302, "", location=link)
    await fails_cleanly(provider, tmp_path, UnsafeLink, content_url=link if way == "answered" else "")
    assert len(server.asked) == (0 if way == "answered" else 1)


@pytest.mark.parametrize("link", ["http://198.51.100.7/clip.mp4", "http://gpu-box:8091/files/clip.mp4"])
async def test_protocols_own_route_is_used_when_the_answer_names_a_plain_http_link(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes, link: str
) -> None:
    server.says(200, clip)
    await provider.download_content(done(content_url=link), tmp_path / "take.mp4")
    assert [asked.path for asked in server.asked] == ["/v1/videos/video_1/content"]


async def test_plain_http_is_not_followed_when_a_redirect_names_it(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path
) -> None:
    server.says(302, "", location="http://198.51.100.7/clip.mp4")
    await fails_cleanly(provider, tmp_path, UnsafeLink)


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("/files/clip.mp4?token=1", "/files/clip.mp4?token=1"),
        ("clip.mp4", "/clip.mp4"),
        ("//[", "/v1/videos/video_1/content"),
    ],
)
async def test_link_is_read_as_a_path_of_the_server_when_it_is_relative(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes, link: str, path: str
) -> None:
    server.says(200, clip)
    await provider.download_content(done(content_url=link), tmp_path / "take.mp4")
    [asked] = server.asked
    assert (asked.path, asked.headers["Authorization"]) == (path, f"Bearer {KEY}")


async def test_key_stays_at_home_when_the_clip_lies_on_another_server(tmp_path: Path, clip: bytes) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.port == 8443:
            return httpx.Response(302, headers={"location": "https://93.184.215.14/c.mp4"})
        return httpx.Response(200, content=clip)

    home = OpenAIVideosProvider(base_url="https://10.0.0.8:8443/v1", api_key=KEY, transport=httpx.MockTransport(answer))
    path = await home.download_content(done(), tmp_path / "take.mp4")
    assert path.read_bytes() == clip
    assert [("authorization" in r.headers, r.url.host) for r in seen] == [(True, "10.0.0.8"), (False, "93.184.215.14")]
    await home.aclose()


async def test_key_stays_at_home_when_another_port_of_the_host_is_named(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path
) -> None:
    with Scripted() as other:
        server.says(302, "", location=other.url)
        await fails_cleanly(provider, tmp_path, UnsafeLink)
        assert not other.asked


@pytest.mark.parametrize("host", ["[64:ff9b::93.184.215.14]", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]"])
async def test_link_is_followed_when_its_ipv6_address_leads_to_a_public_host(
    tmp_path: Path, clip: bytes, host: str
) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=clip))
    home = OpenAIVideosProvider(base_url="https://10.0.0.8/v1", api_key=KEY, transport=transport)
    await home.download_content(done(content_url=f"https://{host}/clip.mp4"), tmp_path / "take.mp4")
    await home.aclose()


# --- through a proxy ---


class Proxy:
    """A proxy on loopback that plays the servers it is asked to connect to: all of them have the clip. ``asked`` are
    the lines it was asked with, ``names`` those that TLS was opened for."""

    def __init__(self, certificate: ssl.SSLContext, clip: bytes) -> None:
        self._certificate, self._clip = certificate, clip
        self.asked: list[str] = []
        self.names: list[str] = []
        certificate.sni_callback = lambda _, name, __: self.names.append(str(name))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode().partition("\r\n")[0])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.start_tls(self._certificate)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(self._clip) + self._clip)
        await writer.drain()
        writer.close()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of cdn.example.com, and trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cdn.example.com")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("cdn.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_clip_comes_through_the_proxy_by_name_and_no_private_link_does(
    tmp_path: Path, clip: bytes, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(certificate, clip)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as listener:
        host, port = listener.sockets[0].getsockname()
        for name in ("ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", f"http://{host}:{port}")
        provider = OpenAIVideosProvider(base_url="https://videos.example", api_key=KEY)
        link = "https://cdn.example.com/clip.mp4"
        path = await provider.download_content(done(content_url=link), tmp_path / "take.mp4")
        assert path.read_bytes() == clip
        assert (proxy.asked, proxy.names) == (["CONNECT cdn.example.com:443 HTTP/1.1"], ["cdn.example.com"])
        inside = (
            "10.0.0.8",
            "[::1]",
            "localhost",
            "localhost.",
            "gpu-box",
            "nas.local",
            "127.1",
            "0x7f.1",
            "[2002::1]",
        )
        for link in (*(f"https://{host}/clip.mp4" for host in inside), "ftp://cdn.example.com/clip.mp4"):
            with pytest.raises(UnsafeLink):
                await provider.download_content(done(content_url=link), tmp_path / "take.mp4")
        assert len(proxy.asked) == 1
        await provider.aclose()


# --- going on ---


async def test_rest_is_asked_for_when_the_connection_breaks_off(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes
) -> None:
    first, second = len(clip) // 3, len(clip) // 2
    whole = str(len(clip))
    server.says(200, clip[:first], content_length=whole, **PIECES)
    rest = {"content_range": f"bytes {first}-{len(clip) - 1}/{whole}", "content_length": str(len(clip) - first)}
    server.then_says(206, clip[first:second], **rest)
    last = {"content_range": f"bytes {second}-{len(clip) - 1}/{whole}"}
    server.then_says(206, clip[second:], **last)
    path = await provider.download_content(done(), tmp_path / "take.mp4")
    assert path.read_bytes() == clip
    asked = [(a.headers.get("Range"), a.headers.get("If-Range")) for a in server.asked]
    assert asked == [(None, None), (f"bytes={first}-", '"clip-1"'), (f"bytes={second}-", '"clip-1"')]


async def test_clip_is_taken_anew_when_it_changed_meanwhile(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes
) -> None:
    server.says(200, b"an older clip", content_length="5000", **PIECES)
    server.then_says(200, clip, **{**PIECES, "etag": '"clip-2"'})
    path = await provider.download_content(done(), tmp_path / "take.mp4")
    assert path.read_bytes() == clip
    assert server.asked[1].headers["If-Range"] == '"clip-1"'


async def test_parts_are_not_joined_when_the_server_sends_another_part(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes
) -> None:
    server.says(200, clip[:100], content_length=str(len(clip)), **PIECES)
    server.then_says(206, clip[50:], content_range=f"bytes 50-{len(clip) - 1}/{len(clip)}")
    await fails_cleanly(provider, tmp_path, Unavailable)


@pytest.mark.parametrize(
    "headers", [{}, {"etag": '"clip-1"'}, {"accept_ranges": "bytes"}, {"accept_ranges": "bytes", "etag": 'W/"clip-1"'}]
)
async def test_rest_is_not_asked_for_when_the_server_does_not_vouch_for_it(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes, headers: dict[str, str]
) -> None:
    server.says(200, clip[:100], content_length=str(len(clip)), **headers)
    await fails_cleanly(provider, tmp_path, Unavailable)
    assert len(server.asked) == 1


async def test_download_gives_up_when_nothing_more_comes(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path, clip: bytes
) -> None:
    server.says(200, clip[:100], content_length=str(len(clip)), **PIECES)
    server.then_says(206, b"", content_range=f"bytes 100-{len(clip) - 1}/{len(clip)}", content_length="10")
    await fails_cleanly(provider, tmp_path, Unavailable)
    assert len(server.asked) == 2
