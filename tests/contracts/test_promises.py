"""What a profile promises is what the adapter does: looking up, cancelling, remixing, pictures, lengths and sizes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from providers.base import (
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderProfile,
    RateLimited,
    RemixClipInput,
    Retired,
    VideoProvider,
)
from tests.contracts.rig import CLOCK_SKEW, STANDS, Walk, a_request, count_frames
from tests.fakes.wires.core import Fault, Made, OtherHost, WireServer


class Bench(NamedTuple):
    """A provider, its service, and a way to have a second process ask the same service."""

    provider: VideoProvider
    another: VideoProvider
    server: WireServer


@asynccontextmanager
async def bench(column: str, mp4: Path) -> AsyncIterator[Bench]:
    with OtherHost(clip=mp4) as other, STANDS[column].server(mp4) as server:
        one, two = (STANDS[column].provider(server, other, None) for _ in range(2))
        yield Bench(one, two, server)
        await one.aclose()
        await two.aclose()


def profile_of(column: str) -> ProviderProfile:
    stand = STANDS[column]
    return stand.build(base_url=stand.world or "http://127.0.0.1:9", key="k", transport=None).profile


def columns_that(**facts: Any) -> list[str]:
    """Columns whose profile has these facts."""
    return [c for c in STANDS if all(getattr(profile_of(c), name) == value for name, value in facts.items())]


def is_same(generation: Generation, made: Made) -> bool:
    """Some ids are composed of the wire's own and the place to ask for it."""
    return generation.id.endswith(made.id)


async def lose_answer(provider: VideoProvider, request: CreateClipInput, server: WireServer) -> None:
    server.fault, server.times = Fault.ANSWER_LOST, len(server.charges) + 9
    with pytest.raises(OutcomeUnknown):
        await provider.create_clip(request)
    server.fault = Fault.NONE


# --- looking up ---


@pytest.mark.parametrize("column", columns_that(supports_reconcile=True))
async def test_lost_generation_is_told_from_those_of_others(column: str, mp4: Path, tmp_path: Path) -> None:
    async with bench(column, mp4) as (provider, another, server):
        before = datetime.now(UTC) - CLOCK_SKEW
        first = await provider.create_clip(a_request(provider, tmp_path, key="first"))
        request = a_request(provider, tmp_path, key="second")
        await lose_answer(provider, request, server)
        for asked in (provider, another):
            found = await asked.find_generation(request, created_after=before, claimed={first.id})
            assert found is not None and is_same(found, server.charges[1])
            assert (await asked.get_generation(found.id)).id == found.id
        assert len(server.charges) == 2


@pytest.mark.parametrize("column", columns_that(supports_reconcile=True))
async def test_nothing_is_found_when_nothing_was_accepted(column: str, mp4: Path, tmp_path: Path) -> None:
    async with bench(column, mp4) as (provider, another, server):
        before = datetime.now(UTC) - CLOCK_SKEW
        first = await provider.create_clip(a_request(provider, tmp_path, key="first"))
        server.fault = Fault.RATE_LIMITED
        request = a_request(provider, tmp_path, key="second")
        with pytest.raises(RateLimited):
            await provider.create_clip(request)
        server.fault = Fault.NONE
        for asked in (provider, another):
            assert await asked.find_generation(request, created_after=before, claimed={first.id}) is None


@pytest.mark.parametrize("column", columns_that(supports_reconcile=True))
@pytest.mark.parametrize("ahead", [-300.0, 300.0])
async def test_lost_generation_is_found_when_the_clocks_differ(
    column: str, ahead: float, mp4: Path, tmp_path: Path
) -> None:
    async with bench(column, mp4) as (provider, another, server):
        server.clock_ahead_seconds = ahead
        before, request = datetime.now(UTC) - CLOCK_SKEW, a_request(provider, tmp_path)
        await lose_answer(provider, request, server)
        found = await another.find_generation(request, created_after=before, claimed=())
        assert found is not None and is_same(found, server.charges[0])
        if column not in ("kling-v1", "kling-v2"):  # it is known there by our own id, whenever it was made
            late = datetime.now(UTC) + timedelta(minutes=1)
            assert await another.find_generation(request, created_after=late, claimed=()) is None


