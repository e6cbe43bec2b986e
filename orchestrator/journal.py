"""What people change, as values by name: what differs, how it is told, and how it is written back. Pure.

A state is a flat mapping. Of a plan it holds ``order`` (the ids of its clips as they play; a clip that is not in it was
taken out), ``transition``, ``clip/<id>/<field>`` and ``scene/<id>/title``; of a draft ``script`` and
``brief/<field>``; of a project ``name`` and ``settings/<field>``. An edit keeps only what differs, as it was before and
after. It is undone where the present still is what it left behind, so that nothing later is lost.

Whoever changes something may say what they had ``seen`` before, as values by these names: what somebody else changed
since is kept, and where both changed the same, neither is written over unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from orchestrator.errors import Conflict
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings

ORDER, PLAN, POLICY = "order", "plan", "policy"


class EditKind(StrEnum):
    """What an edit is of."""

    PLAN = "plan"
    DRAFT = "draft"
    SETTINGS = "settings"


# What a take of a clip is made from; the rest says only where and how the clip is shown.
_OF_TAKES = {
    "text": "the words",
    "words": "",  # follows the words
    "seconds": "the length",
    "visual_intent": "what is seen",
    "acceptance": "what must be seen",
    "prompt": "the prompt",
    "speaker": "the speaker",
    "provider": "the provider",
    "model": "the model",
    "reference_asset_id": "the picture",
}
_WORDS = {**_OF_TAKES, "transition": "the transition", "scene_id": "the scene", "title": "the name"}
CLIP_FIELDS = (*_OF_TAKES, "transition", "scene_id")
_OF_PARTS = ("brief/style", "brief/characters")  # what several people may change at once, each another part of it
_BRIEF_WORDS = {"style": "the style", "characters": "the characters"}


def draft_values(brief: ContentBrief, script: str) -> dict[str, Any]:
    """A whole draft by name."""
    return {"script": script, **{f"brief/{name}": value for name, value in brief.model_dump(mode="json").items()}}


def values_of_settings(settings: ProjectSettings) -> dict[str, Any]:
    """The settings of a project by name. How takes are judged is not among them."""
    fields = settings.model_dump(mode="json", exclude={"assessment"})
    return {f"settings/{name}": value for name, value in fields.items()}


def policy_value(policy: AssessmentPolicy) -> dict[str, Any]:
    """How strictly a project's takes are judged, by name."""
    return {POLICY: {**policy.model_dump(mode="json"), "vetoes": sorted(policy.vetoes)}}


def arranged(scenes: Iterable[tuple[str, Sequence[str]]]) -> dict[str, Any]:
    """Clips in scenes, each ``(scene id, its clips)``, by name."""
    pairs = [(clip_id, scene_id) for scene_id, clips in scenes for clip_id in clips]
    return {ORDER: [clip_id for clip_id, _ in pairs], **{scene_of(clip_id): scene_id for clip_id, scene_id in pairs}}


def scene_of(clip_id: str) -> str:
    """The name that says in which scene a clip is."""
    return f"clip/{clip_id}/scene_id"


def is_of_takes(name: str) -> bool:
    """Whether takes of a clip are made from what goes by this name."""
    kind, _, field = _parts(name)
    return kind == "clip" and field in _OF_TAKES


