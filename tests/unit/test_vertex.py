from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from providers.base import (
    AuthFailed,
    BrokenContent,
    ContentRejected,
    CreateClipInput,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from providers.vertex import PROFILE, VertexVeoProvider
from tests.fakes.scripted import Scripted
from tests.fakes.wires.core import KEY, WireServer
from tests.fakes.wires.vertex import VertexWire

MODEL = "veo-3.1-generate-001"
MODELS = f"projects/{VertexWire.project}/locations/us-central1/publishers/google/models"
NAME = f"{MODELS}/{MODEL}/operations/a-1"


@pytest.fixture
def tokens(mp4: Path) -> Iterator[WireServer]:
    """The service; where tokens come from."""
    with WireServer(VertexWire(), clip=mp4) as server:
        yield server


@pytest.fixture
def credentials(tokens: WireServer, tmp_path: Path) -> Path:
    return VertexWire().write_credentials(tmp_path / "account.json", token_uri=f"{tokens.origin}/token")


@pytest_asyncio.fixture
async def provider(server: Scripted, credentials: Path) -> AsyncIterator[VertexVeoProvider]:
    provider = VertexVeoProvider(project=VertexWire.project, credentials_file=credentials, base_url=f"{server.url}/v1")
    yield provider
    await provider.aclose()


def a_request(**changes: Any) -> CreateClipInput:
    fields = {"key": "k1", "prompt": "A bay", "model": MODEL, "seconds": 8, "size": "1280x720"}
    return CreateClipInput(**fields | changes)


def done(**fields: Any) -> dict[str, Any]:
    return {"name": NAME, "done": True, **fields}


# --- what is sent ---


async def test_create_asks_one_sample_with_sound_of_the_model_in_the_project(
    server: Scripted, provider: VertexVeoProvider
) -> None:
    server.says(200, {"name": NAME})
    generation = await provider.create_clip(a_request(size="1080x1920", seconds=6))
    assert (generation.id, generation.status) == (NAME, GenerationStatus.QUEUED)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", f"/v1/{MODELS}/{MODEL}:predictLongRunning")
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert json.loads(asked.body) == {
        "instances": [{"prompt": "A bay"}],
        "parameters": {
            "sampleCount": 1,
            "durationSeconds": 6,
            "aspectRatio": "9:16",
            "resolution": "1080p",
            "generateAudio": True,
        },
    }


async def test_picture_seed_and_negative_prompt_go_along_when_given(
    server: Scripted, provider: VertexVeoProvider, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 36)).save(tmp_path / "ref.png")
    server.says(200, {"name": NAME})
    await provider.create_clip(a_request(reference_path=tmp_path / "ref.png", seed=0, negative_prompt="text"))
    body = json.loads(server.asked[0].body)
    image = body["instances"][0]["image"]
    assert base64.b64decode(image["bytesBase64Encoded"]) == (tmp_path / "ref.png").read_bytes()
    assert image["mimeType"] == "image/png"
    assert (body["parameters"]["seed"], body["parameters"]["negativePrompt"]) == (0, "text")


