"""The way from an adapter to a service on loopback that has the name of one out in the world."""

from __future__ import annotations

from collections.abc import Mapping

import httpx


class Routed(httpx.AsyncBaseTransport):
    """Brings requests to https hosts of the world to servers on loopback; ``routes`` is by host, to an origin."""

    def __init__(self, routes: Mapping[str, str]) -> None:
        self._routes = {httpx.URL(world).host: httpx.URL(here) for world, here in routes.items()}
        self._transport = httpx.AsyncHTTPTransport(verify=False)  # all is plain http here, and certificates load slowly

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        here = self._routes.get(request.url.host)
        if here is None and request.url.host != "127.0.0.1":
            raise httpx.ConnectError(f"{request.url.host} is out in the world")
        if here is not None:
            url = request.url.copy_with(scheme=here.scheme, host=here.host, port=here.port)
            request = httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()
