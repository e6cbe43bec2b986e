"""Which clips stand in which scene, and in what order: what the timeline and the scene board let people change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from orchestrator import journal
from orchestrator.schema.view import ClipView, PlanView

# (scene id, its clip ids) for every scene, in playing order; a scene may be without clips
Arrangement = tuple[tuple[str, tuple[str, ...]], ...]


def arrangement(plan: PlanView) -> Arrangement:
    """How a plan stands now. A scene stands where its first clip plays; one without clips before the next by number."""
    clips: dict[str, list[str]] = {}
    for clip in plan.clips:
        clips.setdefault(clip.scene_id, []).append(clip.id)
    numbers = {clip.scene_id: clip.scene_position for clip in plan.clips}
    scenes = list(clips)
    for scene in plan.scenes:
        if scene.id not in clips:
            place = next((i for i, other in enumerate(scenes) if numbers[other] > scene.position), len(scenes))
            scenes.insert(place, scene.id)
            numbers[scene.id] = scene.position
    return tuple((scene_id, tuple(clips.get(scene_id, ()))) for scene_id in scenes)


def as_arrangement(current: Arrangement, wanted: object) -> Arrangement | None:
    """``wanted``, which a browser sent, as an arrangement of the same clips in the same scenes; None when it is none,
    being made from what is no longer so. Scenes it leaves out are left without clips, at the end."""
    asked = dict(_read(wanted))
    scenes = [scene_id for scene_id, _ in current]
    if not set(asked) <= set(scenes) or sorted(_clips(asked.items())) != sorted(_clips(current)):
        return None
    return tuple((asked | {scene_id: () for scene_id in scenes if scene_id not in asked}).items())


def as_move(value: object) -> tuple[Arrangement, tuple[Arrangement, ...]] | None:
    """What a browser sent as (how the clips stand now, how they stood before each move that is in it, oldest first);
    None when it is of another form, or names other clips after than before."""
    match value:
        case {"scenes": scenes, "seen": [_, *_] as seen}:
            moved, before = tuple(_read(scenes)), tuple(tuple(_read(one)) for one in seen)
            clips = sorted(_clips(moved))
            is_whole = bool(clips) and len({*clips}) == len(clips) and clips == sorted(_clips(before[-1]))
            return (moved, before) if is_whole else None
        case _:
            return None


def stood(before: Sequence[Arrangement], present: Sequence[str]) -> Arrangement:
    """Of what somebody moved clips from, one after the other, what ``present``, the order of the clips, is made of."""
    orders = {tuple(_clips(one)): one for one in before}
    return orders[tuple(journal.basis(list(orders), present))]


def new_arrangement(current: Arrangement, wanted: object) -> Arrangement | None:
    """As ``as_arrangement``; None too when every clip stays where it is."""
    arranged = as_arrangement(current, wanted)
    return arranged if arranged is not None and _filled(arranged) != _filled(current) else None


def move_clip(current: Arrangement, clip_id: str, *, by: int) -> Arrangement | None:
    """``current`` with one clip ``by`` steps later (earlier when negative), kept inside; None when nothing moves. From
    the end of a scene one step leads to the beginning of the next."""
    rest = tuple((scene_id, tuple(c for c in clips if c != clip_id)) for scene_id, clips in current)
    places = [(scene, place) for scene, (_, clips) in enumerate(rest) for place in range(len(clips) + 1)]
    old = next(((s, clips.index(clip_id)) for s, (_, clips) in enumerate(current) if clip_id in clips), None)
    if old is None:
        return None
    scene, place = places[min(max(places.index(old) + by, 0), len(places) - 1)]
    scene_id, clips = rest[scene]
    moved = (*rest[:scene], (scene_id, (*clips[:place], clip_id, *clips[place:])), *rest[scene + 1 :])
    return moved if moved != current else None


def words_of(clips: Iterable[ClipView]) -> dict[str, Any]:
    """What is said and seen in clips, by the names of the journal: whoever removes them has read this."""
    return seen_of(clips, "text", "visual_intent", "acceptance", "prompt")


def seen_of(clips: Iterable[ClipView], *fields: str) -> dict[str, Any]:
    """These fields of clips as they are shown, by the names of the journal."""
    return {f"clip/{clip.id}/{field}": _FIELDS[field](clip) for clip in clips for field in fields}


def plan_values(plan: PlanView | None) -> dict[str, Any]:
    """All that is shown of a plan and that another one would take the place of, by the names of the journal."""
    if plan is None:
        return {journal.PLAN: None}
    return {
        journal.PLAN: journal.plan_value(plan.id, plan.status),
        journal.ORDER: [clip.id for clip in plan.clips],
        **seen_of(plan.clips, *_FIELDS),
        **{f"scene/{scene.id}/title": scene.title for scene in plan.scenes},
    }


_FIELDS: dict[str, Callable[[ClipView], Any]] = {
    "text": lambda clip: clip.text,
    "seconds": lambda clip: clip.seconds,
    "visual_intent": lambda clip: clip.visual_intent,
    "acceptance": lambda clip: list(clip.acceptance),
    "prompt": lambda clip: clip.own_prompt,
    "speaker": lambda clip: clip.speaker,
    "provider": lambda clip: clip.own_provider,
    "model": lambda clip: clip.own_model,
    "reference_asset_id": lambda clip: clip.reference_url.rsplit("/", 1)[-1],
    "transition": lambda clip: clip.transition.model_dump(mode="json") if clip.has_own_transition else None,
    "scene_id": lambda clip: clip.scene_id,
}


def _filled(arranged: Arrangement) -> Arrangement:
    return tuple(scene for scene in arranged if scene[1])


def _clips(scenes: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    return (clip_id for _, clips in scenes for clip_id in clips)


def _read(wanted: object) -> Sequence[tuple[str, tuple[str, ...]]]:
    """What a browser sent as (scene id, clip ids); nothing when it is of another form or names a scene twice."""
    match wanted:
        case [*pairs] if all(_is_pair(pair) for pair in pairs):
            read = [(str(scene_id), tuple(map(str, clips))) for scene_id, clips in pairs]
            return read if len({scene_id for scene_id, _ in read}) == len(read) else []
        case _:
            return []


def _is_pair(pair: object) -> bool:
    match pair:
        case [str(), [*clips]]:
            return all(isinstance(clip_id, str) for clip_id in clips)
        case _:
            return False
