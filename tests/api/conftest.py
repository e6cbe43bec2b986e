"""The real App on SQLite and the mock provider, asked over REST as app.py mounts it: at /api."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from api import create_api
from orchestrator.bootstrap import App, build
from orchestrator.settings import Settings
from tests.conftest import make_settings

HOST = "127.0.0.1:8501"
ORIGIN = f"http://{HOST}"
TOKEN = "a-secret-for-tests"
DEADLINE_SECONDS = 120.0

LINES = ["Every morning the kettle sings before sunrise.", "A small lamp answers from across the street."]
SCRIPT = f"# Kitchen\n\n{LINES[0]}\n\n# Street\n\n{LINES[1]}"


@asynccontextmanager
async def open_client(get_app: Callable[[], App], *, host: str = HOST) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API of ``get_app``, mounted at /api."""
    outer = Starlette(routes=[Mount("/api", app=create_api(get_app))])
    transport = httpx.ASGITransport(app=outer)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield client


@contextmanager
def started(settings: Settings) -> Iterator[App]:
    """The whole product on ``settings``; its flows run in memory and end with it."""
    app = build(settings, is_durable=False)
    app.start()
    try:
        yield app
    finally:
        app.stop()


@pytest.fixture(scope="session")
def idle_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An App whose provider takes an hour for every clip: commands are accepted, nothing is made."""
    with started(make_settings(tmp_path_factory.mktemp("idle"), mock_delay_seconds=3600)) as app:
        yield app


@pytest.fixture(scope="session")
def token_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An App that asks for a token and also answers for studio.example."""
    folder = tmp_path_factory.mktemp("token")
    with started(make_settings(folder, api_token=TOKEN, allowed_hosts="studio.example")) as app:
        yield app


@pytest.fixture(scope="session")
def running_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An App that makes what the REST calls ask for."""
    with started(make_settings(tmp_path_factory.mktemp("running"))) as app:
        yield app


@pytest.fixture
async def client(idle_app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(lambda: idle_app) as client:
        yield client


@pytest.fixture
async def token_client(token_app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(lambda: token_app) as client:
        yield client


@pytest.fixture
async def running_client(running_app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(lambda: running_app) as client:
        yield client


class Film(NamedTuple):
    """What the walk answered: the settled plan and the finished render, as JSON."""

    plan: dict[str, Any]
    render: dict[str, Any]


@pytest.fixture(scope="session")
def film(running_app: App) -> Film:
    """A film made over REST alone: project, brief, plan, start, poll, render, poll."""

    async def walk() -> Film:
        async with open_client(lambda: running_app) as client:
            small = {"name": "Kettle", "settings": {"size": "320x180"}}
            project = await post(client, "video/projects", 201, small)
            brief = {"objective": "Calm", "tone": "warm", "audience": "early risers"}
            await post(client, "video/briefs", 201, {"project_id": project["id"], "brief": brief})
            plan = await post(client, "video/clip-plans", 201, {"project_id": project["id"], "script": SCRIPT})
            started = await post(client, f"video/clip-plans/{plan['id']}/start", 202)
            assert started["is_active"]
            plan = await poll(
                client, f"/api/v1/video/clip-plans/{plan['id']}/status", until=lambda view: not view["is_active"]
            )
            render = await post(client, "video/renders", 202, {"clip_plan_id": plan["id"]})
            render = await poll(
                client,
                f"/api/v1/video/renders/{render['id']}",
                until=lambda view: view["status"] in ("done", "failed"),
            )
            return Film(plan, render)

    return asyncio.run(walk())


async def post(client: httpx.AsyncClient, path: str, status: int, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer to a command that must be answered with ``status``; ``path`` without ``/api/v1/``."""
    response = await client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == status, response.text
    return response.json()


async def poll(client: httpx.AsyncClient, url: str, *, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """``url`` asked again until ``until`` holds for its answer; fails after ``DEADLINE_SECONDS``."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        response = await client.get(url)
        assert response.status_code == 200, response.text
        view = response.json()
        if until(view):
            return view
        await asyncio.sleep(0.1)
    raise AssertionError(f"{url} did not settle: {view}")
