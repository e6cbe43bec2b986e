from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from providers.base import (
    AuthFailed,
    ContentRejected,
    CreateClipInput,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    RemixClipInput,
    Unavailable,
)
from providers.gemini import PROFILE, GeminiProvider
from tests.fakes.scripted import Scripted
from tests.fakes.wires.core import KEY, WireServer
from tests.fakes.wires.gemini import GeminiWire


@pytest_asyncio.fixture
async def provider(server: Scripted) -> AsyncIterator[GeminiProvider]:
    provider = GeminiProvider(base_url=f"{server.url}/v1beta/", api_key=KEY)
    yield provider
    await provider.aclose()


def a_request(**changes: Any) -> CreateClipInput:
    fields = {"key": "k1", "prompt": "A bay", "model": "gemini-omni-1.2-flash", "seconds": 8, "size": "1280x720"}
    return CreateClipInput(**fields | changes)


def an_interaction(**changes: Any) -> dict[str, Any]:
    return {"id": "v1_a", "object": "interaction", "model": "gemini-omni-1.2-flash", "status": "queued"} | changes


def with_video(uri: str) -> list[dict[str, Any]]:
    thought = {"type": "thought", "content": [{"type": "thought", "text": "hm"}]}
    return [thought, {"type": "model_output", "content": [{"type": "video", "mime_type": "video/mp4", "uri": uri}]}]


def asked_body(server: Scripted) -> dict[str, Any]:
    return json.loads(server.asked[-1].body)


# --- what is sent ---


async def test_create_asks_for_one_clip_in_the_background_by_link(server: Scripted, provider: GeminiProvider) -> None:
    server.says(200, an_interaction())
    generation = await provider.create_clip(a_request(size="1080x1920", seconds=15))
    assert (generation.id, generation.status) == ("v1_a", GenerationStatus.QUEUED)
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.headers["x-goog-api-key"]) == ("POST", "/v1beta/interactions", KEY)
    assert json.loads(asked.body) == {
        "model": "gemini-omni-1.2-flash",
        "background": True,
        "input": "A bay",
        "response_format": {
            "type": "video",
            "delivery": "uri",
            "aspect_ratio": "9:16",
            "resolution": "1080p",
            "duration": "15s",
        },
        "generation_config": {"video_config": {"task": "text_to_video"}},
    }


async def test_reference_picture_goes_along_as_a_block_before_the_text(
    server: Scripted, provider: GeminiProvider, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 36)).save(tmp_path / "ref.png")
    server.says(200, an_interaction())
    await provider.create_clip(a_request(reference_path=tmp_path / "ref.png"))
    image, text = asked_body(server)["input"]
    assert base64.b64decode(image["data"]) == (tmp_path / "ref.png").read_bytes()
    assert (image["type"], image["mime_type"]) == ("image", "image/png")
    assert text == {"type": "text", "text": "A bay"}
    assert asked_body(server)["generation_config"] == {"video_config": {"task": "image_to_video"}}


