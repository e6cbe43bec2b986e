"""The pages of signing in, as browsers without a script have them, and REST for those who are signed in."""

from __future__ import annotations

import asyncio
import html
import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from api import create_api
from api.sign_in import Door, create_sign_in
from orchestrator.bootstrap import App
from orchestrator.db.models import ProjectRow, new_id
from tests.api.conftest import HOST, ORIGIN, started
from tests.conftest import make_settings
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.house import signing_in

ANN, BEN, PASSWORD = "ann@example.com", "ben@example.com", "their password"
PUBLIC = "studio.example"
PROJECTS = "/api/v1/video/projects"
HTML = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture(scope="module")
def people() -> Iterator[FakeAuthServer]:
    with FakeAuthServer() as server:
        yield server


@pytest.fixture(scope="module")
def app(people: FakeAuthServer, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("house")
    settings = {"sign_in_with": ("github",), "allowed_hosts": PUBLIC, "mock_delay_seconds": 3600}
    with signing_in(people, postgres_url, folder, **settings) as app:
        yield app


@pytest.fixture(autouse=True)
def _as_new(people: FakeAuthServer) -> None:
    people.users.clear()
    people.mails.clear()
    people.errors.clear()
    people.is_away = people.is_autoconfirm = people.limits_mails = False
    people.allows_signup, people.token_seconds = True, 3600
    people.add_user(ANN, PASSWORD)


def house(app: App) -> Starlette:
    """As app.py puts it together, with a page in the place of Streamlit's."""

    async def page(_request: object) -> PlainTextResponse:
        return PlainTextResponse("a page")

    def get_app() -> App:
        return app

    paths = ("/", "/storyboard", "/media/x", "/_stcore/health", "/_stcore/upload_file/a", "/app/static/mark.svg")
    routes = [Route(path, page, methods=["GET", "PUT"]) for path in paths]
    return Starlette(
        routes=[Mount("/api", app=create_api(get_app)), *create_sign_in(get_app), *routes],
        middleware=[Middleware(Door, get_app=get_app)],
    )


@pytest.fixture
async def browser(app: App) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=house(app))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=HTML) as client:
        yield client


