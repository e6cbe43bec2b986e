"""Two people on one project, each with a page of their own."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.bootstrap import App
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import ClipView
from pages.components.shared import field_memory
from tests.ui.conftest import SCRIPT, SMALL, OpenPage, field, fill, press, submit, words

BRIEF = ContentBrief(tone="calm", style=StyleBible(palette="blue"), characters=(CharacterBible(name="Mara"),))


@pytest.fixture(autouse=True)
def _read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test reads faster than people."""
    monkeypatch.setattr(field_memory, "UNREAD_SECONDS", 0.0)


@pytest.fixture
def project_id(app: App) -> str:
    project_id = app.service.create_project(name="Lamp", settings=SMALL)
    app.service.create_plan(project_id, script=SCRIPT, brief=BRIEF)
    return project_id


Both = Callable[..., tuple[AppTest, AppTest]]


@pytest.fixture
def both(open_page: OpenPage, project_id: str) -> Both:
    """The same page, opened by two people."""
    return lambda **query: (open_page(project=project_id, **query), open_page(project=project_id, **query))


def value(page: AppTest, label: str) -> object:
    return field(page, label).value  # type: ignore[attr-defined]


def test_what_one_types_stands_in_the_untouched_field_of_the_other(app: App, project_id: str, both: Both) -> None:
    ann, bea = both(step="brief")
    fill(ann, "Tone", "loud")
    assert value(bea.run(), "Tone") == "loud"
    bea = fill(bea, "Audience", "Everybody")  # from the same form, drawn before Ann's next words
    ann = fill(ann, "Objective", "Sell lamps")
    brief = app.views.project(project_id).brief
    assert (brief.tone, brief.audience, brief.objective) == ("loud", "Everybody", "Sell lamps")
    assert (value(ann, "Audience"), value(bea.run(), "Objective")) == ("Everybody", "Sell lamps")
    assert "changed this" not in words(ann) + words(bea)


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs"])
def test_both_change_the_script_and_one_chooses(app: App, project_id: str, both: Both, choice: str) -> None:
    ann, bea = both(step="script")
    fill(ann, "Script", "Ann's words.")
    bea = fill(bea, "Script", "Bea's words.")
    assert app.views.project(project_id).script == "Ann's words."
    assert "Somebody else changed this just now, and you changed it too." in words(bea)
    assert {"Ann's words.", "Bea's words."} <= {item.value for item in bea.code}
    assert value(bea, "Script") == "Bea's words."
    bea = fill(bea, "Script", "Bea's better words.")  # goes on typing
    bea = press(bea, choice)
    assert "changed this" not in words(bea)
    stored = app.views.project(project_id).script
    assert value(bea, "Script") == stored
    if choice == "Keep mine":
        assert stored == "Bea's better words."
        assert value(press(bea, "Undo"), "Script") == "Ann's words."
        return
    assert stored == "Ann's words."
    assert [item.value for item in bea.code] == ["Bea's better words."]  # still at hand
    assert not press(bea, "Close").code
    fill(bea, "Script", "Together.")
    assert app.views.project(project_id).script == "Together."


def test_the_choice_is_asked_again_when_it_changed_once_more(app: App, project_id: str, both: Both) -> None:
    ann, bea = both(step="script")
    fill(ann, "Script", "Ann's words.")
    bea = fill(bea, "Script", "Bea's words.")
    fill(ann, "Script", "Ann's other words.")
    bea = press(bea, "Keep mine")  # of a box that shows the words before
    assert app.views.project(project_id).script == "Ann's other words."
    assert {"Ann's other words.", "Bea's words."} <= {item.value for item in bea.code}
    press(bea, "Keep mine")
    assert app.views.project(project_id).script == "Bea's words."


def test_what_is_not_decided_yet_is_there_after_a_look_at_another_step(both: Both) -> None:
    ann, bea = both(step="script")
    fill(ann, "Script", "Ann's words.")
    bea = fill(bea, "Script", "Bea's words.")
    bea.query_params["step"] = "brief"
    bea.run()
    bea.query_params["step"] = "script"
    assert value(bea.run(), "Script") == "Bea's words."
    assert "Yours is not saved yet" in words(bea)


