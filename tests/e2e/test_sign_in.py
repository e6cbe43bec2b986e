"""People sign in, stay signed in, and sign out, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.axe import SIZES, violations
from tests.e2e.conftest import House
from tests.e2e.signed_in import ANN, BEN, PASSWORD, sign_in, signing_in
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.postgres import create_database

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NOTICED_MS = 60_000
LEEWAY_MS = 32_000  # so long a token is taken after its end, and a moment
STATES = {
    "sign in": "/sign-in?next=/storyboard",
    "signed out": "/sign-in?out=1",
    "sign up": "/sign-in/up",
    "forgotten": "/sign-in/forgotten",
    "look into your mail": "/sign-in/mail",
    "arrived by mail": "/sign-in/callback?token_hash=x&type=recovery",
    "refused elsewhere": "/sign-in/callback?error=access_denied",
    "link of another browser": "/sign-in/callback?code=x",
    "link without anything": "/sign-in/callback",
    "link of an invitation": "/sign-in/callback#access_token=x&refresh_token=x&type=invite",
    "sign out": "/sign-in/out",
}


@pytest.fixture(scope="module")
def people() -> Iterator[FakeAuthServer]:
    with FakeAuthServer() as server:
        server.add_user(ANN, PASSWORD)
        yield server


@pytest.fixture(scope="module")
def house(people: FakeAuthServer, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    url = create_database(postgres_url, "e2e_sign_in")
    with signing_in(
        people,
        tmp_path_factory.mktemp("app"),
        database_url=url,
        SIGN_IN_WITH="github",
        SUPABASE_SECRET_KEY=people.secret_key,
    ) as house:
        yield house


def test_one_signs_in_stays_and_signs_out_in_every_tab(page: Page) -> None:
    page.goto("/dashboard?view=films")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("E-mail").fill(ANN)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("address or the password is wrong")
    expect(page.get_by_label("E-mail")).to_have_value(ANN)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    assert page.url.endswith("/dashboard?view=films")

    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    other = page.context.new_page()
    other.goto("/settings")
    expect(other.get_by_role("heading", level=1)).to_have_text("Settings")

    account = page.get_by_label(f"Account of {ANN}")
    account.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    expect(other.get_by_role("heading", level=1)).to_have_text("You are signed out", timeout=NOTICED_MS)
    expect(other.get_by_label(f"Account of {ANN}")).to_have_count(0)
    other.get_by_role("link", name="Sign in").click()
    expect(other.get_by_label("E-mail")).to_be_visible()
    other.get_by_label("E-mail").fill(ANN)
    other.get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    expect(other.get_by_role("heading", level=1)).to_have_text("Settings")


def test_another_service_says_who_it_is(page: Page) -> None:
    page.goto("/storyboard")
    page.get_by_role("link", name="Continue with GitHub").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You were not let in")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Continue with GitHub").click()
    page.get_by_role("button", name=f"Continue as {ANN}").click()
    expect(page.get_by_label(f"Account of {ANN}")).to_be_visible()


def test_who_signs_up_comes_in_through_the_mail(page: Page, people: FakeAuthServer) -> None:
    page.goto("/storyboard")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail").fill(BEN)
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    page.goto(people.mails[-1].link)
    expect(page.get_by_label(f"Account of {BEN}")).to_be_visible()
    assert "/storyboard" in page.url


def test_who_is_invited_by_mail_lands_in_the_project(
    page: Page, browser: Browser, house: House, people: FakeAuthServer
) -> None:
    cat = "cat@example.com"
    ann = people.find(ANN)
    assert ann
    headers = {"Authorization": f"Bearer {people.token_for(ann.id)}"}
    made = httpx.post(f"{house.address}/api/v1/video/projects", json={"name": "Lamp"}, headers=headers, timeout=30)
    project = made.json()["id"]
    sign_in(page, f"/storyboard?project={project}")
    page.get_by_role("button", name="Share").click()
    page.get_by_label("E-mail address").fill(cat)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text(f"Mail sent to {cat}.")).to_be_visible()
    page.get_by_role("button", name=f"Send the mail to {cat} again").click()
    expect(page.get_by_text("A mail went there less than a minute ago")).to_be_visible()

    context = browser.new_context()
    try:
        theirs = context.new_page()
        theirs.goto(people.mails[-1].link)
        expect(theirs.get_by_role("heading", level=1)).to_have_text("You are nearly there")
        assert "#" not in theirs.url
        theirs.get_by_role("button", name="Continue").click()
        expect(theirs.get_by_role("heading", level=1)).to_have_text("Choose a password")
        theirs.get_by_label("Password").fill(PASSWORD)
        theirs.keyboard.press("Enter")
        expect(theirs.get_by_label(f"Account of {cat}")).to_be_visible()
        expect(theirs.get_by_text("You may look at this")).to_be_visible()
        assert f"project={project}" in theirs.url
        theirs.goto(people.mails[-1].link)
        expect(theirs.get_by_role("heading", level=1)).to_have_text("This link does not work any more")
    finally:
        context.close()


def test_a_page_without_a_sign_in_draws_nothing(page: Page) -> None:
    """As one who has the app's code, but no cookie, opens its websocket."""
    sign_in(page)

    def lose_cookie(route: Route) -> None:
        page.context.clear_cookies(name="svo_session")
        route.continue_()

    page.route("**/_stcore/health", lose_cookie)  # asked for before the websocket is opened
    page.goto("/settings")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("link", name="Sign in")).to_have_attribute("href", "/sign-in?next=%2Fsettings")


