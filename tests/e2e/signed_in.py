"""The app as people sign in to it, on a Postgres of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import House
from tests.fakes.auth_server import FakeAuthServer

ANN, BEN, PASSWORD = "ann@example.com", "ben@example.com", "their password"


@contextmanager
def signing_in(people: FakeAuthServer, folder: Path, *, database_url: str, **settings: str) -> Iterator[House]:
    """The app, whose visitors are known to ``people``."""
    of_people = {"SUPABASE_URL": people.url, "SUPABASE_PUBLISHABLE_KEY": people.key}
    house = House(folder, SIGN_IN="true", DATABASE_URL=database_url, **of_people, **settings)
    house.start()
    try:
        yield house
    finally:
        house.stop()


def sign_in(page: Page, path: str = "/storyboard", *, email: str = ANN) -> None:
    page.goto(path)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label(f"Account of {email}")).to_be_visible()
