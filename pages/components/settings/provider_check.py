"""Asking a provider whether it answers: it may take half a minute, so it is done on a thread of its own."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from threading import Thread

import streamlit as st

from orchestrator.bootstrap import App
from pages.components.shared.notices import show_error
from pages.components.shared.prices import money
from pages.components.shared.words import plain
from providers.base import Account, ProviderError

log = logging.getLogger(__name__)


def begin(app: App, name: str, *, key: str) -> None:
    """Ask the provider called ``name``; the answer is kept under ``key`` for this visitor."""
    answer: Future[Account] = Future()

    def ask() -> None:
        try:
            answer.set_result(app.check_provider(name))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, name=f"check-{name}", daemon=True).start()
    st.session_state[key] = answer


def is_under_way(key: str) -> bool:
    answer: Future[Account] | None = st.session_state.get(key)
    return answer is not None and not answer.done()


def show(key: str) -> None:
    """What the provider said; nothing while it has not."""
    answer: Future[Account] | None = st.session_state.get(key)
    if answer is None or not answer.done():
        return
    error = answer.exception()
    if error is None:
        st.success(plain(account_words(answer.result())), icon=":material/check_circle:")
    elif isinstance(error, TimeoutError):
        show_error("It did not answer in time.", hint="Try again later.")
    elif isinstance(error, ProviderError):
        show_error(str(error))
    else:
        log.error("a provider could not be asked", exc_info=error)
        show_error("It could not be asked.", hint="The log has the details.")


def account_words(account: Account) -> str:
    """The balance and what else the provider says of itself."""
    balance = "" if account.balance_usd is None else f"{money(account.balance_usd)} left."
    return " ".join(filter(None, (balance, account.note))) or "It works."
