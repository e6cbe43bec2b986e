"""What all tables share: ids, times, JSON, and how a row names the row it belongs to."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Text, TypeDecorator, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def new_id() -> str:
    return str(uuid.uuid4())


def utc_now() -> datetime:
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """Timezone-aware on every database; SQLite hands back naive times, which are UTC here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


Json = JSON().with_variant(JSONB(), "postgresql")
Id = Uuid(as_uuid=False)


class Base(DeclarativeBase):
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: Json, list[str]: Json, str: Text()}  # noqa: RUF012

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Touched:
    """A row that tells when it last changed."""

    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


def parent(table: str, *, nullable: bool = False, on_delete: str = "CASCADE") -> Any:
    """A column with the id of a row of ``table``."""
    return mapped_column(Id, ForeignKey(f"{table}.id", ondelete=on_delete), nullable=nullable, index=True)
