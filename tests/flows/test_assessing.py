"""Takes are assessed so many at once as one machine can bear, and once each unless a person asks for more."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestrator.attempts import Attempts
from orchestrator.db.models import AssetRow, RunRow, new_id
from orchestrator.db.queries import look_costs_usd
from orchestrator.db.records import assessment_of, fetch
from orchestrator.db.session import Database
from orchestrator.expectations import Expectations
from orchestrator.looks import Looks, TokenPrice
from orchestrator.perception.base import Answer, Frame, Heard, Question, Seen, SeenAnswer, Senses
from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.status import RunStatus
from orchestrator.steps.perils import Perils
from orchestrator.steps.takes import TakeSteps
from orchestrator.storage.local import LocalAssetStore
from tests.fakes.billing import BillingProvider
from tests.fakes.paid import add_calls


class Listening:
    """Counts how many takes are heard at once, and waits for ``go`` with each."""

    missing = ""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.go = asyncio.Event()

    async def transcribe(self, samples: Any, *, language: str, expected: str = "") -> Heard:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.go.wait()
        await asyncio.sleep(0)
        self.now -= 1
        return Heard(text=expected, language=language, expected_probability=1.0)


class Blind:
    missing = "Nobody looks."

    async def judge(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError


class Looking:
    """Sees whatever is asked for, for a million tokens."""

    missing = ""

    async def judge(self, frames: list[Frame], *, questions: list[Question], context: str = "") -> Seen:
        answers = {question.key: SeenAnswer(answer=Answer.YES) for question in questions}
        return Seen(answers=answers, model="eyes", input_tokens=1_000_000, output_tokens=0)


def add_takes(
    database: Database, store: LocalAssetStore, file: Path, *, count: int, budget_usd: float | None = None
) -> list[str]:
    """Takes that have come home."""
    calls = add_calls(database, clips=count, budget_usd=budget_usd)
    with database.write() as session:
        for call in calls:
            key = f"{call.run_id}.mp4"
            store.put_file(shutil.copyfile(file, file.with_name(key)), key)
            asset = AssetRow(
                id=new_id(), project_id=call.project_id, kind="take", storage_key=key, sha256="", size_bytes=1,
                mime="video/mp4", duration_seconds=1, width=320, height=180,
            )  # fmt: skip
            session.add(asset)
            session.flush()
            run = fetch(session, RunRow, call.run_id)
            run.request, run.asset_id, run.status = call.request.model_dump(mode="json"), asset.id, RunStatus.GENERATED
    return [call.run_id for call in calls]


def steps_over(
    database: Database, store: LocalAssetStore, listener: Listening, *, width: int, looks: Looks | None = None
) -> TakeSteps:
    attempts = Attempts(profiles={"billing": BillingProvider().profile}, endpoints={}, narrated_languages=frozenset())
    senses, expectations = Senses(listener=listener, viewer=Blind()), Expectations(store, attempts)
    return TakeSteps(database, senses, expectations, Perils(database), asyncio.Semaphore(width), looks)


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def verdicts(database: Database, run_id: str) -> int:
    with database.read() as session:
        return len(fetch(session, RunRow, run_id).assessments)


@pytest.mark.parametrize("width", [1, 2])
async def test_as_many_takes_are_assessed_at_once_as_the_setting_says(
    database: Database, tmp_path: Path, mp4: Path, width: int
) -> None:
    store, listener = LocalAssetStore(tmp_path / "assets"), Listening()
    file = Path(shutil.copyfile(mp4, tmp_path / "take.mp4"))
    runs = add_takes(database, store, file, count=3)
    steps = steps_over(database, store, listener, width=width)
    # two of them in their flows, one because a person asked
    work = asyncio.gather(steps.assess(runs[0]), steps.assess(runs[1]), steps.reassess(runs[2]))
    await until(lambda: listener.now == width)
    listener.go.set()
    await work
    assert listener.most == width
    assert [verdicts(database, run) for run in runs] == [1, 1, 1]


async def test_a_take_is_assessed_once_when_its_worker_was_taken_for_dead(
    database: Database, tmp_path: Path, mp4: Path
) -> None:
    store = LocalAssetStore(tmp_path / "assets")
    (run,) = add_takes(database, store, Path(shutil.copyfile(mp4, tmp_path / "take.mp4")), count=1)
    stopped, successor = Listening(), Listening()
    first = asyncio.create_task(steps_over(database, store, stopped, width=1).assess(run))
    await until(lambda: stopped.now)
    successor.go.set()
    other = steps_over(database, store, successor, width=1)
    await other.assess(run)
    stopped.go.set()
    await first
    assert verdicts(database, run) == 1
    await other.assess(run)  # the step is run once more
    assert verdicts(database, run) == 1
    await other.reassess(run)  # a person asks
    assert verdicts(database, run) == 2


@pytest.mark.parametrize("budget_usd", [None, 0.0001])
async def test_a_take_is_looked_at_on_the_account_of_its_project(
    database: Database, tmp_path: Path, mp4: Path, budget_usd: float | None
) -> None:
    store, listener = LocalAssetStore(tmp_path / "assets"), Listening()
    listener.go.set()
    file = Path(shutil.copyfile(mp4, tmp_path / "take.mp4"))
    (run_id,) = add_takes(database, store, file, count=1, budget_usd=budget_usd)
    price = TokenPrice(input_usd=0.5, output_usd=0)
    looks = Looks(database, Looking(), model="eyes", endpoint="", price=price, owner="local")
    await steps_over(database, store, listener, width=1, looks=looks).assess(run_id)
    with database.read() as session:
        run = fetch(session, RunRow, run_id)
        check = assessment_of(run.assessments[-1]).checks[CheckName.VISUAL_REQUIREMENTS]
        costs = look_costs_usd(session, [run])
    if budget_usd is None:
        assert (check.status, check.evidence["cost_usd"], costs[run_id]) == (CheckStatus.PASS, 0.5, 0.5)
    else:
        assert (check.status, costs[run_id]) == (CheckStatus.NOT_RUN, 0)
        assert check.reason == "The budget is used up, so nobody looked at the picture"
