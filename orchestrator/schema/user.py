"""Somebody who is signed in."""

from __future__ import annotations

from typing import Any

from orchestrator.schema.value import Value


class User(Value):
    """``id`` is a UUID, the ``sub`` of a token that was verified; ``name`` is what others read beside what they did."""

    id: str
    email: str = ""
    is_email_verified: bool = False
    name: str = ""

    @property
    def title(self) -> str:
        """Who this is, for people."""
        return self.name or self.email or self.id

    @property
    def claims(self) -> dict[str, Any]:
        """What row security is told of them: see ``Database.as_user``."""
        return {
            "sub": self.id,
            "role": "authenticated",
            "email": self.email,
            "email_verified": self.is_email_verified,
        }
