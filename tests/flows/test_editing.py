"""Changes of a plan, and the way back: nothing is lost, nothing is paid, nothing later is overwritten."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.commands.journalling import keep
from orchestrator.db.edits import EDITS_KEPT
from orchestrator.db.models import ClipRow, EditRow, PlanRow
from orchestrator.db.records import fetch
from orchestrator.errors import BadInput, Conflict, UnknownProvider
from orchestrator.journal import EditKind
from orchestrator.renders import build_plan_timeline
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PlanStatus, RunStatus
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import PlanView
from tests.fakes.swift import LINES, PRICE_USD, House, Obedient, open_house

WIPE = Transition(kind=TransitionKind.WIPE, seconds=0.5)
FADE = Transition(kind=TransitionKind.CROSSFADE, seconds=1)
DEAR = Obedient(name="dear")
DEAR.profile = DEAR.profile.model_copy(
    update={"durations_seconds": (5, 10), "cost_usd_per_second": {"one": 1.0}, "title": "Dear"}
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all that needs no house of its own."""
    with open_house(tmp_path_factory.mktemp("editing"), others=[DEAR]) as house:
        yield house


@pytest.fixture
def house(shared: House) -> Iterator[House]:
    yield shared
    for words in (shared.provider.held, shared.provider.spoilt, shared.doubted):
        words.clear()


def arrangement(house: House, plan_id: str) -> Any:
    """All of a plan that people can change, as they see it."""
    plan = house.plan(plan_id)
    shown = ("id", "scene_id", "scene_title", "text", "words", "seconds", "visual_intent", "acceptance", "speaker")
    own = ("own_prompt", "own_provider", "own_model", "transition", "has_own_transition")
    clips = [tuple(getattr(clip, name) for name in (*shown, *own)) for clip in plan.clips]
    return clips, plan.total_seconds, plan.spoken_words


def undo_all(house: House, project_id: str, step: Callable[[str], str]) -> list[str]:
    done: list[str] = []
    with contextlib.suppress(Conflict):
        while True:
            done.append(step(project_id))
    return done


# --- undo and redo ---

NUMBER = st.integers(0, 5)
EDITS = st.one_of(
    st.tuples(st.just("words"), NUMBER, st.integers(1, 12)),
    st.tuples(st.just("intent"), NUMBER, NUMBER),
    st.tuples(st.just("split"), NUMBER, st.integers(1, 3)),
    st.tuples(st.just("merge"), NUMBER, NUMBER),
    st.tuples(st.just("remove"), NUMBER, NUMBER),
    st.tuples(st.just("copy"), NUMBER, NUMBER),
    st.tuples(st.just("move"), NUMBER, NUMBER),
    st.tuples(st.just("scene"), NUMBER, NUMBER),
    st.tuples(st.just("joint"), NUMBER, NUMBER),
    st.tuples(st.just("joints"), NUMBER, NUMBER),
    st.tuples(st.just("maker"), NUMBER, NUMBER),
    st.tuples(st.just("undo"), NUMBER, NUMBER),
)


def change(house: House, plan: PlanView, kind: str, number: int, much: int) -> None:
    service, ids = house.app.service, [clip.id for clip in plan.clips]
    clip = plan.clips[number % len(ids)]
    match kind:
        case "words":
            service.edit_clip(clip.id, text=" ".join(["word"] * much))
        case "intent":
            service.edit_clip(clip.id, visual_intent=f"View {much}", speaker="Ada" if much % 2 else "", prompt="A bay")
        case "split":
            service.split_clip(clip.id, much)
        case "merge":
            service.merge_clips(plan.id, ids[number % len(ids) :][:2])
        case "remove":
            service.remove_clips([clip.id])
        case "copy":
            service.duplicate_clip(clip.id)
        case "move":
            rest = [other for other in ids if other != clip.id]
            rest.insert(much, clip.id)
            service.reorder_clips(plan.id, rest)
        case "scene":
            new = service.add_scene(plan.id, f"Scene {much}")
            service.arrange_clips(plan.id, [(c.scene_id if c != clip else new, [c.id]) for c in plan.clips])
        case "joint":
            service.set_transition(clip.id, WIPE if much % 2 else None)
        case "joints":
            service.set_plan_transition(plan.id, FADE if much % 2 else WIPE)
        case "maker":
            service.edit_clip(clip.id, provider="dear" if much % 2 else "")
        case _:
            service.undo(plan.project_id)


