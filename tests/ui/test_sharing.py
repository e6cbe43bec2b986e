"""The pages as people of a shared project have them, on a real Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from orchestrator import bootstrap
from orchestrator.auth.invitations import Invitations
from orchestrator.auth.supabase import SupabaseAuth
from orchestrator.auth.tokens import Keys
from orchestrator.bootstrap import App
from orchestrator.db.models import new_id
from orchestrator.engine import Engine
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.user import User
from orchestrator.service import Service
from pages.components.storyboard.invite_form import project_link
from tests.conftest import make_settings
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.parked import ParkedEngine
from tests.fakes.postgres import create_database
from tests.ui.conftest import NAVIGATION, SCRIPT, SMALL, OpenPage, press, words

NAMES = ("ann", "ben", "cat", "dan")
ANN, BEN, CAT, DAN = (User(id=new_id(), email=f"{name}@example.com", is_email_verified=True) for name in NAMES)


class House:
    """An app on Postgres in which Ann has a film with a plan. ``become`` says who looks at the pages."""

    def __init__(self, app: App) -> None:
        self.app = app
        ann = app.for_user(ANN).service
        self.project = ann.create_project(name="Lamp", settings=SMALL)
        brief = ContentBrief(objective="Sell lamps", tone="calm")
        self.plan = ann.create_plan(self.project, script=SCRIPT, brief=brief)

    def become(self, user: User) -> App:
        bootstrap.use(self.app.for_user(user))
        return self.app.for_user(user)

    def share(self, user: User, role: str) -> None:
        self.app.for_user(ANN).service.invite(self.project, user.email, role)


@pytest.fixture
def house(tmp_path: Path, postgres_url: str, auth_server: FakeAuthServer) -> Iterator[House]:
    url = create_database(postgres_url, f"sharing_{new_id().replace('-', '')}")
    settings = make_settings(tmp_path / "data", database_url=SecretStr(url), admins=("dan@example.com",))
    app = bootstrap.build(settings, is_durable=False)
    engine, choices = cast(Engine, ParkedEngine()), app.service._choices
    keys = Keys(f"{auth_server.issuer}/.well-known/jwks.json")
    key, secret = SecretStr(auth_server.key), SecretStr(auth_server.secret_key)
    auth = SupabaseAuth(url=auth_server.url, key=key, keys=keys, secret_key=secret)
    app.service = Service(
        database=app.database, engine=engine, choices=choices, store=app.store, invitations=Invitations(auth)
    )
    yield House(app)
    bootstrap.use(None)
    app.stop()


def html(page: AppTest) -> str:
    return "\n".join(item.body for item in page.get("html"))


def labels(page: AppTest) -> set[str]:
    assert not page.exception, [item.value for item in page.exception]
    return {item.label for item in page.button}


def test_a_project_is_shared_from_its_storyboard(house: House, open_page: OpenPage) -> None:
    house.become(ANN)
    page = press(open_page(project=house.project), "Share")
    assert "Nobody else is here yet" in words(page)
    page = _invite(page, "no address")
    assert "That is no e-mail address" in words(page)
    page = _invite(page, "Ben@Example.com", role="reviewer")
    assert "ben@example.com is invited, and sees the project" in words(page)
    page.selectbox(key="share-ben@example.com-as").set_value("viewer").run()
    people = house.app.for_user(ANN).views.people(house.project)
    assert [(p.email, p.role, p.has_joined) for p in people[1:]] == [("ben@example.com", "viewer", False)]
    page = press(page, "Remove ben@example.com")
    assert len(house.app.for_user(ANN).views.people(house.project)) == 1
    assert "ben@example.com" not in words(page) + html(page)


def test_who_is_invited_is_written_to_and_it_is_said_what_became_of_it(
    house: House, open_page: OpenPage, auth_server: FakeAuthServer
) -> None:
    house.become(ANN)
    page = press(open_page(project=house.project), "Share")
    page = _invite(page, "Ben@Example.com")
    assert "Mail sent to ben@example.com." in words(page)
    page = press(page, "Send the mail to ben@example.com again")
    assert "No mail was sent to ben@example.com. A mail went there less than a minute ago" in words(page)
    auth_server.add_user("cat@example.com", "her password")
    page = _invite(page, "cat@example.com")
    assert "No mail was sent to cat@example.com. They have an account here" in words(page)
    auth_server.is_away = True
    page = _invite(page, "dan@example.com")
    assert "dan@example.com is invited" in words(page)
    assert "did not answer, or could not send it" in words(page)
    assert [mail.to for mail in auth_server.mails] == ["ben@example.com"]
    assert len(house.app.for_user(ANN).views.people(house.project)) == 4


def _invite(page: AppTest, email: str, *, role: str = "viewer") -> AppTest:
    next(item for item in page.text_input if item.label == "E-mail address").set_value(email)
    next(item for item in page.radio if item.label == "Role").set_value(role)
    return press(page, "Invite")


def test_who_was_invited_finds_the_project_and_may_leave_it(house: House, open_page: OpenPage) -> None:
    house.share(BEN, "viewer")
    ben = house.become(BEN)
    first = AppTest.from_file(str(NAVIGATION), default_timeout=60).run()
    assert "A project was shared with you" in {item.value for item in first.toast}
    page = open_page("dashboard.py", view="projects")
    assert "by ann@example.com · you may look at it" in html(page)
    page = press(open_page(project=house.project), "People")
    assert "ann@example.com" in html(page)
    press(page, "Yes, leave it")
    assert not ben.views.project_names()


MAKING = {"Start generation", "Preview for free", "Generate Clip Plan again", "Use the sample script", "Share"}


@pytest.mark.parametrize(
    ("user", "role", "said", "can_undo"),
    [(BEN, "viewer", "You may look at this", False), (CAT, "reviewer", "You review this", True)],
)
def test_what_one_may_not_do_is_not_offered(
    house: House, open_page: OpenPage, user: User, role: str, said: str, can_undo: bool
) -> None:
    house.share(user, role)
    house.become(user)
    page = open_page(project=house.project)
    assert said in {item.value for item in page.get("badge")} or said in words(page)
    assert not labels(page) & MAKING
    assert ("Undo" in labels(page)) is can_undo
    for step, shown in (("brief", "Sell lamps"), ("script", "The lamp is lit"), ("plan", "words per minute")):
        page = open_page(project=house.project, step=step)
        assert shown in words(page)
        assert not labels(page) & MAKING
        assert not page.text_area and not page.slider
        assert "Project name" not in {field.label for field in page.text_input}
    clip = house.app.for_user(user).views.plan(house.plan).clips[0].id
    page = open_page(project=house.project, clip=clip)
    assert not {"Retry", "Split"} & labels(page)
    assert ("Move later" in labels(page)) is can_undo
    both = ",".join(one.id for one in house.app.for_user(user).views.plan(house.plan).clips)
    page = open_page(project=house.project, clip=both)
    assert "2 clips selected" in [item.value for item in page.header]
    assert not {"Merge into one", "Remove 2 clips", "Set"} & labels(page)
    assert ("Move" in labels(page)) is can_undo


def test_a_reviewer_is_offered_to_take_back_an_order_and_nothing_else(house: House, open_page: OpenPage) -> None:
    house.share(CAT, "reviewer")
    ann, cat = house.app.for_user(ANN), house.become(CAT)
    clips = [clip.id for clip in ann.views.plan(house.plan).clips]

    def undo(page: AppTest) -> list[bool]:
        """Whether each button to undo is off: the one in the header, and the bar's, where there is one."""
        return [item.disabled for item in page.button if item.label == "Undo"]

    ann.service.edit_clip(clips[0], text="The lamp is out.")
    page = open_page(project=house.project)
    assert undo(page) == [True]
    assert "for the owner and the creators" in next(item.help for item in page.button if item.label == "Undo")
    cat.service.reorder_clips(house.plan, clips[::-1])
    page = open_page(project=house.project)
    assert undo(page) == [False, False]
    page = press(page, "Undo")
    assert [clip.id for clip in ann.views.plan(house.plan).clips] == clips
    assert undo(page) == [True], "what is next was Ann's"


