"""Who is signed in, in the frame of every page, and the way out."""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.schema.user import User

_MENU = """<details class="svo-account">
<summary aria-label="Account of {who}"><span aria-hidden="true">{letter}</span></summary>
<div><p>Signed in as<br><strong>{who}</strong></p>
<form method="post" action="/sign-in/out"><button>Sign out</button></form></div>
</details>"""


def show(user: User | None) -> None:
    """Nothing where nobody signs in."""
    if user is not None:
        st.html(_MENU.format(who=escape(user.title), letter=escape(user.title[:1].upper())))
