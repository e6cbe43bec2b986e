"""The baseline: a page with nothing on it but one line that ticks."""

import time

import streamlit as st


@st.fragment(run_every=1.0)
def tick() -> None:
    st.caption(f"{time.time():.0f}")


tick()
