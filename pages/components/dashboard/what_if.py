"""What other thresholds would make of the takes there are, at once, and the way to judge by them from now on."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from orchestrator import journal
from orchestrator.bootstrap import App
from orchestrator.errors import ChangedMeanwhile
from orchestrator.schema.assessment import CheckName, Verdict
from orchestrator.schema.calibration import PolicyView, WhatIf
from orchestrator.schema.member import Role
from orchestrator.schema.policy import AssessmentPolicy
from pages.components.dashboard import tables
from pages.components.settings import thresholds
from pages.components.shared import address, people, rights
from pages.components.shared.notices import guarded, show_empty, show_error
from pages.components.shared.words import plain, shorten
from pages.components.takes import take_review

VERDICTS = {Verdict.PASS: "Pass", Verdict.FAIL: "Fail", Verdict.NEEDS_REVIEW: "Need you"}
CONSEQUENCE = (
    "Used for this project, these numbers count for takes assessed from then on. Those there are keep their verdicts, "
    "and clips keep their takes, until they are assessed again; nothing is made anew."
)


def show(app: App, *, key: str) -> None:
    """Controls on the left, what they would change on the right. Nothing runs, nothing is saved before it is asked."""
    names = project_names(app)
    if not names:
        show_empty("No projects yet", "Takes can be judged otherwise once there are some.", icon="tune")
        return
    widget = f"{key}-project"
    project_id = st.selectbox(
        "Project", list(names), format_func=names.__getitem__, key=widget, persist_state="session"
    )
    view = app.views.policy(project_id)
    draft_key = f"{key}-{project_id}"
    st.session_state.setdefault(_seen(draft_key), view.policy)
    draft, problem = thresholds.read(view.policy, key=draft_key)
    outcome = app.views.what_if(project_id, draft or view.policy)
    controls, effect = st.columns([4, 5], gap="medium")
    with controls:
        thresholds.show(view.policy, codes=outcome.vetoes, key=draft_key)
    with effect:
        if draft is None:
            st.warning(plain(problem), icon=":material/calculate:")
            return
        show_outcome(app, outcome, key=draft_key)
        show_buttons(app, view, draft, key=draft_key)


def project_names(app: App) -> dict[str, str]:
    """What is shown of projects by their ids."""
    return {project_id: shorten(name or "Untitled film", 60) for project_id, name in app.views.judged_projects()}


def propose(app: App, project_id: str, minima: Mapping[CheckName, float], *, key: str) -> None:
    """Carry minima into the controls: of this project, or of the one chosen there when it is empty."""
    project_id = project_id or st.session_state.get(f"{key}-project") or next(iter(project_names(app)))
    policy = app.views.policy(project_id).policy
    st.session_state[f"{key}-project"] = project_id
    st.session_state[_seen(f"{key}-{project_id}")] = policy
    thresholds.load(policy.model_copy(update={"minima": {**policy.minima, **minima}}), key=f"{key}-{project_id}")


def show_outcome(app: App, outcome: WhatIf, *, key: str) -> None:
    """How many takes have which verdict then, and which of them change."""
    for column, (verdict, title) in zip(st.columns(3, gap="small"), VERDICTS.items(), strict=True):
        now, then = outcome.before[verdict], outcome.after[verdict]
        column.metric(
            title,
            then,
            f"{then - now:+d}" if then != now else None,
            delta_color="off",
            delta_arrow="off",
            delta_description=f"now {now}",
            border=True,
            height="stretch",
        )
    of = f"the newest {outcome.takes} takes" if outcome.has_more else f"{outcome.takes} assessed takes"
    if not outcome.changed:
        show_empty("No verdict changes", f"These numbers judge {of} as they are judged now.", icon="task_alt")
        return
    st.caption(f"{len(outcome.changed)} of {of} would be judged otherwise.")
    if run_id := tables.show_changes(outcome.changed, titles=VERDICTS, key=f"{key}-changes"):
        address.put("take", run_id)  # it stays open when the page is drawn again
    if run_id := st.query_params.get("take"):
        take_review.open_drawer(app, run_id)


def show_buttons(app: App, view: PolicyView, draft: AssessmentPolicy, *, key: str) -> None:
    """Save the table as the project's own, or go back to the defaults."""
    if not rights.may(app, view.project_id, Role.CREATOR):
        st.caption(f"Judged by {'its own numbers' if view.is_own else 'the defaults'} now.")
        return
    usual = app.views.workspace().policy
    st.caption(f"Judged by {'its own numbers' if view.is_own else 'the defaults'} now. {CONSEQUENCE}")
    with st.container(horizontal=True, gap="small"):
        is_same, icon = draft == view.policy, ":material/check:"
        is_used = st.button("Use for this project", type="primary", icon=icon, disabled=is_same, key=f"{key}-use")
        is_reset = st.button(
            "Back to defaults",
            icon=":material/undo:",
            disabled=not view.is_own and draft == usual,
            key=f"{key}-reset",
            on_click=thresholds.load,
            args=(usual,),
            kwargs={"key": key},
        )
    if is_used or is_reset:
        save(app, view.project_id, draft if is_used else None, key=key)


def save(app: App, project_id: str, policy: AssessmentPolicy | None, *, key: str) -> None:
    """What somebody else set meanwhile is not written over unseen: after it was told, the next press counts."""
    with guarded():
        seen, now = st.session_state[_seen(key)], app.views.policy(project_id).policy
        st.session_state[_seen(key)] = now
        try:
            app.service.set_policy(project_id, policy, seen=journal.policy_value(seen))
        except ChangedMeanwhile as error:
            show_error(people.told(error), hint="What is shown is compared with theirs. Press again to judge by yours.")
            return
        st.session_state[_seen(key)] = app.views.policy(project_id).policy
        st.toast("New takes are judged so" if policy else "Back to the defaults", icon=":material/check:")
        st.rerun(scope="app")


def _seen(key: str) -> str:
    """Where the policy is kept that was in force when the controls last were filled or used."""
    return f"{key}-seen"
