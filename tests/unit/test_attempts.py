"""Who could make a clip instead: told from profiles and from the takes there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.attempts import Attempts
from orchestrator.db.models import BriefRow, ClipRow, PlanRow, RunRow, StyleBibleRow
from orchestrator.errors import NotConfigured
from providers.base import AudioSupport, PromptUnit, ProviderProfile, ReferenceRules

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LINE = "Every morning before the sun is up the keeper climbs the narrow stairs with a lamp and counts the boats."


def a_profile(name: str = "other", **facts: Any) -> ProviderProfile:
    fields = {
        "name": name,
        "title": name.title(),
        "models": ("one",),
        "durations_seconds": (4, 8, 12),
        "sizes": ("1280x720",),
        "prompt_limit_characters": 20,
        "audio": AudioSupport.NATIVE,
        "cost_usd_per_second": {"one": 0.1},
    }
    return ProviderProfile.model_validate(fields | facts)


def a_clip(*, text: str = "", seconds: int = 8, total_seconds: int = 60, tries: tuple[str, ...] = ("first",),
           cycle_start: int = 0, language: str = "en", **fields: str) -> ClipRow:  # fmt: skip
    style = StyleBibleRow(body={"picture": fields.get("style_picture", "")})
    brief = BriefRow(language=language, title="", objective="", audience="", tone="", call_to_action="", style=style)
    plan = PlanRow(words_per_minute=150, total_seconds=total_seconds, brief=brief)
    return ClipRow(
        plan=plan, position=1, text=text, words=len(text.split()), seconds=seconds, visual_intent="A bay",
        acceptance=[], speaker="", cycle_start=cycle_start, prompt=fields.get("prompt", ""),
        remix_of=fields.get("remix_of", ""), reference_asset_id=fields.get("reference_asset_id", ""),
        runs=[RunRow(provider=provider, attempt=n) for n, provider in enumerate(tries, start=1)],
    )  # fmt: skip


def attempts_at(profiles: dict[str, ProviderProfile], *narrated_languages: str) -> Attempts:
    return Attempts(profiles=profiles, endpoints={}, narrated_languages=frozenset(narrated_languages))


def is_able(clip: ClipRow, *, narrated: tuple[str, ...] = ("en",), **facts: Any) -> bool:
    """Whether a provider of these facts could make ``clip``."""
    attempts = attempts_at({"other": a_profile(**facts)}, *narrated)
    return attempts.able(["other"], clip, now=NOW) == ("other",)


def test_those_set_up_and_not_tried_in_this_round_are_able_in_the_order_asked() -> None:
    profiles = {name: a_profile(name) for name in ("a", "b", "c", "d")}
    attempts = attempts_at(profiles, "en")
    clip = a_clip(tries=("c", "a", "b"), cycle_start=1)
    assert attempts.able(["d", "unknown", "c", "b", "d", "a"], clip, now=NOW) == ("d", "c")


@pytest.mark.parametrize(
    ("after", "able"), [(timedelta(seconds=1), True), (timedelta(0), False), (timedelta(days=-1), False)]
)
def test_a_provider_is_able_until_it_is_retired(after: timedelta, able: bool) -> None:
    assert is_able(a_clip(), retired_on=NOW + after) is able


def test_a_provider_that_needs_a_picture_is_able_where_there_is_one() -> None:
    needs: dict[str, Any] = {"needs_reference": True, "supports_reference": True}
    assert not is_able(a_clip(), **needs)
    assert is_able(a_clip(reference_asset_id="own"), **needs)
    assert is_able(a_clip(style_picture="style"), **needs)
    short = ReferenceRules(durations_seconds=(4,))
    assert not is_able(a_clip(reference_asset_id="own"), **needs, reference=short)


def test_a_clip_with_a_picture_of_its_own_is_made_where_that_is_taken() -> None:
    assert not is_able(a_clip(reference_asset_id="own"))
    assert is_able(a_clip(reference_asset_id="own"), supports_reference=True)
    assert is_able(a_clip(style_picture="style"))  # nobody asked for it in this very clip


@pytest.mark.parametrize(
    ("audio", "narrated", "text", "able"),
    [
        (AudioSupport.NATIVE, (), "Hallo.", True),
        (AudioSupport.OPTIONAL, (), "Hallo.", True),
        (AudioSupport.NONE, ("en", "de"), "Hallo.", True),
        (AudioSupport.NONE, ("en",), "Hallo.", False),
        (AudioSupport.NONE, (), "Hallo.", False),
        (AudioSupport.NONE, (), "", True),
    ],
)
def test_a_line_needs_a_voice_of_theirs_or_ours_in_its_language(
    audio: AudioSupport, narrated: tuple[str, ...], text: str, able: bool
) -> None:
    assert is_able(a_clip(text=text, language="de"), narrated=narrated, audio=audio) is able


@pytest.mark.parametrize(
    ("prompt", "seconds", "facts", "able"),
    [
        ("A bay at dawn", 12, {}, True),
        ("A bay at dawn", 12, {"durations_seconds": (5, 10)}, False),  # nobody cuts a person's prompt
        ("A bay at dawn, ships", 8, {}, True),
        ("A bay at dawn, ships.", 8, {}, False),
        ("🚢" * 20, 8, {}, True),
        ("🚢" * 20, 8, {"prompt_unit": PromptUnit.UTF16_UNITS}, False),
    ],
)
def test_a_prompt_of_ones_own_has_to_fit_as_it_stands(
    prompt: str, seconds: int, facts: dict[str, Any], able: bool
) -> None:
    assert is_able(a_clip(prompt=prompt, seconds=seconds), **facts) is able


def test_a_remix_is_made_nowhere_else() -> None:
    assert not is_able(a_clip(prompt="At night", remix_of="video_1"), supports_remix=True)


@pytest.mark.parametrize(
    ("text", "seconds", "total_seconds", "durations", "able"),
    [
        (LINE, 12, 60, (5, 10), True),
        (LINE, 12, 300, (5, 10), True),  # 20 words are 5 + 5 s
        ("", 12, 300, (5, 10), True),  # what is sold beyond the planned time is trimmed
        ("https://example.org/" + "a" * 400, 12, 60, (2,), False),  # one word that no clip of theirs holds
    ],
)
def test_a_longer_clip_has_to_hold_in_parts(
    text: str, seconds: int, total_seconds: int, durations: tuple[int, ...], able: bool
) -> None:
    clip = a_clip(text=text, seconds=seconds, total_seconds=total_seconds)
    assert is_able(clip, durations_seconds=durations) is able


def test_a_provider_that_is_gone_is_named() -> None:
    with pytest.raises(NotConfigured, match="'gone' is no longer set up"):
        attempts_at({}).profile("gone")