@given(st.lists(EDITS, min_size=1, max_size=8))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_everything_comes_back_when_all_is_undone_and_goes_again_when_all_is_redone(
    shared: House, edits: list[tuple[str, int, int]]
) -> None:
    plan_id = shared.make_plan()
    project_id = shared.plan(plan_id).project_id
    first = arrangement(shared, plan_id)
    for edit in edits:
        with contextlib.suppress(BadInput, Conflict):
            change(shared, shared.plan(plan_id), *edit)
    last, service = arrangement(shared, plan_id), shared.app.service
    undone = undo_all(shared, project_id, service.undo)
    assert arrangement(shared, plan_id) == first
    assert [service.redo(project_id) for _ in undone] == undone[::-1]
    assert arrangement(shared, plan_id) == last


def test_a_new_change_drops_what_was_undone_and_a_second_click_undoes_nothing_more(house: House) -> None:
    plan_id = house.make_plan()
    plan, service, views = house.plan(plan_id), house.app.service, house.app.views
    service.set_transition(plan.clips[0].id, WIPE, by="Ada")
    service.set_transition(plan.clips[1].id, FADE, by="Ada")
    history = views.edit_history(plan.project_id)
    assert (history.undo_label, history.entries[0].by) == ("Changed the transition of clip 2", "Ada")
    assert service.undo(plan.project_id, edit_id=history.undo_id) == history.undo_label
    assert service.undo(plan.project_id, edit_id=history.undo_id) == ""
    assert [c.has_own_transition for c in house.plan(plan_id).clips] == [True, False, False]
    assert views.edit_history(plan.project_id).redo_label == history.undo_label
    service.set_transition(plan.clips[2].id, FADE)
    assert views.edit_history(plan.project_id).redo_label == ""
    with pytest.raises(Conflict, match="nothing to do again"):
        service.redo(plan.project_id)


def test_an_undo_that_would_overwrite_a_later_change_says_what_was_changed(house: House) -> None:
    plan_id = house.make_plan()
    plan, service = house.plan(plan_id), house.app.service
    service.edit_clip(plan.clips[1].id, visual_intent="A quay")
    with house.app.database.write() as session:
        fetch(session, ClipRow, plan.clips[1].id).visual_intent = "A harbour"
    with pytest.raises(Conflict, match="undone any more: what is seen of clip 2 was changed since"):
        service.undo(plan.project_id)
    assert house.plan(plan_id).clips[1].visual_intent == "A harbour"


def test_changes_of_a_plan_that_was_planned_anew_cannot_be_undone_any_more(house: House) -> None:
    plan_id = house.make_plan()
    project_id = house.plan(plan_id).project_id
    house.app.service.set_plan_transition(plan_id, FADE)
    assert house.app.service.create_plan(project_id, script="Other words now.", brief=ContentBrief()) != plan_id
    assert {e.kind for e in house.app.views.edit_history(project_id).entries} == {"draft"}


def test_the_oldest_changes_make_room(house: House) -> None:
    project_id = house.app.service.create_project()
    with house.app.database.write() as session:
        old = [
            EditRow(project_id=project_id, kind="settings", label="Old", before={}, after={}, made_by="Ada")
            for _ in range(EDITS_KEPT)
        ]
        session.add_all(old)
        session.flush()
        for label in ("First", "Second"):
            keep(session, project_id, EditKind.SETTINGS, {"name": ""}, {"name": "x"}, label=label, by="Ada")
    entries = house.app.views.edit_history(project_id).entries
    assert len(entries) == EDITS_KEPT
    assert [entry.label for entry in entries[:3]] == ["Second", "First", "Old"]


