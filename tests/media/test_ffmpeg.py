from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from orchestrator.errors import CannotWrite, MediaFailed, StorageFull
from orchestrator.media import ffmpeg

ENDLESS = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=30", "-c:v", "mpeg2video", "-f", "mpegts"]


async def test_child_stops_writing_when_the_caller_is_cancelled(tmp_path: Path) -> None:
    output = tmp_path / "endless.ts"
    started = asyncio.Event()
    running = asyncio.create_task(
        ffmpeg.run([*ENDLESS, *ffmpeg.write_to(output)], on_progress=lambda _: started.set(), total_seconds=1e6)
    )
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    size = output.stat().st_size
    await asyncio.sleep(0.3)
    assert output.stat().st_size == size


async def test_run_fails_when_time_is_up(tmp_path: Path) -> None:
    with pytest.raises(MediaFailed, match=r"after 0.3 s"):
        await ffmpeg.run([*ENDLESS, *ffmpeg.write_to(tmp_path / "endless.ts")], timeout_seconds=0.3)


async def test_progress_rises_to_one_when_the_length_is_known(tmp_path: Path) -> None:
    shares: list[float] = []
    arguments = [*ENDLESS[:-2], "-t", "2", "-f", "mpegts", *ffmpeg.write_to(tmp_path / "short.ts")]
    await ffmpeg.run(arguments, on_progress=shares.append, total_seconds=2)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1, abs=0.05)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
async def test_full_disk_is_told_apart_when_writing_fails() -> None:
    with pytest.raises(StorageFull):
        await ffmpeg.run([*ENDLESS, "-t", "5", *ffmpeg.write_to(Path("/dev/full"))])


async def test_missing_folder_is_told_apart_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"out\.ts"):
        await ffmpeg.run([*ENDLESS, "-t", "1", *ffmpeg.write_to(tmp_path / "nowhere" / "out.ts")])


async def test_input_is_not_followed_when_it_is_a_playlist(shelf: Path, tmp_path: Path) -> None:
    """A playlist dressed as a clip must not make ffmpeg open the files it names."""
    playlist = tmp_path / "clip.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://{shelf / 'one.mp4'}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaFailed):
        await ffmpeg.run(["-v", "error", *ffmpeg.read_from(playlist), "-f", "null", "-"])


def test_message_names_the_file_without_its_folder_when_ffmpeg_fails() -> None:
    error = ffmpeg.explain("[mp4 @ 0x5591] Cannot read file:/srv/private/ab/take.mp4: moov atom not found\n")
    assert isinstance(error, MediaFailed)
    assert "take.mp4" in error.message
    assert "private" not in error.message


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, StorageFull), (errno.EACCES, CannotWrite), (errno.EROFS, CannotWrite)]
)
def test_file_error_becomes_ours_when_the_system_refuses(number: int, expected: type[Exception]) -> None:
    with pytest.raises(expected), ffmpeg.file_errors():
        raise OSError(number, "refused", "/srv/private/film.mp4")