async def submit(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await browser.post(path, data=fields, headers={"Origin": str(browser.base_url).rstrip("/")})


async def sign_in(browser: httpx.AsyncClient, email: str = ANN, password: str = PASSWORD) -> httpx.Response:
    return await submit(browser, "/sign-in", email=email, password=password, by="password")


def alert(response: httpx.Response) -> str:
    found = re.search(r'role="alert">(.*?)</p>', response.text, flags=re.S)
    assert found, response.text
    return html.unescape(re.sub(r"<[^>]+>", "", found[1]))


def bring_back(link: str) -> str:
    """The path of ours that a browser which follows ``link`` comes back to."""
    location = urlsplit(httpx.get(link).headers["location"])
    return f"{location.path}?{location.query}"


def say_who(people: FakeAuthServer, url: str, email: str) -> str:
    """The address that the other service sends a browser back to, after somebody pressed who they are."""
    elsewhere = httpx.get(url).headers["location"]
    state = parse_qs(urlsplit(elsewhere).query)["state"][0]
    return httpx.post(f"{people.url}{elsewhere}", data={"state": state, "email": email}).headers["location"]


# --- the door ---


@pytest.mark.parametrize("page", ["/storyboard", "/storyboard?project=p1&step=script"])
async def test_a_page_leads_to_signing_in_and_back(browser: httpx.AsyncClient, page: str) -> None:
    away = await browser.get(page)
    assert away.status_code == 303
    assert away.headers["location"].startswith("/sign-in?next=")
    form = await browser.get(away.headers["location"])
    wanted = html.unescape(re.search(r'name="next" value="([^"]*)"', form.text)[1])  # pyright: ignore
    assert wanted == page
    done = await submit(browser, "/sign-in", email=ANN, password=PASSWORD, next=wanted, by="password")
    assert (done.status_code, done.headers["location"]) == (303, page)
    assert (await browser.get(page)).text == "a page"
    assert (await browser.get("/sign-in?next=/storyboard")).headers["location"] == "/storyboard"


@pytest.mark.parametrize("path", ["/media/x", "/_stcore/upload_file/a"])
async def test_what_pages_and_programs_ask_for_is_refused(browser: httpx.AsyncClient, path: str) -> None:
    strange = {"Accept": "*/*", "Sec-Fetch-Mode": "cors"}
    assert (await browser.get(path, headers=strange)).status_code == 401
    assert (await browser.put(path)).status_code == 401
    await sign_in(browser)
    assert (await browser.get(path, headers=strange)).status_code == 200


@pytest.mark.parametrize("path", ["/_stcore/health", "/app/static/mark.svg", "/sign-in", "/api/openapi.json"])
async def test_what_needs_nobody_stays_open(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 200


async def test_while_the_database_or_the_service_is_away_pages_say_so(
    browser: httpx.AsyncClient, people: FakeAuthServer, app: App
) -> None:
    await sign_in(browser)
    secret = browser.cookies["svo_session"]
    people.is_away = True
    assert (await browser.get("/storyboard")).status_code == 200
    other = await sign_in(browser, BEN)
    assert other.status_code == 503 and "cannot be reached" in alert(other)
    assert browser.cookies["svo_session"] == secret


async def test_pages_and_programs_wait_when_a_token_ended_and_no_other_is_to_be_had(
    browser: httpx.AsyncClient, people: FakeAuthServer
) -> None:
    people.token_seconds = 1
    await sign_in(browser)
    await asyncio.sleep(1.2)
    people.is_away = True
    waits = await browser.get("/storyboard?step=script")
    assert waits.status_code == 503 and int(waits.headers["retry-after"]) > 0
    assert "cannot be reached" in alert(waits) and 'href="/storyboard?step=script"' in waits.text
    assert "default-src 'none'" in waits.headers["content-security-policy"]
    assert (await browser.get(PROJECTS)).status_code == 503


# --- forms ---


async def test_a_wrong_password_keeps_the_address_and_says_so_aloud(browser: httpx.AsyncClient) -> None:
    refused = await sign_in(browser, password="wrong <b>")
    assert refused.status_code == 422
    assert "address or the password is wrong" in alert(refused)
    assert f'value="{ANN}"' in refused.text and "wrong <b>" not in refused.text
    assert "svo_session" not in browser.cookies


@pytest.mark.parametrize("email", ["", "ann", "a@b@c", "ann @example.com", '"><script>alert(1)</script>@x', "a\n@b"])
async def test_what_is_no_address_is_kept_and_asks_nobody(
    browser: httpx.AsyncClient, people: FakeAuthServer, email: str
) -> None:
    before = len(people.requests)
    refused = await submit(browser, "/sign-in", email=email, password="x", by="link")
    assert refused.status_code in (422, 303)
    if refused.status_code == 422:
        assert "<script>alert" not in refused.text
        assert len(people.requests) == before


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [(429, 429, "too many tries"), (500, 503, "cannot be reached"), (503, 503, "reached")],
)
async def test_what_the_service_cannot_do_is_said(
    browser: httpx.AsyncClient, people: FakeAuthServer, status: int, answer: int, words: str
) -> None:
    people.errors = [status]
    refused = await sign_in(browser)
    assert refused.status_code == answer and words in alert(refused)
    assert int(refused.headers["retry-after"]) > 0


async def test_who_signs_up_confirms_by_mail_and_comes_in(browser: httpx.AsyncClient, people: FakeAuthServer) -> None:
    sent = await submit(browser, "/sign-in/up", email=BEN, password=PASSWORD, next="/storyboard")
    assert sent.headers["location"] == "/sign-in/mail"
    assert BEN in (await browser.get("/sign-in/mail")).text
    assert "not confirmed" in alert(await sign_in(browser, BEN))
    back = bring_back(people.mails[-1].link)
    arrived = await browser.get(back)
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/storyboard")
    assert (await browser.get("/storyboard")).status_code == 200
    assert "svo_errand" not in browser.cookies


async def test_a_password_that_is_too_easy_is_refused(browser: httpx.AsyncClient) -> None:
    refused = await submit(browser, "/sign-in/up", email=BEN, password="short")
    assert "too easy" in alert(refused) and f'value="{BEN}"' in refused.text


async def test_a_link_by_mail_signs_in(browser: httpx.AsyncClient, people: FakeAuthServer) -> None:
    await submit(browser, "/sign-in", email=ANN, by="link", next="/storyboard")
    arrived = await browser.get(bring_back(people.mails[-1].link))
    assert arrived.headers["location"] == "/storyboard"


async def test_a_link_in_another_browser_says_what_to_do(
    browser: httpx.AsyncClient, people: FakeAuthServer, app: App
) -> None:
    await submit(browser, "/sign-in", email=ANN, by="link")
    back = bring_back(people.mails[-1].link)
    browser.cookies.clear()
    elsewhere = await browser.get(back)
    assert elsewhere.status_code == 422 and "belongs to another browser" in elsewhere.text
    await submit(browser, "/sign-in", email=ANN, by="link")
    assert "another browser" in (await browser.get(back)).text


async def test_a_link_that_was_used_says_so(browser: httpx.AsyncClient, people: FakeAuthServer) -> None:
    await submit(browser, "/sign-in", email=ANN, by="link")
    link = people.mails[-1].link
    await browser.get(bring_back(link))
    again = await browser.get(bring_back(link))
    assert again.status_code == 422 and "does not work any more" in again.text


async def test_a_link_of_our_own_kind_asks_for_a_click_and_works_in_any_browser(
    browser: httpx.AsyncClient, people: FakeAuthServer
) -> None:
    await submit(browser, "/sign-in", email=ANN, by="link")
    token_hash = people.mails[-1].token_hash
    browser.cookies.clear()
    for _ in range(2):  # what reads mails before people do
        looked = await browser.get(f"/sign-in/callback?token_hash={token_hash}&type=email")
        assert looked.status_code == 200 and "svo_session" not in browser.cookies
    done = await submit(browser, "/sign-in/callback", token_hash=token_hash, type="email")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    again = await submit(browser, "/sign-in/callback", token_hash=token_hash, type="email")
    assert again.status_code == 422
    wrong = await submit(browser, "/sign-in/callback", token_hash=token_hash, type="magic")
    assert wrong.status_code == 422


@pytest.mark.parametrize("is_direct", [False, True])
async def test_a_forgotten_password_is_replaced(
    browser: httpx.AsyncClient, people: FakeAuthServer, is_direct: bool
) -> None:
    await submit(browser, "/sign-in/forgotten", email=ANN)
    assert "if there is an account" in (await browser.get("/sign-in/mail")).text
    mail = people.mails[-1]
    if is_direct:
        arrived = await submit(browser, "/sign-in/callback", token_hash=mail.token_hash, type="recovery")
    else:
        arrived = await browser.get(bring_back(mail.link))
    assert arrived.headers["location"] == "/sign-in/new-password"
    assert 'autocomplete="new-password"' in (await browser.get("/sign-in/new-password")).text
    assert "too easy" in alert(await submit(browser, "/sign-in/new-password", password="short"))
    done = await submit(browser, "/sign-in/new-password", password="a better one")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    browser.cookies.clear()
    assert (await sign_in(browser)).status_code == 422
    assert (await sign_in(browser, password="a better one")).status_code == 303


async def test_a_page_left_open_changes_no_password(browser: httpx.AsyncClient, people: FakeAuthServer) -> None:
    await sign_in(browser)
    refused = await submit(browser, "/sign-in/new-password", password="a better one")
    assert refused.headers["location"] == "/sign-in/forgotten"
    browser.cookies.clear()
    assert (await sign_in(browser)).status_code == 303


async def test_another_service_signs_in(browser: httpx.AsyncClient, people: FakeAuthServer) -> None:
    page = await browser.get("/sign-in?next=/storyboard")
    assert "Continue with GitHub" in page.text
    link = html.unescape(re.search(r'href="(/sign-in/with/github[^"]*)"', page.text)[1])  # pyright: ignore
    off = await browser.get(link)
    assert off.headers["location"].startswith(f"{people.issuer}/authorize?")
    back = say_who(people, off.headers["location"], ANN)
    assert back.startswith(f"{ORIGIN}/sign-in/callback?code=")
    arrived = await browser.get(back)
    assert arrived.headers["location"] == "/storyboard"


async def test_who_says_no_elsewhere_is_told_so(browser: httpx.AsyncClient, people: FakeAuthServer) -> None:
    refused = await browser.get("/sign-in/callback?error=access_denied&error_description=<script>x</script>")
    assert refused.status_code == 422 and "You were not let in" in refused.text and "<script>" not in refused.text
    assert (await browser.get("/sign-in/with/google")).status_code == 404
    foreign = await browser.get("/sign-in/with/github", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403


# --- cookies ---


async def test_a_new_sign_in_is_a_new_secret_and_ends_the_old_one(browser: httpx.AsyncClient, app: App) -> None:
    browser.cookies.set("svo_session", "x" * 43, domain="127.0.0.1")
    secrets = []
    for _ in range(2):
        response = await sign_in(browser)
        (cookie,) = [one for one in response.headers.get_list("set-cookie") if one.startswith("svo_session=")]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
        secrets.append(cookie.partition(";")[0].partition("=")[2])
        browser.cookies.clear()
        browser.cookies.set("svo_session", secrets[-1], domain="127.0.0.1")
    assert len({*secrets, "x" * 43}) == 3
    old = {"Cookie": f"svo_session={secrets[0]}"}
    browser.cookies.clear()
    assert (await browser.get(PROJECTS, headers=old)).status_code == 401


@pytest.mark.parametrize(
    ("host", "forwarded", "is_secure"),
    [(PUBLIC, "https", True), (PUBLIC, "http", False), (HOST, "https", False)],
)
async def test_a_cookie_is_for_https_only_behind_a_proxy_that_was_named(
    app: App, host: str, forwarded: str, is_secure: bool
) -> None:
    transport = httpx.ASGITransport(app=house(app))
    headers = {**HTML, "X-Forwarded-Proto": forwarded}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers=headers) as client:
        response = await client.post("/sign-in", data={"email": ANN, "password": PASSWORD, "by": "password"})
        (cookie,) = [one for one in response.headers.get_list("set-cookie") if "_session=" in one]
        assert cookie.startswith("__Host-svo_session=") == is_secure
        assert ("; Secure" in cookie) == is_secure
        if is_secure:  # a plain cookie, which somebody on the way could have set, counts for nothing
            secret = cookie.partition(";")[0].partition("=")[2]
            client.cookies.clear()
            plain, hosted = ({"Cookie": f"{name}={secret}"} for name in ("svo_session", "__Host-svo_session"))
            assert (await client.get(PROJECTS, headers=plain)).status_code == 401
            assert (await client.get(PROJECTS, headers=hosted)).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "x" * 3000,
     "/api/v1/video/projects", "/sign-in/out"],
)  # fmt: skip
async def test_nobody_is_sent_elsewhere_after_signing_in(browser: httpx.AsyncClient, wanted: str) -> None:
    done = await submit(browser, "/sign-in", email=ANN, password=PASSWORD, next=wanted, by="password")
    assert done.headers["location"] == "/"
    assert (await browser.get("/sign-in", params={"next": wanted})).headers["location"] == "/"


