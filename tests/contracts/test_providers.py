"""One suite for every provider: the mock, and the OpenAI Videos adapter against a server on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
import pytest_asyncio

from providers.base import (
    ContentRejected,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    OutcomeUnknown,
    RateLimited,
    RemixClipInput,
    VideoProvider,
)
from providers.mock import MockProvider
from providers.openai_videos import OpenAIVideosProvider
from tests.fakes.videos_server import FakeVideosServer

LINE = "A kite over the harbour."


class Rig:
    """A provider that can be told to misbehave, whatever way it has to be told."""

    def __init__(self, kind: str, folder: Path, clips: Path) -> None:
        self.kind, self.folder, self.clips = kind, folder, clips
        self._open: list[VideoProvider | FakeVideosServer] = []
        self._server: FakeVideosServer | None = None

    def provider(self, defect: str = "", *, delay_seconds: float = 0.0) -> VideoProvider:
        """``defect``: reject, rate_limit, crash_after_accept or fail; it strikes the first create."""
        if self.kind == "mock":
            root = self.folder / "mock"
            root.mkdir(exist_ok=True)
            if not (root / "cache").exists():
                (root / "cache").symlink_to(self.clips, target_is_directory=True)
            made: VideoProvider = MockProvider(
                root=root, delay_seconds=delay_seconds, defects=f"1={defect}" if defect else ""
            )
        else:
            if self._server is None:
                self._server = FakeVideosServer(self.folder, clips=self.clips).__enter__()
                self._open.append(self._server)
            does = self._server.behaviour
            does.delay = delay_seconds
            does.reject_word = LINE if defect == "reject" else ""
            does.fail_word = LINE if defect == "fail" else ""
            does.rate_limit, does.retry_after = int(defect == "rate_limit"), "1"
            does.drop_after_accept = int(defect == "crash_after_accept")
            made = OpenAIVideosProvider(base_url=self._server.base_url, api_key="sk-test")
        self._open.append(made)
        return made

    def creates(self) -> int:
        """How many creates the service accepted and would have charged."""
        if self._server is not None:
            return len(self._server.charges())
        return len(list((self.folder / "mock" / "generations").glob("*.json")))

    async def aclose(self) -> None:
        for thing in reversed(self._open):
            if isinstance(thing, FakeVideosServer):
                thing.__exit__(None, None, None)
            else:
                await thing.aclose()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest_asyncio.fixture(params=["mock", "openai_videos"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path, clips: Path) -> AsyncIterator[Rig]:
    rig = Rig(request.param, tmp_path, clips)
    yield rig
    await rig.aclose()


def a_request(provider: VideoProvider, *, key: str = "run-1", attempt: int = 1) -> CreateClipInput:
    return CreateClipInput(
        key=key,
        prompt=f'A quiet bay at dawn. "{LINE}"',
        model=provider.profile.models[0],
        seconds=4,
        size="320x180",
        line=LINE,
        labels={"position": "1", "attempt": str(attempt)},
    )


async def finish(provider: VideoProvider, generation: Generation) -> Generation:
    deadline = time.monotonic() + 60
    while not generation.status.is_final:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
        generation = await provider.get_generation(generation.id)
    return generation


async def test_clip_has_asked_size_and_length_when_created_polled_and_downloaded(rig: Rig, tmp_path: Path) -> None:
    provider = rig.provider()
    generation = await finish(provider, await provider.create_clip(a_request(provider)))
    assert generation.status is GenerationStatus.COMPLETED
    assert generation.progress == 1.0
    path = await provider.download_content(generation, tmp_path / "deep" / "take.mp4")
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (320, 180)
        assert len(container.streams.audio) == 1
        assert sum(1 for _ in container.decode(video)) == 120
        assert container.duration == 4 * av.time_base
    assert [p.name for p in path.parent.iterdir()] == ["take.mp4"]


async def test_generation_is_found_when_the_answer_was_lost(rig: Rig) -> None:
    provider = rig.provider("crash_after_accept")
    request, before = a_request(provider), datetime.now(UTC)
    with pytest.raises(OutcomeUnknown):
        await provider.create_clip(request)
    assert rig.creates() == 1
    again = rig.provider()  # a new process
    found = await again.find_generation(request, created_after=before, claimed=())
    assert found is not None
    assert (await finish(again, found)).status is GenerationStatus.COMPLETED
    assert rig.creates() == 1


async def test_nothing_is_found_when_the_generation_is_claimed_or_older(rig: Rig) -> None:
    provider = rig.provider()
    request, before = a_request(provider), datetime.now(UTC)
    made = await provider.create_clip(request)
    assert await provider.find_generation(request, created_after=before, claimed={made.id}) is None
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert await provider.find_generation(request, created_after=later, claimed=()) is None


async def test_generation_goes_on_when_the_process_restarts(rig: Rig) -> None:
    provider = rig.provider(delay_seconds=0.3)
    made = await provider.create_clip(a_request(provider))
    assert not made.status.is_final
    await provider.aclose()
    assert (await finish(rig.provider(), made)).status is GenerationStatus.COMPLETED


async def test_remix_is_a_new_generation_when_its_source_is_known(rig: Rig) -> None:
    provider = rig.provider()
    source = await finish(provider, await provider.create_clip(a_request(provider)))
    request = RemixClipInput(**a_request(provider, key="run-2", attempt=2).model_dump(), source_generation_id=source.id)
    remix = await finish(provider, await provider.remix_clip(request))
    assert remix.id != source.id
    assert remix.status is GenerationStatus.COMPLETED
    assert rig.creates() == 2


async def test_remix_is_refused_when_its_source_is_unknown(rig: Rig) -> None:
    provider = rig.provider()
    request = RemixClipInput(**a_request(provider).model_dump(), source_generation_id="mock_0bad")
    with pytest.raises(Exception, match=r"HTTP 404|does not know") as raised:
        await provider.remix_clip(request)
    assert raised.value.code in ("not_found", "invalid_request")  # pyright: ignore[reportAttributeAccessIssue]
    assert rig.creates() == 0


async def test_cancel_stops_it_when_it_is_under_way(rig: Rig) -> None:
    provider = rig.provider(delay_seconds=30)
    made = await provider.create_clip(a_request(provider))
    assert await provider.cancel(made.id) is True
    try:
        assert (await provider.get_generation(made.id)).status is GenerationStatus.CANCELLED
    except GenerationNotFound:
        assert rig.kind == "openai_videos"  # its DELETE also forgets
    assert await provider.cancel(made.id) is False


@pytest.mark.parametrize("generation_id", ["mock_00", "video_none", "../../etc/passwd", "..", "a/b?c"])
async def test_generation_is_not_found_when_its_id_is_unknown(rig: Rig, generation_id: str) -> None:
    provider = rig.provider()
    with pytest.raises(GenerationNotFound):
        await provider.get_generation(generation_id)


async def test_failed_generation_is_returned_when_the_service_fails(rig: Rig) -> None:
    provider = rig.provider("fail")
    failed = await finish(provider, await provider.create_clip(a_request(provider)))
    assert failed.status is GenerationStatus.FAILED
    assert failed.error_code and failed.error_message
    assert not failed.is_rejection


async def test_create_is_refused_when_the_prompt_is_unsafe(rig: Rig) -> None:
    provider = rig.provider("reject")
    with pytest.raises(ContentRejected):
        await provider.create_clip(a_request(provider))
    assert rig.creates() == 0


async def test_create_says_how_long_to_wait_when_rate_limited(rig: Rig) -> None:
    provider = rig.provider("rate_limit")
    with pytest.raises(RateLimited) as raised:
        await provider.create_clip(a_request(provider))
    assert raised.value.retry_after_seconds == 1.0
    assert rig.creates() == 0
    await provider.create_clip(a_request(provider))
    assert rig.creates() == 1
