"""Prompts people write themselves: used as they stand, with the line to be spoken found in or added to them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.errors import BadInput
from orchestrator.schema.clip_plan import Clip
from providers.base import AudioSupport, CreateClipInput, ProviderProfile

_QUOTED = re.compile(r'"([^"\n]{2,})"|“([^”\n]{2,})”|«([^»\n]{2,})»')

# What a video prompt should say, and how to recognise that it does.
_ADVICE: tuple[tuple[str, str], ...] = (
    (r"\b(shot|camera|close-?up|wide|lens|mm|pan|dolly|tracking|handheld|push-in|aerial)\b",
     "Camera: one continuous medium shot, slow push-in, steady."),
    (r"\b(light|lit|sun\w*|dusk|dawn|golden hour|neon|shadow|lamp|candle\w*|moon\w*)\b",
     "Light: soft, directional, with natural contrast."),
    (r"\b(walk\w*|turn\w*|mov\w*|run\w*|lift\w*|smil\w*|look\w*|drift\w*|blow\w*|rain\w*|sway\w*)\b",
     "Motion: small natural movements from the first frame to the last."),
)  # fmt: skip
_SOUND = r"\b(sound|audio|voice|music|says?|speaks?|whisper\w*|ambien\w*|hum)\b"


def spoken_line(text: str) -> str:
    """What a prompt has somebody say: the words between its quotation marks, in order. Empty when there are none."""
    return " ".join(next(filter(None, found.groups())).strip() for found in _QUOTED.finditer(text))


def craft_own(
    prompt: str,
    *,
    clip: Clip,
    profile: ProviderProfile,
    model: str,
    size: str,
    key: str,
    patches: tuple[str, ...] = (),
    seed: int | None = None,
    labels: Mapping[str, str] | None = None,
) -> CreateClipInput:
    """The request for a person's own ``prompt``. The line is added unless it stands there; patches follow.

    Raises ``BadInput`` when that is longer than the provider takes.
    """
    line = clip.text if clip.text and clip.text not in prompt and clip.text != spoken_line(prompt) else ""
    parts = (prompt, f'Said on camera, exactly: "{line}"' if line else "", *patches)
    whole = "\n".join(part for part in parts if part)
    if profile.prompt_length(whole) > profile.prompt_limit_characters:
        raise BadInput(
            f"The prompt has {profile.prompt_length(whole):,} characters with what has to be added to it; "
            f"{profile.title} takes {profile.prompt_limit_characters:,}."
        )
    return CreateClipInput(
        key=key,
        prompt=whole,
        model=model,
        seconds=profile.fit_seconds(clip.seconds),
        size=size,
        line=clip.text,
        seed=seed,
        labels=dict(labels or {}),
    )


def improve_prompt(prompt: str, *, profile: ProviderProfile) -> str:
    """``prompt`` with the things a video model needs and it does not mention: camera, light, motion, sound.

    Its own words stay as they are; a prompt that lacks nothing, or has no room left, comes back unchanged.
    """
    prompt = prompt.strip()
    if not prompt:
        return ""
    advice = [line for pattern, line in _ADVICE if not re.search(pattern, prompt, re.IGNORECASE)]
    if profile.audio is not AudioSupport.NONE and not re.search(_SOUND, prompt, re.IGNORECASE) and '"' not in prompt:
        advice.append("Sound: quiet ambience of the place, no music.")
    for line in advice:
        if profile.prompt_length(prompt) + len(line) + 1 <= profile.prompt_limit_characters:
            prompt += "\n" + line
    return prompt
