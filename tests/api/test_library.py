"""Projects, films, ratings and numbers over REST."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import SCRIPT, Film, post

PROJECTS = "/api/v1/video/projects"


async def make(client: httpx.AsyncClient, name: str) -> str:
    return (await post(client, "video/projects", 201, {"name": name, "settings": {"size": "320x180"}}))["id"]


async def found(client: httpx.AsyncClient, search: str, state: str = "active") -> list[str]:
    answer = await client.get(PROJECTS, params={"search": search, "state": state})
    assert answer.status_code == 200, answer.text
    return [project["id"] for project in answer.json()["projects"]]


async def test_projects_are_found_renamed_archived_deleted_and_restored(client: httpx.AsyncClient) -> None:
    project = await make(client, "Walrus one")
    renamed = await client.patch(f"{PROJECTS}/{project}", json={"name": "Narwhal"})
    assert renamed.json()["name"] == "Narwhal"
    assert (await found(client, "narw"), await found(client, "walrus")) == ([project], [])
    archived = await client.put(f"{PROJECTS}/{project}/archived", json={"is_archived": True})
    assert archived.json()["state"] == "archived"
    assert (await found(client, "narw"), await found(client, "narw", "archived")) == ([], [project])
    deleted = await client.delete(f"{PROJECTS}/{project}")
    assert deleted.json()["state"] == "deleted"
    assert await found(client, "narw", "deleted") == [project]
    restored = await post(client, f"video/projects/{project}/restore", 200)
    assert restored["state"] == "archived"


async def test_pages_are_counted_and_bounded(client: httpx.AsyncClient) -> None:
    made = {await make(client, f"Paging {number}") for number in range(3)}
    pages = [(await client.get(PROJECTS, params={"search": "Paging", "limit": 2})).json()]
    pages += [(await client.get(PROJECTS, params={"search": "Paging", "limit": 2, "after": pages[0]["next"]})).json()]
    assert pages[1]["next"] == "" and pages[1]["previous"] != ""
    assert {project["id"] for page in pages for project in page["projects"]} == made
    assert [page["total"] for page in pages] == [3, 3]
    for wrong in (
        {"limit": 0},
        {"limit": 101},
        {"after": "x"},
        {"after": "x" * 301},
        {"state": "gone"},
        {"search": "x" * 121},
    ):
        assert (await client.get(PROJECTS, params=wrong)).status_code == 422


async def test_a_copy_has_the_plan_and_a_project_is_erased_only_from_the_bin(client: httpx.AsyncClient) -> None:
    project = await make(client, "Otter")
    await post(client, "video/clip-plans", 201, {"project_id": project, "script": SCRIPT})
    copy = await post(client, f"video/projects/{project}/duplicate", 201)
    assert (copy["name"], copy["script"]) == ("Otter (copy)", SCRIPT)
    assert copy["clip_plan_id"]
    erase = f"video/projects/{project}/erase"
    assert (await post(client, erase, 409, {"name": "Otter"}))["error"]["code"] == "conflict"
    await client.delete(f"{PROJECTS}/{project}")
    assert (await post(client, erase, 422, {"name": "Beaver"}))["error"]["code"] == "bad_input"
    assert await post(client, erase, 200, {"name": "Otter"}) == {"id": project}
    assert (await client.delete(f"{PROJECTS}/{project}")).status_code == 404


@pytest.mark.parametrize("project", ["nothing-like-an-id", "00000000-0000-0000-0000-000000000000"])
async def test_unknown_projects_are_not_found(client: httpx.AsyncClient, project: str) -> None:
    for answer in (
        await client.delete(f"{PROJECTS}/{project}"),
        await client.post(f"{PROJECTS}/{project}/duplicate"),
        await client.patch(f"{PROJECTS}/{project}", json={"name": "New"}),
    ):
        assert answer.status_code == 404


async def test_a_film_is_listed_with_its_loudness_rated_and_counted(
    running_client: httpx.AsyncClient, film: Film
) -> None:
    render = film.render["id"]
    listed = (await running_client.get("/api/v1/video/renders")).json()
    shown = next(one for one in listed["films"] if one["id"] == render)
    assert shown["loudness_lufs"] == pytest.approx(-14, abs=1.5)
    assert (shown["size_bytes"] > 1_000, shown["is_newest"]) == (True, True)
    url = f"/api/v1/video/renders/{render}/rating"
    rated = await running_client.put(url, json={"stars": 3, "by": "Ann"})
    assert rated.status_code == 200, rated.text
    changed = (await running_client.put(url, json={"stars": 5, "comment": "Now it is", "by": "Ann"})).json()
    assert (changed["stars"], changed["comment"], changed["by"]) == (5, "Now it is", "Ann")
    assert (await running_client.put(url, json={"stars": 6})).status_code == 422
    metrics = (await running_client.get("/api/v1/video/metrics", params={"days": 7})).json()
    assert metrics["satisfaction"]["value"] == 5
    assert metrics["satisfaction"]["is_met"] is True
    assert metrics["seconds_per_film_minute"]["sample"] >= 1
