from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
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
    Unavailable,
)
from providers.minimax import PROFILE, MiniMaxProvider
from tests.fakes.scripted import Scripted
from tests.fakes.wires.core import KEY, Fault, WireServer
from tests.fakes.wires.minimax import MiniMaxWire

SENT_AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest_asyncio.fixture
async def provider(server: Scripted) -> AsyncIterator[MiniMaxProvider]:
    provider = MiniMaxProvider(base_url=f"{server.url}/v2", api_key=KEY)
    yield provider
    await provider.aclose()


def a_request(**changes: Any) -> CreateClipInput:
    fields = {"key": "k1", "prompt": "A bay", "model": "MiniMax-H3", "seconds": 8, "size": "1344x768"}
    return CreateClipInput(**fields | changes)


def a_task(**changes: Any) -> dict[str, Any]:
    at = int(SENT_AT.timestamp()) + 2
    task = {"id": "11", "model": "MiniMax-H3", "status": "queued", "created_at": at, "updated_at": at}
    return task | {"resolution": "768P", "duration": 8, "ratio": "16:9", "task_type": "generation"} | changes


def refused(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, "http_code": "0"}, "request_id": "02"}


# --- what is sent ---


async def test_create_sends_text_resolution_length_and_ratio(server: Scripted, provider: MiniMaxProvider) -> None:
    server.says(200, {"task_id": "424010985738629"})
    generation = await provider.create_clip(a_request(size="1440x2560"))
    assert (generation.id, generation.status) == ("424010985738629", GenerationStatus.QUEUED)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/v2/video_generation")
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert json.loads(asked.body) == {
        "model": "MiniMax-H3",
        "content": [{"type": "text", "text": "A bay"}],
        "resolution": "2K",
        "duration": 8,
        "ratio": "9:16",
    }


async def test_reference_picture_is_the_first_frame_and_sets_the_ratio(
    server: Scripted, provider: MiniMaxProvider, tmp_path: Path
) -> None:
    Image.new("RGB", (640, 360)).save(tmp_path / "ref.png")
    server.says(200, {"task_id": "1"})
    await provider.create_clip(a_request(reference_path=tmp_path / "ref.png"))
    body = json.loads(server.asked[0].body)
    picture = body["content"][1]
    assert (picture["type"], picture["role"], body["ratio"]) == ("image_url", "first_frame", "adaptive")
    head, _, data = picture["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == (tmp_path / "ref.png").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 3},
        {"seconds": 16},
        {"size": "1280x720"},
        {"prompt": "x" * 7001},
        {"model": "MiniMax-Hailuo-2.3"},
        {"model": "MiniMax-H3-Max", "seconds": 4},
        {"model": "MiniMax-H3-Max", "size": "2560x1440"},
    ],
)
async def test_request_is_refused_unsent_when_the_model_does_not_sell_it(
    server: Scripted, provider: MiniMaxProvider, change: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await provider.create_clip(a_request(**change))
    assert server.asked == []


def test_price_is_by_resolution() -> None:
    assert PROFILE.cost_usd(model="MiniMax-H3", seconds=10, size="1344x768") == 0.80
    assert PROFILE.cost_usd(model="MiniMax-H3", seconds=10, size="2560x1440") == 1.30
    for model in PROFILE.models:
        assert all(f"{model}@{size}" in PROFILE.cost_usd_per_second for size in PROFILE.for_model(model).sizes)


# --- what is read ---


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, refused("rate_limit_error", "rate limit, please retry later (1002)"), RateLimited),
        (429, refused("rate_limit_error", "usage limit exceeded (2056)"), QuotaExhausted),
        (402, refused("insufficient_balance_error", "insufficient balance (1008)"), QuotaExhausted),
        (401, refused("authorized_error", "login fail (1004)"), AuthFailed),
        (
            422,
            refused("unprocessable_entity_error", "video description contains sensitive content (1026)"),
            ContentRejected,
        ),
        (400, refused("bad_request_error", "invalid params, duration (2013)"), InvalidRequest),
        (422, refused("unprocessable_entity_error", "what is that"), InvalidRequest),
        (529, refused("overloaded_error", "busy"), Unavailable),
        (500, refused("server_error", "internal error (1000)"), OutcomeUnknown),
        (500, refused("server_error", "rate limit, they say (1002)"), OutcomeUnknown),
        (200, {}, OutcomeUnknown),
    ],
)
async def test_refusal_of_a_create_is_read_by_its_number(
    server: Scripted, provider: MiniMaxProvider, status: int, body: Any, kind: type[ProviderError]
) -> None:
    server.says(status, body)
    with pytest.raises(ProviderError) as caught:
        await provider.create_clip(a_request())
    assert type(caught.value) is kind
    assert len(server.asked) == 1


async def test_finished_task_has_its_link_and_its_time(server: Scripted, provider: MiniMaxProvider) -> None:
    server.says(200, {"task": a_task(status="succeeded", content={"url": "https://cdn.example/out.mp4"})})
    generation = await provider.get_generation("11")
    assert (generation.status, generation.progress) == (GenerationStatus.COMPLETED, 1.0)
    assert generation.content_url == "https://cdn.example/out.mp4"
    assert generation.created_at == SENT_AT + timedelta(seconds=2)


