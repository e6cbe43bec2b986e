from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Callable
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


async def test_too_large_a_picture_is_refused_before_it_is_read(provider: OpenAIVideosProvider, tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(200 << 20)
    tracemalloc.start()
    with pytest.raises(InvalidRequest, match=r"209\.7 MB"):
        await provider.create_clip(a_request(reference_path=tmp_path / "huge.png"))
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()


# --- how answers are read ---


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_create_is_queued_when_the_answer_says_no_more_than_its_id(
    server: Scripted, provider: OpenAIVideosProvider, status: int
) -> None:
    server.says(status, {"id": "video_1"})
    made = await provider.create_clip(a_request())
    assert (made.id, made.status) == ("video_1", GenerationStatus.QUEUED)


@pytest.mark.parametrize("body", [{"id": ""}, {"id": 7}, {"id": "req_1", "error": {"message": "no"}}, {"id": None}])
async def test_outcome_is_unknown_when_the_answer_names_no_generation(
    server: Scripted, provider: OpenAIVideosProvider, body: dict[str, Any]
) -> None:
    server.says(200, body)
    with pytest.raises(OutcomeUnknown):
        await provider.create_clip(a_request())


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
    ("status", "body", "expected"),
    [
        (404, {"error": {"message": "Invalid URL (POST /v1/videos)"}}, Retired),
        (410, {}, Retired),
        (400, {"error": {"message": "Unsupported endpoint."}}, Retired),
        (403, {"error": {"message": "Your project may not use this endpoint.", "code": "forbidden"}}, Retired),
        (404, None, Retired),
        (404, "<html>", Retired),
        (405, {"error": {"message": "Invalid method"}}, Retired),
        (400, {"error": {"code": "moderation_blocked"}}, ContentRejected),
        (400, {"error": {"code": "insufficient_quota"}}, QuotaExhausted),
        (401, {"error": {"code": "invalid_api_key"}}, AuthFailed),
        (429, {"error": {"code": "rate_limit_exceeded"}}, RateLimited),
        (500, {}, OutcomeUnknown),
    ],
)
async def test_openai_itself_is_reported_as_retired(status: int, body: Any, expected: type[ProviderError]) -> None:
    provider = OpenAIVideosProvider(api_key=KEY, transport=answering(status, body))
    assert provider.profile.retired_on is not None
    with pytest.raises(expected, match="compatible server" if expected is Retired else None):
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
        ([a_video(prompt="Another", size="720x1280")], None),
        ([a_video(prompt=None, size="720x1280")], None),
        ([a_video(seconds=8, model="sora-2-2025-12-08")], "video_1"),
        ([a_video(seconds="8.0", prompt="A\r\nbay ")], "video_1"),
        ([a_video(prompt="A\x07bay")], None),
        ([a_video(size="1280x704"), a_video(id="whole")], "whole"),
        ([a_video(id="mine"), a_video(id="mine", size="1280x704")], None),
        ([a_video(size="1280x704", created_at=NOW - 60)], None),
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


@pytest.mark.parametrize(
    "other",
    [
        {"size": "1280x704"},
        {"model": "wan2.2-t2v"},
        {"seconds": "9"},
        {"seconds": "8s"},
        {"remixed_from_video_id": "v"},
    ],
    ids=repr,
)
async def test_outcome_stays_unknown_when_a_video_with_our_prompt_differs_otherwise(
    server: Scripted, provider: OpenAIVideosProvider, other: dict[str, str]
) -> None:
    server.says(200, {"data": [a_video(**other)], "has_more": False})
    with pytest.raises(OutcomeUnknown):
        await provider.find_generation(a_request(), created_after=CREATED_AFTER, claimed=())


OTHERS = [a_video(id=f"v{number}", prompt="Another", created_at=NOW - 90 + number) for number in range(100)]


async def test_outcome_stays_unknown_when_the_list_has_no_end(server: Scripted, provider: OpenAIVideosProvider) -> None:
    for page in range(10):
        listed = [video | {"id": f"{page}-{video['id']}", "created_at": NOW + 1} for video in OTHERS]
        server.then_says(200, {"data": listed, "has_more": True})
    server.answers.pop(0)
    with pytest.raises(OutcomeUnknown, match="too long"):
        await provider.find_generation(a_request(), created_after=CREATED_AFTER, claimed=())
    assert len(server.asked) == 10


@pytest.mark.parametrize(("has_more", "asked"), [({"has_more": True}, 2), ({}, 3)], ids=["told", "not told"])
async def test_list_is_read_on_when_it_is_not_newest_first(
    server: Scripted, provider: OpenAIVideosProvider, has_more: dict[str, bool], asked: int
) -> None:
    server.says(200, {"data": OTHERS} | has_more)
    server.then_says(200, {"data": [a_video()]} | ({"has_more": False} if has_more else {}))
    found = await provider.find_generation(a_request(), created_after=CREATED_AFTER, claimed=())
    assert (found and found.id, len(server.asked)) == ("video_1", asked)


async def test_list_is_not_read_on_when_it_is_newest_first_and_old_enough(
    server: Scripted, provider: OpenAIVideosProvider
) -> None:
    server.says(200, {"data": OTHERS[::-1], "has_more": True})
    assert await provider.find_generation(a_request(), created_after=CREATED_AFTER, claimed=()) is None
    assert len(server.asked) == 1


async def test_lost_generation_is_found_when_its_prompt_holds_what_cannot_be_shown(
    server: Scripted, provider: OpenAIVideosProvider
) -> None:
    server.says(200, {"data": [a_video(prompt="A\x07bay\x85 at\r\nnoon")], "has_more": False})
    request = a_request(prompt="A\x07bay\x85 at\nnoon")
    hit = await provider.find_generation(request, created_after=CREATED_AFTER, claimed=())
    assert hit is not None and hit.id == "video_1"


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