def test_a_creator_is_offered_what_makes_the_film(house: House, open_page: OpenPage) -> None:
    house.share(BEN, "creator")
    house.become(BEN)
    page = open_page(project=house.project)
    assert {"Start generation", "People"} <= labels(page)
    page = press(page, "Start generation")
    assert house.app.views.plan(house.plan).status == "running"


def test_only_admins_are_offered_the_installations_own_things(house: House, open_page: OpenPage) -> None:
    house.become(ANN)
    for section in ("models", "defaults", "judging", "storage"):
        page = open_page("settings.py", section=section)
        assert "Only an admin of this installation changes this" in words(page)
        assert not page.number_input and not page.slider
    assert "Check" not in labels(open_page("settings.py"))
    house.become(DAN)
    assert "Empty the cache" in labels(open_page("settings.py", section="storage"))
    assert "Check" in labels(open_page("settings.py"))


def test_nothing_of_it_is_there_where_nobody_signs_in(house: House, open_page: OpenPage) -> None:
    bootstrap.use(house.app)
    page = open_page(project=house.project)
    assert "Start generation" in labels(page)
    assert not {"Share", "People"} & labels(page)


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("https://films.example.org/storyboard", "https://films.example.org/storyboard?project=p"),
        ("http://127.0.0.1:8501/", "http://127.0.0.1:8501/storyboard?project=p"),
        ("https://example.org/films/dashboard", "https://example.org/films/storyboard?project=p"),
        ("", ""),
    ],
)
def test_the_link_leads_to_the_storyboard(page: str, link: str) -> None:
    assert project_link(page, "p") == link