@pytest.mark.parametrize(("code", "is_rejection"), [("1026", True), ("1027", True), ("1033", False)])
async def test_failed_task_is_free_and_a_rejection_when_its_code_says_so(
    server: Scripted, provider: MiniMaxProvider, code: str, is_rejection: bool
) -> None:
    server.says(200, {"task": a_task(status="failed", error={"code": code, "message": "no"}, usage={})})
    generation = await provider.get_generation("11")
    assert generation.status is GenerationStatus.FAILED
    assert (generation.error_code, generation.is_rejection, generation.cost_usd) == (code, is_rejection, 0.0)


async def test_task_is_not_found_when_its_id_is_called_invalid(server: Scripted, provider: MiniMaxProvider) -> None:
    server.says(400, refused("bad_request_error", "invalid params, invalid task_id (2013)"))
    with pytest.raises(GenerationNotFound):
        await provider.get_generation("11")


# --- looking up a lost create ---


async def find(provider: MiniMaxProvider, *claimed: str, **changes: Any) -> str | None:
    found = await provider.find_generation(a_request(**changes), created_after=SENT_AT, claimed=claimed)
    return found.id if found else None


@pytest.mark.parametrize(
    "other",
    [
        {"duration": 9},
        {"resolution": "2K"},
        {"ratio": "9:16"},
        {"model": "MiniMax-H3-Max"},
        {"created_at": int(SENT_AT.timestamp()) - 60},
        {"created_at": int(SENT_AT.timestamp()) + 600},
    ],
)
async def test_lost_create_is_the_one_task_of_its_shape_and_time(
    server: Scripted, provider: MiniMaxProvider, other: dict[str, Any]
) -> None:
    server.says(200, {"items": [a_task(id="12", **other), a_task()], "total": 2})
    assert await find(provider) == "11"
    assert await find(provider, "11") is None
    assert "filter.model=MiniMax-H3&filter.task_type=generation" in server.asked[0].path


async def test_lost_create_stays_unknown_when_two_tasks_could_be_it(
    server: Scripted, provider: MiniMaxProvider
) -> None:
    server.says(200, {"items": [a_task(), a_task(id="12")], "total": 2})
    with pytest.raises(OutcomeUnknown):
        await find(provider)
    assert await find(provider, "12") == "11"


async def test_task_that_answered_another_request_is_not_the_lost_one(
    server: Scripted, provider: MiniMaxProvider
) -> None:
    server.says(200, {"task_id": "12"})
    await provider.create_clip(a_request(key="k2"))
    server.says(200, {"items": [a_task(), a_task(id="12")], "total": 2})
    assert await find(provider) == "11"
    assert await find(provider, key="k2") == "12"


async def test_list_is_read_to_its_end_when_it_is_not_newest_first(server: Scripted, provider: MiniMaxProvider) -> None:
    old = [a_task(id=f"9{n}", created_at=int(SENT_AT.timestamp()) - 900 + n) for n in range(20)]
    server.says(200, {"items": old, "total": 21})
    server.then_says(200, {"items": [a_task()], "total": 21})
    assert await find(provider) == "11"
    server.says(200, {"items": old[::-1], "total": 2000})
    before = len(server.asked)
    assert await find(provider) is None
    assert len(server.asked) == before + 1


async def test_lookup_waits_while_another_create_is_under_way(mp4: Path) -> None:
    with WireServer(MiniMaxWire(), clip=mp4) as server:
        provider = MiniMaxProvider(base_url=server.base_url, api_key=KEY)
        create = asyncio.create_task(provider.create_clip(a_request()))
        await asyncio.sleep(0)
        with pytest.raises(OutcomeUnknown):
            await find(provider, key="k2")
        await create
        assert await find(provider, key="k2") is None
        await provider.aclose()


# --- the whole way ---


async def test_clip_is_made_found_and_fetched_when_the_answer_was_lost(mp4: Path, tmp_path: Path) -> None:
    with WireServer(MiniMaxWire(), clip=mp4, fault=Fault.ANSWER_LOST) as server:
        provider = MiniMaxProvider(base_url=server.base_url, api_key=KEY)
        sent_at = datetime.now(UTC)
        with pytest.raises(OutcomeUnknown):
            await provider.create_clip(a_request())
        found = await provider.find_generation(a_request(), created_after=sent_at, claimed=())
        assert found is not None and len(server.charges) == 1
        while not found.status.is_final:
            found = await provider.get_generation(found.id)
        assert found.status is GenerationStatus.COMPLETED
        path = await provider.download_content(found, tmp_path / "clip.mp4")
        assert path.read_bytes() == mp4.read_bytes()
        await provider.aclose()


async def test_waiting_task_is_taken_back_and_a_finished_one_is_not_deleted(mp4: Path) -> None:
    with WireServer(MiniMaxWire(), clip=mp4) as server:
        provider = MiniMaxProvider(base_url=server.base_url, api_key=KEY)
        waiting = await provider.create_clip(a_request())
        assert await provider.cancel(waiting.id)
        assert (await provider.get_generation(waiting.id)).status is GenerationStatus.CANCELLED
        finished = await provider.create_clip(a_request(key="k2"))
        while not finished.status.is_final:
            finished = await provider.get_generation(finished.id)
        assert not await provider.cancel(finished.id)
        assert all(call.method != "DELETE" for call in server.calls[4:])
        assert (await provider.check_account()).note
        await provider.aclose()
