"""A provider in memory that charges the moment it accepts, and whose process can be made to die around that moment."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from providers.base import (
    Account,
    AudioSupport,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    ProviderError,
    ProviderProfile,
    RemixClipInput,
    VideoProvider,
)


class Death(BaseException):
    """The process was killed at this point."""


class Moment(StrEnum):
    """Where a create can be cut off."""

    BEFORE_SENDING = "before_sending"
    WHILE_SENDING = "while_sending"
    BEFORE_THE_ANSWER = "before_the_answer"


class BillingProvider(VideoProvider):
    """``charges`` are the accepted requests in order. ``deaths`` are spent one per create. A request cut off
    WHILE_SENDING is accepted ``accept_delay_seconds`` later, and shows in the list ``list_lag_seconds`` after that.
    ``errors`` are raised by creates, ``waits`` by those who ask for a turn, one each; ``balances`` are told one by
    one. ``on_ready`` is called when somebody asks for a turn."""

    def __init__(
        self,
        *,
        deaths: Collection[Moment] = (),
        supports_reconcile: bool = True,
        accept_delay_seconds: float = 0.05,
        list_lag_seconds: float = 0.0,
        grace_seconds: float = 0.2,
        cost_usd_per_second: float = 0.1,
        max_concurrent: int = 100,
        deadline_seconds: float = 60.0,
        balances: Collection[float | ProviderError] = (),
    ) -> None:
        self.profile = ProviderProfile(
            name="billing",
            title="Billing",
            models=("one",),
            durations_seconds=(4, 8),
            sizes=("320x180",),
            prompt_limit_characters=1000,
            audio=AudioSupport.NATIVE,
            supports_reconcile=supports_reconcile,
            reconcile_grace_seconds=grace_seconds,
            cost_usd_per_second={"one": cost_usd_per_second},
            max_concurrent=max_concurrent,
            deadline_seconds=deadline_seconds,
            tells_balance=bool(balances),
        )
        self.charges: list[tuple[float, CreateClipInput]] = []
        self.errors: list[Exception] = []
        self.waits: list[ProviderError] = []
        self.on_ready: Callable[[], None] = lambda: None
        self._balances = list(balances)
        self._deaths = list(deaths)
        self._name = uuid.uuid4().hex[:8]
        self._accept_delay_seconds = accept_delay_seconds
        self._list_lag_seconds = list_lag_seconds

    async def ready(self) -> None:
        self.on_ready()
        if self.waits:
            raise self.waits.pop(0)

    async def check_account(self) -> Account:
        told = self._balances.pop(0)
        if isinstance(told, ProviderError):
            raise told
        return Account(balance_usd=told)

    async def create_clip(self, request: CreateClipInput) -> Generation:
        if self.errors:
            raise self.errors.pop(0)
        moment = self._deaths.pop(0) if self._deaths else None
        if moment is Moment.BEFORE_SENDING:
            raise Death
        late = self._accept_delay_seconds if moment is Moment.WHILE_SENDING else 0.0
        self.charges.append((time.monotonic() + late, request))
        if moment is not None:
            raise Death
        return self._generation(len(self.charges) - 1)

    async def remix_clip(self, request: RemixClipInput) -> Generation:
        return await self.create_clip(request)

    async def get_generation(self, generation_id: str) -> Generation:
        raise GenerationNotFound

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        """Like a real list it knows no key of ours: it matches by what was asked."""
        if not self.profile.supports_reconcile:
            raise InvalidRequest
        now = time.monotonic()
        for index, (accepted_at, charged) in enumerate(self.charges):
            generation = self._generation(index)
            is_listed = accepted_at + self._list_lag_seconds <= now
            if is_listed and charged.prompt == request.prompt and generation.id not in claimed:
                return generation
        return None

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        raise GenerationNotFound

    async def cancel(self, generation_id: str) -> bool:
        return False

    def _generation(self, index: int) -> Generation:
        return Generation(id=f"{self._name}-{index}", status=GenerationStatus.QUEUED, created_at=datetime.now(UTC))
