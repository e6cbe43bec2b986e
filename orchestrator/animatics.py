"""Animatics: what a clip's free preview is made of, and which clips of a plan want a new one."""

from __future__ import annotations

import hashlib

from orchestrator.db.models import ClipRow, PlanRow
from orchestrator.db.records import brief_of, clip_of, settings_of
from orchestrator.scene_crafter import picture_of
from providers.base import CreateClipInput

_SIDE_MAX = 480
_VERSION = "1"  # part of every key: raise it when previews are to be drawn differently


def ask_animatic(clip: ClipRow) -> CreateClipInput:
    """What the preview of ``clip`` is drawn from: its words, length, description and speaker, in the colours of its
    scene and the shape of its plan, over the picture it starts from (asset id in ``labels``) where there is one."""
    settings = settings_of(clip.plan)
    picture = picture_of(clip_of(clip), own=clip.reference_asset_id, brief=brief_of(clip.plan.brief))
    return CreateClipInput(
        key=clip.id,
        prompt=clip.prompt or clip.visual_intent or clip.text or "…",
        model="",
        seconds=clip.seconds,
        size=small_size(settings.size or "1280x720"),
        line=clip.text,
        labels={"scene": f"{settings.seed}-{clip.scene.position}", "speaker": clip.speaker, "picture": picture},
    )


def key_of(request: CreateClipInput) -> str:
    """The same key is the same preview, whichever clip it is of."""
    return hashlib.sha256(f"{_VERSION}\0{request.model_dump_json(exclude={'key'})}".encode()).hexdigest()[:32]


def small_size(size: str) -> str:
    """``size`` in its shape, at most 480 pixels on the longer side, both sides even."""
    width, height = (int(side) for side in size.split("x"))
    scale = min(1.0, _SIDE_MAX / max(width, height))
    return "x".join(str(max(2, 2 * round(side * scale / 2))) for side in (width, height))


def wanted(plan: PlanRow) -> list[ClipRow]:
    """The clips that are shown by a preview: those without an accepted take, in the film's order."""
    return sorted((clip for clip in plan.clips if not clip.accepted_run_id), key=lambda clip: clip.order_key)


def stale(plan: PlanRow) -> list[ClipRow]:
    """Those of them whose preview is missing or shows what they were before."""
    return [clip for clip in wanted(plan) if clip.animatic_key != key_of(ask_animatic(clip))]