def test_the_same_words_are_no_conflict(both: Both) -> None:
    ann, bea = both(step="script")
    fill(ann, "Script", "The same.")
    assert "changed this" not in words(fill(bea, "Script", "The same."))


def test_style_and_cast_are_edited_by_both(app: App, project_id: str, both: Both) -> None:
    ann, bea = both(step="bibles")
    fill(ann, "Palette", "red")
    fill(bea, "Mood", "loud")
    fill(ann, "Voice", "low")
    bea = fill(bea, "Palette", "green")
    assert "you changed it too" not in words(bea)  # she saw the red one when her page was drawn for the mood
    ann = fill(ann.run(), "Palette", "black")
    assert "you changed it too" not in words(ann)
    fill(bea, "Wears", "A coat")
    brief = app.views.project(project_id).brief
    assert (brief.style.palette, brief.style.mood) == ("black", "loud")
    assert (brief.characters[0].voice, brief.characters[0].wardrobe) == ("low", "A coat")


def test_names_and_settings_are_edited_by_both(app: App, project_id: str, both: Both) -> None:
    ann, bea = both(step="plan")
    fill(ann, "Seed", 7)
    bea = fill(bea, "Pace (words per minute)", 120)
    fill(ann, "Project name", "Harbour")
    settings = app.views.project(project_id).settings
    assert (settings.seed, settings.words_per_minute) == (7, 120)
    assert value(bea, "Seed") == 7
    bea = fill(bea, "Project name", "Port")
    assert app.views.project(project_id).name == "Harbour"
    press(bea, "Keep mine")
    assert app.views.project(project_id).name == "Port"


def test_a_clip_is_edited_by_both(app: App, project_id: str, both: Both) -> None:
    def clip() -> tuple[str, str]:
        first = app.views.plan(app.views.project(project_id).clip_plan_id).clips[0]
        return first.text, first.visual_intent

    first = app.views.plan(app.views.project(project_id).clip_plan_id).clips[0]
    ann, bea = both(clip=first.id)
    submit(ann, "Save", What_is_said="The lamp is out.")
    bea = submit(bea, "Save", What_is_said="The lamp shines.", What_is_seen="A dark window")
    assert clip() == ("The lamp is out.", "A dark window")  # what only she changed is saved
    assert "you changed it too" in words(bea)
    press(bea, "Keep mine")
    assert clip() == ("The lamp shines.", "A dark window")
    app.service.remove_clips([first.id], by="Ann")
    assert "That clip is not part of this film" in words(submit(bea, "Save", What_is_said="Late."))


def test_somebody_else_s_change_is_told_and_one_s_own_is_not(app: App, project_id: str, both: Both) -> None:
    ann, bea = both(step="brief")
    ann = fill(ann, "Tone", "loud")
    assert not ann.toast
    app.service.save_draft(project_id, brief=BRIEF, script="Bea's words.", by="Bea")
    bea.session_state["changed-elsewhere"] = True  # as the tick sets it, which does not run here
    (toast,) = bea.run().toast
    assert toast.value == "**Bea**: Changed the script and the brief"
    assert not bea.run().toast


def test_words_that_come_while_somebody_types_count_as_unseen(
    app: App, project_id: str, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_memory, "UNREAD_SECONDS", 60.0)
    ann, bea = both(step="script")
    fill(ann, "Script", "Ann's words.")
    bea.run()  # they stand in her field now, and what she typed before is on its way
    bea = fill(bea, "Script", "Bea's words.")
    assert app.views.project(project_id).script == "Ann's words."
    assert "you changed it too" in words(bea)


def test_time_tells_who_has_read_what() -> None:
    remembered = field_memory.Field(shown="theirs", placed="theirs", former="before", replaced_at=time.monotonic())
    assert remembered.seen() == "theirs"  # nothing is unread for longer than UNREAD_SECONDS, here none
    remembered.begun = "mine"
    assert remembered.seen() == "mine"


# --- what is pressed, on a page drawn before the other's change ---

WIPE = Transition(kind=TransitionKind.WIPE, seconds=1)


def clips_of(app: App, project_id: str) -> tuple[ClipView, ...]:
    return app.views.plan(app.views.project(project_id).clip_plan_id).clips


def panel(page: AppTest, name: str) -> AppTest:
    page.session_state["clip-panel-planned"] = name
    return page.run()


