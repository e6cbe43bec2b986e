"""The narrator: speaks the line of a clip that came without sound, in a child process, over the take."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import ClassVar, Protocol

from orchestrator.errors import CannotNarrate, StorageFull
from orchestrator.media import ffmpeg
from orchestrator.media.probe import probe
from providers.voice import EDGE_SECONDS, explain_missing

_log = logging.getLogger(__name__)
_CHILD_MODULE = "providers.voice"
_SOURCE_ROOT = Path(__file__).resolve().parents[1]


class Narrator(Protocol):
    """Speaks over takes."""

    @property
    def missing(self) -> str:
        """Empty when ready, else the reason in words. Cheap; never touches the network."""
        ...

    async def narrate(self, take: Path, *, line: str, seconds: float, language: str, destination: Path) -> Path:
        """Write ``take`` with ``line`` spoken over it to ``destination`` (an MP4) and return that.

        ``seconds`` is the planned length of the clip; where the picture is shorter, the line is fitted to the picture.
        ``language`` is that of the line (ISO 639). The picture and its length stay as they are.
        Raises ``CannotNarrate`` with the reason, and what ``media.narration.lay_voice`` raises.
        """
        ...


class PiperNarrator:
    """The ``Narrator`` of this machine: one English voice.

    Every line starts a child of its own (about a second and 200 MB, gone afterwards), bounded by ``timeout_seconds``
    and killed when the caller is cancelled. May be used from several event loops.
    """

    languages: ClassVar[tuple[str, ...]] = ("en",)

    def __init__(self, *, timeout_seconds: float = 120.0) -> None:
        self._timeout_seconds = timeout_seconds

    @property
    def missing(self) -> str:
        return explain_missing()

    async def narrate(self, take: Path, *, line: str, seconds: float, language: str, destination: Path) -> Path:
        """See ``Narrator.narrate``. The voice begins 0.25 s into the clip and ends at least 0.25 s before its end."""
        if language not in self.languages:
            raise CannotNarrate(
                f"This line cannot be narrated: the offline voice speaks English only, not {language!r}."
            )
        from orchestrator.media.narration import lay_voice

        picture_seconds = (await asyncio.to_thread(probe, take)).video_seconds
        with ffmpeg.file_errors():
            destination.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".voice-") as folder:
                voice = Path(folder) / "voice.wav"
                await self._speak(line, within_seconds=min(seconds, picture_seconds) - 2 * EDGE_SECONDS, path=voice)
                return await lay_voice(take, voice=voice, start_seconds=EDGE_SECONDS, destination=destination)

    async def _speak(self, line: str, *, within_seconds: float, path: Path) -> None:
        """Have ``line`` spoken into the WAV file ``path``."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _CHILD_MODULE, "--seconds", f"{within_seconds:.3f}", "--out", str(path.absolute())),
            cwd=_SOURCE_ROOT,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,  # Ctrl-C must not look like a line that cannot be spoken
        )
        try:
            async with asyncio.timeout(self._timeout_seconds):
                said, complaint = await child.communicate(line.encode())
        except TimeoutError:
            raise CannotNarrate(
                f"This line cannot be narrated: the offline voice did not finish within {self._timeout_seconds:g} s."
            ) from None
        finally:
            await ffmpeg.end(child)
        try:
            answer = json.loads(said)
        except ValueError:
            _log.error("the voice ended with %s: %s", child.returncode, complaint.decode(errors="replace").strip())
            raise CannotNarrate(
                f"This line cannot be narrated: the offline voice stopped (exit code {child.returncode}); "
                "the log says more."
            ) from None
        if answer.get("is_disk_full"):
            raise StorageFull
        if not answer["ok"]:
            raise CannotNarrate(f"This line cannot be narrated: {answer['reason']}.")
