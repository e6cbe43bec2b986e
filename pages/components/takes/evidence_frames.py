"""What is seen: edges side by side, and answers about the picture with the stills they rest on, as HTML. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from orchestrator.schema.assessment import CheckResult, Finding
from orchestrator.schema.view import TakeView
from pages.components.shared.check_words import ANSWER_SIGNS, UNSEEN_FINDINGS, joint_words
from pages.components.shared.prices import money
from pages.components.shared.words import count
from pages.components.takes import evidence
from pages.components.takes.evidence import Joint, Reply
from pages.components.takes.evidence_player import length_seconds, link
from pages.components.takes.evidence_words import fact_list

STILL_WIDTH = 480
STILLS_AT_MOST = 4


def still(video_url: str, seconds: float, *, alt: str, caption: str = "", width: int = STILL_WIDTH) -> str:
    """A frame of a take with its caption (HTML)."""
    if not video_url:
        picture = '<div class="svo-frame svo-frame-empty">No picture</div>'
    else:
        address = f"{escape(video_url)}/still?at={seconds:.2f}&amp;width={width}"
        picture = f'<img src="{address}" alt="{escape(alt)}" loading="lazy">'
    return f'<figure class="svo-still">{picture}{_under(caption)}</figure>'


def draw_joints(check: CheckResult, *, take: TakeView, neighbours: Mapping[str, TakeView]) -> str:
    """Both frames of every joint, the earlier one on the left, with what was measured between them in words."""
    pairs = "".join(_joint(joint, take=take, other=neighbours.get(joint.run_id)) for joint in evidence.joints(check))
    left_out = "; ".join(evidence.texts(check, "not_compared"))
    return pairs + (f'<p class="svo-key">Not compared: {escape(left_out)}.</p>' if left_out else "")


def _joint(joint: Joint, *, take: TakeView, other: TakeView | None) -> str:
    ours_edge, theirs_edge = ("first", "last") if joint.is_before else ("last", "first")
    seconds = joint.seconds or (0.0 if joint.is_before else length_seconds(take))
    name = f"Clip {other.position}, take {other.attempt}" if other else "The take beside it"
    ours = still(
        take.video_url,
        seconds,
        alt=f"The {ours_edge} frame of this take",
        caption=f"<strong>This take</strong> · {ours_edge} frame, " + link(take.video_url, seconds, f"{seconds:.1f} s"),
    )
    address = f"{escape(other.video_url)}#t={joint.their_seconds:.2f}" if other and other.video_url else ""
    at = f"{joint.their_seconds:.1f} s"
    theirs = still(
        other.video_url if other else "",
        joint.their_seconds,
        alt=f"The {theirs_edge} frame of {name[0].lower()}{name[1:]}",
        caption=f"<strong>{escape(name)}</strong> · {theirs_edge} frame, "
        + (f'<a href="{address}" target="_blank" title="Open that take in a new tab">{at}</a>' if address else at),
    )
    pair = theirs + ours if joint.is_before else ours + theirs
    facts = {name: escape(value) for name, value in joint_words(joint.measured).items()}
    return f'<div class="svo-joint">{pair}</div>{fact_list(facts)}'


def draw_replies(check: CheckResult, *, take: TakeView) -> str:
    """Every question about the picture: the answer, why, and the still it rests on."""
    found = evidence.replies(check)
    return f'<ul class="svo-replies">{"".join(_reply(item, take=take) for item in found)}</ul>' if found else ""


def _reply(item: Reply, *, take: TakeView) -> str:
    sign, word = ANSWER_SIGNS.get(item.answer, ("?", item.answer or "Unsure"))
    picture, where = "", ""
    if item.at_seconds is not None and take.video_url:
        where = f" ({link(take.video_url, item.at_seconds, f'{item.at_seconds:.1f} s')})"
        picture = link(take.video_url, item.at_seconds, still(take.video_url, item.at_seconds, alt="", width=240))
    why = f"<small>{escape(item.evidence)}{where}</small>" if item.evidence or where else ""
    answer = f'<b class="{escape(item.answer)}"><span aria-hidden="true">{sign}</span> {escape(word)}</b>'
    return f"<li>{answer}<div>{escape(item.question)}{why}</div>{picture}</li>"


def draw_judge(check: CheckResult) -> str:
    """Who or what judged, from how many stills, and what that cost."""
    by, cost = evidence.text(check.evidence.get("by")), evidence.figure(check, "cost_usd")
    stills = evidence.numbers(check, "stills")
    parts = [f"Judged by {by}" if by else "", count(len(stills), "still") if stills else ""]
    if check.evidence.get("is_cached"):
        parts.append("answered before, at no cost")
    elif cost:
        parts.append(money(cost))
    words = " · ".join(filter(None, parts))
    return f'<p class="svo-key">{escape(words)}</p>' if words else ""


def draw_places(findings: tuple[Finding, ...], *, take: TakeView) -> str:
    """A still of every finding that can be seen and has a place."""
    seen = [(f, f.start_seconds) for f in findings if f.start_seconds is not None and f.code not in UNSEEN_FINDINGS]
    stills = [
        link(take.video_url, start, still(take.video_url, _middle(start, f.end_seconds), alt=f.message, width=240))
        for f, start in seen[:STILLS_AT_MOST]
    ]
    return f'<div class="svo-strip">{"".join(stills)}</div>' if stills and take.video_url else ""


def _middle(start: float, end: float | None) -> float:
    return start if end is None else (start + end) / 2


def _under(caption: str) -> str:
    return f"<figcaption>{caption}</figcaption>" if caption else ""
