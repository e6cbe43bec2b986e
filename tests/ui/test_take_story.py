"""How a clip came about, as the storyboard shows it."""

from __future__ import annotations

from orchestrator.bootstrap import App
from tests.ui.conftest import OpenPage


def test_every_take_shows_what_it_spent_its_time_with(made: tuple[App, str], open_page: OpenPage) -> None:
    app, project_id = made
    clips = app.views.plan(app.views.project(project_id).clip_plan_id).clips
    for clip, title in ((clips[0], "How it went: 1 take"), (clips[1], "How it went: 3 takes")):
        page = open_page(project=project_id, clip=clip.id)
        assert title in [expander.label for expander in page.expander]
        (story,) = (html.value for html in page.html if html.value.startswith('<ol class="svo-story"'))
        bars = story.split('<div class="svo-phases"')[1:]
        assert len(bars) == clip.attempts
        for bar, take in zip(bars, reversed(app.views.takes(clip.id)), strict=True):
            assert [bar.count(f'<b class="{phase.name}"') for phase in take.phases] == [1] * 5
