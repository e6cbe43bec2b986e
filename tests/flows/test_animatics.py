"""Free previews: drawn for what has no accepted take, again for what was changed, and by nobody who is paid."""

from __future__ import annotations

import asyncio
import io
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from orchestrator.animatics import small_size
from orchestrator.bootstrap import App, build
from orchestrator.db.models import PlanRow
from orchestrator.db.records import fetch
from orchestrator.errors import NotConfigured
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.view import PlanView
from providers.base import CreateClipInput, Unavailable
from providers.mock import MockProvider
from tests.conftest import make_settings
from tests.fakes.swift import LINES, Obedient

SCRIPT = "\n\n".join(f"# Scene {n}\n\n{line}" for n, line in enumerate(LINES, start=1))


class Sketcher(MockProvider):
    """Draws at once, the same for all, when ``is_open``; remembers what it was asked to draw, and the sizes of the
    pictures it was ``shown``. Lines with a word of ``refused`` it cannot."""

    def __init__(self, root: Path, clip: Path) -> None:
        super().__init__(root=root)
        self._sketch = clip
        self.is_open = threading.Event()
        self.is_open.set()
        self.asked: list[CreateClipInput] = []
        self.refused: set[str] = set()
        self.shown: list[str] = []

    async def animate(self, request: CreateClipInput, destination: Path) -> None:
        self.asked.append(request)
        while not self.is_open.is_set():  # noqa: ASYNC110 - opened by another thread
            await asyncio.sleep(0.01)
        if any(word in request.line for word in self.refused):
            raise Unavailable("It has no ink.")
        if request.reference_path:
            with Image.open(request.reference_path) as picture:
                self.shown.append("{}x{}".format(*picture.size))
        shutil.copyfile(self._sketch, destination)


@contextmanager
def opened(folder: Path, sketcher: Sketcher) -> Iterator[App]:
    app = build(make_settings(folder / "data"), is_durable=False, adapters={"mock": sketcher})
    app.start()
    try:
        yield app
    finally:
        app.stop()


@pytest.fixture
def sketcher(tmp_path: Path, mp4: Path) -> Sketcher:
    return Sketcher(tmp_path / "mock", mp4)


@pytest.fixture
def app(tmp_path: Path, sketcher: Sketcher) -> Iterator[App]:
    with opened(tmp_path, sketcher) as app:
        yield app


def make_plan(app: App, *, size: str = "1280x720") -> str:
    project_id = app.service.create_project(settings=ProjectSettings(size=size))
    return app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief())


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def draw(app: App, plan_id: str) -> PlanView:
    app.service.make_animatic(plan_id)
    wait_until(lambda: not app.views.animatic(plan_id).is_active)
    return app.views.plan(plan_id)


def test_every_clip_gets_a_small_preview_of_its_own_when_asked_for(app: App, sketcher: Sketcher) -> None:
    plan_id = make_plan(app)
    assert app.views.animatic(plan_id).total == 3
    plan = draw(app, plan_id)
    assert len({clip.animatic_url for clip in plan.clips} - {""}) == 3
    assert {(r.size, r.line, r.seconds) for r in sketcher.asked} == {("480x270", c.text, c.seconds) for c in plan.clips}
    assert len({r.labels["scene"] for r in sketcher.asked}) == 3
    file = app.views.asset_file(plan.clips[0].animatic_url.rpartition("/")[2])
    assert (file.mime, file.path.read_bytes()) == ("video/mp4", sketcher._sketch.read_bytes())


def test_previews_cost_nothing_and_leave_the_plan_as_it_is_when_drawn(app: App) -> None:
    plan_id = make_plan(app)
    before = app.views.plan(plan_id)
    after = draw(app, plan_id)
    assert (after.creates, after.cost_usd, after.status, after.is_active) == (0, 0.0, before.status, False)
    assert app.views.calls() == ()
    assert [clip.attempts for clip in after.clips] == [0, 0, 0]


def test_only_changed_clips_are_drawn_again_and_a_change_taken_back_is_found(app: App, sketcher: Sketcher) -> None:
    plan_id = make_plan(app)
    first = draw(app, plan_id)
    sketcher.asked.clear()
    assert draw(app, plan_id) == first and not sketcher.asked
    clip = first.clips[1]
    app.service.edit_clip(clip.id, text="Nobody waits here any more.")
    assert app.views.animatic(plan_id).done == 2
    changed = draw(app, plan_id)
    assert [r.line for r in sketcher.asked] == ["Nobody waits here any more."]
    assert changed.clips[1].animatic_url != clip.animatic_url
    app.service.edit_clip(clip.id, text=clip.text, seconds=clip.seconds)
    assert draw(app, plan_id).clips[1].animatic_url == clip.animatic_url
    assert len(sketcher.asked) == 1


