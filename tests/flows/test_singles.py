"""Single clips: several takes of one wish, what people prefer, deleted and brought back, gathered into a film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import BadInput, Conflict, NotFound
from orchestrator.schema.single import Wish
from orchestrator.schema.status import ClipStatus, PlanStatus
from orchestrator.schema.view import TakeView
from tests.fakes.swift import PRICE_USD, House, Obedient, open_house
from tests.ui.paid import wait_until

PROMPT = "A quay at night"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, video_provider="obedient") as house:
        yield house


def made(house: House, *, variations: int = 1, line: str = "", **wanted: object) -> Wish:
    """A wish of which all takes are made."""
    clip_id = house.app.service.generate_single(prompt=PROMPT, line=line, variations=variations, seconds=4, **wanted)  # type: ignore[arg-type]
    wait_until(lambda: not house.app.views.wish(clip_id).is_active)
    return house.app.views.wish(clip_id)


def one(house: House, **wanted: object) -> TakeView:
    return made(house, **wanted).takes[0]  # type: ignore[arg-type]


# --- variations ---


def test_each_take_of_a_wish_is_paid_once_when_it_is_asked_for_twice(house: House) -> None:
    service = house.app.service
    clips = [service.generate_single(prompt=PROMPT, variations=3, seconds=4, request_key="press") for _ in range(2)]
    wait_until(lambda: not house.app.views.wish(clips[0]).is_active)
    assert clips[0] == clips[1]
    assert house.provider.paid_usd == pytest.approx(3 * PRICE_USD)
    assert len(house.app.views.wish(clips[0]).takes) == 3
    assert len(house.app.views.wishes().wishes) == 1


def test_variations_differ_by_their_seed_alone_and_every_wish_is_its_own(house: House) -> None:
    made(house, variations=4)
    wishes = [house.app.service.generate_single(prompt="A mill", variations=2) for _ in range(2)]
    assert len({house.app.views.wish(clip_id).id for clip_id in wishes}) == 2
    asked = [one.request for one in house.provider.made.values() if one.request.prompt == PROMPT]
    assert len({request.labels["scene"] for request in asked}) == 4
    assert {request.seconds for request in asked} == {4}


def test_more_takes_than_can_be_compared_are_refused(house: House) -> None:
    for variations in (0, 5):
        with pytest.raises(BadInput):
            house.app.service.generate_single(prompt=PROMPT, variations=variations)
    assert house.provider.made == {}


def test_the_take_a_person_prefers_comes_first(house: House) -> None:
    wish = made(house, variations=3)
    assert {house.app.views.wish(take.clip_id).pair for take in wish.takes} == {wish.pair}, "the order stays"
    compared = 0
    while wish.pair:
        last, other = max(wish.pair), min(wish.pair)  # as good as any: the same one wins each time
        for _ in range(2):  # a second click changes nothing
            house.app.service.prefer(last, other, is_blind=True)
        compared += 1
        wish = house.app.views.wish(wish.takes[0].clip_id)
        assert (wish.takes[0].run_id, wish.preferred_run_id) == (last, last)
    assert compared == 2
    assert wish.takes[0].run_id == max(take.run_id for take in wish.takes)
    assert "preferred" in wish.best_reason


def test_nothing_is_compared_while_a_take_is_being_made(house: House) -> None:
    house.provider.held.add("")
    clip_id = house.app.service.generate_single(prompt=PROMPT, variations=2)
    wait_until(lambda: len(house.provider.made) == 2)
    assert house.app.views.wish(clip_id).pair is None
    assert {item.take.clip_id for item in house.app.views.under_way()} == {
        take.clip_id for take in house.app.views.wish(clip_id).takes
    }


def test_takes_of_two_wishes_are_not_compared(house: House) -> None:
    first, second = one(house), one(house)
    for other in (first, second):
        with pytest.raises(Conflict):
            house.app.service.prefer(first.run_id, other.run_id, is_blind=True)


# --- what is known before asking ---


def test_the_wait_is_told_from_takes_made_here_and_not_before(house: House) -> None:
    assert house.app.views.wait(provider="obedient", model="one").seconds is None
    made(house, variations=2)
    wait = house.app.views.wait(provider="obedient", model="one")
    assert (wait.takes, wait.seconds is not None) == (2, True)


def test_a_line_needs_the_time_its_words_take(house: House) -> None:
    quoted = 'She says: "One two three four five six seven eight nine ten eleven"'
    for prompt, line, words, needed in (
        (PROMPT, "", 0, 4),
        (PROMPT, "One two three four five six seven eight nine ten", 10, 4),
        (quoted, "", 11, 8),
        (PROMPT, "word " * 31, 31, None),
    ):
        fit = house.app.views.line_fit(prompt=prompt, line=line, durations_seconds=(4, 8, 12))
        assert (fit.words, fit.needed_seconds) == (words, needed)


# --- the budget ---


def test_a_raised_budget_lasts_until_the_configured_one_changes(tmp_path: Path) -> None:
    with open_house(tmp_path, video_provider="obedient", budget_usd=PRICE_USD) as house:
        first = one(house)
        house.app.service.raise_budget(first.clip_plan_id, budget_usd=5 * PRICE_USD)
        assert house.app.views.single_budget_left_usd() == pytest.approx(4 * PRICE_USD)
        second = one(house)
        assert second.is_accepted
        assert house.app.views.single_budget_left_usd() == pytest.approx(3 * PRICE_USD)
    with open_house(tmp_path, video_provider="obedient", budget_usd=3 * PRICE_USD) as house:
        assert house.app.views.single_budget_left_usd() == pytest.approx(PRICE_USD)


# --- deleted and brought back ---


def test_a_deleted_clip_is_nowhere_until_it_is_brought_back(house: House) -> None:
    take, views = one(house), house.app.views
    for _ in range(2):
        house.app.service.delete_single(take.clip_id)
    assert views.wishes().wishes == () and views.history() == ()
    for read in (views.single, views.wish):
        with pytest.raises(NotFound):
            read(take.clip_id)
    assert [gone.clip_id for gone in views.deleted_singles((take.clip_id, "nonsense"))] == [take.clip_id]
    for _ in range(2):
        house.app.service.restore_single(take.clip_id)
    assert views.wish(take.clip_id).takes[0].run_id == take.run_id


def test_what_is_paid_is_finished_and_nothing_new_asked_for_when_its_clip_is_deleted(house: House) -> None:
    house.provider.held.add("lamp")
    house.doubted.add("lamp")  # left to itself it would be tried again
    clip_id = house.app.service.generate_single(prompt=PROMPT, line="The lamp is lit.")
    wait_until(lambda: len(house.provider.made) == 1)
    house.app.service.delete_single(clip_id)
    house.provider.held.clear()
    wait_until(lambda: bool(house.app.views.takes(clip_id)[0].video_url))
    assert house.app.views.under_way() == ()
    assert house.app.views.review_queue() == ()
    assert len(house.provider.made) == 1


def test_what_is_paid_is_finished_by_the_next_process_when_its_clip_was_deleted(tmp_path: Path) -> None:
    provider = Obedient()
    provider.held.add("lamp")
    with open_house(tmp_path, provider=provider, video_provider="obedient") as house:
        clip_id = house.app.service.generate_single(prompt=PROMPT, line="The lamp is lit.")
        wait_until(lambda: len(provider.made) == 1)
        house.app.service.delete_single(clip_id)
    provider.held.clear()
    with open_house(tmp_path, provider=provider, video_provider="obedient") as house:
        wait_until(lambda: bool(house.app.views.takes(clip_id)[0].video_url))
    assert len(provider.made) == 1


def test_a_clip_that_was_stopped_by_deleting_it_goes_on_when_it_is_brought_back(house: House) -> None:
    house.provider.slow.add("lamp")
    clip_id = house.app.service.generate_single(prompt=PROMPT, line="The lamp is lit.")
    house.app.service.delete_single(clip_id)
    house.provider.slow.clear()
    house.app.service.restore_single(clip_id)
    wait_until(lambda: house.app.views.single(clip_id).is_accepted)
    assert house.provider.paid_usd == pytest.approx(2 * PRICE_USD)  # one take of eight seconds


def test_a_clip_of_a_film_is_not_deleted_here(house: House) -> None:
    clip = house.plan(house.make_plan()).clips[0]
    for command in (house.app.service.delete_single, house.app.service.restore_single):
        with pytest.raises(Conflict):
            command(clip.id)


# --- into a film ---


def test_a_take_becomes_a_passed_clip_at_the_end_of_the_chosen_scene_for_nothing(house: House) -> None:
    take, plan_id = one(house, line="It finally works."), house.make_plan()
    plan, paid = house.plan(plan_id), house.provider.paid_usd
    ids = [
        house.app.service.add_to_storyboard(take.run_id, plan.project_id, scene_id=plan.clips[0].scene_id)
        for _ in range(2)
    ]
    after = house.plan(plan_id)
    assert ids[0] == ids[1], "a second click adds nothing"
    assert [clip.id for clip in after.clips] == [plan.clips[0].id, ids[0], *(clip.id for clip in plan.clips[1:])]
    added = after.clips[1]
    assert (added.status, added.text, added.seconds) == (ClipStatus.PASSED, "It finally works.", take.seconds)
    assert added.video_url == take.video_url
    copy = house.app.views.takes(added.id)[0]
    assert (copy.verdict, copy.score, copy.cost_usd) == (take.verdict, take.score, 0.0)
    assert after.total_seconds == plan.total_seconds + take.seconds
    assert house.provider.paid_usd == paid
    assert house.run(plan_id).status is PlanStatus.COMPLETED


def test_a_take_without_a_scene_goes_to_the_end_and_can_be_undone(house: House) -> None:
    take, plan_id = one(house), house.make_plan()
    plan = house.plan(plan_id)
    clip_id = house.app.service.add_to_storyboard(take.run_id, plan.project_id)
    assert house.plan(plan_id).clips[-1].id == clip_id
    with pytest.raises(NotFound):  # a clip of a storyboard is no wish
        house.app.views.wish(clip_id)
    house.app.service.undo(plan.project_id)
    assert house.plan(plan_id).clips == plan.clips


def test_a_project_without_a_plan_gets_one_of_the_take(house: House) -> None:
    take, project_id = one(house), house.app.service.create_project(name="New")
    clip_id = house.app.service.add_to_storyboard(take.run_id, project_id)
    plan = house.plan(house.app.views.project(project_id).clip_plan_id)
    assert [clip.id for clip in plan.clips] == [clip_id]
    assert house.run(plan.id).status is PlanStatus.COMPLETED
    assert house.app.service.add_to_storyboard(take.run_id, project_id) == clip_id


def test_a_take_that_did_not_pass_says_who_put_it_into_the_film(house: House) -> None:
    house.doubted.add("lamp")
    take, plan_id = one(house, line="The lamp is lit."), house.make_plan()
    clip_id = house.app.service.add_to_storyboard(take.run_id, house.plan(plan_id).project_id, by="Ada")
    (copy,) = house.app.views.takes(clip_id)
    assert (copy.is_accepted, copy.override, copy.decisions[-1].by) == (True, "approved", "Ada")


def test_a_scene_of_another_film_or_a_take_that_is_not_made_is_refused(house: House) -> None:
    take, plan_id = one(house), house.make_plan()
    project_id, stranger = house.plan(plan_id).project_id, house.plan(house.make_plan()).clips[0].scene_id
    with pytest.raises(BadInput):
        house.app.service.add_to_storyboard(take.run_id, project_id, scene_id=stranger)
    house.provider.held.add("")
    clip_id = house.app.service.generate_single(prompt=PROMPT)
    wait_until(lambda: len(house.provider.made) == 2)
    with pytest.raises(Conflict):
        house.app.service.add_to_storyboard(house.app.views.single(clip_id).run_id, project_id)
    assert len(house.plan(plan_id).clips) == 3


def test_what_is_asked_for_is_taken_up_by_the_next_process_when_this_one_ends(tmp_path: Path) -> None:
    """The rows say that it runs as soon as they are there: nothing is lost between writing and waking the engine."""
    enqueue: Callable[..., None] = lambda *_, **__: None  # noqa: E731 - an engine that never hears of it
    with open_house(tmp_path, video_provider="obedient") as house:
        house.app.service._enqueue_plan = enqueue  # type: ignore[method-assign]
        clip_id = house.app.service.generate_single(prompt=PROMPT)
        assert house.provider.made == {}
    with open_house(tmp_path, video_provider="obedient") as house:
        wait_until(lambda: house.app.views.single(clip_id).is_accepted)
