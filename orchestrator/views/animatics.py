"""How far free previews are."""

from __future__ import annotations

from orchestrator.animatics import stale, wanted
from orchestrator.db.animatics import find_animatic
from orchestrator.db.models import PlanRow
from orchestrator.db.records import fetch
from orchestrator.schema.animatic import AnimaticView
from orchestrator.views.base import Reads


class AnimaticReads(Reads):
    """How far free previews are."""

    def animatic(self, plan_id: str) -> AnimaticView:
        """How the previews of a plan stand."""
        with self._database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            row, total = find_animatic(session, plan_id), len(wanted(plan))
            if row is None:  # nobody ever asked for one
                return AnimaticView(total=total, done=0)
            return AnimaticView(total=total, done=total - len(stale(plan)), is_active=row.is_open, error=row.error)
