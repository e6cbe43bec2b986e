"""The settings page: what each provider sells or lacks, and whether it works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from orchestrator.bootstrap import App
from orchestrator.db.records import keep_workspace
from orchestrator.schema.view import TakeView
from orchestrator.schema.workspace import WorkspaceSettings
from pages.components.settings import theme_choice
from pages.components.takes import review_queue
from tests.fakes.wires.core import Fault
from tests.ui.conftest import OpenPage, button, field, fill, press, words
from tests.ui.paid import House, RevokedWire, open_house, wait_until
from tests.unit.test_sweep import keep

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
        assert f"Provider {name}" not in words(open_page(SETTINGS, section="storage"))


# --- models, defaults, thresholds, storage, theme ---


def test_a_model_that_is_missing_says_what_is_off_without_it(app: App, open_page: OpenPage) -> None:
    shown = words(open_page(SETTINGS, section="models")).replace("\\", "")
    assert "Whisper base" in shown
    assert "OPENAI_API_KEY" in shown and "visual_requirements is not run" in shown


def test_a_default_is_saved_as_it_is_changed_and_reset_takes_it_back(app: App, open_page: OpenPage) -> None:
    page = open_page(SETTINGS, section="defaults")
    assert "Built in" in words(page)
    page = fill(page, "Most a project may cost (US dollars)", 7.5)
    assert app.views.workspace().settings.budget_usd == 7.5
    assert "**Set here.** Otherwise no limit" in words(page)
    assert field(open_page(SETTINGS, section="defaults"), "Most a project may cost (US dollars)").value == 7.5  # type: ignore[attr-defined]
    press(page, "Reset")
    assert app.views.workspace().settings.budget_usd is None


def test_provider_model_pace_and_reviewer_are_kept_each_on_its_own(app: App, open_page: OpenPage) -> None:
    page = fill(open_page(SETTINGS, section="defaults"), "Provider", "mock")
    page = fill(page, "Model", "animatic")
    page = fill(page, "Pace (words per minute)", 120)
    page = fill(page, "When a clip fails for good", "skip")
    fill(page, "Your name", "<b>Ada</b>")
    kept = app.views.workspace().settings
    assert (kept.provider, kept.model, kept.words_per_minute) == ("mock", "animatic", 120)
    assert (kept.on_failed, kept.reviewer_name) == ("skip", "<b>Ada</b>")


def test_a_provider_that_is_gone_is_named_and_can_be_changed(app: App, open_page: OpenPage) -> None:
    with app.database.write() as session:
        keep_workspace(session, WorkspaceSettings(provider="runway"))
    page = open_page(SETTINGS, section="defaults")
    words(page)
    assert field(page, "Provider").value == "runway"  # type: ignore[attr-defined]
    fill(page, "Provider", "")
    assert app.views.workspace().settings.provider == ""


def test_thresholds_of_the_workspace_are_saved_when_asked_and_judge_projects_without_their_own(
    app: App, open_page: OpenPage
) -> None:
    project_id = app.service.create_project(name="Lamp")
    page = open_page(SETTINGS, section="judging")
    field(page, "Weight a pass needs (%)").set_value(90).run()  # type: ignore[attr-defined]
    assert app.views.policy(project_id).policy.min_weight_percent == 50
    press(page, "Save")
    assert app.views.policy(project_id).policy.min_weight_percent == 90
    press(page, "Back to what is built in")
    assert app.views.workspace().settings.assessment is None
    assert app.views.policy(project_id).policy.min_weight_percent == 50


def test_storage_is_shown_by_kind_and_the_cache_is_emptied(app: App, open_page: OpenPage) -> None:
    piece = app.settings.data_dir / "cache" / "house" / "clips" / "a.mp4"
    piece.parent.mkdir(parents=True)
    piece.write_bytes(b"0" * 2000)
    page = open_page(SETTINGS, section="storage")
    assert "2.0 kB in 1 file" in words(page)
    press(page, "Empty the cache")
    assert not piece.exists()
    assert button(page, "Empty the cache").disabled  # type: ignore[attr-defined]


def test_stored_files_are_counted_and_what_belongs_to_nothing_is_deleted(app: App, open_page: OpenPage) -> None:
    page = press(open_page(SETTINGS, section="storage"), "Count the stored files")
    assert "older than a day: no" not in words(page)
    named, orphan = keep(app, "p/named.mp4", age_days=2, is_named=True), keep(app, "gone/orphan.mp4", age_days=2)
    young = keep(app, "p/young.mp4", age_days=0.5)
    page = press(page, "Count the stored files")
    assert "1 file of 1.0 kB, older than a day: no project" in words(page).replace("\\", "")
    assert "gone/orphan.mp4" in page.code[-1].value and "named" not in page.code[-1].value
    page = press(page, "Yes, delete them")
    assert [path.exists() for path in (named, orphan, young)] == [True, False, True]
    assert {item.value for item in page.toast} == {"1 file deleted, 1.0 kB freed"}
    assert "Count the stored files" in {item.label for item in page.button}


def test_files_that_no_row_names_at_all_are_left_alone(app: App, open_page: OpenPage) -> None:
    strange = keep(app, "gone/orphan.mp4", age_days=2)
    page = press(open_page(SETTINGS, section="storage"), "Count the stored files")
    assert "The database names none of the files" in words(page)
    assert strange.exists() and "Yes, delete them" not in {item.label for item in page.button}


def test_no_key_is_shown_in_any_section(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    secret = "key-that-nobody-sees"
    with open_house(tmp_path, mp4, openai_api_key=secret, luma_api_key=secret):
        for section in ("providers", "models", "defaults", "storage", "look"):
            page = open_page(SETTINGS, section=section)
            assert secret not in words(page) + "".join(item.value for item in page.html)


def test_the_theme_is_stored_where_streamlit_looks_for_it() -> None:
    bundle = Path(streamlit.__file__).parent / "static" / "static" / "js"
    (found,) = {
        match
        for script in bundle.glob("utils.*.js")
        for match in re.findall(r"(\w+)=`stActiveTheme-\$\{window\.location\.pathname\}`", script.read_text("utf-8"))
    }
    (script,) = (s for s in bundle.glob("utils.*.js") if f"{found}=`stActiveTheme-" in s.read_text("utf-8"))
    text = script.read_text("utf-8")
    version = re.search(r"CACHED_THEME_VERSION:(\w+)", text)
    assert version is not None and f"{version[1]}=2," in text
    assert theme_choice.STORED_AS == "stActiveTheme-{path}-v2"


def test_every_page_that_can_be_opened_keeps_the_theme() -> None:
    navigation = (Path(__file__).parents[2] / "pages" / "navigation.py").read_text("utf-8")
    assert set(re.findall(r'url_path="(\w+)"', navigation)) == set(theme_choice.PATHS) - {""}


def test_all_keys_of_the_reviewing_desk_are_listed(app: App, open_page: OpenPage) -> None:
    page = open_page(SETTINGS, section="look")
    words(page)
    listed = "".join(item.value for item in page.html)
    for shortcut in review_queue.shortcuts("any"):
        assert f"<dd>{shortcut.words}</dd>" in listed
