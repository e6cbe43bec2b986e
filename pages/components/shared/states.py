"""The states of clips, plans and renders as coloured labels. Pure."""

from __future__ import annotations

from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus

WORKING_ICON = ":material/progress_activity:"
# label, icon, colour of st.badge
Badge = tuple[str, str, str]
WAITING: Badge = ("Queued", ":material/schedule:", "gray")
PASSED: Badge = ("Passed", ":material/check_circle:", "green")
FAILED: Badge = ("Failed", ":material/error:", "red")
NEEDS_YOU: Badge = ("Needs you", ":material/visibility:", "orange")
CLIP_BADGES: dict[ClipStatus, Badge] = {
    ClipStatus.PENDING: WAITING,
    ClipStatus.GENERATING: ("Generating", WORKING_ICON, "blue"),
    ClipStatus.ASSESSING: ("Assessing", ":material/rule:", "violet"),
    ClipStatus.REPAIRING: ("Repairing", ":material/build:", "orange"),
    ClipStatus.PASSED: PASSED,
    ClipStatus.NEEDS_REVIEW: NEEDS_YOU,
    ClipStatus.FAILED: FAILED,
}
PLAN_BADGES: dict[PlanStatus, Badge] = {
    PlanStatus.PLANNED: ("Planned", ":material/edit_note:", "gray"),
    PlanStatus.RUNNING: ("Running", WORKING_ICON, "blue"),
    PlanStatus.PAUSED: ("Paused", ":material/pause_circle:", "orange"),
    PlanStatus.COMPLETED: ("Completed", ":material/check_circle:", "green"),
    PlanStatus.INCOMPLETE: ("Incomplete", ":material/error:", "red"),
    PlanStatus.CANCELLED: ("Cancelled", ":material/cancel:", "gray"),
}
RENDER_BADGES: dict[RenderStatus, Badge] = {
    RenderStatus.QUEUED: WAITING,
    RenderStatus.RENDERING: ("Rendering", WORKING_ICON, "blue"),
    RenderStatus.DONE: ("Done", ":material/check_circle:", "green"),
    RenderStatus.FAILED: FAILED,
}
