from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from providers.base import (
    Account,
    AudioSupport,
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
from providers.kling import PROFILE, PROFILE_V2, KlingV1Provider, KlingV2Provider
from providers.kling.service import external_id
from tests.fakes.scripted import Scripted
from tests.fakes.wires.core import KEY, Fault, WireServer
from tests.fakes.wires.kling import KlingV1Wire, KlingV2Wire

NOW = datetime.now(UTC)


def v1(url: str, **options: Any) -> KlingV1Provider:
    return KlingV1Provider(**{"base_url": url, "access_key": KEY, "secret_key": KEY} | options)


def v2(url: str, **options: Any) -> KlingV2Provider:
    return KlingV2Provider(**{"base_url": url, "api_key": KEY} | options)


WIRES = {"v1": (KlingV1Wire, v1), "v2": (KlingV2Wire, v2)}
both = pytest.mark.parametrize("api", ["v1", "v2"])


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def old_server(mp4: Path) -> Iterator[WireServer]:
    with WireServer(KlingV1Wire(), clip=mp4) as server:
        yield server


@pytest.fixture
def new_server(mp4: Path) -> Iterator[WireServer]:
    with WireServer(KlingV2Wire(), clip=mp4) as server:
        yield server


@pytest_asyncio.fixture
async def opened() -> AsyncIterator[Callable[[Any], Any]]:
    """Closes the providers that a test makes."""
    made: list[Any] = []

    def keep(provider: Any) -> Any:
        made.append(provider)
        return provider

    yield keep
    for provider in made:
        await provider.aclose()


def a_request(api: str = "v1", **changes: Any) -> CreateClipInput:
    model = {"v1": "kling-v3", "v2": "kling-3.0"}[api]
    return CreateClipInput(
        **{"key": "run-1", "prompt": "A bay", "model": model, "seconds": 8, "size": "1280x720"} | changes
    )


def a_picture(folder: Path, size: tuple[int, int] = (640, 360)) -> Path:
    path = folder / "first.jpg"
    Image.new("RGB", size, "teal").save(path)
    return path


# --- what is sent ---


async def test_a_create_of_the_older_api_asks_in_its_words(old_server: WireServer, opened: Any) -> None:
    provider = opened(v1(f"{old_server.base_url}/v1/"))
    made = await provider.create_clip(a_request(negative_prompt="text", size="1080x1920"))
    (call,) = old_server.calls
    assert (call.method, call.path) == ("POST", "/v1/videos/text2video")
    assert call.json == {
        "model_name": "kling-v3",
        "prompt": "A bay",
        "negative_prompt": "text",
        "mode": "pro",
        "duration": "8",
        "aspect_ratio": "9:16",
        "sound": "on",
        "external_task_id": "run-1",
    }
    assert (made.id, made.status) == (f"text2video/{old_server.charges[0].id}", GenerationStatus.QUEUED)


async def test_a_create_of_the_present_api_asks_in_its_words(new_server: WireServer, opened: Any) -> None:
    made = await opened(v2(new_server.base_url)).create_clip(a_request("v2", size="960x960"))
    (call,) = new_server.calls
    assert (call.method, call.path) == ("POST", "/text-to-video/kling-3.0")
    assert call.json == {
        "prompt": "A bay",
        "settings": {
            "resolution": "720p",
            "aspect_ratio": "1:1",
            "duration": 8,
            "audio": "native",
            "multi_shot": False,
        },
        "options": {"external_task_id": "run-1"},
    }
    assert made.id == new_server.charges[0].id


async def test_a_picture_goes_raw_to_the_image_path_of_the_older_api(
    old_server: WireServer, opened: Any, tmp_path: Path
) -> None:
    path = a_picture(tmp_path)
    made = await opened(v1(old_server.base_url)).create_clip(a_request(reference_path=path))
    (call,) = old_server.calls
    assert call.path == "/v1/videos/image2video"
    assert call.json["image"] == base64.b64encode(path.read_bytes()).decode()
    assert "aspect_ratio" not in call.json
    assert made.id.startswith("image2video/")


async def test_a_picture_is_the_first_frame_at_the_present_api(
    new_server: WireServer, opened: Any, tmp_path: Path
) -> None:
    path = a_picture(tmp_path)
    await opened(v2(new_server.base_url)).create_clip(a_request("v2", reference_path=path, size="1920x1080"))
    (call,) = new_server.calls
    assert call.path == "/image-to-video/kling-3.0"
    frame = {"type": "first_frame", "url": base64.b64encode(path.read_bytes()).decode()}
    assert call.json["contents"] == [{"type": "prompt", "text": "A bay"}, frame]
    assert call.json["settings"] == {"resolution": "1080p", "duration": 8, "audio": "native", "multi_shot": False}


async def test_the_turbo_model_has_no_switch_for_sound(new_server: WireServer, opened: Any) -> None:
    await opened(v2(new_server.base_url)).create_clip(a_request("v2", model="kling-3.0-turbo"))
    assert new_server.calls[0].json["settings"] == {"resolution": "720p", "duration": 8, "aspect_ratio": "16:9"}
    assert PROFILE_V2.for_model("kling-3.0-turbo").audio is AudioSupport.NATIVE


@both
async def test_everything_the_profile_sells_is_accepted(api: str, mp4: Path, opened: Any, tmp_path: Path) -> None:
    wire, build = WIRES[api]
    path = a_picture(tmp_path)
    with WireServer(wire(), clip=mp4) as server:
        provider = opened(build(server.base_url))
        for model in provider.profile.models:
            facts = provider.profile.for_model(model)
            asked = [(seconds, facts.sizes[0]) for seconds in facts.durations_seconds]
            for seconds, size in asked + [(facts.durations_seconds[0], size) for size in facts.sizes]:
                for picture in (None, path):
                    changes = {"model": model, "seconds": seconds, "size": size, "reference_path": picture}
                    await provider.create_clip(a_request(api, key=f"run-{len(server.calls)}", **changes))
        assert len(server.charges) == len(server.calls)
        if api == "v1":
            silent = [call.json["model_name"] for call in server.calls if call.json.get("sound") != "on"]
            assert set(silent) == {"kling-v2-5-turbo"}


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": 16},
        {"size": "720x720"},
        {"model": "kling-v2-6", "seconds": 8, "size": "1920x1080"},
        {"model": "kling-v2-6", "seconds": 5},
        {"model": "kling-v1"},
        {"prompt": "x" * 2501},
        {"negative_prompt": "x" * 2501},
    ],
    ids=lambda changes: str(changes)[:60],
)
async def test_nothing_is_sent_when_the_request_does_not_fit(
    old_server: WireServer, opened: Any, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await opened(v1(old_server.base_url)).create_clip(a_request(**changes))
    assert not old_server.calls


@pytest.mark.parametrize(("size", "kind"), [((290, 400), "jpg"), ((1000, 390), "jpg"), ((640, 360), "webp")])
async def test_a_picture_that_kling_does_not_take_is_not_sent(
    old_server: WireServer, opened: Any, tmp_path: Path, size: tuple[int, int], kind: str
) -> None:
    path = tmp_path / f"first.{kind}"
    Image.new("RGB", size, "teal").save(path)
    with pytest.raises(InvalidRequest):
        await opened(v1(old_server.base_url)).create_clip(a_request(reference_path=path))
    assert not old_server.calls


@pytest.mark.parametrize(
    ("profile", "model", "size", "cost"),
    [
        (PROFILE, "kling-v3", "1280x720", 0.63),
        (PROFILE, "kling-v3", "1440x1440", 0.84),
        (PROFILE, "kling-v2-6", "1920x1080", 0.70),
        (PROFILE, "kling-v2-5-turbo", "720x1280", 0.21),
        (PROFILE_V2, "kling-3.0", "1280x720", 0.63),
        (PROFILE_V2, "kling-3.0-turbo", "1920x1080", 0.70),
    ],
)
def test_prices_are_with_sound_and_by_quality(profile: Any, model: str, size: str, cost: float) -> None:
    assert profile.cost_usd(model=model, seconds=5, size=size) == pytest.approx(cost)


# --- codes ---


@both
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        *((401, code, AuthFailed) for code in (1000, 1001, 1002)),
        *((429, code, QuotaExhausted) for code in (1100, 1101, 1102)),
        (403, 1103, AuthFailed),
        (400, 1200, InvalidRequest),
        (400, 1201, InvalidRequest),
        (404, 1202, InvalidRequest),
        (404, 1203, InvalidRequest),
        (400, 1300, ContentRejected),
        (400, 1301, ContentRejected),
        (429, 1302, RateLimited),
        (429, 1303, RateLimited),
        (429, 1304, AuthFailed),
        (500, 5000, OutcomeUnknown),
        (503, 5001, Unavailable),
        (504, 5002, OutcomeUnknown),
        (400, 1999, InvalidRequest),
        (400, 5999, OutcomeUnknown),
    ],
)
async def test_the_code_decides_whatever_http_status_comes_along(
    scripted: Scripted, opened: Any, api: str, status: int, code: int, kind: type[ProviderError]
) -> None:
    for http in (status, 200):
        scripted.says(http, {"code": code, "message": "No.", "request_id": "r"})
        with pytest.raises(ProviderError) as caught:
            await opened(WIRES[api][1](scripted.url)).create_clip(a_request(api))
        assert type(caught.value) is kind
    assert [asked.method for asked in scripted.asked] == ["POST", "POST"]


