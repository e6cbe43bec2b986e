"""What a profile says of sizes, models, paces and lengths of prompts: arithmetic over declared facts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import AudioSupport, ModelFacts, PollPace, PromptUnit, ProviderProfile, ReferenceRules
from providers.minimax import PROFILE as MINIMAX
from providers.registry import NAMES, profile_of


def a_profile(*sizes: str, **facts: object) -> ProviderProfile:
    fields = {
        "name": "house",
        "title": "House",
        "models": ("one", "two"),
        "durations_seconds": (4, 8),
        "sizes": sizes or ("1280x720",),
        "prompt_limit_characters": 100,
        "audio": AudioSupport.NATIVE,
        "cost_usd_per_second": {"one": 0.1},
    }
    return ProviderProfile.model_validate(fields | facts)


# --- sizes ---


@pytest.mark.parametrize(
    ("size", "sold", "fitting"),
    [
        ("1280x720", ("1920x1080", "1280x720"), "1280x720"),  # sold
        ("1280x720", ("720x1280", "1920x1080"), "1920x1080"),  # not turned, though its area is another
        ("1280x720", ("1024x1024", "3840x2160"), "3840x2160"),  # shape before area
        ("1920x1080", ("1280x720", "3840x2160"), "1280x720"),  # 1/2.25 is nearer than 4
        ("1280x720", ("1344x768", "2560x1440"), "1344x768"),  # almost the shape, and not four times the pixels
        ("1920x1080", ("1344x768", "2560x1440"), "2560x1440"),  # almost the shape, but no nearer
        ("1280x720", ("1280x704", "1296x729"), "1296x729"),  # the very shape, as near
        ("1280x720", ("960x720", "2560x1440"), "2560x1440"),  # another shape, however near
        ("720x720", ("1280x720", "720x1280", "960x960"), "960x960"),  # a square stays a square
        ("720x720", ("1280x720", "720x1280"), "1280x720"),  # a square fits either way: the first
        ("1280x720", ("720x1280",), "720x1280"),  # nothing else is sold
    ],
)
def test_the_nearest_size_is_taken(size: str, sold: tuple[str, ...], fitting: str) -> None:
    assert a_profile(*sold).fit_size(size) == fitting


@pytest.mark.parametrize(
    ("size", "fitting"),
    [("1280x720", "1344x768"), ("720x1280", "768x1344"), ("1920x1080", "2560x1440"), ("1080x1920", "1440x2560")],
)
def test_a_film_in_720p_costs_what_720p_costs_where_its_size_is_a_little_off(size: str, fitting: str) -> None:
    assert MINIMAX.fit_size(size) == fitting


SIDES = st.integers(1, 4000)
SIZES = st.builds(lambda w, h: f"{w}x{h}", SIDES, SIDES)


@given(SIZES, st.lists(SIZES, min_size=1, max_size=5))
def test_a_size_that_is_sold_is_found_and_orientation_is_kept_where_it_can_be(size: str, sold: list[str]) -> None:
    found = a_profile(*sold).fit_size(size)
    assert found in sold
    assert found == size or size not in sold

    def lies(other: str) -> int:
        width, height = map(int, other.split("x"))
        return (width > height) - (width < height)

    if lies(size) and any(lies(other) != -lies(size) for other in sold):
        assert lies(found) != -lies(size)


# --- models ---


def test_a_model_has_the_facts_of_the_profile_save_for_its_own() -> None:
    profile = a_profile(variants={"two": ModelFacts(durations_seconds=(5,), audio=AudioSupport.NONE)})
    two = profile.for_model("two")
    assert (two.durations_seconds, two.audio, two.sizes) == ((5,), AudioSupport.NONE, profile.sizes)
    assert profile.for_model("one") == profile == profile.for_model("never heard of")


def test_the_leading_model_is_first_and_its_facts_are_those_of_the_profile() -> None:
    profile = a_profile(variants={"two": ModelFacts(durations_seconds=(5,))}).led_by("two")
    assert profile.models == ("two", "one")
    assert profile.durations_seconds == (5,)
    assert profile.for_model("one").durations_seconds == (4, 8)
    assert a_profile().led_by("") == a_profile()
    assert a_profile().led_by("new").models == ("new", "one", "two")


def test_what_only_the_leading_model_has_is_not_passed_on_to_the_others() -> None:
    gone = datetime(2026, 1, 1, tzinfo=UTC)
    profile = a_profile(variants={"two": ModelFacts(retired_on=gone, reference=ReferenceRules())}).led_by("two")
    assert (profile.retired_on, profile.reference) == (gone, ReferenceRules())
    one = profile.for_model("one")
    assert (one.retired_on, one.reference) == (None, None)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_keeps_its_facts_whichever_leads(name: str) -> None:
    profile = profile_of(name)
    for leading in profile.models:
        led = profile.led_by(leading)
        assert led.models[0] == leading and set(led.models) == set(profile.models)
        for model in profile.models:
            same = {"models": profile.models, "variants": {}}
            assert led.for_model(model).model_copy(update=same) == profile.for_model(model).model_copy(update=same)


# --- looking after a generation ---


def test_a_generation_is_looked_after_often_at_first_and_seldom_later() -> None:
    pace = PollPace(early_seconds=2, late_seconds=20, late_after_seconds=60)
    assert [pace.pause_seconds(age) for age in (0, 59.9, 60, 3600)] == [2, 2, 20, 20]


# --- prompts ---


@pytest.mark.parametrize(
    ("text", "characters", "utf16_units"),
    [("", 0, 0), ("bay", 3, 3), ("näh", 3, 3), ("漢字", 2, 2), ("🚢", 1, 2), ("a🚢b👩‍🚀", 6, 9)],
)
def test_prompts_are_counted_as_the_provider_counts_them(text: str, characters: int, utf16_units: int) -> None:
    assert a_profile().prompt_length(text) == characters
    assert a_profile(prompt_unit=PromptUnit.UTF16_UNITS).prompt_length(text) == utf16_units


@given(st.text())
def test_both_counts_agree_where_no_character_lies_beyond_the_basic_plane(text: str) -> None:
    beyond = sum(ord(character) > 0xFFFF for character in text)
    assert a_profile(prompt_unit=PromptUnit.UTF16_UNITS).prompt_length(text) == len(text) + beyond
