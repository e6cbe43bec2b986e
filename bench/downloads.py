"""How much memory downloads take: three clips of 200 MB at once, through the adapter for ``/v1/videos``.

    python -m bench.downloads [--clips 3] [--megabytes 200]

The clips come from a server in a process of its own, over loopback. Each way of downloading runs in a fresh process
whose resident memory is sampled every 5 ms; what is printed is the highest sample above the memory it had when it was
ready and idle. The baseline is what a plain client does: ``httpx`` reads each body into memory, then writes it. Ends
non-zero when the adapter takes ``LIMIT_MB`` or more, or a file is not whole. MB are 10^6 bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

LIMIT_MB = 100.0
_MB = 1_000_000
_HEAD = struct.pack(">I4s8x", 16, b"ftyp") + struct.pack(">I4s", 8, b"moov")
_PIECE = bytes(64 << 10)


class Clips(BaseHTTPRequestHandler):
    """Any path is a clip of ``megabytes``: the boxes of an MP4 around zeros. It can be resumed like a real one."""

    protocol_version = "HTTP/1.1"
    megabytes = 0

    def do_GET(self) -> None:
        left = self.megabytes * _MB - len(_HEAD)
        self.send_response(200)
        headers = {"content-type": "video/mp4", "accept-ranges": "bytes", "etag": '"clip"'}
        for name, value in {**headers, "content-length": str(len(_HEAD) + left)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(_HEAD + struct.pack(">I4s", left, b"mdat"))
        left -= 8
        while left:
            self.wfile.write(_PIECE[:left])
            left -= min(left, len(_PIECE))

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def serve(megabytes: int) -> None:
    Clips.megabytes = megabytes
    server = ThreadingHTTPServer(("127.0.0.1", 0), Clips)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


async def by_adapter(url: str, files: list[Path], idle: asyncio.Event) -> None:
    from providers.base import Generation, GenerationStatus
    from providers.openai_videos import OpenAIVideosProvider

    provider = OpenAIVideosProvider(base_url=url, api_key="bench")
    done = [Generation(id=f"video_{file.stem}", status=GenerationStatus.COMPLETED) for file in files]
    idle.set()
    await asyncio.sleep(0.2)
    await asyncio.gather(*(provider.download_content(g, file) for g, file in zip(done, files, strict=True)))
    await provider.aclose()


async def in_memory(url: str, files: list[Path], idle: asyncio.Event) -> None:
    import httpx

    async with httpx.AsyncClient(timeout=60) as client:

        async def take(file: Path) -> None:
            response = await client.get(f"{url}/{file.name}")
            await asyncio.to_thread(file.write_bytes, response.content)

        idle.set()
        await asyncio.sleep(0.2)
        await asyncio.gather(*(take(file) for file in files))


WAYS = {"adapter": by_adapter, "baseline": in_memory}


class Sampler(threading.Thread):
    """The highest resident memory seen, in bytes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._process = psutil.Process()
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(0.005):
            self.peak = max(self.peak, self._process.memory_info().rss)

    def end(self) -> int:
        self._end.set()
        self.join()
        return self.peak


async def measure(way: str, url: str, clips: int, megabytes: int) -> None:
    """Print peak above idle in bytes, and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.mp4" for number in range(clips)]
        idle = asyncio.Event()
        downloads = asyncio.create_task(WAYS[way](url, files, idle))
        await idle.wait()
        gc.collect()
        before, started, sampler = psutil.Process().memory_info().rss, time.perf_counter(), Sampler()
        sampler.start()
        await downloads
        seconds = time.perf_counter() - started - 0.2
        if any(file.stat().st_size != megabytes * _MB for file in files):
            sys.exit("A clip did not arrive whole.")
        print(max(0, sampler.end() - before), seconds)


def run(way: str, url: str, clips: int, megabytes: int) -> tuple[float, float]:
    """Peak above idle in MB, and seconds, of one way in a process of its own."""
    asked = ["--way", way, "--url", url, "--clips", str(clips), "--megabytes", str(megabytes)]
    told = subprocess.run(
        [sys.executable, "-m", "bench.downloads", *asked], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split()
    return float(told[0]) / _MB, float(told[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory taken by downloads, against a plain client.")
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        return serve(asked.megabytes)
    if asked.way:
        return asyncio.run(measure(asked.way, asked.url, asked.clips, asked.megabytes))
    command = [sys.executable, "-m", "bench.downloads", "--serve", "--megabytes", str(asked.megabytes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            url = server.stdout.readline().strip()
            plain, plain_seconds = run("baseline", url, asked.clips, asked.megabytes)
            ours, seconds = run("adapter", url, asked.clips, asked.megabytes)
        finally:
            server.terminate()
    total = asked.clips * asked.megabytes
    print(f"{asked.clips} downloads of {asked.megabytes} MB at once, peak memory above idle ({os.cpu_count()} cores)")
    print(f"  adapter, streamed to disk      {ours:7.1f} MB   {total / seconds:6.0f} MB/s")
    print(f"  baseline, httpx into memory    {plain:7.1f} MB   {total / plain_seconds:6.0f} MB/s")
    print(f"  the adapter takes {ours / plain:.3f} of the baseline's memory; its limit is {LIMIT_MB:g} MB")
    if ours >= LIMIT_MB:
        sys.exit(f"Too much memory: {ours:.1f} MB.")


if __name__ == "__main__":
    main()