async def test_signing_out_forgets_and_says_so(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    assert (await browser.get("/sign-in/out")).status_code == 200
    assert (await browser.head("/sign-in/out")).status_code == 200
    assert (await browser.get("/storyboard")).status_code == 200
    left = await submit(browser, "/sign-in/out")
    assert left.headers["location"] == "/sign-in?out=1"
    assert "You are signed out" in (await browser.get("/sign-in?out=1")).text
    assert (await browser.get("/storyboard")).status_code == 303
    assert (await submit(browser, "/sign-in/out")).status_code == 303


async def test_where_nobody_signs_in_nothing_stands_in_the_way(tmp_path: Path) -> None:
    with started(make_settings(tmp_path)) as open_app:
        transport = httpx.ASGITransport(app=house(open_app))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=HTML) as client:
            assert (await client.get("/storyboard")).text == "a page"
            assert (await client.get("/media/x")).text == "a page"
            assert (await client.get(PROJECTS)).status_code == 200
            for path in ("/sign-in", "/sign-in/up", "/sign-in/out"):
                assert (await client.get(path)).headers["location"] == "/"


# --- strangers ---


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/up", "/sign-in/forgotten", "/sign-in/out", "/sign-in/callback"])
@pytest.mark.parametrize("strange", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}])
async def test_forms_of_other_sites_are_refused(
    browser: httpx.AsyncClient, people: FakeAuthServer, path: str, strange: dict[str, str]
) -> None:
    before = len(people.requests)
    refused = await browser.post(path, data={"email": ANN, "password": PASSWORD, "by": "password"}, headers=strange)
    assert refused.status_code == 403 and "That did not work" in refused.text
    assert "set-cookie" not in refused.headers and len(people.requests) == before


