"""Supabase Auth on loopback: the part of GoTrue's wire that signing in needs, and its faults when told to.

As a process of its own (for an app in another process)::

    python -m tests.fakes.auth_server [--port 0] [--user ann@example.com=password ...]

It prints ``listening http://127.0.0.1:PORT`` and serves until killed. In a test::

    with FakeAuthServer() as server:
        ann = server.add_user("ann@example.com", "her password")   # the id, a UUID
        server.token_for(ann)                                       # an access token, as a program would send it
        server.mails[-1].link                                       # what the last mail leads to

As the real one: the key of the gateway is asked for; passwords, links in mails (PKCE or ``token_hash``), codes and
refresh tokens are each good once, a refresh token again for ten seconds after that, and later use ends its session;
errors are ``{"code", "message"}`` of API version 2024-01-01; who has an account is not told to strangers. ``authorize``
shows a page that stands for the other service, where one presses who one is.

Faults: ``is_away`` (every request is cut), ``delay_seconds``, ``errors`` (an HTTP status each, used up one at a time,
429 as a rate limit). Settings: ``is_autoconfirm``, ``allows_signup``, ``limits_mails`` (one person's), ``mails_left``
(of all; None is no limit), ``ways``, ``token_seconds``, ``min_password``, ``uses_shared_secret`` (no public keys,
tokens signed HS256). ``requests`` is every (method, path).
"""

from __future__ import annotations

import argparse
import html
import json
import secrets
import time
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.fakes.auth_accounts import PREFIX, Accounts, Person, Refused, check_address, with_query
from tests.fakes.loopback import Cut, LoopbackHandler, LoopbackServer

KEY = "sb_publishable_of_the_fake_server"
SECRET_KEY = "sb_secret_of_the_fake_server"


class FakeAuthServer(LoopbackServer, Accounts):
    """Serves from ``__enter__`` to ``__exit__`` on a thread."""

    daemon_threads = True

    def __init__(self, *, port: int = 0, key: str = KEY) -> None:
        LoopbackServer.__init__(self, ("127.0.0.1", port), _Handler)
        Accounts.__init__(self, f"http://127.0.0.1:{self.server_address[1]}")
        self.key, self.secret_key = key, SECRET_KEY
        self.requests: list[tuple[str, str]] = []
        self.is_away = False
        self.delay_seconds = 0.0
        self.errors: list[int] = []


