"""Who may only look at a film is offered nothing in its timeline that would be refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import SIZES, violations
from tests.e2e.conftest import House
from tests.e2e.hands import SCRIPT, drag, middle, settle
from tests.e2e.signed_in import ANN, BEN, PASSWORD, sign_in, signing_in
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.postgres import create_database

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def people() -> Iterator[FakeAuthServer]:
    with FakeAuthServer() as server:
        for email in (ANN, BEN):
            server.add_user(email, PASSWORD)
        yield server


@pytest.fixture(scope="module")
def house(people: FakeAuthServer, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    url = create_database(postgres_url, "e2e_viewer")
    with signing_in(people, tmp_path_factory.mktemp("app"), database_url=url) as house:
        yield house


def shared_film(page: Page, address: str, role: str) -> str:
    """The address of Ann's film, which Ben was invited to."""

    def ask(method: str, path: str, body: dict[str, object]) -> dict[str, str]:
        url, headers = f"{address}/api/v1/video{path}", {"Origin": address}
        answer = page.request.fetch(url, method=method, data=body, headers=headers)
        assert answer.ok, answer.text()
        return answer.json()

    project_id = ask("POST", "/projects", {"name": "Harbour", "settings": {"size": "320x180"}})["id"]
    ask("POST", "/clip-plans", {"project_id": project_id, "script": SCRIPT})
    ask("PUT", f"/projects/{project_id}/people", {"email": BEN, "role": role})
    return f"/storyboard?project={project_id}"


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_clips_are_moved_only_by_those_who_may(page: Page, other: Page, address: str, role: str) -> None:
    sign_in(page, email=ANN)
    film = shared_film(page, address, role)
    sign_in(other, email=BEN)
    other.goto(film)
    settle(other)
    clips = other.locator(".clip")
    expect(clips).to_have_count(2)
    other.wait_for_timeout(500)
    first, second = clips.evaluate_all("(clips) => clips.map((clip) => clip.dataset.id)")
    may = role == "reviewer"
    expect(other.locator(".help dt", has_text="Alt")).to_have_count(int(may))
    drag(other, middle(clips.first), middle(clips.last, share=0.9))
    expect(clips.first).to_have_attribute("data-id", second if may else first)
    clips.first.focus()
    other.keyboard.press("Alt+ArrowRight")
    other.keyboard.press("Alt+ArrowRight")
    if may:
        expect(clips.first).to_have_attribute("data-id", first)
        return
    other.wait_for_timeout(1_500)
    expect(clips.first).to_have_attribute("data-id", first)
    expect(other.get_by_test_id("stToast")).to_have_count(0)
    # looking and choosing stay
    clips.last.focus()
    other.keyboard.press("Space")
    expect(clips.last).to_have_attribute("aria-pressed", "true")
    expect(other.get_by_role("heading", name="Clip 2")).to_be_visible()
    clips.last.focus()
    other.keyboard.press("Control+a")
    expect(other.get_by_role("heading", name="2 clips selected")).to_be_visible()
    for name in ("Merge into one", "Remove 2 clips", "Move", "Undo", "Start generation"):
        expect(other.get_by_role("button", name=name, exact=True)).to_have_count(0)
    assert not violations(other)
    for size in ("wide", "phone"):
        other.set_viewport_size(SIZES[size])
        for scheme in ("light", "dark"):
            other.emulate_media(color_scheme=scheme)
            settle(other)
            other.wait_for_timeout(600)