@both
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"code": 0, "message": "SUCCEED", "data": {}}),
        (200, {"code": 0, "data": None}),
        (200, {}),
        (200, "<html>hello</html>"),
        (502, "<html>Bad gateway</html>"),
        (500, {"message": "boom"}),
    ],
)
async def test_an_answer_that_leaves_it_open_is_an_unknown_outcome(
    scripted: Scripted, opened: Any, api: str, status: int, body: Any
) -> None:
    scripted.says(status, body)
    with pytest.raises(OutcomeUnknown):
        await opened(WIRES[api][1](scripted.url)).create_clip(a_request(api))
    assert len(scripted.asked) == 1


# --- what comes back ---


@both
async def test_a_clip_ends_with_its_cost_and_its_file(api: str, mp4: Path, opened: Any, tmp_path: Path) -> None:
    wire, build = WIRES[api]
    with WireServer(wire(), clip=mp4) as server:
        provider = opened(build(server.base_url))
        made = await provider.create_clip(a_request(api, seconds=5))
        seen = [await provider.get_generation(made.id) for _ in range(3)]
        path = await provider.download_content(seen[2], tmp_path / "take.mp4")
        assert "authorization" not in server.calls[-1].headers
    done = GenerationStatus.COMPLETED
    assert [g.status for g in seen] == [GenerationStatus.QUEUED, GenerationStatus.IN_PROGRESS, done]
    assert [g.id for g in seen] == [made.id] * 3
    assert [g.cost_usd for g in seen] == [None, None, 0.63]
    assert seen[2].progress == 1.0
    assert abs((datetime.now(UTC) - made.created_at).total_seconds()) < 60
    assert path.read_bytes() == mp4.read_bytes()


