"""Looks at takes that are paid for: written down before they are asked for, answered once, counted by the budget.

A vision call has no id by which it could be looked up. One whose process ended before the answer came may have been
charged: what it was reckoned to cost stays counted, and it is asked for again once.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from orchestrator.calls import spent_usd
from orchestrator.db.models import ClipRow, PerceptionCallRow, PlanRow, ProjectRow, RunRow
from orchestrator.db.session import Database, Session
from orchestrator.db.take_costs import keep_cost, keeping_cost
from orchestrator.errors import LookFailed
from orchestrator.perception.base import Frame, Question, Seen, SeenAnswer, Viewer
from orchestrator.schema.value import Value

# A look may take so long; after that and a moment, another process takes its asker for dead.
LOOK_SECONDS = 180.0
_MARGIN = timedelta(seconds=15)
_WAIT_SECONDS = 0.25
LOST_MAX = 2
# What a look is reckoned with before its bill is known. A still of up to 768 x 768 pixels is at most four tiles of 170
# tokens and 85 more (https://platform.openai.com/docs/guides/images-vision); a token is three characters or more.
_TOKENS_PER_STILL = 765
_TOKENS_OF_INSTRUCTIONS = 300
_TOKENS_PER_ANSWER = 80
_CHARACTERS_PER_TOKEN = 3


class TokenPrice(Value):
    """US dollars for a million tokens."""

    input_usd: float
    output_usd: float

    def cost_usd(self, tokens: tuple[int, int]) -> float:
        """What ``tokens`` (input, output) cost."""
        return round((tokens[0] * self.input_usd + tokens[1] * self.output_usd) / 1e6, 6)


class Looks:
    """``viewer`` with a memory: the same stills and questions are paid for once, whoever asks.

    ``model`` and ``endpoint`` are the viewer's; ``owner`` names this process, as in the ledger. Used on one event loop.
    """

    def __init__(
        self, database: Database, viewer: Viewer, *, model: str, endpoint: str, price: TokenPrice, owner: str
    ) -> None:
        self._database = database
        self._viewer = viewer
        self._model = model
        self._endpoint = endpoint
        self._price = price
        self._owner = owner
        self._under_way: set[str] = set()
        self._unwritten: dict[str, dict[str, Any]] = {}

    def of(self, run_id: str) -> Viewer:
        """The viewer of this take: its project pays, its budget bounds."""
        return _ViewerOfTake(self, run_id)

    @property
    def missing(self) -> str:
        return self._viewer.missing

    async def look(self, run_id: str, frames: Sequence[Frame], *, questions: Sequence[Question], context: str) -> Seen:
        """See ``Viewer.judge``. Raises ``LookFailed``, also when the budget does not cover the look."""
        if self.missing:
            raise LookFailed(self.missing, is_free=True)
        key = self._key(frames, questions=questions, context=context)
        estimate_usd = self._price.cost_usd(_reckon(frames, questions=questions, context=context))
        found = self._claim(key, run_id, estimate_usd=estimate_usd)
        while found == "wait":
            await asyncio.sleep(_WAIT_SECONDS)
            found = self._claim(key, run_id, estimate_usd=estimate_usd)
        if isinstance(found, Seen):
            return found
        self._under_way.add(key)
        try:
            return await self._ask(key, frames, questions=questions, context=context)
        finally:
            self._under_way.discard(key)

    async def _ask(self, key: str, frames: Sequence[Frame], *, questions: Sequence[Question], context: str) -> Seen:
        try:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    seen = await self._viewer.judge(frames, questions=questions, context=context)
            except TimeoutError:
                raise LookFailed(f"The vision service gave no answer within {LOOK_SECONDS:g} s") from None
        except LookFailed as failure:
            cost = 0.0 if failure.is_free else self._price.cost_usd(failure.tokens) if failure.tokens else None
            self._note(key, "failed", tokens=failure.tokens, cost_usd=cost, error=failure.message)
            raise
        tokens = None
        if seen.input_tokens is not None and seen.output_tokens is not None:
            tokens = (seen.input_tokens, seen.output_tokens)
        cost = self._price.cost_usd(tokens or _reckon(frames, questions=questions, context=context))
        answers = {"model": seen.model} | seen.model_dump(mode="json", include={"answers"})
        self._note(key, "answered", tokens=tokens, cost_usd=cost, answers=answers)
        return seen.model_copy(update={"cost_usd": cost, "is_cached": False})

    def _key(self, frames: Sequence[Frame], *, questions: Sequence[Question], context: str) -> str:
        parts = [
            self._model,
            self._endpoint,
            context,
            *([frame.label, hashlib.sha256(frame.jpeg).hexdigest()] for frame in frames),
            *([question.key, question.text] for question in questions),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _claim(self, key: str, run_id: str, *, estimate_usd: float) -> Seen | str:
        """The answer where there is one; ``wait`` while somebody is at it; else the right to ask, written down.

        Raises ``LookFailed`` where nobody may ask.
        """
        if key in self._under_way:
            return "wait"
        if key in self._unwritten:
            self._write(key)
        try:
            with self._database.write() as session:
                return self._claim_row(session, key, run_id, estimate_usd=estimate_usd)
        except IntegrityError:  # another process wrote it down in this moment
            return "wait"

    def _claim_row(self, session: Session, key: str, run_id: str, *, estimate_usd: float) -> Seen | str:
        payer = select(PlanRow.project_id).join(ClipRow).join(RunRow).where(RunRow.id == run_id).scalar_subquery()
        # The project's row is the lock under which its money is counted.
        project = session.scalars(select(ProjectRow).where(ProjectRow.id == payer).with_for_update()).one()
        with keeping_cost(session, PerceptionCallRow, key):
            return self._claim_for(session, project, key, run_id, estimate_usd=estimate_usd)

    def _claim_for(
        self, session: Session, project: ProjectRow, key: str, run_id: str, *, estimate_usd: float
    ) -> Seen | str:
        row = session.scalar(select(PerceptionCallRow).where(PerceptionCallRow.key == key).with_for_update())
        now = self._database.now(session)
        if row is not None and row.state == "answered":
            return _seen(row)
        lost = 0
        if row is not None and row.state == "intent":
            if row.owner != self._owner and row.ask_by > now:
                return "wait"
            lost = row.lost + 1
        if lost >= LOST_MAX:
            raise LookFailed(
                "The vision service was asked to look at this take, and its answer was lost twice; it may have been "
                "charged for both, so it is not asked again"
            )
        budget_usd = project.settings.get("budget_usd")
        if budget_usd is not None and estimate_usd > budget_usd - spent_usd(session, project.id) + 1e-9:
            raise LookFailed("The budget is used up, so nobody looked at the picture", is_free=True)
        if row is None:
            row = PerceptionCallRow(
                key=key,
                project_id=project.id,
                clip_run_id=run_id,
                model=self._model,
                endpoint=_without_secrets(self._endpoint),
                cost_usd=0.0,
                asks=0,
            )
            session.add(row)
        row.state, row.owner, row.lost, row.asks = "intent", self._owner, lost, row.asks + 1
        row.cost_usd, row.estimated_usd = row.cost_usd + estimate_usd, estimate_usd
        row.ask_by = now + timedelta(seconds=LOOK_SECONDS) + _MARGIN
        keep_cost(session, row.clip_run_id)
        return "ask"

    def _note(
        self,
        key: str,
        state: str,
        *,
        tokens: tuple[int, int] | None,
        cost_usd: float | None,
        answers: dict[str, Any] | None = None,
        error: str = "",
    ) -> None:
        """What became of the look. ``cost_usd`` None: it may have been charged, and what was reckoned stands."""
        known = (
            {}
            if cost_usd is None
            else {"cost_usd": PerceptionCallRow.cost_usd - PerceptionCallRow.estimated_usd + cost_usd}
        )
        self._unwritten[key] = {
            "state": state,
            "input_tokens": tokens[0] if tokens else None,
            "output_tokens": tokens[1] if tokens else None,
            "answers": answers,
            "error_message": error,
            **known,
        }
        self._write(key)

    def _write(self, key: str) -> None:
        """What could not be written while the database was away is written when the look is asked for again."""
        with self._database.write() as session, keeping_cost(session, PerceptionCallRow, key):
            mine = (PerceptionCallRow.key == key, PerceptionCallRow.state == "intent")
            query = update(PerceptionCallRow).where(*mine, PerceptionCallRow.owner == self._owner)
            session.execute(query.values(answered_at=self._database.now(session), **self._unwritten[key]))
        del self._unwritten[key]


@dataclass(frozen=True)
class _ViewerOfTake:
    looks: Looks
    run_id: str

    @property
    def missing(self) -> str:
        return self.looks.missing

    async def judge(self, frames: Sequence[Frame], *, questions: Sequence[Question], context: str = "") -> Seen:
        return await self.looks.look(self.run_id, frames, questions=questions, context=context)


def _seen(row: PerceptionCallRow) -> Seen:
    """An answer that was paid for earlier."""
    kept = row.answers or {}
    return Seen(
        answers={key: SeenAnswer.model_validate(given) for key, given in kept.get("answers", {}).items()},
        model=kept.get("model", row.model),
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_usd=0.0,
        is_cached=True,
    )


def _reckon(frames: Sequence[Frame], *, questions: Sequence[Question], context: str) -> tuple[int, int]:
    """(input, output) tokens that a look will probably take."""
    characters = len(context) + sum(len(question.text) for question in questions)
    told = characters // _CHARACTERS_PER_TOKEN + _TOKENS_OF_INSTRUCTIONS
    return told + _TOKENS_PER_STILL * len(frames), _TOKENS_PER_ANSWER * len(questions)


def _without_secrets(url: str) -> str:
    """Scheme, host and path: keys are found in what stands before and after them."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