async def test_remix_names_its_source_and_leaves_length_and_shape_to_it(
    server: Scripted, provider: GeminiProvider
) -> None:
    server.says(200, an_interaction(id="v1_b"))
    request = RemixClipInput(**a_request(prompt="Make it night").model_dump(), source_generation_id="v1_a")
    assert (await provider.remix_clip(request)).id == "v1_b"
    assert asked_body(server) == {
        "model": "gemini-omni-1.2-flash",
        "background": True,
        "input": "Make it night",
        "previous_interaction_id": "v1_a",
        "response_format": {"type": "video", "delivery": "uri"},
    }


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 2},
        {"seconds": 16},
        {"size": "640x360"},
        {"model": "veo-3.1"},
        {"prompt": "x" * 8001},
        {"model": "gemini-omni-1.1-flash", "seconds": 11},
    ],
)
async def test_request_is_refused_unsent_when_the_model_does_not_sell_it(
    server: Scripted, provider: GeminiProvider, change: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await provider.create_clip(a_request(**change))
    assert server.asked == []


def test_prices_are_known_for_every_size_that_is_offered() -> None:
    for model in PROFILE.models:
        for size in PROFILE.for_model(model).sizes:
            assert f"{model}@{size}" in PROFILE.cost_usd_per_second
    assert PROFILE.cost_usd(model="gemini-omni-1.2-flash", seconds=10, size="1280x720") == 0.70


async def test_model_option_leads_with_its_own_facts(server: Scripted) -> None:
    provider = GeminiProvider(base_url=server.url, api_key=KEY, model="gemini-omni-1.1-flash")
    assert provider.profile.models[0] == "gemini-omni-1.1-flash"
    assert provider.profile.durations_seconds[-1] == 10
    await provider.aclose()


# --- what is read ---


def an_error(status: str, message: str = "no", *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": 429, "status": status, "message": message, "details": list(details)}}


def a_quota(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"error": {"code": "rate_limit_exceeded", "message": "slow"}}, RateLimited),
        (429, {"error": {"code": "too_many_requests", "message": "slow"}}, RateLimited),
        (429, {"error": {"code": "quota_exceeded", "message": "for today"}}, QuotaExhausted),
        (402, {"error": {"code": "payment_required", "message": "top up"}}, QuotaExhausted),
        (402, an_error("RESOURCE_EXHAUSTED", "prepaid"), QuotaExhausted),
        (429, an_error("RESOURCE_EXHAUSTED", "Check your plan and billing details"), RateLimited),
        (429, an_error("RESOURCE_EXHAUSTED", "no", a_quota("RequestsPerMinutePerProject")), RateLimited),
        (429, an_error("RESOURCE_EXHAUSTED", "no", a_quota("RequestsPerDayPerProject")), QuotaExhausted),
        (429, an_error("RESOURCE_EXHAUSTED", "Quota 'requests_per_day' exceeded"), QuotaExhausted),
        (400, an_error("INVALID_ARGUMENT", "API key not valid.", BAD_KEY), AuthFailed),
        (401, {"error": {"code": "authentication", "message": "who?"}}, AuthFailed),
        (403, an_error("PERMISSION_DENIED", "Your API key was reported as leaked."), AuthFailed),
        (400, {"error": {"code": "prohibited_content", "message": "no"}}, ContentRejected),
        (400, an_error("INVALID_ARGUMENT", "The input was blocked by our safety filters"), ContentRejected),
        (400, {"error": {"code": "parameter_unknown", "message": "duration"}}, InvalidRequest),
        (404, {"error": {"code": "model_not_found", "message": "gone"}}, InvalidRequest),
        (503, {"error": {"code": "service_unavailable", "message": "busy"}}, Unavailable),
        (500, {"error": {"code": "api_error", "message": "oops"}}, OutcomeUnknown),
        (504, {"error": {"code": "deadline_exceeded", "message": "late"}}, OutcomeUnknown),
        (200, {"status": "queued"}, OutcomeUnknown),
    ],
)
async def test_refusal_of_a_create_is_read_by_code_then_quota_then_words(
    server: Scripted, provider: GeminiProvider, status: int, body: Any, kind: type[ProviderError]
) -> None:
    server.says(status, body)
    with pytest.raises(ProviderError) as caught:
        await provider.create_clip(a_request())
    assert type(caught.value) is kind
    assert len(server.asked) == 1


async def test_wait_is_read_from_retry_info_when_no_header_says_it(server: Scripted, provider: GeminiProvider) -> None:
    delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "22.5s"}
    server.says(429, an_error("RESOURCE_EXHAUSTED", "slow", delay))
    with pytest.raises(RateLimited) as caught:
        await provider.create_clip(a_request())
    assert caught.value.retry_after_seconds == 22.5


