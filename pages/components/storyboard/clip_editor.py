"""The words of a clip: what is said and by whom, what is seen, what must be seen, how long it lasts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.errors import ChangedMeanwhile
from orchestrator.schema.view import ClipView, PlanView
from pages.components.shared import field, field_memory
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain


def show(app: App, plan: PlanView, clip: ClipView, *, key: str) -> None:
    """The form; for a clip that cannot be changed now what it says and why that stands."""
    if not clip.is_editable:
        st.caption(why_fixed(clip))
        for criterion in clip.acceptance:
            st.markdown(f":material/check_small: {plain(criterion)}")
        return
    offered = app.views.provider(clip.own_provider or clip.provider, model=clip.own_model).durations_seconds
    parts = _parts(clip)
    for part in parts:
        field_memory.follow(f"{key}-{part.name}", part.saved)
    with st.form(key, border=False):
        st.text_area("What is said", max_chars=2_000, height=90, key=f"{key}-text")
        left, right = st.columns(2, gap="small")
        left.selectbox(
            "Who says it",
            speakers(plan, clip),
            format_func=lambda name: name or "A voice, unseen or unnamed",
            accept_new_options=True,
            key=f"{key}-speaker",
        )
        length = right.selectbox(
            "Length",
            (None, *offered),
            format_func=lambda item: f"{item} s" if item else f"{clip.seconds} s now; follows the words",
            key=f"{key}-length-{_mark_of(clip)}",  # begins afresh with other words
        )
        st.text_area("What is seen", max_chars=2_000, height=110, key=f"{key}-visual_intent")
        st.text_area("What must be seen, one thing a line", height=90, key=f"{key}-acceptance")
        is_sent = st.form_submit_button("Save", type="primary", icon=":material/check:", key=f"{key}-save")
    for part in parts:
        name = f"{key}-{part.name}"
        remembered = field_memory.remembered(name)
        field.show_clash(remembered, key=name, saved=part.saved, save=_saver(app, clip, part), read=part.read)
    st.caption("It counts for the next take. Saving costs nothing.")
    if is_sent:
        with guarded():
            _save(app, clip, parts, length, key=key)
            st.rerun(scope="app")


@dataclass(frozen=True)
class Part:
    """One field of the form by its name in the journal: what it shows, and what of a text in it would be saved."""

    name: str
    saved: str
    read: Callable[[str | None], str]


def _parts(clip: ClipView) -> tuple[Part, ...]:
    return (
        Part("text", clip.text, _line),
        Part("speaker", clip.speaker, _line),
        Part("visual_intent", clip.visual_intent, _line),
        Part("acceptance", "\n".join(clip.acceptance), _lines),
    )


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _lines(text: str | None) -> str:
    return "\n".join(line for line in map(_line, (text or "").splitlines()) if line)


def _value(name: str, text: str) -> Any:
    """As the journal keeps it."""
    return text.splitlines() if name == "acceptance" else text


def _saver(app: App, clip: ClipView, part: Part) -> field.Save:
    def save(value: Any, seen: Any, *, is_apart: bool) -> None:
        changed = {part.name: _value(part.name, part.read(value))}
        app.service.edit_clip(clip.id, seen={f"clip/{clip.id}/{part.name}": _value(part.name, seen)}, **changed)

    return save


def _save(app: App, clip: ClipView, parts: Sequence[Part], length: int | None, *, key: str) -> None:
    """What was typed, all of it at once; what somebody else changed too waits for a word, and the rest is saved."""
    typed = {part.name: st.session_state[f"{key}-{part.name}"] or "" for part in parts}
    fields = {part.name: field_memory.remembered(f"{key}-{part.name}") for part in parts}
    changed = {p.name: p.read(typed[p.name]) for p in parts if p.read(typed[p.name]) != p.read(fields[p.name].seen())}

    def edit(names: Sequence[str]) -> None:
        seen = {f"clip/{clip.id}/{name}": _value(name, parts_read[name]) for name in names}
        app.service.edit_clip(clip.id, seconds=length, seen=seen, **{n: _value(n, changed[n]) for n in names})
        for name in names:
            fields[name].settle(changed[name], typed[name])

    parts_read = {part.name: part.read(fields[part.name].seen()) for part in parts}
    try:
        edit(tuple(changed))
    except ChangedMeanwhile as error:
        both = [name for name in changed if f"clip/{clip.id}/{name}" in error.names]
        if not both:
            raise
        for name in both:
            fields[name].disagree(error, typed[name])
        if rest := tuple(name for name in changed if name not in both):
            edit(rest)
        return
    st.toast("Saved. It counts for the next take", icon=":material/check:")


def speakers(plan: PlanView, clip: ClipView) -> list[str]:
    """Who may say it: nobody named, everybody who speaks in the film. Pure."""
    return sorted({"", clip.speaker, *(other.speaker for other in plan.clips)})


def why_fixed(clip: ClipView) -> str:
    """Why the words stand as they are, and what to do first. Pure."""
    if clip.status.is_settled:
        return "This clip has an accepted take. Reject it first to change the words, then retry the clip."
    return "A take of this clip is being made. Wait for it, or cancel the plan, to change the words."


def _mark_of(clip: ClipView) -> str:
    said = "\0".join((clip.text, clip.speaker, clip.visual_intent, *clip.acceptance, str(clip.seconds)))
    return hashlib.sha256(said.encode()).hexdigest()[:12]
