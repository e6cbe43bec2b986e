"""A clip's place in the film: how it becomes the next one, cut in two, joined, doubled, moved or taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.clip_plan import PlanConstraints
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import ClipView, PlanView
from pages.components.shared import field_memory, scene_choice
from pages.components.shared.notices import guarded
from pages.components.shared.words import count
from pages.components.storyboard import selection, transition_choice
from pages.components.storyboard.timeline.arrangement import seen_of, words_of

AS_PLANNED = "plan"


@dataclass(frozen=True)
class Half:
    """One part of a clip that is cut in two."""

    text: str
    words: int
    seconds: int


def show(app: App, plan: PlanView, clip: ClipView, *, key: str) -> None:
    """Transition, scene, split; merge, duplicate and remove."""
    following = next((other for other in plan.clips if other.position == clip.position + 1), None)
    read = field_memory.drawn(f"{key}-cut", words_of(filter(None, (clip, following))))
    if following is not None:
        _show_transition(app, clip, key=key)
    scene_choice.show(app, plan, [clip.id], key=key)
    if len(clip.text.split()) > 1:
        _show_split(app, plan, clip, read, key=key)
    with st.container(horizontal=True, gap="small"):
        if following is not None and st.button(
            f"Merge with clip {following.position}", icon=":material/merge:", key=f"{key}-merge"
        ):
            with guarded():
                app.service.merge_clips(plan.id, (clip.id, following.id), seen=read)
                st.rerun(scope="app")
        if st.button("Duplicate", icon=":material/content_copy:", key=f"{key}-duplicate"):
            with guarded():
                selection.choose((app.service.duplicate_clip(clip.id),))
                st.rerun(scope="app")
        if st.button("Remove", icon=":material/delete:", type="tertiary", key=f"{key}-remove"):
            with guarded():
                app.service.remove_clips((clip.id,), seen=read)
                selection.choose(tuple(other.id for other in (following,) if other))
                st.rerun(scope="app")


def _show_transition(app: App, clip: ClipView, *, key: str) -> None:
    """Kept as soon as it is chosen."""
    mark = f"{key}-{clip.transition if clip.has_own_transition else AS_PLANNED}"

    def keep() -> None:
        kind = st.session_state[f"{mark}-kind"]
        seconds = st.session_state.get(f"{mark}-transition-s") or clip.transition.seconds or 0.5
        is_cut = kind == TransitionKind.CUT
        own = None if kind == AS_PLANNED else Transition(kind=kind, seconds=0.0 if is_cut else seconds)
        with guarded():
            app.service.set_transition(clip.id, own, seen=seen_of([clip], "transition"))
            st.rerun()

    planned = "As the plan" if clip.has_own_transition else f"As the plan: {transition_choice.words(clip.transition)}"
    options: list[str] = [AS_PLANNED, *transition_choice.TITLES]
    left, right = st.columns(2, gap="small")
    with left:
        kind = st.selectbox(
            "Transition to the next clip",
            options,
            index=options.index(clip.transition.kind) if clip.has_own_transition else 0,
            format_func=lambda item: planned if item == AS_PLANNED else transition_choice.TITLES[TransitionKind(item)],
            key=f"{mark}-kind",
            on_change=keep,
        )
    if kind != AS_PLANNED:
        with right:
            transition_choice.of_kind(TransitionKind(kind), clip.transition, key=mark, on_change=keep)


def halves(text: str, at_word: int, constraints: PlanConstraints) -> tuple[Half, Half]:
    """What the two clips would say and how long they would last, cut before word ``at_word``. Pure."""
    words = text.split()

    def half(part: list[str]) -> Half:
        lasting = constraints.durations_seconds
        seconds = next((s for s in lasting if constraints.max_words(s) >= len(part)), lasting[-1])
        return Half(" ".join(part), len(part), seconds)

    return half(words[:at_word]), half(words[at_word:])


def _show_split(app: App, plan: PlanView, clip: ClipView, read: Mapping[str, Any], *, key: str) -> None:
    words = clip.text.split()
    offered = app.views.provider(clip.own_provider or clip.provider, model=clip.own_model).durations_seconds
    constraints = PlanConstraints(words_per_minute=plan.words_per_minute, durations_seconds=offered)
    with st.expander("Split in two", icon=":material/content_cut:"):
        at_word = len(words) // 2
        if len(words) > 2:
            at_word = st.slider(
                "Words that stay in this clip", 1, len(words) - 1, at_word, key=f"{key}-at-{len(words)}"
            )
        for column, half in zip(st.columns(2, gap="medium"), halves(clip.text, at_word, constraints), strict=True):
            with column:
                st.caption(f"**{count(half.words, 'word')}** · {half.seconds} s")
                st.text(half.text)
        if st.button("Split here", icon=":material/content_cut:", key=f"{key}-split"):
            with guarded():
                app.service.split_clip(clip.id, at_word, seen=read)
                st.rerun(scope="app")
