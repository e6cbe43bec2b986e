"""How a clip is made: by whom and for how much, from which picture, with whose prompt."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ClipView, PlanView
from pages.components.shared import picture_upload
from pages.components.shared.notices import guarded
from pages.components.shared.prices import money
from pages.components.shared.words import plain
from pages.components.storyboard import clip_editor, maker_choice


def show(app: App, plan: PlanView, clip: ClipView, *, key: str) -> None:
    """Provider, picture and prompt; for a clip that is fixed now what it is made with."""
    if not clip.is_editable:
        st.caption(clip_editor.why_fixed(clip))
        if clip.own_prompt:
            st.markdown("**Its own prompt**")
            st.code(clip.own_prompt, language=None, wrap_lines=True)
        return
    _show_maker(app, clip, key=key)
    _show_picture(app, plan, clip, key=key)
    _show_prompt(app, clip, key=key)


def _show_maker(app: App, clip: ClipView, *, key: str) -> None:
    provider, model = maker_choice.show(app, clip, key=key)
    price = app.views.take_price_usd(clip.id, provider=provider, model=model)
    is_same = (provider, model if provider else "") == (clip.own_provider, clip.own_model if provider else "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(f"{money(price)} a take" if price else "Free"), width="content")
        pressed = st.button(
            "Make it there" if provider else "Make it as the plan says",
            icon=":material/swap_horiz:",
            disabled=is_same,
            key=f"{key}-maker",
        )
    if pressed:
        with guarded():
            app.service.edit_clip(clip.id, provider=provider, model=model if provider else "")
            st.toast("Kept. It counts for the next take", icon=":material/check:")
            st.rerun(scope="app")


def _show_picture(app: App, plan: PlanView, clip: ClipView, *, key: str) -> None:
    limits = app.views.picture_limits(clip.own_provider or clip.provider, clip.own_model)
    if not limits.is_taken:
        st.caption(plain(limits.note))
        return
    current = clip.reference_url.rsplit("/", 1)[-1]
    before = next((other for other in plan.clips if other.position == clip.position - 1), clip)
    picture = picture_upload.show(
        app,
        project_id=plan.project_id,
        label="Picture it starts from",
        current=current,
        key=f"{key}-picture",
        limits=limits,
        takes=app.views.takes(before.id),  # to go on from where the clip before ends
    )
    if picture != current:
        with guarded():
            app.service.set_clip_reference(clip.id, picture)
            st.rerun(scope="app")


def _show_prompt(app: App, clip: ClipView, *, key: str) -> None:
    crafted = app.views.crafted_prompt(clip.id)
    limit = app.views.provider(clip.own_provider or clip.provider, model=clip.own_model).prompt_limit_characters
    form = f"{key}-prompt-{hash(clip.own_prompt or crafted)}"
    with st.form(form, border=False):
        prompt = st.text_area(
            "Its own prompt" if clip.own_prompt else "Prompt, as crafted from the plan",
            value=clip.own_prompt or crafted,
            max_chars=limit,
            height=190,
            key=f"{form}-text",
            help="Change it and it is sent as it stands; the plan's own words are left aside then.",
        )
        is_sent = st.form_submit_button("Use this prompt", icon=":material/check:", key=f"{form}-send")
    if is_sent and prompt.strip() != (clip.own_prompt or crafted).strip():
        _keep_prompt(app, clip, prompt.strip())
    if clip.own_prompt:
        with st.expander("The crafted prompt", icon=":material/notes:"):
            st.code(crafted, language=None, wrap_lines=True)
        if st.button("Back to the crafted prompt", icon=":material/undo:", type="tertiary", key=f"{key}-crafted"):
            _keep_prompt(app, clip, "")


def _keep_prompt(app: App, clip: ClipView, prompt: str) -> None:
    with guarded():
        app.service.edit_clip(clip.id, prompt=prompt)
        st.toast("Kept. It counts for the next take", icon=":material/check:")
        st.rerun(scope="app")
