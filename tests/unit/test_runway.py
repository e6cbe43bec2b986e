from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Iterator
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
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from providers.runway import PROFILE, RunwayProvider
from tests.fakes.scripted import Scripted
from tests.fakes.wires.core import KEY, Fault, State, WireServer
from tests.fakes.wires.runway import RunwayWire


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def server(mp4: Path) -> Iterator[WireServer]:
    with WireServer(RunwayWire(), clip=mp4) as server:
        yield server


@pytest_asyncio.fixture
async def provider(server: WireServer) -> AsyncIterator[RunwayProvider]:
    provider = RunwayProvider(base_url=f"{server.base_url}/v1/", api_key=KEY)
    yield provider
    await provider.aclose()


@pytest_asyncio.fixture
async def asking(scripted: Scripted) -> AsyncIterator[RunwayProvider]:
    """A provider whose server says whatever the test tells it to."""
    provider = RunwayProvider(base_url=scripted.url, api_key=KEY)
    yield provider
    await provider.aclose()


def a_request(**changes: Any) -> CreateClipInput:
    fields = {"key": "k1", "prompt": "A bay", "model": "gen4.5", "seconds": 8, "size": "1280x720"}
    return CreateClipInput(**fields | changes)


def a_picture(folder: Path, size: tuple[int, int] = (64, 36)) -> Path:
    path = folder / "first.png"
    Image.new("RGB", size, "teal").save(path)
    return path


def posts(server: WireServer) -> list[Any]:
    return [call for call in server.calls if call.method == "POST"]


# --- what is sent ---


async def test_a_create_sends_text_ratio_length_and_version_once(server: WireServer, provider: RunwayProvider) -> None:
    made = await provider.create_clip(a_request(seed=7, size="720x1280", seconds=10))
    (call,) = server.calls
    assert (call.method, call.path, call.headers["x-runway-version"]) == ("POST", "/v1/text_to_video", "2024-11-06")
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.json == {
        "model": "gen4.5",
        "promptText": "A bay",
        "ratio": "720:1280",
        "duration": 10,
        "seed": 7,
    }
    assert (made.id, made.status, made.cost_usd) == (server.charges[0].id, GenerationStatus.QUEUED, None)


async def test_a_picture_leads_to_the_other_path_as_a_data_uri(
    server: WireServer, provider: RunwayProvider, tmp_path: Path
) -> None:
    path = a_picture(tmp_path)
    await provider.create_clip(a_request(reference_path=path))
    (call,) = server.calls
    uri = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    assert call.path == "/v1/image_to_video"
    assert call.json["promptImage"] == [{"uri": uri, "position": "first"}]


async def test_sound_and_negative_prompt_go_to_veo_only(server: WireServer, provider: RunwayProvider) -> None:
    asked = {"negative_prompt": "text", "seed": 1}
    for model, seconds in (("veo3.1_fast", 8), ("gen4.5", 8), ("kling3.0_standard", 12)):
        await provider.create_clip(a_request(model=model, seconds=seconds, **asked))
    veo, gen, kling = (call.json for call in server.calls)
    assert (veo["audio"], veo["negativePrompt"], veo["seed"]) == (True, "text", 1)
    assert not {"audio", "negativePrompt"} & set(gen)
    assert kling["audio"] is True
    assert not {"seed", "negativePrompt"} & set(kling)


