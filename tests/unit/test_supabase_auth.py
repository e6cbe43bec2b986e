"""What Supabase Auth grants and refuses, as its adapter says it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from orchestrator.auth.base import Auth, Errand, Grant
from orchestrator.auth.supabase import SupabaseAuth
from orchestrator.auth.tokens import Keys
from orchestrator.errors import NotConfigured, NotSignedIn, SignInAway, SignInRefused
from tests.fakes.auth_server import FakeAuthServer

ANN, PASSWORD, BACK = "ann@example.com", "her password", "http://127.0.0.1:8501/sign-in/callback"


@pytest.fixture
def auth(auth_server: FakeAuthServer) -> Auth:
    auth_server.add_user(ANN, PASSWORD)
    return adapter(auth_server)


def adapter(server: FakeAuthServer, *, key: str = "", secret_key: str | None = None) -> SupabaseAuth:
    keys = Keys(f"{server.issuer}/.well-known/jwks.json")
    secret = SecretStr(server.secret_key if secret_key is None else secret_key)
    return SupabaseAuth(url=server.url, key=SecretStr(key or server.key), keys=keys, secret_key=secret)


def follow(link: str) -> dict[str, str]:
    """What a browser that follows ``link`` brings back to us."""
    location = httpx.get(link).headers["location"]
    assert location.startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_a_password_signs_in(auth: Auth, auth_server: FakeAuthServer) -> None:
    granted = auth.with_password(ANN, PASSWORD)
    assert (granted.user.email, granted.user.is_email_verified) == (ANN, True)
    assert granted.user.name == ""
    assert auth.look_up(granted.access_token) == granted.user
    assert granted.access_token not in repr(granted) and granted.refresh_token not in repr(granted)


def test_who_signs_up_confirms_the_address_by_mail(auth: Auth, auth_server: FakeAuthServer) -> None:
    errand = auth.sign_up("ben@example.com", "his password", back=BACK)
    assert isinstance(errand, Errand) and errand.verifier
    with pytest.raises(SignInRefused, match="not confirmed"):
        auth.with_password("ben@example.com", "his password")
    brought = follow(auth_server.mails[-1].link)
    with pytest.raises(SignInRefused, match="another browser"):
        auth.come_back(brought["code"], "x" * 64)
    assert auth.come_back(brought["code"], errand.verifier).user.email == "ben@example.com"
    with pytest.raises(SignInRefused, match="used already"):
        auth.come_back(brought["code"], errand.verifier)
    assert follow(auth_server.mails[-1].link)["error_code"] == "otp_expired"


def test_nobody_is_told_who_has_an_account(auth: Auth, auth_server: FakeAuthServer) -> None:
    assert isinstance(auth.sign_up(ANN, "another password", back=BACK), Errand)
    auth.send_recovery("nobody@example.com", back=BACK)
    assert not auth_server.mails


def test_where_no_mail_is_sent_signing_up_signs_in(auth: Auth, auth_server: FakeAuthServer) -> None:
    auth_server.is_autoconfirm = True
    assert isinstance(auth.sign_up("ben@example.com", "his password", back=BACK), Grant)
    with pytest.raises(SignInRefused, match="There is an account"):
        auth.sign_up("ben@example.com", "his password", back=BACK)


def test_a_link_by_mail_signs_in_with_code_and_without(auth: Auth, auth_server: FakeAuthServer) -> None:
    errand = auth.send_link(ANN, back=BACK)
    assert auth.come_back(follow(auth_server.mails[-1].link)["code"], errand.verifier).user.email == ANN
    auth.send_link(ANN, back=BACK)
    token_hash = auth_server.mails[-1].token_hash
    assert auth.open_mail(token_hash, "email").user.email == ANN
    with pytest.raises(SignInRefused, match="used already"):
        auth.open_mail(token_hash, "email")


def test_a_forgotten_password_is_replaced(auth: Auth, auth_server: FakeAuthServer) -> None:
    errand = auth.send_recovery(ANN, back=BACK)
    granted = auth.come_back(follow(auth_server.mails[-1].link)["code"], errand.verifier)
    for bad, words in (("short", "too easy"), (PASSWORD, "have already")):
        with pytest.raises(SignInRefused, match=words):
            auth.set_password(granted.access_token, bad)
    auth.set_password(granted.access_token, "a better one")
    assert auth.with_password(ANN, "a better one").user.email == ANN


def test_another_service_answers_for_somebody(auth: Auth, auth_server: FakeAuthServer) -> None:
    errand = auth.visit("github", back=BACK)
    assert errand.url.startswith(f"{auth_server.issuer}/authorize?")
    elsewhere = httpx.get(errand.url).headers["location"]
    state = parse_qs(urlsplit(elsewhere).query)["state"][0]
    back = httpx.post(f"{auth_server.url}{elsewhere}", data={"state": state, "email": ANN}).headers["location"]
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert auth.come_back(code, errand.verifier).user.email == ANN


def test_refresh_tokens_are_good_once_and_a_moment_longer(auth: Auth, auth_server: FakeAuthServer) -> None:
    first = auth.with_password(ANN, PASSWORD)
    second = auth.refresh(first.refresh_token)
    assert auth.refresh(first.refresh_token).refresh_token == second.refresh_token
    auth_server.age_refresh_tokens(11)
    with pytest.raises(NotSignedIn):
        auth.refresh(first.refresh_token)
    for over in (second.refresh_token, "none"):  # later use of an old one ends the session
        with pytest.raises(NotSignedIn):
            auth.refresh(over)
    with pytest.raises(NotSignedIn):
        auth.look_up(second.access_token)


def test_signing_out_ends_this_sign_in_and_no_other(auth: Auth) -> None:
    here, there = auth.with_password(ANN, PASSWORD), auth.with_password(ANN, PASSWORD)
    auth.revoke(here.access_token)
    with pytest.raises(NotSignedIn):
        auth.refresh(here.refresh_token)
    assert auth.refresh(there.refresh_token).user.email == ANN


CALLS: dict[str, Callable[[Auth], object]] = {
    "with_password": lambda auth: auth.with_password(ANN, PASSWORD),
    "sign_up": lambda auth: auth.sign_up("ben@example.com", PASSWORD, back=BACK),
    "send_link": lambda auth: auth.send_link(ANN, back=BACK),
    "send_recovery": lambda auth: auth.send_recovery(ANN, back=BACK),
    "come_back": lambda auth: auth.come_back("a", "b"),
    "open_mail": lambda auth: auth.open_mail("a", "email"),
    "refresh": lambda auth: auth.refresh("a"),
    "look_up": lambda auth: auth.look_up("a"),
    "revoke": lambda auth: auth.revoke("a"),
    "invite": lambda auth: auth.invite("ben@example.com", back=BACK, may_open=True),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_call_says_when_the_service_is_away(auth: Auth, auth_server: FakeAuthServer, call: str) -> None:
    for status in (500, 502, 503):
        auth_server.errors = [status]
        with pytest.raises(SignInAway):
            CALLS[call](auth)
    auth_server.is_away = True
    with pytest.raises(SignInAway):
        CALLS[call](auth)


@pytest.mark.parametrize("call", ["refresh", "look_up"])
def test_too_many_calls_sign_nobody_out(auth: Auth, auth_server: FakeAuthServer, call: str) -> None:
    auth_server.errors = [429]
    with pytest.raises(SignInAway):
        CALLS[call](auth)


@pytest.mark.parametrize("call", sorted({*CALLS} - {"refresh", "look_up"}))
def test_every_call_says_when_there_were_too_many(auth: Auth, auth_server: FakeAuthServer, call: str) -> None:
    auth_server.errors = [429]
    with pytest.raises(SignInRefused, match="too many tries") as caught:
        CALLS[call](auth)
    assert caught.value.retry_after_seconds == 60


def test_how_long_to_wait_for_the_next_mail_is_said(auth: Auth, auth_server: FakeAuthServer) -> None:
    auth_server.limits_mails = True
    auth.send_link(ANN, back=BACK)
    with pytest.raises(SignInRefused) as caught:
        auth.send_link(ANN, back=BACK)
    assert caught.value.retry_after_seconds == 60 and "60 seconds" in caught.value.hint


@pytest.mark.parametrize("call", sorted({*CALLS} - {"invite"}))
def test_a_key_that_is_refused_is_told_as_what_it_is(auth_server: FakeAuthServer, call: str) -> None:
    with pytest.raises(NotConfigured, match="SUPABASE_PUBLISHABLE_KEY"):
        CALLS[call](adapter(auth_server, key="sb_publishable_of_another"))


@pytest.mark.parametrize(
    ("call", "change", "words"),
    [
        (lambda auth: auth.with_password(ANN, "wrong"), {}, "address or the password"),
        (lambda auth: auth.with_password("nobody@example.com", "wrong"), {}, "address or the password"),
        (lambda auth: auth.sign_up("ben@example.com", "short", back=BACK), {}, "too easy to guess"),
        (lambda auth: auth.sign_up("ben", PASSWORD, back=BACK), {}, "not an address"),
        (lambda auth: auth.sign_up("b@example.com", PASSWORD, back=BACK), {"allows_signup": False}, "Nobody can sign"),
    ],
)
def test_what_is_refused_is_said_in_our_words(
    auth: Auth, auth_server: FakeAuthServer, call: Callable[[Auth], object], change: dict[str, bool], words: str
) -> None:
    for name, value in change.items():
        setattr(auth_server, name, value)
    with pytest.raises(SignInRefused, match=words) as caught:
        call(auth)
    assert caught.value.hint and caught.value.__suppress_context__


def test_who_is_invited_gets_a_link_that_makes_an_account(auth: Auth, auth_server: FakeAuthServer) -> None:
    for _ in range(2):  # until they follow it they can be written to again
        assert auth.invite("ben@example.com", back=BACK, may_open=False)
    mail = auth_server.mails[-1]
    assert (mail.kind, mail.to, len(auth_server.mails)) == ("invite", "ben@example.com", 2)
    brought = parse_qs(urlsplit(httpx.get(mail.link).headers["location"]).fragment)
    assert auth.look_up(brought["access_token"][0]).email == "ben@example.com"
    again = urlsplit(httpx.get(mail.link).headers["location"])
    assert parse_qs(again.fragment)["error_code"] == ["otp_expired"]
    assert not auth.invite("ben@example.com", back=BACK, may_open=False)
    assert not auth.invite(ANN, back="", may_open=True)
    assert len(auth_server.mails) == 2


def test_where_nobody_can_sign_up_only_some_may_invite(auth: Auth, auth_server: FakeAuthServer) -> None:
    auth_server.allows_signup = False
    with pytest.raises(SignInRefused, match="only an admin's"):
        auth.invite("ben@example.com", back=BACK, may_open=False)
    assert not auth_server.mails
    assert auth.invite("ben@example.com", back=BACK, may_open=True)


def test_when_no_more_mails_go_out_it_is_said(auth: Auth, auth_server: FakeAuthServer) -> None:
    auth_server.mails_left = 0
    with pytest.raises(SignInRefused, match="as many mails as it may") as caught:
        auth.invite("ben@example.com", back=BACK, may_open=True)
    assert caught.value.retry_after_seconds == 3600


@pytest.mark.parametrize("key", ["", "sb_secret_of_another", "sb_publishable_of_the_fake_server"])
def test_only_the_secret_key_invites(auth_server: FakeAuthServer, key: str) -> None:
    with pytest.raises(NotConfigured, match="SUPABASE_SECRET_KEY") as caught:
        adapter(auth_server, secret_key=key).invite("ben@example.com", back=BACK, may_open=True)
    assert "sb_" not in f"{caught.value} {caught.value.hint}" and not auth_server.mails


def test_the_doctor_hears_how_people_sign_in(auth: Auth, auth_server: FakeAuthServer) -> None:
    (item,) = auth.examine()
    assert item.state == "ok"
    assert item.detail == "ways to sign in: email, github, google; anybody can sign up; 1 signing key"
    auth_server.uses_shared_secret = True
    assert "shared secret" in auth.examine()[0].detail
    assert "SUPABASE_PUBLISHABLE_KEY" in adapter(auth_server, key="x").examine()[0].detail
    auth_server.is_away = True
    assert auth.examine()[0].detail == "it cannot be reached"
