"""Where kept pictures stand in the tables."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.db.models import AssetRow
from orchestrator.db.records import fetch
from orchestrator.errors import NotFound
from orchestrator.schema.asset import AssetKind
from orchestrator.schema.brief import ContentBrief


def picture_row(session: Session, asset_id: str) -> AssetRow:
    """The kept picture of that id. Raises ``NotFound``, also for takes and films."""
    row = fetch(session, AssetRow, asset_id)
    if row.kind != AssetKind.REFERENCE:
        raise NotFound(f"There is no picture with the id {asset_id!r}.")
    return row


def same_picture(session: Session, project_id: str, *, sha256: str) -> AssetRow | None:
    """The picture of this content that the project has already."""
    query = select(AssetRow).where(AssetRow.project_id == project_id, AssetRow.kind == AssetKind.REFERENCE)
    return session.scalar(query.where(AssetRow.sha256 == sha256).limit(1))


def check_pictures(session: Session, brief: ContentBrief) -> None:
    """Raises ``NotFound`` when style or characters name a picture that is not kept."""
    for asset_id in {brief.style.picture, *(character.picture for character in brief.characters)} - {""}:
        picture_row(session, asset_id)
