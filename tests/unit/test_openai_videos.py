from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from providers.base import (
    AuthFailed,
    ContentRejected,
    CreateClipInput,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    RemixClipInput,
    Retired,
    Unavailable,
)
from providers.openai_videos import OpenAIVideosProvider
from tests.fakes.scripted import Scripted
from tests.fakes.videos_server import FakeVideosServer

KEY = "sk-secret-4711"
NOW = 1_790_000_000


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest_asyncio.fixture
async def provider(server: Scripted) -> AsyncIterator[OpenAIVideosProvider]:
    provider = OpenAIVideosProvider(base_url=f"{server.url}/v1/", api_key=KEY)
    yield provider
    await provider.aclose()


def a_request(**changes: Any) -> CreateClipInput:
    return CreateClipInput(
        **{"key": "k1", "prompt": "A bay", "model": "sora-2", "seconds": 8, "size": "1280x720"} | changes
    )


def a_video(**changes: Any) -> dict[str, Any]:
    return {
        "id": "video_1",
        "object": "video",
        "status": "queued",
        "progress": 0,
        "created_at": NOW,
        "model": "sora-2",
        "size": "1280x720",
        "seconds": "8",
        "prompt": "A bay",
        "remixed_from_video_id": None,
    } | changes


# --- what is sent ---


async def test_create_sends_one_multipart_form_with_seconds_as_text(
    server: Scripted, provider: OpenAIVideosProvider, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 36), "teal").save(tmp_path / "holiday.jpg", format="PNG")
    server.says(200, a_video())
    await provider.create_clip(a_request(seed=5, reference_path=tmp_path / "holiday.jpg", labels={"position": "2"}))
    [(method, path, headers, body)] = server.asked
    assert (method, path) == ("POST", "/v1/videos")
    assert headers["Content-Type"].startswith("multipart/form-data")
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Idempotency-Key"] == "k1"
    names = {part.split(b'name="')[1].split(b'"')[0].decode() for part in body.split(b"Content-Disposition")[1:]}
    assert names == {"prompt", "model", "seconds", "size", "input_reference"}
    assert b'name="seconds"\r\n\r\n8\r\n' in body
    assert b"Content-Type: image/png" in body  # what it is, not what it is called
    assert b"holiday" not in body


async def test_no_key_is_sent_when_none_is_set(server: Scripted) -> None:
    server.says(200, a_video())
    provider = OpenAIVideosProvider(base_url=server.url)
    await provider.create_clip(a_request())
    assert "Authorization" not in server.asked[0][2]
    await provider.aclose()


async def test_ids_are_escaped_when_they_hold_special_characters(
    server: Scripted, provider: OpenAIVideosProvider
) -> None:
    server.says(200, a_video())
    await provider.get_generation("video_bGl0/+=?#..")
    assert server.asked[0][1] == "/v1/videos/video_bGl0%2F%2B%3D%3F%23.."


# --- how answers are read ---


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("pending", GenerationStatus.QUEUED),
        ("processing", GenerationStatus.IN_PROGRESS),
        ("completed", GenerationStatus.COMPLETED),
        ("expired", GenerationStatus.CANCELLED),
        ("deleted", GenerationStatus.CANCELLED),
        ("pondering", GenerationStatus.UNKNOWN),
    ],
)
async def test_status_is_known_whatever_the_server_calls_it(
    server: Scripted, provider: OpenAIVideosProvider, word: str, expected: GenerationStatus
) -> None:
    server.says(200, a_video(status=word))
    seen = await provider.get_generation("video_1")
    assert (seen.status, seen.raw_status) == (expected, word)


@pytest.mark.parametrize("http_status", [200, 400, 404, 500])
async def test_failed_generation_is_returned_when_its_http_status_is_the_job_s(
    server: Scripted, provider: OpenAIVideosProvider, http_status: int
) -> None:
    server.says(http_status, a_video(status="failed", error={"code": 500, "message": "CUDA OOM"}))
    failed = await provider.get_generation("video_1")
    assert (failed.status, failed.error_code, failed.error_message) == (GenerationStatus.FAILED, "500", "CUDA OOM")
    assert not failed.is_rejection


