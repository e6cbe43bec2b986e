"""The walk over REST: from a script to an MP4, with zero keys."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from orchestrator.bootstrap import App
from orchestrator.media.probe import probe
from tests.api.conftest import LINES, SCRIPT, Film, poll, post


async def test_film_is_made_when_walked_over_rest(film: Film) -> None:
    plan = film.plan
    assert plan["status"] == "completed", plan["message"]
    assert [clip["text"] for clip in plan["clips"]] == LINES
    assert plan["passed"] == len(LINES)
    assert all(clip["status"] == "passed" and clip["verdict"] == "pass" for clip in plan["clips"])
    assert film.render["status"] == "done", film.render["error"]
    assert film.render["progress"] == 1


async def test_film_is_whole_when_downloaded_in_ranges(
    running_client: httpx.AsyncClient, film: Film, tmp_path: Path
) -> None:
    url = film.render["video_url"]
    size_bytes = int((await running_client.head(url)).headers["content-length"])
    step = size_bytes // 3 + 1
    parts: list[bytes] = []
    for start in range(0, size_bytes, step):
        part = await running_client.get(url, headers={"Range": f"bytes={start}-{start + step - 1}"})
        assert part.status_code == 206
        parts.append(part.content)
    path = tmp_path / "film.mp4"
    path.write_bytes(b"".join(parts))
    assert path.stat().st_size == size_bytes
    assert probe(path).video_seconds == pytest.approx(film.render["duration_seconds"], abs=0.1)


async def test_starting_twice_makes_nothing_again_when_the_plan_is_done(
    running_client: httpx.AsyncClient, film: Film
) -> None:
    url = f"/api/v1/video/clip-plans/{film.plan['id']}/status"
    before = await poll(running_client, url, until=lambda view: not view["is_active"])
    await post(running_client, f"video/clip-plans/{film.plan['id']}/start", 202)
    after = await poll(running_client, url, until=lambda view: not view["is_active"])
    assert after["creates"] == before["creates"]


async def test_newest_take_is_assessed_again_when_asked(running_client: httpx.AsyncClient, film: Film) -> None:
    clip_id = film.plan["clips"][0]["id"]
    take = await post(running_client, f"video/clips/{clip_id}/assess", 202)
    assert take["clip_id"] == clip_id
    assert take["run_id"]


async def test_another_take_is_made_when_a_clip_is_retried(
    running_client: httpx.AsyncClient, running_app: App, film: Film
) -> None:
    clip_id = film.plan["clips"][-1]["id"]
    before = len(running_app.views.takes(clip_id))
    answer = await post(running_client, f"video/clips/{clip_id}/retry", 202)
    assert answer["clip_id"] == clip_id
    url = f"/api/v1/video/clip-plans/{film.plan['id']}/status"
    await poll(
        running_client,
        url,
        until=lambda view: len(running_app.views.takes(clip_id)) == before + 1 and not view["is_active"],
    )


async def test_plan_is_drafted_with_the_newest_brief_when_none_is_sent(
    client: httpx.AsyncClient, idle_app: App
) -> None:
    project = await post(client, "video/projects", 201, {"name": "Briefed"})
    stored = await post(
        client, "video/briefs", 201, {"project_id": project["id"], "brief": {"title": "Kettle", "tone": "warm"}}
    )
    assert stored["brief"]["tone"] == "warm"
    plan = await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})
    assert plan["status"] == "planned"
    assert plan["cost_usd"] == 0
    assert idle_app.views.project(project["id"]).brief.tone == "warm"


async def test_project_settings_are_kept_when_sent(client: httpx.AsyncClient) -> None:
    settings = {"words_per_minute": 120, "budget_usd": 2.5, "transition": {"kind": "crossfade", "seconds": 0.5}}
    project = await post(client, "video/projects", 201, {"name": "Slow", "settings": settings})
    assert project["name"] == "Slow"
    assert project["settings"]["words_per_minute"] == 120
    assert project["settings"]["transition"] == {"kind": "crossfade", "seconds": 0.5}


@pytest.mark.parametrize(
    ("script", "code"), [("  \n ", "empty_script"), ("One more sentence is spoken here. " * 400, "script_too_long")]
)
async def test_plan_is_refused_when_script_cannot_be_filmed(client: httpx.AsyncClient, script: str, code: str) -> None:
    project = await post(client, "video/projects", 201, {})
    response = await client.post("/api/v1/video/clip-plans", json={"project_id": project["id"], "script": script})
    assert response.status_code == 422
    assert response.json()["error"]["code"] == code


async def test_render_is_refused_when_no_clip_is_made(client: httpx.AsyncClient) -> None:
    project = await post(client, "video/projects", 201, {})
    plan = await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})
    response = await client.post("/api/v1/video/renders", json={"clip_plan_id": plan["id"]})
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "conflict"


async def test_partial_film_is_made_of_slates_when_asked_for_before_the_start(client: httpx.AsyncClient) -> None:
    project = await post(client, "video/projects", 201, {"settings": {"size": "320x180"}})
    plan = await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})
    body = {"clip_plan_id": plan["id"], "has_slates": True}
    render = await post(client, "video/renders", 202, body)
    assert (render["is_partial"], render["missing_clips"]) == (True, len(LINES))
    render = await poll(
        client, f"/api/v1/video/renders/{render['id']}", until=lambda view: view["status"] in ("done", "failed")
    )
    assert render["status"] == "done", render["error"]
    assert render["duration_seconds"] == plan["total_seconds"]
    status = await client.get(f"/api/v1/video/clip-plans/{plan['id']}/status")
    assert (status.json()["status"], status.json()["render"]) == ("planned", None)
    assert status.json()["partial"]["id"] == render["id"]


async def test_a_clip_is_changed_and_ordered_before_it_is_made(client: httpx.AsyncClient) -> None:
    project = await post(client, "video/projects", 201, {})
    plan = await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})
    url, ids = "/api/v1/video", [clip["id"] for clip in plan["clips"]]
    words = "Every morning the old kettle sings long before sunrise, and the whole house is awake."
    changed = (await client.patch(f"{url}/clips/{ids[0]}", json={"text": words, "visual_intent": "A kettle"})).json()
    clip = changed["clips"][0]
    assert (clip["text"], clip["words"], clip["seconds"], clip["visual_intent"]) == (words, 15, 8, "A kettle")
    assert changed["total_seconds"] == plan["total_seconds"] + 4
    refused = await client.patch(f"{url}/clips/{ids[0]}", json={"text": "word " * 31})
    assert refused.status_code == 422 and "holds 30" in refused.json()["error"]["message"]
    ordered = await client.put(f"{url}/clip-plans/{plan['id']}/order", json={"clip_ids": ids[::-1]})
    assert [clip["id"] for clip in ordered.json()["clips"]] == ids[::-1]


async def test_a_plan_is_paused_cancelled_and_given_money_when_asked(client: httpx.AsyncClient) -> None:
    project = await post(client, "video/projects", 201, {})
    plan = await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})
    url = f"video/clip-plans/{plan['id']}"
    assert (await client.post(f"/api/v1/{url}/pause")).status_code == 409
    await post(client, f"{url}/start", 202)
    assert (await post(client, f"{url}/pause", 202))["status"] == "paused"
    funded = await client.put(f"/api/v1/{url}/budget", json={"budget_usd": 3.5})
    assert (funded.json()["status"], funded.json()["budget_usd"]) == ("running", 3.5)
    assert (await post(client, f"{url}/retry", 202))["failed"] == 0
    for _ in range(2):
        assert (await post(client, f"{url}/cancel", 202))["status"] == "cancelled"
