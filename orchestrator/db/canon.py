"""A plan's canon follows what its project says now, so that takes made from now on look like it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from orchestrator.db.models import BriefRow, PlanRow
from orchestrator.db.records import add_brief, brief_of, drop_unused, newest
from orchestrator.schema.brief import ContentBrief


def follow_canon(session: Session, plan: PlanRow, brief: ContentBrief) -> None:
    """Give ``plan`` the style and the characters of ``brief``; all else stays as it was planned from. The caller holds
    the plan's lock."""
    old = plan.brief
    planned = brief_of(old)
    wanted = planned.model_copy(update={"style": brief.style, "characters": brief.characters})
    if wanted == planned:
        return
    draft = newest(session, BriefRow, plan.project_id)
    if draft is None or brief_of(draft) != wanted:
        draft = add_brief(session, plan.project_id, wanted)
        draft.created_at = old.created_at  # what was written last stays the newest
    plan.content_brief_id = draft.id
    session.flush()
    session.expire(plan, ["brief"])
    drop_unused(session, old)