@both
@pytest.mark.parametrize(("fault", "is_rejection"), [(Fault.FAILED, False), (Fault.BLOCKED, True)])
async def test_a_failure_is_free_and_says_why(
    api: str, mp4: Path, opened: Any, fault: Fault, is_rejection: bool
) -> None:
    wire, build = WIRES[api]
    with WireServer(wire(), clip=mp4, fault=fault) as server:
        provider = opened(build(server.base_url))
        made = await provider.create_clip(a_request(api))
        for _ in range(2):
            await provider.get_generation(made.id)
        failed = await provider.get_generation(made.id)
    assert (failed.status, failed.cost_usd) == (GenerationStatus.FAILED, 0.0)
    assert failed.is_rejection is is_rejection
    assert failed.error_message


@pytest.mark.parametrize(
    ("billing", "cost"),
    [
        ([{"charge_type": "unit", "amount": "6.0"}], 0.84),
        ([{"charge_type": "cash", "amount": "1.26", "currency": "USD"}], 1.26),
        ([{"charge_type": "unit", "amount": "1"}, {"charge_type": "cash", "amount": "0.5", "currency": "USD"}], 0.64),
        ([{"charge_type": "cash", "amount": "9", "currency": "CNY"}], None),
        ([{"charge_type": "unit", "amount": "?"}], None),
        (["odd"], None),
        ([], None),
        (None, None),
    ],
)
async def test_a_receipt_is_added_up_in_dollars(
    scripted: Scripted, opened: Any, billing: Any, cost: float | None
) -> None:
    task = {"id": "7", "status": "succeeded", "outputs": [{"type": "video", "url": "https://x.example/v.mp4"}]}
    scripted.says(200, {"code": 0, "data": [task | {"billing": billing}]})
    assert (await opened(v2(scripted.url)).get_generation("7")).cost_usd == cost