async def test_everything_the_profile_sells_is_accepted(
    server: WireServer, provider: RunwayProvider, tmp_path: Path
) -> None:
    path = a_picture(tmp_path)
    for model in PROFILE.models:
        facts = PROFILE.for_model(model)
        pictures = {path} if facts.needs_reference else {None, path}
        for seconds in facts.durations_seconds:
            await provider.create_clip(
                a_request(model=model, seconds=seconds, size=facts.sizes[0], reference_path=path)
            )
        for size in facts.sizes:
            for picture in pictures:
                asked = {"model": model, "seconds": facts.durations_seconds[0], "size": size}
                await provider.create_clip(a_request(reference_path=picture, **asked))
    assert len(server.charges) == len(server.calls)


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": 12},
        {"size": "1920x1080"},
        {"model": "veo3.1", "seconds": 5},
        {"model": "gen9"},
        {"prompt": "😀" * 501},
        {"model": "gen4_turbo"},
    ],
    ids=str,
)
async def test_nothing_is_sent_when_the_request_does_not_fit(
    server: WireServer, provider: RunwayProvider, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await provider.create_clip(a_request(**changes))
    assert not server.calls


async def test_a_prompt_is_counted_in_utf16_units(server: WireServer, provider: RunwayProvider) -> None:
    await provider.create_clip(a_request(prompt="😀" * 500))
    assert len(server.charges) == 1


async def test_a_picture_too_large_for_a_data_uri_is_not_sent(
    server: WireServer, provider: RunwayProvider, tmp_path: Path
) -> None:
    path = tmp_path / "large.png"
    Image.effect_noise((2100, 2100), 90).save(path)
    assert path.stat().st_size > 3_700_000
    with pytest.raises(InvalidRequest, match="MB"):
        await provider.create_clip(a_request(reference_path=path))
    assert not server.calls


async def test_the_largest_picture_fits_the_limit_of_a_data_uri(
    server: WireServer, provider: RunwayProvider, tmp_path: Path
) -> None:
    path = a_picture(tmp_path)
    assert PROFILE.reference is not None
    with path.open("ab") as file:  # what follows a PNG's end is ignored
        file.write(b"\0" * (PROFILE.reference.max_bytes - path.stat().st_size))
    await provider.create_clip(a_request(reference_path=path))
    assert len(posts(server)[0].json["promptImage"][0]["uri"]) <= 5_000_000


def test_a_model_named_first_brings_its_own_facts() -> None:
    profile = RunwayProvider(api_key=KEY, model="veo3.1_fast").profile
    assert (profile.models[0], profile.durations_seconds) == ("veo3.1_fast", (4, 6, 8))
    assert profile.cost_usd(model="veo3.1_fast", seconds=8) == pytest.approx(1.2)
    assert profile.for_model("gen4.5").durations_seconds == tuple(range(2, 11))
    assert not profile.for_model("gen4.5").supports_negative_prompt
    assert profile.for_model("gen4_turbo").needs_reference


# --- what comes back ---


async def test_a_clip_ends_with_its_cost_and_its_file(
    server: WireServer, provider: RunwayProvider, mp4: Path, tmp_path: Path
) -> None:
    made = await provider.create_clip(a_request())
    seen = [await provider.get_generation(made.id) for _ in range(3)]
    assert [g.status for g in seen] == [
        GenerationStatus.QUEUED,
        GenerationStatus.IN_PROGRESS,
        GenerationStatus.COMPLETED,
    ]
    assert [g.progress for g in seen] == [None, 0.6, 1.0]
    assert [g.cost_usd for g in seen] == [None, None, 0.96]
    assert abs((datetime.now(UTC) - seen[2].created_at).total_seconds()) < 60
    path = await provider.download_content(seen[2], tmp_path / "take.mp4")
    assert path.read_bytes() == mp4.read_bytes()
    assert "authorization" not in server.calls[-1].headers


async def test_a_throttled_task_waits_in_the_queue(mp4: Path) -> None:
    with WireServer(RunwayWire(is_throttled=True), clip=mp4) as server:
        provider = RunwayProvider(base_url=server.base_url, api_key=KEY)
        made = await provider.create_clip(a_request())
        seen = await provider.get_generation(made.id)
        await provider.aclose()
    assert (seen.status, seen.raw_status) == (GenerationStatus.QUEUED, "THROTTLED")


@pytest.mark.parametrize(
    ("code", "shown", "is_rejection"),
    [
        ("SAFETY.INPUT.TEXT", "SAFETY.INPUT.TEXT", True),
        ("SAFETY.OUTPUT.VIDEO", "SAFETY.OUTPUT.VIDEO", True),
        ("INPUT_PREPROCESSING.SAFETY.TEXT", "INPUT_PREPROCESSING.SAFETY.TEXT", True),
        ("ASSET.INVALID", "invalid_request", False),
        ("INTERNAL.BAD_OUTPUT.CODE01", "INTERNAL.BAD_OUTPUT.CODE01", False),
        (None, "", False),
    ],
)
async def test_a_failure_says_whether_the_wording_was_refused(
    scripted: Scripted, asking: RunwayProvider, code: str | None, shown: str, is_rejection: bool
) -> None:
    task = {"id": "t1", "status": "FAILED", "createdAt": "2026-11-22T10:00:00.000Z", "failure": "It failed."}
    scripted.says(200, task | {"cost": {"credits": 0}} | ({"failureCode": code} if code else {}))
    failed = await asking.get_generation("t1")
    assert failed.status is GenerationStatus.FAILED
    assert (failed.error_code, failed.error_message, failed.is_rejection) == (shown, "It failed.", is_rejection)
    assert failed.cost_usd == 0.0
    assert failed.created_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "You do not have enough credits to run this task."}, QuotaExhausted),
        (400, {"error": "Validation of body failed", "issues": [{"message": "Invalid ratio"}]}, InvalidRequest),
        (400, {"error": "Refused by content moderation."}, ContentRejected),
        (401, {"error": "Unauthorized"}, AuthFailed),
        (403, {"error": "Model variant veo3.1 is not available."}, InvalidRequest),
        (403, {"error": "Forbidden"}, AuthFailed),
        (404, {"error": "Not found"}, InvalidRequest),
        (429, {"error": "Your daily task limit has been reached."}, QuotaExhausted),
        (429, {"error": "Too many requests"}, RateLimited),
        (500, {"error": "Internal server error"}, OutcomeUnknown),
        (502, "<html>Bad gateway</html>", OutcomeUnknown),
        (503, {"error": "Service unavailable"}, Unavailable),
        (504, "", OutcomeUnknown),
        (200, {}, OutcomeUnknown),
        (200, {"id": None}, OutcomeUnknown),
        (200, "<html>hello</html>", OutcomeUnknown),
    ],
)
async def test_the_answer_to_a_create_is_read_by_what_it_means_for_money(
    scripted: Scripted, asking: RunwayProvider, status: int, body: Any, kind: type[ProviderError]
) -> None:
    scripted.says(status, body)
    with pytest.raises(ProviderError) as caught:
        await asking.create_clip(a_request())
    assert type(caught.value) is kind
    assert len(scripted.asked) == 1


