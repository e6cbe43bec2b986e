"""Projects found, put away, taken back, copied and deleted for good; films rated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from orchestrator.bootstrap import App
from orchestrator.db.models import AssetRow, Base, ClipRow, PlanRow, ProjectRow
from orchestrator.errors import BadInput, Conflict, NotFound
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.library import ProjectState
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PlanStatus
from orchestrator.schema.timeline import TransitionKind
from tests.fakes.parked import parked_app
from tests.unit.rows import add_clip, add_film, add_project

NOW = datetime.now(UTC)
SMALL = ProjectSettings(size="320x180")
SCRIPT = "# One\n\nThe lamp is lit before dawn.\n\n# Two\n\nSomebody waits beside the water."
BRIEF = ContentBrief(tone="calm", characters=(CharacterBible(name="Mia"),))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = parked_app(tmp_path)
    yield app
    app.stop()


def planned(app: App, name: str = "Lamp") -> tuple[str, str]:
    """(project id, plan id) of a project with a plan that is not started."""
    project_id = app.service.create_project(name=name, settings=SMALL)
    return project_id, app.service.create_plan(project_id, script=SCRIPT, brief=BRIEF)


def names(app: App, **asked: object) -> list[str]:
    return [project.name for project in app.views.library(**asked).projects]  # type: ignore[arg-type]


# --- finding ---


def test_projects_are_found_by_any_part_of_their_name_in_any_case(app: App) -> None:
    for name in ("Harbour at dawn", "HARBOUR", "Über uns", "100 % wool", "Lamp"):
        app.service.create_project(name=name)
    assert set(names(app, search="harb")) == {"Harbour at dawn", "HARBOUR"}
    assert names(app, search="über") == ["Über uns"]
    assert names(app, search="0 % w") == ["100 % wool"]
    assert names(app, search="_") == names(app, search="' or 1=1 --") == []


def test_pages_hold_every_project_once_and_the_last_changed_comes_first(app: App) -> None:
    for number in range(7):
        add_project(app.database, NOW - timedelta(hours=number), name=f"Film {number}")
    found = [app.views.library(limit=3)]
    while found[-1].next:
        found.append(app.views.library(limit=3, after=found[-1].next))
    assert [project.name for page in found for project in page.projects] == [f"Film {number}" for number in range(7)]
    assert {page.total for page in found} == {7}
    assert [item.name for item in app.views.project_names(limit=2)] == ["Film 0", "Film 1"]
    assert [item.name for item in app.views.projects(limit=2)] == ["Film 0", "Film 1"]


def test_a_listed_project_says_how_its_newest_plan_stands(app: App) -> None:
    project_id = add_project(app.database, NOW, status="incomplete")
    add_clip(app.database, project_id, NOW)
    add_clip(app.database, project_id, NOW, takes=("fail", "fail"), status="failed")
    add_clip(app.database, project_id, NOW, takes=("needs_review",), status="needs_review")
    found = app.views.listed_project(project_id)
    assert (found.clips_total, found.clips_passed, found.clips_failed, found.needs_review) == (3, 1, 1, 1)
    assert found.cost_usd == pytest.approx(4)
    assert found.plan_status is PlanStatus.INCOMPLETE
    assert app.views.at_work().waiting == 2, "one to decide on, one that was given up on"


def test_a_list_takes_as_many_statements_for_many_projects_as_for_one(app: App) -> None:
    counted: list[str] = []
    event.listen(app.database.engine, "before_cursor_execute", lambda *given: counted.append(given[2]))

    def ask() -> int:
        counted.clear()
        app.views.library()
        app.views.films()
        app.views.at_work()
        return len(counted)

    asked: list[int] = []
    for number in range(2):
        project_id = add_project(app.database, NOW, name=f"Film {number}")
        add_clip(app.database, project_id, NOW)
        add_film(app.database, project_id, NOW)
        asked.append(ask())
    assert asked[0] == asked[1]


# --- putting away ---


def test_an_archived_project_is_out_of_sight_until_it_is_taken_out_or_worked_on(app: App) -> None:
    project_id, plan_id = planned(app)
    app.service.archive_project(project_id, True)
    assert (names(app), names(app, state="archived")) == ([], ["Lamp"])
    last = app.views.last_put_away()
    assert last is not None
    assert (last.project_id, last.state) == (project_id, ProjectState.ARCHIVED)
    app.service.archive_project(project_id, False)
    assert names(app) == ["Lamp"]
    app.service.archive_project(project_id, True)
    app.service.start_plan(plan_id)
    assert names(app) == ["Lamp"]
    with pytest.raises(Conflict, match="still being made"):
        app.service.archive_project(project_id, True)


def test_deleting_cancels_what_runs_and_undo_brings_everything_back(app: App) -> None:
    project_id, plan_id = planned(app)
    app.service.start_plan(plan_id)
    with app.database.write() as session:
        clip = session.scalars(select(ClipRow).where(ClipRow.clip_plan_id == plan_id)).first()
        assert clip is not None
        clip.status = ClipStatus.GENERATING
    for _ in range(2):  # the same click twice
        app.service.delete_project(project_id)
    assert app.views.plan(plan_id).status is PlanStatus.CANCELLED
    assert app.views.project(project_id).is_deleted
    last = app.views.last_put_away()
    assert last is not None
    assert (last.state, last.clips_under_way) == (ProjectState.DELETED, 1)
    with pytest.raises(Conflict, match="was deleted"):
        app.service.start_plan(plan_id)
    app.service.restore_project(project_id)
    assert names(app) == ["Lamp"]
    assert app.views.last_put_away() is None
    app.service.start_plan(plan_id)
    assert app.views.plan(plan_id).status is PlanStatus.RUNNING


def test_only_an_idle_project_in_the_bin_is_deleted_for_good_and_only_by_its_name(app: App, tmp_path: Path) -> None:
    kept, _ = planned(app, "Kept")
    project_id = add_project(app.database, NOW, name="Gone")
    add_clip(app.database, project_id, NOW)
    film = add_film(app.database, project_id, NOW)
    app.service.rate_render(film, 4)
    key = f"{project_id}/film.mp4"
    (tmp_path / "film.mp4").write_bytes(b"film")
    app.store.put_file(tmp_path / "film.mp4", key)
    with app.database.write() as session:
        session.scalars(select(AssetRow).where(AssetRow.project_id == project_id)).one().storage_key = key
    with pytest.raises(Conflict, match="in the bin"):
        app.service.erase_project(project_id, name="Gone")
    app.service.delete_project(project_id)
    with pytest.raises(BadInput, match="not the name"):
        app.service.erase_project(project_id, name="gone")
    with app.database.write() as session:
        session.scalars(select(PlanRow).where(PlanRow.project_id == project_id)).one().is_parked = False
    with pytest.raises(Conflict, match="still being finished"):
        app.service.erase_project(project_id, name="Gone")
    assert app.store.local_path(key).is_file()
    with app.database.write() as session:
        session.scalars(select(PlanRow).where(PlanRow.project_id == project_id)).one().is_parked = True
    app.service.erase_project(project_id, name=" Gone ")
    with pytest.raises(NotFound):
        app.store.local_path(key)
    with pytest.raises(NotFound):
        app.views.project(project_id)
    with app.database.read() as session:
        left = {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
            if {"project_id", "clip_plan_id", "clip_id", "clip_run_id", "final_render_id"} & set(table.c.keys())
        }
        assert session.scalars(select(ProjectRow.id)).all() == [kept]
    assert {name for name, number in left.items() if number} <= {
        *("style_bibles", "content_briefs", "character_bibles", "scripts", "clip_plans", "scenes", "clip_plan_clips"),
        "edits",
    }


def test_the_project_of_the_single_clips_cannot_be_put_away(app: App) -> None:
    app.service.generate_single(prompt="A lamp is lit", size="320x180", seconds=4)
    with app.database.read() as session:
        single = session.scalars(select(ProjectRow.id).where(ProjectRow.kind == "single")).one()
    for command in (app.service.delete_project, app.service.duplicate_project):
        with pytest.raises(Conflict, match="Single clips"):
            command(single)
    with pytest.raises(NotFound):
        app.service.delete_project("../../etc/passwd")


# --- copying ---


def test_a_copy_has_all_the_words_and_pictures_and_no_takes(app: App, tmp_path: Path) -> None:
    project_id, plan_id = planned(app)
    picture = tmp_path / "mia.jpg"
    picture.write_bytes(b"picture")
    app.store.put_file(picture, f"{project_id}/mia.jpg")
    with app.database.write() as session:
        asset = AssetRow(
            project_id=project_id,
            kind="reference",
            storage_key=f"{project_id}/mia.jpg",
            sha256="0" * 64,
            size_bytes=7,
            mime="image/jpeg",
        )
        session.add(asset)
        session.flush()
        clips = session.scalars(select(ClipRow).where(ClipRow.clip_plan_id == plan_id).order_by(ClipRow.position)).all()
        clips[0].reference_asset_id, clips[1].prompt, clips[1].removed_at = asset.id, "Mine", None
        clips[0].order_key, clips[1].order_key = 2, 1
    add_clip(app.database, project_id, NOW, takes=("pass",))
    copy_id = app.service.duplicate_project(project_id)
    second = app.service.duplicate_project(project_id)
    assert [app.views.project(one).name for one in (copy_id, second)] == ["Lamp (copy)", "Lamp (copy 2)"]
    original, copy = app.views.project(project_id), app.views.project(copy_id)
    assert (copy.brief, copy.script, copy.settings) == (original.brief, original.script, original.settings)
    plan, copied = app.views.plan(original.clip_plan_id), app.views.plan(copy.clip_plan_id)
    assert [clip.text for clip in copied.clips] == [clip.text for clip in plan.clips]
    assert copied.clips[0].own_prompt == "Mine"
    assert {clip.status for clip in copied.clips} == {ClipStatus.PENDING}
    assert copied.status is PlanStatus.PLANNED
    assert (copied.cost_usd, copied.creates) == (0, 0)
    app.service.delete_project(project_id)
    app.service.erase_project(project_id, name="Lamp")
    with app.database.read() as session:
        kept = session.scalars(select(AssetRow).where(AssetRow.project_id == copy_id)).one()
        pointed = session.scalars(select(ClipRow.reference_asset_id).where(ClipRow.reference_asset_id == kept.id)).all()
    assert len(pointed) == 1
    assert app.store.local_path(kept.storage_key).read_bytes() == b"picture"


# --- films ---


def test_films_are_listed_with_their_facts_until_their_project_is_deleted(app: App) -> None:
    project_id = add_project(app.database, NOW)
    clip = {"source": "a", "frames": 60}
    timeline = {"fps": 30, "width": 320, "height": 180, "clips": [clip, clip, clip], "overlap_frames": [0, 6]}
    timeline["transitions"] = [{"kind": "cut", "seconds": 0}, {"kind": "crossfade", "seconds": 0.2}]
    add_film(app.database, project_id, NOW - timedelta(hours=2))
    add_film(app.database, project_id, NOW, timeline=timeline, loudness_lufs=-14.2)
    add_film(app.database, project_id, NOW - timedelta(hours=1), missing_clips=1)
    add_film(app.database, project_id, NOW, status="failed")
    found = app.views.films()
    assert found.total == 3
    newest, partial, older = found.films
    assert (newest.loudness_lufs, newest.clips, newest.size_bytes) == (-14.2, 3, 2_500_000)
    assert newest.joints == {TransitionKind.CUT: 1, TransitionKind.CROSSFADE: 1}
    assert (newest.is_newest, partial.is_newest, partial.is_partial, older.is_newest) == (True, True, True, False)
    app.service.delete_project(project_id)
    assert app.views.films().total == 0


def test_each_person_rates_a_film_once_and_may_change_it(app: App) -> None:
    project_id = add_project(app.database, NOW)
    film = add_film(app.database, project_id, NOW)
    app.service.rate_render(film, 2, "Too\x00 dark")
    app.service.rate_render(film, 5, "Better", by="Ann")
    app.service.rate_render(film, 4)
    mine, hers = app.views.rating(film), app.views.rating(film, by=" Ann ")
    assert mine is not None
    assert hers is not None
    assert ((mine.stars, mine.comment), (hers.stars, hers.comment)) == ((4, ""), (5, "Better"))
    (listed,) = app.views.films().films
    assert (listed.stars, listed.ratings) == (4.5, 2)
    with pytest.raises(BadInput):
        app.service.rate_render(film, 6)
    unfinished = add_film(app.database, project_id, NOW, status="rendering")
    with pytest.raises(Conflict):
        app.service.rate_render(unfinished, 3)
