"""What was measured on a take: failed checks first with their evidence, what was not measured named as such, passing
ones folded."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.errors import NotFound
from orchestrator.schema.assessment import CheckName, CheckResult, CheckStatus, Finding
from orchestrator.schema.view import TakeView
from pages.components.shared.check_words import ALIGNED_FINDINGS, CHECK_STATUS_WORDS, CHECK_TITLES
from pages.components.shared.numbers import percent, span_words
from pages.components.takes import evidence, evidence_alignment, evidence_facts, evidence_frames, evidence_words
from pages.components.takes.evidence_player import link

ORDER = {CheckStatus.FAIL: 0, CheckStatus.NOT_RUN: 1, CheckStatus.PASS: 2, CheckStatus.NOT_APPLICABLE: 3}
Neighbours = Mapping[str, TakeView]


def show(app: App, take: TakeView) -> None:
    """The score in one line and one row per check. Says so when nothing has been measured yet."""
    if not take.checks:
        st.caption("Not assessed yet." if not take.error_message else "There was no video to assess.")
        return
    st.html(f'<p class="svo-score">{score_line(take)}</p>{rows(take, neighbours=find_neighbours(app, take))}')


def find_neighbours(app: App, take: TakeView) -> Neighbours:
    """The takes this one was compared with, by run id; those that are gone are left out."""
    found: dict[str, TakeView] = {}
    continuity = take.checks.get(CheckName.CONTINUITY)
    for joint in evidence.joints(continuity) if continuity else ():
        try:
            found[joint.run_id] = app.views.take(joint.run_id)
        except NotFound:
            continue
    return found


def score_line(take: TakeView) -> str:
    """The score and how much of the weight was really measured, as HTML."""
    if take.score is None:
        return "Nothing could be measured"
    measured = "" if take.weight_run >= 0.995 else f" over the {percent(take.weight_run)} that could be measured"
    return f"<strong>{take.score:.2f}</strong>{measured}"


def rows(take: TakeView, *, neighbours: Neighbours) -> str:
    """One row per check as HTML, the ones that need attention first."""
    ordered = sorted(take.checks.items(), key=lambda item: (ORDER[item[1].status], list(CheckName).index(item[0])))
    drawn = (_row(name, check, take=take, neighbours=neighbours) for name, check in ordered)
    return f'<ul class="svo-checks">{"".join(drawn)}</ul>'


def _row(name: CheckName, check: CheckResult, *, take: TakeView, neighbours: Neighbours) -> str:
    title = escape(CHECK_TITLES[name])
    if check.status in (CheckStatus.NOT_RUN, CheckStatus.NOT_APPLICABLE):
        reason = escape(check.reason or "no reason given")
        words = CHECK_STATUS_WORDS[check.status].lower()
        return f'<li class="not_run"><div><span>{title}</span><em>{words}: {reason}</em></div></li>'
    score = "" if check.score is None else f"{check.score:.2f}"
    width = 0 if check.score is None else round(check.score * 100)
    sign, mark = ("✕", "Failed") if check.status is CheckStatus.FAIL else ("✓", "Passed")
    bar = f'<i aria-hidden="true"><b style="width:{width}%"></b></i>'
    head = (
        f'<span>{title}<abbr><span aria-hidden="true">{sign}</span> {mark}</abbr></span>{bar}<strong>{score}</strong>'
    )
    note = f"<small>{escape(check.reason)}</small>" if check.reason else ""
    told = ALIGNED_FINDINGS if evidence_alignment.stretches(check) else ()  # the aligned words say it better
    findings = "".join(_finding(finding, take=take) for finding in check.findings if finding.code not in told)
    inside = note + findings + draw_evidence(name, check, take=take, neighbours=neighbours)
    is_open = " open" if check.status is CheckStatus.FAIL else ""
    if not inside:
        return f'<li class="{check.status.value}"><div>{head}</div></li>'
    return f'<li class="{check.status.value}"><details{is_open}><summary>{head}</summary>{inside}</details></li>'


def draw_evidence(name: CheckName, check: CheckResult, *, take: TakeView, neighbours: Neighbours) -> str:
    """What the judgement of a check rests on, as HTML. Pure."""
    replies = evidence_frames.draw_replies(check, take=take) + evidence_frames.draw_judge(check)
    match name:
        case CheckName.TRANSCRIPT_MATCH:
            return evidence_words.draw(check, video_url=take.video_url)
        case CheckName.VISUAL_REQUIREMENTS:
            return replies
        case CheckName.CONTINUITY:
            return evidence_frames.draw_joints(check, take=take, neighbours=neighbours) + replies
        case CheckName.NO_ARTIFACTS:
            stills = evidence_frames.draw_places(check.findings, take=take)
            return stills + evidence_facts.draw_signals(check, video_url=take.video_url)
        case CheckName.DURATION_OK:
            return evidence_facts.draw_duration(check)


def _finding(finding: Finding, *, take: TakeView) -> str:
    """The reason in words, leading to its place in the take, and whether it decides alone."""
    start, end = finding.start_seconds, finding.end_seconds
    message = escape(finding.message)
    if start is not None:
        is_told = f"{start:.1f}" in finding.message
        message = link(take.video_url, start, message if is_told else f"{message} ({span_words(start, end)})")
    alone = " <em>fails the take by itself</em>" if finding.code in take.vetoes else ""
    return f"<small>{message}{alone}</small>"
