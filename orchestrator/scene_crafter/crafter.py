"""From a clip to a request: the canon injected, the line quoted word for word, the corrections added."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from orchestrator.scene_crafter.parts import Importance, Part, sentence, sentences, write_prompt
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip
from providers.base import AudioSupport, CreateClipInput, ProviderProfile, RemixClipInput

_NO_LABELS: Mapping[str, str] = MappingProxyType({})
_ONE_SHOT = "One continuous shot without cuts."
_SAME_FILM = "Same faces, clothes, light and colours as in every other clip of this film."
_CLEAN_SOUND = "Clear, close speech, in step with the lips where they are seen; quiet room sound and no music."


def craft_clip(
    clip: Clip,
    *,
    brief: ContentBrief,
    profile: ProviderProfile,
    model: str,
    size: str,
    key: str,
    patches: tuple[str, ...] = (),
    seed: int | None = None,
    labels: Mapping[str, str] = _NO_LABELS,
) -> CreateClipInput:
    """The request for one take of ``clip``.

    The prompt is written in ``profile.dialect`` and is never longer than ``profile.prompt_limit_characters``: sound,
    then things to avoid, camera, continuity, style, characters and scene give way, never the line or ``patches``.
    The length is the shortest the provider sells that holds the clip. ``seed`` is left out where it is not supported.

    Raises ``BadInput`` when the line and the patches alone do not fit the prompt.
    """
    parts = tuple(_parts(clip, brief=brief, profile=profile, patches=patches))
    return CreateClipInput(
        key=key,
        prompt=write_prompt(
            parts,
            dialect=profile.dialect,
            limit_characters=profile.prompt_limit_characters,
            length=profile.prompt_length,
        ),
        model=model,
        seconds=profile.fit_seconds(clip.seconds),
        size=size,
        line=clip.text,
        negative_prompt=_avoid(brief.style)[: profile.prompt_limit_characters]
        if profile.supports_negative_prompt
        else "",
        seed=seed if profile.supports_seed else None,
        labels={"position": str(clip.position), **labels},
    )


def craft_remix(request: CreateClipInput, *, source_generation_id: str, remix_text: str) -> RemixClipInput:
    """``request`` as a remix of an earlier generation: everything stays, only ``remix_text`` says what to change."""
    fields = request.model_dump() | {"prompt": remix_text, "source_generation_id": source_generation_id}
    return RemixClipInput.model_validate(fields)


def _parts(clip: Clip, *, brief: ContentBrief, profile: ProviderProfile, patches: tuple[str, ...]) -> Iterator[Part]:
    style = brief.style
    characters = characters_of(clip, brief.characters)
    yield Part(label="Style", statements=_style(style), importance=Importance.STYLE)
    yield Part(label="Scene", statements=sentences(clip.visual_intent), importance=Importance.SCENE)
    yield Part(
        label="Characters",
        statements=tuple(filter(None, map(_describe, characters))),
        importance=Importance.CHARACTERS,
    )
    yield Part(
        label="Camera",
        statements=(_ONE_SHOT, *sentences(style.camera)),
        importance=Importance.CAMERA,
    )
    if clip.text:
        # A longer clip is trimmed to the planned time, so the words come first.
        is_trimmed = profile.fit_seconds(clip.seconds) > clip.seconds
        timing = (f"The line is over within the first {clip.seconds} seconds.",) if is_trimmed else ()
        dialogue = (_say(clip, characters), *timing)
        yield Part(label="Dialogue", statements=dialogue, importance=Importance.REQUIRED)
        if profile.audio is not AudioSupport.NONE:
            voices = tuple(sentence(f"{c.name}'s voice is {_inner(c.voice)}") for c in characters if c.voice.strip())
            yield Part(label="Audio", statements=(_CLEAN_SOUND, *voices), importance=Importance.AUDIO)
    yield Part(label="Continuity", statements=(_SAME_FILM,), importance=Importance.CONTINUITY)
    avoid = _avoid(style)
    if avoid and not profile.supports_negative_prompt:
        yield Part(label="Avoid", lead_in="Avoid: ", statements=(sentence(avoid),), importance=Importance.AVOID)
    wanted = tuple(dict.fromkeys(sentence(patch) for patch in patches if patch.strip()))
    yield Part(label="Must hold", lead_in="Important: ", statements=wanted, importance=Importance.REQUIRED)


def _avoid(style: StyleBible) -> str:
    return "; ".join(" ".join(item.split()).rstrip(".") for item in style.avoid if item.strip())


def _style(style: StyleBible) -> tuple[str, ...]:
    named = (("palette", style.palette), ("light", style.lighting), ("mood", style.mood))
    facts = tuple(sentence(f"The {name} is {_inner(text)}") for name, text in named if text.strip())
    return facts + tuple(sentence(rule) for rule in style.rules if rule.strip())


def characters_of(clip: Clip, characters: tuple[CharacterBible, ...]) -> tuple[CharacterBible, ...]:
    """Who is in the clip: the speaker and everybody named in its words or picture; the only one there is, if none."""
    spoken_of = f"{clip.speaker}\n{clip.visual_intent}\n{clip.text}"
    named = tuple(c for c in characters if re.search(rf"(?<!\w){re.escape(c.name)}(?!\w)", spoken_of, re.IGNORECASE))
    return named or (characters if len(characters) == 1 else ())


def _describe(character: CharacterBible) -> str:
    facts = (character.appearance, f"wearing {_inner(character.wardrobe)}" if character.wardrobe.strip() else "")
    described = [_inner(fact) for fact in (*facts, character.personality) if fact.strip()]
    return sentence(f"{character.name}: {'; '.join(described)}") if described else ""


def _inner(text: str) -> str:
    """A description as it reads in the middle of a sentence."""
    text = " ".join(text.split()).rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[:2] in ("A ", "I ") else text


def _say(clip: Clip, characters: tuple[CharacterBible, ...]) -> str:
    """The line between quotes that do not occur in it, so that nothing but the line is spoken."""
    opening, closing = next(
        pair for pair in (('"', '"'), ("“", "”"), ("«", "»"), ("「", "」"), ("\n", "\n")) if pair[1] not in clip.text
    )
    who = clip.speaker or (characters[0].name if len(characters) == 1 else "The speaker")
    return f"{who} says exactly these words and nothing else: {opening}{clip.text}{closing}"