@pytest.mark.parametrize(
    "change", [{"seconds": 5}, {"size": "1024x1024"}, {"prompt": "x" * 4001}, {"model": "veo-2.0-generate-001"}]
)
async def test_request_is_refused_unsent_when_the_model_does_not_sell_it(
    server: Scripted, provider: VertexVeoProvider, change: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await provider.create_clip(a_request(**change))
    assert server.asked == []


@pytest.mark.parametrize(
    "options",
    [
        {"project": ""},
        {"project": "films/../other"},
        {"project": "films", "location": ""},
        {"project": "films", "location": "us central1"},
        {"project": "films", "base_url": "http://93.184.215.14"},
    ],
)
def test_setting_is_refused_when_it_cannot_be_one(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        VertexVeoProvider(**options)


async def test_endpoint_is_that_of_the_location() -> None:
    for location, host in (("europe-west4", "europe-west4-aiplatform"), ("global", "aiplatform")):
        provider = VertexVeoProvider(project="films", location=location)
        assert provider.endpoint == f"https://{host}.googleapis.com"
        await provider.aclose()


def test_price_is_by_model_and_resolution() -> None:
    assert PROFILE.cost_usd(model=MODEL, seconds=8, size="1280x720") == 3.20
    assert PROFILE.cost_usd(model="veo-3.1-fast-generate-001", seconds=8, size="1920x1080") == 0.96
    assert PROFILE.cost_usd(model="veo-3.1-lite-generate-001", seconds=8, size="720x1280") == 0.40


# --- credentials ---


async def test_token_is_had_once_for_many_requests(
    server: Scripted, provider: VertexVeoProvider, tokens: WireServer
) -> None:
    server.says(200, {"name": NAME})
    for _ in range(3):
        await provider.create_clip(a_request())
    assert [call.path for call in tokens.calls] == ["/token"]


async def test_account_is_checked_by_getting_a_token(provider: VertexVeoProvider, tokens: WireServer) -> None:
    assert (await provider.check_account()).note
    assert len(tokens.calls) == 1


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"type": "service_account", "private_key": "x"}'])
async def test_nothing_is_sent_when_the_credentials_cannot_be_read(
    server: Scripted, credentials: Path, text: str
) -> None:
    credentials.write_text(text)
    provider = VertexVeoProvider(project="films", credentials_file=credentials, base_url=server.url)
    with pytest.raises(AuthFailed):
        await provider.create_clip(a_request())
    assert server.asked == []
    await provider.aclose()


async def test_nothing_is_sent_when_google_refuses_the_account(
    server: Scripted, tokens: WireServer, credentials: Path
) -> None:
    VertexWire().write_credentials(credentials, token_uri=f"{tokens.origin}/token", email="somebody@example.org")
    provider = VertexVeoProvider(project="films", credentials_file=credentials, base_url=server.url)
    with pytest.raises(AuthFailed):
        await provider.create_clip(a_request())
    assert server.asked == []
    await provider.aclose()


# --- what is read ---


def refused(status: int, word: str, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "status": word, "message": message}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, refused(429, "RESOURCE_EXHAUSTED", "Quota exceeded for online_prediction_requests"), RateLimited),
        (429, refused(429, "RESOURCE_EXHAUSTED", "Quota exceeded for requests_per_day"), QuotaExhausted),
        (403, refused(403, "PERMISSION_DENIED", "This API method requires billing to be enabled."), QuotaExhausted),
        (403, refused(403, "PERMISSION_DENIED", "Permission aiplatform.endpoints.predict denied"), AuthFailed),
        (401, refused(401, "UNAUTHENTICATED", "Invalid credentials"), AuthFailed),
        (
            400,
            refused(400, "INVALID_ARGUMENT", "Words that violate Google's Responsible AI practices"),
            ContentRejected,
        ),
        (400, refused(400, "INVALID_ARGUMENT", "Unsupported duration"), InvalidRequest),
        (404, refused(404, "NOT_FOUND", "Publisher Model was not found"), InvalidRequest),
        (503, refused(503, "UNAVAILABLE", "busy"), Unavailable),
        (500, refused(500, "INTERNAL", "oops"), OutcomeUnknown),
        (200, {}, OutcomeUnknown),
        (200, {"name": "operations/a-1"}, OutcomeUnknown),
    ],
)
async def test_refusal_of_a_create_is_read_by_status_and_words(
    server: Scripted, provider: VertexVeoProvider, status: int, body: Any, kind: type[ProviderError]
) -> None:
    server.says(status, body)
    with pytest.raises(ProviderError) as caught:
        await provider.create_clip(a_request())
    assert type(caught.value) is kind
    assert len(server.asked) == 1


async def test_operation_is_asked_for_on_the_path_of_its_model(server: Scripted, provider: VertexVeoProvider) -> None:
    server.says(200, {"name": NAME})
    assert (await provider.get_generation(NAME)).status is GenerationStatus.IN_PROGRESS
    (asked,) = server.asked
    assert asked.path == f"/v1/{MODELS}/{MODEL}:fetchPredictOperation"
    assert json.loads(asked.body) == {"operationName": NAME}


