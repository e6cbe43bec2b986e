"""What exports ask of the database."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.db.models import AssetRow, RunRow


def assets_of(session: Session, runs: Iterable[RunRow]) -> dict[str | None, AssetRow]:
    """The stored videos of those takes, by asset id."""
    return assets_by_id(session, [run.asset_id for run in runs if run.asset_id])


def assets_by_id(session: Session, ids: Iterable[str]) -> dict[str | None, AssetRow]:
    return {row.id: row for row in session.scalars(select(AssetRow).where(AssetRow.id.in_(list(ids))))}
