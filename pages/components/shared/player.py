"""Video by URL: the browser asks for the ranges it wants, and no byte of it passes through a page."""

from __future__ import annotations

from html import escape

import streamlit as st


def show(video_url: str, *, poster_url: str, label: str, placeholder: str = "No picture yet") -> None:
    """The player for one video, or a calm frame that says why there is none."""
    if not video_url:
        st.html(f'<div class="svo-frame svo-frame-empty">{escape(placeholder)}</div>')
        return
    poster = f' poster="{escape(poster_url)}"' if poster_url else ""
    st.html(
        f'<video class="svo-frame" controls playsinline preload="none"{poster} src="{escape(video_url)}" '
        f'aria-label="{escape(label)}"></video>'
    )


def show_download(url: str, *, label: str, is_primary: bool = False) -> None:
    """A download that the browser streams to disk."""
    kind = "svo-button svo-primary" if is_primary else "svo-button"
    st.html(f'<a class="{kind}" href="{escape(url)}" download>{escape(label)}</a>', width="content")


def show_poster(poster_url: str, *, seconds: int, placeholder: str) -> None:
    """A still picture with its length in the corner."""
    inside = f'<img src="{escape(poster_url)}" alt="" loading="lazy">' if poster_url else escape(placeholder)
    kind = "" if poster_url else " svo-frame-empty"
    st.html(f'<div class="svo-frame svo-poster{kind}">{inside}<span>{seconds}s</span></div>')
