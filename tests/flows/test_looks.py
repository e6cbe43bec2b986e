"""Looks at takes: each is paid for once, none beyond the budget, and what they cost shows wherever costs are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import update

from orchestrator.calls import spent_usd
from orchestrator.db import queries
from orchestrator.db.models import PerceptionCallRow, RunRow
from orchestrator.db.records import fetch
from orchestrator.db.session import Database
from orchestrator.errors import DatabaseAway, LookFailed
from orchestrator.looks import Looks, TokenPrice
from orchestrator.perception.base import Answer, Frame, Question, Seen, SeenAnswer, Viewer
from tests.fakes.paid import Interrupted, add_run

FRAMES = [Frame(jpeg=b"one", label="at 1.0 s"), Frame(jpeg=b"two", label="at 3.0 s")]
QUESTIONS = [Question(key="lamp", text="Is the lamp on?")]
TOKENS = (2000, 100)
PRICE = TokenPrice(input_usd=100, output_usd=1000)
COST_USD = 0.3


class Eyes:
    """Answers yes to everything, after ``before`` has been run."""

    missing = ""

    def __init__(self, *, tokens: tuple[int, int] | None = TOKENS, before: Callable[[], object] = lambda: None) -> None:
        self.looks = 0
        self.tokens = tokens
        self.before = before
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()

    async def judge(self, frames: Sequence[Frame], *, questions: Sequence[Question], context: str = "") -> Seen:
        self.looks += 1
        self.asked.set()
        await self.go.wait()
        self.before()
        return Seen(
            answers={q.key: SeenAnswer(answer=Answer.YES, evidence="lit", frame=1) for q in questions},
            model="eyes-2",
            input_tokens=self.tokens[0] if self.tokens else None,
            output_tokens=self.tokens[1] if self.tokens else None,
        )


def fail(failure: LookFailed) -> Callable[[], object]:
    def go() -> object:
        raise failure

    return go


def memory(database: Database, eyes: Viewer, *, owner: str = "local", model: str = "eyes") -> Looks:
    return Looks(
        database, eyes, model=model, endpoint="https://u:secret@eyes.test/v1?key=secret", price=PRICE, owner=owner
    )


async def look(looks: Looks, run_id: str, *, frames: Sequence[Frame] = FRAMES) -> Seen:
    return await looks.of(run_id).judge(frames, questions=QUESTIONS, context="A lighthouse")


def rows(database: Database) -> list[PerceptionCallRow]:
    with database.read() as session:
        return list(session.query(PerceptionCallRow).order_by(PerceptionCallRow.created_at))


def spent(database: Database, project_id: str) -> float:
    with database.read() as session:
        return round(spent_usd(session, project_id), 6)


async def test_a_look_is_paid_once_however_often_it_is_asked_for(database: Database) -> None:
    project_id, run_id = add_run(database)
    other_project, other_run = add_run(database)
    eyes = Eyes()
    first = await look(memory(database, eyes), run_id)
    later = memory(database, eyes)  # as after a restart
    again, elsewhere = await look(later, run_id), await look(later, other_run)
    assert (first.cost_usd, first.is_cached) == (COST_USD, False)
    assert (again.cost_usd, again.is_cached, again.answers, again.model) == (0.0, True, first.answers, "eyes-2")
    assert elsewhere == again
    assert (eyes.looks, spent(database, project_id), spent(database, other_project)) == (1, COST_USD, 0)
    (row,) = rows(database)
    assert (row.state, row.asks, row.input_tokens, row.output_tokens) == ("answered", 1, *TOKENS)
    assert row.endpoint == "https://eyes.test/v1"


async def test_a_look_is_another_one_when_anything_of_it_differs(database: Database) -> None:
    _, run_id = add_run(database)
    eyes = Eyes()
    looks = memory(database, eyes)
    await look(looks, run_id)
    await look(looks, run_id, frames=FRAMES[::-1])
    await looks.of(run_id).judge(FRAMES, questions=[Question(key="lamp", text="Is it off?")], context="A lighthouse")
    await looks.of(run_id).judge(FRAMES, questions=QUESTIONS)
    await look(memory(database, eyes, model="other"), run_id)
    assert eyes.looks == 5


async def test_two_who_ask_at_once_share_one_look(database: Database) -> None:
    _, run_id = add_run(database)
    eyes = Eyes()
    eyes.go.clear()
    looks = memory(database, eyes)
    both = asyncio.gather(look(looks, run_id), look(looks, run_id))
    await eyes.asked.wait()
    eyes.go.set()
    first, second = await both
    assert (eyes.looks, first.is_cached, second.is_cached) == (1, False, True)


async def test_no_look_is_made_that_the_budget_does_not_cover(database: Database) -> None:
    project_id, run_id = add_run(database, budget_usd=0.1)
    eyes = Eyes()
    with pytest.raises(LookFailed, match="The budget is used up"):
        await look(memory(database, eyes), run_id)
    assert (eyes.looks, rows(database), spent(database, project_id)) == (0, [], 0)


async def test_the_budget_counts_looks_that_are_under_way(database: Database) -> None:
    _, run_id = add_run(database, budget_usd=0.4)
    eyes = Eyes()
    eyes.go.clear()
    looks = memory(database, eyes)
    first = asyncio.create_task(look(looks, run_id))
    await eyes.asked.wait()
    with pytest.raises(LookFailed, match="budget"):
        await look(looks, run_id, frames=FRAMES[:1])
    eyes.go.set()
    assert (await first).cost_usd == COST_USD


@pytest.mark.parametrize(
    ("failure", "cost_usd"),
    [
        (LookFailed("refused", tokens=(1000, 10)), 0.11),
        (LookFailed("HTTP 400", is_free=True), 0.0),
        (LookFailed("HTTP 500"), None),
    ],
    ids=["charged", "free", "unknown"],
)
async def test_a_look_that_failed_costs_what_it_may_have_cost(
    database: Database, failure: LookFailed, cost_usd: float | None
) -> None:
    project_id, run_id = add_run(database)
    with pytest.raises(LookFailed) as raised:
        await look(memory(database, Eyes(before=fail(failure))), run_id)
    assert raised.value is failure
    (row,) = rows(database)
    assert (row.state, row.error_message) == ("failed", failure.message)
    assert spent(database, project_id) == (row.estimated_usd if cost_usd is None else cost_usd)
    again = await look(memory(database, Eyes()), run_id)  # a person asks once more
    assert not again.is_cached
    (after,) = rows(database)
    assert (after.state, after.asks, after.cost_usd) == ("answered", 2, pytest.approx(row.cost_usd + COST_USD))


async def test_what_is_not_told_is_reckoned(database: Database) -> None:
    _, run_id = add_run(database)
    seen = await look(memory(database, Eyes(tokens=None)), run_id)
    (row,) = rows(database)
    assert seen.cost_usd == row.cost_usd == row.estimated_usd > 0.15


async def test_a_look_whose_process_died_is_asked_for_once_more(database: Database) -> None:
    project_id, run_id = add_run(database)
    for _ in range(2):
        dying = Eyes()
        dying.go.clear()
        task = asyncio.create_task(look(memory(database, dying), run_id))
        await dying.asked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    (row,) = rows(database)
    assert (row.state, row.asks, row.lost) == ("intent", 2, 1)
    assert spent(database, project_id) == pytest.approx(2 * row.estimated_usd)
    third = Eyes()
    with pytest.raises(LookFailed, match="its answer was lost twice"):
        await look(memory(database, third), run_id)
    assert third.looks == 0


async def test_a_look_of_another_process_is_waited_for_until_that_is_dead(database: Database) -> None:
    _, run_id = add_run(database)
    theirs, ours = Eyes(), Eyes()
    theirs.go.clear()
    first = asyncio.create_task(look(memory(database, theirs, owner="one"), run_id))
    await theirs.asked.wait()
    second = asyncio.create_task(look(memory(database, ours, owner="two"), run_id))
    await asyncio.sleep(0)
    assert ours.looks == 0
    with database.write() as session:
        session.execute(update(PerceptionCallRow).values(ask_by=PerceptionCallRow.created_at))
    taken_over = await second
    theirs.go.set()
    late = await first  # it was paid for, so it is used
    assert (ours.looks, taken_over.is_cached, late.is_cached) == (1, False, False)
    (row,) = rows(database)
    assert (row.state, row.owner, row.asks) == ("answered", "two", 2)


async def test_an_answer_that_could_not_be_written_down_is_not_asked_for_again(database: Database) -> None:
    project_id, run_id = add_run(database)
    eyes = Eyes()
    looks = memory(Interrupted(database, "", "begin"), eyes)
    with pytest.raises(DatabaseAway):
        await look(looks, run_id)
    seen = await look(looks, run_id)  # the step is run again
    assert (eyes.looks, seen.is_cached, spent(database, project_id)) == (1, True, COST_USD)


async def test_costs_of_looking_show_wherever_costs_are_shown(database: Database) -> None:
    project_id, run_id = add_run(database)
    await look(memory(database, Eyes()), run_id)
    with database.read() as session:
        run = fetch(session, RunRow, run_id)
        assert queries.look_costs_usd(session, [run])[run_id] == COST_USD
        assert queries.run_costs_usd(session, [run])[run_id] == COST_USD
        assert queries.plan_calls(session, run.clip.clip_plan_id) == (0, COST_USD)
        assert queries.total_cost_usd(session) == pytest.approx(COST_USD)
        assert queries.spending(session) == [("Vision", 1, 0, COST_USD, 0.0)]
        assert spent_usd(session, project_id) == pytest.approx(COST_USD)


async def test_nobody_looks_when_the_viewer_is_missing(database: Database) -> None:
    _, run_id = add_run(database)
    eyes = Eyes()
    eyes.missing = "OPENAI_API_KEY is not set"  # type: ignore[misc]
    looks = memory(database, eyes)
    assert looks.of(run_id).missing == eyes.missing
    with pytest.raises(LookFailed, match="OPENAI_API_KEY"):
        await look(looks, run_id)
    assert (eyes.looks, rows(database)) == (0, [])