@pytest.mark.parametrize("units", ["", "0", None, "many"])
async def test_a_task_without_units_leaves_its_cost_open(scripted: Scripted, opened: Any, units: Any) -> None:
    scripted.says(200, {"code": 0, "data": {"task_id": "7", "task_status": "succeed", "final_unit_deduction": units}})
    assert (await opened(v1(scripted.url)).get_generation("text2video/7")).cost_usd is None


@pytest.mark.parametrize("generation_id", ["", "7", "lip-sync/7", "text2video/", "text2video/.."])
async def test_an_id_of_the_older_api_names_one_of_two_paths(
    old_server: WireServer, opened: Any, generation_id: str
) -> None:
    with pytest.raises(GenerationNotFound):
        await opened(v1(old_server.base_url)).get_generation(generation_id)
    assert not old_server.calls


async def test_a_task_is_asked_for_where_it_was_made(old_server: WireServer, opened: Any, tmp_path: Path) -> None:
    provider = opened(v1(old_server.base_url))
    made = await provider.create_clip(a_request(reference_path=a_picture(tmp_path)))
    assert (await provider.get_generation(made.id)).id == made.id
    with pytest.raises(GenerationNotFound):
        await provider.get_generation(made.id.replace("image2video", "text2video"))


@both
@pytest.mark.parametrize(
    ("status", "body"), [(404, {"code": 1203}), (400, {"code": 1201, "message": "task not found"})], ids=str
)
async def test_a_task_that_is_not_known_is_not_found(
    scripted: Scripted, opened: Any, api: str, status: int, body: Any
) -> None:
    scripted.says(status, body)
    with pytest.raises(GenerationNotFound):
        await opened(WIRES[api][1](scripted.url)).get_generation({"v1": "text2video/7", "v2": "7"}[api])


async def test_an_empty_list_is_not_found_either(scripted: Scripted, opened: Any) -> None:
    scripted.says(200, {"code": 0, "data": []})
    with pytest.raises(GenerationNotFound):
        await opened(v2(scripted.url)).get_generation("7")


@both
async def test_a_page_while_looking_may_be_asked_for_again(scripted: Scripted, opened: Any, api: str) -> None:
    scripted.says(200, "<html>hello</html>")
    with pytest.raises(Unavailable):
        await opened(WIRES[api][1](scripted.url)).get_generation({"v1": "text2video/7", "v2": "7"}[api])


# --- what became of a lost request ---