def test_pages_say_that_signing_in_is_away_and_go_on(page: Page, people: FakeAuthServer) -> None:
    people.is_away = True
    try:
        page.goto("/storyboard")
        page.get_by_label("E-mail").fill(ANN)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    finally:
        people.is_away = False
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label(f"Account of {ANN}")).to_be_visible()


def test_a_page_that_is_open_waits_while_signing_in_is_away(page: Page, people: FakeAuthServer) -> None:
    """Its token has run out, and no other is to be had."""
    people.token_seconds = 1
    try:
        sign_in(page, "/settings")
        people.is_away = True
        page.wait_for_timeout(LEEWAY_MS)
        page.get_by_role("link", name="Dashboard").click()
        expect(page.get_by_role("alert").first).to_contain_text("cannot be reached", timeout=NOTICED_MS)
        expect(page.get_by_text("This page goes on by itself.")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Out of reach")
    finally:
        people.is_away, people.token_seconds = False, 3600
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard", timeout=NOTICED_MS)


@pytest.mark.parametrize("size", SIZES)
def test_no_serious_rule_is_broken(browser: Browser, address: str, size: str) -> None:
    context = browser.new_context(viewport=SIZES[size], base_url=address)
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    try:
        page = context.new_page()
        broken: dict[str, list[str]] = {}
        for name, path in STATES.items():
            for scheme in schemes:
                page.emulate_media(color_scheme=scheme)
                page.goto("about:blank")  # another fragment alone would not load the page
                page.goto(path)
                assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name
                expect(page.get_by_role("heading", level=1)).to_have_count(1)
                if found := violations(page):
                    broken[f"{name}, {scheme}"] = found
        sign_in(page)
        page.get_by_label(f"Account of {ANN}").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(800)
            if found := violations(page):
                broken[f"account, {scheme}"] = found
        assert not broken, json.dumps(broken, indent=1)
    finally:
        context.close()


def test_signing_in_needs_no_script(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto("/settings")
        expect(page.get_by_label("E-mail")).to_be_focused()
        page.keyboard.type(ANN)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/settings")
        assert any(cookie["name"] == "svo_session" and cookie["httpOnly"] for cookie in context.cookies())
    finally:
        context.close()
