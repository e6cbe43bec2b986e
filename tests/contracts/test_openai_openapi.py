"""What the adapter sends and what our OpenAI on loopback answers, held against OpenAI's own description of the API.

``data/openai_videos_openapi.json`` is OpenAPI 3.1, so its schemas are JSON Schema 2020-12.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator, ValidationError
from PIL import Image

from providers.base import CreateClipInput, Generation, GenerationStatus, RemixClipInput
from providers.openai_videos import OpenAIVideosProvider
from tests.fakes.wires.core import KEY, Call, Fault, WireServer
from tests.fakes.wires.openai import OpenAIWire

DOCUMENT = Path(__file__).parent / "data" / "openai_videos_openapi.json"


@cache
def document() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))


def check(instance: Any, schema: dict[str, Any], *, closed: bool = False) -> None:
    """Raises ``ValidationError``; ``closed`` also where a field is not in the schema."""
    if closed:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = {**schema, "propertyNames": {"enum": list(document()["components"]["schemas"][name]["properties"])}}
    Draft202012Validator({**schema, "components": document()["components"]}).validate(instance)


def operation(path: str, method: str) -> dict[str, Any]:
    return document()["paths"][path][method]


def check_sent(call: Call, path: str) -> dict[str, Any]:
    """Hold a request's body against the schema of its media type; a part with a file name is binary."""
    media = call.headers["content-type"].partition(";")[0]
    body = call.form if media == "multipart/form-data" else call.json
    body = {name: "<binary>" if isinstance(value, bytes) else value for name, value in body.items()}
    check(body, operation(path, "post")["requestBody"]["content"][media]["schema"], closed=True)
    return body


def check_answered(body: Any, path: str, method: str) -> None:
    schema = operation(path, method)["responses"]["200"]["content"]["application/json"]["schema"]
    check(body, schema, closed=True)


class Recorder(OpenAIWire):
    """Our OpenAI, keeping what it answers."""

    def __init__(self) -> None:
        self.answered: list[tuple[Call, int, Any]] = []

    def answer(self, call: Call, server: WireServer) -> Any:
        answer = super().answer(call, server)
        self.answered.append((call, answer.status, answer.body))
        return answer


@pytest.fixture
def server(mp4: Path) -> Iterator[WireServer]:
    with WireServer(Recorder(), clip=mp4) as server:
        yield server


@pytest_asyncio.fixture
async def provider(server: WireServer) -> AsyncIterator[OpenAIVideosProvider]:
    provider = OpenAIVideosProvider(base_url=server.base_url, api_key=KEY)
    yield provider
    await provider.aclose()


def a_request(**changes: Any) -> CreateClipInput:
    asked = {"key": "k1", "prompt": "A bay at dawn.", "model": "sora-2", "seconds": 8, "size": "1280x720", "seed": 7}
    return CreateClipInput(**asked | changes)


async def finish(provider: OpenAIVideosProvider, generation: Generation) -> Generation:
    for _ in range(5):
        generation = await provider.get_generation(generation.id)
    return generation


def test_document_is_that_of_the_api_as_it_last_was() -> None:
    assert document()["openapi"].startswith("3.1")
    assert document()["info"]["version"] == "2.3.0"
    assert document()["info"]["license"]["name"] == "MIT"
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_create_is_as_described(server: WireServer, provider: OpenAIVideosProvider) -> None:
    for seconds in provider.profile.durations_seconds:
        for size in provider.profile.sizes:
            await provider.create_clip(a_request(seconds=seconds, size=size))
            body = check_sent(server.calls[-1], "/videos")
            assert (body["seconds"], body["size"]) == (str(seconds), size)
    assert len(server.charges) == len(server.calls) == 12


async def test_create_is_as_described_when_it_has_a_picture(
    server: WireServer, provider: OpenAIVideosProvider, tmp_path: Path
) -> None:
    Image.new("RGB", (1280, 720), "teal").save(tmp_path / "first.png")
    await provider.create_clip(a_request(reference_path=tmp_path / "first.png"))
    assert check_sent(server.calls[-1], "/videos")["input_reference"] == "<binary>"
    assert server.calls[-1].form["input_reference"] == (tmp_path / "first.png").read_bytes()


async def test_remix_is_as_described(server: WireServer, provider: OpenAIVideosProvider) -> None:
    source = await provider.create_clip(a_request())
    await provider.remix_clip(RemixClipInput(**a_request().model_dump(), source_generation_id=source.id))
    assert server.calls[-1].path == f"/v1/videos/{source.id}/remix"
    assert check_sent(server.calls[-1], "/videos/{video_id}/remix") == {"prompt": "A bay at dawn."}


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.FAILED, Fault.BLOCKED])
async def test_answers_of_the_loopback_server_are_as_described(
    server: WireServer, provider: OpenAIVideosProvider, fault: Fault
) -> None:
    server.fault = fault
    first = await provider.create_clip(a_request())
    second = await provider.remix_clip(RemixClipInput(**a_request().model_dump(), source_generation_id=first.id))
    ends = {(await finish(provider, made)).status for made in (first, second)}
    assert ends == {GenerationStatus.COMPLETED if fault is Fault.NONE else GenerationStatus.FAILED}
    await provider.find_generation(a_request(), created_after=datetime.now(UTC) - timedelta(minutes=1), claimed=())
    assert await provider.cancel(first.id) is False  # finished: there is nothing to stop
    assert isinstance(server.wire, Recorder)
    seen = set()
    for call, status, body in server.wire.answered:
        if status == 200:
            ending = call.path.removeprefix("/v1/videos").split("/")[2:]
            path = "/".join(["/videos", *(["{video_id}"] if call.path.count("/") > 2 else []), *ending])
            check_answered(body, path, call.method.lower())
            seen.add((call.method, path))
    assert {("POST", "/videos"), ("GET", "/videos"), ("POST", "/videos/{video_id}/remix")} <= seen


def test_check_sees_what_is_not_as_described() -> None:
    schema = operation("/videos", "post")["requestBody"]["content"]["multipart/form-data"]["schema"]
    good = {"prompt": "A bay", "seconds": "8", "size": "1280x720"}
    check(good, schema, closed=True)
    for bad in ({"seconds": 8}, {"seconds": "5"}, {"size": "640x360"}, {"prompt": ""}, {"seed": "7"}):
        with pytest.raises(ValidationError):
            check(good | bad, schema, closed=True)
