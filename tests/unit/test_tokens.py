"""Access tokens: what is genuine, what is not, and what happens while the keys cannot be had."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from orchestrator.auth.tokens import Keys, Tokens
from orchestrator.errors import NotConfigured, NotSignedIn, SignInAway
from tests.fakes.auth_server import FakeAuthServer

JWKS = "/.well-known/jwks.json"


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(auth_server: FakeAuthServer, clock: Clock) -> Tokens:
    return Tokens(auth_server.issuer, Keys(f"{auth_server.issuer}{JWKS}", now=clock))


@pytest.fixture
def ann(auth_server: FakeAuthServer) -> str:
    return auth_server.add_user("ann@example.com", "her password")


def asked(server: FakeAuthServer) -> int:
    return server.requests.count(("GET", JWKS))


def test_a_genuine_token_says_who_it_is(auth_server: FakeAuthServer, tokens: Tokens, ann: str) -> None:
    claims = tokens.verify(auth_server.token_for(ann))
    assert (claims.user_id, claims.email) == (ann, "ann@example.com")
    assert abs(claims.expires_at - time.time() - 3600) < 5
    tokens.verify(auth_server.token_for(ann))
    assert asked(auth_server) == 1


def test_a_clock_that_is_a_little_off_does_no_harm(auth_server: FakeAuthServer, tokens: Tokens, ann: str) -> None:
    tokens.verify(auth_server.token_for(ann, seconds=-20))
    with pytest.raises(NotSignedIn, match="expired"):
        tokens.verify(auth_server.token_for(ann, seconds=-40))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://another.supabase.co/auth/v1"},
        {"aud": "somebody else"},
        {"role": "service_role"},
        {"role": "anon"},
        {"role": None},
        {"sub": "no uuid"},
        {"sub": None},
        {"sub": 7},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 10**400},
        {"is_anonymous": True},
        {"nbf": 2**33},
        {"iat": 2**33},
    ],
)
def test_a_token_that_says_something_else_is_nobody(
    auth_server: FakeAuthServer, tokens: Tokens, ann: str, claims: dict[str, Any]
) -> None:
    with pytest.raises(NotSignedIn):
        tokens.verify(auth_server.token_for(ann, **claims))


def signed_with(key: Any, algorithm: str) -> Callable[[FakeAuthServer, str], str]:
    def sign(server: FakeAuthServer, user: str) -> str:
        genuine = server.token_for(user)
        kid = jwt.get_unverified_header(genuine)["kid"]
        said = jwt.decode(genuine, options={"verify_signature": False})
        return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid})

    return sign


def confused(server: FakeAuthServer, user: str) -> str:
    """Signed with the public key, as if that were a shared secret. PyJWT refuses to make it; others do not."""
    import hashlib
    import hmac

    genuine = server.token_for(user)
    kid = jwt.get_unverified_header(genuine)["kid"]

    def encoded(raw: bytes) -> bytes:
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    head = encoded(json.dumps({"alg": "HS256", "kid": kid, "typ": "JWT"}).encode())
    signed = head + b"." + genuine.split(".")[1].encode()
    public = json.dumps(server.jwks()["keys"][0]).encode()
    return (signed + b"." + encoded(hmac.digest(public, signed, hashlib.sha256))).decode()


@pytest.mark.parametrize(
    "forge",
    [
        signed_with(ec.generate_private_key(ec.SECP256R1()), "ES256"),
        signed_with(rsa.generate_private_key(65537, 2048), "RS256"),
        signed_with(ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        signed_with("a shared secret of at least thirty-two bytes", "HS256"),
        signed_with(None, "none"),
        confused,
    ],
)
def test_a_forged_signature_is_nobody(
    auth_server: FakeAuthServer, tokens: Tokens, ann: str, forge: Callable[[FakeAuthServer, str], str]
) -> None:
    tokens.verify(auth_server.token_for(ann))
    with pytest.raises(NotSignedIn):
        tokens.verify(forge(auth_server, ann))


def test_a_key_that_the_token_brings_along_is_not_used(auth_server: FakeAuthServer, tokens: Tokens, ann: str) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    said = jwt.decode(auth_server.token_for(ann), options={"verify_signature": False})
    described = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(own.public_key()))
    with FakeAuthServer() as foreign:
        for more in ({"jwk": described}, {"jku": f"{foreign.issuer}{JWKS}", "kid": "other"}, {"kid": "../keys"}):
            with pytest.raises(NotSignedIn):
                tokens.verify(jwt.encode(said, own, algorithm="ES256", headers=more))
        assert not foreign.requests


@tried(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_garbage_is_nobody(auth_server: FakeAuthServer, tokens: Tokens, data: st.DataObject) -> None:
    ann = next(iter(auth_server.users), "") or auth_server.add_user("ann@example.com", "her password")
    genuine = auth_server.token_for(ann)
    place = data.draw(st.integers(0, len(genuine) - 1))
    mangled = genuine[:place] + data.draw(st.characters()) + genuine[place + 1 :]
    parts = data.draw(st.permutations(genuine.split(".")))
    for garbage in (data.draw(st.text(max_size=60)), mangled, genuine[:place], ".".join(parts), genuine * 40):
        if garbage == genuine:
            continue
        try:
            claims = tokens.verify(garbage)
        except NotSignedIn:
            continue
        # The last character of a signature carries bits that mean nothing: another one may be the same signature.
        assert claims.user_id == ann and garbage[:-1] == genuine[:-1]


def test_a_new_key_is_found_and_a_withdrawn_one_forgotten(
    auth_server: FakeAuthServer, tokens: Tokens, ann: str, clock: Clock
) -> None:
    old = auth_server.token_for(ann)
    tokens.verify(old)
    auth_server.rotate_key()
    with pytest.raises(NotSignedIn):  # asked a moment ago
        tokens.verify(auth_server.token_for(ann))
    clock.seconds += 31
    tokens.verify(auth_server.token_for(ann))
    tokens.verify(old)
    auth_server.forget_old_keys()
    clock.seconds += 601
    with pytest.raises(NotSignedIn):
        tokens.verify(old)
    assert asked(auth_server) == 3


def test_many_who_wait_for_a_key_ask_once(auth_server: FakeAuthServer, tokens: Tokens, ann: str, clock: Clock) -> None:
    auth_server.delay_seconds = 0.2
    token = auth_server.token_for(ann)
    with ThreadPoolExecutor(8) as pool:
        assert {claims.user_id for claims in pool.map(tokens.verify, [token] * 8)} == {ann}
    assert asked(auth_server) == 1
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            tokens.verify(jwt.encode({}, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "unknown"}))
    assert asked(auth_server) == 1


def test_known_keys_go_on_while_the_service_is_away(
    auth_server: FakeAuthServer, tokens: Tokens, ann: str, clock: Clock
) -> None:
    token = auth_server.token_for(ann)
    auth_server.is_away = True
    for _ in range(3):
        with pytest.raises(SignInAway):
            tokens.verify(token)
    assert asked(auth_server) == 1
    auth_server.is_away = False
    clock.seconds += 31
    tokens.verify(token)
    auth_server.is_away = True
    clock.seconds += 3600
    tokens.verify(token)
    auth_server.rotate_key()
    with pytest.raises(SignInAway):
        tokens.verify(auth_server.token_for(ann))


@pytest.mark.parametrize("status", [404, 500, 429])
def test_an_answer_without_keys_is_no_answer(
    auth_server: FakeAuthServer, tokens: Tokens, ann: str, status: int
) -> None:
    auth_server.errors = [status]
    with pytest.raises(SignInAway):
        tokens.verify(auth_server.token_for(ann))


def test_a_project_with_a_shared_secret_is_told_what_to_change(
    auth_server: FakeAuthServer, tokens: Tokens, ann: str
) -> None:
    auth_server.uses_shared_secret = True
    with pytest.raises(NotConfigured, match="shared secret") as caught:
        tokens.verify(auth_server.token_for(ann))
    assert "asymmetric signing key" in caught.value.hint
