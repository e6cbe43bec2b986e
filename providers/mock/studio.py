"""Makes one mock clip in a process of its own: ``python -m providers.mock.studio CLIP [PICTURE] < order.json``.

Reads a ``StudioOrder`` as JSON from standard input, prints ``progress 0.42`` lines, then one line ``done <json>`` or
``failed <json>``. The MP4 appears under its final name only when whole. The same order gives the same bytes on one
machine: one encoder thread, bit-exact muxing, no clock and no unseeded randomness.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from providers.mock.caption import Overlay
from providers.mock.defects import Defect
from providers.mock.landscape import Landscape
from providers.mock.order import StudioOrder, StudioResult
from providers.mock.photograph import Photograph
from providers.mock.sound import RATE, mix, resample
from providers.mock.spoil import (
    BLACK_EDGE_SECONDS,
    look_seeds,
    spoil_picture,
    spoil_sound,
    spoil_words,
    spoilt_seconds,
)
from providers.voice import EDGE_SECONDS, VoiceError, is_latin, load_voice

FPS = 30
_BT709 = "color_primaries=bt709:color_trc=bt709:colorspace=bt709"


def make_clip(order: StudioOrder, destination: Path, picture: Path | None = None) -> StudioResult:
    """Draw, speak and encode ``order`` into ``destination``, with ``picture`` in place of its landscape."""
    seconds = spoilt_seconds(order)
    frames = round(seconds * FPS)
    lead_seconds = BLACK_EDGE_SECONDS + 2 * EDGE_SECONDS if order.defect is Defect.BLACK_EDGE else 2 * EDGE_SECONDS
    try:
        within_seconds = min(seconds, float(order.seconds)) - (lead_seconds - 2 * EDGE_SECONDS) * 2
        speech, note = _speak(order, within_seconds=within_seconds - 2 * EDGE_SECONDS)
    except VoiceError as error:
        return StudioResult(error_code="invalid_request", error_message=f"The mock cannot speak this line: {error}.")
    _report(0.15)
    count = frames * RATE // FPS
    sound = mix(speech, seed=order.look_seed, count=count, lead_seconds=lead_seconds)
    spoil_sound(sound, order.defect)
    part = destination.with_name(f".{destination.stem}.{os.getpid()}.part")
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        audio = Path(folder) / "sound.wav"
        with wave.open(str(audio), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sound.tobytes())
        try:
            _encode(order, frames=frames, audio=audio, destination=part, shown=picture)
            if order.defect is Defect.CORRUPT:
                os.truncate(part, part.stat().st_size * 55 // 100)
            part.replace(destination)
        finally:
            part.unlink(missing_ok=True)
    return StudioResult(note=note)


def _speak(order: StudioOrder, *, within_seconds: float) -> tuple[np.ndarray, str]:
    """The line as 48 kHz mono samples, and what there is to say about them. Raises ``VoiceError``."""
    nothing = np.zeros(0, np.float32)
    words = order.line
    if not any(letter.isalnum() for letter in words) or order.defect is Defect.SILENCE:
        return nothing, ""
    if not is_latin(words):
        raise VoiceError("its voice reads Latin scripts only")
    words = spoil_words(words, order.defect, seed=order.shape_seed)
    voice = load_voice()
    if voice is None:
        return nothing, "no speech: the offline voice is not installed"
    if order.defect is Defect.WRONG_LENGTH:
        within_seconds = max(within_seconds, 60.0)
    return resample(voice.speak(words, within_seconds=within_seconds), rate=voice.rate), ""


def _view(order: StudioOrder, look_seed: int, *, seconds: float, shown: Path | None) -> Landscape | Photograph:
    asked = {"shape_seed": order.shape_seed, "width": order.width, "height": order.height}
    if shown is not None and look_seed == order.look_seed:
        return Photograph(shown, **asked, seconds=seconds)
    return Landscape(look_seed=look_seed, **asked, seconds=seconds)


def _encode(order: StudioOrder, *, frames: int, audio: Path, destination: Path, shown: Path | None) -> None:
    views = [_view(order, seed, seconds=frames / FPS, shown=shown) for seed in look_seeds(order)]
    overlay = Overlay(
        width=order.width, height=order.height, line=order.line, left_tag=order.left_tag, right_tag=order.right_tag
    )
    luma = order.width * order.height
    picture = np.zeros(luma * 3 // 2, np.uint8)
    chroma = picture[luma:].reshape(2, order.height // 2, order.width // 2)
    planes = (picture[:luma].reshape(order.height, order.width), chroma[0], chroma[1])
    frozen = range(frames // 3, frames // 3 + 60) if order.defect is Defect.FREEZE else range(0)
    encoder = subprocess.Popen(_encoder_command(order, frames, audio, destination), stdin=subprocess.PIPE)
    assert encoder.stdin is not None
    try:
        for number in range(frames):
            if number not in frozen:
                views[number * len(views) // frames].draw(number / FPS, planes)
                overlay.draw(planes)
                spoil_picture(planes, order.defect, number=number, frames=frames, fps=FPS)
            encoder.stdin.write(picture.data)
            if number % 10 == 0:
                _report(0.15 + 0.84 * number / frames)
        encoder.stdin.close()
        if encoder.wait() != 0:
            raise RuntimeError(f"ffmpeg ended with {encoder.returncode}")
    finally:
        if encoder.poll() is None:
            encoder.kill()
            encoder.wait()


def _encoder_command(order: StudioOrder, frames: int, audio: Path, destination: Path) -> list[str]:
    """H.264 High with a keyframe every second and at the half seconds of the first two, where transitions end."""
    import imageio_ffmpeg

    return [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-nostdin", "-threads", "1"),
        *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{order.width}x{order.height}", "-r", str(FPS)),
        *("-i", "pipe:0", "-i", str(audio), "-map", "0:v:0", "-map", "1:a:0"),
        # raw pictures carry no colour tags, and the encoder believes the pictures, not its options
        *("-vf", f"setsar=1,format=yuv420p,setparams=range=tv:{_BT709}", "-filter_threads", "1"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "19", "-profile:v", "high", "-threads", "1"),
        *("-level", "4.0" if order.width * order.height <= 1920 * 1088 else "5.1", "-bf", "2", "-refs", "2"),
        *("-force_key_frames", "0.5,1,1.5,2", "-g", str(FPS)),
        *("-x264-params", "scenecut=0:open-gop=0:stitchable=1:subme=1:me=dia"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
        *("-video_track_timescale", "15360", "-frames:v", str(frames)),
        *("-c:a", "aac", "-b:a", "192k", "-ar", "48000", "-ac", "2", "-aac_coder", "fast"),
        *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
        *("-movflags", "+faststart", "-f", "mp4", str(destination)),
    ]


def _report(progress: float) -> None:
    sys.stdout.write(f"progress {progress:.2f}\n")
    sys.stdout.flush()


def main() -> int:
    destination, *picture = map(Path, sys.argv[1:])
    result = make_clip(StudioOrder.model_validate_json(sys.stdin.read()), destination, *picture)
    sys.stdout.write(f"{'failed' if result.error_code else 'done'} {result.model_dump_json()}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
