"""What everybody of a project may do, asked of every command and every read on a real Postgres."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import PlanRow, RunRow, new_id
from orchestrator.engine import Engine
from orchestrator.errors import NotAllowed, NotFound, OrchestratorError
from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.user import User
from orchestrator.schema.workspace import WorkspaceSettings
from orchestrator.service import Service
from orchestrator.views import Views
from tests.conftest import make_settings
from tests.fakes.parked import ParkedEngine
from tests.fakes.postgres import create_database
from tests.flows.test_pictures import a_picture

NAMES = ("owner", "creator", "reviewer", "viewer", "stranger", "admin")
PEOPLE = {name: User(id=new_id(), email=f"{name}@example.com", is_email_verified=True) for name in NAMES}
MEMBERS = ("owner", "creator", "reviewer", "viewer")
CROSSFADE = Transition(kind=TransitionKind.CROSSFADE, seconds=0.5)
SMALL = ProjectSettings(size="320x180")
SCRIPT = (
    "# One\n\nThe lamp is lit before dawn.\n\n# Two\n\nSomebody waits beside the water.\n\n# Three\n\nThe bell rings."
)


class Ids(NamedTuple):
    """Of the owner's film: clip 1 and 3 have passed, clip 2 has failed. ``single`` is the owner's own clip."""

    project: str
    plan: str
    scene: str
    clips: tuple[str, ...]
    runs: tuple[str, ...]
    render: str
    single: str
    single_run: str
    asset: str


class House(NamedTuple):
    """A Postgres with a film in it, to be copied as it stands."""

    server: str
    name: str
    folder: Path
    ids: Ids


def wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 150
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def house(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A film that its owner had made, and the engine made for them."""
    folder, name = tmp_path_factory.mktemp("roles"), f"roles_{new_id().replace('-', '')}"
    url = create_database(postgres_url, name)
    app = bootstrap.build(
        make_settings(folder, database_url=SecretStr(url), mock_defects="2.*=silence", max_retry_attempts=1),
        is_durable=False,
    )
    app.start()
    try:
        owner = app.for_user(PEOPLE["owner"])
        project = owner.service.create_project(name="Lamp", settings=SMALL)
        for role in MEMBERS[1:]:
            owner.service.invite(project, f"{role}@example.com", role)
            assert app.for_user(PEOPLE[role]).service.take_up_invitations() == 1
        plan = owner.service.create_plan(project, script=SCRIPT, brief=ContentBrief(tone="calm"))
        owner.service.start_plan(plan)
        single = owner.service.generate_single(prompt="A lamp", size="320x180")
        wait(lambda: not (owner.views.plan(plan).is_active or owner.views.single(single).is_active))
        render = owner.service.render_plan(plan, has_slates=True)
        wait(lambda: owner.views.render(render).status.is_over)
        view = owner.views.plan(plan)
        takes = owner.views.takes_of_plan(plan)
        with app.database.write() as session:
            for row in session.query(PlanRow):
                row.is_parked = True
            ids = Ids(
                project=project,
                plan=plan,
                scene=view.scenes[0].id,
                clips=tuple(clip.id for clip in view.clips),
                runs=tuple(takes[clip.id][-1].run_id for clip in view.clips),
                render=render,
                single=single,
                single_run=owner.views.single(single).run_id,
                asset=session.get_one(RunRow, takes[view.clips[0].id][-1].run_id).asset_id or "",
            )
    finally:
        app.stop()
    return House(postgres_url, name, folder, ids)


@pytest.fixture
def app(house: House, tmp_path: Path) -> Iterator[App]:
    """The house as it was, in a copy; what is asked for is written down and not made."""
    name = f"copy_{new_id().replace('-', '')}"
    with psycopg.connect(house.server, autocommit=True) as connection:
        copy = sql.SQL("create database {} template {}")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(house.name)))
    shutil.copytree(house.folder / "assets", tmp_path / "data" / "assets")
    url = f"{house.server.rsplit('/', 1)[0]}/{name}"
    settings = make_settings(
        tmp_path / "data", database_url=SecretStr(url), admins=("admin@example.com",), mock_defects="2.*=silence"
    )
    built = bootstrap.build(settings, is_durable=False)
    choices = built.service._choices
    built.service = Service(
        database=built.database, engine=cast(Engine, ParkedEngine()), choices=choices, store=built.store
    )
    yield built
    built.stop()


