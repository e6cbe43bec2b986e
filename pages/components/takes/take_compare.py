"""Two takes of a clip side by side: what each check says of both, what was changed between them, and which to keep."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.view import TakeView
from pages.components.shared import badge, player, prompt_diff
from pages.components.shared.check_words import CHECK_STATUS_WORDS, CHECK_TITLES
from pages.components.shared.notices import guarded
from pages.components.shared.take_words import REPAIR_WORDS, take_badge
from pages.components.shared.words import plain
from pages.components.takes import take_review

SAME_WITHIN = 0.005


def show(app: App, takes: Sequence[TakeView], *, key: str) -> None:
    """Nothing where there are no two takes to look at."""
    ordered = sorted((take for take in takes if take.video_url), key=lambda take: take.attempt)
    if len(ordered) < 2:
        return
    with st.expander("Compare two takes", icon=":material/compare:"):
        sides = st.columns(2, gap="medium")
        first, second = (
            _show_side(app, ordered, side=side, default=len(ordered) - 2 + number, key=f"{key}-{number}")
            for number, side in enumerate(sides)
        )
        if first.run_id == second.run_id:
            st.caption("Choose two different takes.")
            return
        st.html(table(first, second))
        _show_change(takes, max(first, second, key=lambda take: take.attempt))


def _show_side(app: App, takes: Sequence[TakeView], *, side: object, default: int, key: str) -> TakeView:
    with side:  # pyright: ignore[reportGeneralTypeIssues]
        index = st.selectbox(
            "Take",
            range(len(takes)),
            index=default,
            format_func=lambda index: f"Take {takes[index].attempt}",
            label_visibility="collapsed",
            key=f"{key}-of-{len(takes)}",
        )
        take = takes[index]
        player.show(take.video_url, poster_url=take.poster_url, label=f"Take {take.attempt}, to compare")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            badge.show(take_badge(take))
            if take.is_best:
                st.badge("Best so far", icon=":material/star:", color="blue", help=take.best_reason or None)
            st.caption(take_review.facts(take), width="content")
        if take.is_accepted:
            st.caption(":material/check: This one is in the film.")
        elif not take.is_active:
            with st.popover("Keep this one", icon=":material/thumb_up:"):
                _show_keep(app, take, key=f"{key}-{take.run_id}")
    return take


def _show_keep(app: App, take: TakeView, *, key: str) -> None:
    with st.form(f"{key}-keep", border=False):
        reason = st.text_input("Your reason", placeholder="Clearer voice", max_chars=400, key=f"{key}-keep-reason")
        is_sent = st.form_submit_button(
            f"Keep take {take.attempt}", icon=":material/thumb_up:", type="primary", key=f"{key}-keep-send"
        )
    if not is_sent:
        return
    if not reason.strip():
        st.warning("Give a reason: it is kept with the take.", icon=":material/edit:")
        return
    with guarded():
        app.service.approve_take(take.run_id, reason=reason.strip())
        st.toast(f"Take {take.attempt} is kept", icon=":material/check:")
        st.rerun(scope="app")


def _show_change(takes: Sequence[TakeView], later: TakeView) -> None:
    """What led to the later take, and how its prompt differs from the one before it."""
    before = next((take for take in takes if take.attempt == later.attempt - 1), None)
    if before and before.repair_reason:
        done = REPAIR_WORDS.get(before.repair_strategy, "Repaired")
        st.markdown(f"**Before take {later.attempt}** · {done}: {plain(before.repair_reason)}")
    prompt_diff.show(later)


def table(first: TakeView, second: TakeView) -> str:
    """Every check of both takes and how it moved from the first to the second, as HTML. Pure."""
    lines = "".join(_line(CHECK_TITLES[name], *_told(first, name), *_told(second, name)) for name in CheckName)
    whole = _line("All that was measured", first.score, "Not measured", second.score, "Not measured")
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in (_title(first), _title(second), "Change"))
    return (
        f'<table class="svo-compare"><thead><tr><th scope="col">Check</th>{heads}</tr></thead>'
        f"<tbody>{lines}{whole}</tbody></table>"
    )


def _title(take: TakeView) -> str:
    return f"Take {take.attempt}"


def _told(take: TakeView, name: CheckName) -> tuple[float | None, str]:
    check = take.checks.get(name)
    return (None, "Not assessed") if check is None else (check.score, CHECK_STATUS_WORDS[check.status])


def _line(title: str, before: float | None, else_before: str, after: float | None, else_after: str) -> str:
    cells = (else_before if before is None else f"{before:.2f}", else_after if after is None else f"{after:.2f}")
    shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(title)}</th>{shown}<td>{_change(before, after)}</td></tr>'


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    moved = after - before
    if abs(moved) < SAME_WITHIN:
        return "same"
    return f'<b class="up">▲ {moved:.2f} better</b>' if moved > 0 else f'<b class="down">▼ {-moved:.2f} worse</b>'
