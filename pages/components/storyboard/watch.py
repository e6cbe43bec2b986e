"""What others change in a project appears here. While nothing is made this is the one fragment that ticks: it asks for
a number, draws nothing, and has the page drawn again when it is another one."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.errors import NotFound
from orchestrator.schema.edits import EditHistory
from orchestrator.schema.view import PlanView
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain
from pages.components.storyboard import edit_list

FRAGMENT, TICK_SECONDS = "watch", 1.5
WHOLE_LOOK_TICKS = 4  # so often all of a plan is looked at: what an assessor did counts as nobody's change
_ELSEWHERE, _KNOWN, _TICKS = "changed-elsewhere", "known-edits", "watch-ticks"


def show(app: App, project_id: str, version: int, plan: PlanView | None) -> None:
    """``version`` and ``plan`` are what the page is drawn from."""
    st.session_state[_TICKS] = 0
    st.fragment(_look, run_every=TICK_SECONDS, key=FRAGMENT)(app, project_id, version, plan)


def draw_again() -> None:
    """Have the whole page drawn again, because somebody else changed something."""
    st.session_state[_ELSEWHERE] = True
    st.rerun(scope="app")


def tell(history: EditHistory) -> None:
    """Say what somebody else changed, once. Others' typing, which is one edit for a minute, is told once, too."""
    marks = {entry.id: (entry.label, entry.is_undone) for entry in history.entries}
    known: dict[str, tuple[str, bool]] = st.session_state.get(_KNOWN, marks)
    st.session_state[_KNOWN] = marks
    new = [entry for entry in history.entries if known.get(entry.id) != marks[entry.id]]
    if not (st.session_state.pop(_ELSEWHERE, False) and new):
        return
    last = max(new, key=lambda entry: entry.undone_at or entry.at)
    was_undone = known.get(last.id, ("", False))[1]
    told = f"Done again: {plain(last.label)}" if was_undone and not last.is_undone else edit_list.words(last)
    st.toast(told, icon=":material/group:")


def _look(app: App, project_id: str, version: int, plan: PlanView | None) -> None:
    with guarded():
        st.session_state[_TICKS] = ticks = st.session_state.get(_TICKS, 0) + 1
        try:
            if app.views.lately(app.views.version, project_id) != version:
                draw_again()
            is_plan_due = ticks % WHOLE_LOOK_TICKS == 0
            if plan and is_plan_due and app.views.lately(app.views.plan, plan.id) != plan:
                st.rerun(scope="app")
        except NotFound:  # deleted for good
            st.rerun(scope="app")
