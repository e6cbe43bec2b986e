"""What is set on the pages is laid over the environment, and that over what is built in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.choices import Choices
from orchestrator.db.models import PlanRow
from orchestrator.errors import BadInput, Conflict, UnknownProvider
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import OnFailed, ProjectSettings
from orchestrator.schema.workspace import Source, WorkspaceSettings
from orchestrator.storage.folders import empty_cache, measure_folders
from providers.mock import PROFILE
from tests.conftest import make_settings

SECOND = PROFILE.model_copy(update={"name": "second", "models": ("small", "large")})
STRICT = AssessmentPolicy(min_weight_percent=90)


def choices(tmp_path: Path, here: WorkspaceSettings, **environment: Any) -> Choices:
    return Choices(
        settings=make_settings(tmp_path, **environment),
        profiles={PROFILE.name: PROFILE, "second": SECOND},
        missing={},
        read_workspace=lambda: here,
    )


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    settings = make_settings(tmp_path / "data", budget_usd=5.0, reviewer_name="Rita")
    app = bootstrap.build(settings, is_durable=False)
    yield app
    app.stop()


# --- defaults ---


def test_what_is_set_here_goes_before_the_environment(tmp_path: Path) -> None:
    here = WorkspaceSettings(
        provider="second", model="large", budget_usd=2, max_attempts=1, words_per_minute=100, on_failed=OnFailed.SKIP
    )
    made = choices(tmp_path, here, budget_usd=9, max_retry_attempts=5).complete(ProjectSettings())
    assert (made.provider, made.model, made.budget_usd, made.words_per_minute) == ("second", "large", 2, 100)
    assert (made.retry_policy.max_attempts, made.on_failed) == (1, OnFailed.SKIP)


def test_no_limit_goes_before_the_environments_budget(tmp_path: Path, app: App) -> None:
    endless = choices(tmp_path, WorkspaceSettings(has_no_budget=True), budget_usd=9)
    assert (endless.default_budget_usd, endless.complete(ProjectSettings()).budget_usd) == (None, None)
    app.service.save_workspace(WorkspaceSettings(has_no_budget=True))
    budget = next(item for item in app.views.workspace().defaults if item.name == "budget_usd")
    assert (budget.value, budget.source, budget.otherwise) == (None, Source.HERE, 5.0)


def test_the_environment_counts_where_nothing_is_set_here(tmp_path: Path) -> None:
    told = choices(tmp_path, WorkspaceSettings(), video_provider="second", budget_usd=9, max_retry_attempts=5)
    made = told.complete(ProjectSettings())
    assert (made.provider, made.model, made.budget_usd) == ("second", "small", 9)
    assert (made.retry_policy.max_attempts, made.words_per_minute) == (5, ProjectSettings().words_per_minute)


def test_what_a_project_says_goes_before_everything(tmp_path: Path) -> None:
    here = WorkspaceSettings(
        provider="second", model="large", budget_usd=2, max_attempts=1, words_per_minute=100, on_failed=OnFailed.SKIP
    )
    own = ProjectSettings(
        provider=PROFILE.name,
        budget_usd=0,
        retry_policy=RetryPolicy(max_attempts=4),
        words_per_minute=ProjectSettings().words_per_minute,
        on_failed=OnFailed.WAIT,
    )
    made = choices(tmp_path, here).complete(own)
    assert (made.provider, made.model) == (PROFILE.name, PROFILE.models[0]), "the model belongs to the other provider"
    assert (made.budget_usd, made.retry_policy.max_attempts) == (0, 4)
    assert (made.words_per_minute, made.on_failed) == (own.words_per_minute, OnFailed.WAIT)


def test_every_value_says_where_it_comes_from(app: App) -> None:
    app.service.save_workspace(WorkspaceSettings(max_attempts=2))
    found = {item.name: item for item in app.views.workspace().defaults}
    assert (found["max_attempts"].value, found["max_attempts"].source) == (2, Source.HERE)
    assert (found["max_attempts"].otherwise, found["max_attempts"].variable) == (3, "MAX_RETRY_ATTEMPTS")
    assert (found["budget_usd"].value, found["budget_usd"].source) == (5, Source.ENVIRONMENT)
    assert (found["words_per_minute"].source, found["provider"].source) == (Source.BUILT_IN, Source.BUILT_IN)
    app.service.save_workspace(WorkspaceSettings())
    assert {item.source for item in app.views.workspace().defaults} == {Source.ENVIRONMENT, Source.BUILT_IN}


def test_new_projects_and_the_single_clips_begin_with_the_defaults(app: App) -> None:
    app.service.save_workspace(WorkspaceSettings(budget_usd=1.5, max_attempts=2, reviewer_name="  Ada \n Byron "))
    settings = app.views.project(app.service.create_project(name="Lamp")).settings
    assert (settings.budget_usd, settings.retry_policy.max_attempts) == (1.5, 2)
    assert app.views.single_budget_left_usd() == 1.5
    assert app.views.workspace().settings.reviewer_name == "Ada Byron"


def test_a_default_that_cannot_be_used_is_refused_and_nothing_is_changed(app: App) -> None:
    app.service.save_workspace(WorkspaceSettings(max_attempts=2))
    for wrong, error in (
        (WorkspaceSettings(model="animatic"), BadInput),
        (WorkspaceSettings(provider="mock", model="nope"), BadInput),
        (WorkspaceSettings(provider="runway"), UnknownProvider),
    ):
        with pytest.raises(error):
            app.service.save_workspace(wrong)
    assert app.views.workspace().settings == WorkspaceSettings(max_attempts=2)


# --- the policy ---


def test_a_project_is_judged_by_its_own_policy_then_by_the_workspace_then_by_what_is_built_in(app: App) -> None:
    project_id = app.service.create_project(name="Lamp")
    assert app.views.policy(project_id).policy == AssessmentPolicy()
    app.service.save_workspace(WorkspaceSettings(assessment=STRICT))
    assert app.views.policy(project_id).policy == app.views.workspace().policy == STRICT
    assert not app.views.policy(project_id).is_own
    own = AssessmentPolicy(minima={**STRICT.minima, CheckName.CONTINUITY: 0.1})
    app.service.set_policy(project_id, own)
    assert app.views.policy(project_id).policy == own, "not mixed with the workspace's"
    app.service.set_policy(project_id, None)
    assert app.views.policy(project_id).policy == STRICT


# --- folders ---


def test_the_cache_is_emptied_and_nothing_else(tmp_path: Path) -> None:
    kept = ("assets/p/take.mp4", "cache/downloads/b.part", "mock/c", "orchestrator.sqlite3")
    for name in (*kept, "cache/house/clips/a.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "cache" / "house" / "elsewhere").symlink_to(tmp_path / "assets")
    found = {item.name: item for item in measure_folders(tmp_path, assets_dir=tmp_path / "assets")}
    assert {item.size_bytes for name, item in found.items() if name != "Pieces cut for films"} == {5}
    assert [name for name, item in found.items() if item.can_empty] == ["Pieces cut for films"]
    assert empty_cache(tmp_path / "cache") >= 5
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == sorted(kept)


def test_the_cache_stays_while_a_plan_is_at_work(app: App) -> None:
    project_id = app.service.create_project(name="Lamp", settings=ProjectSettings(size="320x180"))
    plan_id = app.service.create_plan(project_id, script="The lamp is lit.", brief=app.views.project(project_id).brief)
    with app.database.write() as session:
        row = session.get(PlanRow, plan_id)
        assert row is not None
        row.is_parked = False
    with pytest.raises(Conflict, match="being made"):
        app.service.empty_cache()
    with app.database.write() as session:
        row = session.get(PlanRow, plan_id)
        assert row is not None
        row.is_parked = True
    assert app.service.empty_cache() == 0


def test_no_secret_is_among_what_is_told(tmp_path: Path) -> None:
    secret = "sk-very-secret-key"
    app = bootstrap.build(
        make_settings(tmp_path / "data", openai_api_key=secret, luma_api_key=secret), is_durable=False
    )
    try:
        told = app.views.workspace().model_dump_json() + app.views.storage().model_dump_json()
        assert secret not in told
    finally:
        app.stop()
