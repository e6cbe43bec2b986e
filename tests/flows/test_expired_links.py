"""Providers name a link to a finished clip that is good for a short time only."""

from __future__ import annotations

from pathlib import Path

from orchestrator.bootstrap import build
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import PlanStatus
from tests.conftest import make_settings
from tests.fakes.videos_server import FakeVideosServer
from tests.flows.test_walk import run_to_end


def test_a_new_link_is_asked_for_when_the_old_one_has_expired(tmp_path: Path) -> None:
    # Named in the answer that says the clip is finished, and in the one before the download.
    with FakeVideosServer(tmp_path / "server", expired_links=2) as server:
        app = build(make_settings(tmp_path / "data", sora_base_url=server.base_url), is_durable=False)
        app.start()
        try:
            project_id = app.service.create_project(name="Lamp", settings=ProjectSettings(provider="sora"))
            plan_id = app.service.create_plan(project_id, script="The lamp is lit before dawn.", brief=ContentBrief())
            plan = run_to_end(app, plan_id)
        finally:
            app.stop()
        assert server.behaviour.expired_links == 0
        assert plan.status is PlanStatus.COMPLETED, plan.clips[0].reason
        assert len(server.charges()) == 1
