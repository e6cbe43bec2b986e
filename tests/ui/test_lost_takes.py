"""Takes that were paid and did not come: what a person sees, and what can be done about each."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import Conflict
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.status import ClipStatus, RunStatus
from orchestrator.schema.view import ClipView, TakeView
from pages.components.shared import take_words
from pages.components.takes import take_review, take_story
from tests.fakes.wires.core import Fault
from tests.ui.conftest import OpenPage, press
from tests.ui.conftest import words as read
from tests.ui.paid import LINE, SETTINGS, House, RevokedWire, open_house, wait_until

ID = "If it was: its generation id at runway"


def start(house: House) -> tuple[str, ClipView]:
    """A film of one clip, made until nothing more happens."""
    project_id = house.app.service.create_project(name="Lamp", settings=SETTINGS)
    plan_id = house.app.service.create_plan(project_id, script=LINE, brief=ContentBrief())
    house.app.service.start_plan(plan_id)
    wait_until(lambda: not house.app.views.plan(plan_id).is_active)
    return project_id, house.app.views.plan(plan_id).clips[0]


def newest(house: House, clip: ClipView) -> TakeView:
    return house.app.views.takes(clip.id)[0]


def test_a_lost_answer_is_explained_and_adopted_when_its_generation_is_named(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4, fault=Fault.ANSWER_LOST) as house:
        project_id, clip = start(house)
        assert clip.status is ClipStatus.NEEDS_REVIEW
        page = open_page(project=project_id, clip=clip.id)
        shown = read(page)
        assert "Was this take made?" in shown
        assert "probably taken" in shown
        assert "estimated" in shown
        assert "Retry" not in [b.label for b in page.button]  # it would pay again without a word
        assert "Give the id" in read(press(page, "Use this one"))
        (made,) = house.server.charges
        page.text_input[[item.label for item in page.text_input].index(ID)].set_value(made.id)
        page = press(page, "Use this one")
        assert newest(house, clip).error_code == ""
        assert [call.is_adopted for call in house.app.views.calls()] == [True]
        assert "Was this take made?" not in read(page)
        assert len(house.server.charges) == 1


def test_a_lost_answer_is_asked_for_again_when_a_person_takes_the_risk(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4, fault=Fault.ANSWER_LOST) as house:
        project_id, clip = start(house)
        press(open_page(project=project_id, clip=clip.id), "Yes, ask again")
        wait_until(lambda: len(house.server.charges) == 2)
        assert [take.attempt for take in house.app.views.takes(clip.id)] == [2, 1]
        old = house.app.views.takes(clip.id)[1]
        assert not take_words.is_answer_lost(old)
        with pytest.raises(Conflict, match="newer take"):
            house.app.service.adopt_generation(old.run_id, generation_id=house.server.charges[0].id)


def test_a_lost_answer_can_be_settled_where_things_wait_for_a_person(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4, fault=Fault.ANSWER_LOST) as house:
        start(house)
        page = open_page("dashboard.py")
        assert "Was this take made?" in read(page)
        (made,) = house.server.charges
        page.text_input[[item.label for item in page.text_input].index(ID)].set_value(made.id)
        press(page, "Use this one")
        assert house.app.views.review_queue() == ()


def test_a_take_that_was_cut_off_goes_on_when_it_is_retried(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4, wire=RevokedWire()) as house:
        project_id, clip = start(house)
        assert clip.status is ClipStatus.FAILED
        page = open_page(project=project_id, clip=clip.id)
        shown = read(page)
        assert "waits at the provider" in shown
        assert "Cut off" in shown
        looks = len(house.server.calls)
        press(page, "Retry")
        wait_until(lambda: len(house.server.calls) > looks)
        wait_until(lambda: not newest(house, clip).is_active)
        assert len(house.server.charges) == 1
        assert newest(house, clip).attempt == 1


def test_a_take_that_was_cut_off_is_given_up_when_a_person_says_so(
    tmp_path: Path, mp4: Path, open_page: OpenPage
) -> None:
    with open_house(tmp_path, mp4, wire=RevokedWire()) as house:
        project_id, clip = start(house)
        press(open_page(project=project_id, clip=clip.id), "Yes, give it up")
        wait_until(lambda: len(house.server.charges) == 2)
        assert house.app.views.takes(clip.id)[1].error_code == "abandoned"
        assert house.app.views.takes(clip.id)[1].status is RunStatus.SETTLED


def test_a_single_clip_that_was_cut_off_offers_the_same(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4, wire=RevokedWire(), video_provider="runway") as house:
        house.app.service.generate_single(prompt=LINE, seconds=2)
        wait_until(lambda: not house.app.views.history()[0].is_active)
        page = open_page("single_gen.py")
        assert "waits at the provider" in read(page)
        assert {"Retry", "Yes, give it up"} <= {b.label for b in page.button}


def test_a_clip_says_which_providers_it_went_through(tmp_path: Path, mp4: Path, open_page: OpenPage) -> None:
    with open_house(tmp_path, mp4, fault=Fault.WRONG_KEY, fallback_providers=("mock",)) as house:
        project_id, clip = start(house)
        takes = house.app.views.takes(clip.id)
        assert {take.provider for take in takes} == {"runway", "mock"}
        page = open_page(project=project_id, clip=clip.id)
    (story,) = (html.value for html in page.html if html.value.startswith('<ol class="svo-story"'))
    assert story == take_story.story(takes[::-1])
    assert "Another provider</strong>: Runway refused the key" in story


def test_a_take_says_whose_voice_is_heard_and_whether_its_cost_is_final(tmp_path: Path, mp4: Path) -> None:
    with open_house(tmp_path, mp4, wire=RevokedWire(), video_provider="runway") as house:
        house.app.service.generate_single(prompt=LINE, seconds=2)
        wait_until(lambda: not house.app.views.history()[0].is_active)
        take = house.app.views.history()[0]
    assert take_review.facts(take).replace("\\", "").endswith("$0.24 estimated")
    told = take.model_copy(update={"is_cost_final": True, "narration": "laid over"})
    assert take_review.facts(told, max_attempts=3).replace("\\", "").endswith("take 1 of 3 · $0.24")
    assert take_words.narration_words(told) == "Narrated by our voice, the provider makes silent clips"
    silent = take.model_copy(update={"narration": "This line cannot be narrated."})
    assert take_words.narration_words(silent) == "Silent: This line cannot be narrated."
