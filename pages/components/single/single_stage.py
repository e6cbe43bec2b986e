"""The wish looked at: its takes, the player, what was measured, and what can be done next."""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.single import Wish
from orchestrator.schema.view import TakeView
from pages.components.shared import badge, budget, notices, player, retry
from pages.components.shared.notices import guarded
from pages.components.shared.take_words import is_answer_lost, is_cut_off, take_badge
from pages.components.shared.words import plain, shorten
from pages.components.single import composer, single_actions, single_live, variations
from pages.components.takes import assessment, evidence_player, take_review, take_story

EXAMPLES = (
    (
        "A founder at 2 a.m.",
        "A founder alone in a dim office at 2 a.m., blue monitor light on her face. She leans back, exhales and "
        "smiles. Slow push-in, 35 mm, rain on the window behind her.",
        "It finally works.",
    ),
    (
        "A lighthouse at dusk",
        "A lighthouse on a black cliff at dusk, waves breaking far below. The lamp turns on and sweeps the fog. "
        "Wide aerial shot, slow drift to the left. Sound of wind and surf.",
        "",
    ),
    (
        "A product on a table",
        "A matte white speaker on a walnut table, morning light through linen curtains. The camera circles it slowly "
        "at table height, shallow focus, dust in the air. Quiet room tone.",
        "",
    ),
)


def show_empty(*, key: str) -> None:
    """Nothing was made yet: what this page does, and three ways to begin."""
    notices.show_empty("Your clips appear here", "Write a prompt, or begin with one of these.", icon="movie")
    with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
        for number, (title, prompt, line) in enumerate(EXAMPLES):
            st.button(
                title,
                icon=":material/lightbulb:",
                key=f"{key}-example-{number}",
                on_click=composer.fill,
                kwargs={"prompt": prompt, "line": line},
            )


def show(app: App, wish: Wish, *, key: str) -> None:
    """The wish with the take in the address, else its first."""
    wanted = st.query_params.get(composer.ADDRESS)
    take = next((take for take in wish.takes if take.clip_id == wanted), wish.takes[0])
    with st.container(border=True):
        if len(wish.takes) > 1:
            variations.show(wish, take, key=f"{key}-{wish.id}")
        label = shorten(wish.prompt, 80)
        placeholder = "Being made" if take.is_active else take_badge(take)[0]
        evidence_player.show(take, label=label, placeholder=placeholder, key=f"{key}-player")
        if wish.is_active:
            single_live.show(app, key=key, clip_ids=tuple(take.clip_id for take in wish.takes))
        if not take.is_active:
            _show_outcome(app, take, key=f"{key}-{take.clip_id}")
        _show_actions(app, wish, take, key=f"{key}-{take.clip_id}")
        if take.is_active:
            take_story.show(app.views.takes(take.clip_id)[1:])
        elif not take.is_held:
            assessment.show(app, take)
            take_story.show(app.views.takes(take.clip_id))
        _show_wish(wish, take)


def _show_outcome(app: App, take: TakeView, *, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge.show(take_badge(take))
        st.caption(take_review.facts(take, noun="attempt"), width="content")
    if take.is_held:
        _show_held(app, take, key=key)
        return
    take_review.show_why(take)
    if is_answer_lost(take):
        retry.show_lost(app, take, key=f"{key}-{take.run_id}")


def _show_held(app: App, take: TakeView, *, key: str) -> None:
    """The clip waits: for money, or because a person stopped it."""
    plan = app.views.plan(take.clip_plan_id)
    if budget.is_held(plan):
        budget.show_choice(app, plan, key=key)
    elif st.button("Go on", type="primary", icon=":material/play_arrow:", key=f"{key}-go-on"):
        with guarded():
            app.service.start_plan(plan.id)
            st.rerun(scope="app")


def _show_actions(app: App, wish: Wish, take: TakeView, *, key: str) -> None:
    """Those that make sense for this take; what is done seldom stands in the menu."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if take.download_url:
            player.show_download(take.download_url, label="Download")
        single_actions.show_buttons(app, wish, take, key=key)
        if not (take.is_active or take.is_held) and (is_cut_off(take) or take.error_code):
            retry.show(app, take.clip_id, take, is_urgent=False, is_disabled=False, key=key)
        single_actions.show_menu(app, wish, take, key=key)


def _show_wish(wish: Wish, take: TakeView) -> None:
    """What was asked for, and what was made of it for the provider where that is more."""
    with st.expander("Prompt", icon=":material/notes:"):
        st.markdown(plain(wish.prompt))
        if wish.line:
            st.caption(f"To be spoken: “{plain(wish.line)}”")
        if wish.reference_url:
            source = escape(wish.reference_url)
            st.html(f'<img class="svo-picture" src="{source}" alt="Reference picture" loading="lazy">')
        if take.prompt != wish.prompt:
            st.caption("As it was sent for this take")
            st.code(take.prompt, language=None, wrap_lines=True)
