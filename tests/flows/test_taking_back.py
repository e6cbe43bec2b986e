"""Decisions that are taken back: on rows alone, and where a film was made of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import RunRow
from orchestrator.db.records import fetch
from orchestrator.decisions import revive
from orchestrator.errors import Conflict
from orchestrator.schema.assessment import CheckName, CheckStatus, Verdict
from orchestrator.schema.project import OnFailed
from orchestrator.schema.status import ClipStatus, PlanStatus
from orchestrator.schema.view import PlanView
from tests.conftest import make_settings
from tests.fakes.swift import House, open_house
from tests.flows.test_judging import add_takes, clip_of, correct

T, _, _, A, _ = CheckName


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = bootstrap.build(make_settings(tmp_path / "data", reviewer_name="Rita"), is_durable=False)
    yield app
    app.stop()


def test_an_approval_is_taken_back_and_both_stay_on_record(app: App) -> None:
    _, (run_id,) = add_takes(app, 0.5)
    before = clip_of(app, run_id)
    app.service.approve_take(run_id, reason="Looks right", by="Ada")
    assert app.service.take_back_decision(run_id, by="Ben") == "approved"
    take = app.views.take(run_id)
    assert clip_of(app, run_id) == before
    assert (take.override, take.is_accepted) == ("", False)
    assert [(d.by, d.old, d.new) for d in take.decisions] == [
        ("Ada", "failed", "approved"),
        ("Ben", "approved", "taken_back"),
    ]
    with pytest.raises(Conflict, match="Nobody decided"):
        app.service.take_back_decision(run_id)


def test_the_decision_before_stands_again_and_can_be_taken_back_too(app: App) -> None:
    _, (run_id,) = add_takes(app, 0.9, accepted=0)
    before = clip_of(app, run_id)
    app.service.reject_take(run_id, reason="Wrong words")
    rejected = clip_of(app, run_id)
    app.service.approve_take(run_id, reason="No, they are right")
    app.service.take_back_decision(run_id)
    assert clip_of(app, run_id) == rejected
    assert app.views.take(run_id).override == "rejected"
    app.service.take_back_decision(run_id)
    assert clip_of(app, run_id) == before


def test_a_corrected_check_is_as_it_was_measured_again_and_counts_as_no_label(app: App) -> None:
    project_id, (run_id,) = add_takes(app, 0.5)
    correct(app, run_id, T, CheckStatus.PASS)
    assert clip_of(app, run_id)[0] == ClipStatus.PASSED
    assert app.service.take_back_decision(run_id) == "pass"
    assert clip_of(app, run_id) == (ClipStatus.FAILED, None, "")
    assert app.views.take(run_id).verdict is Verdict.FAIL
    figures = app.views.calibration(project_id).overall
    assert figures.labels == figures.undecided == 0
    correct(app, run_id, T, CheckStatus.PASS)
    assert app.views.take(run_id).verdict is Verdict.PASS, "what was taken back can be said again"


def test_a_decision_stays_when_the_clip_has_gone_on_since(app: App) -> None:
    _, (run_id,) = add_takes(app, 0.5)
    app.service.reject_take(run_id, reason="Wrong words")
    with app.database.write() as session:
        revive(fetch(session, RunRow, run_id).clip)  # as a retry does
    with pytest.raises(Conflict, match="has gone on since"):
        app.service.take_back_decision(run_id)
    assert app.views.last_decision() is None
    assert app.views.take(run_id).override == "rejected"


def test_a_decision_stays_when_another_take_was_decided_on_since(app: App) -> None:
    _, (first, second) = add_takes(app, 0.5, 0.6)
    app.service.approve_take(first, reason="Looks right")
    app.service.approve_take(second, reason="This one is better")
    with pytest.raises(Conflict, match="has gone on since"):
        app.service.take_back_decision(first)
    app.service.take_back_decision(second)
    assert clip_of(app, first)[1] == first
    app.service.take_back_decision(first)
    assert clip_of(app, first) == (ClipStatus.FAILED, None, "")


def test_the_newest_decision_is_offered_until_it_is_taken_back(app: App) -> None:
    _, (run_id,) = add_takes(app, 0.5)
    assert app.views.last_decision() is None
    app.service.approve_take(run_id, reason="Looks right", by="Ada")
    last = app.views.last_decision()
    assert last is not None
    assert (last.run_id, last.new, last.reason, last.by) == (run_id, "approved", "Looks right", "Ada")
    app.service.take_back_decision(run_id)
    assert app.views.last_decision() is None


_ACTS = st.lists(st.sampled_from(["approve", "reject", "fail", "pass", "back"]), max_size=5)


@given(acts=_ACTS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_taking_everything_back_leaves_the_clip_as_it_was(app: App, acts: list[str]) -> None:
    _, (run_id,) = add_takes(app, 0.9, accepted=0)
    before = clip_of(app, run_id)
    for number, act in enumerate(acts):
        if act == "approve":
            app.service.approve_take(run_id, reason=f"{number}")
        elif act == "reject":
            app.service.reject_take(run_id, reason=f"{number}")
        elif act == "back":
            try:
                app.service.take_back_decision(run_id)
            except Conflict:
                assert clip_of(app, run_id) == before
        else:
            correct(app, run_id, A, CheckStatus(act), f"{number}")
    for _ in range(len(acts) + 1):
        try:
            app.service.take_back_decision(run_id)
        except Conflict as error:
            assert "Nobody decided" in str(error)
            break
    assert clip_of(app, run_id) == before


# --- after the film ---


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        yield house


def make_film_with_a_failed_clip_approved(house: House, **settings: OnFailed) -> tuple[PlanView, str]:
    """The plan with its film, and the take that was approved though its clip had been given up."""
    house.doubted.add("water")
    plan_id = house.make_plan(**settings)
    clip = house.run(plan_id).clips[1]
    run_id = house.app.views.takes(clip.id)[0].run_id
    with house.app.database.write() as session:
        fetch(session, RunRow, run_id).clip.status = ClipStatus.FAILED
    house.app.service.approve_take(run_id, reason="Looks right")
    return wait_for_film(house, plan_id), run_id


def wait_for_film(house: House, plan_id: str) -> PlanView:
    return house.wait(plan_id, lambda plan: plan.status is PlanStatus.COMPLETED and not plan.is_active)


def test_an_approval_taken_back_after_the_film_waits_for_a_person_again(house: House) -> None:
    plan, run_id = make_film_with_a_failed_clip_approved(house)
    assert house.app.views.needs_you().total == 0
    house.app.service.take_back_decision(run_id)
    assert house.plan(plan.id).status is PlanStatus.INCOMPLETE
    assert [need.run_id for need in house.app.views.needs_you().items] == [run_id]
    house.app.service.approve_take(run_id, reason="It does look right")
    wait_for_film(house, plan.id)


def test_a_rejection_taken_back_completes_the_film_again(house: House) -> None:
    plan, run_id = make_film_with_a_failed_clip_approved(house)
    house.app.service.reject_take(run_id, reason="No")
    assert house.plan(plan.id).status is PlanStatus.INCOMPLETE
    house.app.service.take_back_decision(run_id)
    again = wait_for_film(house, plan.id)
    assert again.passed == 3
    assert again.render is not None and plan.render is not None
    assert again.render.id == plan.render.id, "the film that is there is of just this"


def test_a_film_that_does_without_failed_clips_stays_complete(house: House) -> None:
    plan, run_id = make_film_with_a_failed_clip_approved(house, on_failed=OnFailed.SKIP)
    house.app.service.take_back_decision(run_id)
    assert house.plan(plan.id).status is PlanStatus.COMPLETED
