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
MODES = ("json_schema", "json_object", "text")


class VisionServer:
    """Use as a context manager. ``decide`` gets a question's text and returns (yes|no|unsure, evidence).

    ``failures`` are (status, message) pairs sent first, one per request; a status of 0 closes the connection instead.
    ``content`` replaces the written answer, ``refusal`` refuses, ``changes`` replaces parts of the reply (None leaves
    one out), ``raw`` the whole of it. ``wrap`` is what stands around an answer that is not bound to a schema. ``modes``
    are the forms of answer it knows. ``gate`` is waited for before each answer. ``requests`` are the bodies that
    arrived, ``answered`` counts those that would be charged.
    """

    def __init__(
        self,
        decide: Decide = lambda question: ("yes", "visible in still 1"),
        *,
        failures: list[tuple[int, str]] | None = None,
        content: str | None = None,
        refusal: str | None = None,
        finish_reason: str = "stop",
        changes: dict[str, Any] | None = None,
        raw: str | None = None,
        wrap: str = "{}",
        modes: tuple[str, ...] = MODES,
        mode_status: int = 400,
        gate: threading.Event | None = None,
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answered = 0
        self._finish_reason = finish_reason
        self._changes = changes or {}
        self._raw = raw
        self._wrap = wrap
        self._modes = modes
        self._mode_status = mode_status
        self._gate = gate
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
        format_ = body.get("response_format", {"type": "text"})
        if format_["type"] not in self._modes:
            return self._mode_status, {"error": {"message": f"response_format {format_['type']} is not supported"}}
        assert format_["type"] != "json_schema" or format_["json_schema"]["strict"]
        if self._gate:
            self._gate.wait(30)
        self.answered += 1
        content = self._content if self._content is not None else self._write_answers(body)
        if format_["type"] == "text" and self._content is None:
            content = self._wrap.replace("{}", content)
        message = {"role": "assistant", "content": None if self._refusal else content, "refusal": self._refusal}
        reply = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": self._finish_reason, "logprobs": None}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940},
        } | self._changes
        return 200, {name: part for name, part in reply.items() if part is not None}

    def _write_answers(self, body: dict[str, Any]) -> str:
        written = body["messages"][-1]["content"][-1]["text"]
        questions = dict(re.findall(r"^(q\d+): (.*)$", written, re.MULTILINE))
        if "json_schema" in body.get("response_format", {}):
            assert list(questions) == body["response_format"]["json_schema"]["schema"]["required"]
        answers = {name: self._decide(text) for name, text in questions.items()}
        return json.dumps(
            {
                name: {"answer": word, "evidence": why, "still": int((re.search(r"still (\d)", why) or "00")[1])}
                for name, (word, why) in answers.items()
            }
        )

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
                if not status:
                    self.close_connection = True
                    return
                raw = json.dumps(reply).encode() if server._raw is None or status != 200 else server._raw.encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
