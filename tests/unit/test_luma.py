from __future__ import annotations

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
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from providers.luma import (
    DREAM_MACHINE_PROFILE,
    PROFILE,
    DreamMachineProvider,
    LumaAgentsProvider,
    create_luma,
)
from tests.fakes.scripted import Scripted
from tests.fakes.wires.core import KEY, Fault, WireServer
from tests.fakes.wires.luma import DreamMachineWire, LumaAgentsWire

SENT_AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest_asyncio.fixture
async def agents(server: Scripted) -> AsyncIterator[LumaAgentsProvider]:
    provider = LumaAgentsProvider(base_url=f"{server.url}/v1", api_key=LumaAgentsWire.key)
    yield provider
    await provider.aclose()


@pytest_asyncio.fixture
async def dreams(server: Scripted) -> AsyncIterator[DreamMachineProvider]:
    provider = DreamMachineProvider(base_url=f"{server.url}/dream-machine/v1/", api_key=KEY)
    yield provider
    await provider.aclose()


def a_request(**changes: Any) -> CreateClipInput:
    fields = {"key": "k1", "prompt": "A bay", "model": "ray-3.2", "seconds": 5, "size": "1280x720"}
    return CreateClipInput(**fields | changes)


def a_dream(**changes: Any) -> dict[str, Any]:
    asked = {"model": "ray-2", "prompt": "A bay", "aspect_ratio": "16:9", "resolution": "720p", "duration": "5s"}
    request = {"generation_type": "video", **asked, **changes.pop("request", {})}
    created = (SENT_AT + timedelta(seconds=2)).isoformat()
    return {"id": "g1", "state": "queued", "model": "ray-2", "created_at": created, "request": request} | changes


async def test_api_is_the_one_the_key_belongs_to() -> None:
    made = [create_luma(api_key=key) for key in ("luma-api-1234", "another-key", "")]
    assert [type(p) for p in made] == [LumaAgentsProvider, DreamMachineProvider, LumaAgentsProvider]
    assert made[0].endpoint == "https://agents.lumalabs.ai/v1"
    assert made[1].endpoint == "https://api.lumalabs.ai/dream-machine/v1"
    for provider in made:
        await provider.aclose()


# --- what is sent ---


async def test_agents_create_nests_resolution_and_length_under_video(
    server: Scripted, agents: LumaAgentsProvider
) -> None:
    server.says(201, {"id": "g1", "state": "queued", "created_at": "2026-11-22T10:00:00Z", "type": "video"})
    generation = await agents.create_clip(a_request(size="1080x1920", seconds=10))
    assert (generation.id, generation.status, generation.created_at) == ("g1", GenerationStatus.QUEUED, SENT_AT)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/v1/generations")
    assert asked.headers["Authorization"] == f"Bearer {LumaAgentsWire.key}"
    assert json.loads(asked.body) == {
        "type": "video",
        "model": "ray-3.2",
        "prompt": "A bay",
        "aspect_ratio": "9:16",
        "video": {"resolution": "1080p", "duration": "10s"},
    }


async def test_dream_machine_create_is_flat(server: Scripted, dreams: DreamMachineProvider) -> None:
    server.says(201, a_dream())
    await dreams.create_clip(a_request(model="ray-flash-2", seconds=9, size="540x960"))
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/dream-machine/v1/generations/video")
    assert json.loads(asked.body) == {
        "model": "ray-flash-2",
        "prompt": "A bay",
        "aspect_ratio": "9:16",
        "resolution": "540p",
        "duration": "9s",
    }


async def test_reference_picture_is_the_first_frame_of_short_clips_only(
    server: Scripted, agents: LumaAgentsProvider, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 36)).save(tmp_path / "ref.jpg")
    server.says(201, {"id": "g1", "state": "queued"})
    with pytest.raises(InvalidRequest):
        await agents.create_clip(a_request(reference_path=tmp_path / "ref.jpg", seconds=10))
    assert server.asked == []
    await agents.create_clip(a_request(reference_path=tmp_path / "ref.jpg"))
    frame = json.loads(server.asked[0].body)["video"]["start_frame"]
    assert base64.b64decode(frame["data"]) == (tmp_path / "ref.jpg").read_bytes()
    assert frame["media_type"] == "image/jpeg"


