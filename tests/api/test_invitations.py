"""Invitations that go out by mail: over REST, and as those who get one come in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import httpx
import pytest

from orchestrator.bootstrap import App
from tests.api.conftest import HOST, ORIGIN, open_client
from tests.api.test_sign_in import HTML, alert, house, submit
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.house import signing_in

ANN, BEN, PASSWORD = "ann@example.com", "ben@example.com", "their password"


@pytest.fixture(scope="module")
def people() -> Iterator[FakeAuthServer]:
    with FakeAuthServer() as server:
        yield server


@pytest.fixture
def app(people: FakeAuthServer, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    people.users.clear()
    people.mails.clear()
    people.errors.clear()
    people.is_away, people.allows_signup, people.mails_left = False, True, None
    people.add_user(ANN, PASSWORD)
    folder = tmp_path_factory.mktemp("house")
    with signing_in(people, postgres_url, folder, supabase_secret_key=people.secret_key) as app:
        yield app


@pytest.fixture
async def ann(app: App, people: FakeAuthServer) -> AsyncIterator[httpx.AsyncClient]:
    who = people.find(ANN)
    assert who
    async with open_client(lambda: app) as client:
        client.headers["Authorization"] = f"Bearer {people.token_for(who.id)}"
        yield client


async def invite(ann: httpx.AsyncClient, project: str, email: str = BEN) -> str:
    body = {"email": email, "role": "viewer"}
    answer = await ann.put(f"/api/v1/video/projects/{project}/people", json=body)
    assert answer.status_code == 200, answer.text
    assert email in [person["email"] for person in answer.json()["people"]]
    return answer.json()["mail"]


async def make(ann: httpx.AsyncClient) -> str:
    answer = await ann.post("/api/v1/video/projects", json={"name": "Lamp"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def browser(app: App) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=house(app)), base_url=ORIGIN, headers=HTML)


def follow(link: str) -> SplitResult:
    """Where the service sends a browser that follows its link."""
    return urlsplit(httpx.get(link).headers["location"])


@pytest.mark.parametrize("template", ["token_hash", "of Supabase"])
async def test_who_is_invited_chooses_a_password_and_finds_the_project(
    app: App, people: FakeAuthServer, ann: httpx.AsyncClient, template: str
) -> None:
    project = await make(ann)
    assert await invite(ann, project) == "sent"
    mail = people.mails[-1]
    fields = {"type": "invite", "token_hash": mail.token_hash}
    async with browser(app) as ben:
        if template == "of Supabase":
            back = follow(mail.link)
            assert (back.netloc, back.path, back.query) == (HOST, "/sign-in/callback", "")
            page = await ben.get(back.path)
            assert 'src="/sign-in/fragment.js"' in page.text
            assert page.headers["content-security-policy"].endswith("; script-src 'self'")
            script = await ben.get("/sign-in/fragment.js")
            assert script.headers["content-type"].startswith("text/javascript")
            said = parse_qs(back.fragment)
            fields = {name: said[name][0] for name in ("type", "access_token", "refresh_token")}
        arrived = await submit(ben, "/sign-in/callback", **fields)
        assert (arrived.status_code, arrived.headers["location"]) == (303, "/sign-in/new-password")
        page = await ben.get("/sign-in/new-password")
        assert "Choose a password" in page.text and "Keep the old one" not in page.text
        assert "too easy" in alert(await submit(ben, "/sign-in/new-password", password="short"))
        done = await submit(ben, "/sign-in/new-password", password="a good one")
        assert (done.status_code, done.headers["location"]) == (303, f"/storyboard?project={project}")
        seen = await ben.get("/api/v1/video/projects", headers={"Origin": ORIGIN})
        assert [(one["id"], one["role"]) for one in seen.json()["projects"]] == [(project, "viewer")]
        assert (await submit(ben, "/sign-in", email=BEN, password="a good one", by="password")).status_code == 303
    assert await invite(ann, project) == "none"


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "invite", "access_token": "x", "refresh_token": "y"},
        {"type": "invite", "access_token": "x"},
        {"type": "boss", "access_token": "x", "refresh_token": "y"},
    ],
)
async def test_what_brings_no_token_of_somebody_lets_nobody_in(app: App, fields: dict[str, str]) -> None:
    async with browser(app) as ben:
        refused = await submit(ben, "/sign-in/callback", **fields)
        assert refused.status_code == 422 and "svo_session" not in ben.cookies


async def test_an_invitation_stands_whatever_becomes_of_its_mail(
    app: App, people: FakeAuthServer, ann: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    project = await make(ann)
    people.errors = [500]
    assert await invite(ann, project) == "failed"
    assert await invite(ann, project) == "sent"
    assert await invite(ann, project) == "failed"  # within a minute
    people.mails_left = 0
    assert await invite(ann, project, "dan@example.com") == "failed"
    people.mails_left, people.allows_signup = None, False
    assert await invite(ann, project, "eve@example.com") == "failed"
    people.add_user("cat@example.com", PASSWORD)
    people.allows_signup = True
    assert await invite(ann, project, "cat@example.com") == "has_account"
    assert [mail.to for mail in people.mails] == [BEN]
    assert people.secret_key not in caplog.text and BEN not in caplog.text


async def test_what_the_answer_says_is_documented(ann: httpx.AsyncClient) -> None:
    schemas: dict[str, Any] = (await ann.get("/api/openapi.json")).json()["components"]["schemas"]
    assert set(schemas["MailState"]["enum"]) == {"sent", "has_account", "failed", "none"}
    assert "The invitation stands" in schemas["InvitedPerson"]["properties"]["mail"]["description"]
