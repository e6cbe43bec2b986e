"""Resumable uploads to Supabase Storage: the TUS protocol 1.0.0, in pieces of the one size the hosted service takes.

Where an upload goes on is written into a small file before the first piece is sent, named by what is sent where. After
a crash the same file under the same key finds it and asks the server how far it got.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

import httpx

from orchestrator.storage.supabase_api import Passing, StorageApi, passing

CHUNK_BYTES = 6 << 20
_BLOCK_BYTES = 64 << 10
_TUS = {"Tus-Resumable": "1.0.0"}
# The server forgets an upload that is not finished after a day.
_FORGOTTEN_SECONDS = 2 * 86_400
_HOSTED = ".supabase.co"


class Upload(NamedTuple):
    """``path`` is the object's within the bucket, ``sha256`` of the whole content in hexadecimal digits."""

    path: str
    sha256: str
    size_bytes: int
    mime: str


class _Gone(Exception):
    """The server does not know this upload any more."""


class ResumableUploads:
    """``folder`` holds one small file for each unfinished upload."""

    def __init__(self, api: StorageApi, folder: Path, *, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._api = api
        self._folder = folder
        self._chunk_bytes = chunk_bytes
        self._base = upload_base(api.base)
        for note in folder.glob("*.upload"):
            with contextlib.suppress(OSError):
                if time.time() - note.stat().st_mtime > _FORGOTTEN_SECONDS:
                    note.unlink()

    def send(self, source: Path, upload: Upload) -> None:
        """Store ``source``, going on from where the server is after every fault. Raises ``StorageAway`` once it gets no
        further, what ``StorageApi.check`` raises, and ``OSError``."""
        note = self._folder / f"{self._name(upload)}.upload"
        furthest, failures = -1, 0
        while True:
            self._api.check_open()
            try:
                with self._api.new_client() as client, source.open("rb") as file:
                    for offset in self._walk(client, file, upload, note):
                        if offset > furthest:
                            furthest, failures = offset, 0
                note.unlink(missing_ok=True)
                return
            except httpx.TransportError as error:
                fault = passing(error)
            except _Gone:
                note.unlink(missing_ok=True)
                fault = Passing("the upload was forgotten there")
            except Passing as error:
                fault = error
            failures += 1
            self._api.pause(failures, fault)

    def _walk(self, client: httpx.Client, file: BinaryIO, upload: Upload, note: Path) -> Iterator[int]:
        """The server's offsets in bytes as they grow, up to the size of the file."""
        address = note.read_text() if note.is_file() else ""
        offset = self._ask_offset(client, address, upload) if address else 0
        address = address or self._begin(client, upload, note)
        yield offset
        while offset < upload.size_bytes:
            self._api.check_open()
            file.seek(offset)
            length = min(self._chunk_bytes, upload.size_bytes - offset)
            headers = {
                **_TUS,
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(length),
            }
            response = client.patch(self._base.join(address), content=_blocks(file, length), headers=headers)
            self._check(response, upload)
            reached = _offset_of(response, upload)
            if reached <= offset:
                raise Passing("the upload does not get on")
            offset = reached
            yield offset

    def _begin(self, client: httpx.Client, upload: Upload, note: Path) -> str:
        facts = {
            "bucketName": self._api.bucket,
            "objectName": upload.path,
            "contentType": upload.mime,
            "cacheControl": "3600",
        }
        told = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in facts.items())
        headers = {**_TUS, "Upload-Length": str(upload.size_bytes), "Upload-Metadata": told, "x-upsert": "true"}
        response = client.post(f"{self._base}/upload/resumable", headers=headers)
        self._api.check(response, size_bytes=upload.size_bytes)
        # Only the path of it: our key goes to no other host than the one in the settings.
        place = urlsplit(response.headers.get("location", ""))
        if not place.path.startswith("/"):
            raise Passing("the upload got no address")
        address = f"{place.path}?{place.query}" if place.query else place.path
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = note.with_suffix(".partial")
        partial.write_text(address)
        partial.replace(note)
        return address

    def _ask_offset(self, client: httpx.Client, address: str, upload: Upload) -> int:
        response = client.head(self._base.join(address), headers=_TUS)
        if response.is_client_error and response.status_code not in (401, 403, 408, 409, 423, 429):
            raise _Gone
        self._api.check(response)
        return _offset_of(response, upload)

    def _check(self, response: httpx.Response, upload: Upload) -> None:
        if response.status_code in (404, 410):
            raise _Gone
        self._api.check(response, size_bytes=upload.size_bytes)

    def _name(self, upload: Upload) -> str:
        told = f"{self._api.base} {self._api.bucket} {upload.path} {upload.sha256} {upload.size_bytes}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def _blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    """The next ``length`` bytes of ``file``. In small blocks: a finished request is not always let go of at once."""
    while length and (block := file.read(min(_BLOCK_BYTES, length))):
        length -= len(block)
        yield block


def _offset_of(response: httpx.Response, upload: Upload) -> int:
    said = response.headers.get("upload-offset", "")
    if not said.isdecimal() or int(said) > upload.size_bytes:
        raise Passing("the server does not say how far the upload got")
    return int(said)


def upload_base(base: httpx.URL) -> httpx.URL:
    """Hosted projects take large uploads at a host of their own, past the gateway."""
    if base.host.endswith(_HOSTED) and base.host.count(".") == 2:
        return base.copy_with(host=f"{base.host.removesuffix(_HOSTED)}.storage{_HOSTED}")
    return base
