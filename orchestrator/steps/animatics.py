"""The step of a plan's animatics: previews drawn on this machine, one clip after the other, until none is out of date.

Nothing here is paid: no provider is asked, and no row of the ledger is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from orchestrator.animatics import Sketch, sketch, stale
from orchestrator.db.animatics import animatic_of, asset_of
from orchestrator.db.models import AssetRow, ClipRow, PlanRow
from orchestrator.db.pictures import picture_row
from orchestrator.db.records import fetch, shelf_of
from orchestrator.db.session import Database, Session
from orchestrator.errors import UNFORESEEN, Away, NotFound, explain
from orchestrator.generator import Generator
from orchestrator.pictures import FittedPictures, StoredPicture
from orchestrator.schema.asset import Shelf
from orchestrator.storage.base import AssetStore
from providers.base import Animator, ProviderError, ReferenceRules

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AnimaticSteps:
    """``at_once`` previews of a plan are drawn side by side."""

    database: Database
    generator: Generator
    store: AssetStore
    animator: Animator | None
    scratch: Path
    is_stopping: threading.Event
    at_once: int = 2

    async def draw(self, plan_id: str) -> int:
        """Draw what is out of date, and what becomes so meanwhile; how many were drawn. A clip that cannot be drawn is
        told of on the row and left until it changes or somebody asks again."""
        given_up: dict[str, str] = {}
        drawn = 0
        while todo := self._next(plan_id, given_up):
            outcomes = await asyncio.gather(*(self._draw(clip_id) for clip_id in todo))
            for (clip_id, key), problem in zip(todo.items(), outcomes, strict=True):
                drawn += not problem
                if problem:
                    given_up[clip_id] = key
                    self._note(plan_id, clip_id, problem)
        log.info("Previews drawn", extra={"clips": drawn})
        return drawn

    def _next(self, plan_id: str, given_up: dict[str, str]) -> dict[str, str]:
        """Clips to draw, with the keys of their previews. None left closes the row in the same transaction, so that
        whoever changes a clip and asks is either seen here or begins anew."""
        with self.database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            todo = [(clip_id, key) for clip_id, key in stale(plan).items() if given_up.get(clip_id) != key]
            if not todo or plan.project.deleted_at:
                animatic_of(session, plan_id).is_open = False
                return {}
            return dict(todo[: self.at_once])

    async def _draw(self, clip_id: str) -> str:
        """Draw one preview and give it to its clip; why not, in words."""
        with self.database.read() as session:
            clip = fetch(session, ClipRow, clip_id)
            asked, shelf = sketch(clip), shelf_of(clip.plan.project)
            picture = _picture_of(session, asked.picture)
        try:
            if not await self._find(clip_id, asked.key, shelf):
                asset = await self._make(asked, shelf, picture)
                self._keep(clip_id, asked.key, asset)
        except Away:
            raise
        except Exception as error:
            if self.is_stopping.is_set():
                raise
            known = str(error) if isinstance(error, ProviderError) else explain(error)
            if known is None:
                log.exception("The preview of clip %s broke off", clip_id)
            return str(known or UNFORESEEN)
        return ""

    async def _find(self, clip_id: str, key: str, shelf: Shelf) -> bool:
        """Whether this very preview was drawn before, as for a clip that was changed and changed back."""
        with self.database.read() as session:
            asset = asset_of(session, _storage_key(shelf, key))
            stored = (asset.storage_key, asset.sha256) if asset else None
        if stored is None:
            return False
        try:
            await asyncio.to_thread(self.store.local_path, *stored)
        except NotFound:
            return False
        with self.database.write() as session:
            if (asset := asset_of(session, stored[0])) is None:
                return False
            _give(fetch(session, ClipRow, clip_id, lock=True), key, asset)
            return True

    async def _make(self, asked: Sketch, shelf: Shelf, picture: StoredPicture | None) -> AssetRow:
        if self.animator is None:
            raise ProviderError("No provider that draws on this machine is set up.")
        self.scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="animatic-", dir=self.scratch))
        request = asked.request()
        try:
            if picture is not None:
                pictures = FittedPictures(self.store, folder)
                path = await asyncio.to_thread(pictures.fit, picture, size=request.size, rules=ReferenceRules())
                request = request.model_copy(update={"reference_path": path})
            file = folder / "animatic.mp4"
            await self.animator.animate(request, file)
            return await self.generator.keep_animatic(file, shelf=shelf, name=_name(asked.key))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _keep(self, clip_id: str, key: str, asset: AssetRow) -> None:
        with self.database.write() as session:
            clip = fetch(session, ClipRow, clip_id, lock=True)
            same = asset_of(session, asset.storage_key)  # of a clip just like it, or its file was lost and is back
            if same is None:
                session.add(asset)
                session.flush()
            _give(clip, key, same or asset)

    def _note(self, plan_id: str, clip_id: str, problem: str) -> None:
        with self.database.write() as session:
            clip = fetch(session, ClipRow, clip_id)
            place = 1 + sum(other.order_key < clip.order_key for other in clip.plan.clips)
            animatic_of(session, plan_id).error = f"Clip {place}: {problem}"


def _picture_of(session: Session, asset_id: str) -> StoredPicture | None:
    """What the clip starts from; a picture that is gone is done without."""
    with contextlib.suppress(NotFound):
        row = picture_row(session, asset_id)
        return StoredPicture(key=row.storage_key, sha256=row.sha256)
    return None


def _give(clip: ClipRow, key: str, asset: AssetRow) -> None:
    """A clip that was changed meanwhile gets it all the same; its key tells that it is out of date."""
    clip.animatic_asset_id, clip.animatic_key = asset.id, key


def _name(key: str) -> str:
    return f"animatic-{key}"


def _storage_key(shelf: Shelf, key: str) -> str:
    return shelf.key(f"{_name(key)}.mp4")
