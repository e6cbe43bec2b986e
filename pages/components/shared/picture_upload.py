"""One picture: added from a file or from a frame of a take, shown, removed. What it is for is the caller's to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.errors import OrchestratorError
from orchestrator.schema.picture import PictureLimits
from orchestrator.schema.view import TakeView
from pages.components.shared.notices import show_error
from pages.components.shared.words import plain

FILE_TYPES = ("jpg", "jpeg", "png", "webp")
_SIZE, _TALLEST_REM = "1280x720", 16


def show(
    app: App,
    *,
    project_id: str,
    label: str,
    current: str,
    key: str,
    limits: PictureLimits,
    takes: Sequence[TakeView] = (),
    size: str = "",
    has_frame: bool = False,
    on_pick: Callable[[str], None],
) -> None:
    """``on_pick`` gets the asset id of another picture than ``current``, empty for none. It is the one that was given
    when the page was drawn for whoever picks, and knows what they have seen. ``takes`` offer their frames; ``size`` is
    the shape a clip crops it to. Where there is no picture an empty frame holds its place if ``has_frame``, else its
    label stands there."""

    def add(content: bytes, name: str) -> None:
        _attempt(key, lambda: app.service.add_picture(project_id, content, filename=name), on_pick)

    def read_file() -> None:
        file = st.session_state.get(_uploader_key(key))
        if file is not None:
            st.session_state[f"{key}-round"] = st.session_state.get(f"{key}-round", 0) + 1  # the next run starts empty
            add(file.getvalue(), file.name)

    def remove() -> None:
        st.session_state.pop(f"{key}-problem", None)
        on_pick("")

    with st.container(gap="xsmall", key=f"{key}-box"):
        if current or has_frame:
            _show_picture(current, label=label, size=size)
        else:
            st.markdown(f":small[{plain(label)}]")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            words = "Replace picture" if current else "Add picture"
            with st.popover(words, icon=":material/add_photo_alternate:", key=f"{key}-add-{current[:8]}"):
                st.file_uploader(
                    label,
                    type=list(FILE_TYPES),
                    max_upload_size=limits.max_bytes >> 20,
                    key=_uploader_key(key),
                    on_change=read_file,
                )
                if problem := st.session_state.get(f"{key}-problem"):
                    show_error(problem[0], hint=problem[1])
                st.caption(plain(limit_words(limits)))
                _offer_frames(app, takes, key=key, on_pick=on_pick)
            if current:
                st.button(
                    "Remove picture", icon=":material/close:", type="tertiary", key=f"{key}-remove", on_click=remove
                )
        if limits.note and (current or limits.is_needed):
            st.caption(plain(limits.note))


def limit_words(limits: PictureLimits) -> str:
    """What can be added, in one line. Pure."""
    kinds = f"{', '.join(limits.formats[:-1])} or {limits.formats[-1]}"
    most = f"at most {limits.max_bytes >> 20} MB and {limits.max_megapixels} million pixels"
    return f"{kinds}, {most}. Where and when it was taken is not kept."


def _uploader_key(key: str) -> str:
    return f"{key}-file-{st.session_state.get(f'{key}-round', 0)}"


def _attempt(key: str, make: Callable[[], str], on_pick: Callable[[str], None]) -> None:
    """Choose what ``make`` adds, or keep what is wrong with it until something else is tried."""
    try:
        picked = make()
    except OrchestratorError as error:
        st.session_state[f"{key}-problem"] = (error.message, error.hint)
        return
    st.session_state.pop(f"{key}-problem", None)
    on_pick(picked)


def _show_picture(asset_id: str, *, label: str, size: str) -> None:
    """The picture as a clip of ``size`` crops it, or the room for one."""
    width, _, height = (size or _SIZE).partition("x")
    shape = f"aspect-ratio: {width} / {height}; width: min(100%, {_TALLEST_REM * int(width) / int(height):.1f}rem)"
    if asset_id:
        source = f'src="/api/v1/media/{escape(asset_id)}" alt="{escape(label)}"'
        st.html(f'<img class="svo-picture" style="{shape}" {source} loading="lazy">')
    else:
        st.html(f'<div class="svo-picture svo-picture-none" style="{shape}">No picture</div>')


def _offer_frames(app: App, takes: Sequence[TakeView], *, key: str, on_pick: Callable[[str], None]) -> None:
    filmed = {take.run_id: take for take in takes if take.video_url}
    if not filmed:
        return
    st.markdown("**Or use a frame of a take**")
    run_id = st.selectbox(
        "Take",
        list(filmed),
        format_func=lambda item: f"Clip {filmed[item].position}, take {filmed[item].attempt}",
        key=f"{key}-take",
    )
    take = filmed[run_id]
    at_seconds = st.slider("Second", 0.0, float(take.seconds), float(take.seconds), step=0.1, key=f"{key}-at-{run_id}")
    still = f"{take.video_url}/still?at={at_seconds:.1f}&width=320"
    st.html(f'<img class="svo-picture" src="{escape(still)}" alt="The frame at {at_seconds:.1f} s" loading="lazy">')
    st.button(
        "Use this frame",
        icon=":material/photo_camera:",
        key=f"{key}-frame",
        on_click=lambda: _attempt(key, lambda: app.service.picture_from_take(run_id, at_seconds=at_seconds), on_pick),
    )
