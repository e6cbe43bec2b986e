"""A partial film on the storyboard: asked for, watched, shown, and asked for again when it is old."""

from __future__ import annotations

import time

from orchestrator.bootstrap import App
from orchestrator.db.models import RenderRow
from orchestrator.schema.status import PlanStatus, RenderStatus
from orchestrator.schema.view import PlanView
from pages.components.storyboard.plan_offers import Command, offers
from tests.ui.conftest import OpenPage, button, press, words


def offered(plan: PlanView) -> bool:
    return Command.PARTIAL_FILM in [offer.command for offer in offers(plan)]


def test_a_partial_film_is_made_and_shown_when_it_is_asked_for(made: tuple[App, str], open_page: OpenPage) -> None:
    app, project_id = made
    plan_id = app.views.project(project_id).clip_plan_id
    page = open_page(project=project_id, clip=app.views.plan(plan_id).clips[1].id)
    try:
        page = press(page, "Partial film")
        assert "clip" not in page.query_params, "the film is looked at, not the clip"
        assert "1 clip missing" in words(page)
        deadline = time.monotonic() + 60
        while app.views.plan(plan_id).is_active:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        plan = app.views.plan(plan_id)
        assert plan.partial is not None and plan.partial.status is RenderStatus.DONE
        assert not offered(plan), "this one is still true"
        page = open_page(project=project_id)
        assert "Partial film" in [item.value for item in page.header]
        html = "".join(item.value for item in page.html)
        assert 'aria-label="Partial film: Lamp"' in html and plan.partial.video_url in html
        assert "Download partial MP4" in html

        with app.database.write() as session:
            row = session.get_one(RenderRow, plan.partial.id)
            row.status, row.asset_id, row.error = RenderStatus.FAILED, None, "The disk is full."
        page = open_page(project=project_id)
        assert "The disk is full." in words(page)
        assert button(page, "Partial film")
    finally:
        with app.database.write() as session:
            partial = app.views.plan(plan_id).partial
            if partial is not None:
                session.delete(session.get_one(RenderRow, partial.id))


def test_a_partial_film_is_offered_while_something_is_there_and_something_missing(made: tuple[App, str]) -> None:
    app, project_id = made
    plan = app.views.plan(app.views.project(project_id).clip_plan_id)
    for status in (PlanStatus.RUNNING, PlanStatus.PAUSED, PlanStatus.CANCELLED, PlanStatus.INCOMPLETE):
        assert offered(plan.model_copy(update={"status": status, "passed": 1}))
        assert not offered(plan.model_copy(update={"status": status, "passed": 0}))
        assert not offered(plan.model_copy(update={"status": status, "passed": 2}))