# --- drafts and settings ---


def test_what_is_typed_within_a_minute_is_one_change_that_can_be_undone(house: House) -> None:
    service, views = house.app.service, house.app.views
    project_id = service.create_project(settings=ProjectSettings(provider="obedient"), name="Typed")
    for script in ("The", "The lamp", "The lamp is lit."):
        service.save_draft(project_id, brief=ContentBrief(), script=script)
    service.save_draft(project_id, brief=ContentBrief(tone="warm"), script="The lamp is lit.", by="Bea")
    service.update_project(project_id, name="Renamed", settings=ProjectSettings(provider="obedient", seed=7))
    labels = [(entry.kind, entry.label) for entry in views.edit_history(project_id).entries]
    assert labels == [
        ("settings", "Changed the name and the settings"),
        ("draft", "Changed the brief"),
        ("draft", "Changed the script"),
    ]
    undo_all(house, project_id, service.undo)
    detail = views.project(project_id)
    assert (detail.name, detail.settings.seed, detail.brief, detail.script) == ("Typed", 0, ContentBrief(), "")
    undo_all(house, project_id, service.redo)
    detail = views.project(project_id)
    assert (detail.name, detail.settings.seed, detail.brief.tone, detail.script) == (
        *("Renamed", 7, "warm"),
        "The lamp is lit.",
    )


def test_nothing_is_left_of_what_was_typed_and_deleted_again(house: House) -> None:
    project_id = house.app.service.create_project(settings=ProjectSettings(provider="obedient"))
    for script in ("A slip", ""):
        house.app.service.save_draft(project_id, brief=ContentBrief(), script=script)
    assert house.app.views.edit_history(project_id).entries == ()


# --- clips that come and go ---


def test_takes_come_back_with_their_clips_and_nothing_is_paid_again(house: House) -> None:
    plan = house.run(house.make_plan())
    service, lamp, water, door = house.app.service, *(clip.id for clip in plan.clips)
    merged = service.merge_clips(plan.id, [lamp, water])
    service.remove_clips([door])
    service.remove_clips([door])
    shown = house.plan(plan.id)
    assert [(clip.id, clip.status) for clip in shown.clips] == [(merged, ClipStatus.PENDING)]
    assert shown.clips[0].text == f"{LINES[0]} {LINES[1]}"
    assert [house.app.views.takes(clip)[0].is_accepted for clip in (lamp, water, door)] == [True] * 3
    with pytest.raises(Conflict, match="at least one clip"):
        service.remove_clips([merged])
    with pytest.raises(Conflict, match="taken out of the film"):
        service.retry_clip(door)
    assert undo_all(house, plan.project_id, service.undo)[:2] == ["Removed clip 2", "Merged clips 1 and 2"]
    after = house.plan(plan.id)
    assert [clip.status for clip in after.clips] == [ClipStatus.PASSED] * 3
    assert (after.creates, after.cost_usd, after.render and after.render.is_current) == (3, plan.cost_usd, True)


def test_a_new_clip_is_made_in_the_running_plan_and_one_taken_out_is_not(house: House) -> None:
    house.provider.held |= {"lamp"}
    plan_id = house.make_plan(script="\n\n".join(f"# S\n{line}" for line in LINES), retry_policy=RetryPolicy())
    service = house.app.service
    plan = house.plan(plan_id)
    service.remove_clips([plan.clips[2].id])
    service.start_plan(plan_id)
    plan = house.wait(plan_id, lambda plan: plan.clips[0].status is ClipStatus.GENERATING)
    with pytest.raises(Conflict, match="is being made"):
        service.remove_clips([plan.clips[0].id])
    with pytest.raises(Conflict, match="is being made"):
        service.split_clip(plan.clips[0].id, 2)
    with pytest.raises(Conflict, match="is being made"):
        service.merge_clips(plan_id, [clip.id for clip in plan.clips])
    copy = service.duplicate_clip(plan.clips[1].id)
    plan = house.wait(plan_id, lambda plan: plan.passed == 2)
    assert [clip.id for clip in plan.clips][2] == copy, "made while the first is still under way"
    house.provider.held.clear()
    plan = house.wait(plan_id)
    assert (plan.status, plan.passed, plan.creates) == (PlanStatus.COMPLETED, 3, 3)
    assert plan.render is not None and plan.render.is_current


