"""Takes that go wrong on purpose, what is done about each, and what that costs: nothing where an edit is enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.repairs import make_film, open_app
from orchestrator.bootstrap import App
from orchestrator.console import draw_takes
from orchestrator.media.probe import probe
from orchestrator.perception.base import Heard, HeardWord
from orchestrator.schema.status import ClipStatus, PlanStatus
from orchestrator.schema.view import PlanView, TakeView

LINES = ("The lamp is lit before dawn.", "Tomas watches the door.", "Now the heavy door opens.")


class Ear:
    """Hears every line as it is written, from the second second on."""

    missing = ""

    async def transcribe(self, samples: Any, *, language: str, expected: str = "") -> Heard:
        words = expected.split()
        heard = (
            HeardWord(text=word, start_seconds=1 + 0.3 * n, end_seconds=1.3 + 0.3 * n, probability=0.9)
            for n, word in enumerate(words)
        )
        return Heard(text=expected, words=tuple(heard), language=language, expected_probability=0.9)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, PlanView, list[tuple[TakeView, ...]]]]:
    """A film of three clips: a black edge, a refusal, silence until the money is gone."""
    app = open_app(tmp_path_factory.mktemp("repairs"), defects="1=black_edge, 2=reject, 3.*=silence", listener=Ear())
    try:
        plan = make_film(app, LINES, budget_usd=1.30)
        yield app, plan, [app.views.takes(clip.id)[::-1] for clip in plan.clips]
    finally:
        app.stop()


def test_a_take_with_a_black_edge_is_cut_and_nothing_is_paid_for_it(
    told: tuple[App, PlanView, list[tuple[TakeView, ...]]],
) -> None:
    app, plan, (takes, *_) = told
    made, cut = takes
    assert (made.repair_strategy, made.cost_usd, cut.cost_usd, plan.clips[0].cost_usd) == ("trim", 0.4, 0.0, 0.4)
    assert (cut.source_attempt, cut.is_accepted, cut.is_best) == (1, True, True)
    assert cut.edit is not None and cut.edit.start_seconds > 0.4
    file = app.views.asset_file(cut.video_url.rsplit("/", 1)[-1]).path
    info = probe(file)
    assert info.video_seconds == pytest.approx(cut.edit.seconds, abs=1 / 30)
    assert info.audio_seconds == pytest.approx(info.video_seconds, abs=0.05)
    assert plan.creates == 3, "two other takes, and none for the edit"


def test_a_refused_picture_is_asked_for_in_words_that_nobody_refuses(
    told: tuple[App, PlanView, list[tuple[TakeView, ...]]],
) -> None:
    refused, passed = told[2][1]
    assert "“rifle” by “walking stick”" in refused.repair_reason
    assert "rifle" in refused.prompt and "rifle" not in passed.prompt and "walking stick" in passed.prompt
    assert {op for op, _ in passed.prompt_diff} == {"same", "added", "removed"}
    assert passed.is_accepted


def test_a_take_that_cannot_be_paid_any_more_is_a_persons_to_decide(
    told: tuple[App, PlanView, list[tuple[TakeView, ...]]],
) -> None:
    app, plan, (_, _, takes) = told
    assert (plan.status, plan.clips[2].status) == (PlanStatus.INCOMPLETE, ClipStatus.NEEDS_REVIEW)
    assert "$0.20 and the budget has $0.10 left: $0.10 is missing" in plan.clips[2].reason
    assert plan.cost_usd <= 1.30
    (waiting,) = app.views.review_queue()
    assert waiting.run_id == takes[0].run_id and waiting.reason == plan.clips[2].reason
    drawn = "\n".join(draw_takes(plan.clips[2], takes))
    assert "needs_human" in drawn and "$0.40" in drawn and "best" in drawn
