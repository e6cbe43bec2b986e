"""What is kept where and how much of it, and how well the house stands."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.workspace import FolderView, StorageView
from pages.components.settings import house, stored_files
from pages.components.shared.notices import guarded
from pages.components.shared.words import count, plain, size_words


def show(app: App, *, key: str) -> None:
    """A fragment of its own: measuring the folders takes a moment, and only this place asks for it."""
    st.fragment(_show)(app, key=key)


def _show(app: App, *, key: str) -> None:
    with guarded():
        view = app.views.storage()
        kept, state = st.columns(2, gap="medium")
        with kept:
            _show_kept(app, view, key=key)
        with state:
            st.header("State of this machine", anchor=False)
            house.show_doctor(view.items, providers=[provider.name for provider in app.views.providers()])


def _show_kept(app: App, view: StorageView, *, key: str) -> None:
    st.header("Storage", anchor=False)
    with st.container(border=True, gap="small"):
        for folder in view.folders:
            _show_folder(folder)
        _show_row("Free on the disk", size_words(view.free_bytes))
    can_empty = any(folder.can_empty and folder.files for folder in view.folders)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            "Empty the cache", icon=":material/cleaning_services:", disabled=not can_empty, key=f"{key}-empty"
        ):
            freed = app.service.empty_cache()
            st.toast(f"{size_words(freed)} freed", icon=":material/check:")
            st.rerun(scope="app")
        st.caption("Takes and films are never touched; the pieces are cut anew with the next film.", width="content")
    stored_files.show(app, key=f"{key}-stored")
    st.header("Database", anchor=False)
    with st.container(border=True, gap="small"):
        _show_row("Kind", view.database)
        _show_row("Version of its tables", str(view.version))
        st.caption(f":material/backup: {plain(view.backup)}")


def _show_folder(folder: FolderView) -> None:
    _show_row(folder.name, f"{size_words(folder.size_bytes)} in {count(folder.files, 'file')}")


def _show_row(title: str, value: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
        st.markdown(plain(title), width="content")
        st.markdown(f"**{plain(value)}**", width="content")