@pytest.mark.parametrize("error", [{"code": "moderation_blocked", "message": "x"}, "Blocked by our content_policy"])
async def test_failure_is_a_rejection_when_moderation_says_so(
    server: Scripted, provider: OpenAIVideosProvider, error: Any
) -> None:
    server.says(200, a_video(status="failed", error=error))
    assert (await provider.get_generation("video_1")).is_rejection


async def test_progress_never_goes_back(server: Scripted, provider: OpenAIVideosProvider) -> None:
    shown = []
    for progress in (10, 60, 30, None, "80", 900):
        server.says(200, a_video(status="in_progress", progress=progress))
        shown.append((await provider.get_generation("video_1")).progress)
    assert shown == [0.1, 0.6, 0.6, None, 0.8, 1.0]


# --- errors ---

ENVELOPE = {"message": "no", "type": "invalid_request_error", "param": None}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": ENVELOPE | {"code": "invalid_api_key"}}, AuthFailed),
        (403, {"error": ENVELOPE | {"code": None}}, AuthFailed),
        (402, {"detail": "top up"}, QuotaExhausted),
        (429, {"error": ENVELOPE | {"code": "insufficient_quota"}}, QuotaExhausted),
        (429, {"error": ENVELOPE | {"code": "rate_limit_exceeded"}}, RateLimited),
        (429, "slow down", RateLimited),
        (400, {"error": ENVELOPE | {"code": "moderation_blocked"}}, ContentRejected),
        (400, {"error": ENVELOPE | {"code": "sentinel_block"}}, ContentRejected),
        (400, {"error": ENVELOPE | {"code": 400, "message": "Model mismatch"}}, InvalidRequest),
        (422, {"detail": [{"loc": ["body", "size"], "msg": "bad size", "type": "value_error"}]}, InvalidRequest),
        (404, {"detail": "Not Found"}, InvalidRequest),
        (307, "", InvalidRequest),
        (410, {"error": ENVELOPE}, Retired),
        (503, {"error": ENVELOPE | {"code": "overloaded", "message": "busy"}}, Unavailable),
        (503, "<html>bad gateway</html>", OutcomeUnknown),
        (500, {"error": ENVELOPE | {"code": "server_error"}}, OutcomeUnknown),
        (502, "", OutcomeUnknown),
        (504, "", OutcomeUnknown),
        (200, "not json", OutcomeUnknown),
        (200, {"object": "video"}, OutcomeUnknown),
    ],
)
async def test_create_error_says_whether_anything_was_accepted(
    server: Scripted, provider: OpenAIVideosProvider, status: int, body: Any, expected: type[ProviderError]
) -> None:
    server.says(status, body, location="http://elsewhere/")
    with pytest.raises(ProviderError) as raised:
        await provider.create_clip(a_request())
    assert type(raised.value) is expected
    assert KEY not in str(raised.value) + repr(raised.value) + repr(provider)
    assert len(server.asked) == 1


def answering(status: int, body: Any) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(status, json=body))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "Invalid URL (POST /v1/videos)"),
        (410, "Gone"),
        (400, "The model 'sora-2' does not exist"),
        (403, "deprecated"),
    ],
)
async def test_openai_itself_is_reported_as_retired(status: int, message: str) -> None:
    provider = OpenAIVideosProvider(api_key=KEY, transport=answering(status, {"error": {"message": message}}))
    assert provider.profile.retired_on is not None
    with pytest.raises(Retired, match="compatible server"):
        await provider.create_clip(a_request())
    with pytest.raises(AuthFailed, match="No key is set"):
        await OpenAIVideosProvider(transport=answering(200, {})).create_clip(a_request())


def test_own_model_comes_first_when_it_is_set() -> None:
    assert OpenAIVideosProvider(model="wan2_2").profile.models == ("wan2_2", "sora-2", "sora-2-pro")
    assert OpenAIVideosProvider(model="sora-2-pro").profile.models == ("sora-2-pro", "sora-2")


# --- reconciling ---

CREATED_AFTER = datetime.fromtimestamp(NOW, UTC)


