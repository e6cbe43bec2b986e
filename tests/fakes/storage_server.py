"""A Supabase Storage server on loopback that speaks its REST and TUS wire, and misbehaves when told to.

As a process of its own (for tests that kill it or the client)::

    python -m tests.fakes.storage_server --state DIR [--port 0]

It prints ``listening http://127.0.0.1:PORT`` and serves until killed. In a test::

    with FakeStorageServer(tmp_path) as server: ... server.url, server.key, server.objects()

DIR holds ``objects/`` (the content by quoted path) and ``uploads/`` (what came of unfinished uploads, with their facts
as JSON); the same DIR may be served again. ``requests`` is every (method, path), ``received_bytes`` what came in bodies
of uploads.

As the real one: nearly every refusal is HTTP 400 with its status in the body, TUS answers plain text with real
statuses, a wrong key is 401 from the gateway in front; deleting and signing what is not there is 404; a bucket may be
``missing``, ``public``, have a ``size_limit`` in bytes and ``mimes``. ``leaves_unread``: after refusing an upload the
rest of its body stays unread and the connection open, so that nothing more is answered on it.

Faults, used up one at a time: ``cuts`` (so many bytes into the body of an upload the connection is cut, one number
each), ``errors`` (an HTTP status each, before anything is looked at), ``half_downloads`` (a count: half of it is sent).
``is_away``: every request is cut at once. ``forgets_uploads``: a HEAD of an upload is 404.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import mimetypes
import re
import socket
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.fakes.loopback import Cut, LoopbackHandler, LoopbackServer

KEY = "sb_secret_of_the_fake_server"
_BLOCK = 64 << 10


class FakeStorageServer(LoopbackServer):
    """Serves from ``__enter__`` to ``__exit__`` on a thread."""

    daemon_threads = True

    def __init__(self, state: Path, *, port: int = 0, bucket: str = "video-assets", key: str = KEY) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.url, self.key, self.bucket = f"http://127.0.0.1:{self.server_address[1]}", key, bucket
        self.objects_dir, self.uploads_dir = state / "objects", state / "uploads"
        for folder in (self.objects_dir, self.uploads_dir):
            folder.mkdir(parents=True, exist_ok=True)
        self.requests: list[tuple[str, str]] = []
        self.received_bytes = 0
        self.is_missing = self.is_public = self.is_away = self.leaves_unread = self.forgets_uploads = False
        self.size_limit: int | None = None
        self.mimes: tuple[str, ...] = ()
        self.cuts: list[int] = []
        self.errors: list[int] = []
        self.half_downloads = 0
        self.signed: dict[str, tuple[str, float]] = {}
        self.lock = threading.RLock()

    def objects(self) -> dict[str, Path]:
        """What is stored: path within the bucket -> its content."""
        return {unquote(path.name): path for path in self.objects_dir.iterdir() if not path.name.startswith(".")}

    def place(self, path: str) -> Path:
        return self.objects_dir / quote(path, safe="")


class _Handler(LoopbackHandler):
    server: FakeStorageServer

    def _answer(self) -> None:
        split = urlsplit(self.path)
        self.parts, self.query = split.path, parse_qs(split.query)
        self.left = int(self.headers.get("content-length") or 0)
        with self.server.lock:
            self.server.requests.append((self.command, split.path))
            status = self.server.errors.pop(0) if self.server.errors and not self.server.is_away else 0
        if self.server.is_away:
            raise Cut
        if status:
            return self._refuse(status, "Error", "as it was told to", real_status=status)
        if not split.path.startswith("/storage/v1/"):
            return self._refuse(404, "not_found", "no Route matched", real_status=404)
        path = split.path.removeprefix("/storage/v1")
        if not (path.startswith("/object/sign/") and self.command in ("GET", "HEAD")):
            if not self.headers.get("apikey"):
                return self._refuse(401, "", "No API key found in request", real_status=401)
            if (
                self.headers["apikey"] != self.server.key
                or self.headers["authorization"] != f"Bearer {self.server.key}"
            ):
                return self._refuse(401, "", "Invalid API key", real_status=401)
        for pattern, methods in _ROUTES.items():
            found = re.fullmatch(pattern, path)
            if found and self.command in methods:
                return methods[self.command](self, *map(unquote, found.groups()))
        self._refuse(404, "Not Found", f"Route {self.command}:{path} not found", real_status=404)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    # --- bucket ---

    def _make_bucket(self) -> None:
        asked = self._json()
        if asked["name"] == self.server.bucket and not self.server.is_missing:
            return self._refuse(409, "Duplicate", "The resource already exists")
        self.server.is_missing = False
        self._send(200, {"name": asked["name"]})

    def _show_bucket(self, name: str) -> None:
        if not self._has_bucket(name):
            return
        facts = {"id": name, "name": name, "public": self.server.is_public, "type": "STANDARD"}
        limits = {"file_size_limit": self.server.size_limit, "allowed_mime_types": list(self.server.mimes) or None}
        self._send(200, facts | limits)

    def _has_bucket(self, name: str) -> bool:
        if name == self.server.bucket and not self.server.is_missing:
            return True
        self._refuse(404, "Bucket not found", "Bucket not found")
        return False

    # --- objects ---

    def _put(self, bucket: str, path: str) -> None:
        if not self._has_bucket(bucket) or not self._takes(self.left, self.headers.get("content-type", "")):
            return
        place = self.server.place(path)
        is_upsert = self.headers.get("x-upsert") == "true" or self.command == "PUT"
        if place.exists() and not is_upsert:
            return self._refuse(409, "Duplicate", "The resource already exists")
        partial = place.with_name(f".{uuid.uuid4().hex}")
        with partial.open("wb") as file:
            self._read_body(file)
        partial.replace(place)
        self._send(200, {"Key": f"{bucket}/{path}", "Id": str(uuid.uuid4())})

    def _get(self, bucket: str, path: str) -> None:
        if self._has_bucket(bucket):
            self._send_object(path)

    def _delete(self, bucket: str, path: str) -> None:
        if not self._has_bucket(bucket):
            return
        if not self.server.place(path).exists():
            return self._refuse(404, "not_found", "Object not found")
        self.server.place(path).unlink()
        self._send(200, {"message": "Successfully deleted"})

    def _list(self, bucket: str) -> None:
        if not self._has_bucket(bucket):
            return
        asked = self._json()
        prefix = f"{asked['prefix'].strip('/')}/" if asked.get("prefix") else ""
        found: dict[str, dict[str, Any]] = {}
        for path, file in self.server.objects().items():
            if not path.startswith(prefix):
                continue
            name, _, rest = path.removeprefix(prefix).partition("/")
            status = file.stat()
            at = datetime.fromtimestamp(status.st_mtime, UTC).isoformat().replace("+00:00", "Z")
            is_folder = bool(rest)
            found[name] = {
                "name": name,
                "id": None if is_folder else str(uuid.uuid5(uuid.NAMESPACE_URL, path)),
                "updated_at": None if is_folder else at,
                "created_at": None if is_folder else at,
                "metadata": None if is_folder else {"size": status.st_size, "mimetype": mimetypes.guess_type(path)[0]},
            }
        offset = asked.get("offset", 0)
        self._send(200, [found[name] for name in sorted(found)][offset : offset + asked.get("limit", 100)])

    def _sign(self, bucket: str, path: str) -> None:
        if not self._has_bucket(bucket):
            return
        seconds = self._json()["expiresIn"]
        if not self.server.place(path).exists():
            return self._refuse(404, "not_found", "Object not found")
        token = uuid.uuid4().hex
        self.server.signed[token] = (path, time.time() + seconds)
        self._send(200, {"signedURL": f"/object/sign/{bucket}/{quote(path)}?token={token}"})

    def _get_signed(self, _bucket: str, path: str) -> None:
        signed, until = self.server.signed.get(self.query.get("token", [""])[0], ("", 0.0))
        if signed != path or time.time() > until:
            return self._refuse(400, "InvalidJWT", '"exp" claim timestamp check failed')
        name = self.query.get("download", [""])[0]
        self._send_object(path, {"Content-Disposition": f'attachment; filename="{name}"'} if name else {})

    def _send_object(self, path: str, headers: dict[str, str] | None = None) -> None:
        place = self.server.place(path)
        if not place.exists():
            return self._refuse(404, "not_found", "Object not found")
        size = place.stat().st_size
        start, end, status = 0, size, 200
        if asked := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("range", "")):
            first, last = asked.groups()
            start = int(first) if first else max(0, size - int(last))
            end = min(size, int(last) + 1) if first and last else size
            if start >= size:
                return self._refuse(416, "InvalidRange", "The requested range is not satisfiable", real_status=416)
            status = 206
        self.send_response(status)
        told = {"Content-Type": mimetypes.guess_type(path)[0] or "application/octet-stream", "Accept-Ranges": "bytes"}
        told |= {"Content-Length": str(end - start), "Cache-Control": "max-age=3600", **(headers or {})}
        if status == 206:
            told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        for header, value in told.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        with self.server.lock:
            is_half = self.server.half_downloads > 0
            self.server.half_downloads -= is_half
        with place.open("rb") as file:
            file.seek(start)
            left = (end - start) // 2 if is_half else end - start
            while left and (block := file.read(min(_BLOCK, left))):
                self.wfile.write(block)
                left -= len(block)
        if is_half:
            raise Cut

    # --- TUS ---

    def _begin(self) -> None:
        pairs = (pair.split(" ") for pair in self.headers["upload-metadata"].split(","))
        facts = {name: base64.b64decode(value).decode() for name, value in pairs}
        size = int(self.headers["upload-length"])
        if not self._has_bucket(facts["bucketName"]):
            return
        if self.server.size_limit is not None and size > self.server.size_limit:
            return self._plain(413, "Maximum size exceeded")
        if self.server.mimes and facts["contentType"] not in self.server.mimes:
            return self._plain(415, f"mime type {facts['contentType']} is not supported")
        if self.server.place(facts["objectName"]).exists() and self.headers.get("x-upsert") != "true":
            return self._plain(409, "The resource already exists")
        name = uuid.uuid4().hex
        (self.server.uploads_dir / f"{name}.json").write_text(json.dumps({"path": facts["objectName"], "size": size}))
        (self.server.uploads_dir / name).touch()
        # Behind a gateway it does not know its own name.
        self._plain(201, "", {"Location": f"http://storage.internal/storage/v1/upload/resumable/{name}"})

    def _ask_upload(self, name: str) -> None:
        facts = self._upload(name)
        if facts is None or self.server.forgets_uploads:
            return self._plain(404, "The file for this url was not found")
        offset = (self.server.uploads_dir / name).stat().st_size
        self._plain(200, "", {"Upload-Offset": str(offset), "Upload-Length": str(facts["size"])})

    def _patch(self, name: str) -> None:
        facts = self._upload(name)
        if facts is None:
            return self._plain(404, "The file for this url was not found")
        partial = self.server.uploads_dir / name
        if self.headers.get("content-type") != "application/offset+octet-stream":
            return self._plain(415, "Content-Type is wrong")
        if int(self.headers["upload-offset"]) != partial.stat().st_size:
            return self._plain(409, "Upload-Offset conflict")
        if partial.stat().st_size + self.left > facts["size"]:
            return self._plain(413, "Upload exceeds its length")
        with partial.open("ab") as file:
            self._read_body(file)
        offset = partial.stat().st_size
        if offset == facts["size"]:
            partial.replace(self.server.place(facts["path"]))
            (self.server.uploads_dir / f"{name}.json").unlink()
        self._plain(204, "", {"Upload-Offset": str(offset)})

    def _upload(self, name: str) -> dict[str, Any] | None:
        path = self.server.uploads_dir / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    # --- what they share ---

    def _takes(self, size: int, mime: str) -> bool:
        if self.server.size_limit is not None and size > self.server.size_limit:
            self._refuse(413, "Payload too large", "The object exceeded the maximum allowed size")
            return False
        if self.server.mimes and mime not in self.server.mimes:
            self._refuse(415, "invalid_mime_type", f"mime type {mime} is not supported")
            return False
        return True

    def _read_body(self, file: Any) -> None:
        with self.server.lock:
            cut_at = self.server.cuts.pop(0) if self.server.cuts else None
        read = 0
        while self.left:
            most = min(_BLOCK, self.left, *(() if cut_at is None else (cut_at - read,)))
            block = self.rfile.read(most) if most else b""
            if not block:
                file.flush()
                raise Cut
            file.write(block)
            self.left -= len(block)
            read += len(block)
            with self.server.lock:
                self.server.received_bytes += len(block)

    def _json(self) -> Any:
        body = self.rfile.read(self.left)
        self.left = 0
        return json.loads(body)

    def _refuse(self, status: int, error: str, message: str, *, real_status: int = 400) -> None:
        self._send(real_status, {"statusCode": str(status), "error": error, "message": message})

    def _send(self, status: int, body: Any) -> None:
        self._whole(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})

    def _plain(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        self._whole(status, text.encode(), {"Tus-Resumable": "1.0.0", **(headers or {})})

    def _whole(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        if self.left and not self.server.leaves_unread:
            while self.left and (block := self.rfile.read(min(_BLOCK, self.left))):
                self.left -= len(block)
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if self.left:  # nobody reads on, and nobody hangs up
            self.wfile.flush()
            with contextlib.suppress(OSError):
                while self.connection.recv(1, socket.MSG_PEEK):
                    time.sleep(0.05)
            self.close_connection = True


_ANY, _ONE = "(.+)", "([^/]+)"
_ROUTES: dict[str, dict[str, Any]] = {
    "/bucket": {"POST": _Handler._make_bucket},
    f"/bucket/{_ONE}": {"GET": _Handler._show_bucket},
    "/upload/resumable": {"POST": _Handler._begin},
    f"/upload/resumable/{_ONE}": {"HEAD": _Handler._ask_upload, "PATCH": _Handler._patch},
    f"/object/list/{_ONE}": {"POST": _Handler._list},
    f"/object/sign/{_ONE}/{_ANY}": {
        "POST": _Handler._sign,
        "GET": _Handler._get_signed,
        "HEAD": _Handler._get_signed,
    },
    f"/object/authenticated/{_ONE}/{_ANY}": {"GET": _Handler._get, "HEAD": _Handler._get},
    f"/object/{_ONE}/{_ANY}": {
        "POST": _Handler._put,
        "PUT": _Handler._put,
        "GET": _Handler._get,
        "HEAD": _Handler._get,
        "DELETE": _Handler._delete,
    },
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    server = FakeStorageServer(given.state, port=given.port)
    print(f"listening {server.url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
