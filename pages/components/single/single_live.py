"""How the single clips that are being made get on. It ticks, so it is small and holds nothing to type or press.

When a take has ended or another one begun, the page is drawn again.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.single import UnderWay
from pages.components.shared.notices import guarded
from pages.components.shared.words import count, shorten
from pages.components.single.single_words import left_words

TICK_SECONDS = 1.0
ROWS_AT_MOST = 4
ALMOST = 0.97  # of the bar: what is not there yet is not done


def show(app: App, *, key: str, clip_ids: tuple[str, ...] = ()) -> None:
    """Nothing while nothing is being made. With ``clip_ids`` those clips by their numbers, and how many others."""
    items = app.views.under_way()
    ticking = st.fragment(_draw, run_every=TICK_SECONDS if items else None, key=f"{key}-live")
    ticking(app, [items], _state(items), clip_ids)


def _draw(
    app: App, at_hand: list[tuple[UnderWay, ...]], drawn: frozenset[tuple[str, int]], clip_ids: tuple[str, ...]
) -> None:
    """``at_hand`` is what the page has read already: good for the first drawing, and for no tick after it."""
    with guarded():
        items = at_hand.pop() if at_hand else app.views.under_way()
        if _state(items) != drawn:
            st.rerun(scope="app")
        if items:
            st.html(draw(items, clip_ids=clip_ids))


def _state(items: tuple[UnderWay, ...]) -> frozenset[tuple[str, int]]:
    """What the rest of the page shows of them."""
    return frozenset((item.take.clip_id, item.take.attempt) for item in items)


def draw(items: tuple[UnderWay, ...], *, clip_ids: tuple[str, ...] = ()) -> str:
    """A bar for each clip, with what it is at and how long it will take yet, as HTML. Pure."""
    places = {clip_id: place for place, clip_id in enumerate(clip_ids)}
    wanted = [item for item in items if item.take.clip_id in places or not clip_ids]
    shown = sorted(wanted, key=lambda item: places.get(item.take.clip_id, 0))[:ROWS_AT_MOST]
    others = len(items) - len(shown)
    more = f"<li><small>{count(others, 'other clip')} being made</small></li>" if others else ""
    return f'<ul class="svo-live">{"".join(_row(item, clip_ids=clip_ids) for item in shown)}{more}</ul>'


def _row(item: UnderWay, *, clip_ids: tuple[str, ...]) -> str:
    take = item.take
    number = clip_ids.index(take.clip_id) + 1 if len(clip_ids) > 1 and take.clip_id in clip_ids else 0
    title = f"Take {number}" if number else "" if take.clip_id in clip_ids else shorten(take.prompt, 60)
    again = f"attempt {take.attempt}" if take.attempt > 1 else ""
    words = " · ".join(part for part in (title, take.status_text, again) if part)
    done = progress(item)
    value = "" if done is None else f' value="{done:.3f}"'
    bar = f'<progress max="1"{value} aria-label="{escape(words)}"></progress>'
    return f"<li><span>{escape(words)}</span><small>{escape(left_words(item))}</small>{bar}</li>"


def progress(item: UnderWay) -> float | None:
    """0..1 by the clock where it is known how long such clips take, else by the provider; None where nobody knows."""
    if item.left_seconds is None:
        return item.take.progress
    whole = item.elapsed_seconds + max(0.0, item.left_seconds)
    return min(ALMOST, item.elapsed_seconds / whole) if whole else 0.0
