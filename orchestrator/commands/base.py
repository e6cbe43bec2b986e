"""What every command works with."""

from __future__ import annotations

from typing import Self

from orchestrator.auth.invitations import Invitations
from orchestrator.choices import Choices
from orchestrator.db.session import Database
from orchestrator.engine import Engine
from orchestrator.rights import Asker
from orchestrator.schema.user import User
from orchestrator.storage.base import AssetStore


class Commands(Asker):
    """``user`` is who gives them; None where nobody signs in, and for the worker itself."""

    def __init__(
        self,
        *,
        database: Database,
        engine: Engine,
        choices: Choices,
        store: AssetStore,
        user: User | None = None,
        worker: Self | None = None,
        invitations: Invitations | None = None,
    ) -> None:
        super().__init__(database=database, choices=choices, user=user)
        self._engine = engine
        self._store = store
        self._invitations = invitations
        self._worker: Self = worker or self  # does what a command sets off, whoever gave it

    def for_user(self, user: User) -> Self:
        """The same commands as ``user`` gives them; row security decides about each. Raises ``NotConfigured`` on
        SQLite."""
        return type(self)(
            database=self._database.as_user(user.claims),
            engine=self._engine,
            choices=self._choices,
            store=self._store,
            user=user,
            worker=self,
            invitations=self._invitations,
        )

    @property
    def can_mail(self) -> bool:
        """Whether those who are invited are written to."""
        return self._invitations is not None

    @property
    def own_name(self) -> str:
        """Whose commands these are, as others read it."""
        return self._name("")
