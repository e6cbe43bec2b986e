"""What this installation is set to, over REST."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.conftest import post

WORKSPACE = "/api/v1/workspace"


async def save(client: httpx.AsyncClient, status: int, **settings: Any) -> dict[str, Any]:
    answer = await client.put(WORKSPACE, json={"settings": settings})
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_defaults_are_set_used_and_taken_away_again(client: httpx.AsyncClient) -> None:
    saved = await save(client, 200, budget_usd=2.5, max_attempts=1)
    assert (saved["settings"]["budget_usd"], saved["settings"]["max_attempts"]) == (2.5, 1)
    assert {item["name"]: item["source"] for item in saved["defaults"]}["budget_usd"] == "here"
    project = await post(client, "video/projects", 201, {"name": "Defaults"})
    assert project["settings"]["budget_usd"] == 2.5
    assert project["settings"]["retry_policy"]["max_attempts"] == 1
    await save(client, 200)
    read = (await client.get(WORKSPACE)).json()
    assert read["settings"]["budget_usd"] is None
    assert {item["source"] for item in read["defaults"]} <= {"built_in", "environment"}


async def test_what_makes_no_sense_is_refused_and_nothing_is_changed(client: httpx.AsyncClient) -> None:
    for wrong in ({"budget_usd": -1}, {"max_attempts": 0}, {"surprise": 1}, {"reviewer_name": "a\0b"}):
        await save(client, 422, **wrong)
    assert (await save(client, 422, model="animatic"))["error"]["message"].startswith("Choose the provider")
    assert (await save(client, 422, provider="runway"))["error"]["code"] == "unknown_provider"
    assert (await client.get(WORKSPACE)).json()["settings"]["model"] == ""