def test_a_split_is_undone_without_losing_the_take_of_the_new_clip(house: House) -> None:
    plan_id = house.make_plan(script=LINES[0])
    service = house.app.service
    clip = house.plan(plan_id).clips[0]
    service.edit_clip(clip.id, prompt=f'A keeper says: "{LINES[0]}"', provider="dear")
    new = service.split_clip(clip.id, 3)
    assert [(c.text, c.own_prompt, c.own_provider, c.seconds) for c in house.plan(plan_id).clips] == [
        ("The lamp is", 'A keeper says: "The lamp is"', "dear", 5),
        ("lit before dawn.", 'A keeper says: "lit before dawn."', "dear", 5),
    ]
    plan = house.run(plan_id)
    assert (plan.status, plan.creates, plan.cost_usd) == (PlanStatus.COMPLETED, 2, 10.0)
    with pytest.raises(Conflict, match=r"Clip 1 would change\. This clip has an accepted take\. Reject that first"):
        service.undo(plan.project_id)
    service.reject_take(house.app.views.takes(clip.id)[0].run_id, reason="Too short")
    assert service.undo(plan.project_id) == "Split clip 1"
    assert [c.text for c in house.plan(plan_id).clips] == [LINES[0]]
    assert house.app.views.takes(new)[0].is_accepted
    service.redo(plan.project_id)
    assert [c.status for c in house.plan(plan_id).clips] == [ClipStatus.FAILED, ClipStatus.PASSED]


@pytest.mark.parametrize("at_word", [0, 6, 99])
def test_a_split_leaves_words_to_both(house: House, at_word: int) -> None:
    plan_id = house.make_plan(script=LINES[0])
    with pytest.raises(BadInput, match="between two words"):
        house.app.service.split_clip(house.plan(plan_id).clips[0].id, at_word)


def test_clips_are_merged_only_when_they_are_neighbours_of_one_speaker_that_fit(house: House) -> None:
    plan_id = house.make_plan()
    first, second, third = (clip.id for clip in house.plan(plan_id).clips)
    service = house.app.service
    for chosen in ([first, third], [second, first], [first, first], [first]):
        with pytest.raises(BadInput, match="follow one another"):
            service.merge_clips(plan_id, chosen)
    service.edit_clip(first, speaker="Ada")
    with pytest.raises(BadInput, match="different speakers"):
        service.merge_clips(plan_id, [first, second])
    service.edit_clip(second, text="word " * 15)
    service.edit_clip(third, text="word " * 16)
    with pytest.raises(BadInput, match=r"do not fit into one\. That is 31 words"):
        service.merge_clips(plan_id, [second, third])
    assert len(house.plan(plan_id).clips) == 3


def test_clips_move_between_scenes_and_an_empty_scene_has_no_part_in_the_film(house: House) -> None:
    plan_id = house.make_plan()
    plan, service = house.plan(plan_id), house.app.service
    first, second, third = ((clip.scene_id, clip.id) for clip in plan.clips)
    service.arrange_clips(plan_id, [(third[0], [first[1], third[1]]), (second[0], [second[1]]), (first[0], [])])
    shown = [(clip.id, clip.scene_id) for clip in house.plan(plan_id).clips]
    assert shown == [(first[1], third[0]), (third[1], third[0]), (second[1], second[0])]
    assert house.app.views.edit_history(plan.project_id).undo_label == f"Moved clip 1 to “{plan.clips[2].scene_title}”"
    with pytest.raises(BadInput, match="every clip"):
        service.arrange_clips(plan_id, [(third[0], [first[1]])])
    with pytest.raises(BadInput, match="not of this film"):
        service.arrange_clips(plan_id, [(plan_id, [first[1], second[1], third[1]])])


