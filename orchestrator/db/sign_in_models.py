"""Browsers in which somebody is signed in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from orchestrator.db.columns import Base, Id


class SignInRow(Base):
    """One browser. ``id`` is the SHA-256, in hexadecimal digits, of the secret in its cookie; ``sealed`` holds the
    tokens and opens with that secret only, which is kept nowhere here. ``expires_at`` is when the access token ends,
    ``seen_at`` when the browser was last used."""

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, index=True)
    sealed: Mapped[str]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime]
