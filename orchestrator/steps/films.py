"""The step of a render: the takes of its timeline become one file in the asset store."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.db.models import PlanRow, RenderRow, utc_now
from orchestrator.db.records import fetch, shelf_of
from orchestrator.db.session import Database
from orchestrator.errors import UNFORESEEN, Away, explain
from orchestrator.generator import Generator
from orchestrator.renders import stored_file
from orchestrator.schema.status import RenderStatus
from orchestrator.schema.timeline import Timeline
from orchestrator.steps.perils import Perils
from orchestrator.storage.base import AssetStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FilmSteps:
    database: Database
    generator: Generator
    store: AssetStore
    cache_dir: Path
    is_stopping: threading.Event
    perils: Perils

    async def render(self, render_id: str) -> str:
        """Make the film of a queued render and keep it; its new status. Whatever goes wrong is written on the row."""
        from orchestrator.media.render import render_timeline

        with self.database.write() as session:
            row = fetch(session, RenderRow, render_id, lock=True)
            if row.status in (RenderStatus.DONE, RenderStatus.FAILED):
                return row.status
            row.status = RenderStatus.RENDERING
            timeline = Timeline.model_validate(row.timeline)
            shelf = shelf_of(fetch(session, PlanRow, row.clip_plan_id).project)
        # Of its own: a process that was taken for dead and wakes clears away its folder, and nobody else's.
        renders = self.cache_dir / "renders"
        renders.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{render_id}-", dir=renders))

        def on_progress(share: float) -> None:
            with self.database.write() as session:
                fetch(session, RenderRow, render_id).progress = round(share, 3)

        try:
            with self.database.read() as session:
                takes = [c.source for c in timeline.clips if c.slate is None]
                stored = {run_id: stored_file(session, run_id) for run_id in takes}
            sources = await asyncio.to_thread(self._bring, stored)
            async with self.perils.watch(RenderRow, render_id, doing="this film was being made"):
                result = await render_timeline(
                    timeline,
                    sources=sources,
                    destination=folder / "film.mp4",
                    cache_dir=self.cache_dir / "house",
                    on_progress=on_progress,
                )
                film = folder / "film.mp4"
                assets = await self.generator.keep_render(film, shelf=shelf, render_id=render_id)
        except Away:
            raise
        except Exception as error:
            if self.is_stopping.is_set():
                raise
            if explain(error) is None:
                log.exception("Render %s broke off", render_id)
            with self.database.write() as session:
                row = fetch(session, RenderRow, render_id)
                row.status, row.finished_at = RenderStatus.FAILED, utc_now()
                row.error = str(explain(error) or UNFORESEEN)
            log.info("Film failed", extra={"error": type(error).__name__})
            return RenderStatus.FAILED
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        with self.database.write() as session:
            row = fetch(session, RenderRow, render_id, lock=True)
            if row.status == RenderStatus.DONE:  # by a process that took this one for dead
                return row.status
            session.add_all(assets)
            session.flush()
            row.asset_id, row.poster_asset_id = assets[0].id, assets[1].id
            row.status, row.progress, row.finished_at = RenderStatus.DONE, 1.0, utc_now()
            row.duration_seconds = result.duration_seconds
            row.frames_copied, row.frames_encoded = result.frames_copied, result.frames_encoded
            row.loudness_lufs = result.loudness_lufs
        log.info("Film rendered", extra={"duration_seconds": result.duration_seconds})
        return RenderStatus.DONE

    def _bring(self, stored: Mapping[str, tuple[str, str]]) -> dict[str, Path]:
        """run id -> the file of its take on this machine."""
        return {run_id: self.store.local_path(*file) for run_id, file in stored.items()}
