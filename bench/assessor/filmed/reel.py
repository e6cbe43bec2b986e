"""A filmed clip: one ffmpeg command over photographs or moving patterns, and eSpeak's voices.

What goes wrong with it is a filter more in the command, or done to the bytes of the file. Nothing here is shared with
the other maker. The photographs are those that the wheel of scikit-image ships, all of them in the public domain.
"""

from __future__ import annotations

import importlib.util
import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from bench.assessor.filmed.voices import save_speech

VERSION = 2
FONT = "orchestrator/media/fonts/inter-latin-medium.ttf"  # from the project's folder, where ffmpeg runs
_ROOT = Path(__file__).resolve().parents[3]
PHOTOS = {
    "astronaut": "astronaut.png", "cat": "chelsea.png", "cup": "coffee.png", "rocket": "rocket.jpg",
    "galaxies": "hubble_deep_field.jpg", "cameraman": "camera.png", "bricks": "brick.png", "gravel": "gravel.png",
    "grass": "grass.png",
}  # fmt: skip
_H265 = ("libx265", "-preset", "ultrafast", "-crf", "23", "-x265-params", "log-level=none")
CODECS = {
    "h264": ("mp4", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p"),
    "h264-mov": ("mov", "libx264", "-preset", "veryfast", "-crf", "18", "-bf", "0", "-g", "12", "-pix_fmt", "yuv420p"),
    "h265": ("mp4", *_H265, "-tag:v", "hvc1"),
    "h265-10bit": ("mp4", *_H265, "-pix_fmt", "yuv420p10le"),
    "vp9": ("webm", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "30", "-b:v", "0"),
    "mpeg4": ("mov", "mpeg4", "-q:v", "3"),
    "mpeg4-avi": ("avi", "mpeg4", "-q:v", "4"),
}  # fmt: skip
_SOUND_OF = {"webm": ("libopus", "-b:a", "96k"), "avi": ("libmp3lame", "-b:a", "160k"), "mov": ("aac", "-b:a", "128k")}


@dataclass(frozen=True)
class Reel:
    """What to film. ``source`` is ``photo:NAME`` or a lavfi source whose ``{size}`` and ``{fps}`` are filled in.

    A photograph is moved over from ``path[:2]`` to ``path[2:]`` (shares of the room there is) at ``zoom`` (1: as much
    of it as fits). ``then`` is a second source that takes over at ``cut_seconds``. ``bed`` is a lavfi source of sound;
    of the line only the first ``said_share`` is heard; ``speech_filter`` works on the words, ``sound_filter`` on all
    that is heard, ``filters`` on the picture.
    """

    seconds: float
    width: int = 320
    height: int = 180
    fps: str = "25"
    codec: str = "h264"
    source: str = "photo:cup"
    path: tuple[float, float, float, float] = (0.0, 0.3, 1.0, 0.7)
    zoom: float = 1.3
    then: str = ""
    cut_seconds: float = 0.0
    line: str = ""
    voice: str = "en-us"
    words_per_minute: int = 150
    pitch: int = 50
    bed: str = "anoisesrc=amplitude=0.004:color=pink"
    has_track: bool = True
    channels: int = 2
    rate: int = 48000
    said_share: float = 1.0
    speech_filter: str = ""
    sound_filter: str = ""
    filters: str = ""
    encode: tuple[str, ...] = ()
    damage: tuple[str, float] | None = None

    @property
    def suffix(self) -> str:
        return CODECS[self.codec][0]


def make(reel: Reel, path: Path, *, voices: Path) -> None:
    """Write the clip to ``path``."""
    import imageio_ffmpeg

    suffix, encoder, *options = CODECS[reel.codec]
    with tempfile.TemporaryDirectory(dir=voices.absolute()) as folder:
        inputs, graph = _picture(reel)
        if reel.has_track:
            sound_inputs, sound_graph = _sound(reel, Path(folder), first=inputs.count("-i"))
            inputs, graph = inputs + sound_inputs, f"{graph};{sound_graph}"
        codec, *sound_options = _SOUND_OF.get(suffix, ("aac", "-b:a", "128k"))
        sound = ("-map", "[a]", "-c:a", codec, *sound_options, "-ar", str(reel.rate), "-ac", str(reel.channels))
        if suffix == "webm":
            sound = (*sound[:-4], "-ac", str(reel.channels))  # Opus has rates of its own
        command = [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-nostdin"),
            *inputs,
            *("-filter_complex_threads", "1", "-filter_complex", graph, "-map", "[v]"),
            *(sound if reel.has_track else ()),
            *("-c:v", encoder, *options, "-threads", "1", *reel.encode),
            *("-t", str(reel.seconds), "-fflags", "+bitexact", str(path.absolute())),
        ]
        told = subprocess.run(command, capture_output=True, text=True, cwd=_ROOT)
    if told.returncode:
        raise RuntimeError(f"{path.name}: {told.stderr.strip()}")
    if reel.damage:
        _damage(path, *reel.damage)


def photo(name: str) -> Path:
    """Where a photograph lies. Raises ``RuntimeError`` when their wheel is not installed."""
    found = importlib.util.find_spec("skimage")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("the photographs are not installed: make bench-assessor installs requirements-bench.txt")
    return Path(found.submodule_search_locations[0]) / "data" / PHOTOS[name]


def _picture(reel: Reel) -> tuple[list[str], str]:
    sources = [reel.source, *([reel.then] if reel.then else [])]
    inputs: list[str] = []
    parts = []
    for index, source in enumerate(sources):
        kind, _, name = source.partition(":")
        if kind == "photo":
            inputs += ["-i", str(photo(name))]
            parts.append(f"[{index}:v]{_pan(reel)}[p{index}]")
        else:
            made = source.format(size=f"{reel.width}x{reel.height}", fps=reel.fps)
            inputs += ["-f", "lavfi", "-t", str(reel.seconds), "-i", made]
            parts.append(f"[{index}:v]scale={reel.width}:{reel.height},setsar=1,format=yuv420p[p{index}]")
    last = "[p0]"
    if reel.then:
        parts.append(
            f"[p0]trim=end={reel.cut_seconds}[c0];"
            f"[p1]trim=end={reel.seconds - reel.cut_seconds},setpts=PTS-STARTPTS[c1];"
            "[c0][c1]concat=n=2[c]"
        )
        last = "[c]"
    parts.append(f"{last}{reel.filters or 'null'},fps={reel.fps}[v]")
    return inputs, ";".join(parts)


def _pan(reel: Reel) -> str:
    """One photograph, scaled once and repeated, from which every frame takes its part by fractions of a pixel."""
    wide, high = round(reel.width * reel.zoom), round(reel.height * reel.zoom)
    x0, y0, x1, y1 = reel.path
    last = reel.seconds * float(Fraction(reel.fps)) - 1
    left = f"(W-{reel.width})*({x0}+({x1 - x0})*on/{last})"
    top = f"(H-{reel.height})*({y0}+({y1 - y0})*on/{last})"
    right, bottom = f"{left}+{reel.width}", f"{top}+{reel.height}"
    corners = f"x0={left}:y0={top}:x1={right}:y1={top}:x2={left}:y2={bottom}:x3={right}:y3={bottom}"
    return (
        f"scale={wide}:{high}:force_original_aspect_ratio=increase:flags=bicubic,format=yuv420p,"
        f"loop=loop=-1:size=1,setpts=N/({reel.fps})/TB,fps={reel.fps},trim=end={reel.seconds},"
        f"perspective={corners}:interpolation=cubic:eval=frame,"
        f"scale={reel.width}:{reel.height}:flags=bicubic,setsar=1,format=yuv420p"
    )


def _sound(reel: Reel, folder: Path, *, first: int) -> tuple[list[str], str]:
    inputs = [
        "-f",
        "lavfi",
        "-t",
        str(reel.seconds),
        "-i",
        f"{reel.bed}:r={reel.rate}" if "noise" in reel.bed else reel.bed,
    ]
    mixed = f"[{first}:a]aresample={reel.rate},aformat=channel_layouts=stereo[m]"
    if reel.line:
        spoken = folder / "line.wav"
        seconds = save_speech(
            reel.line, spoken, voice=reel.voice, words_per_minute=reel.words_per_minute, pitch=reel.pitch
        )
        inputs += ["-i", str(spoken)]
        mixed = (
            f"[{first}:a]aresample={reel.rate},aformat=channel_layouts=stereo[b];"
            f"[{first + 1}:a]aresample={reel.rate},aformat=channel_layouts=stereo,"
            f"atrim=end={seconds * reel.said_share:.3f},{reel.speech_filter or 'anull'},"
            "volume=0.6,adelay=300:all=1,apad[s];[b][s]amix=normalize=0:duration=first[m]"
        )
    return inputs, f"{mixed};[m]{reel.sound_filter or 'anull'}[a]"


def _damage(path: Path, kind: str, share: float) -> None:
    """``cut`` keeps the first ``share`` of the bytes; ``flip`` turns over ``share`` of the bits between a third and two
    thirds of the file; ``hole`` makes that share of it zeros."""
    raw = bytearray(path.read_bytes())
    if kind == "cut":
        raw = raw[: int(len(raw) * share)]
    elif kind == "flip":
        start, end = len(raw) // 3, len(raw) * 2 // 3
        for place in range(start, end, max(1, int(1 / (share * 8)))):
            raw[place] ^= 1 << (place % 8)
    else:
        start = int(len(raw) * 0.45)
        raw[start : start + int(len(raw) * share)] = bytes(int(len(raw) * share))
    path.write_bytes(raw)