async def test_a_form_that_is_too_long_is_refused(browser: httpx.AsyncClient) -> None:
    assert (await submit(browser, "/sign-in", email=ANN, password="x" * 30_000)).status_code == 413
    assert (await submit(browser, "/sign-in", email=ANN, password="x" * 300, by="password")).status_code == 422


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/up", "/sign-in/mail", "/sign-in/none", "/sign-in/style.css"])
async def test_browsers_are_told_to_keep_and_load_nothing(browser: httpx.AsyncClient, path: str) -> None:
    headers = (await browser.get(path)).headers
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"


# --- REST ---


async def test_rest_asks_for_somebody(browser: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}, {"Cookie": "svo_session=x"}):
        refused = await browser.get(PROJECTS, headers=headers)
        assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Bearer"
        assert refused.json()["error"]["code"] == "not_signed_in"
    assert (await browser.get("/api/v1/media/a1")).status_code == 401


async def test_programs_send_a_token_and_see_what_is_theirs(
    browser: httpx.AsyncClient, people: FakeAuthServer, app: App
) -> None:
    ann, ben = people.find(ANN), people.add_user(BEN, PASSWORD)
    assert ann
    hers, his = ({"Authorization": f"Bearer {people.token_for(one)}"} for one in (ann.id, ben))
    with app.database.write() as session:
        row = ProjectRow(id=new_id(), name="Lamp", owner_id=ann.id, settings={})
        session.add(row)
    assert row.id in (await browser.get(PROJECTS, headers=hers)).text
    assert row.id not in (await browser.get(PROJECTS, headers=his)).text
    assert (await browser.delete(f"{PROJECTS}/{row.id}", headers=his)).status_code == 404


