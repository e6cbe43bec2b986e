"""Editing over REST: clips and scenes, takes cut by hand, and the way back."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.api.conftest import LINES, SCRIPT, poll, post

WIPE = {"kind": "wipe", "seconds": 0.5}


async def make_plan(client: httpx.AsyncClient) -> dict[str, Any]:
    project = await post(client, "video/projects", 201, {"name": "Kettle"})
    return await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})


async def put(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.put(f"/api/v1/video/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_plan_is_edited_and_everything_is_undone_and_done_again(client: httpx.AsyncClient) -> None:
    plan = await make_plan(client)
    plan_id, (first, second) = plan["id"], plan["clips"]
    split = await post(client, f"video/clips/{first['id']}/split", 201, {"at_word": 3, "by": "Ada"})
    assert [clip["text"] for clip in split["plan"]["clips"][:2]] == [
        "Every morning the",
        "kettle sings before sunrise.",
    ]
    assert split["plan"]["clips"][1]["id"] == split["clip_id"]
    merged = await post(client, f"video/clip-plans/{plan_id}/merge", 201, {"clip_ids": [first["id"], split["clip_id"]]})
    assert [clip["text"] for clip in merged["plan"]["clips"]] == LINES
    copy = await post(client, f"video/clips/{second['id']}/duplicate", 201)
    scene = await post(client, f"video/clip-plans/{plan_id}/scenes", 201, {"title": "Roof"})
    in_scenes = [(second["scene_id"], [second["id"], copy["clip_id"]]), (scene["scene_id"], [merged["clip_id"]])]
    body = {"scenes": [{"scene_id": scene_id, "clip_ids": ids} for scene_id, ids in in_scenes]}
    arranged = await put(client, f"clip-plans/{plan_id}/arrangement", body)
    assert [clip["scene_title"] for clip in arranged["clips"]] == ["Street", "Street", "Roof"]
    renamed = await put(client, f"scenes/{scene['scene_id']}", {"title": "Attic"})
    assert renamed["clips"][2]["scene_title"] == "Attic"
    await put(client, f"clip-plans/{plan_id}/transition", {"transition": {"kind": "crossfade", "seconds": 1}})
    joined = await put(client, f"clips/{second['id']}/transition", {"transition": WIPE})
    assert [clip["transition"]["kind"] for clip in joined["clips"]] == ["wipe", "crossfade", "crossfade"]
    edited = await client.patch(f"/api/v1/video/clips/{second['id']}", json={"speaker": "Ada", "prompt": "A street"})
    assert (edited.json()["clips"][0]["speaker"], edited.json()["clips"][0]["own_prompt"]) == ("Ada", "A street")
    last = await post(client, f"video/clip-plans/{plan_id}/remove", 200, {"clip_ids": [copy["clip_id"]]})
    history = (await client.get(f"/api/v1/video/projects/{plan['project_id']}/edits")).json()
    assert history["undo_label"] == "Removed clip 2" and history["redo_label"] == ""
    assert [entry["by"] for entry in history["entries"] if entry["label"].startswith("Split")] == ["Ada"]
    while any(entry["kind"] == "plan" and not entry["is_undone"] for entry in history["entries"]):
        undone = await post(client, f"video/projects/{plan['project_id']}/undo", 200, {"edit_id": history["undo_id"]})
        assert undone["label"] == history["undo_label"]
        history = undone["history"]
    back = (await client.get(f"/api/v1/video/clip-plans/{plan_id}/status")).json()
    assert back["clips"] == plan["clips"]
    while history["redo_label"]:
        history = (await post(client, f"video/projects/{plan['project_id']}/redo", 200, {}))["history"]
    again = (await client.get(f"/api/v1/video/clip-plans/{plan_id}/status")).json()
    assert again["clips"] == last["clips"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "clips/{clip}/split", {"at_word": 0}, 422),
        ("POST", "clips/{clip}/split", {"at_word": 7}, 422),
        ("POST", "clips/{none}/split", {"at_word": 1}, 404),
        ("POST", "clips/{none}/duplicate", {}, 404),
        ("POST", "clip-plans/{plan}/merge", {"clip_ids": []}, 422),
        ("POST", "clip-plans/{plan}/merge", {"clip_ids": ["{clip}"]}, 422),
        ("POST", "clip-plans/{plan}/remove", {"clip_ids": ["{none}"]}, 404),
        ("PUT", "clip-plans/{plan}/arrangement", {"scenes": []}, 422),
        ("PUT", "clip-plans/{none}/transition", {"transition": WIPE}, 404),
        ("PUT", "clips/{clip}/transition", {"transition": {"kind": "melt"}}, 422),
        ("PUT", "scenes/{none}", {"title": "Roof"}, 404),
        ("POST", "clip-plans/{plan}/scenes", {"title": " "}, 422),
        ("POST", "takes/{none}/retime", {"start_seconds": 0, "end_seconds": 1}, 404),
        ("POST", "takes/{none}/retime", {"start_seconds": 0, "end_seconds": 1, "speed": 9}, 422),
        ("POST", "projects/{project}/redo", {}, 409),
        ("POST", "projects/{none}/undo", {}, 404),
        ("GET", "projects/{none}/edits", None, 404),
    ],
)
async def test_what_cannot_be_done_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, method: str, path: str, body: Any, status: int
) -> None:
    plan = await make_plan(client)
    names = {
        "plan": plan["id"],
        "clip": plan["clips"][0]["id"],
        "project": plan["project_id"],
        "none": str(uuid.uuid4()),
    }
    if body and "clip_ids" in body:
        body = {"clip_ids": [clip_id.format(**names) for clip_id in body["clip_ids"]]}
    answer = await client.request(method, f"/api/v1/video/{path.format(**names)}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert (await client.get(f"/api/v1/video/clip-plans/{plan['id']}/status")).json()["clips"] == plan["clips"]


async def test_a_take_is_cut_from_another_one_and_assessed(running_client: httpx.AsyncClient) -> None:
    """In a film of its own: the one that all share keeps the takes it was made with."""
    project = await post(running_client, "video/projects", 201, {"name": "Cut", "settings": {"size": "320x180"}})
    plan = await post(running_client, "video/clip-plans", 201, {"project_id": project["id"], "script": LINES[1]})
    (clip,) = plan["clips"]
    await post(running_client, f"video/clip-plans/{plan['id']}/start", 202)
    status = f"/api/v1/video/clip-plans/{plan['id']}/status"
    before = await poll(running_client, status, until=lambda view: not view["is_active"])
    source = (await running_client.get(f"/api/v1/sora/videos/{clip['id']}")).json()["run_id"]
    take = await post(
        running_client, f"video/takes/{source}/retime", 202, {"start_seconds": 0, "end_seconds": 3.6, "speed": 0.9}
    )
    assert take["is_active"] and take["status_text"] == "Being cut from an earlier take"
    after = await poll(running_client, status, until=lambda view: not view["is_active"])
    cut = await post(running_client, f"video/clips/{clip['id']}/assess", 202)
    assert cut["run_id"] == take["run_id"] and cut["edit"]["is_by_hand"]
    assert cut["verdict"] and cut["video_url"] and cut["cost_usd"] == 0
    assert after["creates"] == before["creates"]


# --- two people ---


async def test_a_change_of_an_older_version_is_refused_and_says_who_did_what(client: httpx.AsyncClient) -> None:
    plan = await make_plan(client)
    clip, path = plan["clips"][0], f"/api/v1/video/clips/{plan['clips'][0]['id']}"
    shown = await client.get(f"/api/v1/video/clip-plans/{plan['id']}/status")
    seen = {"If-Match": shown.headers["ETag"]}
    assert shown.headers["ETag"] == f'"{shown.json()["version"]}"'
    first = await client.patch(path, json={"text": "A lamp is lit.", "by": "Ada"}, headers=seen)
    assert first.status_code == 200 and first.headers["ETag"] != seen["If-Match"]
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", path, {"text": "A lamp is out."}),
        ("PUT", f"{path}/transition", {"transition": WIPE}),
        ("POST", f"{path}/split", {"at_word": 2}),
        ("POST", f"{path}/duplicate", {}),
        ("PUT", f"/api/v1/video/scenes/{clip['scene_id']}", {"title": "Roof"}),
        ("PUT", f"/api/v1/video/clip-plans/{plan['id']}/order", {"clip_ids": [c["id"] for c in plan["clips"]][::-1]}),
        ("PUT", f"/api/v1/video/clip-plans/{plan['id']}/transition", {"transition": WIPE}),
        ("POST", f"/api/v1/video/clip-plans/{plan['id']}/remove", {"clip_ids": [clip["id"]]}),
        ("POST", "/api/v1/video/clip-plans", {"project_id": plan["project_id"], "script": "Another one."}),
        ("PATCH", f"/api/v1/video/projects/{plan['project_id']}", {"name": "Port"}),
        ("POST", "/api/v1/video/briefs", {"project_id": plan["project_id"], "brief": {"tone": "loud"}}),
        ("POST", f"/api/v1/video/clip-plans/{plan['id']}/scenes", {"title": "Night"}),
        ("PUT", f"/api/v1/video/clip-plans/{plan['id']}/budget", {"budget_usd": 9}),
        ("PUT", f"/api/v1/video/projects/{plan['project_id']}/policy", {"policy": None}),
        ("POST", f"/api/v1/video/clip-plans/{plan['id']}/start", {}),
        ("POST", f"/api/v1/video/clip-plans/{plan['id']}/pause", {}),
        ("POST", f"/api/v1/video/clip-plans/{plan['id']}/cancel", {}),
    ]
    for method, address, body in changes:
        late = await client.request(method, address, json=body, headers=seen)
        assert (late.status_code, late.json()["error"]["code"]) == (409, "changed_meanwhile"), (method, address)
        assert "Ada changed this project" in late.json()["error"]["message"]
    now = await client.get(f"/api/v1/video/clip-plans/{plan['id']}/status")
    assert now.headers["ETag"] == first.headers["ETag"]
    assert (await client.patch(path, json={"text": "A lamp is out."})).status_code == 200  # as ever
    any_version = await client.patch(path, json={"text": "A lamp."}, headers={"If-Match": "*"})
    assert any_version.status_code == 200
    for wrong in ("", "seven", '"-1"', '"1", "2"', '"99999999999"'):
        refused = await client.patch(path, json={"text": "x"}, headers={"If-Match": wrong})
        assert refused.status_code == 422 and "version of a project" in refused.json()["error"]["message"]


async def test_what_is_started_and_stopped_as_it_was_seen_tells_its_new_version(client: httpx.AsyncClient) -> None:
    plan = await make_plan(client)
    address = f"/api/v1/video/clip-plans/{plan['id']}"
    seen = {"If-Match": (await client.get(f"{address}/status")).headers["ETag"]}
    for act in ("start", "pause", "cancel"):
        done = await client.post(f"{address}/{act}", headers=seen)
        assert done.status_code == 202 and done.headers["ETag"] != seen["If-Match"], act
        late = await client.post(f"{address}/{act}", headers=seen)
        assert (late.status_code, late.json()["error"]["code"]) == (409, "changed_meanwhile")
        seen = {"If-Match": done.headers["ETag"]}
    brief = {"project_id": plan["project_id"], "brief": {"tone": "loud"}}
    kept = await client.post("/api/v1/video/briefs", json=brief, headers=seen)
    assert kept.status_code == 201 and kept.headers["ETag"] != seen["If-Match"]


async def test_who_undid_something_stands_in_the_journal(client: httpx.AsyncClient) -> None:
    plan = await make_plan(client)
    path = f"video/clips/{plan['clips'][0]['id']}"
    edited = await client.patch(f"/api/v1/{path}", json={"text": "A lamp is lit.", "by": "Ada"})
    assert edited.status_code == 200
    undone = await post(client, f"video/projects/{plan['project_id']}/undo", 200, {"by": "Ben"})
    entry = undone["history"]["entries"][0]
    assert (entry["by"], entry["undone_by"], entry["is_undone"]) == ("Ada", "Ben", True) and entry["undone_at"]
