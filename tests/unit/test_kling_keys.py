"""Which of Kling's APIs the keys lead to, and the tokens of the older one: made for every request, by its clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest
import pytest_asyncio

from providers.base import AudioSupport, AuthFailed, CreateClipInput, InvalidRequest
from providers.kling import KLING_BASE_URL, PROFILE, KlingV1Provider, KlingV2Provider, create_kling
from tests.fakes.scripted import Scripted
from tests.fakes.wires.core import KEY, WireServer
from tests.fakes.wires.kling import KlingV1Wire

DAYS_OFF = 2 * 86_400.0
Open = Callable[..., KlingV1Provider]


@pytest_asyncio.fixture
async def opened() -> AsyncIterator[Open]:
    """Makes a provider for a base URL, with other keys if told, and closes it."""
    made: list[KlingV1Provider] = []

    def build(base_url: str, *, access_key: str = KEY, secret_key: str = KEY) -> KlingV1Provider:
        made.append(KlingV1Provider(base_url=base_url, access_key=access_key, secret_key=secret_key))
        return made[-1]

    yield build
    for provider in made:
        await provider.aclose()


@pytest.fixture
def server(mp4: Path) -> Iterator[WireServer]:
    with WireServer(KlingV1Wire(), clip=mp4) as server:
        yield server


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


def a_request() -> CreateClipInput:
    return CreateClipInput(key="run-1", prompt="A bay", model="kling-v3", seconds=8, size="1280x720")


async def test_every_request_has_a_token_of_its_own(server: WireServer, opened: Open) -> None:
    provider = opened(server.base_url)
    made = await provider.create_clip(a_request())
    await provider.get_generation(made.id)
    for call in server.calls:
        claims = jwt.decode(
            call.headers["authorization"].removeprefix("Bearer "), KEY.ljust(32, "\0"), algorithms=["HS256"]
        )
        assert claims["iss"] == KEY
        assert claims["exp"] - datetime.now(UTC).timestamp() == pytest.approx(1800, abs=10)


@pytest.mark.parametrize("ahead", [-DAYS_OFF, -3600.0, -60.0, 3600.0, DAYS_OFF])
async def test_another_clock_is_read_off_once_and_remembered(mp4: Path, opened: Open, ahead: float) -> None:
    with WireServer(KlingV1Wire(clock_ahead_seconds=ahead), clip=mp4) as server:
        provider = opened(server.base_url)
        made = await provider.create_clip(a_request())
        assert (len(server.calls), len(server.charges)) == (2, 1)
        assert server.calls[0].body == server.calls[1].body
        await provider.get_generation(made.id)
        assert len(server.calls) == 3


async def test_a_clock_that_says_one_thing_and_does_another_is_given_up(mp4: Path, opened: Open) -> None:
    with WireServer(KlingV1Wire(clock_ahead_seconds=DAYS_OFF, tells_clock=False), clip=mp4) as server:
        with pytest.raises(AuthFailed, match="expired"):
            await opened(server.base_url).create_clip(a_request())
        assert (len(server.calls), len(server.charges)) == (2, 0)


async def test_a_refused_key_is_not_tried_again(server: WireServer, opened: Open) -> None:
    with pytest.raises(AuthFailed):
        await opened(server.base_url, secret_key="another-secret").create_clip(a_request())
    assert (len(server.calls), len(server.charges)) == (1, 0)


@pytest.mark.parametrize(
    "keys",
    [
        {"access_key": "ak-\n4711"},
        {"secret_key": "sk-\r\n4711"},
        {"secret_key": "sk- 4711"},
        {"secret_key": "сekret-4711"},
        {"access_key": ""},
        {"secret_key": " "},
    ],
    ids=repr,
)
async def test_a_key_that_cannot_be_one_is_neither_sent_nor_shown(
    server: WireServer, opened: Open, keys: dict[str, str]
) -> None:
    provider = opened(server.base_url, **keys)
    with pytest.raises(AuthFailed) as caught:
        await provider.create_clip(a_request())
    assert not server.calls
    assert "4711" not in f"{provider!r} {caught.value!r} {caught.value}"


@pytest.mark.parametrize("code", [1003, 1004])
async def test_a_paid_request_is_sent_again_only_after_a_401(scripted: Scripted, opened: Open, code: int) -> None:
    scripted.says(500, {"code": code, "message": "odd"})
    with pytest.raises(AuthFailed):
        await opened(scripted.url).create_clip(a_request())
    assert len(scripted.asked) == 1


async def test_keys_decide_which_api_is_spoken() -> None:
    new = create_kling(api_key=KEY, access_key=KEY, secret_key=KEY, model="kling-3.0-turbo")
    old = create_kling(access_key=KEY, secret_key=KEY)
    assert isinstance(new, KlingV2Provider)
    assert new.profile.models[0] == "kling-3.0-turbo"
    assert new.profile.audio is AudioSupport.NATIVE
    assert isinstance(old, KlingV1Provider)
    assert old.profile == PROFILE
    assert KEY not in f"{new!r} {old!r}"
    await new.aclose()
    await old.aclose()


async def test_generations_of_the_two_apis_are_told_apart_although_they_share_a_host() -> None:
    old, new = create_kling(access_key=KEY, secret_key=KEY), create_kling(api_key=KEY)
    assert (old.endpoint, new.endpoint) == (f"{KLING_BASE_URL}/v1", f"{KLING_BASE_URL}/v2")
    for provider in (old, new):  # told where a take was asked for, people put that into the base URL
        again = type(provider)(base_url=provider.endpoint)
        assert (again.endpoint, repr(again)) == (provider.endpoint, repr(provider))
        await again.aclose()
        await provider.aclose()


@pytest.mark.parametrize("name", ["access_key", "secret_key"])
async def test_neither_key_comes_back_when_an_error_quotes_it(scripted: Scripted, opened: Open, name: str) -> None:
    keys = {"access_key": "access-0815", "secret_key": "secret-4711"}
    scripted.says(400, {"code": 1201, "message": f"{'x' * 293} {keys[name]} is wrong"})
    with pytest.raises(InvalidRequest) as caught:
        await opened(scripted.url, **keys).create_clip(a_request())
    assert keys[name][:4] not in str(caught.value)


@pytest.mark.parametrize("keys", [{"api_key": KEY, "model": "kling-v3"}, {"access_key": KEY, "model": "kling-3.0"}])
def test_a_model_of_the_other_api_is_refused_at_once(keys: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="Kling sells"):
        create_kling(**keys)
