"""How strictly takes are judged where their project says nothing."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.policy import AssessmentPolicy
from pages.components.settings import thresholds
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain

EXPLANATION = (
    "A project with thresholds of its own is judged by those. Every other project, and the single clips, are judged by "
    "what is set here; without that, by what is built in. It counts for takes that are assessed from then on; those "
    "there are keep their verdicts until they are assessed again."
)


def show(app: App, *, key: str) -> None:
    """A fragment of its own, so that a slider answers at once. Nothing is saved before it is asked."""
    st.fragment(_show)(app, key=key)


def _show(app: App, *, key: str) -> None:
    with guarded():
        view = app.views.workspace()
        is_own = view.settings.assessment is not None
        st.header("Thresholds and weights", anchor=False)
        st.caption(EXPLANATION)
        draft, problem = thresholds.read(view.policy, key=key)
        with st.container(width=860):
            thresholds.show(view.policy, codes=(), key=key)
        if draft is None:
            st.warning(plain(problem), icon=":material/calculate:")
        st.caption(f"Judged by {'what is set here' if is_own else 'what is built in'} now.")
        with st.container(horizontal=True, gap="small"):
            is_same = draft is None or draft == view.policy
            if st.button("Save", type="primary", icon=":material/check:", disabled=is_same, key=f"{key}-save"):
                _save(app, draft)
            is_reset = st.button(
                "Back to what is built in",
                icon=":material/undo:",
                disabled=not is_own and draft == AssessmentPolicy(),
                key=f"{key}-reset",
                on_click=thresholds.load,
                args=(AssessmentPolicy(),),
                kwargs={"key": key},
            )
            if is_reset:
                _save(app, None)
            st.page_link(
                "dashboard.py",
                label="Try them on the takes there are",
                icon=":material/science:",
                query_params={"view": "numbers"},
            )


def _save(app: App, policy: AssessmentPolicy | None) -> None:
    app.service.save_workspace(app.views.workspace().settings.model_copy(update={"assessment": policy}))
    st.toast("New takes are judged so" if policy else "Back to what is built in", icon=":material/check:")
    st.rerun(scope="app")
