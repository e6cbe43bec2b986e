"""Pictures on their way: kept, chosen for each clip, sent with its takes, given up where they are refused."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from orchestrator.db.models import AssetRow, ProviderCallRow, RunRow
from orchestrator.errors import BadInput, Conflict, NotFound
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import PlanView
from providers.base import ContentRejected, CreateClipInput, Generation, ReferenceRules
from tests.fakes.swift import House, Obedient, open_house

COLOURS = {"red": (254, 0, 0), "green": (0, 128, 1), "blue": (0, 0, 254)}
SCRIPT = "# One\nMara: The lamp is lit before dawn.\n\n# Two\nJon: Somebody waits beside the water."


def a_picture(colour: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 300), colour).save(buffer, "PNG", **options)
    return buffer.getvalue()


class Painter(Obedient):
    """Takes pictures, and looks at each at once, as a provider does. ``refused`` are the colours it will not have."""

    def __init__(self, **facts: Any) -> None:
        super().__init__()
        facts = {"supports_reference": True, "reference": ReferenceRules(must_match_size=True), **facts}
        self.profile = self.profile.model_copy(update=facts)
        self.seen: list[tuple[str, str]] = []
        self.refused: set[str] = set()

    async def create_clip(self, request: CreateClipInput) -> Generation:
        colour = ""
        if request.reference_path:
            with Image.open(request.reference_path) as picture:
                assert picture.size == (320, 180)
                pixel = picture.convert("RGB").getpixel((160, 90))
            colour = min(COLOURS, key=lambda name: sum(abs(a - b) for a, b in zip(COLOURS[name], pixel, strict=True)))  # type: ignore[arg-type]
        self.seen.append((request.line.split()[0], colour))
        if colour in self.refused:
            raise ContentRejected
        return await super().create_clip(request)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, provider=Painter()) as house:
        yield house


def make_plan(house: House, brief: ContentBrief | None = None, **settings: Any) -> PlanView:
    service, wanted = house.app.service, ProjectSettings(provider="obedient", **settings)
    project_id = service.create_project(settings=wanted)
    return house.plan(service.create_plan(project_id, script=SCRIPT, brief=brief or ContentBrief()))


def painter(house: House) -> Painter:
    assert isinstance(house.provider, Painter)
    return house.provider


def keep_brief(house: House, plan: PlanView, brief: ContentBrief) -> None:
    house.app.service.save_draft(plan.project_id, brief=brief, script=SCRIPT)


def test_each_take_starts_from_the_picture_meant_for_its_clip(house: House) -> None:
    service, plan = house.app.service, make_plan(house)
    red, green, blue = (service.add_picture(plan.project_id, a_picture(colour)) for colour in COLOURS)
    people = (CharacterBible(name="Mara", picture=green), CharacterBible(name="Jon"))
    keep_brief(house, plan, ContentBrief(style=StyleBible(picture=red), characters=people))
    assert house.run(plan.id).status is PlanStatus.COMPLETED
    assert sorted(painter(house).seen) == [("Somebody", "red"), ("The", "green")]

    other = make_plan(house, ContentBrief(style=StyleBible(picture=red), characters=people))
    service.set_clip_reference(other.clips[0].id, blue)
    assert house.plan(other.id).clips[0].reference_url.endswith(blue)
    painter(house).seen.clear()
    house.run(other.id)
    assert sorted(painter(house).seen) == [("Somebody", "red"), ("The", "blue")]
    with house.app.database.read() as session:
        runs = {run.id: run for run in session.query(RunRow)}
        assert {run.reference_asset_id for run in runs.values()} == {red, green, blue}
        assert all(run.request["reference_path"] is None for run in runs.values()), "a path is no part of a request"
        assert len({call.request_hash for call in session.query(ProviderCallRow)}) == len(runs)


def test_what_is_sent_is_made_anew_where_the_data_now_lies(tmp_path: Path) -> None:
    with open_house(tmp_path, provider=Painter()) as house:
        plan = make_plan(house)
        picture = house.app.service.add_picture(plan.project_id, a_picture("blue"))
        keep_brief(house, plan, ContentBrief(style=StyleBible(picture=picture)))
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / "data").rename(moved / "data")
    with open_house(moved, provider=Painter()) as house:
        assert house.run(plan.id).status is PlanStatus.COMPLETED
        assert {colour for _, colour in painter(house).seen} == {"blue"}


def test_a_picture_of_the_canon_is_left_out_after_a_refusal_and_one_of_the_clip_is_not(house: House) -> None:
    service, plan = house.app.service, make_plan(house)
    red, blue = (service.add_picture(plan.project_id, a_picture(colour)) for colour in ("red", "blue"))
    keep_brief(house, plan, ContentBrief(style=StyleBible(picture=red)))
    service.set_clip_reference(plan.clips[1].id, blue)
    painter(house).refused = {"red", "blue"}
    ended = house.run(plan.id)
    assert [clip.status for clip in ended.clips] == ["passed", "failed"]
    assert [colour for line, colour in painter(house).seen if line == "The"] == ["red", ""]
    assert {colour for line, colour in painter(house).seen if line == "Somebody"} == {"blue"}


def test_a_model_that_needs_pictures_starts_when_every_clip_has_one(tmp_path: Path) -> None:
    with open_house(tmp_path, provider=Painter(needs_reference=True)) as house:
        service, plan = house.app.service, make_plan(house)
        with pytest.raises(BadInput, match="Every clip needs a picture"):
            service.start_plan(plan.id)
        green = service.add_picture(plan.project_id, a_picture("green"))
        service.set_clip_reference(plan.clips[0].id, green)
        with pytest.raises(BadInput, match="Clip 2 needs a picture"):
            service.start_plan(plan.id)
        assert not painter(house).seen and house.plan(plan.id).status is PlanStatus.PLANNED
        service.set_clip_reference(plan.clips[1].id, green)
        assert house.run(plan.id).status is PlanStatus.COMPLETED
        with pytest.raises(BadInput, match="needs a reference picture"):
            service.generate_single(prompt="A bay", provider="obedient")
        clip_id = service.generate_single(prompt="A bay", provider="obedient", reference=green)
        house.wait(house.app.views.single(clip_id).clip_plan_id)
        assert painter(house).seen[-1][1] == "green"


def test_a_provider_that_takes_none_is_sent_none(tmp_path: Path) -> None:
    with open_house(tmp_path, provider=Painter(supports_reference=False, reference=None)) as house:
        service, plan = house.app.service, make_plan(house)
        keep_brief(
            house,
            plan,
            ContentBrief(style=StyleBible(picture=service.add_picture(plan.project_id, a_picture("red")))),
        )
        assert house.run(plan.id).status is PlanStatus.COMPLETED
        assert {colour for _, colour in painter(house).seen} == {""}
        limits = house.app.views.picture_limits("obedient")
        assert not limits.is_taken and "makes no clips from a picture" in limits.note


def test_the_same_picture_is_kept_once_in_a_project(house: House) -> None:
    service, plan = house.app.service, make_plan(house)
    exif = Image.Exif()
    exif[0x010F] = "Phone"
    first = service.add_picture(plan.project_id, a_picture("red"), filename="a.png")
    assert service.add_picture(plan.project_id, a_picture("red", exif=exif), filename="b.png") == first
    single = service.add_picture("", a_picture("red"))
    assert single != first and service.add_picture("", a_picture("red")) == single
    file = house.app.views.asset_file(first)
    assert (file.mime, file.filename[-4:]) == ("image/jpeg", ".jpg") and file.path.read_bytes()[:2] == b"\xff\xd8"
    with pytest.raises(BadInput, match=r"“c\.svg” is an SVG"):
        service.add_picture(plan.project_id, b"<svg/>", filename="c.svg")
    with house.app.database.read() as session:
        assert session.query(AssetRow).count() == 2


def test_only_kept_pictures_can_be_named(house: House) -> None:
    service, plan = house.app.service, make_plan(house)
    house.run(plan.id)
    take = house.app.views.takes(plan.clips[0].id)[0].video_url.rpartition("/")[2]
    other = make_plan(house)
    for wrong in (take, "nothing", plan.id):
        with pytest.raises(NotFound):
            service.set_clip_reference(other.clips[0].id, wrong)
        with pytest.raises(NotFound):
            service.create_brief(plan.project_id, ContentBrief(style=StyleBible(picture=wrong)))
    picture = service.add_picture(plan.project_id, a_picture("red"))
    with pytest.raises(Conflict, match="accepted take"):
        service.set_clip_reference(plan.clips[0].id, picture)


def test_a_clips_picture_is_undone_and_done_again(house: House) -> None:
    service, plan = house.app.service, make_plan(house)
    picture = service.add_picture(plan.project_id, a_picture("red"))
    service.set_clip_reference(plan.clips[1].id, picture)
    assert "picture of clip 2" in service.undo(plan.project_id)
    assert house.plan(plan.id).clips[1].reference_url == ""
    service.redo(plan.project_id)
    assert house.plan(plan.id).clips[1].reference_url.endswith(picture)


def test_style_and_characters_count_for_takes_made_from_now_on_and_undo_brings_them_back(house: House) -> None:
    service, plan = house.app.service, make_plan(house, ContentBrief(tone="Calm", style=StyleBible(palette="Grey")))
    changed = ContentBrief(tone="Loud", style=StyleBible(palette="Amber"))
    service.save_draft(plan.project_id, brief=changed, script=SCRIPT, by="Ann")
    assert "amber" in house.app.views.crafted_prompt(plan.clips[0].id)
    assert house.app.views.project(plan.project_id).brief.tone == "Loud"
    assert house.app.views.project(plan.project_id).clip_plan_id == plan.id
    service.undo(plan.project_id)
    assert "grey" in house.app.views.crafted_prompt(plan.clips[0].id)
    assert house.app.views.project(plan.project_id).brief.tone == "Calm"


async def test_two_takes_that_start_from_different_pictures_need_not_look_alike(house: House, mp4: Path) -> None:
    service, both = house.app.service, SCRIPT.replace("\n\n# Two", "")
    project_id = service.create_project(settings=ProjectSettings(provider="obedient"))
    plan = house.plan(service.create_plan(project_id, script=both, brief=ContentBrief()))
    red, blue = (service.add_picture(project_id, a_picture(colour)) for colour in ("red", "blue"))
    for clip in plan.clips:
        service.set_clip_reference(clip.id, red)
    house.run(plan.id)
    first, second = (house.app.views.takes(clip.id)[0] for clip in plan.clips)
    assert first.reference_url.endswith(red)
    with house.app.database.read() as session:
        house.app.store.put_file(mp4, session.get_one(AssetRow, first.video_url.rpartition("/")[2]).storage_key)
    expectations = house.app.flows.takes.expectations
    (before,) = await expectations.neighbours(house.app.database, second.run_id)
    assert before.is_same_scene
    with house.app.database.write() as session:
        session.get_one(RunRow, second.run_id).reference_asset_id = blue
    (before,) = await expectations.neighbours(house.app.database, second.run_id)
    assert not before.is_same_scene


def test_who_is_in_which_clip_is_told(house: House) -> None:
    plan = make_plan(house, ContentBrief(characters=(CharacterBible(name="Jon"), CharacterBible(name="Mara"))))
    assert house.app.views.appearances(plan.project_id) == ((2,), (1,))
