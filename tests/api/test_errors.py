"""Every error a user can meet has one form; what nobody expected tells nothing."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest
from fastapi import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.errors import ErrorBoundary, answer
from orchestrator import errors
from orchestrator.bootstrap import App
from orchestrator.errors import NotConfigured, OrchestratorError
from providers import base
from providers.base import ProviderError, RateLimited
from tests.api.conftest import open_client

SECRET = "sk-very-secret"


def family(root: type[Exception]) -> list[type[Exception]]:
    return [root] + [kind for child in root.__subclasses__() for kind in family(child)]


OURS = [kind for kind in family(OrchestratorError) if kind.__module__ == errors.__name__]
PROVIDERS = [kind for kind in family(ProviderError) if kind.__module__ == base.__name__]


def detail(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "hint"}
    return body["error"]


@pytest.mark.parametrize("kind", OURS)
def test_answer_carries_status_code_and_hint_when_error_is_ours(kind: type[OrchestratorError]) -> None:
    response = answer(kind("What happened.", hint="What to do."))
    assert response.status_code == kind.http_status
    assert json.loads(bytes(response.body)) == {
        "error": {"code": kind.code, "message": "What happened.", "hint": "What to do."}
    }


PROVIDER_ANSWERS = {
    "ProviderError": 502,
    "RateLimited": 429,
    "Unavailable": 503,
    "OutcomeUnknown": 502,
    "ContentRejected": 422,
    "InvalidRequest": 422,
    "AuthFailed": 502,
    "QuotaExhausted": 402,
    "Retired": 410,
    "GenerationNotFound": 404,
    "BrokenContent": 502,
    "UnsafeLink": 502,
}


@pytest.mark.parametrize("kind", PROVIDERS)
def test_answer_carries_status_and_code_when_provider_fails(kind: type[ProviderError]) -> None:
    response = answer(kind())
    told = json.loads(bytes(response.body))["error"]
    assert (response.status_code, told["code"]) == (PROVIDER_ANSWERS[kind.__name__], kind.code)
    assert told["message"]


def test_adapter_error_is_answered_like_its_kind_when_it_is_a_subclass() -> None:
    class TooManyQueued(RateLimited):
        """Too many clips wait already."""

    response = answer(TooManyQueued(retry_after_seconds=7.4))
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_answer_tells_nothing_and_log_everything_when_error_is_unexpected(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = answer(ValueError(f"connect with {SECRET}"))
    assert response.status_code == 500
    assert SECRET not in bytes(response.body).decode()
    assert caplog.records[0].exc_info is not None


def no_app(error: Exception) -> Any:
    def get_app() -> App:
        raise error

    return get_app


async def test_request_is_answered_500_without_traceback_when_something_breaks() -> None:
    async with open_client(no_app(RuntimeError(SECRET))) as client:
        response = await client.get("/api/v1/video/renders/r1")
    assert response.status_code == 500
    assert detail(response)["code"] == "error"
    assert SECRET not in response.text
    assert "Traceback" not in response.text


async def test_request_is_answered_503_when_app_has_not_started() -> None:
    async with open_client(no_app(NotConfigured("Not started."))) as client:
        response = await client.get("/api/v1/video/renders/r1")
    assert response.status_code == 503
    assert detail(response)["code"] == "not_configured"


async def test_connection_breaks_when_error_comes_after_first_byte() -> None:
    async def half_a_file(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise OSError("disk gone")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    with pytest.raises(OSError, match="disk gone"):
        await ErrorBoundary(half_a_file)({"type": "http"}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"nmae": "x"}, "nmae"),
        ({"name": "x" * 121}, "name"),
        ({"settings": {"words_per_minute": 9}}, "settings.words_per_minute"),
        ({"settings": {"size": "wide"}}, "settings.size"),
        ([], "body"),
    ],
)
async def test_request_is_answered_422_with_place_when_body_does_not_fit(
    client: httpx.AsyncClient, body: Any, place: str
) -> None:
    response = await client.post("/api/v1/video/projects", json=body)
    assert response.status_code == 422
    told = detail(response)
    assert told["code"] == "invalid_request"
    assert told["message"].startswith(f"{place}: ")


async def test_request_is_answered_422_when_body_is_no_json(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/api/v1/video/projects", content=b'{"name": ', headers=headers)
    assert response.status_code == 422
    assert detail(response)["message"] == "The body is not valid JSON."


async def test_answer_never_repeats_what_was_sent_when_body_does_not_fit(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/video/projects", json={"name": [SECRET], "settings": SECRET})
    assert response.status_code == 422
    assert SECRET not in response.text


@pytest.mark.parametrize("character", ["\\ud800", "\\u0000"])
@pytest.mark.parametrize("field", ["title", "tone"])
async def test_request_is_answered_422_when_text_cannot_be_stored(
    client: httpx.AsyncClient, field: str, character: str
) -> None:
    headers = {"Content-Type": "application/json"}
    body = f'{{"project_id": "p1", "brief": {{"{field}": "{character}"}}}}'.encode()
    response = await client.post("/api/v1/video/briefs", content=body, headers=headers)
    assert response.status_code == 422, response.text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1", "1e999"])
async def test_request_is_answered_422_when_budget_is_no_amount(client: httpx.AsyncClient, number: str) -> None:
    headers = {"Content-Type": "application/json"}
    body = f'{{"settings": {{"budget_usd": {number}}}}}'.encode()
    response = await client.post("/api/v1/video/projects", content=body, headers=headers)
    assert response.status_code == 422, response.text


async def test_unknown_route_has_our_form_when_asked(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/nothing")
    assert response.status_code == 404
    assert detail(response)["code"] == "not_found"
    response = await client.delete("/api/v1/video/projects")
    assert response.status_code == 405
    assert detail(response)["code"] == "method_not_allowed"


def test_http_error_keeps_its_headers_when_answered() -> None:
    response = answer(HTTPException(401, detail="No.", headers={"WWW-Authenticate": "Bearer"}))
    assert response.headers["www-authenticate"] == "Bearer"


UNKNOWN: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "video/briefs", {"project_id": "nobody", "brief": {}}),
    ("POST", "video/clip-plans", {"project_id": "nobody", "script": "Hello there."}),
    ("POST", "video/clip-plans", {"project_id": "nobody", "script": "Hello there.", "brief": {}}),
    ("POST", "video/clip-plans/nobody/start", None),
    ("GET", "video/clip-plans/nobody/status", None),
    ("POST", "video/clips/nobody/assess", None),
    ("POST", "video/clips/nobody/retry", None),
    ("POST", "video/renders", {"clip_plan_id": "nobody"}),
    ("GET", "video/renders/nobody", None),
    ("POST", "sora/remix", {"video_id": "nobody", "prompt": "warmer light"}),
    ("GET", "sora/videos/nobody", None),
    ("GET", "sora/videos/nobody/content", None),
    ("GET", "media/nobody", None),
]


@pytest.mark.parametrize(("method", "path", "body"), UNKNOWN)
async def test_request_is_answered_404_when_id_is_unknown(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    response = await client.request(method, f"/api/v1/{path}", json=body)
    assert response.status_code == 404, response.text
    assert detail(response)["code"] == "not_found"


@pytest.mark.parametrize("path", ["video/renders/a%00b", "media/%2e%2e", "media/a.b", "sora/videos/" + "x" * 65])
async def test_request_is_answered_422_when_id_cannot_be_one(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/api/v1/{path}")).status_code == 422
