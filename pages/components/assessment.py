"""What was measured on a take: failed checks first, what was not measured named as such, passing ones folded."""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.schema.assessment import CheckName, CheckResult, CheckStatus, Finding
from orchestrator.schema.view import TakeView
from pages.components.words import CHECK_STATUS_WORDS, CHECK_TITLES, percent

ORDER = {CheckStatus.FAIL: 0, CheckStatus.NOT_RUN: 1, CheckStatus.PASS: 2, CheckStatus.NOT_APPLICABLE: 3}


def show(take: TakeView) -> None:
    """The score in one line and one row per check. Says so when nothing has been measured yet."""
    if not take.checks:
        st.caption("Not assessed yet." if not take.error_message else "There was no video to assess.")
        return
    st.html(f'<p class="svo-score">{score_line(take)}</p>{rows(take.checks)}')


def score_line(take: TakeView) -> str:
    """The score and how much of the weight was really measured, as HTML."""
    if take.score is None:
        return "Nothing could be measured"
    measured = "" if take.weight_run >= 0.995 else f" over the {percent(take.weight_run)} that could be measured"
    return f"<strong>{take.score:.2f}</strong>{measured}"


def rows(checks: dict[CheckName, CheckResult]) -> str:
    """One row per check as HTML, the ones that need attention first."""
    ordered = sorted(checks.items(), key=lambda item: (ORDER[item[1].status], list(CheckName).index(item[0])))
    return '<ul class="svo-checks">' + "".join(_row(name, check) for name, check in ordered) + "</ul>"


def _row(name: CheckName, check: CheckResult) -> str:
    title = escape(CHECK_TITLES[name])
    if check.status in (CheckStatus.NOT_RUN, CheckStatus.NOT_APPLICABLE):
        reason = escape(check.reason or "no reason given")
        words = CHECK_STATUS_WORDS[check.status].lower()
        return f'<li class="not_run"><span>{title}</span><em>{words}: {reason}</em></li>'
    score = "" if check.score is None else f"{check.score:.2f}"
    width = 0 if check.score is None else round(check.score * 100)
    mark = "Failed" if check.status is CheckStatus.FAIL else "Passed"
    bar = f'<i aria-hidden="true"><b style="width:{width}%"></b></i>'
    findings = "".join(f"<small>{escape(f.message)}{_span(f)}</small>" for f in check.findings)
    head = f"<span>{title}<abbr>{mark}</abbr></span>{bar}<strong>{score}</strong>"
    return f'<li class="{check.status.value}">{head}{findings}</li>'


def _span(finding: Finding) -> str:
    """Where in the take, unless the message says so itself."""
    start, end = finding.start_seconds, finding.end_seconds
    if start is None or f"{start:.1f}" in finding.message:
        return ""
    return f" ({start:.1f} s)" if end is None else f" ({start:.1f} to {end:.1f} s)"
