"""The application as somebody who is signed in has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import ProjectRow, new_id
from orchestrator.errors import NotConfigured
from orchestrator.schema.user import User
from tests.conftest import make_settings
from tests.fakes.postgres import create_database

ANN = User(id=new_id(), email="ann@example.com", is_email_verified=True)
BEN = User(id=new_id(), email="ben@example.com", is_email_verified=True)


@pytest.fixture
def app(tmp_path: Path, postgres_url: str) -> Iterator[App]:
    url = create_database(postgres_url, f"users_{new_id().replace('-', '')}")
    built = bootstrap.build(make_settings(tmp_path / "data", database_url=SecretStr(url)), is_durable=False)
    yield built
    built.stop()


def add_project(app: App, owner_id: str) -> str:
    with app.database.write() as session:
        row = ProjectRow(id=new_id(), name="Lamp", owner_id=owner_id, settings={})
        session.add(row)
        return row.id


def test_everybody_sees_their_own_projects_only(app: App) -> None:
    hers, his = add_project(app, ANN.id), add_project(app, BEN.id)
    assert [p.id for p in app.for_user(ANN).views.project_names()] == [hers]
    assert [p.id for p in app.for_user(BEN).views.project_names()] == [his]
    assert {p.id for p in app.views.project_names()} == {hers, his}
    assert app.for_user(ANN) is app.for_user(ANN.model_copy())


def test_sqlite_keeps_no_users_apart(tmp_path: Path) -> None:
    app = bootstrap.build(make_settings(tmp_path / "data"), is_durable=False)
    with pytest.raises(NotConfigured, match="Sign-in needs Postgres"):
        app.for_user(ANN)
    app.stop()
