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