@pytest.mark.parametrize("status", ["failed", "incomplete", "budget_exceeded", "requires_action"])
async def test_generation_has_failed_when_its_status_leads_nowhere(
    server: Scripted, provider: GeminiProvider, status: str
) -> None:
    server.says(200, an_interaction(status=status, created="2026-11-22T10:00:00Z"))
    generation = await provider.get_generation("v1_a")
    assert (generation.status, generation.raw_status) == (GenerationStatus.FAILED, status)
    assert (generation.error_code, generation.is_rejection) == (status, False)
    assert generation.created_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"errors": [{"code": "https://ai.google.dev/errors/safety", "message": "held back"}]},
        {"steps": [{"type": "model_output", "error": {"code": 3, "message": "Violates our usage guidelines."}}]},
        {"steps": [{"type": "model_output", "content": [{"type": "text", "text": "Blocked for safety."}]}]},
    ],
)
async def test_generation_is_a_rejection_when_code_or_words_of_the_failure_say_so(
    server: Scripted, provider: GeminiProvider, changes: dict[str, Any]
) -> None:
    server.says(200, an_interaction(status="failed", **changes))
    generation = await provider.get_generation("v1_a")
    assert generation.is_rejection and generation.error_message


async def test_generation_has_failed_when_it_is_completed_without_a_clip(
    server: Scripted, provider: GeminiProvider
) -> None:
    steps = [{"type": "model_output", "content": [{"type": "text", "text": "I would rather not."}]}]
    server.says(200, an_interaction(status="completed", steps=steps))
    generation = await provider.get_generation("v1_a")
    assert (generation.status, generation.error_code) == (GenerationStatus.FAILED, "no_video")
    assert generation.error_message == "I would rather not."


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("ACTIVE", GenerationStatus.COMPLETED),
        ("PROCESSING", GenerationStatus.IN_PROGRESS),
        ("FAILED", GenerationStatus.FAILED),
    ],
)
@pytest.mark.parametrize("uri", ["files/abc-1", "{home}/v1beta/files/abc-1", "{home}/v1beta/files/abc-1:download"])
async def test_completed_interaction_is_finished_when_its_file_is(
    server: Scripted, provider: GeminiProvider, uri: str, state: str, status: GenerationStatus
) -> None:
    server.says(200, an_interaction(status="completed", steps=with_video(uri.format(home=server.url))))
    server.then_says(200, {"name": "files/abc-1", "state": state})
    generation = await provider.get_generation("v1_a")
    assert generation.status is status
    assert server.asked[-1].path == "/v1beta/files/abc-1"
    link = f"{server.url}/v1beta/files/abc-1:download?alt=media"
    assert generation.content_url == (link if status is GenerationStatus.COMPLETED else "")


async def test_link_to_another_host_stays_as_it_is(server: Scripted, provider: GeminiProvider) -> None:
    link = "https://example.org/files/abc-1"
    server.says(200, an_interaction(status="completed", steps=with_video(link)))
    assert (await provider.get_generation("v1_a")).content_url == link
    assert len(server.asked) == 1


async def test_unknown_interaction_is_not_found(server: Scripted, provider: GeminiProvider) -> None:
    server.says(404, {"error": {"code": "not_found", "message": "no such interaction"}})
    with pytest.raises(GenerationNotFound):
        await provider.get_generation("v1_a")


async def test_account_is_checked_by_asking_for_the_model(server: Scripted, provider: GeminiProvider) -> None:
    server.says(200, {"name": "models/gemini-omni-1.2-flash"})
    assert (await provider.check_account()).note
    assert server.asked[-1].path == "/v1beta/models/gemini-omni-1.2-flash"


# --- the whole way ---


async def test_clip_is_made_remixed_cancelled_and_fetched_with_the_key(mp4: Path, tmp_path: Path) -> None:
    with WireServer(GeminiWire(), clip=mp4) as server:
        provider = GeminiProvider(base_url=server.base_url, api_key=KEY)
        made = await provider.create_clip(a_request())
        while not made.status.is_final:
            made = await provider.get_generation(made.id)
        path = await provider.download_content(made, tmp_path / "clip.mp4")
        assert path.read_bytes() == mp4.read_bytes()
        request = RemixClipInput(**a_request(key="k2").model_dump(), source_generation_id=made.id)
        remix = await provider.remix_clip(request)
        assert await provider.cancel(remix.id)
        assert (await provider.get_generation(remix.id)).status is GenerationStatus.CANCELLED
        assert not await provider.cancel(made.id)
        assert len(server.charges) == 2
        await provider.aclose()