def everything(app: App) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that people can reach, as text."""
    with psycopg.connect(app.database.server_url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public' order by 1").fetchall()
        kept = [name for (name,) in tables if name != "executors"]
        return {
            name: sorted(
                connection.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(name))).fetchall()
            )
            for name in kept
        }


Command = Callable[[Service, Ids], object]
# name -> (who may at least, the command). ``anybody``: whoever is signed in; ``admin``: of the installation.
COMMANDS: dict[str, tuple[str, Command]] = {
    "open_film": (
        "anybody",
        lambda s, i: s.open_film(script=SCRIPT, brief=ContentBrief(tone="calm"), settings=SMALL, name="", is_new=False),
    ),
    "create_project": ("anybody", lambda s, i: s.create_project(name="Mine")),
    "make_sample_film": ("anybody", lambda s, i: s.make_sample_film()),
    "measure_script": ("anybody", lambda s, i: s.measure_script("One two", settings=SMALL)),
    "draft_plan": ("anybody", lambda s, i: s.draft_plan(SCRIPT, brief=ContentBrief(), settings=SMALL)),
    "sample_script": ("anybody", lambda s, i: s.sample_script()),
    "generate_single": ("anybody", lambda s, i: s.generate_single(prompt="Rain", request_key="same")),
    "optimize_prompt": ("anybody", lambda s, i: s.optimize_prompt("Rain")),
    "take_up_invitations": ("anybody", lambda s, i: s.take_up_invitations()),
    "duplicate_project": ("viewer", lambda s, i: s.duplicate_project(i.project)),
    "approve_take": ("reviewer", lambda s, i: s.approve_take(i.runs[1], reason="Good enough")),
    "reject_take": ("reviewer", lambda s, i: s.reject_take(i.runs[0], reason="Too dark")),
    "take_back_decision": ("reviewer", lambda s, i: _decide_and_take_back(s, i)),
    "override_check": (
        "reviewer",
        lambda s, i: s.override_check(
            i.runs[1], check=CheckName.TRANSCRIPT_MATCH, status=CheckStatus.PASS, reason="I hear it"
        ),
    ),
    "rate_render": ("reviewer", lambda s, i: s.rate_render(i.render, 4)),
    "reorder_clips": ("reviewer", lambda s, i: s.reorder_clips(i.plan, i.clips[::-1])),
    "arrange_clips": ("reviewer", lambda s, i: _arrange(s, i)),
    "undo": ("reviewer", lambda s, i: _undo(s, i)),
    "redo": ("reviewer", lambda s, i: _undo(s, i, is_again=True)),
    "update_project": ("creator", lambda s, i: s.update_project(i.project, name="Bell")),
    "save_draft": ("creator", lambda s, i: s.save_draft(i.project, brief=ContentBrief(tone="loud"), script="New")),
    "create_brief": ("creator", lambda s, i: s.create_brief(i.project, ContentBrief(tone="loud"))),
    "create_plan": ("creator", lambda s, i: s.create_plan(i.project, script="Other words.", brief=ContentBrief())),
    "start_plan": ("creator", lambda s, i: s.start_plan(i.plan)),
    "pause_plan": ("creator", lambda s, i: _at_work(s, i, s.pause_plan)),
    "cancel_plan": ("creator", lambda s, i: _at_work(s, i, s.cancel_plan)),
    "raise_budget": ("creator", lambda s, i: s.raise_budget(i.plan, budget_usd=5.0)),
    "retry_failed": ("creator", lambda s, i: s.retry_failed(i.plan)),
    "retry_clip": ("creator", lambda s, i: s.retry_clip(i.clips[1], is_afresh=True)),
    "render_plan": ("creator", lambda s, i: s.render_plan(i.plan, transition=CROSSFADE, has_slates=True)),
    "make_animatic": ("creator", lambda s, i: s.make_animatic(i.plan)),
    "assess_clip": ("creator", lambda s, i: s.assess_clip(i.clips[0])),
    "retime_take": ("creator", lambda s, i: s.retime_take(i.runs[0], 0.0, 1.0)),
    "set_policy": ("creator", lambda s, i: s.set_policy(i.project, AssessmentPolicy(narrow_margin=0.1))),
    "adopt_generation": ("creator", lambda s, i: s.adopt_generation(i.runs[1], generation_id="gen-1")),
    "edit_clip": ("creator", lambda s, i: s.edit_clip(i.clips[1], visual_intent="A boat")),
    "choose_maker": ("creator", lambda s, i: s.choose_maker(i.clips[1:2], provider="mock")),
    "set_transition": ("creator", lambda s, i: s.set_transition(i.clips[0], CROSSFADE)),
    "set_transitions": ("creator", lambda s, i: s.set_transitions(i.clips[:2], CROSSFADE)),
    "set_plan_transition": ("creator", lambda s, i: s.set_plan_transition(i.plan, CROSSFADE)),
    "rename_scene": ("creator", lambda s, i: s.rename_scene(i.scene, "Dawn")),
    "add_scene": ("creator", lambda s, i: s.add_scene(i.plan, "Night")),
    "split_clip": ("creator", lambda s, i: s.split_clip(i.clips[1], 2)),
    "merge_clips": ("creator", lambda s, i: s.merge_clips(i.plan, i.clips[:2])),
    "remove_clips": ("creator", lambda s, i: s.remove_clips(i.clips[:1])),
    "duplicate_clip": ("creator", lambda s, i: s.duplicate_clip(i.clips[0])),
    "add_to_storyboard": ("creator", lambda s, i: s.add_to_storyboard(i.runs[0], i.project)),
    "add_picture": ("creator", lambda s, i: s.add_picture(i.project, a_picture("red"), filename="lamp.png")),
    "picture_from_take": ("creator", lambda s, i: s.picture_from_take(i.runs[0])),
    "set_clip_reference": ("creator", lambda s, i: s.set_clip_reference(i.clips[1], "")),
    "remix_take": ("creator", lambda s, i: s.remix_take(i.runs[0], prompt="The same by night")),
    "archive_project": ("creator", lambda s, i: s.archive_project(i.project, is_archived=True)),
    "delete_single": ("owner alone", lambda s, i: s.delete_single(i.single)),
    "restore_single": ("owner alone", lambda s, i: s.restore_single(i.single)),
    "prefer": ("owner alone", lambda s, i: s.prefer(i.single_run, i.single_run, is_blind=True)),
    "delete_project": ("owner", lambda s, i: s.delete_project(i.project)),
    "restore_project": ("owner", lambda s, i: s.restore_project(i.project)),
    "erase_project": ("owner", lambda s, i: _erase(s, i)),
    "invite": ("owner", lambda s, i: s.invite(i.project, "new@example.com", "viewer")),
    "change_role": ("owner", lambda s, i: s.change_role(i.project, "viewer@example.com", "creator")),
    "remove_member": ("owner", lambda s, i: s.remove_member(i.project, "viewer@example.com")),
    "leave": ("viewer", lambda s, i: s.leave(i.project)),
    "save_workspace": ("admin", lambda s, i: s.save_workspace(WorkspaceSettings(budget_usd=3.0))),
    "empty_cache": ("admin", lambda s, i: s.empty_cache()),
    "hand_over": ("admin", lambda s, i: s.hand_over(new_id())),
    "survey_store": ("admin", lambda s, i: s.survey_store()),
    "find_orphans": ("admin", lambda s, i: s.find_orphans()),
    "sweep": ("admin", lambda s, i: s.sweep()),
    "test_provider": ("admin", lambda s, i: s.test_provider("mock")),
}
# What stands in the way of a command for those who may give it, too: they get that far.
IN_THE_WAY = {"adopt_generation", "prefer", "leave", "merge_clips"}


def _decide_and_take_back(service: Service, ids: Ids) -> None:
    service.reject_take(ids.runs[0], reason="Too dark")
    service.take_back_decision(ids.runs[0])


def _undo(service: Service, ids: Ids, *, is_again: bool = False) -> None:
    service.reorder_clips(ids.plan, ids.clips[::-1])
    service.undo(ids.project)
    if is_again:
        service.redo(ids.project)


def _arrange(service: Service, ids: Ids) -> None:
    service.arrange_clips(ids.plan, [(ids.scene, ids.clips)])


def _at_work(service: Service, ids: Ids, command: Callable[[str], None]) -> None:
    service.retry_clip(ids.clips[1])
    command(ids.plan)


def _erase(service: Service, ids: Ids) -> None:
    service.delete_project(ids.project)
    service.erase_project(ids.project, name="Lamp")


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name))}


# They are how the others work: no commands of people.
INNER = {"for_user", "require_role", "require_admin", "recover"}


def test_no_command_is_missing_here_and_each_says_whom_it_is_for() -> None:
    assert public(Service) - INNER == set(COMMANDS)
    assert {name for name in COMMANDS if not hasattr(getattr(Service, name), "is_for")} == set()


def allowed(least: str) -> tuple[str, ...]:
    match least:
        case "anybody":
            return (*MEMBERS, "stranger")
        case "admin":
            return ("admin",)
        case "owner alone":
            return ("owner",)
        case _:
            return MEMBERS[: MEMBERS.index(least) + 1]


@pytest.mark.parametrize("name", COMMANDS)
def test_who_may_not_is_told_so_and_nothing_changes(app: App, house: House, name: str) -> None:
    least, command = COMMANDS[name]
    before = everything(app)
    for person in set(NAMES) - set(allowed(least)) - {"admin" if least == "anybody" else ""}:
        is_seen = person in MEMBERS and least != "owner alone"
        refusal = NotAllowed if is_seen or least == "admin" else NotFound
        with pytest.raises(refusal) as refused:
            command(app.for_user(PEOPLE[person]).service, house.ids)
        assert "Nothing was changed" in str(refused.value) or refusal is NotFound
        assert everything(app) == before, person


@pytest.mark.parametrize("name", COMMANDS)
def test_who_may_gets_it_done(app: App, house: House, name: str) -> None:
    least, command = COMMANDS[name]
    service = app.for_user(PEOPLE[allowed(least)[-1]]).service
    if name in IN_THE_WAY:
        try:
            command(service, house.ids)
        except (NotAllowed, NotFound) as error:
            raise AssertionError from error
        except OrchestratorError:
            return
        return
    command(service, house.ids)


@pytest.mark.parametrize("name", [name for name, (least, _) in COMMANDS.items() if least == "reviewer"])
def test_the_owner_may_do_what_reviewers_may(app: App, house: House, name: str) -> None:
    COMMANDS[name][1](app.for_user(PEOPLE["owner"]).service, house.ids)


def test_a_decision_of_a_reviewer_that_makes_the_film_whole_has_it_made(app: App, house: House) -> None:
    with app.database.write() as session:
        session.get_one(PlanRow, house.ids.plan).status = "incomplete"
    reviewer = app.for_user(PEOPLE["reviewer"])
    reviewer.service.approve_take(house.ids.runs[1], reason="Good enough")
    assert reviewer.views.plan(house.ids.plan).status == "running"
    assert reviewer.views.take(house.ids.runs[1]).decisions[-1].by == "reviewer@example.com"


def test_a_role_that_was_taken_away_counts_at_once(app: App, house: House) -> None:
    owner, creator = app.for_user(PEOPLE["owner"]), app.for_user(PEOPLE["creator"])
    owner.service.change_role(house.ids.project, "creator@example.com", "viewer")
    with pytest.raises(NotAllowed, match="You may look at this project"):
        creator.service.start_plan(house.ids.plan)
    owner.service.remove_member(house.ids.project, "creator@example.com")
    with pytest.raises(NotFound):
        creator.views.plan(house.ids.plan)


def test_what_is_made_is_its_maker_s_own(app: App, house: House) -> None:
    made = {}
    for person in ("owner", "stranger"):
        asked = app.for_user(PEOPLE[person])
        words = {"script": SCRIPT, "brief": ContentBrief(tone="warm"), "settings": SMALL, "name": "Own"}
        assert asked.service.open_film(**words, is_new=False)[1] == "new"  # type: ignore[arg-type]
        assert asked.service.open_film(**words, is_new=False)[1] == "resumed"  # type: ignore[arg-type]
        clip = asked.service.generate_single(prompt="Rain", request_key="the same key")
        assert asked.service.generate_single(prompt="Rain", request_key="the same key") == clip
        sample, picture = asked.service.make_sample_film(), asked.service.add_picture("", a_picture("blue"))
        assert asked.service.make_sample_film() == sample
        assert clip in {take.clip_id for take in asked.views.history()}
        made[person] = {clip, sample, picture}
    assert not made["owner"] & made["stranger"]
    copied = app.for_user(PEOPLE["viewer"]).service.duplicate_project(house.ids.project)
    assert app.for_user(PEOPLE["viewer"]).views.my_role(copied) == "owner"
    with pytest.raises(NotFound):
        app.for_user(PEOPLE["owner"]).views.project(copied)


# --- reads ---

Read = Callable[[Views, Ids], object]
# Of one thing: whoever sees its project has it, for others it is not there.
READS_OF_ONE: dict[str, Read] = {
    "animatic": lambda v, i: v.animatic(i.plan),
    "asset_file": lambda v, i: v.asset_file(i.asset),
    "asset_link": lambda v, i: v.asset_link(i.asset, is_download=False),
    "calibration": lambda v, i: v.calibration(i.project),
    "clip_plan_of": lambda v, i: v.clip_plan_of(i.clips[0]),
    "crafted_prompt": lambda v, i: v.crafted_prompt(i.clips[0]),
    "edit_history": lambda v, i: v.edit_history(i.project),
    "export": lambda v, i: v.export(i.plan, "srt"),
    "export_package": lambda v, i: v.export_package(i.plan, io.BytesIO()),
    "labels": lambda v, i: v.labels(i.project),
    "lately": lambda v, i: v.lately(v.plan, i.plan),
    "listed_project": lambda v, i: v.listed_project(i.project),
    "my_role": lambda v, i: v.my_role(i.project),
    "peaks": lambda v, i: v.peaks(i.asset, bins=10),
    "people": lambda v, i: v.people(i.project),
    "plan": lambda v, i: v.plan(i.plan),
    "policy": lambda v, i: v.policy(i.project),
    "project": lambda v, i: v.project(i.project),
    "render": lambda v, i: v.render(i.render),
    "renders": lambda v, i: v.renders(i.plan),
    "still": lambda v, i: v.still(i.asset, at_seconds=0.1, width=64),
    "take": lambda v, i: v.take(i.runs[0]),
    "take_price_usd": lambda v, i: v.take_price_usd(i.clips[0]),
    "takes": lambda v, i: v.takes(i.clips[0]),
    "takes_of_plan": lambda v, i: v.takes_of_plan(i.plan),
    "version": lambda v, i: v.version(i.project),
    "what_if": lambda v, i: v.what_if(i.project, AssessmentPolicy()),
}
# Of whatever there is: only what one sees.
READS_OF_ALL: dict[str, Read] = {
    "appearances": lambda v, i: v.appearances(i.project),
    "assessments": lambda v, i: v.assessments(),
    "at_work": lambda v, i: v.at_work(),
    "calls": lambda v, i: v.calls(),
    "can_remix": lambda v, i: v.can_remix(provider="mock", model=""),
    "compare_prompts": lambda v, i: v.compare_prompts("a", "b"),
    "deleted_singles": lambda v, i: v.deleted_singles([i.single]),
    "estimate": lambda v, i: v.estimate([4], settings=SMALL),
    "films": lambda v, i: v.films(),
    "history": lambda v, i: v.history(),
    "judged_projects": lambda v, i: v.judged_projects(),
    "last_decision": lambda v, i: v.last_decision(),
    "last_put_away": lambda v, i: v.last_put_away(),
    "ledger": lambda v, i: v.ledger(),
    "library": lambda v, i: v.library(),
    "line_fit": lambda v, i: v.line_fit(prompt="", line="One", durations_seconds=(4,)),
    "metrics": lambda v, i: v.metrics().satisfaction,
    "needs_you": lambda v, i: v.needs_you(),
    "picture_limits": lambda v, i: v.picture_limits(),
    "project_names": lambda v, i: v.project_names(),
    "projects": lambda v, i: v.projects(),
    "provider": lambda v, i: v.provider("mock"),
    "providers": lambda v, i: v.providers(),
    "rating": lambda v, i: v.rating(i.render),
    "review_queue": lambda v, i: v.review_queue(),
    "single_budget_left_usd": lambda v, i: v.single_budget_left_usd(),
    "spending": lambda v, i: v.spending(),
    "trends": lambda v, i: v.trends() and None,
    "under_way": lambda v, i: v.under_way(),
    "wait": lambda v, i: v.wait(provider="mock", model=""),
    "wishes": lambda v, i: v.wishes(),
    "workspace": lambda v, i: v.workspace(),
}
READS_OF_THE_OWNER: dict[str, Read] = {
    "single": lambda v, i: v.single(i.single),
    "wish": lambda v, i: v.wish(i.single),
}
READS_OF_ADMINS: dict[str, Read] = {"doctor": lambda v, i: v.doctor(), "storage": lambda v, i: v.storage()}


def test_no_read_is_missing_here() -> None:
    named = READS_OF_ONE | READS_OF_ALL | READS_OF_THE_OWNER | READS_OF_ADMINS
    assert public(Views) - INNER == set(named)


def test_everybody_reads_what_they_see_and_nothing_else(app: App, house: House) -> None:
    ids = house.ids
    hidden = [ids.project, ids.plan, ids.render, ids.single, ids.asset, *ids.clips, *ids.runs, "lamp is lit"]
    for person in NAMES:
        views = app.for_user(PEOPLE[person]).views
        for reads, is_theirs in (
            (READS_OF_ONE, person in MEMBERS),
            (READS_OF_THE_OWNER, person == "owner"),
            (READS_OF_ADMINS, person == "admin"),
        ):
            for name, read in reads.items():
                if is_theirs:
                    assert read(views, ids) is not None, name
                    continue
                with pytest.raises(NotAllowed if reads is READS_OF_ADMINS else NotFound):
                    print(person, name, read(views, ids))
        for name, read in READS_OF_ALL.items():
            said = repr(read(views, ids))
            known = hidden if person not in MEMBERS else [] if person == "owner" else [ids.single]
            assert not [secret for secret in known if secret in said], (person, name)
    assert app.for_user(PEOPLE["viewer"]).views.library().projects[0].shared_by == "owner@example.com"


def test_only_an_admin_asks_providers_and_looks_after_the_storage(app: App) -> None:
    admin, owner = app.for_user(PEOPLE["admin"]), app.for_user(PEOPLE["owner"])
    unsure = app.for_user(PEOPLE["admin"].model_copy(update={"is_email_verified": False}))
    for ask in (
        lambda of: of.check_provider("mock"),
        lambda of: of.check_providers(),
        lambda of: of.check_store(),
        lambda of: of.sweep(is_sure=False),
    ):
        ask(app), ask(admin)
        for other in (owner, unsure):
            with pytest.raises(NotAllowed, match="Only an admin"):
                ask(other)