# --- who makes a clip, and what that costs ---


def test_a_clip_of_its_own_provider_has_its_lengths_and_its_price(house: House) -> None:
    plan_id = house.make_plan()
    clip, service = house.plan(plan_id).clips[1], house.app.service
    service.edit_clip(clip.id, provider="dear")
    plan = house.plan(plan_id)
    assert [(c.own_provider, c.seconds) for c in plan.clips] == [("", 4), ("dear", 5), ("", 4)]
    assert plan.estimate is not None and plan.estimate.low_usd == pytest.approx(2 * PRICE_USD + 5)
    with pytest.raises(BadInput, match=r"last 5, 10 s, not 8 s"):
        service.edit_clip(clip.id, seconds=8)
    with pytest.raises(BadInput, match=r"has no model 'two'\. It has one"):
        service.edit_clip(clip.id, model="two")
    with pytest.raises(UnknownProvider):
        service.edit_clip(clip.id, provider="nobody")
    with pytest.raises(BadInput, match="The prompt has"):
        service.edit_clip(clip.id, prompt="x" * 4001)
    plan = house.run(plan_id)
    assert (plan.status, plan.cost_usd) == (PlanStatus.COMPLETED, pytest.approx(2 * PRICE_USD + 5))
    assert [c.provider for c in plan.clips] == ["obedient", "dear", "obedient"]


def test_several_clips_are_changed_as_one_or_not_at_all(house: House) -> None:
    house.provider.spoilt.add("water")
    plan = house.run(house.make_plan(retry_policy=RetryPolicy(max_attempts=1)))
    service, (lamp, water, door) = house.app.service, (clip.id for clip in plan.clips)
    with pytest.raises(Conflict, match="accepted take"):
        service.choose_maker([water, lamp], provider="dear")
    assert [c.own_provider for c in house.plan(plan.id).clips] == ["", "", ""]
    service.choose_maker([water], provider="dear")
    service.set_transitions([lamp, door], FADE)
    assert [c.has_own_transition for c in house.plan(plan.id).clips] == [True, False, True]
    assert service.undo(plan.project_id) == "Changed 2 transitions"
    assert not any(c.has_own_transition for c in house.plan(plan.id).clips)
    house.provider.spoilt.clear()
    service.retry_clip(water)
    plan = house.wait(plan.id)
    assert (plan.status, plan.clips[1].provider) == (PlanStatus.COMPLETED, "dear")


def test_a_prompt_of_a_clips_own_is_sent_as_it_stands_and_can_be_taken_away(house: House) -> None:
    plan_id = house.make_plan(script=LINES[0])
    clip, service = house.plan(plan_id).clips[0], house.app.service
    service.edit_clip(clip.id, prompt=" A lamp,\n close. ")
    assert house.plan(plan_id).clips[0].own_prompt == "A lamp,\nclose."
    assert house.run(plan_id).status is PlanStatus.COMPLETED
    take = house.app.views.takes(clip.id)[0]
    assert take.prompt == f'A lamp,\nclose.\nSaid on camera, exactly: "{LINES[0]}"'
    service.reject_take(take.run_id, reason="Too dark")
    service.edit_clip(clip.id, prompt="")
    service.retry_clip(clip.id)
    house.wait(plan_id)
    assert "A lamp,\nclose." not in house.app.views.takes(clip.id)[0].prompt


# --- transitions ---


