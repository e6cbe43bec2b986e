"""The walk, made durable: how a plan, a clip and a render go from one state to the next.

Read it top to bottom. The flows sequence named steps and nothing else; what a step does stands in ``steps``.

Stored flows of an earlier version replay through this text: the sequence of step names and child flows of a flow may
not change. One that has to becomes a flow of a new name, beside the old one until that is drained.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from orchestrator.engine import Flow, FlowContext
from orchestrator.errors import UNFORESEEN, explain
from orchestrator.schema.flow_id import clip_flow_id, plan_flow_id
from orchestrator.steps.animatics import AnimaticSteps
from orchestrator.steps.cancels import CancelSteps
from orchestrator.steps.clips import ClipSteps
from orchestrator.steps.films import FilmSteps
from orchestrator.steps.plans import PlanSteps
from orchestrator.steps.takes import TakeSteps

log = logging.getLogger(__name__)
NOBODYS = 0  # generation of a clip: its flows count from 1, so the clip's state is left alone


@dataclass(frozen=True)
class Flows:
    """The flows, over the steps of what they move."""

    plans: PlanSteps
    clips: ClipSteps
    takes: TakeSteps
    films: FilmSteps
    cancels: CancelSteps
    animatics: AnimaticSteps
    is_stopping: threading.Event = field(default_factory=threading.Event)

    def by_name(self) -> dict[str, Flow]:
        return {
            "plan": self.plan_flow,
            "clip": self.clip_flow,
            "render": self.render_flow,
            "assess": self.assess_flow,
            "reassess": self.reassess_flow,
            "retime": self.retime_flow,
            "cancel": self.cancel_flow,
            "animatic": self.animatic_flow,
        }

    async def plan_flow(self, flow: FlowContext, plan_id: str, generation: int) -> str:
        """All clips of a plan, round after round while there are clips to do, then the film."""
        try:
            return await self._walk_plan(flow, plan_id, generation)
        except Exception as error:
            if self.is_stopping.is_set():
                raise
            if explain(error) is None:
                log.exception("Plan %s broke off", plan_id)
            else:
                log.error("Plan %s broke off: %s", plan_id, error)
            return await flow.step("park", self.plans.park, plan_id)

    async def _walk_plan(self, flow: FlowContext, plan_id: str, generation: int) -> str:
        begun: set[str] = set()
        while True:
            clips = await flow.step("open_round", self.plans.open_round, plan_id)
            if clips:
                calls = {clip_flow_id(c, g): (c, g) for c, g in clips}
                ends = await flow.run_all("clips_by_plan", "clip", calls, partition=plan_id)
                for clip_id, clip_generation in clips:
                    flow_id = clip_flow_id(clip_id, clip_generation)
                    # A flow that broke, or ended before without settling its clip, would be awaited for ever.
                    if ends[flow_id] is None or flow_id in begun:
                        await flow.step("break_off", self.clips.end_broken, clip_id, clip_generation)
                    begun.add(flow_id)
                continue
            end = await flow.step("close_plan", self.plans.close_plan, plan_id, generation)
            if end == "again":
                continue
            if end.startswith("render:"):
                await flow.run_all("render", "render", {end: (end.removeprefix("render:"),)})
                if await flow.step("finish_plan", self.plans.finish_plan, plan_id, generation) == "again":
                    continue
            return end

    async def clip_flow(self, flow: FlowContext, clip_id: str, generation: int) -> str:
        """Take after take until one is accepted, nothing more can be done, or the plan is paused."""
        try:
            while True:
                run_id = await flow.step("craft", self.clips.craft, clip_id, generation)
                if not run_id:
                    return "stopped"
                if await flow.step("create", self.clips.create, run_id, generation) and await flow.step(
                    "wait", self.clips.wait, run_id
                ):
                    await flow.step("fetch", self.clips.fetch, run_id, generation)
                    await flow.step("assess", self.takes.assess, run_id)
                settled = await flow.step("settle", self.clips.settle, run_id, generation)
                if not settled["is_retry"]:
                    return settled["status"]
                await flow.sleep(settled["delay_seconds"])
        except Exception as error:
            if self.is_stopping.is_set():
                raise
            known = explain(error)
            if known is None:
                log.exception("Clip %s broke off", clip_id)
            return await flow.step("break_off", self.clips.break_off, clip_id, generation, str(known or UNFORESEEN))

    async def render_flow(self, flow: FlowContext, render_id: str) -> str:
        return await flow.step("render", self.films.render, render_id)

    async def assess_flow(self, flow: FlowContext, run_id: str, _count: int) -> str:
        """What ``reassess_flow`` was before it went on to the film."""
        return await flow.step("reassess", self.takes.reassess, run_id)

    async def reassess_flow(self, flow: FlowContext, run_id: str, _count: int) -> str:
        """A person asked for the newest take to be assessed again; it may be what the film was waiting for."""
        try:
            verdict = await flow.step("reassess", self.takes.reassess, run_id)
        except Exception as error:
            if self.is_stopping.is_set():
                raise
            known = explain(error)
            if known is None:
                log.exception("Take %s could not be assessed again", run_id)
            await flow.step("note_failure", self.takes.note_failure, run_id, str(known or UNFORESEEN))
            return "not_assessed"
        if plan := await flow.step("go_on", self.plans.go_on_when_whole, run_id):
            plan_id, generation = plan
            await flow.run_all("plans", "plan", {plan_flow_id(plan_id, generation): (plan_id, generation)})
        return verdict

    async def retime_flow(self, flow: FlowContext, run_id: str) -> str:
        """A person cut a take from another one. It is assessed, and that is all: no other take follows from it."""
        try:
            await flow.step("fetch", self.clips.fetch, run_id, NOBODYS)
            await flow.step("assess", self.takes.assess, run_id)
        except Exception as error:
            if self.is_stopping.is_set():
                raise
            known = explain(error)
            if known is None:
                log.exception("Take %s could not be cut", run_id)
            return await flow.step("keep_broken", self.takes.keep, run_id, str(known or UNFORESEEN))
        verdict = await flow.step("keep", self.takes.keep, run_id, "")
        if plan := await flow.step("go_on", self.plans.go_on_when_whole, run_id):
            plan_id, generation = plan
            await flow.run_all("plans", "plan", {plan_flow_id(plan_id, generation): (plan_id, generation)})
        return verdict

    async def cancel_flow(self, flow: FlowContext, plan_id: str, cancelled_at: int) -> int:
        """A person cancelled the plan: what its providers take back without charging is not made."""
        return await flow.step("take_back", self.cancels.take_back, plan_id, cancelled_at)

    async def animatic_flow(self, flow: FlowContext, plan_id: str, _generation: int) -> int:
        """Free previews of the clips that have no accepted take, until none is out of date."""
        return await flow.step("draw", self.animatics.draw, plan_id)
