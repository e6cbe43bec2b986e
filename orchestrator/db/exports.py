"""What exports ask of the database."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.db.models import AssetRow, PlanRow, RunRow


def assets_of(session: Session, plan: PlanRow) -> dict[str | None, AssetRow]:
    """The stored videos of all takes of a plan, by asset id."""
    runs: Iterable[RunRow] = (run for clip in plan.clips for run in clip.runs)
    wanted = [run.asset_id for run in runs if run.asset_id]
    return {row.id: row for row in session.scalars(select(AssetRow).where(AssetRow.id.in_(wanted)))}
