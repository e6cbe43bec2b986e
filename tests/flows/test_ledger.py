"""Never twice: whatever moment a process dies at, one attempt is paid once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from orchestrator.db.models import ClipRow, PlanRow, ProjectRow, ProviderCallRow, RunRow, SceneRow, ScriptRow, new_id
from orchestrator.db.records import add_brief
from orchestrator.db.session import Database, open_database
from orchestrator.errors import BudgetExceeded, NeedsDecision
from orchestrator.ledger import Ledger, PaidCall, spent_usd
from orchestrator.schema.brief import ContentBrief
from providers.base import ContentRejected, CreateClipInput, Generation, OutcomeUnknown, RateLimited
from tests.fakes.billing import BillingProvider, Death, Moment
from tests.fakes.postgres import create_database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The ledger keeps its promise on both databases."""
    url = ""
    if request.param == "postgres":
        url = create_database(request.getfixturevalue("postgres_url"), f"ledger_{new_id().replace('-', '')}")
    database = open_database(url, data_dir=tmp_path)
    yield database
    database.close()


def add_run(database: Database, *, budget_usd: float | None = None) -> tuple[str, str]:
    """(project id, run id) of a clip about to be paid for."""
    project_id, plan_id, clip_id, run_id, scene_id, script_id = (new_id() for _ in range(6))
    with database.write() as session:
        session.add(ProjectRow(id=project_id, name="Test", settings={"budget_usd": budget_usd}))
        session.flush()
        brief = add_brief(session, project_id, ContentBrief())
        session.add(ScriptRow(id=script_id, project_id=project_id, text="Hello."))
        session.flush()
        session.add(
            PlanRow(
                id=plan_id, project_id=project_id, content_brief_id=brief.id, script_id=script_id, status="running",
                settings={}, plan={}, words_per_minute=150, max_attempts=3, total_seconds=4, spoken_words=1,
            )
        )  # fmt: skip
        session.flush()
        session.add(SceneRow(id=scene_id, clip_plan_id=plan_id, position=1, title="One"))
        session.flush()
        session.add(
            ClipRow(
                id=clip_id, clip_plan_id=plan_id, scene_id=scene_id, position=1, order_key=1, text="Hello.", words=1,
                seconds=4, visual_intent="A hill", acceptance=[], status="generating",
            )
        )  # fmt: skip
        session.flush()
        session.add(RunRow(id=run_id, clip_id=clip_id, attempt=1, status="crafted", provider="billing", model="one",
                           request={}))  # fmt: skip
    return project_id, run_id


def call_for(project_id: str, run_id: str, *, prompt: str = "A hill") -> PaidCall:
    request = CreateClipInput(key=run_id, prompt=prompt, model="one", seconds=4, size="320x180")
    return PaidCall(
        run_id=run_id, project_id=project_id, provider="billing", endpoint="", request=request,
        cost_usd=0.4,
    )  # fmt: skip


async def create_over_lives(database: Database, provider: BillingProvider, call: PaidCall) -> str:
    """Create as a process that is restarted whenever it dies."""
    while True:
        try:
            return await Ledger(database, owner="local").create(call, provider)
        except Death:
            continue


@pytest.mark.parametrize("moment", [None, *Moment])
async def test_one_create_is_paid_when_the_process_dies_once(database: Database, moment: Moment | None) -> None:
    provider = BillingProvider(deaths=[moment] if moment else [])
    call = call_for(*add_run(database))
    generation_id = await create_over_lives(database, provider, call)
    assert generation_id.endswith("-0")
    assert len(provider.charges) == 1


async def test_the_stored_id_is_returned_when_the_engine_forgot_the_step(database: Database) -> None:
    provider, call = BillingProvider(), call_for(*add_run(database))
    first = await Ledger(database, owner="local").create(call, provider)
    again = await Ledger(database, owner="local").create(call, provider)
    assert first == again
    assert len(provider.charges) == 1


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.lists(st.sampled_from(Moment), max_size=2))
async def test_one_create_is_paid_whatever_the_deaths(database: Database, deaths: list[Moment]) -> None:
    provider = BillingProvider(deaths=deaths, grace_seconds=0.1, accept_delay_seconds=0.05)
    await create_over_lives(database, provider, call_for(*add_run(database), prompt=new_id()))
    assert len(provider.charges) == 1


