"""A video service on loopback that speaks ``/v1/videos``, bills what it accepts, and misbehaves when told to.

As a process of its own (for tests that kill the client)::

    python -m tests.fakes.videos_server --state DIR [--port 0] [behaviour flags]

It prints ``listening http://127.0.0.1:PORT/v1`` and serves until killed. In a test::

    with FakeVideosServer(tmp_path, rate_limit=1) as server: ... server.base_url, server.charges()

DIR holds ``charges.jsonl`` (one line per accepted create or remix, synced before anything else happens, so it counts
honestly whoever is killed), ``requests.jsonl`` (every request, with its Bearer key), ``videos/`` (one JSON per
generation) and ``clips/`` (finished MP4s by content). The same DIR may be served again later. Clips are real: the
mock's studio draws them and speaks the prompt's longest quoted passage. A field ``seed`` of the form is honoured.

Behaviour (flag ``--drop-after-accept 1`` = keyword ``drop_after_accept=1``; also ``POST /_behaviour`` with JSON):

* counts, used up one create at a time: ``drop_after_accept`` (charge, then close the connection without an answer),
  ``error_after_accept`` (charge, then HTTP 500), ``rate_limit`` (429, nothing charged), ``no_quota`` (429
  insufficient_quota), ``server_error`` (500, nothing charged), ``overloaded`` (503 with a body, nothing charged)
* ``expired_links``: so many answers about finished videos name a link that is no longer good
* seconds: ``delay`` (a generation takes at least this long), ``latency`` (a create takes this long, charged 30 % in),
  ``list_lag`` (a generation shows in the list this late), ``retry_after`` (sent along with 429)
* words that trigger when the prompt holds them: ``reject_word`` (400 moderation_blocked), ``fail_word`` (accepted,
  then failed), ``block_word`` (accepted, then failed with a moderation code), ``strange_word`` (status "pondering"
  for ever), ``truncate_word`` (half of the clip is sent), ``redirect_word`` (content redirects to ``redirect_to``)
* faults for all requests until a time in epoch seconds: ``storm_until`` (429, with ``retry_after``), ``outage_until``
  (500); nothing is charged meanwhile
* ``stuck_every``: each so many-th generation takes ``stuck_seconds`` longer. ``link_seconds``: a finished video names a
  link to its content that is good for so long. ``asset_seconds``: the content is thrown away so long after it is made
* ``marked``: each clip carries the number of its charge in its picture (see ``marks``), and clips with the same line
  are drawn once
* others: ``key`` (required Bearer key), ``failed_get_status`` (HTTP status of the GET of a failed generation, its code
  an int), ``hides_prompt`` (the prompt is not echoed), ``has_list=0``, ``has_delete=0``
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from providers.mock.order import StudioOrder
from providers.mock.provider import quoted_line
from tests.fakes.loopback import LoopbackServer
from tests.fakes.marks import draw_mark

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Behaviour:
    drop_after_accept: int = 0
    error_after_accept: int = 0
    rate_limit: int = 0
    no_quota: int = 0
    server_error: int = 0
    overloaded: int = 0
    delay: float = 0.0
    latency: float = 0.0
    list_lag: float = 0.0
    retry_after: str = ""
    reject_word: str = ""
    fail_word: str = ""
    block_word: str = ""
    strange_word: str = ""
    truncate_word: str = ""
    redirect_word: str = ""
    redirect_to: str = ""
    key: str = ""
    failed_get_status: int = 200
    hides_prompt: int = 0
    storm_until: float = 0.0
    outage_until: float = 0.0
    stuck_every: int = 0
    stuck_seconds: float = 0.0
    link_seconds: float = 0.0
    expired_links: int = 0
    asset_seconds: float = 0.0
    marked: int = 0
    has_list: int = 1
    has_delete: int = 1


class FakeVideosServer(LoopbackServer):
    """Serves from ``__enter__`` to ``__exit__`` on a thread; ``base_url`` ends in ``/v1``."""

    daemon_threads = True

    def __init__(self, state: Path, *, port: int = 0, clips: Path | None = None, **behaviour: Any) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.behaviour = Behaviour(**behaviour)
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.videos_dir, self.clips_dir = state / "videos", clips or state / "clips"
        self.charges_path, self.requests_path = state / "charges.jsonl", state / "requests.jsonl"
        self.seen_headers: list[dict[str, str]] = []
        for folder in (self.videos_dir, self.clips_dir):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._count = len(self.charges())
        self._studios = threading.Semaphore(2)
        self._drawing: set[str] = set()

    def charges(self) -> list[dict[str, Any]]:
        """Every accepted create and remix so far, oldest first."""
        return read_journal(self.charges_path)

    def use(self, count: str) -> bool:
        """Whether a counted behaviour is due; uses one up."""
        with self._lock:
            left = getattr(self.behaviour, count)
            setattr(self.behaviour, count, max(0, left - 1))
            return left > 0

    def accept(self, form: dict[str, str], *, source: str | None) -> dict[str, Any]:
        video: dict[str, Any] = {
            "id": f"video_{uuid.uuid4().hex}",
            "object": "video",
            "model": form.get("model", "sora-2"),
            "status": "queued",
            "progress": 0,
            "created_at": int(time.time()),
            "completed_at": None,
            "expires_at": None,
            "prompt": form["prompt"],
            "size": form.get("size", "720x1280"),
            "seconds": form.get("seconds", "4"),
            "remixed_from_video_id": source,
            "error": None,
        }
        does = self.behaviour
        with self._lock, self.charges_path.open("a", encoding="utf-8") as file:
            self._count += 1
            number = self._count
            charge = {k: video[k] for k in ("id", "prompt", "size", "seconds", "remixed_from_video_id")}
            charge |= {"number": number, "key": form.get("_key", ""), "at": time.time()}
            file.write(json.dumps(charge) + "\n")
            file.flush()
            os.fsync(file.fileno())
        is_stuck = does.stuck_every > 0 and number % does.stuck_every == 0
        late = does.stuck_seconds if is_stuck else 0.0
        hidden = {"_at": time.time(), "_seed": form.get("seed", "0"), "_number": number, "_late": late}
        self.save({**video, **hidden})
        if does.marked:
            self.draw({**video, **hidden})
        return video

    def save(self, video: dict[str, Any]) -> None:
        path = self.videos_dir / f"{video['id']}.json"
        part = path.with_suffix(f".{uuid.uuid4().hex}.part")
        part.write_text(json.dumps(video), encoding="utf-8")
        part.replace(path)

    def load(self, video_id: str) -> dict[str, Any] | None:
        path = self.videos_dir / f"{video_id}.json"
        return (
            json.loads(path.read_text(encoding="utf-8")) if re.fullmatch(r"\w+", video_id) and path.exists() else None
        )

    def refresh(self, video: dict[str, Any]) -> dict[str, Any]:
        """The video as it stands now, moving it along when its time has come."""
        if video["status"] in ("completed", "failed"):
            return video
        does, prompt, age = self.behaviour, video["prompt"], time.time() - video["_at"]
        if does.strange_word and does.strange_word in prompt:
            return {**video, "status": "pondering"}
        if age < does.delay + video["_late"]:
            return {**video, "status": "in_progress" if age > does.delay / 4 else "queued"}
        if does.fail_word and does.fail_word in prompt:
            video |= {"status": "failed", "error": {"code": "server_error", "message": "the renderer gave up"}}
        elif does.block_word and does.block_word in prompt:
            video |= {"status": "failed", "error": {"code": "moderation_blocked", "message": "blocked by safety"}}
        elif self.clip(video).exists():
            video |= {"status": "completed", "progress": 100, "completed_at": int(time.time())}
        else:
            self.draw(video)
            return {**video, "status": "in_progress", "progress": 50}
        self.save(video)
        return video

    def clip(self, video: dict[str, Any]) -> Path:
        if self.behaviour.marked:
            return self.clips_dir / f"{video['id']}.mp4"
        return self._drawn(self._order(video))

    def is_gone(self, video: dict[str, Any]) -> bool:
        life = self.behaviour.asset_seconds
        made_at = max(video["_at"] + self.behaviour.delay + video["_late"], self.clip(video).stat().st_mtime)
        return 0 < life < time.time() - made_at

    def note_request(self, method: str, path: str, key: str) -> None:
        with self._lock, self.requests_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time(), "method": method, "path": path, "key": key}) + "\n")

    def _drawn(self, order: str) -> Path:
        return self.clips_dir / f"{hashlib.sha256(order.encode()).hexdigest()[:32]}.mp4"

    def draw(self, video: dict[str, Any]) -> None:
        """Start the studio for this video, unless it is at it."""
        clip = self.clip(video)
        with self._lock:
            if clip.name in self._drawing:
                return
            self._drawing.add(clip.name)
        threading.Thread(target=self._draw, args=(video, clip), daemon=True).start()

    def _draw(self, video: dict[str, Any], clip: Path) -> None:
        with self._studios:
            order = self._order(video)
            drawn = self._drawn(order)
            if not drawn.exists():
                command = [sys.executable, "-m", "providers.mock.studio", str(drawn.resolve())]
                subprocess.run(command, input=order.encode(), cwd=ROOT, capture_output=True, check=False)
            if drawn != clip and drawn.exists():
                draw_mark(drawn, clip, number=video["_number"])
        with self._lock:
            self._drawing.discard(clip.name)

    def _order(self, video: dict[str, Any]) -> str:
        width, height = (int(side) for side in video["size"].split("x"))
        line = quoted_line(video["prompt"])
        words = line if self.behaviour.marked else video["prompt"] + str(video["_seed"])
        seed = int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big")
        order = StudioOrder(
            line=line, seconds=int(video["seconds"]), width=width, height=height, look_seed=seed, shape_seed=seed
        )
        return order.model_dump_json()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeVideosServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = urlsplit(self.path).path
        if path == "/_behaviour":
            self.server.behaviour = dataclasses.replace(self.server.behaviour, **json.loads(body))
            return self._send(200, {})
        if not self._may_enter():
            return None
        form = self._form(body) | {"_key": self.headers.get("idempotency-key", "")}
        if path == "/v1/videos":
            return self._create(form, source=None)
        if found := re.fullmatch(r"/v1/videos/([^/]+)/remix", path):
            source = self.server.load(unquote(found[1]))
            if source is None:
                return self._complain(404, "not_found", "Video not found")
            return self._create({**{k: source[k] for k in ("model", "size", "seconds")}, **form}, source=source["id"])
        return self._complain(404, "unknown_url", f"Invalid URL (POST {path})")

    def do_GET(self) -> None:
        if not self._may_enter():
            return None
        url = urlsplit(self.path)
        if url.path == "/v1/videos":
            return self._list({k: v[0] for k, v in parse_qs(url.query).items()})
        if found := re.fullmatch(r"/v1/(?:videos|files)/([^/]+)(/content)?", url.path):
            until = parse_qs(url.query).get("until")
            if until and float(until[0]) < time.time():
                return self._complain(403, "expired", "The link has expired")
            video = self.server.load(unquote(found[1]))
            if video is None:
                return self._complain(404, "not_found", "Video not found")
            video = self.server.refresh(video)
            return self._content(video) if found[2] else self._show(video)
        return self._complain(404, "unknown_url", f"Invalid URL (GET {url.path})")

    def do_DELETE(self) -> None:
        if not self._may_enter():
            return None
        found = re.fullmatch(r"/v1/videos/([^/]+)", urlsplit(self.path).path)
        if not self.server.behaviour.has_delete:
            return self._complain(405, "method_not_allowed", "Method not allowed")
        video = self.server.load(unquote(found[1])) if found else None
        if video is None:
            return self._complain(404, "not_found", "Video not found")
        (self.server.videos_dir / f"{video['id']}.json").unlink()
        return self._send(200, {"id": video["id"], "object": "video.deleted", "deleted": True})

    # --- answers ---

    def _create(self, form: dict[str, str], *, source: str | None) -> None:
        does = self.server.behaviour
        prompt = form.get("prompt", "")
        if not prompt:
            return self._complain(400, "missing_required_parameter", "prompt is required")
        if not re.fullmatch(r"[1-9]\d*", form.get("seconds", "4")) or not re.fullmatch(
            r"\d+x\d+", form.get("size", "720x1280")
        ):
            return self._complain(400, "invalid_value", "Invalid value for 'seconds' or 'size'.")
        if does.reject_word and does.reject_word in prompt:
            return self._complain(400, "moderation_blocked", "Your request was blocked by our moderation system.")
        wait = {"retry-after": does.retry_after} if does.retry_after else {}
        if self.server.use("rate_limit"):
            return self._complain(429, "rate_limit_exceeded", "Too many requests", headers=wait)
        if self.server.use("no_quota"):
            return self._complain(429, "insufficient_quota", "You exceeded your current quota.")
        if self.server.use("server_error"):
            return self._send_text(500, "Internal Server Error")
        if self.server.use("overloaded"):
            return self._complain(503, "overloaded", "Try again later.")
        time.sleep(0.3 * does.latency)
        video = self.server.accept(form, source=source)
        time.sleep(0.7 * does.latency)
        if self.server.use("drop_after_accept"):
            self.close_connection = True
            return None
        if self.server.use("error_after_accept"):
            return self._send_text(500, "Internal Server Error")
        return self._show(video)

    def _show(self, video: dict[str, Any]) -> None:
        status = 200
        if video["status"] == "failed" and self.server.behaviour.failed_get_status != 200:
            status = self.server.behaviour.failed_get_status
            video = {**video, "error": {**video["error"], "code": status}}
        self._send(status, self._public(video))

    def _list(self, query: dict[str, str]) -> None:
        does = self.server.behaviour
        if not does.has_list:
            return self._complain(405, "method_not_allowed", "Method not allowed")
        stored = (self.server.load(path.stem) for path in self.server.videos_dir.glob("*.json"))
        videos = [v for v in stored if v and time.time() - v["_at"] >= does.list_lag]
        videos.sort(key=lambda v: v["_at"], reverse=query.get("order", "desc") == "desc")
        ids = [v["id"] for v in videos]
        start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        page = videos[start : start + int(query.get("limit", "20"))]
        more = start + len(page) < len(videos)
        return self._send(200, {"object": "list", "data": [self._public(v) for v in page], "has_more": more})

    def _content(self, video: dict[str, Any]) -> None:
        does = self.server.behaviour
        if video["status"] != "completed":
            return self._complain(404, "not_found", "Generation is still in-progress")
        if self.server.is_gone(video):
            return self._complain(404, "not_found", "The content has expired")
        if does.redirect_word and does.redirect_word in video["prompt"]:
            return self._send_text(302, "", headers={"location": does.redirect_to})
        data = self.server.clip(video).read_bytes()
        self.send_response(200)
        self.send_header("content-type", "video/mp4")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        is_cut = bool(does.truncate_word) and does.truncate_word in video["prompt"]
        self.wfile.write(data[: len(data) // 2] if is_cut else data)
        self.close_connection = self.close_connection or is_cut

    def _public(self, video: dict[str, Any]) -> dict[str, Any]:
        does = self.server.behaviour
        hidden = {"prompt"} if does.hides_prompt else set()
        shown = {k: v for k, v in video.items() if not k.startswith("_") and k not in hidden}
        if video["status"] == "completed" and (does.link_seconds or does.expired_links):
            life = -1.0 if self.server.use("expired_links") else does.link_seconds or 3600.0
            shown["url"] = f"{self.server.base_url}/files/{video['id']}/content?until={time.time() + life:.3f}"
        return shown

    def _may_enter(self) -> bool:
        self.server.seen_headers.append(dict(self.headers.items()))
        given = self.headers.get("authorization", "").removeprefix("Bearer ")
        self.server.note_request(self.command, urlsplit(self.path).path, given)
        does = self.server.behaviour
        if time.time() < does.storm_until:
            wait = {"retry-after": does.retry_after} if does.retry_after else {}
            self._complain(429, "rate_limit_exceeded", "Too many requests", headers=wait)
            return False
        if time.time() < does.outage_until:
            self._send_text(500, "Internal Server Error")
            return False
        key = does.key
        if key and self.headers.get("authorization") != f"Bearer {key}":
            self._complain(401, "invalid_api_key", "Incorrect API key provided.")
            return False
        return True

    def _form(self, body: bytes) -> dict[str, str]:
        kind = self.headers.get("content-type", "")
        if "json" in kind:
            return {k: str(v) for k, v in json.loads(body).items()}
        message = BytesParser(policy=HTTP).parsebytes(f"content-type: {kind}\r\n\r\n".encode() + body)
        form = {}
        for part in message.iter_parts():  # pyright: ignore[reportAttributeAccessIssue]
            name = part.get_param("name", header="content-disposition")
            if part.get_filename() is None:
                form[name] = part.get_payload(decode=True).decode()
        return form

    def _complain(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        self._send(status, {"error": error}, headers=headers)

    def _send(self, status: int, body: dict[str, Any], *, headers: dict[str, str] | None = None) -> None:
        self._send_text(status, json.dumps(body), headers={"content-type": "application/json", **(headers or {})})

    def _send_text(self, status: int, text: str, *, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "content-length": str(len(text.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal, oldest first; none while there is no file. A line still being written is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1] == "\n"]


def main() -> None:
    parser = argparse.ArgumentParser(description="A video service on loopback; see the module's docstring.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--clips", type=Path, help="where finished clips are kept, DIR/clips when left out")
    for field in dataclasses.fields(Behaviour):
        flag = "--" + field.name.replace("_", "-")
        parser.add_argument(flag, type=type(field.default), default=field.default)
    options = vars(parser.parse_args())
    server = FakeVideosServer(options.pop("state"), **options)
    print(f"listening {server.base_url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
