"""All films that were made, to watch, to take along and to rate."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import FilmView
from orchestrator.schema.timeline import TransitionKind
from pages.components.shared import address, exports_menu, player, rating
from pages.components.shared.notices import show_empty
from pages.components.shared.numbers import clock, percent
from pages.components.shared.words import count, plain, shorten
from pages.components.storyboard.transition_choice import TITLES

PER_PAGE, COLUMNS = 12, 3


def show(app: App, *, key: str) -> None:
    """One page of the films, newest first."""
    found = address.read_page(lambda after: app.views.films(limit=PER_PAGE, after=after))
    if not found.total:
        show_empty(
            "No films yet", "When all clips of a plan have passed, its film is made and kept here.", icon="movie"
        )
        return
    with st.grid(COLUMNS, min_column_width=300):
        for film in found.films:
            with st.container(border=True, gap="small", height="stretch", key=f"film-card-{film.id}"):
                _show_film(app, film, key=f"{key}-{film.id}")
    address.show_pages(found, f"{found.total:,} films")


def _show_film(app: App, film: FilmView, *, key: str) -> None:
    name = shorten(film.project_name or "Untitled film", 60)
    player.show(film.video_url, poster_url=film.poster_url, label=f"Film: {name}")
    st.page_link("storyboard.py", label=f"**{plain(name)}**", query_params={"project": film.project_id})
    st.html(f'<p class="svo-film">{escape(about(film))}<br>{escape(facts(film))}</p>')
    with st.container(horizontal=True, gap="small"):
        player.show_download(film.download_url, label="Download MP4")
        with st.popover("Export", icon=":material/download:"):
            st.html(export_links(film.clip_plan_id))
    rating.show(app, film, key=f"{key}-rating")


def about(film: FilmView) -> str:
    """When it was made and whether it is whole and the newest. Pure."""
    kind = f"Partial, {count(film.missing_clips, 'slate')}" if film.is_partial else "Whole film"
    stars = f" · {film.stars:.1f} of 5 from {count(film.ratings, 'rating')}" if film.stars else ""
    return f"{kind}{'' if film.is_newest else ', older'} · {film.created_at:%d %b %Y %H:%M} UTC{stars}"


def facts(film: FilmView) -> str:
    """Length, picture, file, loudness and joints. Pure."""
    frames = film.frames_copied + film.frames_encoded
    parts = (
        clock(film.duration_seconds or 0),
        f"{film.width}×{film.height}" if film.width and film.height else "",
        f"{film.size_bytes / 1e6:.1f} MB",
        "" if film.loudness_lufs is None else f"{film.loudness_lufs:.1f} LUFS".replace("-", "−"),
        joint_words(film.joints),
        f"{percent(film.frames_copied / frames)} copied untouched" if frames else "",
    )
    return " · ".join(part for part in parts if part)


def joint_words(joints: Mapping[TransitionKind, int]) -> str:
    """``3 cuts and 1 crossfade``. Pure."""
    return " and ".join(
        f"{number} {TITLES[kind].lower()}{'' if number == 1 or kind is TransitionKind.FADE_BLACK else 's'}"
        for kind, number in joints.items()
    )


def export_links(plan_id: str) -> str:
    """The edit and the subtitles of a plan as it is now, as HTML. Pure."""
    route = f"/api/v1/video/clip-plans/{plan_id}/export?format="
    return f'<ul class="svo-menu">{"".join(_link(route, *one) for one in exports_menu.FORMATS)}</ul>'


def _link(route: str, name: str, title: str, ending: str) -> str:
    return f'<li><a href="{escape(route + name)}" download>{escape(title)} <span>{escape(ending)}</span></a></li>'