@pytest.mark.parametrize(
    ("videos", "found"),
    [
        ([a_video()], "video_1"),
        ([a_video(created_at=NOW - 4)], "video_1"),
        ([a_video(created_at=NOW - 60)], None),
        ([a_video(prompt="Another")], None),
        ([a_video(size="720x1280")], None),
        ([a_video(seconds=8, model="sora-2-2025-12-08")], "video_1"),
        ([a_video(model="sora-2-pro")], None),
        ([a_video(remixed_from_video_id="video_0")], None),
        ([a_video(id="mine")], None),
        ([a_video(id="later", created_at=NOW + 9), a_video(id="first", created_at=NOW + 1)], "first"),
        ([{"id": "bare", "status": "queued"}], "bare"),
    ],
)
async def test_lost_generation_is_recognised_by_what_the_list_says(
    server: Scripted, provider: OpenAIVideosProvider, videos: list[dict[str, Any]], found: str | None
) -> None:
    server.says(200, {"object": "list", "data": videos, "has_more": False})
    hit = await provider.find_generation(a_request(), created_after=CREATED_AFTER, claimed={"mine"})
    assert (hit.id if hit else None) == found


async def test_outcome_stays_unknown_when_prompts_are_hidden_and_two_could_be_it(
    server: Scripted, provider: OpenAIVideosProvider
) -> None:
    server.says(200, {"data": [a_video(id="a", prompt=None), a_video(id="b", prompt=None)]})
    with pytest.raises(OutcomeUnknown):
        await provider.find_generation(a_request(), created_after=CREATED_AFTER, claimed=())


async def test_lost_remix_is_recognised_by_its_source(server: Scripted, provider: OpenAIVideosProvider) -> None:
    request = RemixClipInput(**a_request().model_dump(), source_generation_id="video_0")
    server.says(
        200, {"data": [a_video(id="plain"), a_video(id="remix", remixed_from_video_id="video_0", seconds="12")]}
    )
    hit = await provider.find_generation(request, created_after=CREATED_AFTER, claimed=())
    assert hit is not None and hit.id == "remix"


async def test_lost_generation_is_found_on_a_later_page(tmp_path: Path) -> None:
    with FakeVideosServer(tmp_path, delay=30) as fake:
        provider = OpenAIVideosProvider(base_url=fake.base_url)
        before = datetime.now(UTC)
        first = await provider.create_clip(a_request())
        for number in range(120):
            fake.accept({"prompt": f"other {number}"}, source=None)
        found = await provider.find_generation(a_request(), created_after=before, claimed=())
        assert found is not None and found.id == first.id
        await provider.aclose()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, {"detail": "Not Found"}, InvalidRequest),
        (405, {}, InvalidRequest),
        (200, {"id": "x"}, Unavailable),
        (200, "<html>sign in</html>", Unavailable),
    ],
)
async def test_reconciling_fails_loudly_when_there_is_no_list(
    server: Scripted, provider: OpenAIVideosProvider, status: int, body: Any, expected: type[ProviderError]
) -> None:
    server.says(status, body)
    with pytest.raises(expected):
        await provider.find_generation(a_request(), created_after=CREATED_AFTER, claimed=())


# --- cancelling and reading ---


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False), (405, False), (409, False)])
async def test_cancel_says_whether_it_worked(
    server: Scripted, provider: OpenAIVideosProvider, status: int, expected: bool
) -> None:
    server.says(200, a_video(status="in_progress"))
    server.then_says(status, {"deleted": True})
    assert await provider.cancel("video_1") is expected
    assert server.asked[1][:2] == ("DELETE", "/v1/videos/video_1")


@pytest.mark.parametrize(("status", "body"), [(200, a_video(status="completed")), (404, {"detail": "Not Found"})])
async def test_nothing_is_deleted_when_there_is_nothing_to_stop(
    server: Scripted, provider: OpenAIVideosProvider, status: int, body: Any
) -> None:
    server.says(status, body)
    assert await provider.cancel("video_1") is False
    assert [asked.method for asked in server.asked] == ["GET"]


@pytest.mark.parametrize("call", [lambda p: p.get_generation("video_1"), lambda p: p.cancel("video_1")])
async def test_reading_can_be_tried_again_when_the_server_is_down(
    server: Scripted, provider: OpenAIVideosProvider, call: Callable[[OpenAIVideosProvider], Any]
) -> None:
    server.says(502, "<html>")
    with pytest.raises(Unavailable):
        await call(provider)
