"""Sharing over REST, by people who are signed in, on a real Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import new_id
from orchestrator.schema.user import User
from tests.api.conftest import open_client, post
from tests.conftest import make_settings
from tests.fakes.postgres import create_database

ANN = User(id=new_id(), email="Ann@example.com", is_email_verified=True)
BEN = User(id=new_id(), email="ben@example.com", is_email_verified=True)
UNSURE = User(id=new_id(), email="ben@example.com")


@pytest.fixture
def app(tmp_path: Path, postgres_url: str) -> Iterator[App]:
    url = create_database(postgres_url, f"people_{new_id().replace('-', '')}")
    built = bootstrap.build(make_settings(tmp_path / "data", database_url=SecretStr(url)), is_durable=False)
    yield built
    built.stop()


def shown(answer: httpx.Response) -> list[tuple[Any, ...]]:
    assert answer.status_code == 200, answer.text
    said = answer.json()
    if isinstance(said, dict):  # of an invitation
        assert said["mail"] == "none"
        said = said["people"]
    return [(person["email"], person["role"], person["has_joined"], person["is_you"]) for person in said]


async def test_a_project_is_shared_taken_up_given_another_role_left_and_taken_away(app: App) -> None:
    async with (
        open_client(lambda: app.for_user(ANN)) as ann,
        open_client(lambda: app.for_user(BEN)) as ben,
        open_client(lambda: app.for_user(UNSURE)) as unsure,
    ):
        project = (await post(ann, "video/projects", 201, {"name": "Lamp"}))["id"]
        url = f"/api/v1/video/projects/{project}"
        invited = await ann.put(f"{url}/people", json={"email": " Ben@Example.com ", "role": "viewer"})
        you = ("Ann@example.com", "owner", True, True)
        assert shown(invited) == [you, ("ben@example.com", "viewer", False, False)]
        assert (await ben.get(f"{url}/people")).status_code == 404
        assert await post(unsure, "invitations", 200) == {"projects": 0}
        assert await post(ben, "invitations", 200) == {"projects": 1}
        assert await post(ben, "invitations", 200) == {"projects": 0}
        mine = ("ben@example.com", "viewer", True, True)
        assert shown(await ben.get(f"{url}/people")) == [("Ann@example.com", "owner", True, False), mine]
        listed = (await ben.get("/api/v1/video/projects")).json()["projects"]
        assert [(one["role"], one["shared_by"]) for one in listed] == [("viewer", "Ann@example.com")]

        refused = await ben.patch(url, json={"name": "Mine"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")
        changed = await ann.put(f"{url}/people", json={"email": "ben@example.com", "role": "creator"})
        assert shown(changed)[1][:2] == ("ben@example.com", "creator")
        assert (await ben.patch(url, json={"name": "Ours"})).json()["name"] == "Ours"
        assert (await ben.put(f"{url}/people", json={"email": "c@example.com", "role": "viewer"})).status_code == 403

        assert await post(ben, f"video/projects/{project}/leave", 200) == {"id": project}
        assert (await ben.get(f"{url}/people")).status_code == 404
        assert (await post(ann, f"video/projects/{project}/leave", 409))["error"]["code"] == "conflict"
        assert shown(await ann.get(f"{url}/people")) == [you]
        await ann.put(f"{url}/people", json={"email": "ben@example.com", "role": "viewer"})
        assert shown(await ann.delete(f"{url}/people/ben@example.com")) == [you]
        assert await post(ben, "invitations", 200) == {"projects": 0}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"email": "ben", "role": "viewer"}, "no e-mail address"),
        ({"email": "a b@example.com", "role": "viewer"}, "no e-mail address"),
        ({"email": "", "role": "viewer"}, "no e-mail address"),
        ({"email": "ann@EXAMPLE.com", "role": "viewer"}, "your own address"),
        ({"email": "ben@example.com", "role": "owner"}, "no such role"),
        ({"email": "ben@example.com", "role": "boss"}, "role"),
        ({"email": "x" * 255, "role": "viewer"}, "email"),
    ],
)
async def test_what_cannot_be_invited_is_said_and_nobody_is(app: App, body: dict[str, str], message: str) -> None:
    async with open_client(lambda: app.for_user(ANN)) as ann:
        project = (await post(ann, "video/projects", 201, {"name": "Lamp"}))["id"]
        answer = await ann.put(f"/api/v1/video/projects/{project}/people", json=body)
        assert answer.status_code == 422
        assert message in answer.json()["error"]["message"]
        assert len(app.for_user(ANN).views.people(project)) == 1
        gone = await ann.delete(f"/api/v1/video/projects/{project}/people/nobody@example.com")
        assert gone.status_code == 404


async def test_where_nobody_signs_in_nothing_is_shared(client: httpx.AsyncClient) -> None:
    project = (await post(client, "video/projects", 201, {"name": "Alone"}))["id"]
    url = f"/api/v1/video/projects/{project}/people"
    assert shown(await client.get(url)) == [("", "owner", True, True)]
    refused = await client.put(url, json={"email": "ben@example.com", "role": "viewer"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_configured")
    assert (await post(client, "invitations", 503))["error"]["code"] == "not_configured"