def test_the_newest_words_are_shown_when_a_clip_changes_twice_while_it_is_drawn(app: App, sketcher: Sketcher) -> None:
    plan_id = make_plan(app)
    sketcher.is_open.clear()
    app.service.make_animatic(plan_id)
    wait_until(lambda: len(sketcher.asked) == 2)
    clip_id = app.views.plan(plan_id).clips[0].id
    for text in ("The lamp is out.", "The lamp is lit again."):
        app.service.edit_clip(clip_id, text=text)
        app.service.make_animatic(plan_id)
    sketcher.is_open.set()
    wait_until(lambda: not app.views.animatic(plan_id).is_active)
    view = app.views.animatic(plan_id)
    assert (view.done, view.error) == (3, "")
    drawn = [r.line for r in sketcher.asked]
    assert (len(drawn), drawn.count("The lamp is lit again."), drawn.count("The lamp is out.")) == (4, 1, 0)


def test_drawing_goes_on_when_the_process_ended_in_the_middle(tmp_path: Path, sketcher: Sketcher, mp4: Path) -> None:
    sketcher.is_open.clear()
    with opened(tmp_path, sketcher) as app:
        plan_id = make_plan(app)
        app.service.make_animatic(plan_id)
        wait_until(lambda: len(sketcher.asked) == 2)
    with opened(tmp_path, Sketcher(tmp_path / "mock", mp4)) as app:
        wait_until(lambda: not app.views.animatic(plan_id).is_active)
        assert app.views.animatic(plan_id).done == 3


def test_a_clip_that_cannot_be_drawn_is_named_and_tried_again_when_asked(app: App, sketcher: Sketcher) -> None:
    plan_id = make_plan(app)
    sketcher.refused.add("beside")
    draw(app, plan_id)
    view = app.views.animatic(plan_id)
    assert (view.done, view.error) == (2, "Clip 2: It has no ink.")
    sketcher.refused.clear()
    draw(app, plan_id)
    view = app.views.animatic(plan_id)
    assert (view.done, view.error) == (3, "")


def test_accepted_and_removed_clips_are_left_out_when_drawn(app: App, sketcher: Sketcher) -> None:
    plan_id = make_plan(app)
    with app.database.write() as session:
        clips = fetch(session, PlanRow, plan_id).clips
        clips[0].accepted_run_id, clips[1].removed_at = clips[0].id, clips[0].created_at
    draw(app, plan_id)
    assert [r.line for r in sketcher.asked] == [LINES[2]]
    assert app.views.animatic(plan_id).total == 1


def test_the_picture_a_clip_starts_from_is_shown_in_its_preview(app: App, sketcher: Sketcher) -> None:
    plan_id = make_plan(app)
    draw(app, plan_id)
    content = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(content, "PNG")
    plan = app.views.plan(plan_id)
    asset_id = app.service.add_picture(plan.project_id, content.getvalue(), filename="teal.png")
    app.service.set_clip_reference(plan.clips[2].id, asset_id)
    sketcher.asked.clear()
    draw(app, plan_id)
    assert [r.line for r in sketcher.asked] == [LINES[2]]
    assert sketcher.shown == ["480x270"]


def test_asking_is_refused_when_nothing_works_on_this_machine(tmp_path: Path) -> None:
    app = build(make_settings(tmp_path), is_durable=False, adapters={"mock": Obedient(name="mock")})
    try:
        project_id = app.service.create_project()
        plan_id = app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief())
        with pytest.raises(NotConfigured):
            app.service.make_animatic(plan_id)
    finally:
        app.stop()


@pytest.mark.parametrize(
    ("size", "small"),
    [("1280x720", "480x270"), ("720x1280", "270x480"), ("320x180", "320x180"), ("1024x1024", "480x480"),
     ("1792x1024", "480x274"), ("481x7", "480x6")],
)  # fmt: skip
def test_previews_keep_the_shape_of_the_plan_with_even_sides(size: str, small: str) -> None:
    assert small_size(size) == small
