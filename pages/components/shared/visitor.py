"""Who looks at a page, and the application as they have it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NoReturn
from urllib.parse import urlencode, urlsplit

import streamlit as st

from orchestrator import bootstrap
from orchestrator.auth.cookies import is_encrypted, secret_in
from orchestrator.bootstrap import App
from orchestrator.errors import Away, NotSignedIn
from orchestrator.settings import Settings
from pages.components.shared.words import plain

LOOK_SECONDS = 15
_SIGN_IN = '<p><a class="svo-button svo-primary" href="/sign-in?{}" target="_self">Sign in</a></p>'


def app() -> App:
    """The application as whoever looks has it; as it is where nobody signs in. Asks nobody most times, so that every
    tick may call it. Where nobody is signed in (any more) it says so and draws nothing else."""
    running = bootstrap.current()
    if running.sign_ins is None:
        return running
    try:
        user = running.sign_ins.user(_secret(running.settings))
    except NotSignedIn:
        _show_signed_out()
    except Away as error:
        st.title("Out of reach", anchor=False)
        st.warning(f"{plain(error.message)}\n\nThis page goes on by itself.", icon=":material/cloud_off:")
        st.fragment(_wait, run_every=error.retry_after_seconds, key="visitor-wait")()
        st.stop()
    return running.for_user(user)


def watch() -> None:
    """Once on every page: one that is left open notices when its person has signed out elsewhere."""
    if bootstrap.current().sign_ins is not None:
        st.fragment(_look, run_every=LOOK_SECONDS, key="visitor-watch")()


def _look() -> None:
    running = bootstrap.current()
    if running.sign_ins is None:
        return
    try:
        with suppress(Away):  # what is on the page stays; a click says so
            running.sign_ins.user(_secret(running.settings))
    except NotSignedIn:
        st.rerun()


def _wait() -> None:
    """Draws the whole page anew, with time."""
    if not st.session_state.setdefault("visitor-waits", False):
        st.session_state["visitor-waits"] = True
        return
    st.session_state["visitor-waits"] = False
    st.rerun()


def _show_signed_out() -> NoReturn:
    st.title("You are signed out", anchor=False)
    st.markdown("Nothing is lost: sign in, and you are where you were.")
    here = urlsplit(st.context.url or "/")
    st.html(_SIGN_IN.format(urlencode({"next": f"{here.path}?{here.query}" if here.query else here.path})))
    st.stop()


def _secret(settings: Settings) -> str:
    """Of the cookie this tab began with."""
    headers = _lowered(st.context.headers)
    scheme = "https" if headers.get("origin", "").startswith("https://") else "http"
    allowed, public = settings.allowed_hosts, settings.public_url
    is_secure = is_encrypted(scheme, headers, allowed_hosts=allowed, public_url=public)
    return secret_in(st.context.cookies, is_secure=is_secure)


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
