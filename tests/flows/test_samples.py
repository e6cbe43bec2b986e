"""The sample film: one click is one film, and one of its takes goes wrong on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.db.models import ProjectRow, RunRow, utc_now
from orchestrator.db.records import fetch
from orchestrator.db.session import migrate_database
from orchestrator.director import create_clip_plan
from orchestrator.samples import read_sample
from orchestrator.schema.clip_plan import PlanConstraints
from orchestrator.schema.status import PlanStatus
from providers.mock import Defect, MockProvider
from providers.mock.provider import MockJob
from tests.fakes.postgres import create_database
from tests.fakes.swift import House, Obedient, open_house
from tests.flows.test_control import twice


def local_provider() -> Obedient:
    local = Obedient(name="mock")
    free = {"is_free": True, "is_local": True, "cost_usd_per_second": {"one": 0.0}}
    local.profile = local.profile.model_copy(update=free)
    return local


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The free provider makes clips in no time, and another one is what films are usually made with."""
    with open_house(tmp_path, provider=local_provider(), video_provider="sora") as house:
        yield house


def test_the_sample_film_is_begun_at_once_and_made_for_nothing_when_asked_for(house: House) -> None:
    project_id = house.app.service.make_sample_film()
    plan_id = house.app.views.project(project_id).clip_plan_id
    plan = house.wait(plan_id, lambda view: view.status is PlanStatus.COMPLETED)
    assert plan.cost_usd == 0.0
    assert len(plan.clips) == 5
    assert {clip.seconds for clip in plan.clips} == {4}
    labels = {made.request.labels.get("rehearsal") for made in house.provider.made.values()}
    assert labels == {"2=wrong_words"}


def test_two_clicks_are_one_film_when_they_come_at_the_same_moment(house: House) -> None:
    first, second = twice(house.app.service.make_sample_film)
    assert first == second
    assert [p.id for p in house.app.views.projects()] == [first]
    assert house.app.service.make_sample_film() == first


def test_two_clicks_are_one_film_on_a_server_too(tmp_path: Path, postgres_url: str) -> None:
    url = create_database(postgres_url, "samples")
    migrate_database(url, data_dir=tmp_path)
    with open_house(tmp_path, provider=local_provider(), database_url=url) as house:
        first, second = twice(house.app.service.make_sample_film)
        assert first == second
        assert [p.id for p in house.app.views.projects()] == [first]


def test_another_one_is_made_when_the_first_was_deleted(house: House) -> None:
    first = house.app.service.make_sample_film()
    with house.app.database.write() as session:
        fetch(session, ProjectRow, first).deleted_at = utc_now()
    assert house.app.service.make_sample_film() != first


def test_other_films_hand_on_no_rehearsal(house: House) -> None:
    plan_id = house.make_plan()
    house.app.service.start_plan(plan_id)
    house.wait(plan_id, lambda view: view.status is PlanStatus.COMPLETED)
    with house.app.database.read() as session:
        runs = session.query(RunRow).all()
        assert runs and all("rehearsal" not in run.request["labels"] for run in runs)


async def test_the_mock_heeds_the_rehearsal_of_a_film_before_its_own_script(tmp_path: Path) -> None:
    from tests.unit.test_mock_provider import a_request

    provider = MockProvider(root=tmp_path, delay_seconds=60, defects="*=blur")
    found: dict[tuple[int, int], Defect | None] = {}
    for position, attempt in ((1, 1), (2, 1), (2, 2)):
        request = a_request(position)
        labels = {**request.labels, "attempt": str(attempt), "rehearsal": "2=wrong_words"}
        made = await provider.create_clip(request.model_copy(update={"labels": labels}))
        job = MockJob.model_validate_json((tmp_path / "generations" / f"{made.id}.json").read_bytes())
        found[position, attempt] = job.order.defect
    await provider.aclose()
    assert found == {(1, 1): Defect.BLUR, (2, 1): Defect.WRONG_WORDS, (2, 2): None}


def test_the_script_is_one_character_in_two_scenes_that_can_be_spoken() -> None:
    script, brief = read_sample()
    plan = create_clip_plan(script, brief=brief, constraints=PlanConstraints(durations_seconds=(4,)))
    assert [len(scene.clips) for scene in plan.scenes] == [2, 3]
    assert {clip.speaker for clip in plan.clips} == {brief.characters[0].name} == {"Mara"}
