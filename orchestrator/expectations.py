"""What a take is held against: its clip, the film's canon, and the accepted takes beside it, as one value."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from orchestrator.assessor import AssessmentPolicy, Expectation, Neighbour, Side
from orchestrator.assessor.languages import base_language
from orchestrator.assessor.names import find_names
from orchestrator.attempts import Attempts
from orchestrator.db.models import ClipRow, RunRow
from orchestrator.db.queries import accepted_beside
from orchestrator.db.records import assessment_of, brief_of, clip_of, cut_of, fetch, policy_of, request_of
from orchestrator.db.session import Database, Session
from orchestrator.errors import NotFound, UnreadableMedia
from orchestrator.media.edges import grab_edge
from orchestrator.renders import stored_file
from orchestrator.scene_crafter import characters_of
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip
from orchestrator.storage.base import AssetStore
from providers.base import AudioSupport

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Beside:
    """An accepted take beside the one that is assessed, before its frame is read."""

    side: Side
    run_id: str
    stored: tuple[str, str]
    loudness_lufs: float | None
    noise_floor_db: float | None
    is_same_scene: bool
    is_spoken: bool

    def read(self, store: AssetStore) -> Neighbour:
        """Raises ``UnreadableMedia``, and ``NotFound`` when its file is gone."""
        edge = grab_edge(store.local_path(*self.stored), is_last=self.side is Side.BEFORE)
        return Neighbour(
            side=self.side,
            run_id=self.run_id,
            frame=edge.jpeg,
            at_seconds=edge.at_seconds,
            loudness_lufs=self.loudness_lufs,
            noise_floor_db=self.noise_floor_db,
            is_same_scene=self.is_same_scene,
            is_spoken=self.is_spoken,
        )


@dataclass(frozen=True)
class Expectations:
    store: AssetStore
    attempts: Attempts

    async def of(self, database: Database, run_id: str) -> tuple[Path, Expectation, AssessmentPolicy]:
        """The file of a take, what it was meant to be, and how strictly its project wants it judged; without its
        neighbours. Raises ``NotFound``."""
        with database.read() as session:
            run = fetch(session, RunRow, run_id)
            clip, brief = run.clip, brief_of(run.clip.plan.brief)
            expected, policy = self._expect(run, clip, brief), policy_of(clip.plan.project)
            stored = stored_file(session, run_id)
        return await asyncio.to_thread(self.store.local_path, *stored), expected, policy

    async def neighbours(self, database: Database, run_id: str) -> tuple[Neighbour, ...]:
        """The accepted takes on both sides of a take, as of now. One whose file is damaged or gone is left out."""
        with database.read() as session:
            run = fetch(session, RunRow, run_id)
            clip = run.clip
            beside = [
                self._beside(session, run, side, accepted)
                for side, accepted in (
                    (Side.BEFORE, accepted_beside(session, clip, is_before=True)),
                    (Side.AFTER, accepted_beside(session, clip, is_before=False)),
                )
                if accepted and accepted != run_id
            ]
        neighbours: list[Neighbour] = []
        for other in beside:
            try:
                neighbours.append(await asyncio.to_thread(other.read, self.store))
            except (UnreadableMedia, NotFound) as error:
                log.warning("The take beside this one cannot be compared with it: %s", error.message)
        return tuple(neighbours)

    def _expect(self, run: RunRow, clip: ClipRow, brief: ContentBrief) -> Expectation:
        request, cut = request_of(run), cut_of(run)
        width, height = (int(n) for n in request.size.split("x"))
        planned = clip_of(clip)
        return Expectation(
            text=clip.text,
            target_seconds=cut.seconds if cut else request.seconds,
            width=width,
            height=height,
            acceptance=tuple(clip.acceptance),
            visual_intent=clip.visual_intent,
            language=brief.language,
            has_voice=self.attempts.profile(run.provider, run.model).audio is not AudioSupport.NONE,
            vocabulary=vocabulary_of(planned, brief, script=clip.plan.script.text),
            prompt=request.prompt,
            characters=characters_of(planned, brief.characters),
        )

    def _beside(self, session: Session, run: RunRow, side: Side, run_id: str) -> _Beside:
        other = fetch(session, RunRow, run_id)
        # Whoever gives two clips two pictures to start from wants them to look as different as those do.
        is_same_start = other.reference_asset_id == run.reference_asset_id
        checks = assessment_of(other.assessments[-1]).checks if other.assessments else {}
        measured = checks[CheckName.NO_ARTIFACTS].evidence if CheckName.NO_ARTIFACTS in checks else {}
        return _Beside(
            side=side,
            run_id=run_id,
            stored=stored_file(session, run_id),
            loudness_lufs=measured.get("loudness_lufs"),
            noise_floor_db=measured.get("noise_floor_db"),
            is_same_scene=is_same_start and other.clip.scene_id == run.clip.scene_id,
            is_spoken=bool(other.clip.text.strip()),
        )


def vocabulary_of(clip: Clip, brief: ContentBrief, *, script: str) -> tuple[str, ...]:
    """Names and terms of the clip's line that a listener may spell in its own way: those of the bible and the speaker,
    and what the script writes like a name. Pure."""
    titled = f"{brief.title}\n{script}"
    known = (clip.speaker, *(character.name for character in brief.characters))
    return find_names(clip.text, known=known, script=titled, language=base_language(brief.language))
