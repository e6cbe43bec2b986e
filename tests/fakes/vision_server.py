"""A vision model on loopback: speaks the wire of OpenAI's chat completions and answers as the test decides."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

KEY = "sk-test-0123456789abcdef"
Decide = Callable[[str], tuple[str, str]]


class VisionServer:
    """Use as a context manager. ``decide`` gets a question's text and returns (yes|no|unsure, evidence).

    ``failures`` are (status, message) pairs sent first, one per request. ``content`` replaces the written answer,
    ``refusal`` refuses. ``requests`` are the bodies that arrived.
    """

    def __init__(
        self,
        decide: Decide = lambda question: ("yes", "visible in still 1"),
        *,
        failures: list[tuple[int, str]] | None = None,
        content: str | None = None,
        refusal: str | None = None,
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self._decide = decide
        self._failures = list(failures or [])
        self._content = content
        self._refusal = refusal
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> VisionServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests.append(body)
        if self._failures:
            status, message = self._failures.pop(0)
            return status, {"error": {"message": message, "type": "error", "code": None, "param": None}}
        format_ = body["response_format"]
        if format_["type"] != "json_schema" or not format_["json_schema"]["strict"]:
            return 400, {"error": {"message": "a strict json_schema is required"}}
        content = self._content if self._content is not None else self._write_answers(body)
        message = {"role": "assistant", "content": None if self._refusal else content, "refusal": self._refusal}
        return 200, {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940},
        }

    def _write_answers(self, body: dict[str, Any]) -> str:
        written = body["messages"][-1]["content"][-1]["text"]
        questions = dict(re.findall(r"^(q\d+): (.*)$", written, re.MULTILINE))
        names = body["response_format"]["json_schema"]["schema"]["required"]
        answers = {name: self._decide(questions[name]) for name in names}
        return json.dumps({name: {"answer": word, "evidence": why} for name, (word, why) in answers.items()})

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.path != "/v1/chat/completions":
                    status, reply = 404, {"error": {"message": f"no route {self.path}"}}
                elif self.headers["authorization"] != f"Bearer {KEY}":
                    given = self.headers["authorization"].removeprefix("Bearer ")
                    status, reply = 401, {"error": {"message": f"Incorrect API key provided: {given}"}}
                else:
                    status, reply = server.answer(body)
                raw = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
