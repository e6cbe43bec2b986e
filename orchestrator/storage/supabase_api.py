"""The REST wire of Supabase Storage: one bucket, one secret key, and what its refusals mean."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import SecretStr

from orchestrator.errors import CannotWrite, NotConfigured, NotFound, StorageAway, StorageFull
from providers.downloads import is_near

log = logging.getLogger(__name__)

Found = TypeVar("Found")

PAUSES_SECONDS = (0.5, 2.0, 5.0)
_ASKED_MAX_SECONDS = 30.0
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_WORDS_MAX = 200
_FULL = (402, 413, 507)
_KEEP_TRYING = (408, 409, 423, 425, 429)
_PASTED = ("/storage/v1", "/rest/v1", "/auth/v1")


class KeyKind(StrEnum):
    """``LEGACY``: the service_role key, a JWT, which Supabase is about to withdraw."""

    SECRET = "secret"
    LEGACY = "legacy"


def key_kind(key: str) -> KeyKind:
    """Which kind of key it is, by how it begins; it is never decoded. Raises ``NotConfigured`` for one that is none or
    may not write."""
    if key.startswith("sb_publishable_"):
        raise NotConfigured(
            "SUPABASE_SECRET_KEY holds a publishable key, which may not write.", hint="Set the one with sb_secret_."
        )
    is_plain = key.isascii() and key.isprintable() and " " not in key
    if is_plain and key.startswith("sb_secret_"):
        return KeyKind.SECRET
    if is_plain and key.startswith("eyJ") and key.count(".") == 2:
        return KeyKind.LEGACY
    raise NotConfigured(
        "SUPABASE_SECRET_KEY is no key of a Supabase project.",
        hint="Copy the secret key, which begins with sb_secret_, from the project's settings.",
    )


def read_url(url: str) -> httpx.URL:
    """The address of a project's Storage. Raises ``NotConfigured`` for what is no address, or one to which the key
    would travel in the clear."""
    try:
        urlsplit(url.strip())  # which knows more of what is wrong
        base = httpx.URL(url.strip().rstrip("/"))
    except (httpx.InvalidURL, ValueError):
        base = httpx.URL("")
    if base.scheme not in ("http", "https") or not base.host or base.userinfo or base.query or base.fragment:
        raise NotConfigured("SUPABASE_URL must be the address of a project, such as https://REF.supabase.co.")
    if base.scheme == "http" and not is_near(base.host):
        raise NotConfigured("SUPABASE_URL must be https: the key would be sent in the clear over http.")
    path = base.path.rstrip("/")
    for ending in _PASTED:
        path = path.removesuffix(ending)
    return base.copy_with(path=f"{path}/storage/v1")


class Complaint(NamedTuple):
    """What an answer says went wrong. Storage answers 400 to nearly everything and says the status in the body."""

    status: int
    words: str


def read_complaint(status: int, body: Any, text: str) -> Complaint:
    """Pure. ``body`` is the answer's JSON, None when it is not JSON."""
    if not isinstance(body, dict):
        return Complaint(status, text.strip())
    said = str(body.get("statusCode", ""))
    words = f"{body.get('error') or body.get('code') or ''}: {body.get('message') or ''}".strip(": ")
    return Complaint(int(said) if said.isdecimal() and status < 500 else status, words)


