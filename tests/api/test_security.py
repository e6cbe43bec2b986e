"""Foreign hosts, foreign pages, missing tokens and huge bodies are refused before any route runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from api.security import MAX_BODY_BYTES, check_host, check_origin, check_token
from orchestrator.bootstrap import App
from tests.api.conftest import HOST, ORIGIN, TOKEN

PROJECTS = "/api/v1/video/projects"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def refused(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8501", "127.0.0.1:80", "127.8.9.1", "[::1]:8501"])
async def test_request_is_answered_when_host_is_loopback(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/api/openapi.json", headers={"Host": host})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8501",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@127.0.0.1.x",
        "0.0.0.0",
        "192.168.0.7",
        "[::1",
        "",
    ],
)
async def test_request_is_refused_when_host_is_foreign(client: httpx.AsyncClient, host: str) -> None:
    await refused(await client.get("/api/openapi.json", headers={"Host": host}), 403, "forbidden")


async def test_configured_host_is_answered_when_named_in_any_case(token_client: httpx.AsyncClient) -> None:
    response = await token_client.get("/api/openapi.json", headers={"Host": "Studio.Example:443"} | BEARER)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": f"http://{HOST}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
    ],
)
async def test_change_is_refused_and_nothing_made_when_page_is_foreign(
    client: httpx.AsyncClient, idle_app: App, headers: dict[str, str]
) -> None:
    before = len(idle_app.views.projects())
    await refused(await client.post(PROJECTS, json={}, headers=headers), 403, "forbidden")
    assert len(idle_app.views.projects()) == before


@pytest.mark.parametrize("headers", [{}, {"Origin": ORIGIN}, {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}])
async def test_change_is_made_when_page_is_our_own_or_there_is_none(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post(PROJECTS, json={}, headers=headers)).status_code == 201


async def test_change_is_refused_when_form_of_a_page_sends_json_as_text(client: httpx.AsyncClient) -> None:
    response = await client.post(PROJECTS, content=b"{}", headers={"Content-Type": "text/plain"})
    assert response.status_code == 422


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"]
)
@pytest.mark.parametrize("url", ["/api/openapi.json", "/api/v1/video/renders/r1", "/api/v1/media/a1", "/api/none"])
async def test_request_is_refused_when_token_is_missing_or_wrong(
    token_client: httpx.AsyncClient, url: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode()}
    response = await token_client.get(url, headers=headers)
    await refused(response, 401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in response.text


async def test_request_is_answered_when_token_is_right(token_client: httpx.AsyncClient) -> None:
    assert (await token_client.post(PROJECTS, json={}, headers=BEARER)).status_code == 201


OUR_PAGE = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Referer": f"{ORIGIN}/storyboard?project=p1"},
]
NOT_OUR_PAGE = [
    {},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Referer": f"{ORIGIN}/"},
    {"Referer": "https://evil.example/"},
]


@pytest.mark.parametrize("headers", OUR_PAGE)
async def test_media_needs_no_token_when_our_page_shows_it(
    token_client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await refused(await token_client.get("/api/v1/media/a1", headers=headers), 404, "not_found")


@pytest.mark.parametrize("headers", NOT_OUR_PAGE)
async def test_media_needs_token_when_anything_else_asks(
    token_client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await refused(await token_client.get("/api/v1/media/a1", headers=headers), 401, "unauthorized")


async def test_only_media_goes_without_token_when_our_page_asks(token_client: httpx.AsyncClient) -> None:
    for headers in OUR_PAGE:
        await refused(await token_client.get("/api/v1/video/renders/r1", headers=headers), 401, "unauthorized")
        await refused(await token_client.post(PROJECTS, json={}, headers=headers), 401, "unauthorized")


async def test_body_is_refused_when_announced_too_large(client: httpx.AsyncClient) -> None:
    body = b'{"name": "' + b"x" * MAX_BODY_BYTES + b'"}'
    response = await client.post(PROJECTS, content=body, headers={"Content-Type": "application/json"})
    await refused(response, 413, "body_too_large")


async def test_body_is_refused_as_soon_as_it_is_too_large_when_sent_in_pieces(client: httpx.AsyncClient) -> None:
    sent_bytes = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent_bytes
        while sent_bytes < 10 * MAX_BODY_BYTES:
            sent_bytes += 65_536
            yield b" " * 65_536

    response = await client.post(PROJECTS, content=endless(), headers={"Content-Type": "application/json"})
    await refused(response, 413, "body_too_large")
    assert sent_bytes <= MAX_BODY_BYTES + 2 * 65_536


@pytest.mark.parametrize("allowed_hosts", [(), ("studio.example",)])
def test_proxied_page_may_command_only_when_its_host_is_configured(allowed_hosts: tuple[str, ...]) -> None:
    headers = Headers({"host": HOST, "origin": "https://studio.example", "sec-fetch-site": "same-origin"})
    if allowed_hosts:
        check_origin(headers, method="POST", allowed_hosts=allowed_hosts)
    else:
        with pytest.raises(HTTPException, match="other origins"):
            check_origin(headers, method="POST", allowed_hosts=allowed_hosts)


@pytest.mark.parametrize(
    "check",
    [
        lambda headers: check_host(headers, allowed_hosts=()),
        lambda headers: check_origin(headers, method="DELETE", allowed_hosts=()),
        lambda headers: check_token(headers, method="GET", path="/v1/media/a", token=TOKEN),
    ],
)
def test_check_refuses_when_headers_are_no_urls_at_all(check: Callable[[Headers], None]) -> None:
    headers = Headers({"host": "[", "origin": "http://[", "referer": "http://["})
    with pytest.raises(HTTPException):
        check(headers)
