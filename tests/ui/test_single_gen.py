"""The Single Gen page against the real service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from pages.components.single import single_live
from tests.fakes.swift import House, open_house
from tests.ui.conftest import OpenPage, button, field, fill, press, words
from tests.ui.paid import wait_until

PROMPT = "A founder alone in a dim office."
PAGE = "single_gen.py"


@pytest.fixture
def page_name() -> str:
    return PAGE


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Clips that are made at once."""
    with open_house(tmp_path, video_provider="obedient") as house:
        bootstrap.use(house.app)
        yield house
        bootstrap.use(None)


def make(house: House, *, prompt: str = PROMPT, **wanted: object) -> str:
    clip_id = house.app.service.generate_single(prompt=prompt, seconds=4, **wanted)  # type: ignore[arg-type]
    wait_until(lambda: not house.app.views.wish(clip_id).is_active)
    return clip_id


def labels(page: object) -> list[str]:
    return [item.label for item in page.button]  # type: ignore[attr-defined]


# --- nothing was made yet ---


def test_an_empty_workspace_offers_prompts_to_begin_with(app: App, open_page: OpenPage) -> None:
    page = open_page(PAGE)
    assert "Your clips appear here" in words(page)
    page = press(page, "A founder at 2 a.m.")
    assert str(field(page, "Prompt").value).startswith("A founder alone")  # type: ignore[attr-defined]
    assert field(page, "Line to speak (optional)").value == "It finally works."  # type: ignore[attr-defined]
    assert app.views.history() == ()


# --- before anything is asked for ---


def test_a_prompt_is_asked_for_when_there_is_none(app: App, open_page: OpenPage, page_name: str) -> None:
    page = press(open_page(page_name), "Generate")
    assert "Write a prompt first." in words(page)
    assert app.views.history() == ()


def test_a_clip_is_asked_for_as_it_was_described(app: App, open_page: OpenPage, page_name: str) -> None:
    page = fill(open_page(page_name), "Prompt", PROMPT)
    page = fill(page, "Line to speak (optional)", "I can hear it.")
    page = fill(page, "Duration", 4)
    page = press(fill(page, "Size", "320x180"), "Generate")
    (take,) = app.views.history()
    assert (take.line, take.seconds, take.size, take.is_active) == ("I can hear it.", 4, "320x180", True)
    assert page.query_params["clip"] == take.clip_id
    assert "History" in words(page)


def test_several_takes_are_asked_for_with_one_press(app: App, open_page: OpenPage) -> None:
    page = fill(fill(open_page(PAGE), "Prompt", PROMPT), "Takes", 3)
    page = press(page, "Generate 3 takes")
    (wish,) = app.views.wishes().wishes
    assert len(wish.takes) == 3
    assert any(value.count("<li>") == 3 for value in (html.value for html in page.html) if 'class="svo-live"' in value)


def test_characters_are_counted_and_too_many_refused(app: App, open_page: OpenPage, page_name: str) -> None:
    limit = next(item for item in app.views.providers() if item.is_default).prompt_limit_characters
    page = fill(open_page(page_name), "Prompt", "x" * (limit + 1))
    assert f":red[{limit + 1:,} of {limit:,} characters: 1 too many]" in words(page)
    page = press(page, "Generate")
    assert "too long" in words(page)
    assert app.views.history() == ()


def test_a_line_that_does_not_fit_is_told_before_it_is_paid(app: App, open_page: OpenPage) -> None:
    page = fill(fill(open_page(PAGE), "Prompt", PROMPT), "Duration", 4)
    page = fill(page, "Line to speak (optional)", "one two three four five six seven eight nine ten eleven twelve")
    assert r"12 words, about 4.8 s at 150 words a minute. The clip lasts 4 s\: choose 8 s." in words(page)
    page = press(page, "Generate")
    assert "Nothing was asked for yet" in words(page)
    assert app.views.history() == ()
    press(page, "Generate")
    assert len(app.views.history()) == 1


def test_what_optimizing_added_is_shown_and_taken_back(app: App, open_page: OpenPage) -> None:
    page = press(fill(open_page(PAGE), "Prompt", PROMPT), "Optimize Prompt")
    better = app.service.optimize_prompt(PROMPT)
    assert field(page, "Prompt").value == better  # type: ignore[attr-defined]
    (diff,) = (html.value for html in page.html if 'class="svo-prompt"' in html.value)
    assert diff.count('class="added"') == better.count("\n")
    page = press(page, "Optimize Prompt")
    assert "Nothing to add" in words(page)
    page = press(page, "Undo")
    assert field(page, "Prompt").value == PROMPT  # type: ignore[attr-defined]
    assert "Undo" not in labels(page)


