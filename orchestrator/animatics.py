"""Animatics: what a clip's free preview is made of, and which clips of a plan want a new one."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from orchestrator.db.models import ClipRow, PlanRow
from orchestrator.db.records import brief_of, clip_of, settings_of
from orchestrator.scene_crafter import picture_of
from orchestrator.schema.brief import ContentBrief
from providers.base import CreateClipInput

_SIDE_MAX = 480
_VERSION = 1  # part of every key: raise it when previews are to be drawn differently


class Sketch(NamedTuple):
    """What the preview of a clip is drawn from: its words, length, description and speaker, in the colours of its
    ``scene`` and the shape of its plan, over the ``picture`` it starts from (asset id) where there is one. The same
    sketch is the same preview, whichever clip it is of."""

    line: str
    seconds: int
    prompt: str
    speaker: str
    size: str
    scene: str
    picture: str

    @property
    def key(self) -> str:
        return hashlib.sha256(json.dumps([_VERSION, *self]).encode()).hexdigest()[:32]

    def request(self) -> CreateClipInput:
        return CreateClipInput(
            key=self.key,
            prompt=self.prompt,
            model="",
            seconds=self.seconds,
            size=self.size,
            line=self.line,
            labels={"scene": self.scene, "speaker": self.speaker},
        )


def sketch(clip: ClipRow) -> Sketch:
    """What the preview of ``clip`` is drawn from now."""
    return _sketches(clip.plan, [clip])[0]


def _sketches(plan: PlanRow, clips: list[ClipRow]) -> list[Sketch]:
    settings, brief = settings_of(plan), brief_of(plan.brief)
    size = small_size(settings.size or "1280x720")
    return [
        Sketch(
            line=clip.text,
            seconds=clip.seconds,
            prompt=clip.prompt or clip.visual_intent or clip.text or "…",
            speaker=clip.speaker,
            size=size,
            scene=f"{settings.seed}-{clip.scene.position}",
            picture=clip.reference_asset_id or _canon_picture(clip, brief),
        )
        for clip in clips
    ]


def _canon_picture(clip: ClipRow, brief: ContentBrief) -> str:
    if not (brief.style.picture or any(character.picture for character in brief.characters)):
        return ""
    return picture_of(clip_of(clip), own="", brief=brief)


def small_size(size: str) -> str:
    """``size`` in its shape, at most 480 pixels on the longer side, both sides even."""
    width, height = (int(side) for side in size.split("x"))
    scale = min(1.0, _SIDE_MAX / max(width, height))
    return "x".join(str(max(2, 2 * round(side * scale / 2))) for side in (width, height))


def wanted(plan: PlanRow) -> list[ClipRow]:
    """The clips that are shown by a preview: those without an accepted take, in the film's order."""
    return sorted((clip for clip in plan.clips if not clip.accepted_run_id), key=lambda clip: clip.order_key)


def stale(plan: PlanRow) -> dict[str, str]:
    """Those of them whose preview is missing or shows what they were before, with the keys of their new ones."""
    clips = wanted(plan)
    pairs = zip(clips, _sketches(plan, clips), strict=True)
    keys = ((clip, drawn.key) for clip, drawn in pairs)
    return {clip.id: key for clip, key in keys if clip.animatic_key != key}
