"""The ffmpeg program: one way to start it, watch it, stop it, and read why it failed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from orchestrator.errors import CannotWrite, MediaFailed, StorageFull

# Containers a take or an upload may be. Playlists are left out: they make ffmpeg open whatever files they name.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi"

_KEPT_STDERR_BYTES = 8 << 20
_DISK_FULL = ("No space left on device", "Disk quota exceeded")
_CANNOT_WRITE = re.compile(
    r"(opening output|writing header).*(Permission denied|Read-only file system|Is a directory|No such file)"
)
_ABSOLUTE_PATH = re.compile(r"(?:file:)?(?:/[^/\s:'\"]+)+/([^/\s:'\"]*)")
_NOISE = re.compile(r"^(Conversion failed|Error opening (input|output) (files: |file )|Exiting|\s|frame=|$)")


@cache
def binary() -> str:
    """Path of the ffmpeg program that ships with ``imageio-ffmpeg``."""
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def read_from(path: Path, *options: str) -> list[str]:
    """Arguments that open ``path`` as an input: a local media file and nothing else, whatever its name or content."""
    source = f"file:{path.absolute()}"
    return ["-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS, *options, "-i", source]


def write_to(path: Path, *options: str) -> list[str]:
    """Arguments that write ``path``, replacing it."""
    return [*options, "-y", f"file:{path.absolute()}"]


async def run(
    arguments: Sequence[str],
    *,
    timeout_seconds: float = 600,
    on_progress: Callable[[float], None] | None = None,
    total_seconds: float | None = None,
) -> str:
    """Run ffmpeg with ``arguments`` and return what it wrote to stderr (the last 8 MB).

    ``on_progress`` gets the share done, 0..1, and needs ``total_seconds``, the length of the output. No shell is
    involved and stdin is closed. The child is killed when the caller is cancelled or the time is up.
    Raises ``StorageFull``, ``CannotWrite`` or ``MediaFailed``.
    """
    watches = on_progress is not None and total_seconds is not None and total_seconds > 0
    command = [binary(), "-nostdin", "-hide_banner", "-nostats", *(("-progress", "pipe:1") if watches else ())]
    process = await asyncio.create_subprocess_exec(
        *command,
        *arguments,
        stdin=DEVNULL,
        stdout=PIPE if watches else DEVNULL,
        stderr=PIPE,
        start_new_session=True,  # Ctrl-C must not look like a file that cannot be read
    )
    try:
        async with asyncio.timeout(timeout_seconds):
            watching = [_collect(process)]
            if on_progress is not None and total_seconds is not None and watches:
                watching.append(_report(process, on_progress, total_seconds))
            text, *_ = await asyncio.gather(*watching)
            code = await process.wait()
    except TimeoutError:
        raise MediaFailed(f"ffmpeg was stopped after {timeout_seconds:g} s without an end in sight.") from None
    finally:
        await end(process)
    if code != 0:
        raise explain(text)
    return text


async def end(process: Process) -> None:
    """Kill a child that still runs, and wait for it, also when the waiting is cancelled."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())


def explain(stderr: str) -> StorageFull | CannotWrite | MediaFailed:
    """The error behind a failed run: decided from what ffmpeg said, with folders of this machine left out."""
    if any(words in stderr for words in _DISK_FULL):
        return StorageFull()
    lines = [re.sub(r"^(\[[^\]]*\] )+", "", line) for line in stderr.splitlines()]
    last = next((line for line in reversed(lines) if not _NOISE.match(line)), "no reason given")
    message = _ABSOLUTE_PATH.sub(r"\1", last).strip()
    if any(_CANNOT_WRITE.search(line) for line in lines):
        return CannotWrite(f"The output cannot be written there: {message}")
    return MediaFailed(f"ffmpeg could not finish the work: {message}")


@contextlib.contextmanager
def file_errors() -> Iterator[None]:
    """Turn what the file system refuses (PyAV raises the same classes) into ``StorageFull`` or ``CannotWrite``."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from error
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        name = Path(str(error.filename)).name if error.filename else ""
        raise CannotWrite(f"The output cannot be written there: {reason}{f' ({name})' if name else ''}") from error


async def _collect(process: Process) -> str:
    assert process.stderr is not None
    kept = bytearray()
    while block := await process.stderr.read(1 << 16):
        kept += block
        if len(kept) > _KEPT_STDERR_BYTES:
            del kept[: len(kept) - _KEPT_STDERR_BYTES]
    return kept.decode(errors="replace")


async def _report(process: Process, on_progress: Callable[[float], None], total_seconds: float) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        name, _, value = line.decode(errors="replace").strip().partition("=")
        if name == "out_time_us" and value.lstrip("-").isdigit():
            on_progress(min(1.0, max(0.0, int(value) / 1e6 / total_seconds)))
    return ""