def is_arrangement(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether nothing differs but the order of the same clips and their scenes."""
    return all(
        {*before[name]} == {*value} if name == ORDER else _parts(name)[::2] == ("clip", "scene_id")
        for name, value in after.items()
    )


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs between two states, as it was and as it is. A name that only one of them has belongs to a clip or a
    scene that came or went, which the order tells."""
    names = [name for name in before if name in after and before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def merged(
    first: tuple[Mapping[str, Any], Mapping[str, Any]], second: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two differences, one after the other, as one."""
    return difference({**second[0], **first[0]}, {**first[1], **second[1]})


def write_back(
    target: Mapping[str, Any], *, expected: Mapping[str, Any], present: Mapping[str, Any], doing: str
) -> dict[str, Any]:
    """The values that take ``present`` back to ``target``, both sides of one edit, where it still is as ``expected``.
    Clips the edit does not know of stay where they are, behind the same one.

    Raises ``Conflict`` that names what was changed since; ``doing`` is what is not possible therefore.
    """
    known = {*target.get(ORDER, ()), *expected.get(ORDER, ())}
    changed = [
        name
        for name, value in expected.items()
        if name not in present
        or (_only(present[name], known) != list(value) if name == ORDER else present[name] != value)
    ]
    if changed:
        were = "were" if len(changed) > 1 or "the words" in describe(changed, present) else "was"
        raise Conflict(
            f"This cannot be {doing} any more: {describe(changed, present)} {were} changed since. Nothing was changed."
        )
    return {
        name: _order_with_strangers(value, present[ORDER], known=known) if name == ORDER else value
        for name, value in target.items()
    }


def combine(
    wanted: Mapping[str, Any], *, seen: Mapping[str, Any], present: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What to write for one who had ``seen`` these values and made ``wanted`` of them, while others made ``present``:
    theirs where only they changed something, the wanted where only this one did. And the names of which both made
    something else. What was not seen is written as it is wanted."""
    values: dict[str, Any] = {}
    clashing: list[str] = []
    for name, value in wanted.items():
        if name in seen and name not in present:
            continue  # it was of something that went
        try:
            values[name] = _combined(seen[name], value, present[name], name) if name in seen else value
        except _Clash:
            clashing.append(name)
    return values, tuple(clashing)


def unseen(before: Mapping[str, Any], after: Mapping[str, Any], *, seen: Mapping[str, Any]) -> tuple[str, ...]:
    """Of what differs between two states the names that were something else than ``seen``: who made this change did
    not know. A clip that goes takes all that goes by its name along."""
    _, changed = difference(before, after)
    gone = {*before.get(ORDER, ())} - {*after.get(ORDER, ())}
    touched = [*changed, *(name for name in seen if name.partition("/")[0] == "clip" and name.split("/")[1] in gone)]
    return tuple(name for name in touched if name in seen and name in before and before[name] != plain(seen[name]))


def others(present: Mapping[str, Any], *, seen: Mapping[str, Any]) -> tuple[str, ...]:
    """The names by which there is something else now than was ``seen``, for one who would write over all of it."""
    return tuple(name for name in present if name in seen and present[name] != plain(seen[name]))


def plan_value(plan_id: str, status: str) -> dict[str, str]:
    """Which plan a project has, and what became of it, for one who would put another in its place."""
    return {"id": plan_id, "status": status}


def basis(orders: Sequence[Sequence[str]], present: Sequence[str]) -> Sequence[str]:
    """Of ``orders`` that somebody had before them one after the other, the last of which ``present`` is made of, save
    for clips that came or went; the first of them when it is none."""
    alike = (order for order in reversed(orders) if _only(order, {*present}) == _only(present, {*order}))
    return next(alike, orders[0])


def plain(value: Any) -> Any:
    """A value as the journal keeps it: lists for tuples, at any depth."""
    match value:
        case dict():
            return {name: plain(part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case _:
            return value


def describe(names: Iterable[str], state: Mapping[str, Any]) -> str:
    """What goes by these names, for people: ``the words and the picture of clip 2``."""
    found: dict[str, list[str]] = {}
    names = list(names)
    for name in names:
        kind, thing, field = _parts(name)
        match kind:
            case "clip":
                follows_words = field == "seconds" and f"clip/{thing}/text" in names
                if _WORDS[field] and not follows_words:
                    found.setdefault(f" of {_clip_words(thing, state)}", []).append(_WORDS[field])
            case "scene":
                found.setdefault(" of a scene", []).append(_WORDS[field])
            case "brief":
                found.setdefault("", []).append(_BRIEF_WORDS.get(field, "the brief"))
            case "settings":
                found.setdefault("", []).append("the settings")
            case "order":
                found.setdefault("", []).append("the order of the clips")
            case "policy":
                found.setdefault("", []).append("how takes are judged")
            case _:
                found.setdefault("", []).append(f"the {kind}")
    told = [_list(list(dict.fromkeys(words))) + where for where, words in found.items()]
    return _list(told if len(told) < 4 else [*told[:2], f"{len(told) - 2} more"])


def tell_order(before: Sequence[str], after: Sequence[str]) -> str:
    """What was done to the order, for people."""
    for clip_id in before:
        if _without(before, clip_id) == _without(after, clip_id) and before != after:
            return f"Moved clip {before.index(clip_id) + 1} to place {after.index(clip_id) + 1}"
    return "Moved clips"


class _Clash(Exception):
    """Two people made different things of the same."""


def _combined(seen: Any, wanted: Any, present: Any, name: str) -> Any:
    """One value of ``combine``. Raises ``_Clash``."""
    seen, wanted = plain(seen), plain(wanted)
    if wanted in (seen, present):
        return present
    if present == seen:
        return wanted
    match seen, wanted, present:
        case dict(), dict(), dict() if name in _OF_PARTS:
            return _combined_parts(seen, wanted, present, name)
        case list(), list(), list() if name == ORDER:
            return _combined_order(seen, wanted, present)
        case list(), list(), list() if name in _OF_PARTS and _people(seen) == _people(wanted) == _people(present):
            return [_combined(*one, name) for one in zip(seen, wanted, present, strict=True)]
        case _:
            raise _Clash


def _combined_parts(
    seen: Mapping[str, Any], wanted: Mapping[str, Any], present: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """Each part by itself; one that is left out is empty. Raises ``_Clash``."""
    parts = {**present, **wanted}
    return {part: _combined(seen.get(part, ""), wanted.get(part, ""), present.get(part, ""), "") for part in parts}


def _combined_order(seen: Sequence[str], wanted: Sequence[str], present: Sequence[str]) -> list[str]:
    """The wanted order, where others only took clips out or put new ones in. Raises ``_Clash``."""
    if _only(seen, {*present}) != _only(present, {*seen}):
        raise _Clash
    return _order_with_strangers(_only(wanted, {*present}), present, known={*seen, *wanted})


def _people(values: Sequence[Any]) -> list[str]:
    """Who they are: the same people in the same order have the same names."""
    return [value["name"] for value in values]


def _parts(name: str) -> tuple[str, str, str]:
    kind, _, rest = name.partition("/")
    thing, _, field = rest.rpartition("/")
    return kind, thing, field


def _clip_words(clip_id: str, state: Mapping[str, Any]) -> str:
    order = list(state.get(ORDER, ()))
    return f"clip {order.index(clip_id) + 1}" if clip_id in order else "a clip that was taken out"


def _list(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def _only(order: Sequence[str], known: set[str]) -> list[str]:
    return [clip_id for clip_id in order if clip_id in known]


def _without(order: Sequence[str], clip_id: str) -> list[str]:
    return [other for other in order if other != clip_id]


def _order_with_strangers(target: Sequence[str], present: Sequence[str], *, known: set[str]) -> list[str]:
    """``target`` with the clips of ``present`` that are not ``known``, each behind the nearest one before it."""
    order, before = list(target), ""
    for clip_id in present:
        if clip_id not in known:
            order.insert(order.index(before) + 1 if before else 0, clip_id)
        if clip_id in order:
            before = clip_id
    return order