@pytest.mark.parametrize("column", columns_that(supports_reconcile=True))
@pytest.mark.parametrize("fact", ["prompt", "seconds", "size", "model"])
async def test_generation_is_not_adopted_when_one_fact_differs(
    column: str, fact: str, mp4: Path, tmp_path: Path
) -> None:
    if fact == "prompt" and column in ("sglang", "minimax"):
        pytest.skip("Its list does not tell prompts.")
    if fact == "model" and column == "vllm-omni":
        pytest.skip("It serves one model.")
    async with bench(column, mp4) as (provider, another, _):
        profile = provider.profile
        await provider.create_clip(a_request(provider, tmp_path, key="first"))
        others = {
            "prompt": "Something else entirely.",
            "seconds": profile.durations_seconds[-1],
            "size": profile.sizes[1],
            "model": profile.models[1],
        }
        request = a_request(provider, tmp_path, key="second", **{fact: others[fact]})
        assert request.model_dump()[fact] != a_request(provider, tmp_path).model_dump()[fact]
        early = datetime.now(UTC) - CLOCK_SKEW
        if fact != "prompt" and column in ("openai", "vllm-omni", "litellm"):
            # the same words: servers round and rename the rest, so it may be the lost one
            with pytest.raises(OutcomeUnknown):
                await another.find_generation(request, created_after=early, claimed=())
        else:
            assert await another.find_generation(request, created_after=early, claimed=()) is None


@pytest.mark.parametrize("column", columns_that(supports_reconcile=True))
async def test_generation_is_not_adopted_when_it_is_older_than_the_request(
    column: str, mp4: Path, tmp_path: Path
) -> None:
    async with bench(column, mp4) as (provider, another, _):
        await provider.create_clip(a_request(provider, tmp_path, key="first"))
        request, late = a_request(provider, tmp_path, key="second"), datetime.now(UTC) + timedelta(minutes=5)
        assert await another.find_generation(request, created_after=late, claimed=()) is None


@pytest.mark.parametrize("column", columns_that(supports_reconcile=False))
async def test_looking_up_is_refused_where_it_is_not_promised(column: str, mp4: Path, tmp_path: Path) -> None:
    async with bench(column, mp4) as (provider, _, server):
        with pytest.raises(InvalidRequest):
            await provider.find_generation(a_request(provider, tmp_path), created_after=datetime.now(UTC), claimed=())
        assert not server.calls


# --- cancelling ---


@pytest.mark.parametrize("column", columns_that(supports_cancel=True))
async def test_generation_that_waits_is_stopped(column: str, mp4: Path, tmp_path: Path) -> None:
    async with bench(column, mp4) as (provider, _, _server):
        made = await provider.create_clip(a_request(provider, tmp_path))
        if await provider.cancel(made.id):
            with suppress(GenerationNotFound):
                assert (await provider.get_generation(made.id)).status is GenerationStatus.CANCELLED
            assert await provider.cancel(made.id) is False
        else:  # OpenAI's own DELETE is for finished videos only
            assert column in ("openai", "litellm")
        with suppress(Retired):
            assert await provider.cancel("never-heard-of") is False


@pytest.mark.parametrize("column", STANDS)
async def test_finished_clip_is_not_thrown_away_by_a_late_cancel(column: str, mp4: Path, tmp_path: Path) -> None:
    async with bench(column, mp4) as (provider, _, _server):
        walk = Walk(provider, a_request(provider, tmp_path), tmp_path / "clips")
        created: list[Generation] = []
        walk.on_created = created.append
        await walk.go()
        assert await provider.cancel(created[0].id) is False
        done = await provider.get_generation(created[0].id)
        assert done.status is GenerationStatus.COMPLETED
        assert count_frames(await provider.download_content(done, tmp_path / "again.mp4")) == 30


# --- deriving ---


