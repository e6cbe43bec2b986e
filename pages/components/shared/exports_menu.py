"""What can be taken along: the film, its edit for other programs, its subtitles, everything in one package."""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.schema.view import PlanView

# format of the export route, what it is
FORMATS = (
    ("otio", "OpenTimelineIO", ".otio"),
    ("fcpxml", "Final Cut Pro X", ".fcpxml"),
    ("fcp7xml", "Premiere, Resolve (FCP 7 XML)", ".xml"),
    ("edl", "Edit decision list, CMX 3600", ".edl"),
    ("srt", "Subtitles, SubRip", ".srt"),
    ("vtt", "Subtitles, WebVTT", ".vtt"),
    ("json", "Clip plan", ".json"),
    ("package", "Everything with its media", ".zip"),
)


def show(plan: PlanView | None) -> None:
    """The menu; before there is a plan nothing can be taken along."""
    is_empty = plan is None
    with st.popover(
        "Export",
        icon=":material/download:",
        disabled=is_empty,
        help="There is a plan to export once the script was cut into clips." if is_empty else None,
    ):
        if plan is not None:
            st.html(menu(plan))


def menu(plan: PlanView) -> str:
    """Links that the browser streams to disk, as HTML. Pure."""
    film = plan.render.download_url if plan.render else ""
    films = _link(film, "Film", ".mp4") if film else '<li class="none">Film <span>not rendered yet</span></li>'
    route = f"/api/v1/video/clip-plans/{plan.id}/export?format="
    others = "".join(_link(f"{route}{name}", title, ending) for name, title, ending in FORMATS)
    return f'<ul class="svo-menu">{films}{others}</ul>'


def _link(url: str, title: str, ending: str) -> str:
    return f'<li><a href="{escape(url)}" download>{escape(title)} <span>{escape(ending)}</span></a></li>'
