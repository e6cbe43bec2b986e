"""Messages instead of tracebacks, and what an empty place says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException

from orchestrator.errors import ChangedMeanwhile, OrchestratorError
from pages.components.shared import people
from pages.components.shared.words import plain
from providers.base import ProviderError

log = logging.getLogger(__name__)
_UNREAD = "changed-meanwhile"


def show_error(message: str, *, hint: str = "") -> None:
    """One message and, under it, what can be done about it."""
    st.error(f"{plain(message)}\n\n{plain(hint)}" if hint else plain(message), icon=":material/error:")


def show_changed(error: ChangedMeanwhile) -> None:
    """What somebody else did to the same. Said at once, and once more by ``show_unread``: the page is drawn again at
    any moment now, and what stands on it then goes."""
    told = plain(f"{people.told(error)} What you see now is theirs.")
    st.session_state[_UNREAD] = told
    st.toast(told, icon=":material/group:")


def show_unread() -> None:
    """What was told last of somebody else's change, until it is dismissed."""
    if not (told := st.session_state.get(_UNREAD)):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="changed-bar"):
        st.markdown(f":material/group: {told}", width="stretch")
        st.button(
            "Dismiss",
            icon=":material/close:",
            type="tertiary",
            key="changed-bar-dismiss",
            on_click=lambda: st.session_state.pop(_UNREAD, None),
        )


def show_empty(title: str, text: str, *, icon: str) -> None:
    """What an empty place says about itself and what to do next."""
    with st.container(border=True, horizontal_alignment="center", gap="xxsmall"):
        st.space("small")
        st.markdown(f":gray[:material/{icon}:]", width="content", text_alignment="center")
        st.markdown(f"**{title}**", width="content", text_alignment="center")
        st.caption(text, width="content", text_alignment="center")
        st.space("small")


@contextmanager
def guarded() -> Iterator[None]:
    """Run commands and reads; what goes wrong becomes a message on the page, never a traceback."""
    try:
        yield
    except (RerunException, StopException):
        raise
    except ChangedMeanwhile as error:
        show_changed(error)
    except OrchestratorError as error:
        show_error(error.message, hint=error.hint)
    except ProviderError as error:
        show_error(str(error))
    except Exception:
        log.exception("a page could not be drawn")
        show_error("Something went wrong that we did not expect.", hint="The log has the details. Nothing was lost.")