class Passing(Exception):
    """A fault that may be gone at the next try."""

    def __init__(self, reason: str, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class StorageApi:
    """``base`` ends in ``/storage/v1``. Raises ``NotConfigured`` for an address or key that cannot be used."""

    def __init__(
        self, *, url: str, key: SecretStr, bucket: str, pauses_seconds: tuple[float, ...] = PAUSES_SECONDS
    ) -> None:
        self.base = read_url(url)
        self.kind = key_kind(key.get_secret_value().strip())
        self.bucket = bucket
        self._key = key.get_secret_value().strip()
        self._tls = httpx.create_ssl_context() if self.base.scheme == "https" else False
        self._pauses_seconds = pauses_seconds
        self._closing = threading.Event()
        self._client = self.new_client()

    def __repr__(self) -> str:
        return f"StorageApi(base={str(self.base)!r}, bucket={self.bucket!r})"

    def new_client(self) -> httpx.Client:
        """For one transfer: after a refused upload the server may leave its rest unread, and whatever is sent next on
        that connection waits for ever."""
        return httpx.Client(
            headers={"apikey": self._key, "Authorization": f"Bearer {self._key}", "Accept-Encoding": "identity"},
            timeout=_TIMEOUT,
            verify=self._tls,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Wake what waits; nothing is tried again."""
        self._closing.set()
        self._client.close()

    # --- asking ---

    def ask(self, method: str, path: str, *, body: Any = None) -> Any:
        """The JSON of a small answer; asked again after a passing fault."""
        return self.patiently(lambda: self.ask_once(method, path, body=body))

    def ask_once(self, method: str, path: str, *, body: Any = None) -> Any:
        """The same without a second try. Raises ``Passing``."""
        try:
            response = self._client.request(method, f"{self.base}{path}", json=body)
            self.check(response)
            return response.json()
        except httpx.TransportError as error:
            raise passing(error) from None
        except (ValueError, RuntimeError) as error:  # no JSON; or the client was closed meanwhile
            raise Passing(f"the answer cannot be read ({type(error).__name__})") from None

    def patiently(self, work: Callable[[], Found]) -> Found:
        """What ``work`` gives, tried again after a passing fault. Raises ``StorageAway`` when that did not help."""
        failures = 0
        while True:
            self.check_open()
            try:
                return work()
            except Passing as fault:
                failures += 1
                self.pause(failures, fault)

    def pause(self, failures: int, fault: Passing) -> None:
        """Wait before the next try. Raises ``StorageAway`` after the last one."""
        if failures > len(self._pauses_seconds):
            raise StorageAway(
                f"The storage of takes and films cannot be reached at the moment: {fault}. Nothing was lost; try again "
                "in a moment."
            ) from None
        log.info("Storage is asked again: %s", fault)
        asked = min(fault.retry_after_seconds, _ASKED_MAX_SECONDS)
        self._closing.wait(max(self._pauses_seconds[failures - 1], asked))

    def check_open(self) -> None:
        """Raises ``StorageAway`` once the app is stopping."""
        if self._closing.is_set():
            raise StorageAway("The app is stopping; what is stored goes on when it is started again.")

    # --- reading refusals ---

    def check(self, response: httpx.Response, *, size_bytes: int = 0) -> None:
        """Raises what a refusal means; ``size_bytes`` is that of the file that was offered."""
        if response.is_success:
            return
        response.read()
        try:
            body = response.json()
        except ValueError:
            body = None
        status, words = read_complaint(response.status_code, body, response.text)
        words = words.replace(self._key, "…")[:_WORDS_MAX]
        if status in _FULL:
            raise StorageFull(self._full(size_bytes, words), hint=_ROOM)
        if status in _KEEP_TRYING or status >= 500:
            after = response.headers.get("retry-after", "")
            raise Passing(f"HTTP {status}", retry_after_seconds=float(after) if after.isdecimal() else 0.0)
        if status in (401, 403):
            raise NotConfigured(
                f"Supabase Storage refuses SUPABASE_SECRET_KEY ({words or f'HTTP {status}'}).",
                hint="Set the secret key of the project at SUPABASE_URL.",
            )
        if status == 404 and "bucket" in words.lower():
            raise NotConfigured(
                f"There is no bucket {self.bucket!r} in Supabase Storage.",
                hint="Make it, private, or set VIDEO_STORAGE_BUCKET to one that is there.",
            )
        if status in (404, 410):
            raise NotFound("This file is no longer in the asset store.")
        if status == 415:
            raise CannotWrite(
                f"The bucket {self.bucket} does not take files of this kind ({words}).",
                hint="Allow video/mp4 and image/jpeg in its settings, or any kind.",
            )
        raise CannotWrite(f"Supabase Storage refused: HTTP {status} {words}".rstrip())

    def read_bucket(self) -> dict[str, Any]:
        """What the server says of the bucket, asked once. Raises ``Passing`` and what ``check`` raises."""
        return self.ask_once("GET", f"/bucket/{quote(self.bucket, safe='')}")

    def _full(self, size_bytes: int, words: str) -> str:
        try:
            limit = self.read_bucket().get("file_size_limit")
        except Exception:  # the refusal counts, not this
            limit = None
        file = f"the file has {megabytes(size_bytes)}" if size_bytes else "there is no room"
        most = f"at most {megabytes(limit)} a file" if limit else "no more than the project's plan allows"
        return f"The bucket {self.bucket} takes {most}, and {file} ({words})."


_ROOM = "Raise the limit in the project's Storage settings, or make room there; then go on: finished work was kept."


def passing(error: httpx.TransportError) -> Passing:
    """The fault behind a connection that failed; its text may hold addresses and is not told."""
    return Passing(
        "it did not answer in time" if isinstance(error, httpx.TimeoutException) else "the connection failed"
    )


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