async def test_pages_send_their_cookie_and_change_things_from_here_only(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    assert (await browser.get(PROJECTS)).status_code == 200
    assert (await browser.get("/api/v1/media/a1")).status_code == 404
    for headers, status in (
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": ORIGIN}, 404),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
    ):
        assert (await browser.post("/api/v1/video/clip-plans/none/start", headers=headers)).status_code == status


async def test_rest_waits_while_the_service_is_away(browser: httpx.AsyncClient, people: FakeAuthServer) -> None:
    ann = people.find(ANN)
    assert ann
    token = people.token_for(ann.id)
    people.is_away = True
    refused = await browser.get(PROJECTS, headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 503 and refused.headers["retry-after"]
    assert refused.json()["error"]["code"] == "sign_in_away"


async def test_nothing_secret_is_told_or_kept(
    browser: httpx.AsyncClient, people: FakeAuthServer, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told = []
    for email in (BEN, ANN):
        told += [await sign_in(browser, email)]
    told += [await browser.get("/sign-in"), await browser.get("/storyboard"), await browser.get(PROJECTS)]
    secret = browser.cookies["svo_session"]
    with app.database.read() as session:
        kept = str(session.execute(text("select s::text from sign_ins s")).all())
    granted = [token for token in people._refreshes] + [people.key, PASSWORD, secret]
    for hidden in granted:
        assert hidden not in caplog.text and hidden not in kept
        assert not any(hidden in response.text for response in told)
