"""Browsers in which somebody is signed in: through restarts, with several processes, while the service is away."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from orchestrator.auth.sign_ins import KEPT_SECONDS, SignIns
from orchestrator.auth.supabase import SupabaseAuth
from orchestrator.auth.tokens import Keys, Tokens
from orchestrator.db.session import Database, open_database
from orchestrator.db.sign_in_models import SignInRow
from orchestrator.errors import NotSignedIn, SignInAway
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.postgres import create_database

ANN, PASSWORD = "ann@example.com", "her password"
DAY = 86_400.0
names = itertools.count(1)


class Clock:
    """Runs with the real one, which signs tokens, and can be set forward."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_seconds


@pytest.fixture(scope="module")
def database_url(postgres_url: str) -> str:
    return create_database(postgres_url, f"sign_ins_{time.time_ns()}")


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    database = open_database(database_url, data_dir=tmp_path)
    with database.write() as session:
        session.execute(text("delete from sign_ins"))
    yield database
    database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def process(database: Database, server: FakeAuthServer, clock: Clock) -> SignIns:
    """What one process that serves the app has in memory, and no more."""
    keys = Keys(f"{server.issuer}/.well-known/jwks.json")
    auth = SupabaseAuth(url=server.url, key=SecretStr(server.key), keys=keys)
    return SignIns(database, auth=auth, tokens=Tokens(server.issuer, keys), now=clock)


@pytest.fixture
def sign_ins(database: Database, auth_server: FakeAuthServer, clock: Clock) -> SignIns:
    auth_server.add_user(ANN, PASSWORD)
    return process(database, auth_server, clock)


def sign_in(sign_ins: SignIns) -> str:
    return sign_ins.begin(sign_ins.auth.with_password(ANN, PASSWORD))


def rows(database: Database) -> list[SignInRow]:
    with database.read() as session:
        return list(session.scalars(select(SignInRow)))


def refreshes(server: FakeAuthServer) -> int:
    return server.requests.count(("POST", "/token"))


def test_a_browser_is_known_by_its_secret_in_every_process(
    sign_ins: SignIns, database: Database, auth_server: FakeAuthServer, clock: Clock
) -> None:
    secret = sign_in(sign_ins)
    assert sign_ins.user(secret).email == ANN
    assert sign_ins.known(secret) == sign_ins.user(secret)
    other = process(database, auth_server, clock)
    assert other.known(secret) is None
    assert other.user(secret) == sign_ins.user(secret)
    assert sign_in(sign_ins) != secret


def test_what_is_kept_opens_nothing(sign_ins: SignIns, database: Database) -> None:
    granted = sign_ins.auth.with_password(ANN, PASSWORD)
    secret = sign_ins.begin(granted)
    with database.read() as session:
        kept = str(session.execute(text("select sign_ins.*::text from sign_ins")).all())
    for hidden in (secret, granted.access_token, granted.refresh_token, ANN, PASSWORD):
        assert hidden not in kept
    (row,) = rows(database)
    with pytest.raises(NotSignedIn):
        sign_ins.user(row.id[:43])


@pytest.mark.parametrize("secret", ["", "x", "y" * 43, "é" * 43, "a" * 5000, "../" * 14 + "a"])
def test_a_secret_that_nobody_gave_is_nobody(sign_ins: SignIns, secret: str) -> None:
    sign_in(sign_ins)
    with pytest.raises(NotSignedIn):
        sign_ins.user(secret)


def test_the_row_of_another_browser_is_not_opened(sign_ins: SignIns, database: Database) -> None:
    mine, other = sign_in(sign_ins), sign_in(sign_ins)
    with database.write() as session:
        first, second = session.scalars(select(SignInRow)).all()
        first.sealed, second.sealed = second.sealed, first.sealed
    for secret in (mine, other):
        with pytest.raises(NotSignedIn):
            sign_ins.user(secret)


def test_asking_again_asks_nobody(sign_ins: SignIns, database: Database, auth_server: FakeAuthServer) -> None:
    secret = sign_in(sign_ins)
    sign_ins.user(secret)
    before = len(auth_server.requests)
    with database.write() as session:
        session.execute(text("delete from sign_ins"))
    for _ in range(50):
        assert sign_ins.user(secret).email == ANN
    assert len(auth_server.requests) == before


def test_signing_out_is_seen_here_at_once_and_elsewhere_soon(
    sign_ins: SignIns, database: Database, auth_server: FakeAuthServer, clock: Clock
) -> None:
    secret, other = sign_in(sign_ins), process(database, auth_server, clock)
    other.user(secret)
    sign_ins.end(secret)
    with pytest.raises(NotSignedIn):
        sign_ins.user(secret)
    assert not rows(database) and not auth_server.sessions
    other.user(secret)
    clock.ahead_seconds = KEPT_SECONDS + 1
    with pytest.raises(NotSignedIn):
        other.user(secret)


def test_signing_out_works_while_the_service_is_away(
    sign_ins: SignIns, database: Database, auth_server: FakeAuthServer
) -> None:
    secret = sign_in(sign_ins)
    auth_server.is_away = True
    sign_ins.end(secret)
    sign_ins.end(secret)
    assert not rows(database)


def test_tokens_are_renewed_before_they_end_by_one_for_all(
    sign_ins: SignIns, database: Database, auth_server: FakeAuthServer, clock: Clock
) -> None:
    secret = sign_in(sign_ins)
    before, sealed = refreshes(auth_server), rows(database)[0].sealed
    clock.ahead_seconds = 3600 - 60
    auth_server.delay_seconds = 0.2
    with ThreadPoolExecutor(8) as pool:
        assert {user.email for user in pool.map(lambda _: sign_ins.user(secret), range(8))} == {ANN}
    assert refreshes(auth_server) == before + 1
    (row,) = rows(database)
    assert row.sealed != sealed and row.expires_at.timestamp() > time.time() + 3500


