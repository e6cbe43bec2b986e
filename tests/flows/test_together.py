"""Two people on one project: what one changed is there for the other, and nothing is written over unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestrator.bootstrap import App
from orchestrator.db.models import ClipRow, new_id
from orchestrator.errors import ChangedMeanwhile, Conflict
from orchestrator.journal import arranged, draft_values, values_of_settings
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import PlanView
from pages.components.storyboard.timeline.arrangement import plan_values
from tests.fakes.parked import parked_app
from tests.fakes.postgres import create_database

SCRIPT = (
    "# One\n\nThe lamp is lit before dawn.\n\n# Two\n\nSomebody waits beside the water.\n\n# Three\n\nThe door opens."
)
BRIEF = ContentBrief(tone="calm", style=StyleBible(palette="blue"), characters=(CharacterBible(name="Mara"),))


@dataclass
class Two:
    """Ann's app and Bea's: one process on SQLite, two on Postgres."""

    ann: App
    bea: App
    project_id: str
    plan_id: str

    @property
    def plan(self) -> PlanView:
        return self.ann.views.plan(self.plan_id)

    @property
    def seen(self) -> dict[str, object]:
        """The draft as it is now."""
        detail = self.ann.views.project(self.project_id)
        return draft_values(detail.brief, detail.script)

    def order(self) -> list[str]:
        return [clip.id for clip in self.plan.clips]


@pytest.fixture(params=["sqlite", "postgres"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Two]:
    values: dict[str, SecretStr] = {}
    if request.param == "postgres":
        name = f"two_{new_id().replace('-', '')}"
        values["database_url"] = SecretStr(create_database(request.getfixturevalue("postgres_url"), name))
    apps = [parked_app(tmp_path, **values) for _ in range(2 if values else 1)]
    ann, bea = apps[0], apps[-1]
    project_id = ann.service.create_project(name="Lamp", settings=ProjectSettings(size="320x180"))
    plan_id = ann.service.create_plan(project_id, script=SCRIPT, brief=BRIEF)
    yield Two(ann, bea, project_id, plan_id)
    for app in apps:
        app.stop()


def test_every_change_of_a_person_is_counted_and_nothing_else(two: Two) -> None:
    service, views = two.ann.service, two.bea.views
    clips = two.order()
    scene = two.plan.clips[0].scene_id
    version = views.version(two.project_id)

    def counted() -> int:
        nonlocal version
        before, version = version, views.version(two.project_id)
        return version - before

    for change in (
        lambda: service.update_project(two.project_id, name="Harbour"),
        lambda: service.save_draft(two.project_id, brief=BRIEF, script="Another."),
        lambda: service.edit_clip(clips[0], text="The lamp is out."),
        lambda: service.reorder_clips(two.plan_id, clips[::-1]),
        lambda: service.rename_scene(scene, "Dawn"),
        lambda: service.add_scene(two.plan_id, "Night"),
        lambda: service.set_plan_transition(two.plan_id, Transition(kind=TransitionKind.WIPE, seconds=1)),
        lambda: service.remove_clips(clips[:1]),
        lambda: service.undo(two.project_id),
        lambda: service.redo(two.project_id),
        lambda: service.create_brief(two.project_id, BRIEF.model_copy(update={"tone": "loud"})),
        lambda: service.set_policy(two.project_id, None),
        lambda: service.start_plan(two.plan_id),
        lambda: service.pause_plan(two.plan_id),
        lambda: service.raise_budget(two.plan_id, budget_usd=9),
        lambda: service.delete_project(two.project_id),
        lambda: service.restore_project(two.project_id),
    ):
        change()
        assert counted() >= 1, change
    for nothing in (
        lambda: service.update_project(two.project_id, name="Harbour"),
        lambda: service.edit_clip(clips[1], speaker=two.plan.clips[-1].speaker),
        lambda: views.plan(two.plan_id),
    ):
        nothing()
        assert counted() == 0
    assert views.plan(two.plan_id).version == views.project(two.project_id).version == version


def test_a_draft_is_written_in_different_fields_by_both(two: Two) -> None:
    seen = two.seen
    two.ann.service.save_draft(two.project_id, brief=BRIEF, script="Ann's words.", by="Ann", seen=seen)
    louder = BRIEF.model_copy(update={"tone": "loud", "style": StyleBible(palette="red")})
    two.bea.service.save_draft(two.project_id, brief=louder, script=SCRIPT, by="Bea", seen=seen)
    low = BRIEF.model_copy(update={"characters": (CharacterBible(name="Mara", voice="low"),)})
    two.ann.service.save_draft(two.project_id, brief=low, script=SCRIPT, by="Ann", seen=seen)
    detail = two.ann.views.project(two.project_id)
    assert (detail.script, detail.brief.tone, detail.brief.style.palette) == ("Ann's words.", "loud", "red")
    assert detail.brief.characters[0].voice == "low"
    assert [(e.by, e.label) for e in two.bea.views.edit_history(two.project_id).entries[:3]] == [
        ("Ann", "Changed the characters"),
        ("Bea", "Changed the brief and the style"),
        ("Ann", "Changed the script"),
    ]


def test_the_same_field_is_not_written_over_unseen(two: Two) -> None:
    seen = two.seen
    two.ann.service.save_draft(two.project_id, brief=BRIEF, script="Ann's words.", by="Ann", seen=seen)
    version = two.ann.views.version(two.project_id)
    with pytest.raises(ChangedMeanwhile, match="Ann changed the script meanwhile") as told:
        two.bea.service.save_draft(two.project_id, brief=BRIEF, script="Bea's words.", by="Bea", seen=seen)
    error = told.value
    assert (error.names, error.theirs, error.by) == (("script",), {"script": "Ann's words."}, "Ann")
    assert error.at is not None
    assert two.bea.views.project(two.project_id).script == "Ann's words."
    assert two.ann.views.version(two.project_id) == version
    two.bea.service.save_draft(two.project_id, brief=BRIEF, script="Ann's words.", by="Bea", seen=seen)  # the same
    # having seen it, she keeps hers, as a change of its own that can be undone
    now = two.seen
    two.ann.service.save_draft(two.project_id, brief=BRIEF, script="Bea's words.", by="Ann", seen=now, is_apart=True)
    assert two.ann.views.project(two.project_id).script == "Bea's words."
    two.ann.service.undo(two.project_id)
    assert two.ann.views.project(two.project_id).script == "Ann's words."


def test_name_and_settings_are_merged_or_refused(two: Two) -> None:
    detail = two.ann.views.project(two.project_id)
    seen = {"name": detail.name, **values_of_settings(detail.settings)}
    seed = detail.settings.model_copy(update={"seed": 7})
    pace = detail.settings.model_copy(update={"words_per_minute": 120})
    two.ann.service.update_project(two.project_id, settings=seed, by="Ann", seen=seen)
    two.bea.service.update_project(two.project_id, settings=pace, by="Bea", seen=seen)
    now = two.ann.views.project(two.project_id).settings
    assert (now.seed, now.words_per_minute) == (7, 120)
    with pytest.raises(ChangedMeanwhile, match="Ann changed the settings"):
        other = detail.settings.model_copy(update={"seed": 8})
        two.bea.service.update_project(two.project_id, settings=other, by="Bea", seen=seen)
    two.ann.service.update_project(two.project_id, name="Harbour", by="Ann", seen=seen)
    with pytest.raises(ChangedMeanwhile, match="Ann changed the name"):
        two.bea.service.update_project(two.project_id, name="Port", by="Bea", seen=seen)


def test_a_clip_is_edited_by_both(two: Two) -> None:
    clip = two.plan.clips[0]
    seen = {f"clip/{clip.id}/text": clip.text, f"clip/{clip.id}/visual_intent": clip.visual_intent}
    two.ann.service.edit_clip(clip.id, text="The lamp is out.", by="Ann", seen=seen)
    two.bea.service.edit_clip(clip.id, visual_intent="A dark window", by="Bea", seen=seen)
    with pytest.raises(ChangedMeanwhile, match="Ann changed the words of clip 1 meanwhile"):
        two.bea.service.edit_clip(clip.id, text="The lamp shines.", by="Bea", seen=seen)
    with pytest.raises(ChangedMeanwhile, match=r"changed the words and what is seen of clip 1"):
        two.bea.service.remove_clips([clip.id], by="Bea", seen=seen)
    now = two.plan.clips[0]
    assert (now.text, now.visual_intent) == ("The lamp is out.", "A dark window")
    two.ann.service.remove_clips([clip.id], by="Ann")
    with pytest.raises(ChangedMeanwhile, match=r"taken out of the film\. Undo that first\. Ann did it"):
        two.bea.service.edit_clip(clip.id, text="The lamp shines.", by="Bea", seen=seen)
    with pytest.raises(Conflict, match=r"taken out of the film\. Undo that first\.$"):
        two.bea.service.edit_clip(clip.id, text="The lamp shines.", by="Bea")
    assert two.bea.service.undo(two.project_id) == "Removed clip 1"  # somebody else's, as ever
    assert two.plan.clips[0].text == "The lamp is out."


def test_both_move_clips(two: Two) -> None:
    one, second, third = two.order()
    scenes = [(clip.scene_id, (clip.id,)) for clip in two.plan.clips]
    seen = arranged(scenes)
    two.ann.service.reorder_clips(two.plan_id, [third, one, second], by="Ann")
    with pytest.raises(ChangedMeanwhile, match="Ann moved clip 3 to place 1 meanwhile"):
        two.bea.service.arrange_clips(two.plan_id, [scenes[1], scenes[0], scenes[2]], by="Bea", seen=seen)
    assert two.order() == [third, one, second]
    # a clip that came meanwhile stays where it is, and one that went does not come back
    seen = arranged((c.scene_id, (c.id,)) for c in two.plan.clips)
    new = two.ann.service.duplicate_clip(one)
    two.ann.service.remove_clips([second])
    places = {clip.id: clip.scene_id for clip in two.plan.clips}
    wanted = [(places[one], (one,)), (places[third], (third,)), (scenes[1][0], (second,))]
    two.bea.service.arrange_clips(two.plan_id, wanted, by="Bea", seen=seen)
    assert two.order() == [one, new, third]


def test_a_version_that_is_not_today_s_is_refused(two: Two) -> None:
    version = two.ann.views.version(two.project_id)
    clip = two.order()[0]
    two.ann.service.edit_clip(clip, text="The lamp is out.", by="Ann", seen={"version": version})
    for late in (
        lambda: two.bea.service.edit_clip(clip, text="The lamp shines.", seen={"version": version}),
        lambda: two.bea.service.arrange_clips(
            two.plan_id, [(c.scene_id, (c.id,)) for c in two.plan.clips], seen={"version": version}
        ),
        lambda: two.bea.service.save_draft(two.project_id, brief=BRIEF, script="New.", seen={"version": version}),
        lambda: two.bea.service.update_project(two.project_id, name="Port", seen={"version": version}),
        lambda: two.bea.service.create_plan(two.project_id, script="New.", brief=BRIEF, seen={"version": version}),
    ):
        with pytest.raises(ChangedMeanwhile, match=r"Ann changed this project \(the last was: Changed the words"):
            late()
    assert two.plan.clips[0].text == "The lamp is out."
    assert two.ann.views.version(two.project_id) == version + 1


WIPE = Transition(kind=TransitionKind.WIPE, seconds=1)


def test_joints_and_makers_of_several_clips_are_not_written_over_unseen(two: Two) -> None:
    first, second, _ = two.order()
    joints = {f"clip/{clip_id}/transition": None for clip_id in (first, second)}
    makers = {f"clip/{clip_id}/{part}": "" for clip_id in (first, second) for part in ("provider", "model")}
    two.ann.service.set_transition(second, WIPE, by="Ann", seen=joints)
    with pytest.raises(ChangedMeanwhile, match="Ann changed the transition of clip 2 meanwhile"):
        two.bea.service.set_transitions([first, second], Transition(), by="Bea", seen=joints)
    assert [clip.has_own_transition for clip in two.plan.clips] == [False, True, False]  # none of them
    with two.ann.database.write() as session:
        row = session.get_one(ClipRow, second)
        row.provider, row.model = "mock", "of old"
    with pytest.raises(ChangedMeanwhile, match="changed the provider and the model of clip 2 meanwhile"):
        two.bea.service.choose_maker([first, second], provider="", by="Bea", seen=makers)
    assert two.plan.clips[1].own_model == "of old"


def test_a_prompt_of_its_own_is_not_written_over_unseen(two: Two) -> None:
    clip = two.order()[0]
    seen = {f"clip/{clip}/prompt": ""}
    two.ann.service.edit_clip(clip, prompt="A lamp, seen from below.", by="Ann", seen=seen)
    with pytest.raises(ChangedMeanwhile, match="Ann changed the prompt of clip 1 meanwhile"):
        two.bea.service.edit_clip(clip, prompt="A lamp, seen from above.", by="Bea", seen=seen)
    assert two.plan.clips[0].own_prompt == "A lamp, seen from below."


def test_the_budget_is_not_written_over_unseen_and_says_who_set_it(two: Two) -> None:
    two.ann.service.start_plan(two.plan_id)
    seen = {"settings/budget_usd": None}
    two.ann.service.raise_budget(two.plan_id, budget_usd=5, by="Ann", seen=seen)
    with pytest.raises(ChangedMeanwhile, match="Ann changed the settings meanwhile") as told:
        two.bea.service.raise_budget(two.plan_id, budget_usd=9, by="Bea", seen=seen)
    assert told.value.theirs == {"settings/budget_usd": 5}
    two.bea.service.raise_budget(two.plan_id, budget_usd=5, by="Bea", seen=seen)  # the same
    assert two.plan.budget_usd == 5
    assert two.ann.views.edit_history(two.project_id).entries[0].label == "Changed the budget"


def test_a_new_plan_takes_the_place_of_one_only_as_it_was_seen(two: Two) -> None:
    def plan_anew(app: App, by_seen: dict[str, object], script: str = SCRIPT) -> str:
        return app.service.create_plan(two.project_id, script=script, brief=BRIEF, seen=by_seen)

    seen = {**two.seen, **plan_values(two.plan)}
    assert plan_anew(two.bea, seen) == two.plan_id  # the same again is no new one
    two.ann.service.edit_clip(two.order()[0], text="The lamp is out.", by="Ann")
    with pytest.raises(ChangedMeanwhile, match="Ann changed the words of clip 1 meanwhile"):
        plan_anew(two.bea, seen)
    seen = {**two.seen, **plan_values(two.plan)}
    two.ann.service.start_plan(two.plan_id)
    with pytest.raises(ChangedMeanwhile, match="This plan went on meanwhile"):
        plan_anew(two.bea, seen)
    seen = {**two.seen, **plan_values(two.plan)}
    other = "The lamp is broken. Nobody comes."
    two.ann.service.save_draft(two.project_id, brief=BRIEF, script=other, by="Ann")
    newest = plan_anew(two.ann, {**two.seen, **plan_values(two.plan)}, other)
    with pytest.raises(ChangedMeanwhile, match="Ann changed the script meanwhile"):
        plan_anew(two.bea, seen, "Bea's words, in place of others.")
    with pytest.raises(ChangedMeanwhile, match="A new plan was made meanwhile"):
        plan_anew(two.bea, {"plan": seen["plan"]}, "Bea's words, in place of others.")
    detail = two.ann.views.project(two.project_id)
    assert (detail.clip_plan_id, detail.script) == (newest, other)  # nothing of it was kept


@pytest.mark.parametrize("act", ["start", "pause", "cancel", "add_scene", "create_brief", "raise_budget", "set_policy"])
def test_a_version_that_is_not_today_s_starts_and_stops_nothing(two: Two, act: str) -> None:
    service = two.bea.service
    if act in ("pause", "cancel"):
        service.start_plan(two.plan_id)
    seen = {"version": two.ann.views.version(two.project_id)}
    two.ann.service.update_project(two.project_id, name="Harbour", by="Ann")
    acts = {
        "start": lambda: service.start_plan(two.plan_id, seen=seen),
        "pause": lambda: service.pause_plan(two.plan_id, seen=seen),
        "cancel": lambda: service.cancel_plan(two.plan_id, seen=seen),
        "add_scene": lambda: service.add_scene(two.plan_id, "Night", seen=seen),
        "create_brief": lambda: service.create_brief(two.project_id, ContentBrief(), seen=seen),
        "raise_budget": lambda: service.raise_budget(two.plan_id, budget_usd=9, seen=seen),
        "set_policy": lambda: service.set_policy(two.project_id, None, seen=seen),
    }
    before = two.plan, two.seen
    with pytest.raises(ChangedMeanwhile, match="Ann changed this project"):
        acts[act]()
    assert (two.plan, two.seen) == before
    seen["version"] += 1
    acts[act]()
    assert two.ann.views.version(two.project_id) > seen["version"]


def test_who_undid_something_is_told_until_it_is_done_again(two: Two) -> None:
    seen = two.seen
    two.ann.service.save_draft(two.project_id, brief=BRIEF, script="Ann's words.", by="Ann", seen=seen)
    two.bea.service.undo(two.project_id, by="Bea")
    entry, *_ = two.ann.views.edit_history(two.project_id).entries
    assert (entry.by, entry.undone_by, entry.is_undone) == ("Ann", "Bea", True)
    assert entry.undone_at and entry.undone_at > entry.at
    now = draft_values(BRIEF, "Ann's words.")
    with pytest.raises(ChangedMeanwhile, match="Bea changed the script meanwhile"):
        two.ann.service.save_draft(two.project_id, brief=BRIEF, script="Ann's others.", by="Ann", seen=now)
    two.bea.service.redo(two.project_id, by="Bea")
    entry, *_ = two.ann.views.edit_history(two.project_id).entries
    assert (entry.undone_by, entry.is_undone, entry.undone_at) == ("", False, None)
