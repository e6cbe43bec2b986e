"""A server on loopback that gives every request the same answer, and keeps what it was asked."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from tests.fakes.loopback import LoopbackServer


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Scripted(LoopbackServer):
    """``says`` sets the answer: status, body (JSON, text or bytes), headers. Of a body longer than its
    ``content_length`` says, or shorter, exactly what is there is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, Any, dict[str, str]]] = [(200, {}, {})]
        self.asked: list[Asked] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def says(self, status: int, body: Any, **headers: str) -> None:
        self.answers = []
        self.then_says(status, body, **headers)

    def then_says(self, status: int, body: Any, **headers: str) -> None:
        """What comes after; the last answer is given for ever."""
        self.answers.append((status, body, {k.replace("_", "-"): v for k, v in headers.items()}))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may hang up."""


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    server: Scripted

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
        answers = self.server.answers
        status, answer, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        text = answer if isinstance(answer, str | bytes) else json.dumps(answer)
        data = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        for name, value in {"content-length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
