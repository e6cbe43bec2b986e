"""Several clips at once: what can be done with all of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.member import Role
from orchestrator.schema.status import PlanStatus
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import ClipView, PlanView
from pages.components.shared import field_memory, rights, scene_choice
from pages.components.shared.notices import guarded
from pages.components.shared.prices import money
from pages.components.shared.words import count, plain
from pages.components.storyboard import maker_choice, selection, transition_choice
from pages.components.storyboard.timeline.arrangement import seen_of, words_of


def show(app: App, plan: PlanView, clips: Sequence[ClipView], *, key: str) -> None:
    """What is selected and the commands for all of it."""
    ids = tuple(clip.id for clip in clips)
    read = field_memory.drawn(f"{key}-words", words_of(clips))
    positions = ", ".join(str(clip.position) for clip in clips)
    with st.container(border=True, key="bulk"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.header(f"{count(len(clips), 'clip')} selected", width="content", anchor=False)
            st.caption(f"Clips {positions} · {sum(clip.seconds for clip in clips)} s", width="content")
        if not rights.may(app, plan.project_id, Role.CREATOR):
            if rights.may(app, plan.project_id, Role.REVIEWER):
                scene_choice.show(app, plan, ids, key=key)
            return
        with st.container(horizontal=True, gap="small"):
            _show_retry(app, plan, clips, key=key)
            if are_neighbours(clips) and st.button("Merge into one", icon=":material/merge:", key=f"{key}-merge"):
                with guarded():
                    app.service.merge_clips(plan.id, ids, seen=read)
                    selection.choose(ids[:1])
                    st.rerun(scope="app")
            if st.button(
                f"Remove {count(len(clips), 'clip')}", icon=":material/delete:", type="tertiary", key=f"{key}-remove"
            ):
                with guarded():
                    app.service.remove_clips(ids, seen=read)
                    selection.choose(())
                    st.rerun(scope="app")
        left, right = st.columns(2, gap="large")
        with left:
            scene_choice.show(app, plan, ids, key=key)
            _show_transition(app, clips, key=key)
        with right:
            _show_maker(app, clips, key=key)


def are_neighbours(clips: Sequence[ClipView]) -> bool:
    """Whether they follow each other without a gap. Pure."""
    return [clip.position for clip in clips] == list(range(clips[0].position, clips[0].position + len(clips)))


def _show_retry(app: App, plan: PlanView, clips: Sequence[ClipView], *, key: str) -> None:
    settled = [clip for clip in clips if clip.status.is_settled]
    if not settled or plan.status is PlanStatus.PLANNED:
        return
    price = sum(app.views.take_price_usd(clip.id) for clip in settled)
    words = f"Retry {count(len(settled), 'clip')}" + (f" · {money(price)}" if price else "")
    if st.button(plain(words), icon=":material/refresh:", key=f"{key}-retry"):
        with guarded():
            for clip in settled:
                app.service.retry_clip(clip.id)
            st.toast("New takes were asked for", icon=":material/refresh:")
            st.rerun(scope="app")


def _show_transition(app: App, clips: Sequence[ClipView], *, key: str) -> None:
    shown = field_memory.drawn(f"{key}-joints", seen_of(clips, "transition"))
    with (
        st.form(f"{key}-joint", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        planned = "As the plan"
        kind = st.selectbox(
            "Transition after each",
            [planned, *transition_choice.TITLES],
            format_func=lambda item: item if item == planned else transition_choice.TITLES[TransitionKind(item)],
            key=f"{key}-joint-kind",
        )
        seconds = st.number_input("Seconds", 0.5, 2.0, 0.5, step=0.1, key=f"{key}-joint-s", width=110)
        is_sent = st.form_submit_button("Set", icon=":material/check:", key=f"{key}-joint-send")
    if is_sent:
        is_cut = kind == TransitionKind.CUT
        own = None if kind == planned else Transition(kind=TransitionKind(kind), seconds=0.0 if is_cut else seconds)
        with guarded():
            app.service.set_transitions([clip.id for clip in clips], own, seen=shown)
            st.rerun(scope="app")


def _show_maker(app: App, clips: Sequence[ClipView], *, key: str) -> None:
    open_clips = [clip for clip in clips if clip.is_editable]
    if not open_clips:
        st.caption("All of these have an accepted take, so their provider stands.")
        return
    shown = field_memory.drawn(f"{key}-makers", seen_of(open_clips, "provider", "model"))
    provider, model = maker_choice.show(app, open_clips[0], key=f"{key}-maker-{len(open_clips)}")
    price = sum(app.views.take_price_usd(clip.id, provider=provider, model=model) for clip in open_clips)
    st.caption(plain(f"{money(price)} for one take of each" if price else "Free"))
    if st.button(f"Use it for {count(len(open_clips), 'clip')}", icon=":material/swap_horiz:", key=f"{key}-maker"):
        with guarded():
            ids = [clip.id for clip in open_clips]
            app.service.choose_maker(ids, provider=provider, model=model if provider else "", seen=shown)
            st.rerun(scope="app")
