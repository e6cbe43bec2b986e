"""Work on loose files, outside any project: assess one clip, assemble several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.assembler import Take, build_timeline
from orchestrator.assessor import AssessmentPolicy, Expectation, assess_take
from orchestrator.media.probe import probe
from orchestrator.perception.base import Senses
from orchestrator.schema.assessment import Assessment
from orchestrator.schema.timeline import Transition

if TYPE_CHECKING:
    from orchestrator.media.render import RenderResult


class LooseFiles:
    def __init__(self, *, senses: Senses, policy: AssessmentPolicy, cache_dir: Path) -> None:
        self._senses = senses
        self._policy = policy
        self._cache_dir = cache_dir

    async def assess(self, video: Path, *, text: str, target_seconds: float, language: str) -> Assessment:
        """Hold a clip against what should be said and how long it should be. A file that is no video fails."""
        expectation = Expectation(text=text.strip(), target_seconds=target_seconds, language=language)
        return await assess_take(video, expectation=expectation, senses=self._senses, policy=self._policy)

    async def assemble(self, clips: Sequence[Path], *, transition: Transition, destination: Path) -> RenderResult:
        """Join clips whole, in this order, at the size of the first. Raises ``BadInput`` and ``UnreadableMedia``."""
        from orchestrator.media.render import render_timeline

        infos = [probe(clip) for clip in clips]
        takes = [
            Take(source=str(index), seconds=info.video_seconds, label=clip.name)
            for index, (clip, info) in enumerate(zip(clips, infos, strict=True))
        ]
        # Empty when there are no clips: the assembler says so in words.
        width, height = (infos[0].width, infos[0].height) if infos else (2, 2)
        timeline = build_timeline(takes, transition=transition, width=width // 2 * 2, height=height // 2 * 2)
        return await render_timeline(
            timeline,
            sources={str(index): clip for index, clip in enumerate(clips)},
            destination=destination,
            cache_dir=self._cache_dir / "house",
        )
