"""Money on screen: what it will cost, the choice when the budget is used up, and where it went."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.bootstrap import App
from orchestrator.db.models import PlanRow
from orchestrator.db.records import fetch
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.status import PauseCause, PlanStatus
from orchestrator.schema.view import CallView, CostEstimate, ProviderView
from pages.components.dashboard.costs import totals
from pages.components.shared import budget, prices, provider_words, take_words, words
from tests.fakes.wires.core import Fault
from tests.ui.cases import plan_view
from tests.ui.conftest import SCRIPT, OpenPage, button, field, fill, press
from tests.ui.conftest import words as read
from tests.ui.paid import SETTINGS, open_house, wait_until

DOLLARS = st.floats(0, 500, allow_nan=False)


def make_plan(app: App, *, budget_usd: float | None) -> tuple[str, str]:
    settings = SETTINGS.model_copy(update={"budget_usd": budget_usd})
    project_id = app.service.create_project(name="Lamp", settings=settings)
    return project_id, app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief())


# --- words ---


def _provider(prices: dict[str, float], **facts: object) -> ProviderView:
    known: dict[str, object] = {
        "name": "x",
        "title": "X",
        "models": ("m",),
        "durations_seconds": (5, 10),
        "sizes": ("1280x720", "720x1280", "1920x1080"),
        "prompt_limit_characters": 100,
        "cost_usd_per_second": prices,
        "is_free": False,
        "is_default": False,
        "supports_remix": False,
        "supports_reference": False,
    }
    return ProviderView.model_validate({**known, **facts})


@pytest.mark.parametrize(
    ("prices", "text"),
    [
        ({"m": 0.126}, "$0.126"),
        ({"m@1280x720": 0.1, "m@720x1280": 0.1, "m@1920x1080": 0.25}, "720p: $0.10 · 1080p: $0.25"),
        (
            {f"m@{size}@{s}s": 0.05 * s for size in ("1280x720", "720x1280", "1920x1080") for s in (5, 10)},
            "720p, 1080p, 5 s: $0.25 · 720p, 1080p, 10 s: $0.50",
        ),
        ({"other": 0.7, "m@1280x720": 0.1, "m@720x1280": 0.1}, "720p: $0.10 · 1080p: $0.70"),
    ],
    ids=["by model", "by size", "by length", "dearest when unknown"],
)
def test_prices_read_without_raw_keys_however_they_are_kept(prices: dict[str, float], text: str) -> None:
    assert provider_words.price_words(_provider(prices), model="m").replace("\xa0", " ") == text


def test_a_provider_says_since_when_it_is_gone_and_what_to_do() -> None:
    gone = _provider({"m": 1}, retired_on="2026-09-24T00:00:00Z", is_retired=True)
    assert provider_words.retirement_words(gone).startswith("Switched off since 24 September 2026. Set its base URL")
    assert provider_words.state_badge(gone)[0] == "Switched off"
    going = gone.model_copy(update={"is_retired": False})
    assert "will be switched off on 24 September 2026" in provider_words.retirement_words(going)


def _estimate(low: float, likely: float, *, is_from_history: bool = False) -> CostEstimate:
    high = likely * 3
    return CostEstimate(
        low_usd=low, likely_usd=likely, high_usd=high, takes_per_clip=1.3, is_from_history=is_from_history
    )


def test_an_estimate_says_how_it_is_known_and_nothing_when_free() -> None:
    guess = prices.estimate_words(_estimate(3.6, 4.8))
    assert guess.startswith("About $4.80, between $3.60 and $14.40; 1.3 takes a clip")
    assert "guess" in guess
    assert "this workspace" in prices.estimate_words(_estimate(3.6, 4.8, is_from_history=True))
    assert prices.estimate_words(_estimate(0, 0)) == ""
    assert prices.estimate_words(None) == ""


@pytest.mark.parametrize(
    ("left", "text"), [(None, ""), (5.0, ""), (4.0, "probably $4.80 is needed"), (1.0, "at least $3.60 is needed")]
)
def test_a_budget_is_called_too_small_when_it_is(left: float | None, text: str) -> None:
    shortfall = prices.shortfall_words(_estimate(3.6, 4.8), left_usd=left)
    assert text in shortfall
    assert bool(text) == bool(shortfall)


@given(spent=DOLLARS, likely=DOLLARS, present=DOLLARS)
def test_the_budget_offered_is_enough_and_more_than_before(spent: float, likely: float, present: float) -> None:
    plan = plan_view(
        status=PlanStatus.PAUSED,
        spent_usd=spent,
        budget_usd=present,
        estimate=_estimate(likely / 1.3, likely),
    )
    offered = budget.enough_usd(plan)
    assert offered > present
    assert offered >= spent + likely - 1e-6
    assert offered == int(offered)


@pytest.mark.parametrize(
    ("state", "is_finished", "text"),
    [
        ("intent", False, "Being asked"),
        ("accepted", False, "Being made"),
        ("accepted", True, "Made"),
        ("refused", False, "Refused, cost nothing"),
        ("needs_decision", False, "Answer lost, needs you"),
        ("answered", True, "Answered"),
        ("failed", True, "No answer to use"),
    ],
)
def test_what_became_of_a_request_is_said_in_words(state: str, is_finished: bool, text: str) -> None:
    call = CallView.model_validate(
        {
            "run_id": "r",
            "provider": "x",
            "model": "m",
            "state": state,
            "cost_usd": 1,
            "is_finished": is_finished,
            "sent_at": "2026-01-01T00:00:00Z",
        }
    )
    assert take_words.call_words(call) == text


# --- the storyboard ---


def test_cost_and_shortfall_are_told_before_the_start(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4) as house:
        project_id, plan_id = make_plan(house.app, budget_usd=0.1)
        estimate = house.app.views.plan(plan_id).estimate
        assert estimate is not None
        shown = read(open_page(project=project_id)).replace("\\", "")
        assert prices.estimate_words(estimate) in shown
        assert f"The budget leaves $0.10, and at least {prices.money(estimate.low_usd)} is needed." in shown
        likely, most = prices.money(estimate.likely_usd), prices.money(estimate.high_usd)
        start = words.plain(f"Start generation · about {likely}, at most {most}")
        assert button(open_page(project=project_id), start)
        assert house.server.charges == []


def test_a_plan_without_money_waits_and_goes_on_when_the_budget_is_raised(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4) as house:
        project_id, plan_id = make_plan(house.app, budget_usd=0.1)
        house.app.service.start_plan(plan_id)
        wait_until(lambda: house.app.views.plan(plan_id).status is PlanStatus.PAUSED)
        wait_until(lambda: not house.app.views.plan(plan_id).is_active)
        plan = house.app.views.plan(plan_id)
        page = open_page(project=project_id)
        shown = read(page).replace("\\", "")
        assert "The budget is used up" in shown
        assert "$0.00 of $0.10 spent" in shown
        assert "2 clips to go" in shown
        assert "Resume" not in [b.label for b in page.button]
        assert field(page, "New budget (US dollars)").value == budget.enough_usd(plan)  # type: ignore[attr-defined]
        assert house.server.charges == []
        field(page, "New budget (US dollars)").set_value(7.0)  # type: ignore[attr-defined]
        page = press(page, "Raise and go on")
        assert house.app.views.project(project_id).settings.budget_usd == 7.0
        wait_until(lambda: len(house.server.charges) == 2)
        assert "The budget is used up" not in read(page.run())


def test_a_plan_without_money_can_be_cancelled(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4) as house:
        project_id, plan_id = make_plan(house.app, budget_usd=0.0)
        house.app.service.start_plan(plan_id)
        wait_until(lambda: not house.app.views.plan(plan_id).is_active)
        press(open_page(project=project_id), "Cancel")
        assert house.app.views.plan(plan_id).status is PlanStatus.CANCELLED


def test_the_film_of_what_passed_is_offered_when_the_money_is_gone(made: tuple[App, str], open_page: OpenPage) -> None:
    app, project_id = made
    plan_id = app.views.project(project_id).clip_plan_id
    with app.database.write() as session:
        plan = fetch(session, PlanRow, plan_id)
        before = plan.status
        plan.status, plan.pause_cause = PlanStatus.PAUSED, PauseCause.BUDGET
        plan.reason = "The next take costs $1.00 and $0.00 is left."
    try:
        page = open_page(project=project_id)
        assert button(page, "Make the film from what passed")
        assert r"costs \$1.00" in read(page)
    finally:
        with app.database.write() as session:
            plan = fetch(session, PlanRow, plan_id)
            plan.status, plan.reason, plan.pause_cause = before, "", ""


# --- single clips ---


def test_what_is_offered_is_that_of_the_chosen_model(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4):
        page = fill(open_page("single_gen.py"), "Provider", "runway")
        models = field(page, "Model").options  # type: ignore[attr-defined]
        assert "kling3.0_pro" in models
        assert models[-1] == "gen4_turbo"  # it works from a picture only
        page = fill(page, "Model", "kling3.0_pro")
        assert field(page, "Duration").options == ["5 s", "10 s"]  # type: ignore[attr-defined]
        assert "16:9 · 1920 x 1080" in field(page, "Size").options  # type: ignore[attr-defined]
        assert r"\$1.70 a take, up to \$5.10" in read(page)


def test_the_frames_of_a_film_are_those_of_the_chosen_model(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4) as house:
        project_id = house.app.service.create_project(name="Lamp", settings=SETTINGS)
        page = fill(open_page(project=project_id, step="plan"), "Model", "kling3.0_pro")
        assert "16:9 · 1920 x 1080" in field(page, "Frame").options  # type: ignore[attr-defined]
        saved = house.app.views.project(project_id).settings
        assert (saved.model, saved.size) == ("kling3.0_pro", "1920x1080")


def test_a_single_clip_without_money_waits_and_goes_on_when_the_budget_is_raised(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4, video_provider="runway", budget_usd=0.2, fault=Fault.INVALID) as house:
        page = open_page("single_gen.py")
        assert r"The budget leaves \$0.20, and at least \$0.96 is needed." in read(page)
        page = press(fill(page, "Prompt", "A lamp is lit."), "Generate")
        wait_until(lambda: house.app.views.history()[0].is_held)
        page.run()
        assert "The budget is used up" in read(page)
        assert house.server.charges == []
        page = press(page, "Raise and go on")
        wait_until(lambda: not (house.app.views.history()[0].is_held or house.app.views.history()[0].is_active))
        assert "does not accept this request" in read(page.run())


# --- where it went ---


def test_every_request_is_listed_with_what_it_cost(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4, fault=Fault.ANSWER_LOST, video_provider="runway") as house:
        house.app.service.generate_single(prompt="A lamp is lit.")
        wait_until(lambda: not house.app.views.history()[0].is_active)
        page = open_page("dashboard.py", view="numbers", part="costs")
        read(page)
        calls = page.dataframe[-1].value
        assert list(calls["State"]) == ["Answer lost, needs you"]
        assert list(calls["Estimated"]) == [0.96]
        assert calls["Cost"].isna().all()
        assert list(page.table[0].value["Spent"]) == [r"\$0.96"]
        (spending,) = house.app.views.spending()
        assert (spending.takes, spending.refused, spending.cost_usd, spending.open_usd) == (1, 0, 0.96, 0.96)


def test_all_providers_are_summed_when_there_are_several(tmp_path: Path, mp4: Path) -> None:
    with open_house(tmp_path, mp4, fault=Fault.INVALID) as house:
        house.app.service.generate_single(prompt="A lamp is lit.", provider="runway")
        house.app.service.generate_single(prompt="A lamp is lit.", provider="mock", size="320x180", seconds=4)
        wait_until(lambda: not any(take.is_active for take in house.app.views.history()))
        table = totals(house.app.views.spending())
    assert set(table["Provider"]) == {"runway", "mock", "All"}
    whole = table[table["Provider"] == "All"].iloc[0]
    assert whole["Refused"] == "1"
    assert whole["Spent"] == r"\$0.00"
