"""Coming back from a mail or another service, a new password, and signing out."""

from __future__ import annotations

from contextlib import suppress
from typing import cast, get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.sign_in.caller import FIRST_PASSWORD, MAIL_SECONDS, NEW_PASSWORD, RECOVERY, Caller
from api.sign_in.forms import password_in, text_in
from api.sign_in.look import show, show_error, show_notice
from api.sign_in.threshold import HEADERS
from orchestrator.auth.base import Grant, MailKind
from orchestrator.auth.cookies import Carried
from orchestrator.bootstrap import App
from orchestrator.errors import Away, NotSignedIn, OrchestratorError, SignInRefused
from orchestrator.schema.member import Role
from orchestrator.schema.user import User

INVITE = "invite"
_ANEW = "Sign in, or ask for a new link, and open it in this browser."
# What the service says in the address it sends people back with.
_REFUSED = {
    "otp_expired": ("This link does not work any more", f"It was used already, or is too old. {_ANEW}"),
    "access_denied": ("You were not let in", "The other service did not say who you are. Nothing was changed."),
    "signup_disabled": ("Nobody can sign up here", "Ask whoever runs this app for an account."),
    "user_banned": ("This account is blocked", "Ask whoever runs this app."),
    "provider_email_needs_verification": ("Confirm your address", "A mail is on its way to you with a link that does."),
}


async def arrive(request: Request) -> Response:
    """Where mails and other services lead back to."""
    caller, query = Caller.of(request), request.query_params
    if request.method == "POST":
        return await _open_mail(request, caller)
    if "error" in query or "error_code" in query or "error_description" in query:
        code = query.get("error_code") or query.get("error", "")
        title, text = _REFUSED.get(code) or _REFUSED.get(query.get("error", "")) or ("That did not work", _ANEW)
        return show_notice(title, text, status=422)
    if "token_hash" in query:
        # A button, since what reads mails before people do follows links, and this one is good once.
        kind = query.get("type", "email")
        return show("arrive", token_hash=query["token_hash"], kind=kind, is_recovery=kind == RECOVERY)
    if "code" not in query:  # or it stands where servers do not see it, which the page looks for
        page = show("fragment", status=422, text=f"Something is missing in it. {_ANEW}")
        page.headers["Content-Security-Policy"] = f"{HEADERS['Content-Security-Policy']}; script-src 'self'"
        return page
    if not caller.carried.verifier:
        text = "It was asked for in another browser, or more than an hour ago. Open it there, or begin again here."
        return show_notice("This link belongs to another browser", text, status=422)
    try:
        grant = await run_in_threadpool(caller.sign_ins.auth.come_back, query["code"][:500], caller.carried.verifier)
        return await _come_in(caller, grant, is_recovery=caller.carried.purpose == RECOVERY)
    except Away as error:
        return show_error(error, to=f"/sign-in/callback?{request.url.query}")
    except OrchestratorError as error:
        return show_error(error)


async def _open_mail(request: Request, caller: Caller) -> Response:
    form = await request.form()
    kind, token_hash = text_in(form, "type"), text_in(form, "token_hash")[:500]
    access, refresh = text_in(form, "access_token"), text_in(form, "refresh_token")
    if kind not in get_args(MailKind) or not (token_hash or (access and refresh)):
        return show_error(SignInRefused("This link leads nowhere.", hint=_ANEW))
    try:
        if token_hash:
            grant = await run_in_threadpool(caller.sign_ins.auth.open_mail, token_hash, cast("MailKind", kind))
        else:
            grant = await run_in_threadpool(_granted, caller, access, refresh)
        if kind == INVITE:
            page = await run_in_threadpool(_shared_page, request.app.state.get_app(), grant.user)
            return await _choose_password(caller, grant, Carried(next=page, purpose=FIRST_PASSWORD))
        return await _come_in(caller, grant, is_recovery=kind == RECOVERY)
    except Away as error:
        if not token_hash:
            return show_error(error)
        return show("arrive", error=error, token_hash=token_hash, kind=kind, is_recovery=kind == RECOVERY)
    except OrchestratorError as error:
        return show_error(error)


def _granted(caller: Caller, access_token: str, refresh_token: str) -> Grant:
    """The service itself says whose token came along."""
    try:
        return Grant(caller.sign_ins.auth.look_up(access_token), access_token, refresh_token)
    except NotSignedIn:
        raise SignInRefused("This link does not work any more.", hint=_ANEW) from None


def _shared_page(app: App, user: User) -> str:
    """Where somebody goes who was invited: to that project, else to the first page."""
    with suppress(OrchestratorError):  # they come in all the same, and find it there
        own = app.for_user(user)
        own.service.take_up_invitations()
        for project in own.views.projects():
            if project.role is not Role.OWNER:
                return f"/storyboard?project={project.id}"
    return "/"


async def _come_in(caller: Caller, grant: Grant, *, is_recovery: bool) -> Response:
    if is_recovery:
        return await _choose_password(caller, grant, Carried(next=caller.carried.next, purpose=NEW_PASSWORD))
    return await caller.come_in(grant, to=caller.carried.next)


async def _choose_password(caller: Caller, grant: Grant, carried: Carried) -> Response:
    """Those who come by such a mail are signed in, and choose a password before they go on."""
    response = await caller.come_in(grant, to="/sign-in/new-password")
    return caller.carry(response, carried, seconds=MAIL_SECONDS)


async def new_password(request: Request) -> Response:
    """Only right after a mail that was sent for it: an app left open is no reason to change a password."""
    caller = Caller.of(request)
    if caller.carried.purpose not in (NEW_PASSWORD, FIRST_PASSWORD):
        return RedirectResponse("/sign-in/forgotten", 303)
    values = {"is_first": caller.carried.purpose == FIRST_PASSWORD, "next": caller.carried.next}
    if request.method != "POST":
        return show("new_password", **values)
    try:
        password = password_in(await request.form())
        await run_in_threadpool(caller.sign_ins.set_password, caller.secret, password)
    except OrchestratorError as error:
        return show("new_password", error=error, **values)
    return caller.forget_errand(RedirectResponse(caller.carried.next, 303))


async def out(request: Request) -> Response:
    caller = Caller.of(request)
    if request.method != "POST":
        return show("out")
    if caller.secret:
        await run_in_threadpool(caller.sign_ins.end, caller.secret)
    response = RedirectResponse("/sign-in?out=1", 303)
    caller.forget_errand(response)
    return caller.forget_session(response)
