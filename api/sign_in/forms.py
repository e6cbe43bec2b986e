"""Signing in, signing up, and asking for a new password."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.security import refusal
from api.sign_in.caller import MAIL_SECONDS, RECOVERY, VISIT_SECONDS, Caller
from api.sign_in.look import show
from orchestrator.auth.base import Errand, Grant
from orchestrator.auth.cookies import Carried, safe_next
from orchestrator.errors import NotSignedIn, OrchestratorError, SignInRefused

# Supabase's names for other services, as they write themselves.
TITLES = {
    "azure": "Microsoft", "bitbucket": "Bitbucket", "facebook": "Facebook", "github": "GitHub", "gitlab": "GitLab",
    "google": "Google", "linkedin_oidc": "LinkedIn", "slack_oidc": "Slack", "workos": "WorkOS",
}  # fmt: skip
_EMAIL_CHARACTERS_MAX, _PASSWORD_CHARACTERS_MAX = 320, 200


async def sign_in(request: Request) -> Response:
    """The first page. Whoever is signed in already goes on to where they wanted to go."""
    caller = Caller.of(request)
    if request.method != "POST":
        return await _show_sign_in(request, caller)
    form = await request.form()
    email, wanted = _email(form), safe_next(text_in(form, "next"))
    try:
        if text_in(form, "by") == "link":
            errand = await run_in_threadpool(caller.sign_ins.auth.send_link, _checked(email), back=caller.back)
            return _to_mail(caller, Carried(errand.verifier, wanted, email=email))
        password = password_in(form)
        grant = await run_in_threadpool(caller.sign_ins.auth.with_password, _checked(email), password)
        return await caller.come_in(grant, to=wanted)
    except OrchestratorError as error:
        return show("sign_in", error=error, **_values(caller, email=email, wanted=wanted))


async def _show_sign_in(request: Request, caller: Caller) -> Response:
    wanted = safe_next(request.query_params.get("next", "/"))
    if caller.secret:
        try:
            await run_in_threadpool(caller.sign_ins.user, caller.secret)
            return RedirectResponse(wanted, 303)
        except NotSignedIn:
            pass
        except OrchestratorError as error:
            return show("sign_in", error=error, **_values(caller, wanted=wanted))
    return show("sign_in", **_values(caller, wanted=wanted, is_out="out" in request.query_params))


async def sign_up(request: Request) -> Response:
    caller = Caller.of(request)
    if request.method != "POST":
        return show("sign_up", **_values(caller, wanted=safe_next(request.query_params.get("next", "/"))))
    form = await request.form()
    email, wanted = _email(form), safe_next(text_in(form, "next"))
    try:
        password = password_in(form)
        done = await run_in_threadpool(caller.sign_ins.auth.sign_up, _checked(email), password, back=caller.back)
        if isinstance(done, Grant):
            return await caller.come_in(done, to=wanted)
        return _to_mail(caller, Carried(done.verifier, wanted, email=email))
    except OrchestratorError as error:
        return show("sign_up", error=error, **_values(caller, email=email, wanted=wanted))


async def forgotten(request: Request) -> Response:
    caller = Caller.of(request)
    if request.method != "POST":
        return show("forgotten", **_values(caller))
    email = _email(await request.form())
    try:
        errand = await run_in_threadpool(caller.sign_ins.auth.send_recovery, _checked(email), back=caller.back)
    except OrchestratorError as error:
        return show("forgotten", error=error, **_values(caller, email=email))
    return _to_mail(caller, Carried(errand.verifier, "/", RECOVERY, email))


async def mail(request: Request) -> Response:
    """Look into your mail."""
    carried = Caller.of(request).carried
    return show("mail", email=carried.email, is_recovery=carried.purpose == RECOVERY)


async def elsewhere(request: Request) -> Response:
    """Off to another service. A link and no form: a page may not send its forms to others."""
    caller, provider = Caller.of(request), request.path_params["provider"]
    if provider not in caller.settings.sign_in_with:
        raise refusal(404, "There is no such way to sign in.")
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise refusal(403, "Begin on the page of this app where you sign in.")
    errand: Errand = await run_in_threadpool(caller.sign_ins.auth.visit, provider, back=caller.back)
    carried = Carried(errand.verifier, safe_next(request.query_params.get("next", "/")))
    return caller.carry(RedirectResponse(errand.url, 303), carried, seconds=VISIT_SECONDS)


def _to_mail(caller: Caller, carried: Carried) -> Response:
    return caller.carry(RedirectResponse("/sign-in/mail", 303), carried, seconds=MAIL_SECONDS)


def _values(caller: Caller, *, email: str = "", wanted: str = "/", is_out: bool = False) -> dict[str, Any]:
    """What the pages with forms are given."""
    query = f"?{urlencode({'next': wanted})}" if wanted != "/" else ""
    ways = [(name, TITLES.get(name, name.title())) for name in caller.settings.sign_in_with]
    return {"email": email, "wanted": wanted, "query": query, "ways": ways, "is_out": is_out}


def text_in(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _email(form: FormData) -> str:
    return text_in(form, "email").strip()[:_EMAIL_CHARACTERS_MAX]


def _checked(email: str) -> str:
    """Raises ``SignInRefused`` for what is no address; whether it is one, only its mail can tell."""
    if not email.isprintable() or email.count("@") != 1 or " " in email or not all(email.split("@")):
        raise SignInRefused("This is not an address that mail can be sent to.", hint="Check how it is written.")
    return email


def password_in(form: FormData) -> str:
    """As it was typed: blanks belong to it. Raises ``SignInRefused``."""
    password = text_in(form, "password")
    if not password:
        raise SignInRefused("There is no password.", hint="Type it, or have a link sent to you by mail.")
    if len(password) > _PASSWORD_CHARACTERS_MAX:
        raise SignInRefused(f"A password may have at most {_PASSWORD_CHARACTERS_MAX} characters.")
    return password
