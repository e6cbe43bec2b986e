"""How a clip is made: by whom and for how much, from which picture, with whose prompt."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ClipView, PlanView
from pages.components.shared import field, field_memory, picture_upload
from pages.components.shared.notices import guarded
from pages.components.shared.prices import money
from pages.components.shared.words import plain
from pages.components.storyboard import clip_editor, maker_choice
from pages.components.storyboard.timeline.arrangement import seen_of


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
    shown = field_memory.drawn(f"{key}-shown", seen_of([clip], "provider", "model"))
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
            app.service.edit_clip(clip.id, provider=provider, model=model if provider else "", seen=shown)
            st.toast("Kept. It counts for the next take", icon=":material/check:")
            st.rerun(scope="app")


def _show_picture(app: App, plan: PlanView, clip: ClipView, *, key: str) -> None:
    limits = app.views.picture_limits(clip.own_provider or clip.provider, clip.own_model)
    if not limits.is_taken:
        st.caption(plain(limits.note))
        return

    def pick(picture: str) -> None:
        with guarded():
            app.service.set_clip_reference(clip.id, picture, seen=seen_of([clip], "reference_asset_id"))
            st.rerun(scope="app")

    before = next((other for other in plan.clips if other.position == clip.position - 1), clip)
    picture_upload.show(
        app,
        project_id=plan.project_id,
        label="Picture it starts from",
        current=clip.reference_url.rsplit("/", 1)[-1],
        key=f"{key}-picture",
        limits=limits,
        takes=app.views.takes(before.id),  # to go on from where the clip before ends
        on_pick=pick,
    )


def _show_prompt(app: App, clip: ClipView, *, key: str) -> None:
    """A field that holds the clip's own prompt, or the crafted one for somebody to begin with."""
    crafted = app.views.crafted_prompt(clip.id)
    limit = app.views.provider(clip.own_provider or clip.provider, model=clip.own_model).prompt_limit_characters
    name, saved = f"{key}-prompt-text", clip.own_prompt or crafted
    begun_with: set[str] = st.session_state.setdefault(f"{key}-crafted-before", set())
    begun_with.add(crafted)

    def save(value: str, seen: str, *, is_apart: bool) -> None:
        """What was crafted is nobody's: only somebody else's own prompt can be written over."""
        own = clip.own_prompt if seen == saved else "" if seen in begun_with else seen
        prompt = "" if value == crafted else value
        app.service.edit_clip(clip.id, prompt=prompt, seen={f"clip/{clip.id}/prompt": own})

    remembered = field_memory.follow(name, saved)
    with st.form(f"{key}-prompt", border=False):
        st.text_area(
            "Its own prompt" if clip.own_prompt else "Prompt, as crafted from the plan",
            max_chars=limit,
            height=190,
            key=name,
            help="Change it and it is sent as it stands; the plan's own words are left aside then.",
        )
        is_sent = st.form_submit_button("Use this prompt", icon=":material/check:", key=f"{key}-prompt-send")
    if is_sent and (text := _tidy(st.session_state[name])) != saved:
        with guarded():
            field.send(name, text, save, read=_tidy)
            if remembered.clash is None:
                _tell_kept()
            st.rerun(scope="app")
    field.show_clash(remembered, key=name, saved=saved, save=save, read=_tidy)
    shown = field_memory.drawn(f"{name}-shown", seen_of([clip], "prompt"))
    if clip.own_prompt:
        with st.expander("The crafted prompt", icon=":material/notes:"):
            st.code(crafted, language=None, wrap_lines=True)
        if st.button("Back to the crafted prompt", icon=":material/undo:", type="tertiary", key=f"{key}-crafted"):
            with guarded():
                app.service.edit_clip(clip.id, prompt="", seen=shown)
                _tell_kept()
                st.rerun(scope="app")


def _tidy(text: str | None) -> str:
    """As it is kept."""
    return "\n".join(line.strip() for line in (text or "").splitlines()).strip()


def _tell_kept() -> None:
    st.toast("Kept. It counts for the next take", icon=":material/check:")
