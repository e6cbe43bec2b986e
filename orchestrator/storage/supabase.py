"""Assets in a private bucket of Supabase Storage.

The path of an object is its key, whose second folder is the project, so that a policy can tell who may see it. Browsers
get them by signed links; what is worked with on this machine is a copy, held against its hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from orchestrator.errors import AssetDamaged, CannotWrite, NotFound, OrchestratorError, explain
from orchestrator.schema.view import DoctorItem
from orchestrator.storage.base import StoredEntry
from orchestrator.storage.nearby import NearbyFiles
from orchestrator.storage.resumable import CHUNK_BYTES, ResumableUploads, Upload
from orchestrator.storage.supabase_api import PAUSES_SECONDS, KeyKind, Passing, StorageApi, megabytes, passing

LINK_SECONDS = 3600
_LINKS_MAX = 4096
_PAGE = 1000
_MIMES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}


class SupabaseAssetStore:
    """``uploads_dir`` remembers unfinished uploads, ``nearby_dir`` holds copies of ``nearby_max_bytes``. Raises
    ``NotConfigured`` for an address or a key that cannot be used; nobody is asked."""

    def __init__(
        self,
        *,
        url: str,
        key: SecretStr,
        bucket: str,
        uploads_dir: Path,
        nearby_dir: Path,
        nearby_max_bytes: int,
        pauses_seconds: tuple[float, ...] = PAUSES_SECONDS,
    ) -> None:
        self._api = StorageApi(url=url, key=key, bucket=bucket, pauses_seconds=pauses_seconds)
        self._uploads = ResumableUploads(self._api, uploads_dir)
        self._nearby = NearbyFiles(nearby_dir, max_bytes=nearby_max_bytes)
        self._links: dict[tuple[str, str], tuple[str, float]] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"SupabaseAssetStore({self._api!r})"

    @property
    def is_legacy_key(self) -> bool:
        return self._api.kind is KeyKind.LEGACY

    # --- writing ---

    def put_file(self, source: Path, key: str) -> None:
        try:
            sha256, size_bytes = _sha256(source), source.stat().st_size
            mime = _MIMES.get(Path(key).suffix, "application/octet-stream")
            upload = Upload(path=self._path(key), sha256=sha256, size_bytes=size_bytes, mime=mime)
            if size_bytes <= CHUNK_BYTES:
                self._api.patiently(lambda: self._put_whole(source, upload))
            else:
                self._uploads.send(source, upload)
        except OSError as error:
            raise explain(error) or error from None
        with contextlib.suppress(OSError):  # whoever stores a file mostly works with it next
            self._nearby.keep(source, _name(sha256, key))

    def delete(self, key: str) -> None:
        with contextlib.suppress(NotFound):
            self._api.ask("DELETE", self._object(key))
        with self._lock:
            self._links = {kept: link for kept, link in self._links.items() if kept[0] != key}

    def _put_whole(self, source: Path, upload: Upload) -> None:
        headers = {
            "x-upsert": "true",
            "Content-Type": upload.mime,
            "Content-Length": str(upload.size_bytes),
            "Cache-Control": "max-age=3600",
        }
        url = f"{self._api.base}/object/{_quoted(self._api.bucket)}/{_quoted(upload.path)}"
        try:
            with self._api.new_client() as client, source.open("rb") as file:
                response = client.post(url, content=file, headers=headers)
                self._api.check(response, size_bytes=upload.size_bytes)
        except httpx.TransportError as error:
            raise passing(error) from None

    # --- reading ---

    def local_path(self, key: str, sha256: str = "") -> Path:
        if sha256 and (there := self._nearby.find(_name(sha256, key))):
            return there
        try:
            return self._api.patiently(lambda: self._bring(key, sha256))
        except OSError as error:
            reason = CannotWrite(f"The copy of a stored file cannot be written: {error.strerror}.")
            raise explain(error) or reason from None

    def _bring(self, key: str, sha256: str) -> Path:
        digest = hashlib.sha256()
        # Under the name of what it has to be; without one it gets that of what it turns out to be.
        wanted = _name(sha256, key) if sha256 else f"{hashlib.sha256(self._path(key).encode()).hexdigest()}-{key[-4:]}"
        url = f"{self._api.base}/object/authenticated/{_quoted(self._api.bucket)}/{_quoted(self._path(key))}"
        with self._nearby.adding(wanted) as partial:
            try:
                with self._api.new_client() as client, client.stream("GET", url) as response:
                    self._api.check(response)
                    with partial.open("wb") as file:
                        for block in response.iter_bytes(1 << 18):
                            self._api.check_open()
                            digest.update(block)
                            file.write(block)
            except httpx.TransportError as error:
                raise passing(error) from None
            if sha256 and digest.hexdigest() != sha256:
                raise AssetDamaged("The storage holds another file than the one that was put there.")
        return self._nearby.path(wanted)

    def link(self, key: str, *, filename: str = "") -> str:
        now = time.monotonic()
        with self._lock:
            link, good_until = self._links.get((key, filename), ("", 0.0))
        if good_until - now > LINK_SECONDS / 2:
            return link  # the same one as long as it does, so that browsers need not load it again
        found = self._api.ask("POST", self._object(key, "/sign"), body={"expiresIn": LINK_SECONDS})
        signed = found.get("signedURL") if isinstance(found, dict) else None
        if not isinstance(signed, str) or not signed.startswith("/object/sign/"):
            raise CannotWrite("Supabase Storage gave no link to a file.")
        link = f"{self._api.base}{signed}" + (f"&download={quote(filename, safe='')}" if filename else "")
        with self._lock:
            if len(self._links) >= _LINKS_MAX:
                self._links.clear()
            self._links[key, filename] = (link, now + LINK_SECONDS)
        return link

    def entries(self) -> Iterator[StoredEntry]:
        folders = [""]
        while folders:
            folder, offset = folders.pop(), 0
            while page := self._list(folder, offset=offset):
                for entry in page:
                    path = f"{folder}/{entry['name']}".lstrip("/")
                    if entry.get("id") is None:
                        folders.append(path)
                    else:
                        yield _entry(path, entry)
                offset += len(page)

    def _list(self, folder: str, *, offset: int) -> list[dict[str, Any]]:
        order = {"column": "name", "order": "asc"}
        body = {"prefix": folder, "limit": _PAGE, "offset": offset, "sortBy": order}
        return self._api.ask("POST", f"/object/list/{_quoted(self._api.bucket)}", body=body)

    # --- what it is ---

    def examine(self) -> tuple[DoctorItem, ...]:
        try:
            bucket = self._api.read_bucket()
        except (OrchestratorError, Passing) as error:
            return (DoctorItem(name="Bucket", state="broken", detail=str(error), consequence=_NOTHING_KEPT),)
        limit = bucket.get("file_size_limit")
        most = f"files of at most {megabytes(limit)}" if limit else "files as large as the project's plan allows"
        is_public = bool(bucket.get("public"))
        items = [
            DoctorItem(
                name="Bucket",
                state="broken" if is_public else "ok",
                detail=f"{self._api.bucket}, {'public' if is_public else 'private'}, {most}",
                consequence=_PUBLIC if is_public else "",
            )
        ]
        if self.is_legacy_key:
            items.append(DoctorItem(name="Storage key", state="ok", detail=_LEGACY, consequence=_LEGACY_END))
        else:
            items.append(DoctorItem(name="Storage key", state="ok", detail="a secret key"))
        return tuple(items)

    def close(self) -> None:
        self._api.close()

    def _path(self, key: str) -> str:
        parts = key.split("/")
        if not all(parts) or any(part in (".", "..") for part in parts):
            raise NotFound
        return key

    def _object(self, key: str, verb: str = "") -> str:
        return f"/object{verb}/{_quoted(self._api.bucket)}/{_quoted(self._path(key))}"


_NOTHING_KEPT = "Takes and films cannot be stored or shown until it is mended."
_PUBLIC = "Whoever knows or guesses an address can see takes and films. Make the bucket private in its settings."
_LEGACY = "the old service_role key, which is still taken"
_LEGACY_END = "Supabase withdraws such keys. Make a secret key in the project's settings and set it instead."


def _entry(key: str, entry: dict[str, Any]) -> StoredEntry:
    changed = str(entry.get("updated_at") or entry.get("created_at") or "")
    try:
        changed_at = datetime.fromisoformat(changed).astimezone(UTC)
    except ValueError:
        changed_at = datetime.now(UTC)  # as if it were new: nobody deletes it
    return StoredEntry(key=key, size_bytes=int((entry.get("metadata") or {}).get("size") or 0), changed_at=changed_at)


def _name(sha256: str, key: str) -> str:
    return f"{sha256}{Path(key).suffix}"


def _quoted(path: str) -> str:
    return quote(path, safe="/")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