def test_price_and_wait_are_known_before_anything_is_spent(house: House, open_page: OpenPage) -> None:
    page = open_page(PAGE)
    assert "no takes here yet" in words(page)
    make(house)
    page = fill(fill(open_page(PAGE), "Duration", 4), "Takes", 2)
    assert r"\$0.80 for 2 takes, up to \$2.40 with repairs" in words(page)
    assert "from 1 take here" in words(page)


@pytest.mark.parametrize("prompt", ["🚀" * 50, "مرحبا بكم", "<img src=x onerror=alert(1)>", "\x00", "$" * 20])
def test_hostile_prompts_end_in_a_clip_or_a_message(app: App, open_page: OpenPage, page_name: str, prompt: str) -> None:
    page = press(fill(open_page(page_name), "Prompt", prompt), "Generate")
    shown = words(page)
    assert bool(app.views.history()) != bool(page.error or page.warning), shown
    assert "Something went wrong" not in shown


# --- while it is made ---


def test_what_is_being_made_tells_how_long_it_will_take(house: House, open_page: OpenPage) -> None:
    house.provider.held.add("lamp")
    house.app.service.generate_single(prompt=PROMPT, line="The lamp is lit.")
    wait_until(lambda: len(house.provider.made) == 1)
    page = open_page(PAGE)
    (live,) = (html.value for html in page.html if 'class="svo-live"' in html.value)
    assert "so far, no takes here yet to tell how long" in live
    assert "Being made" in "".join(html.value for html in page.html)
    assert "Retry" not in labels(page)


def test_a_bar_never_ends_before_the_take_does_and_shows_prompts_as_text(app: App) -> None:
    app.service.generate_single(prompt="<img src=x onerror=alert(1)>")
    (item,) = app.views.under_way()
    for elapsed, left, progress in ((5, 15, 0.25), (30, -10, 0.97), (5, None, None)):
        told = item.model_copy(update={"elapsed_seconds": elapsed, "left_seconds": left})
        assert single_live.progress(told) == progress
    assert "<img" not in single_live.draw((item,))


# --- once it is there ---


def test_a_finished_clip_can_be_looked_at_and_used(house: House, open_page: OpenPage) -> None:
    make(house)
    page = open_page(PAGE)
    assert r"Retry · \$0.40" in labels(page)
    assert "Preview" in labels(page)
    assert any("download" in html.value for html in page.html)
    assert not [html for html in page.html if 'class="svo-live"' in html.value]


def test_the_clip_in_the_address_is_shown_and_the_newest_when_it_is_gone(house: House, open_page: OpenPage) -> None:
    first, second = make(house, prompt="An old quay"), make(house, prompt="A new quay")
    shown = words(open_page(PAGE, clip=first))
    assert "not here any more" not in shown
    for gone in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        page = open_page(PAGE, clip=gone)
        assert "not here any more" in words(page)
    house.app.service.delete_single(second)
    assert "not here any more" in words(open_page(PAGE, clip=second))


def test_older_clips_are_shown_when_they_are_asked_for(app: App, open_page: OpenPage) -> None:
    for number in range(9):
        app.service.generate_single(prompt=f"Quay number {number}")
    page = open_page(PAGE)
    assert "Quay number 0" not in words(page)
    page = press(page, "Show more")
    assert "Quay number 0" in words(page)
    assert page.query_params["shown"] == "16"
    assert "Show more" not in labels(page)


def test_two_takes_are_chosen_between_without_their_scores(house: House, open_page: OpenPage) -> None:
    clip_id = make(house, variations=2)
    page = press(open_page(PAGE, clip=clip_id), "Choose blind")
    shown = words(page)
    assert "Which take is better?" in shown
    assert "1.00" not in shown
    assert "Choose blind" not in labels(page)
    pair = house.app.views.wish(clip_id).pair
    assert pair is not None
    page = press(page, "B is better")
    wish = house.app.views.wish(clip_id)
    assert (wish.takes[0].run_id, wish.pair) == (pair[1], None)
    assert "You preferred it" in words(page)
    assert "pick" not in page.query_params


def test_a_deleted_clip_is_offered_back_until_that_is_dismissed(house: House, open_page: OpenPage) -> None:
    clip_id = make(house)
    house.app.service.delete_single(clip_id)
    page = open_page(PAGE, deleted=clip_id)
    assert "Clip deleted" in words(page)
    page = press(page, "Undo")
    assert house.app.views.single(clip_id).clip_id == clip_id
    assert "Clip deleted" not in words(page)
    house.app.service.delete_single(clip_id)
    page = press(open_page(PAGE, deleted=clip_id), "Dismiss")
    assert "Clip deleted" not in words(page)


def test_a_take_that_failed_says_why_and_what_to_do(house: House, open_page: OpenPage) -> None:
    house.provider.spoilt.add("lamp")
    make(house, line="The lamp is lit.")
    page = open_page(PAGE)
    assert "could not make this clip" in words(page)
    assert any(label.startswith("Retry") for label in labels(page))
    assert button(page, "Generate")