@pytest.mark.parametrize("column", columns_that(supports_remix=True))
async def test_remix_is_one_more_generation(column: str, mp4: Path, tmp_path: Path) -> None:
    async with bench(column, mp4) as (provider, _, server):
        source = await provider.create_clip(a_request(provider, tmp_path))
        while not source.status.is_final:
            source = await provider.get_generation(source.id)
        asked = a_request(provider, tmp_path, key="run-2", prompt="Louder.").model_dump()
        request = RemixClipInput(**asked, source_generation_id=source.id)
        if column in ("vllm-omni", "sglang"):  # they have no such route, which a profile cannot know
            with pytest.raises(InvalidRequest):
                await provider.remix_clip(request)
            assert len(server.charges) == 1
            return
        remix = await provider.remix_clip(request)
        assert remix.id != source.id
        assert len(server.charges) == len(STANDS[column].creates(server)) == 2


@pytest.mark.parametrize("column", columns_that(supports_remix=False))
async def test_remix_is_refused_where_it_is_not_promised(column: str, mp4: Path, tmp_path: Path) -> None:
    async with bench(column, mp4) as (provider, _, server):
        request = RemixClipInput(**a_request(provider, tmp_path).model_dump(), source_generation_id="x")
        with pytest.raises(InvalidRequest):
            await provider.remix_clip(request)
        assert not server.calls


# --- what is sold ---


@pytest.mark.parametrize("column", columns_that(supports_reference=True))
async def test_picture_goes_along_in_one_request(column: str, mp4: Path, tmp_path: Path) -> None:
    async with bench(column, mp4) as (provider, _, server):
        request = a_request(provider, tmp_path)
        width, height = (int(side) for side in request.size.split("x"))
        Image.new("RGB", (width, height), "teal").save(tmp_path / "first.png")
        await provider.create_clip(request.model_copy(update={"reference_path": tmp_path / "first.png"}))
        assert len(server.charges) == len(STANDS[column].creates(server)) == 1
        assert b"first.png" not in server.calls[-1].body


@pytest.mark.parametrize("column", STANDS)
async def test_every_length_and_size_of_every_model_is_taken(column: str, mp4: Path, tmp_path: Path) -> None:
    """The strict services on loopback know the providers' own limits: nothing is offered that they would refuse."""
    async with bench(column, mp4) as (provider, _, server):
        asked = 0
        for model in provider.profile.models:
            facts = provider.profile.for_model(model)
            if facts.needs_reference or (column == "vllm-omni" and model != provider.profile.models[0]):
                continue
            lengths = [(seconds, facts.sizes[0]) for seconds in facts.durations_seconds]
            sizes = [(facts.durations_seconds[0], size) for size in facts.sizes]
            for seconds, size in dict.fromkeys(lengths + sizes):
                asked += 1
                await provider.create_clip(
                    a_request(provider, tmp_path, key=f"run-{asked}", model=model, seconds=seconds, size=size)
                )
                assert facts.cost_usd(model=model, seconds=seconds, size=size) > 0
        assert len(server.charges) == asked > 0


@pytest.mark.parametrize("column", STANDS)
@pytest.mark.parametrize("wrong", [{"seconds": 59}, {"size": "333x77"}, {"prompt": "word " * 10_000}])
async def test_nothing_is_charged_for_what_is_not_sold(
    column: str, wrong: dict[str, Any], mp4: Path, tmp_path: Path
) -> None:
    if column in ("vllm-omni", "sglang", "litellm") and "prompt" not in wrong:
        pytest.skip("A server of one's own may sell any length and size; it refuses by itself.")
    async with bench(column, mp4) as (provider, _, server):
        # of OpenAI's own service, which is switched off, hardly any refusal means anything else
        with pytest.raises(InvalidRequest if column != "openai" else Retired):
            await provider.create_clip(a_request(provider, tmp_path, **wrong))
        assert not server.charges


@pytest.mark.parametrize("column", STANDS)
@pytest.mark.parametrize("generation_id", ["never-heard-of", "", "..", "../../etc/passwd", "a/b?c#d", "ü", "x" * 300])
async def test_generation_is_not_found_when_its_id_is_none(column: str, generation_id: str, mp4: Path) -> None:
    async with bench(column, mp4) as (provider, _, server):
        # OpenAI's own service knows nothing any more
        with pytest.raises(GenerationNotFound if column != "openai" else (GenerationNotFound, Retired)):
            await provider.get_generation(generation_id)
        assert not [call for call in server.calls if "etc/passwd" in call.raw_path]
