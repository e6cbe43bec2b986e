"""The settings page: what each provider sells or lacks, and whether it works."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.bootstrap import App
from orchestrator.schema.view import TakeView
from tests.fakes.wires.core import Fault
from tests.ui.conftest import OpenPage, button, press, words
from tests.ui.paid import House, RevokedWire, open_house, wait_until

SETTINGS = "settings.py"


def card(page: AppTest, name: str, label: str) -> object:
    """The button with this label on the card of the provider called ``name``."""
    return next(b for b in page.button if b.label == label and str(b.key).startswith(f"provider-{name}-"))


def settled(house: House) -> TakeView:
    wait_until(lambda: bool(house.app.views.history()) and not house.app.views.history()[0].is_active)
    return house.app.views.history()[0]


def test_every_way_to_set_a_provider_up_is_named_when_it_is_not(app: App, open_page: OpenPage) -> None:
    shown = words(open_page(SETTINGS))
    assert r"Set KLING\_API\_KEY, or KLING\_ACCESS\_KEY and KLING\_SECRET\_KEY to use it." in shown
    assert "Not set up" in shown


def test_what_a_model_makes_and_asks_for_can_be_read_without_raw_keys(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4, kling_access_key="a", kling_secret_key="b", luma_api_key="c"):
        page = open_page(SETTINGS)
        shown = words(page)
    assert "127.0.0.1" in shown
    assert "A lost answer waits for you" in shown
    tables = "".join(item.value for item in page.html if "svo-models" in item.value[:30]).replace("\xa0", " ")
    for text in (
        "2 to 10 s",
        "Silent; our voice narrates the line",
        "720p, 960p: $0.126 · 1080p, 1440p: $0.168",
        "gen4_turbo (from a picture only)",
    ):
        assert text in tables
    assert "@" not in tables


def test_the_balance_is_shown_when_a_provider_answers_a_check(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4) as house:
        page = card(open_page(SETTINGS), "runway", "Check").click().run()  # type: ignore[attr-defined]
        wait_until(lambda: any("organization" in call.path for call in house.server.calls))
        wait_until(lambda: "Asking ..." not in [b.label for b in page.run().button])
        assert r"\$50.00 left." in words(page)
        assert house.server.charges == []


def test_the_reason_is_shown_when_a_provider_refuses_the_key(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4, runway_api_key="not-the-key"):
        page = card(open_page(SETTINGS), "runway", "Check").click().run()  # type: ignore[attr-defined]
        wait_until(lambda: bool(page.run().error))
        assert "key" in words(page)


def test_a_test_clip_is_paid_once_when_it_is_ordered_in_two_tabs(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4, fault=Fault.INVALID) as house:
        tabs = [open_page(SETTINGS), open_page(SETTINGS)]
        for page in tabs:
            press(page, r"Pay \$0.24")
        take = settled(house)
        assert len(house.app.views.history()) == 1
        shown = words(tabs[0].run())
    assert take.seconds == 2
    assert "does not accept this request" in shown
    assert button(tabs[0], r"Pay \$0.24")


def test_another_test_clip_is_made_when_it_is_ordered_again(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4, fault=Fault.INVALID) as house:
        house.server.times = 99
        press(open_page(SETTINGS), r"Pay \$0.24")
        settled(house)
        press(open_page(SETTINGS), r"Pay \$0.24")
        wait_until(lambda: len(house.app.views.history()) == 2)


def test_a_test_clip_stays_with_its_provider_when_that_refuses_the_key(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4, fault=Fault.WRONG_KEY, fallback_providers=("mock",)) as house:
        page = press(open_page(SETTINGS), r"Pay \$0.24")
        take = settled(house)
        assert [t.provider for t in house.app.views.takes(take.clip_id)] == ["runway"]
        assert "refused the key" in words(page.run())


def test_a_lost_answer_to_a_test_clip_can_be_settled_there(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4, fault=Fault.ANSWER_LOST) as house:
        page = press(open_page(SETTINGS), r"Pay \$0.24")
        settled(house)
        assert "Was this take made?" in words(page.run())


def test_a_paid_test_clip_that_cannot_be_fetched_says_why(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4, wire=RevokedWire()) as house:
        page = press(open_page(SETTINGS), r"Pay \$0.24")
        settled(house)
        assert "waits at the provider" in words(page.run())


def test_a_free_test_clip_is_made_and_shown(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4) as house:
        page = press(open_page(SETTINGS), "Make a test clip (free)")
        assert button(page, "Make a test clip (free)").disabled  # type: ignore[attr-defined]
        take = settled(house)
        page.run()
        assert "mock animatic" in words(page)
        assert any(take.video_url in item.value for item in page.html)


@pytest.mark.parametrize("name", ["mock", "runway"])
def test_the_machine_does_not_repeat_what_the_cards_say(
    tmp_path: Path, mp4: Path, open_page: OpenPage, name: str
) -> None:
    with open_house(tmp_path, mp4):
        assert f"Provider {name}" not in words(open_page(SETTINGS))