class _Handler(LoopbackHandler):
    server: FakeAuthServer

    def _answer(self) -> None:
        split = urlsplit(self.path)
        self.query = dict(parse_qsl(split.query))
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = split.path.removeprefix(PREFIX)
        server = self.server
        is_form = "urlencoded" in (self.headers.get("content-type") or "")
        self.body = dict(parse_qsl(raw.decode())) if is_form else json.loads(raw or b"{}")
        with server.lock:
            server.requests.append((self.command, path))
            status = server.errors.pop(0) if server.errors and not server.is_away else 0
        if server.is_away:
            raise Cut
        if server.delay_seconds:
            time.sleep(server.delay_seconds)
        try:
            if status == 429:
                raise Refused(429, "over_request_rate_limit", "Request rate limit reached")
            if status:
                raise Refused(status, "unexpected_failure", "as it was told to")
            if not split.path.startswith(PREFIX):
                raise Refused(404, "not_found", "no Route matched")
            self._check_key(path)
            name = f"{self.command} {path}"
            with server.lock:
                _ROUTES.get(name, _Handler._none)(self)
        except Refused as refused:
            self._send(refused.status, refused.body)

    do_GET = do_POST = do_PUT = _answer

    def _check_key(self, path: str) -> None:
        if path in ("/.well-known/jwks.json", "/verify", "/authorize", "/elsewhere") and self.command == "GET":
            return  # browsers follow links to these
        if path == "/elsewhere":
            return
        if self.headers.get("apikey") not in (self.server.key, self.server.secret_key):
            word = "Invalid API key" if self.headers.get("apikey") else "No API key found in request"
            raise Refused(401, "", word)

    def _none(self) -> None:
        raise Refused(404, "", "404 page not found")

    def _keys(self) -> None:
        self._send(200, self.server.jwks())

    def _settings(self) -> None:
        every = ("apple", "azure", "email", "github", "gitlab", "google", "phone")
        on = {name: name in self.server.ways for name in every}
        said = {"disable_signup": not self.server.allows_signup, "mailer_autoconfirm": self.server.is_autoconfirm}
        self._send(200, {"external": on, **said, "phone_autoconfirm": False, "saml_enabled": False})

    def _signup(self) -> None:
        server, email, password = self.server, self.body["email"].lower(), self.body["password"]
        if not server.allows_signup:
            raise Refused(422, "signup_disabled", "Signups not allowed for this instance")
        check_address(email)
        server.check_password(password)
        user = server.find(email)
        if user is not None and user.confirmed_at:
            if server.is_autoconfirm:
                raise Refused(422, "user_already_exists", "User already registered")
            return self._send(200, {**server.describe(user), "id": str(uuid.uuid4()), "email_confirmed_at": None})
        if user is None:
            user = server.users[server.add_user(email, password, is_confirmed=server.is_autoconfirm)]
        if server.is_autoconfirm:
            return self._send(200, server.sign_in(user))
        self._mail(user, "signup")
        self._send(200, server.describe(user))

    def _token(self) -> None:
        server = self.server
        match self.query.get("grant_type"):
            case "password":
                user = server.find(self.body["email"])
                if user is None or user.password != self.body["password"]:
                    raise Refused(400, "invalid_credentials", "Invalid login credentials")
                if not user.confirmed_at:
                    raise Refused(400, "email_not_confirmed", "Email not confirmed")
                self._send(200, server.sign_in(user))
            case "refresh_token":
                self._send(200, server.refresh(self.body["refresh_token"]))
            case "pkce":
                self._send(200, server.exchange(self.body["auth_code"] or "", self.body["code_verifier"] or ""))
            case _:
                raise Refused(400, "invalid_credentials", "unsupported_grant_type")

    def _otp(self) -> None:
        email = self.body["email"].lower()
        check_address(email)
        user = self.server.find(email)
        if user is None and not self.body.get("create_user", True):
            raise Refused(422, "otp_disabled", "Signups not allowed for otp")
        if user is None:
            user = self.server.users[self.server.add_user(email, secrets.token_hex(), is_confirmed=False)]
        self._mail(user, "magiclink" if user.confirmed_at else "signup")
        self._send(200, {})

    def _recover(self) -> None:
        check_address(self.body["email"])
        if user := self.server.find(self.body["email"]):
            self._mail(user, "recovery")
        self._send(200, {})

    def _invite(self) -> None:
        if self.headers.get("authorization") != f"Bearer {self.server.secret_key}":
            raise Refused(403, "not_admin", "User not allowed")
        email = self.body["email"].lower()
        check_address(email)
        user = self.server.find(email)
        if user is not None and user.confirmed_at:
            raise Refused(422, "email_exists", "A user with this email address has already been registered")
        if user is None:
            user = self.server.users[self.server.add_user(email, secrets.token_hex(), is_confirmed=False)]
        self._mail(user, "invite")
        self._send(200, self.server.describe(user))

    def _mail(self, user: Person, kind: str) -> None:
        challenge = self.body.get("code_challenge") or ""
        self.server.mail(user, kind, challenge=challenge, redirect_to=self.query.get("redirect_to", self.server.url))

    def _follow_mail(self) -> None:
        target = self.query.get("redirect_to", self.server.url)
        try:
            flow = self.server.open_mail(self.query.get("token", ""))
        except Refused as refused:
            said = {"error": "access_denied", "error_code": "otp_expired", "error_description": str(refused)}
            is_errand = self.query.get("token", "").startswith("pkce_")
            return self._redirect(with_query(target, said) if is_errand else f"{target}#{urlencode(said)}")
        if flow.challenge:
            return self._redirect(with_query(flow.redirect_to, {"code": self.server.make_code(flow)}))
        granted = self.server.sign_in(self.server.users[flow.user])
        said = {name: value for name, value in granted.items() if name != "user"}
        fragment = urlencode({**said, "type": flow.kind})
        self._redirect(f"{flow.redirect_to}#{fragment}")

    def _verify(self) -> None:
        flow = self.server.open_mail(self.body.get("token_hash", ""))
        self._send(200, self.server.sign_in(self.server.users[flow.user]))

    def _user(self) -> None:
        user, _ = self.server.user_of(self.headers.get("authorization") or "")
        if self.command == "PUT" and (password := self.body.get("password")):
            self.server.check_password(password)
            if password == user.password:
                words = "New password should be different from the old password."
                raise Refused(422, "same_password", words)
            user.password = password
        self._send(200, self.server.describe(user))

    def _logout(self) -> None:
        _, session = self.server.user_of(self.headers.get("authorization") or "")
        self.server.end_session(session)
        self._send(204, None)

    def _authorize(self) -> None:
        target = self.query.get("redirect_to", self.server.url)
        self._redirect(
            self.server.visit(
                self.query.get("provider", ""), challenge=self.query.get("code_challenge", ""), redirect_to=target
            )
        )

    def _elsewhere(self) -> None:
        if self.command == "POST":
            return self._redirect(self.server.return_from(self.body["state"], self.body.get("email", "")))
        state = html.escape(self.query["state"])
        people = "".join(
            f'<button name="email" value="{html.escape(user.email)}">Continue as {html.escape(user.email)}</button> '
            for user in self.server.users.values()
        )
        page = (
            '<!doctype html><html lang="en"><title>Elsewhere</title><h1>Another service</h1>'
            f'<form method="post"><input type="hidden" name="state" value="{state}">{people}'
            '<button name="email" value="">Cancel</button></form></html>'
        )
        self._send_bytes(200, page.encode(), "text/html; charset=utf-8")

    def _redirect(self, address: str) -> None:
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, body: Any) -> None:
        self._send_bytes(status, b"" if body is None else json.dumps(body).encode(), "application/json")

    def _send_bytes(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if version := self.headers.get("x-supabase-api-version"):
            self.send_header("X-Supabase-Api-Version", version)
        self.end_headers()
        self.wfile.write(body)


_ROUTES = {
    "GET /.well-known/jwks.json": _Handler._keys,
    "GET /settings": _Handler._settings,
    "POST /signup": _Handler._signup,
    "POST /token": _Handler._token,
    "POST /otp": _Handler._otp,
    "POST /recover": _Handler._recover,
    "POST /invite": _Handler._invite,
    "GET /verify": _Handler._follow_mail,
    "POST /verify": _Handler._verify,
    "GET /user": _Handler._user,
    "PUT /user": _Handler._user,
    "POST /logout": _Handler._logout,
    "GET /authorize": _Handler._authorize,
    "GET /elsewhere": _Handler._elsewhere,
    "POST /elsewhere": _Handler._elsewhere,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", action="append", default=[], help="address=password")
    arguments = parser.parse_args()
    server = FakeAuthServer(port=arguments.port)
    for user in arguments.user:
        email, _, password = user.partition("=")
        print(server.add_user(email, password), email, flush=True)
    print(f"listening {server.url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