def test_two_processes_that_renew_at_once_do_no_harm(
    sign_ins: SignIns, database: Database, auth_server: FakeAuthServer, clock: Clock
) -> None:
    secret, other = sign_in(sign_ins), process(database, auth_server, clock)
    clock.ahead_seconds = 3600 + 5
    auth_server.token_seconds = 7300
    auth_server.delay_seconds = 0.1
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda one: one.user(secret).email, (sign_ins, other)))
    assert found == [ANN, ANN]
    clock.ahead_seconds += 3600
    auth_server.age_refresh_tokens(60)
    for one in (sign_ins, other, process(database, auth_server, clock)):
        assert one.user(secret).email == ANN


def test_a_process_that_ended_between_asking_and_writing_loses_nobody(
    sign_ins: SignIns, database: Database, auth_server: FakeAuthServer, clock: Clock
) -> None:
    granted = sign_ins.auth.with_password(ANN, PASSWORD)
    secret = sign_ins.begin(granted)
    clock.ahead_seconds = 3600 + 5
    auth_server.token_seconds = 7300
    sign_ins.auth.refresh(granted.refresh_token)  # answered, and killed before the row was written
    assert process(database, auth_server, clock).user(secret).email == ANN


def test_a_valid_token_counts_while_the_service_is_away_and_an_old_one_says_so(
    sign_ins: SignIns, database: Database, auth_server: FakeAuthServer, clock: Clock
) -> None:
    secret = sign_in(sign_ins)
    sign_ins.user(secret)
    auth_server.is_away = True
    clock.ahead_seconds = 3600 - 60
    assert sign_ins.user(secret).email == ANN
    clock.ahead_seconds = 3600 + 60
    before = len(auth_server.requests)
    for _ in range(20):
        with pytest.raises(SignInAway):
            sign_ins.user(secret)
    assert len(auth_server.requests) == before + 1
    auth_server.is_away = False
    auth_server.token_seconds = 7300
    clock.ahead_seconds += 10
    assert sign_ins.user(secret).email == ANN


def test_a_sign_in_that_the_service_has_ended_is_over(
    sign_ins: SignIns, database: Database, auth_server: FakeAuthServer, clock: Clock
) -> None:
    secret = sign_in(sign_ins)
    auth_server.end_sessions(next(iter(auth_server.users)))
    clock.ahead_seconds = 3600 - 60
    with pytest.raises(NotSignedIn):
        sign_ins.user(secret)
    assert not rows(database)


def test_what_nobody_used_for_a_month_is_forgotten(sign_ins: SignIns, database: Database, clock: Clock) -> None:
    old = sign_in(sign_ins)
    with database.write() as session:
        session.execute(text("update sign_ins set seen_at = now() - interval '31 days'"))
    with pytest.raises(NotSignedIn):
        sign_ins.user(old)
    sign_in(sign_ins)
    assert len(rows(database)) == 1


def test_use_is_written_down_once_an_hour(sign_ins: SignIns, database: Database, clock: Clock) -> None:
    secret = sign_in(sign_ins)
    first = rows(database)[0].seen_at
    clock.ahead_seconds = 60
    sign_ins.user(secret)
    assert rows(database)[0].seen_at == first
    with database.write() as session:
        session.execute(text("update sign_ins set seen_at = now() - interval '2 hours'"))
    clock.ahead_seconds = 120
    sign_ins.user(secret)
    assert rows(database)[0].seen_at > first


def test_a_program_is_known_by_its_token_and_asked_about_once(
    sign_ins: SignIns, auth_server: FakeAuthServer, clock: Clock
) -> None:
    ann = next(iter(auth_server.users))
    token = auth_server.token_for(ann)
    with ThreadPoolExecutor(4) as pool:
        assert {user.id for user in pool.map(sign_ins.user_of_token, [token] * 4)} == {ann}
    assert sign_ins.user_of_token(token).is_email_verified
    assert auth_server.requests.count(("GET", "/user")) == 1


def test_an_address_is_verified_when_the_service_says_so_not_the_token(
    sign_ins: SignIns, auth_server: FakeAuthServer
) -> None:
    ben = auth_server.add_user("ben@example.com", PASSWORD, is_confirmed=False)
    token = auth_server.token_for(ben, email_verified=True, user_metadata={"email_verified": True})
    assert not sign_ins.user_of_token(token).is_email_verified


def test_a_token_whose_session_has_ended_is_nobody(sign_ins: SignIns, auth_server: FakeAuthServer) -> None:
    ann = next(iter(auth_server.users))
    token = auth_server.token_for(ann)
    auth_server.end_sessions(ann)
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            sign_ins.user_of_token(token)
    assert auth_server.requests.count(("GET", "/user")) == 1


def test_a_token_that_nobody_can_be_asked_about_waits(sign_ins: SignIns, auth_server: FakeAuthServer) -> None:
    token = auth_server.token_for(next(iter(auth_server.users)))
    auth_server.is_away = True
    with pytest.raises(SignInAway):
        sign_ins.user_of_token(token)


def test_nothing_secret_is_logged(
    sign_ins: SignIns, auth_server: FakeAuthServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    granted = sign_ins.auth.with_password(ANN, PASSWORD)
    secret = sign_ins.begin(granted)
    clock.ahead_seconds = 3600 - 60
    auth_server.errors = [500]
    sign_ins.user(secret)
    sign_ins.end(secret)
    for hidden in (secret, granted.access_token, granted.refresh_token, PASSWORD, auth_server.key):
        assert hidden not in caplog.text
