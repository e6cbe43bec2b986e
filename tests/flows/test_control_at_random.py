"""Commands in any order and at any moment: nothing is paid unasked or twice, nothing is lost, nothing gets stuck."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from orchestrator.db.models import PlanRow, ProviderCallRow
from orchestrator.db.records import fetch
from orchestrator.errors import BadInput, Conflict
from orchestrator.schema.clip_run import RetryPolicy
from orchestrator.schema.project import OnFailed
from orchestrator.schema.status import ClipStatus, PlanStatus
from orchestrator.schema.view import ClipView
from tests.fakes.swift import PRICE_USD, Obedient, open_house

CLIPS = st.integers(0, 2)
WORDS = st.sampled_from(("lamp", "water", "door"))


class AtRandom(RuleBasedStateMachine):
    """One plan of three clips. Every command is given twice, as by an impatient hand."""

    @initialize(
        refunds=st.booleans(),
        held=st.sets(WORDS),
        on_failed=st.sampled_from(OnFailed),
        attempts=st.integers(1, 2),
        width=st.integers(1, 3),
    )
    def open(self, refunds: bool, held: set[str], on_failed: OnFailed, attempts: int, width: int) -> None:
        self.stack = contextlib.ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        opened = open_house(folder, provider=Obedient(refunds=refunds), max_concurrent_clips=width)
        self.house = self.stack.enter_context(opened)
        policy = RetryPolicy(max_attempts=attempts)
        self.plan_id = self.house.make_plan(on_failed=on_failed, retry_policy=policy)
        self.service = self.house.app.service
        self.accepted: dict[str, str] = {}
        self.house.provider.held |= held
        self.start()
        self.house.wait(self.plan_id, lambda plan: plan.creates > 0)

    def twice(self, command: Callable[[], Any]) -> None:
        for _ in range(2):
            with contextlib.suppress(Conflict, BadInput):  # not now, and it says so
                command()

    def clip(self, number: int) -> ClipView:
        return self.house.plan(self.plan_id).clips[number]

    @rule()
    def start(self) -> None:
        self.twice(lambda: self.service.start_plan(self.plan_id))

    @rule()
    def pause(self) -> None:
        self.twice(lambda: self.service.pause_plan(self.plan_id))

    @rule()
    def cancel(self) -> None:
        self.twice(lambda: self.service.cancel_plan(self.plan_id))

    @rule()
    def retry_failed(self) -> None:
        self.twice(lambda: self.service.retry_failed(self.plan_id))

    @rule(number=CLIPS, is_afresh=st.booleans())
    def retry(self, number: int, is_afresh: bool) -> None:
        clip_id = self.clip(number).id
        self.accepted.pop(clip_id, None)
        with contextlib.suppress(Conflict):  # once: a clip that passed in between would be made a second time
            self.service.retry_clip(clip_id, is_afresh=is_afresh)

    @rule(number=CLIPS, length=st.integers(1, 12))
    def edit(self, number: int, length: int) -> None:
        clip = self.clip(number)
        words = " ".join([*clip.text.rstrip(".").split()[:6], *("on" * (length > 1) for _ in range(length))]).strip()
        self.twice(lambda: self.service.edit_clip(clip.id, text=f"{words}."))

    @rule(number=CLIPS)
    def move_to_front(self, number: int) -> None:
        ids = [clip.id for clip in self.house.plan(self.plan_id).clips]
        order = [ids[number], *ids[:number], *ids[number + 1 :]]
        self.twice(lambda: self.service.reorder_clips(self.plan_id, order))

    @rule(number=CLIPS, is_good=st.booleans())
    def decide(self, number: int, is_good: bool) -> None:
        clip_id = self.clip(number).id
        takes = self.house.app.views.takes(clip_id)
        if takes:
            self.accepted.pop(clip_id, None)
            say = self.service.approve_take if is_good else self.service.reject_take
            self.twice(lambda: say(takes[0].run_id, reason="So it is"))

    @rule(number=CLIPS)
    def look_again(self, number: int) -> None:
        self.twice(lambda: self.service.assess_clip(self.clip(number).id))

    @rule(more=st.integers(0, 2))
    def change_budget(self, more: int) -> None:
        spent = self.house.plan(self.plan_id).spent_usd
        self.twice(lambda: self.service.raise_budget(self.plan_id, budget_usd=spent + more * PRICE_USD))

    @rule(word=WORDS, kind=st.sampled_from(("held", "spoilt", "doubted")))
    def turn(self, word: str, kind: str) -> None:
        """What becomes of a line from now on is the other way round."""
        words = self.house.doubted if kind == "doubted" else getattr(self.house.provider, kind)
        words.symmetric_difference_update({word})

    @rule()
    def look_on(self) -> None:
        time.sleep(0.05)

    @invariant()
    def nothing_is_paid_unasked_or_twice(self) -> None:
        paid = [made.request.key for made in list(self.house.provider.made.values())]
        with self.house.app.database.read() as session:
            asked = set(session.scalars(select(ProviderCallRow.key)))
        assert len(paid) == len(set(paid))
        assert set(paid) <= asked

    @invariant()
    def a_running_plan_is_looked_after(self) -> None:
        with self.house.app.database.read() as session:
            plan = fetch(session, PlanRow, self.plan_id)
            is_running, is_parked, flow = plan.status == PlanStatus.RUNNING, plan.is_parked, plan.flow_generation
        if is_running:
            assert not is_parked
            flow_id = f"plan:{self.plan_id}:{flow}"
            assert not self.house.app.engine.is_finished(flow_id) or self.house.plan(self.plan_id).status != "running"

    @invariant()
    def accepted_takes_stay(self) -> None:
        for clip in self.house.plan(self.plan_id).clips:
            accepted = next((take for take in self.house.app.views.takes(clip.id) if take.is_accepted), None)
            if clip.id in self.accepted:
                assert accepted is not None and accepted.run_id == self.accepted[clip.id]
            if accepted is not None:
                self.accepted[clip.id] = accepted.run_id
                assert accepted.video_url

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        with self.stack:
            for words in (self.house.provider.held, self.house.provider.spoilt, self.house.doubted):
                words.clear()
            self.service.raise_budget(self.plan_id, budget_usd=None)  # and go on
            plan = self.house.wait(self.plan_id)
            if plan.pause_cause:
                plan = self.house.run(self.plan_id)
            assert plan.status in (PlanStatus.COMPLETED, PlanStatus.INCOMPLETE), plan
            assert all(clip.status.is_settled for clip in plan.clips)
            self.house.wait(self.plan_id, lambda plan: plan.cost_usd == self.house.provider.paid_usd)
            self.accepted_takes_stay()
            self.nothing_is_paid_unasked_or_twice()
            if plan.status is PlanStatus.COMPLETED:
                assert plan.render is not None and plan.render.is_current
            assert plan.missing == tuple(m for m in plan.missing if plan.clips[m.position - 1].status != "passed")
            assert len(plan.missing) == sum(clip.status is not ClipStatus.PASSED for clip in plan.clips)


AtRandom.TestCase.settings = settings(
    max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAtRandom = AtRandom.TestCase
