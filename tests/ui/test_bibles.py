"""Style, characters and pictures on the storyboard: kept as they are typed, recognised, taken out and brought back."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from orchestrator.bootstrap import App
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from pages.components.storyboard.bibles import LINES_MAX, lines_of
from pages.components.storyboard.cast_moves import moved
from tests.ui.conftest import OpenPage, field, fill, press, submit, words

SCRIPT = "# One\n\nMARA: The lamp is lit before dawn."
CAST = (CharacterBible(name="Mara", appearance="Grey hair"), CharacterBible(name="Jon"))
BRIEF = ContentBrief(tone="calm", style=StyleBible(palette="Grey"), characters=CAST)


@pytest.fixture
def project_id(app: App) -> str:
    project_id = app.service.create_project(name="Lamp", settings=ProjectSettings(size="320x180"))
    app.service.create_plan(project_id, script=SCRIPT, brief=BRIEF)
    return project_id


@pytest.fixture
def page(project_id: str, open_page: OpenPage) -> AppTest:
    return open_page(project=project_id, step="bibles")


def a_file(kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (160, 90), "teal").save(buffer, kind)
    return buffer.getvalue()


def kept(app: App, project_id: str) -> ContentBrief:
    return app.views.project(project_id).brief


def test_what_is_typed_is_kept_and_nothing_else_changes(app: App, project_id: str, page: AppTest) -> None:
    app.service.save_draft(project_id, brief=BRIEF.model_copy(update={"tone": "loud"}), script=SCRIPT)
    page = fill(page, "Palette", "  Slate blue ")
    page = fill(page, "Rules, one a line", "Lamp is lit\n\n  No cars ")
    fill(page, "Looks", "Short grey hair")
    brief = kept(app, project_id)
    assert (brief.style.palette, brief.style.rules) == ("Slate blue", ("Lamp is lit", "No cars"))
    assert brief.characters == (CAST[0].model_copy(update={"appearance": "Short grey hair"}), CAST[1])
    assert brief.tone == "loud" and app.views.project(project_id).script == SCRIPT


def test_fields_show_what_was_changed_elsewhere(app: App, project_id: str, page: AppTest) -> None:
    page = fill(page, "Palette", "Slate")
    app.service.save_draft(project_id, brief=BRIEF, script=SCRIPT)
    assert field(page.run(), "Palette").value == "Grey"  # type: ignore[attr-defined]


def test_a_character_is_added_by_name_and_only_by_one(app: App, project_id: str, page: AppTest) -> None:
    page = submit(page, "Add character", Name_of_a_new_character="   ")
    assert "Give them a name first" in words(page)
    page = submit(page, "Add character", Name_of_a_new_character=" *Ada* <b> ")
    assert [c.name for c in kept(app, project_id).characters] == ["Mara", "Jon", "*Ada* <b>"]
    assert any(r"\*Ada\*" in item.label for item in page.expander)


def test_a_name_that_is_emptied_stays(app: App, project_id: str, page: AppTest) -> None:
    def name(page: AppTest) -> Any:
        return next(item for item in page.text_input if item.value == "Mara")

    page = name(page).set_value("").run()
    assert kept(app, project_id).characters == CAST
    page = name(page).set_value("Maria").run()
    assert kept(app, project_id).characters[0].name == "Maria"


def test_where_somebody_is_recognised_stands_with_the_name(page: AppTest) -> None:
    assert [item.label for item in page.expander if "**" in item.label] == ["**Mara** · in clip 1", "**Jon**"]
    assert "where their name stands" in words(page)


def test_one_who_was_removed_comes_back_where_they_were(app: App, project_id: str, page: AppTest) -> None:
    page = press(page, "Remove")
    assert [c.name for c in kept(app, project_id).characters] == ["Jon"]
    assert "Removed **Mara**" in words(page)
    back = [item for item in page.button if item.key and item.key.endswith("bring-back")]
    page = back[0].click().run()
    assert kept(app, project_id).characters == CAST
    assert "Removed" not in words(page)


def test_the_order_is_changed(app: App, project_id: str, page: AppTest) -> None:
    press(page, "Move down")
    assert [c.name for c in kept(app, project_id).characters] == ["Jon", "Mara"]
    assert moved("abc", 2, -1) == ("a", "c", "b")  # type: ignore[arg-type, comparison-overlap]


def test_a_picture_is_kept_once_shown_and_removed(app: App, project_id: str, page: AppTest) -> None:
    uploader = next(item for item in page.file_uploader if item.label == "Picture of Mara")
    page = uploader.upload("mara.png", a_file(), "image/png").run()
    asset_id = kept(app, project_id).characters[0].picture
    assert asset_id and kept(app, project_id).style.picture == ""
    page = page.run()
    assert kept(app, project_id).characters[0].picture == asset_id
    assert "lets the clip start from this picture" in words(page)
    press(page, "Remove picture")
    assert kept(app, project_id).characters[0].picture == ""
    assert app.views.asset_file(asset_id).mime == "image/jpeg"


def test_a_file_that_is_no_picture_is_refused_in_words_and_another_may_follow(
    app: App, project_id: str, page: AppTest
) -> None:
    def choose(name: str, content: bytes) -> AppTest:
        uploader = next(item for item in page.file_uploader if item.label == "Picture of the style")
        return uploader.upload(name, content, "image/png").run()

    page = choose("a.png", b"<svg/>")
    assert "“a.png” is an SVG drawing" in words(page) and "Export it as PNG" in words(page)
    assert kept(app, project_id).style.picture == ""
    page = choose("b.png", a_file())
    assert "SVG" not in words(page) and kept(app, project_id).style.picture


def test_a_list_holds_no_more_than_a_style_does() -> None:
    assert lines_of("a\n \n b \0\n") == ("a", "b")
    assert len(lines_of("x\n" * 50)) == LINES_MAX
