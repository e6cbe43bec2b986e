"""The sound of a take as it is drawn, over REST."""

from __future__ import annotations

import httpx

from tests.api.conftest import Film


async def test_the_sound_of_a_take_is_told_in_as_many_stretches_as_asked_for(
    running_client: httpx.AsyncClient, film: Film
) -> None:
    address = film.plan["clips"][0]["video_url"]
    answer = await running_client.get(f"{address}/peaks", params={"bins": 50})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    sound = answer.json()
    assert len(sound["peaks"]) == 50
    assert 0.1 < max(sound["peaks"]) <= 1
    assert abs(sound["seconds"] - film.plan["clips"][0]["seconds"]) < 0.5


async def test_only_videos_have_a_sound_and_stretches_are_bounded(
    running_client: httpx.AsyncClient, film: Film
) -> None:
    clip = film.plan["clips"][0]
    assert (await running_client.get(f"{clip['poster_url']}/peaks")).status_code == 422
    assert (await running_client.get("/api/v1/media/no-such-asset/peaks")).status_code == 404
    for bins in (0, 15, 2001):
        assert (await running_client.get(f"{clip['video_url']}/peaks", params={"bins": bins})).status_code == 422
