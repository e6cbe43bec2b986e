"""Fetching a finished clip: streamed to disk, bounded, whole, and never from an address inside the user's network.

Providers answer with links of their choosing, so a link is followed only over https and only to public addresses,
unless its host is one the user configured. The address is looked up once and the connection made to that very
address; a name that changes between check and use changes nothing. Where a proxy stands in between, it looks names up,
and only what the link itself says is checked. A transfer that breaks off goes on where it stopped when the server says
that it can (RFC 9110, section 14: ranges with ``If-Range``).
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from providers.answers import packing, pieces, unpack
from providers.base import AuthFailed, BrokenContent, GenerationNotFound, RateLimited, Unavailable, UnsafeLink

MAX_BYTES = 1 << 30
_MAX_REDIRECTS = 5
_MAX_RESUMES = 4
_MAX_BOXES = 100_000

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IPv6 that leads to IPv4 addresses by way of somebody (6to4, v4-compatible, a network's own NAT64) or was private
# before RFC 3879: Python calls some of it global.
_ROUNDABOUT = tuple(map(ipaddress.IPv6Network, ("2002::/16", "::/96", "64:ff9b:1::/48", "fec0::/10")))
# The well-known prefix of NAT64 (RFC 6052): all a network without IPv4 has. The last 32 bits are where it leads.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEAR_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test")
# What resolvers read as an IPv4 address, although it is not written as one: 127.1, 0x7f.0.0.1
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")


@dataclass
class _Transfer:
    """How far a download has come. ``validator`` is the ETag or date under which the rest may be asked for."""

    part: Path
    max_bytes: int
    received: int = 0
    validator: str = ""


async def download(
    client: httpx.AsyncClient,
    url: str,
    destination: Path,
    *,
    trusted: httpx.URL,
    headers: Mapping[str, str],
    max_bytes: int = MAX_BYTES,
    deadline_seconds: float = 900.0,
) -> Path:
    """Stream ``url`` to ``destination``, replaced only by a whole MP4.

    ``trusted`` is the configured base URL: its origin may be plain http or a private address, and only it is sent
    ``headers``. Raises ``GenerationNotFound`` (gone at the origin), ``AuthFailed``, ``RateLimited``, ``UnsafeLink`` (a
    link that must not be followed), ``BrokenContent`` (no whole MP4, or a body over ``max_bytes``) or ``Unavailable``
    (everything worth another try).
    """
    part = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}.part")
    transfer = _Transfer(part, max_bytes)
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        async with asyncio.timeout(deadline_seconds):
            for resumes_left in reversed(range(_MAX_RESUMES + 1)):
                before = transfer.received
                try:
                    await _follow(client, httpx.URL(url), transfer, trusted=trusted, headers=headers)
                    break
                except (httpx.TransportError, httpx.StreamError):
                    has_come_on = transfer.received > before
                    if not (resumes_left and transfer.validator and has_come_on):
                        raise
        await asyncio.to_thread(check_mp4, part)
        part.replace(destination)
    except (TimeoutError, httpx.TransportError, httpx.StreamError) as error:
        raise Unavailable(f"The clip could not be downloaded whole: {type(error).__name__}.") from None
    except httpx.InvalidURL:
        raise UnsafeLink("The provider answered with a link that is not a URL.") from None
    finally:
        part.unlink(missing_ok=True)
    return destination


async def _follow(
    client: httpx.AsyncClient, url: httpx.URL, transfer: _Transfer, *, trusted: httpx.URL, headers: Mapping[str, str]
) -> None:
    for _ in range(_MAX_REDIRECTS + 1):
        is_home = origin(url) == origin(trusted)
        asked = dict(headers) if is_home else {}
        if transfer.received:
            asked |= {"Range": f"bytes={transfer.received}-", "If-Range": transfer.validator}
        # a compressed body could not be resumed by its bytes
        request = client.build_request("GET", url, headers={**asked, "Accept-Encoding": "identity"})
        if not is_home and _is_proxied(client, url):
            _check_link(url)
        elif not is_home:
            await _pin(request)
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            if response.is_redirect and (location := response.headers.get("location")):
                url = url.join(location)
                continue
            await _check(response, is_home=is_home)
            await _save(response, transfer)
            return
        finally:
            await response.aclose()
    raise Unavailable("The download link leads in circles.")


def _is_proxied(client: httpx.AsyncClient, url: httpx.URL) -> bool:
    """Whether ``client`` asks a proxy for ``url``. httpx does not tell; a reading of the environment of our own could
    differ from its."""
    return client._transport_for_url(url) is not client._transport


def _check_link(url: httpx.URL) -> None:
    """What can be said of a link without looking its host up. Raises ``UnsafeLink``."""
    if url.scheme != "https":
        raise UnsafeLink("The provider answered with a download link that is not https; it was not followed.")
    try:
        is_outside = _is_public(ipaddress.ip_address(url.host))
    except ValueError:
        is_outside = not is_near(url.host) and not _NUMERIC_END.fullmatch(url.host.rstrip("."))
    if not is_outside:
        raise _private(url)


async def _pin(request: httpx.Request) -> None:
    """Point the request at one public address of its host, keeping name and certificate check of the host."""
    url = request.url
    _check_link(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    except OSError:
        raise Unavailable(f"The download host {url.host} was not found.") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(map(_is_public, addresses)):
        raise _private(url)
    request.extensions = {**request.extensions, "sni_hostname": url.host}
    request.url = url.copy_with(host=str(addresses[0]))


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in _ROUNDABOUT):
            return False
        carried = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None
        address = address.ipv4_mapped or carried or address
    return address.is_global and not address.is_multicast


def _private(url: httpx.URL) -> UnsafeLink:
    return UnsafeLink(f"The download link points into a private network ({url.host}); it was not followed.")


def is_near(host: str) -> bool:
    """Whether ``host`` is this machine or in a private network, as far as its name tells."""
    host = host.strip("[]").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_NEAR_ENDINGS)
    return not address.is_global


async def _check(response: httpx.Response, *, is_home: bool) -> None:
    status = response.status_code
    if status in (200, 206) and "json" not in response.headers.get("content-type", ""):
        if packing(response):
            raise BrokenContent("The provider sent the clip packed, which was not asked for.")
        return
    text = (await _first_bytes(response)).decode(errors="replace").lower()
    if status == 429:
        raise RateLimited("The provider asks to download more slowly.")
    if is_home and status in (401, 403):
        raise AuthFailed
    if is_home and status in (404, 410) and "progress" not in text:
        raise GenerationNotFound("The provider no longer has this clip.")
    if not is_home and status in (401, 403, 404, 410):
        raise Unavailable("The download link is no longer valid; ask for the generation again to get a new one.")
    raise Unavailable(f"The clip could not be downloaded: HTTP {status}.")


async def _first_bytes(response: httpx.Response) -> bytes:
    async for piece in pieces(response):
        return unpack(piece, packing(response), max_bytes=2048)
    return b""


async def _save(response: httpx.Response, transfer: _Transfer) -> None:
    """Append what comes to the part; begin anew when the server sends everything again."""
    is_rest = response.status_code == 206
    if not is_rest:
        transfer.received = 0
        validator = response.headers.get("etag", "")
        can_resume = response.headers.get("accept-ranges") == "bytes" and not validator.startswith("W/")
        transfer.validator = (validator or response.headers.get("last-modified", "")) if can_resume else ""
    elif not response.headers.get("content-range", "").startswith(f"bytes {transfer.received}-"):
        transfer.received, transfer.validator = 0, ""
        raise Unavailable("The server sent another part of the clip than was asked for.")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and transfer.received + int(length) > transfer.max_bytes:
        raise _too_large(transfer.max_bytes)
    with transfer.part.open("ab" if is_rest else "wb") as file:
        async for piece in pieces(response):
            if transfer.received + len(piece) > transfer.max_bytes:
                raise _too_large(transfer.max_bytes)
            await asyncio.to_thread(file.write, piece)
            transfer.received += len(piece)
    if not transfer.received:
        raise BrokenContent("The provider sent an empty clip.")


def _too_large(max_bytes: int) -> BrokenContent:
    return BrokenContent(f"The clip is larger than {max_bytes >> 20} MiB; the download was stopped.")


def check_mp4(path: Path) -> None:
    """Walk the boxes of an MP4 (ISO/IEC 14496-12, section 4.2). Raises ``BrokenContent`` unless it begins as one, has
    its index and its media, and ends where its last box does: a cut transfer, a page or a picture does not."""
    size, at, boxes = path.stat().st_size, 0, 0
    kinds: set[bytes] = set()
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            header = file.read(16)
            length = int.from_bytes(header[:4], "big")
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            elif length == 0:
                length = size - at
            boxes += 1
            kinds.add(header[4:8])
            if length < 8 or b"ftyp" not in kinds or boxes > _MAX_BOXES:
                raise BrokenContent("What the provider sent as the finished clip is not an MP4.")
            at += length
    if at != size or b"moov" not in kinds or b"mdat" not in kinds:
        raise BrokenContent("The clip the provider sent is cut off.")


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port: what decides whether two URLs belong to the same server."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)
