"""Prompts: the canon is in, the line is quoted exactly, the limit is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import BadInput
from orchestrator.scene_crafter import craft_clip, craft_remix
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip
from providers.base import AudioSupport, CreateClipInput, PromptDialect, ProviderProfile

ANNA = CharacterBible(name="Anna", appearance="A tall woman", wardrobe="A red coat", voice="Low and calm")
BEN = CharacterBible(name="Ben", appearance="An old man")
BRIEF = ContentBrief(
    style=StyleBible(
        palette="Blue and gold", lighting="Soft light", camera="Slow moves", rules=("Real places",), avoid=("Logos",)
    ),
    characters=(ANNA, BEN),
)
CLIP = Clip(
    position=3,
    text="It's a “good” day, isn't it?",
    seconds=6,
    words=5,
    visual_intent="Wide shot of a harbour. Setting: dawn.",
    speaker="Anna",
)


def profile(**changes: object) -> ProviderProfile:
    facts: dict[str, object] = {
        "name": "test",
        "title": "Test",
        "models": ("m",),
        "durations_seconds": (4, 8, 12),
        "sizes": ("320x180",),
        "prompt_limit_characters": 4000,
        "audio": AudioSupport.NATIVE,
        "cost_usd_per_second": {"m": 0.1},
    }
    return ProviderProfile.model_validate(facts | changes)


def craft(
    clip: Clip = CLIP,
    *,
    brief: ContentBrief = BRIEF,
    patches: tuple[str, ...] = (),
    seed: int | None = None,
    **facts: object,
) -> CreateClipInput:
    return craft_clip(
        clip,
        brief=brief,
        profile=profile(**facts),
        model="m",
        size="320x180",
        key="k",
        patches=patches,
        seed=seed,
    )


@pytest.mark.parametrize("dialect", list(PromptDialect))
def test_a_prompt_holds_the_canon_the_picture_and_the_exact_line(dialect: PromptDialect) -> None:
    prompt = craft(dialect=dialect).prompt
    for part in ("blue and gold", "soft light", "Real places", "Slow moves", "Logos", "a tall woman", "low and calm"):
        assert part in prompt
    assert "Wide shot of a harbour." in prompt
    assert f'Anna says exactly these words and nothing else: "{CLIP.text}"' in prompt


def test_sections_have_labels_and_prose_has_none() -> None:
    sections, prose = (craft(dialect=d).prompt for d in PromptDialect)
    assert [line.partition(":")[0] for line in sections.split("\n")] == [
        "Style",
        "Scene",
        "Characters",
        "Camera",
        "Dialogue",
        "Audio",
        "Continuity",
        "Avoid",
    ]
    assert "\n" not in prose
    assert "Style:" not in prose


def test_only_characters_of_the_clip_are_described() -> None:
    assert "old man" not in craft().prompt
    named = CLIP.model_copy(update={"visual_intent": "Anna waves at Ben."})
    assert "an old man" in craft(named).prompt


def test_the_only_character_is_described_where_nobody_is_named() -> None:
    clip = CLIP.model_copy(update={"speaker": ""})
    assert "a tall woman" not in craft(clip).prompt
    alone = craft(clip, brief=BRIEF.model_copy(update={"characters": (ANNA,)})).prompt
    assert "a tall woman" in alone
    assert "Anna says" in alone


def test_length_is_the_shortest_sold_that_holds_the_clip() -> None:
    assert craft().seconds == 8
    assert craft(durations_seconds=(5,)).seconds == 5


def test_a_seed_is_sent_only_where_it_is_supported() -> None:
    assert craft(seed=7).seed is None
    assert craft(seed=7, supports_seed=True).seed == 7


def test_the_line_and_position_travel_beside_the_prompt() -> None:
    request = craft()
    assert (request.line, request.labels, request.key) == (CLIP.text, {"position": "3"}, "k")


def test_patches_close_the_prompt() -> None:
    prompt = craft(patches=("Keep moving", "No black frames.", "Keep moving")).prompt
    assert prompt.endswith("Must hold: Keep moving. No black frames.")


def test_a_silent_provider_is_not_told_about_sound() -> None:
    assert "Audio:" not in craft(audio=AudioSupport.NONE).prompt


def test_the_least_important_parts_give_way_first() -> None:
    whole = craft().prompt
    shorter = craft(prompt_limit_characters=len(whole) - 1).prompt
    assert "low and calm" not in shorter
    assert "Logos" in shorter
    much_shorter = craft(prompt_limit_characters=len(whole) // 2).prompt
    assert "Avoid" not in much_shorter
    assert "Wide shot of a harbour." in much_shorter


@given(st.integers(1, 900), st.sampled_from(list(PromptDialect)), st.lists(st.text("ab ,.", min_size=1), max_size=3))
def test_a_prompt_never_exceeds_the_limit_nor_loses_line_or_patches(
    limit: int, dialect: PromptDialect, patches: list[str]
) -> None:
    try:
        prompt = craft(prompt_limit_characters=limit, dialect=dialect, patches=tuple(patches)).prompt
    except BadInput as error:
        assert f"hold {limit:,}" in error.message
        return
    assert len(prompt) <= limit
    assert CLIP.text in prompt
    assert all(" ".join(p.split()).rstrip(",;:") in prompt for p in patches)


@given(st.text(min_size=1))
def test_any_line_is_quoted_unchanged(text: str) -> None:
    assert text in craft(CLIP.model_copy(update={"text": text})).prompt


def test_a_remix_keeps_everything_but_the_words() -> None:
    request = craft(patches=("x",))
    remix = craft_remix(request, source_generation_id="gen", remix_text="Only brighter.")
    assert remix.source_generation_id == "gen"
    assert remix.prompt == "Only brighter."
    assert remix.model_dump(exclude={"prompt", "source_generation_id"}) == request.model_dump(exclude={"prompt"})