async def test_a_refusal_names_the_field(scripted: Scripted, asking: RunwayProvider) -> None:
    scripted.says(400, {"error": "Validation of body failed", "issues": [{"message": "Invalid ratio"}, "odd"]})
    with pytest.raises(InvalidRequest, match=r"Validation of body failed; Invalid ratio"):
        await asking.create_clip(a_request())


@pytest.mark.parametrize("body", ["<html>login</html>", {}, []], ids=str)
async def test_a_strange_answer_while_looking_costs_nothing_and_may_be_repeated(
    scripted: Scripted, asking: RunwayProvider, body: Any
) -> None:
    scripted.says(200, body)
    with pytest.raises(Unavailable):
        await asking.get_generation("t1")


async def test_the_daily_cap_is_no_reason_to_try_again_soon(mp4: Path) -> None:
    with WireServer(RunwayWire(daily_cap=0), clip=mp4) as server:
        provider = RunwayProvider(base_url=server.base_url, api_key=KEY)
        with pytest.raises(QuotaExhausted, match="daily"):
            await provider.create_clip(a_request())
        await provider.aclose()
        assert (len(server.calls), len(server.charges)) == (1, 0)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.ERROR_AFTER, Fault.PAGE_AFTER, Fault.NO_ID])
async def test_a_lost_answer_is_neither_repeated_nor_looked_up(mp4: Path, fault: Fault) -> None:
    with WireServer(RunwayWire(), clip=mp4, fault=fault) as server:
        provider = RunwayProvider(base_url=server.base_url, api_key=KEY)
        with pytest.raises(OutcomeUnknown):
            await provider.create_clip(a_request())
        assert not provider.profile.supports_reconcile
        with pytest.raises(InvalidRequest):
            await provider.find_generation(a_request(), created_after=datetime.now(UTC), claimed=())
        await provider.aclose()
        assert (len(server.calls), len(server.charges)) == (1, 1)


async def test_a_completed_task_without_a_file_is_asked_for_again(provider: RunwayProvider, tmp_path: Path) -> None:
    bare = Generation(id="t1", status=GenerationStatus.COMPLETED)
    with pytest.raises(Unavailable):
        await provider.download_content(bare, tmp_path / "take.mp4")


async def test_an_id_cannot_lead_elsewhere(server: WireServer, provider: RunwayProvider) -> None:
    for odd in ("../organization", "", ".."):
        with pytest.raises(GenerationNotFound):
            await provider.get_generation(odd)
    assert [call.raw_path for call in server.calls] == ["/v1/tasks/..%2Forganization"]


# --- cancelling, the account ---


async def test_a_waiting_task_is_taken_back_and_refunded(server: WireServer, provider: RunwayProvider) -> None:
    made = await provider.create_clip(a_request())
    assert await provider.cancel(made.id)
    assert server.charges[0].fields["refunded"]
    with pytest.raises(GenerationNotFound):
        await provider.get_generation(made.id)


async def test_a_task_that_runs_is_left_alone(server: WireServer, provider: RunwayProvider) -> None:
    made = await provider.create_clip(a_request())
    await provider.get_generation(made.id)
    assert not await provider.cancel(made.id)
    assert server.charges[0].state is State.RUNNING
    assert all(call.method != "DELETE" for call in server.calls)


async def test_the_account_tells_its_balance_in_dollars(provider: RunwayProvider) -> None:
    account = await provider.check_account()
    assert account.balance_usd == 50.0
    assert re.fullmatch(r"5,000 credits are left\.", account.note)


async def test_the_key_is_shown_nowhere(scripted: Scripted) -> None:
    provider = RunwayProvider(base_url=scripted.url, api_key="key_line\nbreak")
    with pytest.raises(AuthFailed) as caught:
        await provider.check_account()
    await provider.aclose()
    assert "key_line" not in f"{provider!r} {caught.value!r} {caught.value}"
    assert not scripted.asked
