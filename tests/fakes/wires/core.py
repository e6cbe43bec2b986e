"""A paid video service on loopback, whichever wire it speaks: it charges what it accepts and misbehaves when told to.

``WireServer`` owns the generations, the charges, the finished clip and every fault; a ``Wire`` only gives them the
paths, bodies and words of one provider::

    with WireServer(RunwayWire(), clip=mp4, fault=Fault.ANSWER_LOST) as server:
        ... server.base_url, server.charges, server.calls

A generation is queued when first looked at, then running, then finished. Faults that pass strike ``times`` times, then
the service behaves. Finished clips lie at ``CDN``, another host than the API's, as with most providers;
``routed.Routed`` brings what is sent to such hosts here.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from enum import StrEnum
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.fakes.loopback import LoopbackServer

HUGE_BYTES = 5 << 30
KEY = "key-secret-4711"
CDN = "https://93.184.215.14"
ELSEWHERE = "https://93.184.215.15"
PAGE = "<!doctype html><html><title>Bad gateway</title><h1>cloud front says no</h1></html>"


class Fault(StrEnum):
    """Everything that can go wrong with a clip, in the order of its life."""

    NONE = "none"
    # the create is refused
    WRONG_KEY = "wrong key"
    RATE_LIMITED = "429"
    RATE_LIMITED_FOR = "429 with retry-after"
    NO_QUOTA = "no credit"
    REJECTED = "prompt refused by moderation"
    INVALID = "request refused as invalid"
    QUOTED = "refusal that quotes our key"
    OVERLOADED = "503 with a body"
    GONE = "service switched off"
    REDIRECTED = "redirected to another host"
    # the create is accepted and charged, and its answer is not what it should be
    ANSWER_LOST = "connection lost after accepting"
    ERROR_AFTER = "500 after accepting"
    PAGE_AFTER = "502 HTML page after accepting"
    NO_ID = "answer without an id"
    # the generation
    FAILED = "generation failed"
    FAILED_QUOTING = "failure that quotes our key"
    BLOCKED = "result refused by moderation"
    CANCELLED = "generation cancelled"
    STUCK = "stuck at work"
    STRANGE = "unknown status word"
    BACKWARDS = "progress going backwards"
    FORGOTTEN = "generation forgotten"
    POLL_PAGE = "HTML page while polling"
    POLL_LIMITED = "429 while polling"
    # the clip
    LATE = "content not ready when completed"
    LINK_EXPIRED = "link expired"
    EMPTY = "0 bytes"
    CUT = "half an MP4"
    BROKEN_OFF = "connection lost in mid-download"
    PICTURE = "picture posing as MP4"
    CONTENT_PAGE = "HTML page as content"
    HUGE = "5 GB body"
    FILE_LINK = "file:// link"
    LINK_LOCAL = "link-local link"
    OTHER_HOST = "redirect to another host"
    INWARD = "redirect into the local network"


# Faults of the link itself: wires that usually give none give ``content_url`` under these.
LINK_FAULTS = frozenset((Fault.LINK_EXPIRED, Fault.FILE_LINK, Fault.LINK_LOCAL))


class Refusal(StrEnum):
    """What a wire must have words for."""

    WRONG_KEY = "wrong_key"
    RATE_LIMITED = "rate_limited"
    NO_QUOTA = "no_quota"
    REJECTED = "rejected"
    INVALID = "invalid"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    GONE = "gone"
    NOT_FOUND = "not_found"
    NOT_READY = "not_ready"


class State(StrEnum):
    """Where a generation is; a wire says it in its own words."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    STRANGE = "strange"


_REFUSED_BEFORE = {
    Fault.WRONG_KEY: Refusal.WRONG_KEY,
    Fault.RATE_LIMITED: Refusal.RATE_LIMITED,
    Fault.RATE_LIMITED_FOR: Refusal.RATE_LIMITED,
    Fault.NO_QUOTA: Refusal.NO_QUOTA,
    Fault.REJECTED: Refusal.REJECTED,
    Fault.INVALID: Refusal.INVALID,
    Fault.QUOTED: Refusal.INVALID,
    Fault.OVERLOADED: Refusal.OVERLOADED,
    Fault.GONE: Refusal.GONE,
}
_ENDS = {
    Fault.FAILED: State.FAILED,
    Fault.FAILED_QUOTING: State.FAILED,
    Fault.BLOCKED: State.BLOCKED,
    Fault.CANCELLED: State.CANCELLED,
}


