"""Rows of browsers in which somebody is signed in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update

from orchestrator.db.session import Session
from orchestrator.db.sign_in_models import SignInRow


def find_sign_in(session: Session, sign_in_id: str) -> SignInRow | None:
    return session.get(SignInRow, sign_in_id)


def add_sign_in(session: Session, row: SignInRow, *, unused_since: datetime) -> None:
    """Keep ``row``; those that nobody used since ``unused_since`` are forgotten."""
    session.execute(delete(SignInRow).where(SignInRow.seen_at < unused_since))
    session.add(row)


def renew_sign_in(session: Session, sign_in_id: str, *, sealed: str, expires_at: datetime, seen_at: datetime) -> bool:
    """Put new tokens in the place of older ones; whether the row is there."""
    newer = update(SignInRow).where(SignInRow.id == sign_in_id, SignInRow.expires_at <= expires_at)
    session.execute(newer.values(sealed=sealed, expires_at=expires_at, seen_at=seen_at))
    return session.get(SignInRow, sign_in_id) is not None


def touch_sign_in(session: Session, sign_in_id: str, *, seen_at: datetime) -> None:
    session.execute(update(SignInRow).where(SignInRow.id == sign_in_id).values(seen_at=seen_at))


def drop_sign_in(session: Session, sign_in_id: str, *, sealed: str | None = None) -> bool:
    """Forget it, or with ``sealed`` only as long as it holds just that; whether it was there."""
    gone = delete(SignInRow).where(SignInRow.id == sign_in_id)
    if sealed is not None:
        gone = gone.where(SignInRow.sealed == sealed)
    return bool(session.execute(gone.returning(SignInRow.id)).all())
