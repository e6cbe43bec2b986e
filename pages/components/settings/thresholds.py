"""The controls for how strictly takes are judged: minima, weights, what a pass needs and what fails a take outright."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import streamlit as st
from pydantic import ValidationError

from orchestrator.schema.assessment import CheckName
from orchestrator.schema.policy import AssessmentPolicy
from pages.components.shared.check_words import CHECK_TITLES

_SHARES = {
    "min_weight_percent": (
        "Weight a pass needs (%)",
        "Share of the weight that must have been measured. With less, a person decides.",
    ),
    "sure_weight_percent": (
        "Weight at which a close score passes (%)",
        "With less, a score just above its minimum is left to a person.",
    ),
}


def load(policy: AssessmentPolicy, *, key: str) -> None:
    """Put ``policy`` into the controls; only before they are drawn."""
    st.session_state.update(_state_of(policy, key=key))


def read(policy: AssessmentPolicy, *, key: str) -> tuple[AssessmentPolicy | None, str]:
    """``policy`` with what the controls say, or what is wrong with that in words. They begin with ``policy``."""
    if not all(name in st.session_state for name in _state_of(policy, key=key)):
        load(policy, key=key)
    state: dict[str, Any] = {name: st.session_state[f"{key}-{name}"] for name in (*_SHARES, "vetoes")}
    state["minima"] = {name: round(st.session_state[f"{key}-{name}-minimum"], 4) for name in CheckName}
    state["weights_percent"] = {name: st.session_state[f"{key}-{name}-weight"] for name in CheckName}
    try:
        return AssessmentPolicy.model_validate({**policy.model_dump(), **state}), ""
    except ValidationError as error:
        told = [item["msg"].removeprefix("Value error, ") for item in error.errors()]
        return None, "; ".join(text[:1].upper() + text[1:] for text in told) + "."


def show(policy: AssessmentPolicy, *, codes: Collection[str], key: str) -> None:
    """Draw the controls. ``codes`` are those of findings that may be vetoes, besides the ones that are."""
    with st.container(border=True, gap="small"):
        for name in CheckName:
            minimum, weight = st.columns([5, 3], gap="small", vertical_alignment="bottom")
            with minimum:
                label, widget = f"{CHECK_TITLES[name]}: minimum", f"{key}-{name}-minimum"
                st.slider(label, 0.0, 1.0, step=0.01, format="%.2f", key=widget, persist_state="session")
            with weight:
                label, widget = "Weight (%)", f"{key}-{name}-weight"
                st.number_input(label, 0, 100, step=5, key=widget, persist_state="session")
        for name, (label, explanation) in _SHARES.items():
            least = 1 if name == "min_weight_percent" else 0
            st.slider(label, least, 100, help=explanation, key=f"{key}-{name}", persist_state="session")
        st.multiselect(
            "Findings that fail a take whatever its score",
            sorted({*AssessmentPolicy().vetoes, *policy.vetoes, *codes, *st.session_state[f"{key}-vetoes"]}),
            format_func=lambda code: code.replace("_", " ").capitalize(),
            key=f"{key}-vetoes",
            persist_state="session",
        )


def _state_of(policy: AssessmentPolicy, *, key: str) -> dict[str, Any]:
    """What the controls hold when they say ``policy``."""
    minima = {f"{key}-{name}-minimum": float(policy.minima[name]) for name in CheckName}
    weights = {f"{key}-{name}-weight": policy.weights_percent[name] for name in CheckName}
    shares = {f"{key}-{name}": getattr(policy, name) for name in _SHARES}
    return {**minima, **weights, **shares, f"{key}-vetoes": sorted(policy.vetoes)}
