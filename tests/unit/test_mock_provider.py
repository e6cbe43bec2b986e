from __future__ import annotations

import asyncio
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from providers.base import CreateClipInput, Generation, GenerationStatus, InvalidRequest
from providers.mock import MockProvider
from providers.mock.provider import quoted_line
from providers.registry import NAMES, UnknownProviderName, create_provider, profile_of


def a_request(number: int = 1, *, line: str = "", seconds: int = 4, size: str = "320x180") -> CreateClipInput:
    labels = {"position": str(number), "attempt": "1"}
    return CreateClipInput(
        key=f"k{number}", prompt="Hills", model="animatic", seconds=seconds, size=size, line=line, seed=7, labels=labels
    )


async def finish(provider: MockProvider, generation: Generation) -> Generation:
    async with asyncio.timeout(60):
        while not generation.status.is_final:
            await asyncio.sleep(0.05)
            generation = await provider.get_generation(generation.id)
    return generation


@pytest.mark.parametrize(("seconds", "size"), [(5, "320x180"), (4, "100x100")])
async def test_create_is_refused_when_the_profile_does_not_sell_it(tmp_path: Path, seconds: int, size: str) -> None:
    with pytest.raises(InvalidRequest):
        await MockProvider(root=tmp_path).create_clip(a_request(seconds=seconds, size=size))
    assert not list((tmp_path / "generations").iterdir())


async def test_same_generations_fail_when_a_failure_rate_is_set(tmp_path: Path) -> None:
    outcomes = []
    for run in ("a", "b"):
        provider = MockProvider(root=tmp_path / run, failure_rate=0.5, delay_seconds=30)
        made = [await provider.create_clip(a_request(n)) for n in range(1, 21)]
        await provider.aclose()
        late = MockProvider(root=tmp_path / run, failure_rate=0.5)
        outcomes.append([(await late.get_generation(g.id)).status is GenerationStatus.FAILED for g in made])
        await late.aclose()
    assert outcomes[0] == outcomes[1]
    assert 4 <= sum(outcomes[0]) <= 16


async def test_progress_only_grows_when_polled(tmp_path: Path) -> None:
    provider = MockProvider(root=tmp_path, delay_seconds=0.6)
    generation, seen = await provider.create_clip(a_request()), []
    async with asyncio.timeout(60):
        while not generation.status.is_final:
            seen.append(generation.progress or 0.0)
            await asyncio.sleep(0.05)
            generation = await provider.get_generation(generation.id)
    assert seen == sorted(seen) and seen[0] < 0.5 and generation.progress == 1.0


async def test_generation_fails_clearly_when_the_line_is_too_long(tmp_path: Path) -> None:
    provider = MockProvider(root=tmp_path)
    failed = await finish(provider, await provider.create_clip(a_request(line="many more words than fit " * 8)))
    assert (failed.status, failed.error_code) == (GenerationStatus.FAILED, "invalid_request")
    assert "too long" in failed.error_message


async def test_second_clip_comes_from_the_cache_when_nothing_differs(tmp_path: Path) -> None:
    provider = MockProvider(root=tmp_path)
    await finish(provider, await provider.create_clip(a_request()))
    again = await provider.get_generation((await provider.create_clip(a_request())).id)
    assert again.status is GenerationStatus.COMPLETED
    assert len(list((tmp_path / "generations").glob("*.json"))) == 2
    assert len(list((tmp_path / "cache").glob("*.mp4"))) == 1


async def test_a_clip_shows_the_picture_it_starts_from_and_another_picture_is_another_clip(tmp_path: Path) -> None:
    provider, made = MockProvider(root=tmp_path / "mock"), []
    for colour in ("red", "red", "blue"):
        path = tmp_path / f"{len(made)}.png"
        Image.new("RGB", (320, 180), colour).save(path)
        asked = a_request().model_copy(update={"reference_path": path})
        generation = await provider.create_clip(asked)
        path.unlink()  # what was asked with may go
        made.append(await finish(provider, generation))
    assert {one.status for one in made} == {GenerationStatus.COMPLETED}
    clips = [await provider.download_content(one, tmp_path / f"{one.id}.mp4") for one in made]
    assert clips[0].read_bytes() == clips[1].read_bytes()
    red, blue = (grab_frame(path) for path in clips[1:])
    assert red[0] > 180 > 60 > red[2] and blue[2] > 180 > 60 > blue[0]
    assert str(tmp_path) not in (tmp_path / "mock" / "generations" / f"{made[0].id}.json").read_text()


async def test_a_picture_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.png").write_bytes(b"no picture")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        await MockProvider(root=tmp_path).create_clip(
            a_request().model_copy(update={"reference_path": tmp_path / "none.png"})
        )


def grab_frame(path: Path) -> tuple[float, ...]:
    """The mean colour of the middle of a clip's first frame."""
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0)).to_image()
    return tuple(np.asarray(picture.crop((120, 60, 200, 100)), float).mean(axis=(0, 1)))


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ('A sign "EXIT". She says: "We ship on Monday."', "We ship on Monday."),
        ("He whispers “all is well”.", "all is well"),
        ("Rain over the bay.", ""),
    ],
)
def test_line_is_taken_from_the_prompt_when_it_is_quoted(prompt: str, line: str) -> None:
    assert quoted_line(prompt) == line


def test_registry_knows_its_providers_by_name(tmp_path: Path) -> None:
    assert {profile_of(name).name for name in NAMES} == set(NAMES)
    assert isinstance(create_provider("mock", root=tmp_path), MockProvider)
    for ask in (profile_of, create_provider):
        with pytest.raises(UnknownProviderName, match="no provider 'sorra'"):
            ask("sorra")
