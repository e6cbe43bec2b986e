"""What people may do while a film is made: cancel, change a clip, decide; and that a second click does nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from orchestrator.db.models import OverrideRow, ProviderCallRow, RunRow, new_id
from orchestrator.db.records import fetch
from orchestrator.errors import BadInput, Conflict
from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import OnFailed, ProjectSettings
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus, RunStatus
from providers.base import GenerationStatus, Unavailable
from tests.fakes.postgres import create_database
from tests.fakes.swift import LINES, PRICE_USD, House, Obedient, open_house

LAMP, WATER, DOOR = "lamp", "water", "door"
OpenHouse = Callable[..., House]
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture
def open_with(tmp_path: Path) -> Iterator[OpenHouse]:
    with ExitStack() as houses:
        yield lambda **given: houses.enter_context(open_house(tmp_path, **given))


@pytest.fixture
def house(open_with: OpenHouse) -> House:
    return open_with()


def twice(command: Callable[[], Any]) -> list[Any]:
    """The same click from two places at the same moment: what came of each."""
    results: list[Any] = []
    gate = threading.Barrier(2)

    def click() -> None:
        gate.wait()
        try:
            results.append(command())
        except Exception as error:
            results.append(error)

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join(30)
    return results


def count(house: House, kind: Any) -> int:
    with house.app.database.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


# --- cancel ---


@pytest.mark.parametrize("is_server", [False, True], ids=["sqlite", "postgres"])
def test_what_is_under_way_is_taken_back_when_the_plan_is_cancelled(
    is_server: bool, open_with: OpenHouse, request: pytest.FixtureRequest
) -> None:
    url = ""
    if is_server:
        url = create_database(request.getfixturevalue("postgres_url"), f"cancel_{new_id().replace('-', '')}")
    house = open_with(database_url=url)
    house.provider.held |= {WATER, DOOR}
    plan_id = house.make_plan()
    house.app.service.start_plan(plan_id)
    house.wait(plan_id, lambda plan: plan.passed == 1 and len(house.provider.made) == 3)
    twice(lambda: house.app.service.cancel_plan(plan_id))
    plan = house.wait(plan_id)
    assert plan.status is PlanStatus.CANCELLED
    assert (plan.cost_usd, house.provider.paid_usd, plan.passed, plan.failed) == (PRICE_USD, PRICE_USD, 1, 0)
    assert "2 taken back at no cost" in plan.message
    assert [clip.status for clip in plan.clips] == [ClipStatus.PASSED, ClipStatus.PENDING, ClipStatus.PENDING]
    take = house.app.views.takes(plan.clips[1].id)[0]
    assert (take.status, take.status_text, take.cost_usd, take.is_cost_final) == ("settled", "Cancelled", 0.0, True)

    house.provider.held.clear()
    plan = house.run(plan_id)
    assert plan.status is PlanStatus.COMPLETED
    assert [clip.attempts for clip in plan.clips] == [1, 2, 2]
    assert (plan.cost_usd, len(house.provider.made)) == (pytest.approx(3 * PRICE_USD), 5)


def test_a_cancelled_take_is_no_attempt_when_attempts_are_counted(house: House) -> None:
    house.provider.held.add(LAMP)
    plan_id = house.make_plan(script=LINES[0], retry_policy=RetryPolicy(max_attempts=2))
    for _ in range(3):
        house.app.service.start_plan(plan_id)
        under_way = len(house.provider.made)
        house.wait(plan_id, lambda plan, n=under_way: len(house.provider.made) > n or plan.creates > n)
        house.wait(plan_id, lambda plan: plan.clips[0].status is ClipStatus.GENERATING)
        house.app.service.cancel_plan(plan_id)
        house.wait(plan_id)
    house.provider.held.clear()
    house.provider.spoilt.add(LAMP)
    plan = house.run(plan_id)
    assert plan.clips[0].status is ClipStatus.FAILED
    assert plan.clips[0].attempts == 3 + 2, "two attempts were made of it, as was asked"


def test_what_is_paid_is_finished_when_its_provider_gives_nothing_back(open_with: OpenHouse) -> None:
    house = open_with(provider=Obedient(refunds=False))
    house.provider.held.add(LAMP)
    plan_id = house.make_plan(script=LINES[0])
    house.app.service.start_plan(plan_id)
    house.wait(plan_id, lambda plan: plan.clips[0].status is ClipStatus.GENERATING and plan.creates == 1)
    house.app.service.cancel_plan(plan_id)
    assert "1 still being finished, for it is paid" in house.plan(plan_id).message
    house.provider.held.clear()
    plan = house.wait(plan_id)
    assert (plan.status, plan.passed, plan.cost_usd) == (PlanStatus.CANCELLED, 1, PRICE_USD)
    assert plan.message.endswith("cancelled")


def test_a_request_that_is_on_its_way_is_taken_back_when_it_was_answered(house: House) -> None:
    house.provider.held.add(LAMP)
    house.provider.slow.add(LAMP)
    plan_id = house.make_plan(script=LINES[0])
    house.app.service.start_plan(plan_id)
    house.wait(plan_id, lambda plan: len(house.provider.made) == 1)
    house.app.service.cancel_plan(plan_id)
    house.provider.slow.clear()
    plan = house.wait(plan_id)
    assert (plan.clips[0].status, plan.cost_usd, house.provider.paid_usd) == (ClipStatus.PENDING, 0, 0)


def test_a_provider_that_cannot_be_asked_is_asked_again(house: House) -> None:
    house.provider.held.add(LAMP)
    house.provider.errors.append(Unavailable("It rests."))
    plan_id = house.make_plan(script=LINES[0])
    house.app.service.start_plan(plan_id)
    house.wait(plan_id, lambda plan: plan.creates == 1)
    house.app.service.cancel_plan(plan_id)
    assert house.wait(plan_id).cost_usd == 0


async def test_a_cancelled_generation_is_noted_when_the_process_died_before(house: House) -> None:
    """Asked for and granted, and nobody lived to write it down: the second look finds it gone."""
    house.provider.held.add(LAMP)
    plan_id = house.make_plan(script=LINES[0])
    house.app.service.start_plan(plan_id)
    plan = house.wait(plan_id, lambda plan: plan.creates == 1 and bool(house.provider.made))
    house.wait(plan_id, lambda _: house.app.views.takes(plan.clips[0].id)[0].status == RunStatus.GENERATING)
    run_id = house.app.views.takes(plan.clips[0].id)[0].run_id
    (made,) = house.provider.made.values()
    with house.app.database.write() as session:
        call = session.scalars(select(ProviderCallRow)).one()
        call.error_code = "cancelling"
    made.status, made.is_refunded = GenerationStatus.CANCELLED, True
    assert await house.app.flows.cancels.generator.cancel("obedient", run_id)
    assert await house.app.flows.cancels.generator.cancel("obedient", run_id), "asked again it is still so"
    house.wait(plan_id, lambda plan: plan.clips[0].attempts == 2)
    with house.app.database.read() as session:
        assert fetch(session, RunRow, run_id).error_code == "cancelled"
        costs = sorted(session.scalars(select(ProviderCallRow.cost_usd)))
    assert costs[0] == 0.0


async def test_nothing_is_taken_back_when_the_plan_went_on_meanwhile(house: House) -> None:
    house.provider.held.add(LAMP)
    plan_id = house.make_plan(script=LINES[0])
    house.app.service.start_plan(plan_id)
    house.wait(plan_id, lambda plan: plan.creates == 1)
    assert await house.app.flows.cancels.take_back(plan_id, 0) == 0
    house.provider.held.clear()
    plan = house.wait(plan_id)
    assert (plan.status, plan.clips[0].attempts) == (PlanStatus.COMPLETED, 1)


def test_a_generation_cancelled_by_others_is_asked_for_again_and_not_for_ever(house: House) -> None:
    house.provider.held.add(LAMP)
    plan_id = house.make_plan(script=LINES[0], retry_policy=RetryPolicy(max_attempts=2))
    house.app.service.start_plan(plan_id)
    for number in (1, 2):
        house.wait(plan_id, lambda _, n=number: len(house.provider.made) == n)
        list(house.provider.made.values())[-1].status = GenerationStatus.CANCELLED
    plan = house.wait(plan_id)
    assert (plan.clips[0].status, len(house.provider.made)) == (ClipStatus.FAILED, 2)
    assert "cancelled at the provider" in plan.clips[0].reason


def test_nobody_asks_for_a_take_that_was_given_up(house: House) -> None:
    house.provider.held.add(LAMP)
    plan_id = house.make_plan(script=LINES[0])
    house.app.service.start_plan(plan_id)
    plan = house.wait(plan_id, lambda plan: plan.creates == 1)
    run_id = (
        house.wait(plan_id, lambda plan: plan.clips[0].attempts == 1)
        and house.app.views.takes(plan.clips[0].id)[0].run_id
    )
    with house.app.database.write() as session:
        fetch(session, RunRow, run_id).status = RunStatus.SETTLED
        fetch(session, RunRow, run_id).error_code = "abandoned"
    deadline = time.monotonic() + 20
    while True:
        with house.app.database.read() as session:
            if session.scalars(select(ProviderCallRow)).one().finished_at is not None:
                break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    polls = house.provider.polls
    time.sleep(0.2)
    assert house.provider.polls == polls


# --- a clip that fails ---


def test_the_plan_halts_when_a_clip_failed_and_goes_on_when_told(open_with: OpenHouse) -> None:
    house = open_with(max_concurrent_clips=1)
    house.provider.spoilt.add(LAMP)
    plan_id = house.make_plan(on_failed=OnFailed.HALT, retry_policy=ONCE)
    plan = house.run(plan_id)
    assert (plan.status, plan.pause_cause) == (PlanStatus.PAUSED, PauseCause.FAILED_CLIP)
    assert plan.reason.startswith("Clip 1 failed: ") and plan.reason in plan.message
    assert [clip.status for clip in plan.clips] == [ClipStatus.FAILED, ClipStatus.PENDING, ClipStatus.PENDING]
    assert len(house.provider.made) == 1, "nothing more is paid"
    plan = house.run(plan_id)
    assert (plan.status, plan.passed, plan.failed) == (PlanStatus.INCOMPLETE, 2, 1)
    assert [(clip.position, bool(clip.reason)) for clip in plan.missing] == [(1, True)]
    assert "the film waits for clip 1" in plan.message
    assert (plan.reason, plan.pause_cause) == ("", None)


def test_a_plan_is_over_when_the_last_of_its_clips_failed_though_it_should_halt(house: House) -> None:
    house.provider.spoilt.add(LAMP)
    plan = house.run(house.make_plan(on_failed=OnFailed.HALT, retry_policy=ONCE))
    assert plan.failed == 1
    expected = PlanStatus.INCOMPLETE if plan.passed == 2 else PlanStatus.PAUSED
    assert plan.status is expected


def test_the_film_says_what_it_lacks_when_clips_are_skipped(house: House) -> None:
    house.provider.spoilt |= {LAMP, DOOR}
    plan = house.run(house.make_plan(on_failed=OnFailed.SKIP, retry_policy=ONCE))
    assert plan.status is PlanStatus.COMPLETED
    assert [clip.position for clip in plan.missing] == [1, 3]
    assert "film ready without clips 1 and 3" in plan.message


def test_settings_stored_with_skip_failed_still_mean_it() -> None:
    assert ProjectSettings.model_validate({"skip_failed": True}).on_failed is OnFailed.SKIP
    assert ProjectSettings.model_validate({"skip_failed": False}).on_failed is OnFailed.WAIT
    both = {"skip_failed": True, "on_failed": "halt"}
    assert ProjectSettings.model_validate(both).on_failed is OnFailed.HALT


# --- changing a clip ---


def test_a_clip_is_changed_when_it_is_not_begun_and_the_others_go_on(open_with: OpenHouse) -> None:
    house = open_with(max_concurrent_clips=1)
    house.provider.held.add(LAMP)
    plan_id = house.make_plan()
    house.app.service.start_plan(plan_id)
    plan = house.wait(plan_id, lambda plan: plan.clips[0].status is ClipStatus.GENERATING)
    assert [clip.is_editable for clip in plan.clips] == [False, True, True]
    words = "Somebody waits beside the water, and nobody knows for how long it will be."
    edited = house.app.service.edit_clip(
        plan.clips[1].id, text=f" {words}  ", visual_intent="A quay at night", acceptance=["A quay", " "]
    )
    assert edited == plan_id
    plan = house.plan(plan_id)
    clip = plan.clips[1]
    assert (clip.text, clip.words, clip.seconds, clip.acceptance) == (words, 14, 8, ("A quay",))
    assert (plan.total_seconds, plan.spoken_words) == (16, sum(c.words for c in plan.clips))
    house.provider.held.clear()
    plan = house.wait(plan_id)
    assert plan.status is PlanStatus.COMPLETED
    take = house.app.views.takes(clip.id)[0]
    assert (take.line, take.seconds) == (words, 8) and "A quay at night" in take.prompt


def test_a_clip_is_not_changed_when_its_take_is_being_made_or_accepted(house: House) -> None:
    house.provider.held.add(LAMP)
    plan_id = house.make_plan()
    house.app.service.start_plan(plan_id)
    plan = house.wait(plan_id, lambda plan: plan.passed == 2 and plan.clips[0].attempts == 1)
    with pytest.raises(Conflict, match="is being made"):
        house.app.service.edit_clip(plan.clips[0].id, text="Other words.")
    with pytest.raises(Conflict, match="Reject that first"):
        house.app.service.edit_clip(plan.clips[1].id, text="Other words.")
    house.app.service.reject_take(house.app.views.takes(plan.clips[1].id)[0].run_id, reason="Too dark")
    house.app.service.edit_clip(plan.clips[1].id, text="Other words.")
    with pytest.raises(Conflict, match="other words"):
        house.app.service.approve_take(house.app.views.takes(plan.clips[1].id)[0].run_id, reason="It was good")


def test_changed_words_are_refused_with_what_would_fit(house: House) -> None:
    script = "\n\n".join(f"# S\n{'Word by word ' * 9}we go on." for _ in range(24))
    plan_id = house.make_plan(script=script)
    clip = house.plan(plan_id).clips[0]
    assert house.plan(plan_id).total_seconds == 288 and clip.seconds == 12
    edit = house.app.service.edit_clip
    with pytest.raises(BadInput, match=r"31 words\. The longest clip lasts 12 s and holds 30"):
        edit(clip.id, text="word " * 31)
    with pytest.raises(BadInput, match="30 words need 12 s at 150 words per minute; 8 s hold 20"):
        edit(clip.id, seconds=8)
    with pytest.raises(BadInput, match=r"last 4, 8, 12 s, not 9 s"):
        edit(clip.id, seconds=9)
    with pytest.raises(BadInput, match="Write what is said"):
        edit(clip.id, text=" ... ")
    with pytest.raises(BadInput, match="what is to be seen"):
        edit(clip.id, visual_intent=" ")
    assert house.plan(plan_id).clips[0] == clip


def test_a_change_that_makes_the_film_too_long_is_refused_with_the_room_there_is(house: House) -> None:
    script = "\n\n".join(f"# S\n{'Word by word ' * 9}we go on." for _ in range(24)) + "\n\n# T\nA short one."
    plan_id = house.make_plan(script=script + "\n\n# U\nAnother short one.")
    plan = house.plan(plan_id)
    assert plan.total_seconds == 296
    with pytest.raises(BadInput, match=r"304 s, and 300 s is the most. .* room for 8 s, which hold 20 words"):
        house.app.service.edit_clip(plan.clips[-1].id, seconds=12)
    house.app.service.edit_clip(plan.clips[-1].id, seconds=8)
    assert house.plan(plan_id).total_seconds == 300


def test_a_changed_clip_is_tried_anew_when_it_had_failed(house: House) -> None:
    house.provider.spoilt.add(LAMP)
    plan_id = house.make_plan(script=LINES[0], retry_policy=RetryPolicy(max_attempts=2))
    plan = house.run(plan_id)
    assert plan.clips[0].attempts == 2
    house.app.service.edit_clip(plan.clips[0].id, text="The light is on before dawn.")
    house.app.service.retry_clip(plan.clips[0].id)
    plan = house.wait(plan_id)
    assert (plan.status, plan.clips[0].attempts) == (PlanStatus.COMPLETED, 3)
    assert LINES[0] not in house.app.views.takes(plan.clips[0].id)[0].prompt


# --- order, money, retries ---


def test_the_film_is_made_again_when_the_order_changes_while_it_is_rendered(house: House) -> None:
    house.cinema.clear()
    plan_id = house.make_plan()
    house.app.service.start_plan(plan_id)
    plan = house.wait(plan_id, lambda plan: plan.render is not None)
    backwards = [clip.id for clip in reversed(plan.clips)]
    house.app.service.reorder_clips(plan_id, backwards)
    stale = house.plan(plan_id).render
    assert stale is not None and not stale.is_current
    house.cinema.set()
    plan = house.wait(plan_id)
    assert plan.status is PlanStatus.COMPLETED
    assert plan.render is not None and plan.render.is_current and plan.render.id != stale.id
    assert plan.creates == 3


# --- the same click twice ---


def test_a_decision_counts_once_when_it_is_given_twice(house: House) -> None:
    house.doubted.add(LAMP)
    plan_id = house.make_plan(script=LINES[0])
    plan = house.run(plan_id)
    run_id = house.app.views.takes(plan.clips[0].id)[0].run_id
    service = house.app.service
    assert twice(lambda: service.approve_take(run_id, reason="It is good")) == [None, None]
    assert count(house, OverrideRow) == 1
    assert house.wait(plan_id, lambda plan: not plan.is_active and plan.render is not None).passed == 1
    assert twice(lambda: service.reject_take(run_id, reason="It is not")) == [None, None]
    assert count(house, OverrideRow) == 2
    service.approve_take(run_id, reason="It is good")
    assert count(house, OverrideRow) == 3, "said before, and not in force any more"


def test_a_corrected_check_counts_once_when_it_is_given_twice(house: House) -> None:
    plan = house.run(house.make_plan(script=LINES[0]))
    run_id = house.app.views.takes(plan.clips[0].id)[0].run_id
    with house.app.database.write() as session:
        assessment = fetch(session, RunRow, run_id).assessments[-1]
        assessment.body = {**assessment.body, "checks": {CheckName.DURATION_OK: {"status": "pass", "score": 1.0}}}
    correct = {"check": CheckName.DURATION_OK, "status": CheckStatus.FAIL, "reason": "Too short"}
    twice(lambda: house.app.service.override_check(run_id, **correct))
    assert count(house, OverrideRow) == 1


def test_a_click_on_start_or_retry_or_render_is_one_when_it_comes_twice(house: House) -> None:
    house.provider.spoilt.add(DOOR)
    plan_id = house.make_plan(retry_policy=ONCE)
    service = house.app.service
    assert twice(lambda: service.start_plan(plan_id)) == [None, None]
    plan = house.wait(plan_id)
    assert (plan.failed, len(house.provider.made)) == (1, 3)
    house.provider.spoilt.clear()
    assert sorted(twice(lambda: service.retry_failed(plan_id))) == [0, 1]
    plan = house.wait(plan_id)
    assert (plan.status, len(house.provider.made)) == (PlanStatus.COMPLETED, 4)
    house.cinema.clear()
    first, second = twice(lambda: service.render_plan(plan_id))
    house.cinema.set()
    assert first == second
    house.wait(plan_id)


def test_a_plan_is_made_once_when_it_is_asked_for_twice(house: House) -> None:
    project_id = house.app.service.create_project(settings=ProjectSettings(provider="obedient"))

    def plan() -> str:
        return house.app.service.create_plan(project_id, script=LINES[0], brief=ContentBrief())

    first, second = twice(plan)
    assert first == second
    house.app.service.edit_clip(house.plan(first).clips[0].id, text="Other words.")
    assert plan() != first, "whoever plans a changed plan again wants it as the script has it"


def test_a_single_clip_is_paid_once_when_it_is_asked_for_twice_under_one_key(house: House) -> None:
    first, second = twice(
        lambda: house.app.service.generate_single(prompt="A quay", provider="obedient", request_key="click")
    )
    assert first == second
    deadline = time.monotonic() + 20
    while house.app.views.single(first).is_active:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(house.provider.made) == 1


# --- assessing again ---


def test_the_film_is_made_when_its_last_clip_passes_on_a_second_look(house: House) -> None:
    house.doubted.add(WATER)
    plan_id = house.make_plan()
    plan = house.run(plan_id)
    assert (plan.status, plan.needs_review, plan.render) == (PlanStatus.INCOMPLETE, 1, None)
    house.doubted.clear()
    twice(lambda: house.app.service.assess_clip(plan.clips[1].id))
    plan = house.wait(plan_id, lambda plan: plan.status is PlanStatus.COMPLETED and not plan.is_active)
    assert plan.render is not None and plan.passed == 3
    assert len(house.provider.made) == 3


def test_a_second_look_that_fails_says_so_and_can_be_asked_for_again(house: House) -> None:
    house.doubted.add(LAMP)
    plan_id = house.make_plan(script=LINES[0])
    plan = house.run(plan_id)
    house.unreadable.add(LAMP)
    clip_id = plan.clips[0].id
    house.app.service.assess_clip(clip_id)
    house.wait(plan_id, lambda _: bool(house.app.views.takes(clip_id)[0].error_message))
    take = house.app.views.takes(clip_id)[0]
    assert "could not be assessed again: Nobody could listen" in take.error_message
    assert take.verdict == "needs_review", "what was known stands"
    house.unreadable.clear()
    house.doubted.clear()
    house.app.service.assess_clip(clip_id)
    plan = house.wait(plan_id, lambda plan: plan.status is PlanStatus.COMPLETED and not plan.is_active)
    assert house.app.views.takes(clip_id)[0].error_message == ""


def test_a_take_that_is_still_being_made_is_not_assessed_by_request(house: House) -> None:
    house.provider.held.add(LAMP)
    plan_id = house.make_plan(script=LINES[0])
    house.app.service.start_plan(plan_id)
    plan = house.wait(plan_id, lambda plan: plan.creates == 1)
    with pytest.raises(Conflict, match="no take to assess"):
        house.app.service.assess_clip(plan.clips[0].id)
