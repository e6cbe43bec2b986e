"""The direct routes: one prompt becomes one clip, which can be downloaded and remixed."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import poll, post


def is_over(view: dict[str, object]) -> bool:
    return bool(view["video_url"] or view["error_code"]) and view["status"] in ("assessed", "settled")


async def test_one_clip_is_made_when_a_request_is_sent_twice_with_one_key(client: httpx.AsyncClient) -> None:
    body = {"prompt": "A lighthouse at dusk", "seconds": 4, "size": "320x180"}
    headers = {"Idempotency-Key": "press-1"}
    first, again = [(await client.post("/api/v1/sora/generate", json=body, headers=headers)).json() for _ in range(2)]
    other = (await client.post("/api/v1/sora/generate", json=body, headers={"Idempotency-Key": "press-2"})).json()
    assert first["clip_id"] == again["clip_id"]
    assert other["clip_id"] != first["clip_id"]


async def test_clip_is_made_downloaded_and_remixed_when_prompted(running_client: httpx.AsyncClient) -> None:
    body = {"prompt": "A paper boat drifts down a rainy street.", "seconds": 4, "seed": 7}
    video = await post(running_client, "sora/generate", 202, body)
    url = f"/api/v1/sora/videos/{video['clip_id']}"
    made = await poll(running_client, url, until=is_over)
    assert not made["error_code"], made["error_message"]
    assert made["seconds"] == 4

    whole = await running_client.get(f"{url}/content")
    assert whole.status_code == 200
    assert whole.content[4:8] == b"ftyp"
    assert whole.headers["content-disposition"].startswith("attachment")
    part = await running_client.get(f"{url}/content", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    head = await running_client.head(f"{url}/content")
    assert head.headers["content-length"] == str(len(whole.content))

    remix = await post(running_client, "sora/remix", 202, {"video_id": video["clip_id"], "prompt": "at dusk"})
    assert remix["clip_id"] != video["clip_id"]
    remixed = await poll(running_client, f"/api/v1/sora/videos/{remix['clip_id']}", until=is_over)
    assert not remixed["error_code"], remixed["error_message"]


async def test_content_and_remix_are_refused_when_video_is_not_finished(client: httpx.AsyncClient) -> None:
    video = await post(client, "sora/generate", 202, {"prompt": "A lighthouse at night."})
    for response in (
        await client.get(f"/api/v1/sora/videos/{video['clip_id']}/content"),
        await client.post("/api/v1/sora/remix", json={"video_id": video["clip_id"], "prompt": "at dusk"}),
    ):
        assert response.status_code == 409
        assert response.json()["error"]["code"] == "conflict"


async def test_prompt_is_improved_when_asked(client: httpx.AsyncClient) -> None:
    answer = await post(client, "sora/optimize-prompt", 200, {"prompt": "a cat on a roof"})
    assert "cat" in answer["prompt"]
    assert len(answer["prompt"]) > len("a cat on a roof")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "prompt"),
        ({"prompt": "   "}, "prompt"),
        ({"prompt": "x" * 8001}, "prompt"),
        ({"prompt": "boat", "seconds": -1}, "seconds"),
        ({"prompt": "boat", "size": "big"}, "size"),
        ({"prompt": "boat", "seed": -1}, "seed"),
        ({"prompt": "boat", "variations": 5}, "variations"),
        ({"prompt": "boat", "reference": "../picture"}, "reference"),
        ({"prompt": "boat", "duration": 4}, "duration"),
    ],
)
async def test_generate_is_refused_when_body_does_not_fit(
    client: httpx.AsyncClient, body: dict[str, object], place: str
) -> None:
    response = await client.post("/api/v1/sora/generate", json=body)
    assert response.status_code == 422
    assert response.json()["error"]["message"].startswith(f"{place}: ")


async def test_generate_is_refused_when_provider_is_unknown(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/sora/generate", json={"prompt": "boat", "provider": "nobody"})
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "unknown_provider"


async def test_variations_are_listed_and_only_the_first_wish_counts_when_a_request_is_sent_twice(
    client: httpx.AsyncClient,
) -> None:
    body = {"prompt": "A lighthouse in fog", "seconds": 4, "size": "320x180", "variations": 3}
    headers = {"Idempotency-Key": "press-variations"}
    first, again = [(await client.post("/api/v1/sora/generate", json=body, headers=headers)).json() for _ in range(2)]
    assert first["clip_id"] == again["clip_id"]
    wish = (await client.get(f"/api/v1/sora/videos/{first['clip_id']}/variations")).json()
    assert len({take["clip_id"] for take in wish["takes"]}) == 3
    listed = (await client.get("/api/v1/sora/videos", params={"limit": 1})).json()
    assert [one["id"] for one in listed["wishes"]] == [wish["id"]]


async def test_a_deleted_video_is_not_found_until_it_is_restored(client: httpx.AsyncClient) -> None:
    video = await post(client, "sora/generate", 202, {"prompt": "A boat."})
    url = f"/api/v1/sora/videos/{video['clip_id']}"
    assert [(await client.delete(url)).status_code for _ in range(2)] == [200, 200]
    assert (await client.get(url)).status_code == 404
    await post(client, f"sora/videos/{video['clip_id']}/restore", 200, {})
    assert (await client.get(url)).status_code == 200


async def test_what_is_not_made_yet_is_not_compared_or_added(client: httpx.AsyncClient) -> None:
    video = await post(client, "sora/generate", 202, {"prompt": "A quay."})
    project = await post(client, "video/projects", 201, {"name": "Quay"})
    to_add = await client.post(f"/api/v1/sora/videos/{video['clip_id']}/storyboard", json={"project_id": project["id"]})
    assert to_add.status_code == 409
    unknown = "00000000-0000-0000-0000-000000000000"
    chosen = {"chosen_run_id": unknown, "other_run_id": unknown}
    assert (await client.post("/api/v1/sora/preferences", json=chosen)).status_code == 404
