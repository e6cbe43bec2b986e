"""What the timeline draws of a plan, as plain values for the browser. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from orchestrator.schema.clip_plan import MAX_TOTAL_SECONDS
from orchestrator.schema.status import ClipStatus
from orchestrator.schema.timeline import Transition
from orchestrator.schema.view import ClipView, PlanView
from pages.components.shared.numbers import clock
from pages.components.shared.states import CLIP_BADGES
from pages.components.shared.words import count, shorten

TEXT_CHARACTERS = 260
_LABELS = {status.value: badge[0] for status, badge in CLIP_BADGES.items()}


def describe(
    plan: PlanView, *, selected: Sequence[str], can: Sequence[str] = (), heard: object = None
) -> dict[str, Any]:
    """What the timeline draws, as plain JSON: groups of clips in playing order, what is empty or false left out.
    ``can``: ``arrange`` and ``remove`` clips, ``rename`` scenes. ``heard``: the mark of the last move that was kept or
    refused; one that is not heard of yet is shown in the browser as if it had been kept."""
    total = sum(clip.seconds for clip in plan.clips)
    usual = next((clip.transition for clip in plan.clips if not clip.has_own_transition), Transition())
    return {
        "selected": list(selected),
        "summary": f"{count(len(plan.clips), 'clip')} · {clock(total)} of {clock(MAX_TOTAL_SECONDS)}",
        "can": dict.fromkeys(can, True),
        "labels": _LABELS,
        "joint": _describe_joint(usual),
        "groups": _groups(plan),
        "heard": heard,
    }


def _groups(plan: PlanView) -> list[dict[str, Any]]:
    """Clips that play one after the other in one scene are a group; scenes without clips stand at their own place."""
    groups = [
        {"id": scene_id, "number": clips[0].scene_position, "title": clips[0].scene_title, "clips": clips}
        for scene_id, found in groupby(plan.clips, key=lambda clip: clip.scene_id)
        if (clips := list(found))
    ]
    filled = {group["id"] for group in groups}
    for scene in plan.scenes:
        if scene.id not in filled:
            place = next((i for i, group in enumerate(groups) if group["number"] > scene.position), len(groups))
            groups.insert(place, {"id": scene.id, "number": scene.position, "title": scene.title, "clips": []})
    for group in groups:
        group["title"] = shorten(group["title"], 120)
        group["clips"] = [_describe_clip(clip) for clip in group["clips"]]
    return groups


def _describe_clip(clip: ClipView) -> dict[str, Any]:
    is_working = not clip.status.is_settled and clip.status is not ClipStatus.PENDING
    still = f"{clip.animatic_url}/still?width=320" if clip.animatic_url else ""
    facts = {
        "id": clip.id,
        "seconds": clip.seconds,
        "status": clip.status.value,
        "text": shorten(clip.text, TEXT_CHARACTERS),
        "shows": "" if clip.text else shorten(clip.visual_intent, TEXT_CHARACTERS),
        "score": "" if clip.score is None else f"{clip.score:.2f}",
        "verdict": clip.verdict.value if clip.verdict and clip.score is not None else "",
        "poster": clip.poster_url or still,
        "video": clip.video_url,
        "animatic": clip.animatic_url,
        "ownPrompt": bool(clip.own_prompt),
        "ownProvider": " ".join(filter(None, (clip.own_provider, clip.own_model))),
        "isReferred": bool(clip.reference_url),
        "ownJoint": _describe_joint(clip.transition) if clip.has_own_transition else None,
    }
    drawn = {name: value for name, value in facts.items() if value}
    return drawn | {"progress": round(clip.progress or 0.0, 3)} if is_working else drawn


def _describe_joint(transition: Transition) -> dict[str, Any]:
    return {"kind": transition.kind.value, "seconds": transition.seconds}