@both
@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.ERROR_AFTER, Fault.PAGE_AFTER, Fault.NO_ID])
async def test_a_lost_request_is_found_by_our_key(
    api: str, mp4: Path, opened: Any, tmp_path: Path, fault: Fault
) -> None:
    wire, build = WIRES[api]
    for picture in (None, a_picture(tmp_path)):
        with WireServer(wire(), clip=mp4, fault=fault) as server:
            provider, request = opened(build(server.base_url)), a_request(api, reference_path=picture)
            with pytest.raises(OutcomeUnknown):
                await provider.create_clip(request)
            await provider.create_clip(a_request(api, key="run-2", reference_path=picture))
            found = await provider.find_generation(request, created_after=NOW, claimed=())
            assert found is not None
            assert found.id.rpartition("/")[2] == server.charges[0].id
            assert (await provider.get_generation(found.id)).id == found.id
            assert await provider.find_generation(request, created_after=NOW, claimed=(found.id,)) is None
            assert len(server.charges) == 2


@both
async def test_a_request_that_never_came_is_not_found(api: str, mp4: Path, opened: Any) -> None:
    wire, build = WIRES[api]
    with WireServer(wire(), clip=mp4) as server:
        provider = opened(build(server.base_url))
        await provider.create_clip(a_request(api, key="run-2"))
        assert await provider.find_generation(a_request(api), created_after=NOW, claimed=()) is None


async def test_the_list_of_the_older_api_is_read_to_its_end(scripted: Scripted, opened: Any) -> None:
    def task(number: int) -> dict[str, Any]:
        return {
            "task_id": str(number),
            "task_status": "submitted",
            "task_info": {"external_task_id": f"run-{number}"},
        }

    scripted.says(400, {"code": 1201, "message": "Invalid parameters"})
    scripted.then_says(200, {"code": 0, "data": [task(number) for number in range(500)]})
    scripted.then_says(200, {"code": 0, "data": [task(500), {"task_id": "no info"}, "odd"]})
    found = await opened(v1(scripted.url)).find_generation(a_request(key="run-500"), created_after=NOW, claimed=())
    assert found is not None
    assert found.id == "text2video/500"
    assert [asked.path for asked in scripted.asked] == [
        "/v1/videos/text2video/run-500",
        "/v1/videos/text2video?pageNum=1&pageSize=500",
        "/v1/videos/text2video?pageNum=2&pageSize=500",
    ]


async def test_a_list_without_end_is_no_proof_of_absence(scripted: Scripted, opened: Any) -> None:
    scripted.says(404, {"code": 1203})
    scripted.then_says(200, {"code": 0, "data": [{"task_id": "7"}] * 500})
    with pytest.raises(OutcomeUnknown):
        await opened(v1(scripted.url)).find_generation(a_request(), created_after=NOW, claimed=())


@both
async def test_a_look_that_fails_is_no_proof_of_absence(scripted: Scripted, opened: Any, api: str) -> None:
    scripted.says(500, {"code": 5000, "message": "Server internal error"})
    with pytest.raises(Unavailable):
        await opened(WIRES[api][1](scripted.url)).find_generation(a_request(api), created_after=NOW, claimed=())


@pytest.mark.parametrize("key", ["a,b", "run 1", "../x", "é", "x" * 65])
def test_a_key_that_is_not_plain_goes_as_a_digest(key: str) -> None:
    told = external_id(key)
    assert told != key
    assert len(told) == 64
    assert told.isalnum()
    assert external_id(key) == told


# --- the account ---


@both
async def test_the_account_tells_what_is_left_of_its_packages(api: str, mp4: Path, opened: Any) -> None:
    wire, build = WIRES[api]
    with WireServer(wire(), clip=mp4) as server:
        account = await opened(build(server.base_url)).check_account()
        (call,) = server.calls
    assert account == Account(note="118.5 units are left in prepaid packages (told up to 12 hours late).")
    assert (call.method, call.path) == ("GET", "/account/costs")
    assert int(call.query["end_time"]) > int(call.query["start_time"]) > 1e12
