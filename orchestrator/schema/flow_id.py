"""What flows are called. The same name is the same flow, so a click given twice starts one."""

from __future__ import annotations

# What a flow comes to whose rows somebody deleted meanwhile.
GONE = "gone"


def plan_flow_id(plan_id: str, generation: int) -> str:
    return f"plan:{plan_id}:{generation}"


def clip_flow_id(clip_id: str, generation: int) -> str:
    return f"clip:{clip_id}:{generation}"


def render_flow_id(render_id: str) -> str:
    return f"render:{render_id}"


def animatic_flow_id(plan_id: str, generation: int) -> str:
    return f"animatic:{plan_id}:{generation}"