def told(page: AppTest) -> str:
    assert not page.exception, [item.value for item in page.exception]
    return "\n".join(item.value for item in page.toast)


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs"])
def test_a_prompt_of_its_own_is_written_by_both(app: App, project_id: str, both: Both, choice: str) -> None:
    first = clips_of(app, project_id)[0]
    ann, bea = (panel(page, "Making") for page in both(clip=first.id))
    crafted = "Prompt, as crafted from the plan"
    field(ann, crafted).set_value("A lamp from below.")  # type: ignore[attr-defined]
    press(ann, "Use this prompt")
    field(bea, crafted).set_value("A lamp from above.")  # type: ignore[attr-defined]
    bea = press(bea, "Use this prompt")
    assert clips_of(app, project_id)[0].own_prompt == "A lamp from below."
    assert "Somebody else changed this just now, and you changed it too." in words(bea)
    assert {"A lamp from below.", "A lamp from above."} <= {item.value for item in bea.code}
    assert value(bea, "Its own prompt") == "A lamp from above."
    bea = press(bea, choice)
    kept = "A lamp from above." if choice == "Keep mine" else "A lamp from below."
    assert (clips_of(app, project_id)[0].own_prompt, value(bea, "Its own prompt")) == (kept, kept)
    assert "you changed it too" not in words(bea)
    bea = press(bea, "Back to the crafted prompt")
    assert clips_of(app, project_id)[0].own_prompt == ""
    assert value(bea, crafted) == app.views.crafted_prompt(first.id)


def test_words_that_are_crafted_into_a_prompt_are_no_conflict_with_one_s_own(
    app: App, project_id: str, both: Both
) -> None:
    first = clips_of(app, project_id)[0]
    ann, bea = both(clip=first.id)
    bea = panel(bea, "Making")
    submit(ann, "Save", What_is_seen="A dark window")
    field(bea, "Prompt, as crafted from the plan").set_value("A lamp from above.")  # type: ignore[attr-defined]
    bea = press(bea, "Use this prompt")
    assert "you changed it too" not in words(bea)
    now = clips_of(app, project_id)[0]
    assert (now.own_prompt, now.visual_intent) == ("A lamp from above.", "A dark window")


def test_the_crafted_prompt_is_not_put_in_the_place_of_one_nobody_has_read(
    app: App, project_id: str, both: Both
) -> None:
    first = clips_of(app, project_id)[0]
    app.service.edit_clip(first.id, prompt="A lamp.", by="Ann")
    _, bea = both(clip=first.id)
    bea = panel(bea, "Making")
    app.service.edit_clip(first.id, prompt="A lamp from below.", by="Ann")
    bea = press(bea, "Back to the crafted prompt")
    assert "Ann changed the prompt of clip 1 meanwhile" in told(bea)
    assert clips_of(app, project_id)[0].own_prompt == "A lamp from below."
    press(bea, "Back to the crafted prompt")  # now she has
    assert clips_of(app, project_id)[0].own_prompt == ""


def test_clips_somebody_else_wrote_in_meanwhile_are_not_removed_or_merged_unread(
    app: App, project_id: str, both: Both
) -> None:
    app.service.duplicate_clip(clips_of(app, project_id)[1].id)
    ids = [clip.id for clip in clips_of(app, project_id)]
    for act in ("Remove 2 clips", "Merge into one"):
        _, bea = both(clip=",".join(ids[:2]))
        app.service.edit_clip(ids[1], text=f"Words before {act}.", by="Ann")
        bea = press(bea, act)
        assert "Ann changed the words" in told(bea) and "What you see now is theirs" in told(bea)
        assert [clip.id for clip in clips_of(app, project_id)] == ids


def test_joints_of_several_clips_are_not_written_over_unseen(app: App, project_id: str, both: Both) -> None:
    ids = [clip.id for clip in clips_of(app, project_id)]
    _, bea = both(clip=",".join(ids))
    app.service.set_transition(ids[0], WIPE, by="Ann")
    field(bea, "Transition after each").set_value(TransitionKind.CROSSFADE)  # type: ignore[attr-defined]
    bea = press(bea, "Set")
    assert "Ann changed the transition of clip 1 meanwhile" in told(bea)
    assert clips_of(app, project_id)[0].transition == WIPE
    field(bea, "Transition after each").set_value(TransitionKind.CROSSFADE)  # type: ignore[attr-defined]
    press(bea, "Set")
    assert {clip.transition.kind for clip in clips_of(app, project_id)} == {TransitionKind.CROSSFADE}


