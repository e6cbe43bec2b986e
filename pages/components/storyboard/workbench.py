"""What is looked at under the timeline: the film, one clip, or several of them. It does not tick, so that nobody who
types, listens or compares is disturbed."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ClipView, PlanView, RenderView
from pages.components.shared.notices import guarded, show_empty
from pages.components.storyboard import bulk_bar, clip_inspector, film, selection

FRAGMENT = "workbench"
_SHOWN = "workbench-shown"


def show(app: App, plan: PlanView) -> None:
    """The fragment. Remembers what it shows, for the timeline above to compare with what is."""
    st.fragment(_draw, key=FRAGMENT)(app, [plan], plan.id)


def remember(plan: PlanView) -> None:
    st.session_state[_SHOWN] = (plan.id, _ids(plan), _mark(plan))


def is_outdated(plan: PlanView) -> bool:
    """Whether what is shown has changed since. Another choice of clips is none: whoever makes it draws it, too."""
    plan_id, ids, mark = st.session_state.get(_SHOWN, ("", (), ()))
    return (plan_id, ids) == (plan.id, _ids(plan)) and mark != _mark(plan)


def _draw(app: App, at_hand: list[PlanView], plan_id: str) -> None:
    """``at_hand`` is what the page has read already: good for the first drawing only."""
    with guarded():
        plan = at_hand.pop() if at_hand else app.views.lately(app.views.plan, plan_id)  # the timeline has read it
        remember(plan)
        clips = selection.chosen(plan)
        if selection.is_foreign(plan):
            show_empty(
                "That clip is not part of this film",
                "It was removed, or it belongs to another project. Undo brings back what was removed here.",
                icon="link_off",
            )
        if not clips:
            film.show_all(app, plan)
            return
        if selection.has_film(plan):
            st.button(
                "Back to the film",
                icon=":material/arrow_back:",
                type="tertiary",
                key=f"film-{plan.id}",
                on_click=_choose_film,
            )
        clip, *others = clips
        if others:
            bulk_bar.show(app, plan, clips, key=f"bulk-{plan.id}")
        else:
            clip_inspector.show(app, plan, clip, key=f"clip-{plan.id}")


def _choose_film() -> None:
    selection.choose(())
    st.rerun(scope="app")


def _ids(plan: PlanView) -> tuple[str, ...]:
    return tuple(clip.id for clip in selection.chosen(plan))


def _mark(plan: PlanView) -> tuple[object, ...]:
    """Everything shown that may change by itself."""
    clips = selection.chosen(plan)
    return (*map(_clip_mark, clips), *map(_film_mark, () if clips else (plan.render, plan.partial)))


def _clip_mark(clip: ClipView) -> tuple[object, ...]:
    return (clip.status, clip.attempts, clip.video_url, clip.score, clip.reason, clip.cost_usd, clip.animatic_url)


def _film_mark(render: RenderView | None) -> tuple[object, ...]:
    return (render.id, render.status, render.video_url, render.is_current) if render else ()
