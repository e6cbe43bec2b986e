"""The state of the house: tools, keys and providers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.schema.view import DoctorItem, ProviderView
from pages.components import badge
from pages.components.words import Badge, money, size_title

STATE_BADGES: dict[str, Badge] = {
    "ok": ("Ready", ":material/check_circle:", "green"),
    "missing": ("Missing", ":material/do_not_disturb_on:", "orange"),
    "broken": ("Broken", ":material/error:", "red"),
}
UNKNOWN: Badge = ("Unknown", ":material/help:", "gray")


def show_doctor(items: Sequence[DoctorItem]) -> None:
    """What needs attention on cards of its own, with what it turns off; everything that works in one quiet list."""
    for item in items:
        if item.state != "ok":
            with st.container(border=True, gap="xxsmall"):
                _show_item(item)
                if item.consequence:
                    st.caption(f":material/arrow_forward: {item.consequence}")
    with st.container(border=True, gap="small"):
        for item in items:
            if item.state == "ok":
                _show_item(item)


def _show_item(item: DoctorItem) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        st.markdown(f"**{item.name}** :small[:gray[{item.detail}]]", width="content")
        badge.show(STATE_BADGES.get(item.state, UNKNOWN))


def show_providers(providers: Sequence[ProviderView]) -> None:
    """One card per provider with what it sells, or what it lacks."""
    for provider in providers:
        with st.container(border=True, gap="xxsmall"):
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                st.markdown(f"**{provider.title}**", width="content")
                with st.container(horizontal=True, width="content", gap="small"):
                    if provider.is_default:
                        st.badge("Default", color="primary")
                    if provider.missing:
                        st.badge("Not set up", icon=":material/key:", color="gray")
                    else:
                        st.badge("Ready", icon=":material/check_circle:", color="green")
            if provider.missing:
                st.caption(f"Set {', '.join(provider.missing)} to use it.")
                continue
            st.caption(" · ".join(provider.models) + " · " + ", ".join(f"{s} s" for s in provider.durations_seconds))
            st.caption(", ".join(size_title(size) for size in provider.sizes))
            st.caption(prices(provider).replace("$", r"\$"))


def prices(provider: ProviderView) -> str:
    """What a second costs, by model where they differ."""
    if provider.is_free:
        return "Free"
    rates = provider.cost_usd_per_second
    return " · ".join(f"{model} {money(rate)} a second" for model, rate in rates.items()) or "Price unknown"
