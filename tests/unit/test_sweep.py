"""Stored files that no row names: named first, deleted when asked, and never the files of somebody else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.__main__ import cli
from orchestrator.bootstrap import App, build
from orchestrator.db.models import AssetRow
from orchestrator.errors import Conflict
from tests.conftest import make_settings
from tests.unit.rows import add_project

DAYS = 86_400


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = build(make_settings(tmp_path / "data"), is_durable=False)
    yield app
    app.stop()


def keep(app: App, key: str, *, age_days: float, is_named: bool = False) -> Path:
    """A stored file of that age, with a row or without."""
    path = app.settings.data_dir / "assets" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 1000)
    at = time.time() - age_days * DAYS
    os.utime(path, (at, at))
    if is_named:
        project_id = add_project(app.database, datetime.now(UTC), name="Lamp")
        with app.database.write() as session:
            facts = {"kind": "take", "sha256": "0" * 64, "size_bytes": 1000, "mime": "video/mp4"}
            session.add(AssetRow(project_id=project_id, storage_key=key, **facts))
    return path


def test_only_old_files_that_no_row_names_are_orphans(app: App) -> None:
    named = keep(app, "project/named.mp4", age_days=9, is_named=True)
    young = keep(app, "project/young.mp4", age_days=0.5)
    orphans = [keep(app, "project/orphan.mp4", age_days=2), keep(app, "gone/.take.mp4.1.partial", age_days=2)]
    found = {entry.key for entry in app.service.find_orphans()}
    assert found == {"project/orphan.mp4", "gone/.take.mp4.1.partial"}
    assert all(path.is_file() for path in (named, young, *orphans))
    assert {entry.key for entry in app.service.sweep()} == found
    assert [path.is_file() for path in (named, young, *orphans)] == [True, True, False, False]
    assert app.service.sweep() == ()


def test_nothing_is_swept_when_rows_name_none_of_the_files(app: App) -> None:
    """As when the database is a new one, and the files are those of the old one."""
    path = keep(app, "project/take.mp4", age_days=9)
    for command in (app.service.find_orphans, app.service.sweep):
        with pytest.raises(Conflict, match="Nothing was deleted"):
            command()
    assert path.is_file()


def test_an_empty_store_has_no_orphans(app: App) -> None:
    assert app.service.find_orphans() == ()


def test_the_doctor_names_orphans_first_and_deletes_them_when_told_so(app: App) -> None:
    keep(app, "project/named.mp4", age_days=9, is_named=True)
    path = keep(app, "project/orphan.mp4", age_days=9)
    environment = {"DATA_DIR": str(app.settings.data_dir)}
    states = []
    for options in (["--sweep"], ["--sweep", "--yes"], ["--sweep"]):
        result = CliRunner().invoke(cli, ["doctor", "--json", *options], env=environment)
        assert result.exit_code == 0, result.stderr
        item = next(item for item in json.loads(result.stdout)["items"] if item["name"] == "Orphans")
        states.append((item["state"], "project/orphan.mp4" in item["detail"], path.is_file()))
    assert states == [("missing", True, True), ("ok", True, False), ("ok", False, False)]
