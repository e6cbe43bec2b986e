"""The real pages on a real App: SQLite and the mock provider in a folder of the test."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from tests.conftest import make_settings
from tests.fakes.parked import parked_app

NAVIGATION = Path(__file__).parents[2] / "pages" / "navigation.py"
SMALL = ProjectSettings(size="320x180")
SCRIPT = "# One\n\nThe lamp is lit before dawn.\n\n# Two\n\nSomebody waits beside the water."
OpenPage = Callable[..., AppTest]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """An empty house in which clips can be asked for and are never made."""
    app = parked_app(tmp_path)
    app.start()
    bootstrap.use(app)
    yield app
    bootstrap.use(None)
    app.stop()


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("made")
    app = bootstrap.build(make_settings(folder, mock_defects="2.*=silence"), is_durable=False)
    app.start()
    try:
        project_id = app.service.create_project(name="Lamp", settings=SMALL)
        plan_id = app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief(tone="calm"))
        app.service.start_plan(plan_id)
        _wait(lambda: not app.views.plan(plan_id).is_active)
    finally:
        app.stop()
    return folder, project_id


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 150
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def made(_made: tuple[Path, str], tmp_path: Path) -> Iterator[tuple[App, str]]:
    """A house with one project: clip 1 passed, clip 2 failed three times. A copy for each test: what it does there
    is not met by the next one."""
    folder, project_id = _made
    shutil.copytree(folder, tmp_path / "made")
    app = bootstrap.build(make_settings(tmp_path / "made", mock_defects="2.*=silence"), is_durable=False)
    app.start()
    bootstrap.use(app)
    yield app, project_id
    bootstrap.use(None)
    _wait(lambda: not (app.views.at_work().films or app.views.at_work().singles))
    app.stop()


@pytest.fixture
def open_page() -> OpenPage:
    """Open a page by its file name, in a session of its own, with these query parameters."""

    def open_with(page: str = "storyboard.py", **query: str) -> AppTest:
        session = AppTest.from_file(str(NAVIGATION), default_timeout=60).run()
        session.query_params.clear()
        for name, value in query.items():
            session.query_params[name] = value
        return session.switch_page(page).run()

    return open_with


def button(page: AppTest, label: str) -> object:
    """The button with this label."""
    found = [item for item in page.button if item.label == label]
    assert found, f"no button {label!r} among {[item.label for item in page.button]}"
    return found[0]


def press(page: AppTest, label: str) -> AppTest:
    return button(page, label).click().run()  # type: ignore[attr-defined]


def field(page: AppTest, label: str) -> object:
    """The text input, text area, select box, slider or number input with this label."""
    kinds = (page.text_input, page.text_area, page.selectbox, page.number_input, page.slider)
    found = [item for kind in kinds for item in kind if item.label == label]
    assert found, f"no field {label!r}"
    return found[0]


def fill(page: AppTest, label: str, value: object) -> AppTest:
    return field(page, label).set_value(value).run()  # type: ignore[attr-defined]


def submit(page: AppTest, label: str, **values: str) -> AppTest:
    """Fill the form fields with these labels (spaces as underscores) and press its button, as one step."""
    for name, value in values.items():
        field(page, name.replace("_", " ")).set_value(value)  # type: ignore[attr-defined]
    return press(page, label)


def words(page: AppTest) -> str:
    """Everything that can be read on the page, and nothing that went wrong unseen."""
    assert not page.exception, [item.value for item in page.exception]
    messages = (page.error, page.warning, page.info, page.success)
    kinds = (page.title, page.header, page.markdown, page.caption, *messages)
    return "\n".join(str(item.value) for kind in kinds for item in kind)
