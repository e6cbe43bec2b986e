"""A take made from another one: what stands between two times of it, at another speed with the same pitch."""

from __future__ import annotations

import asyncio
from pathlib import Path

from orchestrator.errors import MediaFailed
from orchestrator.media import ffmpeg
from orchestrator.media.house import HouseFormat, fit_picture, video_arguments
from orchestrator.media.probe import count_decoded_frames, probe

_MAX_FPS = 60
# So that a sound cut off in the middle does not click.
_FADE_SECONDS = 0.01


async def edit_take(
    source: Path, destination: Path, *, start_seconds: float, end_seconds: float, speed: float = 1.0
) -> int:
    """Write ``destination``: ``source`` from ``start_seconds`` to ``end_seconds``, ``speed`` times as fast; its number
    of frames. It keeps size and frame rate, is encoded as films are, and its sound ends with its picture.

    Written beside the destination and moved when whole. Raises ``UnreadableMedia``, ``MediaFailed``, ``StorageFull`` or
    ``CannotWrite``.
    """
    info = await asyncio.to_thread(probe, source)
    fps = min(_MAX_FPS, max(1, round(info.fps)))
    house = HouseFormat(width=info.width - info.width % 2, height=info.height - info.height % 2, fps=fps)
    frames = max(1, round((end_seconds - start_seconds) / speed * fps))
    cut = f"start={start_seconds:.4f}:end={end_seconds:.4f}"
    picture = await asyncio.to_thread(fit_picture, source, house)
    graph = [f"[0:v:0]trim={cut},setpts=(PTS-STARTPTS)/{speed:.6f},{picture}[v]"]
    sound: list[str] = []
    if info.has_audio:
        seconds = frames / fps
        fades = f"afade=d={_FADE_SECONDS},apad,atrim=end={seconds:.6f},afade=t=out:st={seconds - _FADE_SECONDS:.6f}"
        graph.append(f"[0:a:0]atrim={cut},asetpts=PTS-STARTPTS,atempo={speed:.6f},aresample=48000,{fades}:d=0.01[a]")
        sound = ["-map", "[a]", "-c:a", "aac", "-b:a", "192k", "-aac_coder", "fast"]
    coding = [option for option in video_arguments(house) if option != "-an"]
    partial = destination.with_name(f".{destination.name}.part")
    with ffmpeg.file_errors():
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            arguments = ["-v", "error", *ffmpeg.read_from(source), "-filter_complex", ";".join(graph), "-map", "[v]"]
            output = [*sound, *coding, "-frames:v", str(frames), "-movflags", "+faststart"]
            await ffmpeg.run([*arguments, *ffmpeg.write_to(partial, *output)])
            made = await asyncio.to_thread(count_decoded_frames, partial)
            if made != frames:
                raise MediaFailed(f"The edited take came out with {made} of {frames} frames.")
            partial.replace(destination)
        finally:
            partial.unlink(missing_ok=True)
    return frames