@pytest.mark.parametrize("name", ["a-1", "../../x", f"{NAME}/../b", NAME.replace("google", "goo gle"), f"{NAME}?x=1"])
async def test_nothing_is_asked_when_the_name_is_no_operation(
    server: Scripted, provider: VertexVeoProvider, name: str
) -> None:
    with pytest.raises(GenerationNotFound):
        await provider.get_generation(name)
    assert server.asked == []


@pytest.mark.parametrize(
    ("body", "code", "is_rejection"),
    [
        (done(response={"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Not this."]}), "filtered", True),
        (done(error={"code": 3, "message": "The prompt goes against the usage guidelines."}), "3", True),
        (done(error={"code": 3, "message": "The picture is too small."}), "invalid_request", False),
        (done(error={"code": 13, "message": "Internal error."}), "13", False),
        (done(response={}), "no_video", False),
        (done(response={"videos": [{"gcsUri": "gs://bucket/a.mp4"}]}), "stored_elsewhere", False),
    ],
)
async def test_operation_has_failed_when_it_is_done_without_a_clip(
    server: Scripted, provider: VertexVeoProvider, body: Any, code: str, is_rejection: bool
) -> None:
    server.says(200, body)
    generation = await provider.get_generation(NAME)
    assert (generation.status, generation.error_code) == (GenerationStatus.FAILED, code)
    assert generation.is_rejection is is_rejection
    assert generation.error_message


# --- the clip ---


async def test_clip_is_decoded_from_the_answer_and_carried_over_once(
    server: Scripted, provider: VertexVeoProvider, mp4: Path, tmp_path: Path
) -> None:
    data = base64.b64encode(mp4.read_bytes()).decode()
    server.says(200, done(response={"videos": [{"bytesBase64Encoded": data, "mimeType": "video/mp4"}]}))
    generation = await provider.get_generation(NAME)
    assert await provider.get_generation(NAME) == generation
    for looks in (1, 2):
        path = await provider.download_content(generation, tmp_path / f"{looks}.mp4")
        assert path.read_bytes() == mp4.read_bytes()
        assert len(server.asked) == looks  # what came along is used once, then asked for again
    assert sorted(file.name for file in tmp_path.glob("*mp4*")) == ["1.mp4", "2.mp4"]


@pytest.mark.parametrize("change", ["cut", "picture", "not base64", "empty", "large"])
async def test_nothing_is_kept_when_what_came_is_no_whole_clip(
    server: Scripted, credentials: Path, mp4: Path, tmp_path: Path, change: str
) -> None:
    whole = mp4.read_bytes()
    bodies = {"cut": whole[: len(whole) // 2], "picture": b"\x89PNG" + b"\x00" * 4096, "empty": b"", "large": whole}
    data = base64.b64encode(bodies[change]).decode() if change in bodies else "A" * 99 + "!"
    server.says(200, done(response={"videos": [{"bytesBase64Encoded": data}]}))
    provider = VertexVeoProvider(
        project="films",
        credentials_file=credentials,
        base_url=server.url,
        max_download_bytes=100 if change == "large" else 1 << 30,
    )
    generation = await provider.get_generation(NAME)
    with pytest.raises(BrokenContent):
        await provider.download_content(generation, tmp_path / "take.mp4")
    assert list(tmp_path.glob("*take*")) == []
    await provider.aclose()


async def test_clip_is_made_and_fetched_with_a_service_account(
    tokens: WireServer, credentials: Path, mp4: Path, tmp_path: Path
) -> None:
    provider = VertexVeoProvider(
        project=VertexWire.project, credentials_file=credentials, base_url=tokens.base_url, model=PROFILE.models[1]
    )
    made = await provider.create_clip(a_request(model=provider.profile.models[0]))
    while not made.status.is_final:
        made = await provider.get_generation(made.id)
    assert (await provider.download_content(made, tmp_path / "a.mp4")).read_bytes() == mp4.read_bytes()
    assert len(tokens.charges) == 1
    await provider.aclose()
