"""Series: a file decoded once, its pictures and its sound turned into numbers as they pass by.

One ffmpeg process decodes; what it hands over is raw pictures and samples with their real timestamps, in one NUT
stream on a pipe. Nothing but numbers is kept of a frame: memory grows by some 3 KB per frame, whatever its size.
"""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from orchestrator.media import ffmpeg
from orchestrator.media.meters import NativeMeter, PictureMeter, SoundMeter
from orchestrator.media.probe import MediaInfo

if TYPE_CHECKING:
    from orchestrator.media.meters import NativeSeries, PictureSeries, SoundSeries

_SMALL_SIDE = 320  # decoding is most of the cost when everything else happens on a picture of this size
_NATIVE_WIDTH, _NATIVE_HEIGHT = 1280, 720  # of larger pictures their middle is looked at in full resolution
_NATIVE_PER_SECOND = 5.0


@dataclass(frozen=True)
class Series:
    """What was measured while the file passed by. ``sound`` is None without a sound track; ``log`` is what ffmpeg said
    on stderr, ``is_whole`` whether it reached the end without giving up."""

    pictures: PictureSeries
    natives: NativeSeries
    sound: SoundSeries | None
    log: str
    is_whole: bool


def _start_decoding(path: Path, info: MediaInfo, *, log: IO[bytes]) -> subprocess.Popen[bytes]:
    step = max(2, round(info.fps / _NATIVE_PER_SECOND))
    # Of every ``step`` frames one is looked at closely, and the one after every second of them: noise is what differs.
    chosen = f"select='not(mod(n\\,{step}))+eq(mod(n\\,{2 * step})\\,1)'"
    across, upright = f"trunc(min(iw\\,{_SMALL_SIDE})/2)*2", f"trunc(min(ih\\,{_SMALL_SIDE})/2)*2"
    small = f"w='if(gte(iw\\,ih)\\,{across}\\,-2)':h='if(gte(iw\\,ih)\\,-2\\,{upright})'"
    crop = f"crop='min(iw,{_NATIVE_WIDTH})':'min(ih,{_NATIVE_HEIGHT})':'floor((iw-ow)/32)*16':'floor((ih-oh)/32)*16'"
    graph = (
        f"[0:v:0]split[a][b];[a]scale={small}:flags=area:out_range=tv,format=yuv420p[small];"
        f"[b]{chosen},{crop},format=yuv420p,extractplanes=y[native]"
    )
    raw = ("-c:v", "rawvideo", "-fps_mode", "passthrough", "-enc_time_base:v", "demux")
    outputs = ["-map", "[small]", "-map", "[native]", *raw]
    if info.has_audio:
        graph += ";[0:a:0]ebur128=framelog=quiet:peak=true[sound]"
        outputs += ["-map", "[sound]", "-c:a", "pcm_f32le"]
    command = [ffmpeg.binary(), "-nostdin", "-hide_banner", "-nostats", "-v", "repeat+level+info"]
    command += [*ffmpeg.read_from(path), "-filter_complex", graph, *outputs, "-f", "nut", "pipe:1"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)


def read_series(path: Path, info: MediaInfo, *, log: IO[bytes]) -> Series:
    """Decode ``path`` once, from beginning to end; what ffmpeg says passes through the file ``log``. Blocks, and keeps
    the interpreter busy: made for a process of its own."""
    import av
    import numpy as np
    from av.error import FFmpegError

    process = _start_decoding(path, info, log=log)
    assert process.stdout is not None
    pictures, natives, sound = PictureMeter(), NativeMeter(), SoundMeter()
    # Nothing that can be opened is a file of which nothing could be decoded; the series are then empty.
    with contextlib.suppress(FFmpegError), av.open(process.stdout, "r", format="nut") as container:
        for packet in container.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            seconds = float(packet.pts * packet.time_base)
            stream, data = packet.stream, memoryview(packet)  # pyright: ignore[reportArgumentType]
            if stream.type == "audio":
                samples = np.frombuffer(data, np.float32).reshape(-1, stream.channels)  # pyright: ignore
                sound.add(samples, seconds=seconds, rate=stream.sample_rate)  # pyright: ignore
            elif stream.index == 0:
                planes = np.frombuffer(data, np.uint8)
                pictures.add(planes, width=stream.width, height=stream.height, seconds=seconds)  # pyright: ignore
            else:
                plane = np.frombuffer(data, np.uint8).reshape(stream.height, stream.width)  # pyright: ignore
                natives.add(plane, seconds=seconds)
    process.stdout.close()
    is_whole = process.wait() == 0
    log.seek(0)
    return Series(
        pictures=pictures.result(),
        natives=natives.result(),
        sound=sound.result() if info.has_audio else None,
        log=log.read(8 << 20).decode(errors="replace"),
        is_whole=is_whole,
    )
