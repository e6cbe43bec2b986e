"""A film that people make together who sign in: over REST with their tokens, on Postgres, row security deciding."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api import create_api
from orchestrator.bootstrap import App
from orchestrator.db.models import AssetRow, OverrideRow, ProviderCallRow, RenderRow
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.house import signing_in

ANN, BEN, CAT = "ann@example.com", "ben@example.com", "cat@example.com"
SCRIPT = "The lamp is lit. Nobody knows who lit it."


@pytest.fixture
def people() -> Iterator[FakeAuthServer]:
    with FakeAuthServer() as server:
        yield server


@pytest.fixture
def app(people: FakeAuthServer, postgres_url: str, tmp_path: Path) -> Iterator[App]:
    with signing_in(people, postgres_url, tmp_path / "data") as app:
        yield app


async def test_ann_makes_a_film_ben_decides_and_cat_sees_nothing(app: App, people: FakeAuthServer) -> None:
    clients = {}
    for email in (ANN, BEN, CAT):
        token = people.token_for(people.add_user(email, "a password of theirs"))
        clients[email] = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_api(lambda: app)),
            base_url="http://127.0.0.1:8501/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
    ann, ben, cat = clients.values()

    async def ask(
        client: httpx.AsyncClient, method: str, path: str, status: int = 200, **body: object
    ) -> httpx.Response:
        answer = await client.request(method, path, json=body or None)
        assert answer.status_code == status, (method, path, answer.text)
        return answer

    async def until(plan: str, status: str) -> dict[str, Any]:
        deadline = time.monotonic() + 90
        while (found := (await ask(ann, "GET", f"/video/clip-plans/{plan}/status")).json())["is_active"]:
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.2)
        assert found["status"] == status, found
        return found

    project = (await ask(ann, "POST", "/video/projects", 201, name="Lamp", settings={"size": "320x180"})).json()["id"]
    made = await ask(ann, "POST", "/video/clip-plans", 201, project_id=project, script=SCRIPT)
    plan = made.json()["id"]
    await ask(ben, "GET", f"/video/clip-plans/{plan}/status", 404)
    await ask(ann, "PUT", f"/video/projects/{project}/people", email=BEN, role="reviewer")
    await ask(ben, "GET", f"/video/clip-plans/{plan}/status", 404)
    assert (await ask(ben, "POST", "/invitations")).json() == {"projects": 1}
    for path in (f"clip-plans/{plan}/start", f"clip-plans/{plan}/cancel"):
        refused = await ask(ben, "POST", f"/video/{path}", 403)
        assert refused.json()["error"]["code"] == "not_allowed"

    await ask(ann, "POST", f"/video/clip-plans/{plan}/start", 202)
    film = await until(plan, "completed")
    run_id = app.views.takes(film["clips"][0]["id"])[0].run_id
    with app.database.read() as session:
        asset_id = session.scalars(select(RenderRow.asset_id)).one()
    await ask(ben, "POST", "/video/renders", 403, clip_plan_id=plan)
    await ask(ben, "POST", f"/video/takes/{run_id}/reject", reason="It flickers.")
    await ask(ben, "POST", f"/video/takes/{run_id}/approve", reason="It does not, after all.")
    film = await until(plan, "completed")
    with app.database.read() as session:
        words = session.execute(select(OverrideRow.made_by, OverrideRow.new_value).order_by(OverrideRow.created_at))
        assert [tuple(row) for row in words] == [(BEN, "rejected"), (BEN, "approved")]
    for client, status in ((ann, 200), (ben, 200), (cat, 404)):
        assert (await client.head(f"/media/{asset_id}")).status_code == status
        await ask(client, "GET", f"/video/projects/{project}/people", status)
    with app.database.read() as session:
        keys = session.scalars(select(AssetRow.storage_key)).all()
        assert session.scalar(select(func.count()).select_from(ProviderCallRow)) == len(film["clips"]), (
            "one call a clip"
        )
    owner = people.find(ANN)
    assert owner is not None and all(key.startswith(f"{owner.id}/{project}/") for key in keys)
    await ask(ann, "DELETE", f"/video/projects/{project}/people/{BEN}")
    await ask(ben, "GET", f"/video/clip-plans/{plan}/status", 404)
    for client in clients.values():
        await client.aclose()
