"""Splitting one planned clip for a provider that cannot make it in one piece. Pure."""

from __future__ import annotations

import math

from orchestrator.director.chunking import cut_stretch
from orchestrator.director.speech import join, speech_units
from orchestrator.schema.clip_plan import Clip, PlanConstraints


def split_clip(clip: Clip, *, constraints: PlanConstraints, language: str) -> tuple[Clip, ...]:
    """``clip`` as consecutive clips, none longer than the longest length ``constraints`` allow, positions counting on
    from its own.

    Words are cut at the best pauses, as in planning; each part is planned for as long as its words take, and all
    together for as long as the clip, so that a film keeps its length: what a provider sells beyond that is trimmed.
    What is to be seen stays the same in every part. Raises ``SentenceTooLong`` when a single word does not fit.
    """
    longest = constraints.durations_seconds[-1]
    if clip.words:
        units = speech_units(clip.text, language=language)
        cuts = cut_stretch(units, constraints=constraints).cuts
        texts = [(join(units[cut.start : cut.end]), cut.words) for cut in cuts]
        wanted = [math.ceil(words * 60 / constraints.words_per_minute) for _, words in texts]
    else:
        count = math.ceil(clip.seconds / longest)
        texts, wanted = [("", 0)] * count, [longest] * count
    return tuple(
        clip.model_copy(update={"position": clip.position + index, "text": text, "words": words, "seconds": seconds})
        for index, ((text, words), seconds) in enumerate(
            zip(texts, _share(clip.seconds, wanted, longest=longest), strict=True)
        )
    )


def _share(seconds: int, wanted: list[int], *, longest: int) -> list[int]:
    """``wanted`` lengths, made to add up to ``seconds`` as far as none goes below 1 or above ``longest``."""
    shares = [max(1, min(longest, share)) for share in wanted]
    missing = seconds - sum(shares)
    for index in reversed(range(len(shares))):
        share = max(1, min(longest, shares[index] + missing))
        missing -= share - shares[index]
        shares[index] = share
    return shares