async def test_a_job_that_shows_late_in_the_list_is_adopted_when_the_grace_covers_it(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER], list_lag_seconds=0.3, grace_seconds=0.5)
    await create_over_lives(database, provider, call_for(*add_run(database)))
    assert len(provider.charges) == 1
    with database.read() as session:
        assert session.scalars(select(ProviderCallRow)).one().is_adopted


async def test_two_lost_creates_with_the_same_words_adopt_a_job_each(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER] * 2)
    project_id, first_run = add_run(database)
    _, second_run = add_run(database)
    calls = [call_for(project_id, first_run), call_for(project_id, second_run)]
    for call in calls:
        with pytest.raises(Death):
            await Ledger(database, owner="local").create(call, provider)
    found = [await Ledger(database, owner="local").create(call, provider) for call in calls]
    assert sorted(i[-2:] for i in found) == ["-0", "-1"]
    assert len(provider.charges) == 2


async def test_a_lost_answer_is_reconciled_without_a_restart(database: Database) -> None:
    provider = BillingProvider()
    provider.errors = [OutcomeUnknown()]
    await Ledger(database, owner="local").create(call_for(*add_run(database)), provider)
    assert len(provider.charges) == 1


async def test_an_answer_on_its_way_is_not_lost_when_another_call_took_its_job(database: Database) -> None:
    """Two calls with the same words: one lost its answer and adopts the job whose answer is still on its way."""
    project_id, lost_run = add_run(database)
    _, slow_run = add_run(database)
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER])
    lost, slow = call_for(project_id, lost_run), call_for(project_id, slow_run)
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(lost, provider)

    class Slow(BillingProvider):
        async def create_clip(self, request: CreateClipInput) -> Generation:
            generation = await provider.create_clip(request)
            with database.write() as session:  # the other call adopts this very job meanwhile
                row = session.scalars(select(ProviderCallRow).where(ProviderCallRow.key == lost_run)).one()
                row.generation_id, row.state = generation.id, "accepted"
            return generation

        async def find_generation(self, *arguments: Any, **options: Any) -> Generation | None:
            return await provider.find_generation(*arguments, **options)

    found = await Ledger(database, owner="local").create(slow, Slow())
    assert found.endswith("-0")
    assert len(provider.charges) == 2


async def test_a_person_decides_when_the_provider_has_no_list(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER], supports_reconcile=False)
    call = call_for(*add_run(database))
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(call, provider)
    for _ in range(2):
        with pytest.raises(NeedsDecision):
            await Ledger(database, owner="local").create(call, provider)
    assert len(provider.charges) == 1


async def test_a_create_of_another_live_process_is_waited_for_and_not_sent_again(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_SENDING])
    call = call_for(*add_run(database))
    with pytest.raises(Death):
        await Ledger(database, owner="worker-1").create(call, provider)
    other = Ledger(database, owner="worker-2")
    row = other._find(call.request.key)
    assert row is not None
    assert not other._reclaim(row), "its sender may still be about to send"


async def test_a_refused_create_costs_nothing_and_stays_refused(database: Database) -> None:
    provider = BillingProvider()
    provider.errors = [ContentRejected("Not this.")]
    project_id, run_id = add_run(database)
    for _ in range(2):
        with pytest.raises(ContentRejected, match="Not this"):
            await Ledger(database, owner="local").create(call_for(project_id, run_id), provider)
    with database.read() as session:
        assert spent_usd(session, project_id) == 0
    assert not provider.charges


async def test_rate_limits_are_raised_and_not_retried_inside(database: Database) -> None:
    provider = BillingProvider()
    provider.errors = [RateLimited(retry_after_seconds=3)]
    with pytest.raises(RateLimited):
        await Ledger(database, owner="local").create(call_for(*add_run(database)), provider)
    assert not provider.charges


async def test_nothing_is_sent_when_the_budget_does_not_hold_it(database: Database) -> None:
    provider = BillingProvider()
    project_id, first = add_run(database, budget_usd=0.5)
    _, second = add_run(database)
    await Ledger(database, owner="local").create(call_for(project_id, first), provider)
    with pytest.raises(BudgetExceeded, match=r"\$0\.10 of the budget"):
        await Ledger(database, owner="local").create(call_for(project_id, second), provider)
    assert len(provider.charges) == 1


def test_only_the_ledger_can_create_at_a_provider() -> None:
    """No other module of the product calls create_clip or remix_clip."""
    root = Path(__file__).resolve().parents[2]
    callers = {
        str(file.relative_to(root))
        for folder in ("orchestrator", "api", "pages")
        for file in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("create_clip", "remix_clip")
    }
    assert callers == {"orchestrator/ledger.py"}