def test_a_film_is_older_than_the_storyboard_when_a_transition_was_changed(house: House) -> None:
    plan = house.run(house.make_plan())
    service = house.app.service
    with house.app.database.read() as session:
        row = fetch(session, PlanRow, plan.id)
        plain = build_plan_timeline(row, Transition()).model_dump_json()
    service.set_transition(plan.clips[0].id, WIPE)
    after = house.plan(plan.id)
    assert after.render is not None and not after.render.is_current and "older" in after.message
    service.undo(plan.project_id)
    render = house.plan(plan.id).render
    assert render is not None and render.is_current
    with house.app.database.read() as session:
        assert build_plan_timeline(fetch(session, PlanRow, plan.id), Transition()).model_dump_json() == plain
    service.set_transition(plan.clips[1].id, WIPE)
    service.set_plan_transition(plan.id, FADE)
    service.render_plan(plan.id)
    after = house.wait(plan.id, lambda plan: plan.render is not None and plan.render.status == "done")
    assert after.render is not None and after.render.is_current and after.render.transition == "mixed"
    with house.app.database.read() as session:
        row = fetch(session, PlanRow, plan.id)
        assert build_plan_timeline(row, FADE).transitions == (FADE, WIPE)


# --- takes cut by hand ---


def test_a_take_is_cut_from_another_one_without_asking_a_provider(house: House) -> None:
    house.doubted.add("lamp")
    plan = house.run(house.make_plan())
    clip, views, service = plan.clips[0], house.app.views, house.app.service
    assert (plan.status, clip.status) == (PlanStatus.INCOMPLETE, ClipStatus.NEEDS_REVIEW)
    source = views.takes(clip.id)[0]
    house.doubted.clear()
    run_id = service.retime_take(source.run_id, 0.5, 3.5, 1.5)
    plan = house.wait(plan.id, lambda plan: plan.status is PlanStatus.COMPLETED and not plan.is_active)
    cut = views.take(run_id)
    assert cut.edit is not None and cut.edit.is_by_hand and cut.edit.seconds == pytest.approx(2)
    assert (cut.status, cut.is_accepted, cut.source_attempt, cut.cost_usd) == (RunStatus.SETTLED, True, 1, 0)
    assert plan.creates == 3
    with house.app.database.read() as session:
        timeline = build_plan_timeline(fetch(session, PlanRow, plan.id), Transition())
    assert [c.frames for c in timeline.clips] == [60, 120, 120], "it plays as it was cut"


def test_a_cut_take_does_not_take_the_place_of_an_accepted_one(house: House) -> None:
    plan = house.run(house.make_plan(script=LINES[0]))
    source = house.app.views.takes(plan.clips[0].id)[0]
    run_id = house.app.service.retime_take(source.run_id, 0, 3)
    house.wait(plan.id)
    takes = {take.run_id: take for take in house.app.views.takes(plan.clips[0].id)}
    assert takes[source.run_id].is_accepted and not takes[run_id].is_accepted
    assert takes[run_id].status_text == "Not chosen" and takes[run_id].verdict == "pass"
    house.app.service.approve_take(run_id, reason="Tighter")
    assert house.app.views.take(run_id).is_accepted


def test_a_cut_that_cannot_be_made_is_refused(house: House) -> None:
    plan = house.run(house.make_plan(script=LINES[0]))
    source = house.app.views.takes(plan.clips[0].id)[0]
    outside, nan = "both within the 4.00 s of this take", float("nan")
    refused = [(2, 1, 1, outside), (0, 9, 1, outside), (-1, 2, 1, outside), (nan, 2, 1, outside)]
    refused += [(0, 0.3, 1, "0.5 s is the least"), (0, 4, 3, "0.5 to 2 times as fast"), (0, 4, 1, "the take as it is")]
    for start, end, speed, said in refused:
        with pytest.raises(BadInput, match=said):
            house.app.service.retime_take(source.run_id, start, end, speed)
    assert len(house.app.views.takes(plan.clips[0].id)) == 1
