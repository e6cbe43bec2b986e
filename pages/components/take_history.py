"""Single clips, newest first: state, picture, and what can be done with each."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ProviderView, TakeView
from pages.components import assessment, badge, budget, evidence_player, player, retry, take_review, take_story, wishes
from pages.components.notices import guarded, show_empty
from pages.components.words import is_answer_lost, plain, shorten, take_badge

ADDRESS = "clip"


def show_chosen(app: App, takes: Sequence[TakeView], *, key: str) -> None:
    """The take looked at: the one in the address, else the newest."""
    wanted = st.query_params.get(ADDRESS)
    take = next((take for take in takes if take.clip_id == wanted), next(iter(takes), None))
    if take is None:
        show_empty("Your clips appear here", "Write a prompt and generate the first one.", icon="movie")
        return
    with st.container(border=True):
        label = shorten(take.prompt, 80)
        evidence_player.show(take, label=label, placeholder=take_badge(take)[0], key=f"{key}-player")
        if take.is_active:
            st.progress(take.progress or 0.0, text=take.status_text)
            take_story.show(app.views.takes(take.clip_id))
        elif take.is_held:
            show_badge(take)
            show_held(app, take, key=f"{key}-{take.clip_id}")
        else:
            show_badge(take)
            take_review.show_why(take)
            if is_answer_lost(take):
                retry.show_lost(app, take, key=f"{key}-{take.run_id}")
            assessment.show(app, take)
            take_story.show(app.views.takes(take.clip_id))
        show_actions(app, take, key=f"{key}-{take.clip_id}")


def show_held(app: App, take: TakeView, *, key: str) -> None:
    """The clip waits: for money, or because a person stopped it."""
    plan = app.views.plan(take.clip_plan_id)
    if budget.is_held(plan):
        budget.show_choice(app, plan, key=key)
    elif st.button("Go on", type="primary", icon=":material/play_arrow:", key=f"{key}-go-on"):
        with guarded():
            app.service.start_plan(plan.id)
            st.rerun(scope="app")


def show_badge(take: TakeView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge.show(take_badge(take))
        st.caption(take_review.facts(take), width="content")


def show_actions(app: App, take: TakeView, *, key: str) -> None:
    """Download, Remix, Retry, View Assessment: those that make sense for this take."""
    if take.is_held:
        return
    provider = next((p for p in app.views.providers() if p.name == take.provider), None)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if take.checks and st.button("View Assessment", icon=":material/fact_check:", key=f"{key}-view"):
            take_review.open_drawer(app, take.run_id)
        if take.download_url:
            player.show_download(take.download_url, label="Download")
        if take.video_url and provider is not None and provider.supports_remix:
            with st.popover("Remix", icon=":material/shuffle:"):
                show_remix(app, take, provider, key=key)
        if not take.is_active:
            retry.show(app, take.clip_id, take, is_urgent=False, is_disabled=False, key=key)


def show_remix(app: App, take: TakeView, provider: ProviderView, *, key: str) -> None:
    """One change to make to a finished take; it becomes a clip of its own."""
    with st.form(f"{key}-remix", border=False):
        prompt = st.text_area(
            "What should change?",
            placeholder="Same shot, but at sunrise",
            max_chars=provider.prompt_limit_characters,
            key=f"{key}-remix-prompt",
        )
        if not st.form_submit_button("Remix", type="primary", icon=":material/shuffle:", key=f"{key}-remix-send"):
            return
    if not prompt.strip():
        st.warning("Say what should change.", icon=":material/edit:")
        return
    with guarded():
        st.query_params[ADDRESS], _ = wishes.ask(
            app,
            (take.run_id, prompt.strip()),
            key=f"{key}-remix-asked",
            make=lambda request_key: app.service.remix_take(
                take.run_id, prompt=prompt.strip(), request_key=request_key
            ),
        )
        st.rerun(scope="app")


def show_list(takes: Sequence[TakeView], *, key: str, columns: int = 2) -> None:
    """All single clips as cards; opening one puts it in the address."""

    def choose(clip_id: str) -> None:
        st.query_params[ADDRESS] = clip_id

    cells = [column for _ in range(0, len(takes), columns) for column in st.columns(columns, gap="small")]
    for cell, take in zip(cells, takes, strict=False):
        with cell, st.container(border=True, gap="small"):
            player.show_poster(take.poster_url, seconds=take.seconds, placeholder=take_badge(take)[0])
            if take.is_active:
                st.progress(take.progress or 0.0, text=take.status_text)
            else:
                badge.show(take_badge(take))
            st.caption(plain(shorten(take.prompt, 70)))
            st.button(
                "Preview",
                icon=":material/visibility:",
                type="tertiary",
                key=f"{key}-open-{take.clip_id}",
                on_click=choose,
                args=(take.clip_id,),
            )