@dataclass
class Call:
    """One request as it came in. ``query`` has the last value of each name; ``path`` is unescaped."""

    method: str
    path: str
    raw_path: str
    query: dict[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")

    @property
    def form(self) -> dict[str, str | bytes]:
        """Fields of a multipart body: text, or the bytes of a part with a file name."""
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        fields: dict[str, str | bytes] = {}
        for part in BytesParser(policy=HTTP).parsebytes(head + self.body).iter_parts():
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            name = str(part.get_param("name", header="content-disposition"))
            fields[name] = data if part.get_filename() else data.decode()
        return fields


@dataclass
class Answer:
    """``body``: JSON, text, bytes or None."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Made:
    """A generation. ``fields`` are what was asked, by the wire's own choice of names."""

    id: str
    key: str
    fields: dict[str, Any]
    created_at: float
    looks: int = 0
    state: State = State.QUEUED
    progress: float = 0.0
    is_forgotten: bool = False


class Refused(Exception):
    """A wire's handler ends here: the service refuses."""

    def __init__(self, kind: Refusal) -> None:
        super().__init__(kind)
        self.kind = kind


class Says(Exception):
    """The service answers this instead; ``None`` is no answer at all."""

    def __init__(self, answer: Answer | None) -> None:
        super().__init__()
        self.answer = answer


class Wire(ABC):
    """The paths, bodies and words of one provider. ``base_path`` is what a base URL ends in."""

    name: str
    base_path: str = ""

    @abstractmethod
    def answer(self, call: Call, server: WireServer) -> Answer:
        """Answer an API request; creates go through ``server.accept``, reads through ``server.look``. Raises
        ``Refused`` for what is not there."""

    @abstractmethod
    def refusal(self, kind: Refusal) -> Answer:
        """The error body of this provider."""

    def is_authorized(self, call: Call) -> bool:
        return call.headers.get("authorization") == f"Bearer {KEY}"

    def id(self) -> str:
        """A new generation id."""
        return uuid.uuid4().hex


class WireServer(LoopbackServer):
    """Serves from ``__enter__`` to ``__exit__`` on a thread. ``charges`` are the accepted creates, oldest first;
    ``calls`` everything that was asked. ``other_host`` is where ``REDIRECTED`` and ``OTHER_HOST`` lead,
    ``origin`` how the world calls this server (its ``address``, unless named), ``content_origin`` where the finished
    clips are said to be (here, unless named). Leaving it raises what went wrong inside a wire."""

    daemon_threads = True

    def __init__(
        self,
        wire: Wire,
        *,
        clip: Path,
        fault: Fault = Fault.NONE,
        times: int = 1,
        other_host: str = ELSEWHERE,
        origin: str = "",
        content_origin: str = "",
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wire, self.clip, self.fault, self.times, self.other_host = wire, clip, fault, times, other_host
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.origin = origin or self.address
        self.base_url = self.origin + wire.base_path
        self.content_origin = content_origin or self.origin
        self.made: dict[str, Made] = {}
        self.charges: list[Made] = []
        self.calls: list[Call] = []
        self.list_lag_seconds = 0.0
        self.clock_ahead_seconds = 0.0  # of ours
        self.is_instant = False  # finished when first looked at
        self._struck: dict[str, int] = {}
        self._lock = threading.RLock()
        self._mistakes: list[BaseException] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._mistakes and error is None:
            raise self._mistakes[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):  # a client may hang up
            self._mistakes.append(error)

    # --- for wires ---

    def now(self) -> float:
        """Epoch seconds by the service's clock."""
        return time.time() + self.clock_ahead_seconds

    def accept(self, *, key: str = "", **fields: Any) -> Made:
        """Take a create and charge it, unless the fault says otherwise."""
        with self._lock:
            if self.fault in _REFUSED_BEFORE and self._strikes("create"):
                raise Refused(_REFUSED_BEFORE[self.fault])
            if self.fault is Fault.REDIRECTED and self._strikes("create"):
                raise Says(Answer(307, "", {"location": self.other_host}))
            made = Made(id=self.wire.id(), key=key, fields=fields, created_at=self.now())
            self.made[made.id] = made
            self.charges.append(made)
            if self.fault is Fault.ANSWER_LOST and self._strikes("create"):
                raise Says(None)
            if self.fault is Fault.ERROR_AFTER and self._strikes("create"):
                raise Refused(Refusal.SERVER_ERROR)
            if self.fault is Fault.PAGE_AFTER and self._strikes("create"):
                raise Says(Answer(502, PAGE, {"content-type": "text/html"}))
            if self.fault is Fault.NO_ID and self._strikes("create"):
                raise Says(Answer(200, {}))
            return made

    def look(self, generation_id: str) -> Made:
        """The generation one step further. Raises ``Refused`` when it is not known."""
        with self._lock:
            made = self.made.get(generation_id)
            if made is None or made.is_forgotten:
                raise Refused(Refusal.NOT_FOUND)
            if self.fault is Fault.FORGOTTEN and made.looks >= 1:
                made.is_forgotten = True
                raise Refused(Refusal.NOT_FOUND)
            if self.fault is Fault.POLL_PAGE and self._strikes("poll"):
                raise Says(Answer(500, PAGE, {"content-type": "text/html"}))
            if self.fault is Fault.POLL_LIMITED and self._strikes("poll"):
                raise Refused(Refusal.RATE_LIMITED)
            if made.state is State.CANCELLED:
                return made
            made.looks += 1
            steps = {} if self.is_instant else {1: (State.QUEUED, 0.0), 2: (State.RUNNING, 0.6)}
            made.state, made.progress = steps.get(made.looks, (_ENDS.get(self.fault, State.SUCCEEDED), 1.0))
            if self.fault is Fault.STUCK and made.looks > 2:
                made.state, made.progress = State.RUNNING, 0.6
            if self.fault is Fault.STRANGE and made.looks > 1:
                made.state = State.STRANGE
            if self.fault is Fault.BACKWARDS and made.looks in (3, 4):
                made.state, made.progress = State.RUNNING, 0.5 - made.looks / 10
            return made

    def listed(self) -> list[Made]:
        """What a list call shows, newest first."""
        shown = [m for m in self.made.values() if self.now() - m.created_at >= self.list_lag_seconds]
        return [m for m in reversed(shown) if not m.is_forgotten]

    def content_url(self, made: Made) -> str:
        """Where the finished clip is said to be."""
        if self.fault is Fault.FILE_LINK:
            return "file:///etc/passwd"
        if self.fault is Fault.LINK_LOCAL:
            return "https://169.254.169.254/latest/meta-data"
        return f"{self.content_origin}/content/{quote(made.id, safe='')}.mp4"

    def content(self, call: Call) -> Answer:
        """The finished clip, or what the fault makes of it."""
        data = self.clip.read_bytes()
        headers = {"content-type": "video/mp4", "accept-ranges": "bytes", "etag": '"clip-1"'}
        match self.fault:
            case Fault.LATE if self._strikes("content"):
                raise Refused(Refusal.NOT_READY)
            case Fault.LINK_EXPIRED if self._strikes("content"):
                return Answer(403, "<Error><Code>AccessDenied</Code></Error>", {"content-type": "application/xml"})
            case Fault.EMPTY:
                return Answer(200, b"", headers)
            case Fault.CUT:
                return Answer(200, data[: len(data) // 2], headers)
            case Fault.PICTURE:
                return Answer(200, b"\xff\xd8\xff\xe0" + b"\x00" * 4096, headers)
            case Fault.CONTENT_PAGE:
                return Answer(200, PAGE, {"content-type": "text/html"})
            case Fault.HUGE:
                return Answer(200, b"\x00" * 65536, {**headers, "content-length": str(HUGE_BYTES)})
            case Fault.OTHER_HOST:
                return Answer(302, "", {"location": f"{self.other_host}/content/moved.mp4"})
            case Fault.INWARD:
                return Answer(302, "", {"location": "http://127.0.0.1:9/content/moved.mp4"})
            case Fault.BROKEN_OFF if self._strikes("content"):
                return Answer(200, data[: len(data) // 2], {**headers, "content-length": str(len(data))})
        wanted = call.headers.get("range", "")
        if wanted.startswith("bytes=") and call.headers.get("if-range") == headers["etag"]:
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            headers["content-range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return Answer(206, data[start:], headers)
        return Answer(200, data, headers)

    def _strikes(self, what: str) -> bool:
        self._struck[what] = self._struck.get(what, 0) + 1
        return self._struck[what] <= self.times

    # --- one request ---

    def handle_call(self, call: Call) -> Answer | None:
        self.calls.append(call)
        try:
            if call.path.startswith("/content/"):
                return self.content(call)
            if not self.wire.is_authorized(call):
                raise Refused(Refusal.WRONG_KEY)
            answer = self.wire.answer(call, self)
            return _quoting(answer, call) if self.fault is Fault.FAILED_QUOTING else answer
        except Refused as refused:
            answer = self.wire.refusal(refused.kind)
            answer = _quoting(answer, call) if self.fault is Fault.QUOTED else answer
            if self.fault is Fault.RATE_LIMITED_FOR and refused.kind is Refusal.RATE_LIMITED:
                answer.headers["retry-after"] = "7"
            return answer
        except Says as says:
            return says.answer


def _quoting(answer: Answer, call: Call) -> Answer:
    """``answer`` with what proved who asks in each of its sentences, so that cutting them short cuts it in two."""
    proof = proof_of(call)

    def quote(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: quote(item) for name, item in value.items()}
        if isinstance(value, list):
            return [quote(item) for item in value]
        is_sentence = isinstance(value, str) and " " in value
        return f"Bearer {proof}: {value} {'.' * (280 - len(value) - len(proof))} {proof}" if is_sentence else value

    return Answer(answer.status, quote(answer.body), answer.headers)


def proof_of(call: Call) -> str:
    """The key or token that came along."""
    return call.headers.get("authorization", "").rpartition(" ")[2] or call.headers.get("x-goog-api-key", "")


class OtherHost(WireServer):
    """Somebody else's server: has a clip for everybody, and keeps what it was asked."""

    def __init__(self, *, clip: Path) -> None:
        super().__init__(_Nothing(), clip=clip)


class _Nothing(Wire):
    name = "nothing"

    def answer(self, call: Call, server: WireServer) -> Answer:
        return server.content(call)

    def refusal(self, kind: Refusal) -> Answer:
        return Answer(404)

    def is_authorized(self, call: Call) -> bool:
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement
    server: WireServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        call = Call(
            method=self.command,
            path=unquote(url.path),
            raw_path=url.path,
            query={name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("content-length", 0))),
        )
        answer = self.server.handle_call(call)
        if answer is None:
            self.close_connection = True
            return
        body, headers = answer.body, dict(answer.headers)
        if isinstance(body, dict | list):
            body = json.dumps(body)
            headers.setdefault("content-type", "application/json")
        data = body.encode() if isinstance(body, str) else body or b""
        self.send_response_only(answer.status)
        for name, value in {
            "date": self.date_time_string(self.server.now()),
            "content-length": str(len(data)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self._write(data, length=int(headers.get("content-length", len(data))))

    do_POST = do_DELETE = do_GET

    def _write(self, data: bytes, *, length: int) -> None:
        """More is promised than there is: a huge body goes on and on, any other breaks off."""
        try:
            self.wfile.write(data)
            while length == HUGE_BYTES:
                self.wfile.write(data)
        except OSError:
            pass
        self.close_connection = self.close_connection or length != len(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