@pytest.mark.parametrize("change", [{"seconds": 8}, {"size": "1024x1024"}, {"prompt": "x" * 6001}, {"model": "ray-2"}])
async def test_request_is_refused_unsent_when_the_model_does_not_sell_it(
    server: Scripted, agents: LumaAgentsProvider, change: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await agents.create_clip(a_request(**change))
    assert server.asked == []


@pytest.mark.parametrize(
    ("seconds", "size", "dollars"),
    [(5, "1280x720", 0.30), (10, "1280x720", 0.90), (5, "1920x1080", 1.20), (10, "1080x1920", 3.60)],
)
def test_agents_price_is_that_of_the_clip(seconds: int, size: str, dollars: float) -> None:
    assert PROFILE.cost_usd(model="ray-3.2", seconds=seconds, size=size) == dollars


def test_dream_machine_price_is_by_the_pixel() -> None:
    cost = DREAM_MACHINE_PROFILE.cost_usd
    assert round(cost(model="ray-2", seconds=5, size="1280x720"), 2) == 0.71
    assert round(cost(model="ray-flash-2", seconds=5, size="1280x720"), 2) == 0.24
    assert DREAM_MACHINE_PROFILE.is_retired(SENT_AT)


# --- what is read ---


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"detail": "Too many requests"}, RateLimited),
        (402, {"detail": "Insufficient balance"}, QuotaExhausted),
        (400, {"detail": "Insufficient credits"}, QuotaExhausted),
        (401, {"detail": "Invalid API key"}, AuthFailed),
        (403, {"detail": "Client suspended"}, AuthFailed),
        (413, {"detail": "Too large"}, InvalidRequest),
        (422, {"detail": [{"loc": ["body", "video"], "msg": "not so"}]}, InvalidRequest),
        (400, {"detail": "The prompt was moderated"}, ContentRejected),
        (503, {"detail": "Ingestion unavailable"}, Unavailable),
        (502, {"detail": "Upstream unavailable"}, OutcomeUnknown),
        (201, {"state": "queued"}, OutcomeUnknown),
    ],
)
async def test_refusal_of_a_create_is_read_by_its_status(
    server: Scripted, agents: LumaAgentsProvider, status: int, body: Any, kind: type[ProviderError]
) -> None:
    server.says(status, body)
    with pytest.raises(ProviderError) as caught:
        await agents.create_clip(a_request())
    assert type(caught.value) is kind
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("code", "ours", "is_rejection", "cost"),
    [
        ("content_moderated", "content_moderated", True, 0.0),
        ("generation_failed", "generation_failed", False, 0.0),
        ("output_not_found", "output_not_found", False, 0.0),
        ("budget_exhausted", "quota_exhausted", False, None),
        ("corrupt_input", "invalid_request", False, None),
        ("rate_limited", "rate_limited", False, None),
        (None, "failed", False, None),
    ],
)
async def test_failure_code_says_what_failed_and_whether_it_is_paid(
    server: Scripted, agents: LumaAgentsProvider, code: str | None, ours: str, is_rejection: bool, cost: float | None
) -> None:
    server.says(200, {"id": "g1", "state": "failed", "failure_code": code, "failure_reason": "no"})
    generation = await agents.get_generation("g1")
    assert generation.status is GenerationStatus.FAILED
    assert (generation.error_code, generation.is_rejection, generation.cost_usd) == (ours, is_rejection, cost)


async def test_link_is_that_of_the_video_among_the_outputs(server: Scripted, agents: LumaAgentsProvider) -> None:
    output = [{"type": "exr", "url": "https://cdn.example/a.exr"}, {"type": "video", "url": "https://cdn.example/a"}]
    server.says(200, {"id": "g1", "state": "completed", "output": output})
    generation = await agents.get_generation("g1")
    assert (generation.content_url, generation.progress) == ("https://cdn.example/a", 1.0)


async def test_balance_is_told_in_cents(server: Scripted, dreams: DreamMachineProvider) -> None:
    server.says(200, {"credit_balance": 1234.0})
    assert (await dreams.check_account()).balance_usd == 12.34
    assert server.asked[0].path == "/dream-machine/v1/credits"


# --- looking up a lost create ---


async def find(dreams: DreamMachineProvider, *claimed: str) -> str | None:
    request = a_request(model="ray-2")
    found = await dreams.find_generation(request, created_after=SENT_AT, claimed=claimed)
    return found.id if found else None


@pytest.mark.parametrize(
    "other",
    [
        {"request": {"prompt": "A hill"}},
        {"request": {"duration": "9s"}},
        {"request": {"resolution": "540p"}},
        {"request": {"aspect_ratio": "9:16"}},
        {"request": {"model": "ray-flash-2"}},
        {"request": None},
        {"created_at": "2026-11-22T09:00:00Z"},
    ],
)
async def test_lost_create_is_the_one_that_shows_its_request(
    server: Scripted, dreams: DreamMachineProvider, other: dict[str, Any]
) -> None:
    listed = a_dream(id="g2") | {"request": None} if other == {"request": None} else a_dream(id="g2", **other)
    server.says(200, {"generations": [listed, a_dream()], "has_more": False})
    assert await find(dreams) == "g1"
    assert await find(dreams, "g1") is None


async def test_list_is_read_on_until_it_ends(server: Scripted, dreams: DreamMachineProvider) -> None:
    server.says(200, {"generations": [a_dream(id="g2", request={"prompt": "A hill"})], "has_more": True})
    server.then_says(200, {"generations": [a_dream()], "has_more": False})
    assert await find(dreams) == "g1"
    assert server.asked[-1].path.endswith("generations?limit=100&offset=100")
    server.says(200, {"generations": [], "has_more": True})
    with pytest.raises(OutcomeUnknown):
        await find(dreams)


# --- the whole way ---


async def test_clip_is_made_and_fetched_from_the_agents_api(mp4: Path, tmp_path: Path) -> None:
    with WireServer(LumaAgentsWire(), clip=mp4) as server:
        provider = create_luma(api_key=LumaAgentsWire.key, base_url=server.base_url)
        made = await provider.create_clip(a_request())
        while not made.status.is_final:
            made = await provider.get_generation(made.id)
        assert (await provider.download_content(made, tmp_path / "a.mp4")).read_bytes() == mp4.read_bytes()
        assert (await provider.check_account()).note
        assert not await provider.cancel(made.id)
        await provider.aclose()


async def test_clip_is_made_found_and_fetched_from_dream_machine_when_the_answer_was_lost(
    mp4: Path, tmp_path: Path
) -> None:
    with WireServer(DreamMachineWire(), clip=mp4, fault=Fault.ANSWER_LOST) as server:
        provider = create_luma(api_key=KEY, base_url=server.base_url)
        request, sent_at = a_request(model="ray-2"), datetime.now(UTC)
        with pytest.raises(OutcomeUnknown):
            await provider.create_clip(request)
        found = await provider.find_generation(request, created_after=sent_at, claimed=())
        assert found is not None and len(server.charges) == 1
        while not found.status.is_final:
            found = await provider.get_generation(found.id)
        assert (await provider.download_content(found, tmp_path / "a.mp4")).read_bytes() == mp4.read_bytes()
        await provider.aclose()
