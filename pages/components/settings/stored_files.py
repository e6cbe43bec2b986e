"""What the asset store holds, counted when asked for, and deleting what no row names."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.storage.base import StoreSurvey
from pages.components.shared.notices import guarded
from pages.components.shared.words import count, plain, size_words

_SURVEY = "stored-files"
_NAMED_MOST = 20


def show(app: App, *, key: str) -> None:
    """Listing a bucket takes a while, so it is done on a click; what was found stays until the page is left."""
    if st.button("Count the stored files", icon=":material/search:", key=f"{key}-look"):
        st.session_state.pop(_SURVEY, None)
        with guarded(), st.spinner("Listing what is stored ..."):
            st.session_state[_SURVEY] = app.service.survey_store()
    survey: StoreSurvey | None = st.session_state.get(_SURVEY)
    if survey is None:
        st.caption(f"Lists {_place(app)}, and finds files that belong to nothing.", width="content")
        return
    st.markdown(plain(f"{size_words(survey.size_bytes)} in {count(survey.files, 'file')}, in {_place(app)}."))
    if not survey.orphans:
        st.caption(":material/check: Each belongs to something, or is younger than a day.")
        return
    _show_orphans(app, survey, key=key)


def _show_orphans(app: App, survey: StoreSurvey, *, key: str) -> None:
    found = count(len(survey.orphans), "file")
    size_bytes = sum(entry.size_bytes for entry in survey.orphans)
    st.warning(plain(f"{found} of {size_words(size_bytes)}, older than a day: no project names them any more."))
    with st.expander("Which"):
        names = [f"{entry.key}  {size_words(entry.size_bytes)}" for entry in survey.orphans[:_NAMED_MOST]]
        more = len(survey.orphans) - len(names)
        st.code("\n".join(names + ([f"and {more} more"] if more else [])), language=None, wrap_lines=True)
    with st.popover(f"Delete {found}", icon=":material/delete:"):
        st.markdown("They cannot be brought back. What a take, film or picture uses is not among them.")
        if st.button("Yes, delete them", icon=":material/delete:", key=f"{key}-sweep"):
            with guarded():
                deleted = app.service.sweep()
                st.session_state.pop(_SURVEY, None)
                freed = size_words(sum(entry.size_bytes for entry in deleted))
                st.toast(f"{count(len(deleted), 'file')} deleted, {freed} freed", icon=":material/check:")
                st.rerun(scope="app")


def _place(app: App) -> str:
    settings = app.settings
    if settings.supabase_secret_key.get_secret_value():
        return f"the bucket {settings.video_storage_bucket} of Supabase Storage"
    return "the folder of takes and films"
