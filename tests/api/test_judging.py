"""What people say about takes and how strictly those are judged, over REST."""

from __future__ import annotations

from typing import Any

import httpx

from tests.api.conftest import Film, post


async def put(client: httpx.AsyncClient, path: str, status: int, body: Any) -> dict[str, Any]:
    response = await client.put(f"/api/v1/video/{path}", json=body)
    assert response.status_code == status, response.text
    return response.json()


async def get(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    response = await client.get(f"/api/v1/video/{path}")
    assert response.status_code == 200, response.text
    return response.json()


async def test_policy_is_tried_used_and_taken_back(running_client: httpx.AsyncClient, film: Film) -> None:
    project = f"projects/{film.plan['project_id']}"
    before = await get(running_client, f"{project}/policy")
    assert not before["is_own"] and before["policy"]["min_weight_percent"] == 50
    strict = {**before["policy"], "min_weight_percent": 90}
    tried = await post(running_client, f"video/{project}/what-if", 200, {"policy": strict})
    assert tried["takes"] == len(tried["changed"]) == 2
    assert tried["before"]["pass"] == tried["after"]["needs_review"] == 2
    assert await get(running_client, f"{project}/policy") == before
    used = await put(running_client, f"{project}/policy", 200, {"policy": strict})
    assert used["is_own"] and used["policy"] == strict
    assert await put(running_client, f"{project}/policy", 200, {"policy": None}) == before


async def test_policy_is_refused_with_the_field_that_is_wrong(running_client: httpx.AsyncClient, film: Film) -> None:
    wrong = {"weights_percent": {"transcript_match": 100}}
    answer = await put(running_client, f"projects/{film.plan['project_id']}/policy", 422, {"policy": wrong})
    assert answer["error"]["message"].startswith("policy.weights_percent: ")
    assert "continuity" in answer["error"]["message"]


async def test_verdict_and_clip_follow_a_corrected_check(running_client: httpx.AsyncClient, film: Film) -> None:
    clip_id = film.plan["clips"][1]["id"]
    run_id = (await running_client.get(f"/api/v1/sora/videos/{clip_id}")).json()["run_id"]
    check = f"takes/{run_id}/checks/no_artifacts"
    worse = await put(running_client, check, 200, {"status": "fail", "reason": "It flickers", "by": "Ada"})
    assert (worse["verdict"], worse["is_accepted"]) == ("fail", False)
    better = await put(running_client, check, 200, {"status": "pass", "reason": "It does not"})
    assert (better["verdict"], better["is_accepted"]) == ("pass", True)
    assert [(d["by"], d["check"], d["old"], d["new"]) for d in better["decisions"]] == [
        ("Ada", "no_artifacts", "pass", "fail"),
        ("local", "no_artifacts", "fail", "pass"),
    ]
    approved = await post(running_client, f"video/takes/{run_id}/approve", 200, {"reason": "I like it", "by": "Ada"})
    assert (approved["override"], approved["decisions"][-1]["by"]) == ("approved", "Ada")
    await post(running_client, f"video/takes/{run_id}/reject", 422, {"reason": "  "})
    await put(running_client, f"takes/{run_id}/checks/beauty", 422, {"status": "pass", "reason": "It is"})
    found = await get(running_client, f"calibration?project_id={film.plan['project_id']}")
    assert found["overall"]["right_passes"] == 1 and found["overall"]["precision"] is None
    assert (await get(running_client, "calibration"))["weeks"]


async def test_a_decision_is_taken_back_once(running_client: httpx.AsyncClient, film: Film) -> None:
    clip_id = film.plan["clips"][0]["id"]
    run_id = (await running_client.get(f"/api/v1/sora/videos/{clip_id}")).json()["run_id"]
    rejected = await post(running_client, f"video/takes/{run_id}/reject", 200, {"reason": "Wrong words"})
    assert (rejected["override"], rejected["is_accepted"]) == ("rejected", False)
    back = await post(running_client, f"video/takes/{run_id}/take-back", 200, {"by": "Ada"})
    assert (back["override"], back["is_accepted"]) == ("", True)
    assert back["decisions"][-1]["new"] == "taken_back"
    again = await post(running_client, f"video/takes/{run_id}/take-back", 409, {})
    assert again["error"]["code"] == "conflict"


async def test_assessments_and_what_waits_are_listed(running_client: httpx.AsyncClient, film: Film) -> None:
    project = film.plan["project_id"]
    page = await get(running_client, f"assessments?project_id={project}&order=worst&limit=1")
    assert (page["total"], len(page["takes"])) == (2, 1)
    assert page["takes"][0]["project_id"] == project
    assert (await get(running_client, f"needs-you?project_id={project}"))["total"] == 0
    for wrong in ("order=loudest", "limit=0", "verdict=maybe", "days=0", "after=x", "project_id=../etc"):
        assert (await running_client.get(f"/api/v1/video/assessments?{wrong}")).status_code == 422