def test_one_clip_s_joint_is_not_written_over_unseen(app: App, project_id: str, both: Both) -> None:
    first = clips_of(app, project_id)[0]
    _, bea = both(clip=first.id)
    bea = panel(bea, "Cut")
    app.service.set_transition(first.id, WIPE, by="Ann")
    bea = fill(bea, "Transition to the next clip", TransitionKind.CROSSFADE)
    assert "Ann changed the transition of clip 1 meanwhile" in told(bea)
    assert clips_of(app, project_id)[0].transition == WIPE
    assert value(bea, "Transition to the next clip") == TransitionKind.WIPE


def test_a_new_plan_does_not_take_the_place_of_what_nobody_has_seen(app: App, project_id: str, both: Both) -> None:
    _, bea = both(step="plan")
    first = clips_of(app, project_id)[0]
    app.service.edit_clip(first.id, text="The lamp is out.", by="Ann")
    bea = press(bea, "Yes, make a new plan")
    assert "Ann changed the words of clip 1 meanwhile" in told(bea)
    assert clips_of(app, project_id)[0].text == "The lamp is out."
    press(bea, "Yes, make a new plan")  # having seen it
    assert clips_of(app, project_id)[0].text != "The lamp is out."


def test_a_new_plan_waits_when_another_one_was_made_meanwhile(app: App, project_id: str, both: Both) -> None:
    _, bea = both(step="plan")
    app.service.save_draft(project_id, brief=BRIEF, script="Another one.", by="Ann")
    theirs = app.service.create_plan(project_id, script="Another one.", brief=BRIEF)
    app.service.edit_clip(clips_of(app, project_id)[0].id, visual_intent="A dark window", by="Ann")
    bea = press(bea, "Yes, make a new plan")
    assert "A new plan was made meanwhile" in told(bea)
    assert app.views.project(project_id).clip_plan_id == theirs


def test_one_who_is_added_while_somebody_else_changed_the_cast_keeps_the_name_typed(
    app: App, project_id: str, both: Both
) -> None:
    _, bea = both(step="bibles")
    cast = (*BRIEF.characters, CharacterBible(name="Jon"))
    now = app.views.project(project_id)
    app.service.save_draft(project_id, brief=now.brief.model_copy(update={"characters": cast}), script=now.script)
    bea = submit(bea, "Add character", Name_of_a_new_character="Ida")
    assert "changed the characters meanwhile" in told(bea)
    assert value(bea, "Name of a new character") == "Ida"
    bea = press(bea, "Add character")
    assert [one.name for one in app.views.project(project_id).brief.characters] == ["Mara", "Jon", "Ida"]
    assert value(bea, "Name of a new character") == ""


def test_nobody_is_taken_out_of_a_cast_that_somebody_else_changed(app: App, project_id: str, both: Both) -> None:
    _, bea = both(step="bibles")
    now = app.views.project(project_id)
    cast = (BRIEF.characters[0].model_copy(update={"voice": "low"}),)
    app.service.save_draft(project_id, brief=now.brief.model_copy(update={"characters": cast}), script=now.script)
    bea = press(bea, "Remove")
    assert "changed the characters meanwhile" in told(bea)
    assert "Removed" not in words(bea)
    assert app.views.project(project_id).brief.characters == cast


def test_what_was_done_and_undone_is_told_by_whom(app: App, project_id: str, both: Both) -> None:
    _, bea = both(step="brief")
    app.service.save_draft(project_id, brief=BRIEF, script="Ann's words.", by="Ann")
    bea.run()
    app.service.undo(project_id, by="Ben")
    bea.session_state["changed-elsewhere"] = True
    bea.run()
    assert told(bea) == "**Ben** undid: Changed the script"
    assert "**Ben** undid: Changed the script :gray[· just now]" in words(bea)
    assert "**Ann**: Changed the script" in words(bea)
    assert "\n- Changed the " in words(bea)  # by this installation's only name
    app.service.redo(project_id, by="Ben")
    bea.session_state["changed-elsewhere"] = True
    assert told(bea.run()) == "Done again: Changed the script"
