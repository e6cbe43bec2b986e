"""Fetching a finished clip: streamed to disk, bounded, and never from an address inside the user's network.

Providers answer with links of their choosing, so a link is followed only over https and only to public addresses,
unless its host is one the user configured. The address is looked up once and the connection made to that very
address; a name that changes between check and use changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

import httpx

from providers.base import AuthFailed, GenerationNotFound, InvalidRequest, RateLimited, Unavailable

MAX_BYTES = 1 << 30
_MAX_REDIRECTS = 5
_PIECE_BYTES = 1 << 20


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
    """Stream ``url`` to ``destination``, replaced only when the body came whole.

    ``trusted`` is the configured base URL: its origin may be plain http or a private address, and only it is sent
    ``headers``. Raises ``GenerationNotFound`` (gone at the origin), ``AuthFailed``, ``RateLimited``, ``InvalidRequest``
    (a link that must not be followed, a body over ``max_bytes``) or ``Unavailable`` (everything worth another try).
    """
    part = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}.part")
    try:
        async with asyncio.timeout(deadline_seconds):
            await _follow(client, httpx.URL(url), part, trusted=trusted, headers=headers, max_bytes=max_bytes)
        part.replace(destination)
    except (TimeoutError, httpx.TransportError, httpx.StreamError) as error:
        raise Unavailable(f"The clip could not be downloaded whole: {type(error).__name__}.") from None
    except httpx.InvalidURL:
        raise InvalidRequest("The provider answered with a link that is not a URL.") from None
    finally:
        part.unlink(missing_ok=True)
    return destination


async def _follow(
    client: httpx.AsyncClient,
    url: httpx.URL,
    part: Path,
    *,
    trusted: httpx.URL,
    headers: Mapping[str, str],
    max_bytes: int,
) -> None:
    for _ in range(_MAX_REDIRECTS + 1):
        is_home = origin(url) == origin(trusted)
        request = client.build_request("GET", url, headers=dict(headers) if is_home else {})
        if not is_home:
            await _pin(request)
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            if response.is_redirect and (location := response.headers.get("location")):
                url = url.join(location)
                continue
            await _check(response, is_home=is_home)
            await _save(response, part, max_bytes=max_bytes)
            return
        finally:
            await response.aclose()
    raise Unavailable("The download link leads in circles.")


async def _pin(request: httpx.Request) -> None:
    """Point the request at one public address of its host, keeping name and certificate check of the host."""
    url = request.url
    if url.scheme != "https":
        raise InvalidRequest("The provider answered with a download link that is not https; it was not followed.")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    except OSError:
        raise Unavailable(f"The download host {url.host} was not found.") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(address.is_global and not address.is_multicast for address in addresses):
        raise InvalidRequest(f"The download link points into a private network ({url.host}); it was not followed.")
    request.extensions = {**request.extensions, "sni_hostname": url.host}
    request.url = url.copy_with(host=str(addresses[0]))


async def _check(response: httpx.Response, *, is_home: bool) -> None:
    status = response.status_code
    if status == 200 and "json" not in response.headers.get("content-type", ""):
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
    async for piece in response.aiter_bytes(2048):
        return piece
    return b""


async def _save(response: httpx.Response, part: Path, *, max_bytes: int) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with part.open("wb") as file:
        async for piece in response.aiter_bytes(_PIECE_BYTES):
            size += len(piece)
            if size > max_bytes:
                raise InvalidRequest(f"The clip is larger than {max_bytes >> 20} MiB; the download was stopped.")
            await asyncio.to_thread(file.write, piece)
    if size == 0:
        raise Unavailable("The provider sent an empty clip.")


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port: what decides whether two URLs belong to the same server."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)
