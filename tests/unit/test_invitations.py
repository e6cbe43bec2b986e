"""Who is written to, how often, and what is said when nobody is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from orchestrator.auth.invitations import AGAIN_SECONDS, HOUR_SECONDS, MAILS_PER_HOUR, Invitations, too_soon
from orchestrator.auth.supabase import SupabaseAuth
from orchestrator.auth.tokens import Keys
from orchestrator.schema.member import InvitationMail, MailState
from orchestrator.schema.user import User
from tests.fakes.auth_server import FakeAuthServer

ANN, CAT = (User(id=name, email=f"{name}@example.com", is_email_verified=True) for name in ("ann", "cat"))
BEN, BACK = "ben@example.com", "https://films.example.org/sign-in/callback"


class House:
    """Invitations of an app whose clock stands until it is moved."""

    def __init__(self, server: FakeAuthServer, *, secret_key: str = "") -> None:
        self.server, self.time = server, 1_000_000.0
        keys = Keys(f"{server.issuer}/.well-known/jwks.json")
        secret = SecretStr(secret_key or server.secret_key)
        auth = SupabaseAuth(url=server.url, key=SecretStr(server.key), keys=keys, secret_key=secret)
        self.invitations = Invitations(auth, now=lambda: self.time)

    def send(self, email: str = BEN, *, by: User = ANN, is_admin: bool = False) -> InvitationMail:
        return self.invitations.send(email, by=by, is_admin=is_admin, back=BACK)


@pytest.fixture
def house(auth_server: FakeAuthServer) -> Iterator[House]:
    yield House(auth_server)


def test_a_mail_goes_out_and_again_after_a_minute(house: House) -> None:
    assert house.send() == InvitationMail(state=MailState.SENT)
    assert BACK in house.server.mails[0].link.replace("%3A", ":").replace("%2F", "/")
    house.time += 20
    soon = house.send(by=CAT)
    assert soon.state is MailState.FAILED and "Try again in 40 seconds" in soon.reason
    house.time += AGAIN_SECONDS
    assert house.send().state is MailState.SENT
    assert len(house.server.mails) == 2


def test_one_person_does_not_use_up_the_mails_of_all(house: House) -> None:
    for number in range(MAILS_PER_HOUR):
        assert house.send(f"{number}@example.com").state is MailState.SENT
        house.time += 60
    refused = house.send("one.more@example.com")
    assert refused.state is MailState.FAILED and "Try again in 40 minutes" in refused.reason
    assert house.send("one.more@example.com", by=CAT).state is MailState.SENT
    house.time += HOUR_SECONDS
    assert house.send("another@example.com").state is MailState.SENT


def test_who_has_an_account_gets_no_mail(house: House) -> None:
    house.server.add_user(BEN, "his password")
    told = house.send()
    assert told.state is MailState.HAS_ACCOUNT and "have an account" in told.reason
    assert not house.server.mails


def test_a_mail_that_did_not_go_out_says_why_and_can_be_tried_again(house: House) -> None:
    house.server.is_away = True
    away = house.send()
    assert away.state is MailState.FAILED and "did not answer" in away.reason
    house.server.is_away = False
    house.server.errors = [500]
    assert "could not send it" in house.send().reason
    house.server.mails_left = 0
    assert "as many mails as it may" in house.send().reason
    house.server.mails_left = None
    house.server.allows_signup = False
    assert "only an admin's invitation" in house.send().reason
    assert house.send(is_admin=True).state is MailState.SENT


def test_a_key_that_is_refused_is_told_to_whoever_runs_it(
    auth_server: FakeAuthServer, caplog: pytest.LogCaptureFixture
) -> None:
    told = House(auth_server, secret_key="sb_secret_of_another").send()
    assert told.state is MailState.FAILED and "Ask whoever runs it" in told.reason
    assert "SUPABASE_SECRET_KEY" in caplog.text
    assert "sb_secret" not in caplog.text + told.reason and BEN not in caplog.text


@pytest.mark.parametrize(
    ("sent_to", "sent_by", "words"),
    [
        ({}, [], ""),
        ({BEN: 940.0}, [], ""),
        ({BEN: 940.1}, [], "in 1 second."),
        ({"cat@example.com": 999.0}, [], ""),
        ({}, [-2600.0] + [0.0] * (MAILS_PER_HOUR - 1), ""),
        ({}, [-2599.0] + [0.0] * (MAILS_PER_HOUR - 1), "in 1 minute."),
        ({}, [1000.0] * MAILS_PER_HOUR, "in 60 minutes."),
    ],
)
def test_how_long_to_wait(sent_to: dict[str, float], sent_by: list[float], words: str) -> None:
    reason = too_soon(BEN, sent_to, sent_by, now=1000.0)
    assert words in reason and bool(reason) is bool(words)
