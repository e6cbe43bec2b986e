"""The dashboard and the settings page against the real service."""

from __future__ import annotations

from orchestrator.bootstrap import App
from tests.ui.conftest import OpenPage, words


def test_empty_places_say_what_to_do_next(app: App, open_page: OpenPage) -> None:
    shown = words(open_page("dashboard.py"))
    assert "No projects yet" in shown
    assert "No takes yet" in shown
    assert "Nothing waits for you" in shown


def test_numbers_stand_beside_their_targets(made: tuple[App, str], open_page: OpenPage) -> None:
    page = open_page("dashboard.py")
    words(page)
    shown = {item.label: item.value for item in page.metric}
    assert set(shown) >= {"First-attempt pass rate", "Retries per clip", "Time per 60 s of film", "Spent"}
    assert shown["Retries per clip"] == f"{made[0].views.metrics().retries_per_clip:.1f}"


def test_every_take_is_listed_with_its_evidence(made: tuple[App, str], open_page: OpenPage) -> None:
    app, _ = made
    page = open_page("dashboard.py")
    words(page)
    projects, takes = (item.value for item in page.dataframe[:2])
    assert list(projects["Project"]) == ["Lamp"]
    assert len(takes) == len(app.views.recent_takes())
    assert any("Transcript match" in text for text in takes["Failed checks"])


def test_settings_name_what_is_missing_and_what_that_turns_off(app: App, open_page: OpenPage) -> None:
    page = open_page("settings.py")
    shown = words(page)
    for item in app.views.doctor():
        assert item.name.startswith("Provider ") or item.name in shown  # providers have cards of their own
        if item.state != "ok" and not item.name.startswith("Provider "):
            assert item.consequence in shown
