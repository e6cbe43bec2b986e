"""MiniMax's video generation V2: the OpenAPI description 2.0.0 on platform.minimax.io."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from tests.fakes.wires.core import Answer, Call, Made, Refusal, Refused, State, Wire, WireServer

_RATIOS = ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16")


class MiniMaxWire(Wire):
    """Its list is newest first and, like every task, says nothing of prompts."""

    name = "minimax"
    words: ClassVar[dict[State, str]] = {
        State.QUEUED: "queued",
        State.RUNNING: "running",
        State.SUCCEEDED: "succeeded",
        State.FAILED: "failed",
        State.BLOCKED: "failed",
        State.CANCELLED: "cancelled",
        State.STRANGE: "pondering",
    }
    # HTTP status, type, message
    refusals: ClassVar[dict[Refusal, tuple[int, str, str]]] = {
        Refusal.WRONG_KEY: (401, "authorized_error", "login fail: invalid api key (1004)"),
        Refusal.RATE_LIMITED: (429, "rate_limit_error", "rate limit, please retry later (1002)"),
        Refusal.NO_QUOTA: (402, "insufficient_balance_error", "insufficient balance (1008)"),
        Refusal.REJECTED: (422, "unprocessable_entity_error", "video description contains sensitive content (1026)"),
        Refusal.INVALID: (400, "bad_request_error", "invalid params (2013)"),
        Refusal.OVERLOADED: (529, "overloaded_error", "the service is overloaded, please retry later"),
        Refusal.SERVER_ERROR: (500, "server_error", "internal error (1000)"),
        Refusal.GONE: (404, "not_found_error", "page not found"),
        Refusal.NOT_FOUND: (400, "bad_request_error", "invalid params, invalid task_id (2013)"),
        Refusal.NOT_READY: (404, "not_found_error", "not ready"),
    }

    def id(self) -> str:
        return str(random.randrange(10**14, 10**15))

    def refusal(self, kind: Refusal) -> Answer:
        status, code, message = self.refusals[kind]
        error = {"type": code, "message": message, "http_code": str(status)}
        return Answer(status, {"type": "error", "error": error, "request_id": "0217"})

    def answer(self, call: Call, server: WireServer) -> Answer:
        match call.method, call.path.strip("/").split("/"):
            case "POST", ["v2", "video_generation"]:
                return Answer(200, {"task_id": self._accept(call.json, server).id})
            case "GET", ["v2", "query", "video_generation", task]:
                return Answer(200, {"task": self._task(server.look(task), server)})
            case "GET", ["v2", "query", "video_generation"]:
                return self._list(call.query, server)
            case "DELETE", ["v2", "video_generation", task]:
                return self._delete(task, server)
        raise Refused(Refusal.GONE)

    def _accept(self, body: dict[str, Any], server: WireServer) -> Made:
        is_max = body.get("model") == "MiniMax-H3-Max"
        if set(body) != {"model", "content", "resolution", "duration", "ratio"}:
            raise Refused(Refusal.INVALID)
        text, *pictures = body["content"]
        is_fitting = text["type"] == "text" and 0 < len(text["text"]) <= 7000
        is_fitting &= is_max or body["model"] == "MiniMax-H3"
        is_fitting &= body["resolution"] in (("480P", "768P") if is_max else ("768P", "2K"))
        is_fitting &= type(body["duration"]) is int and 4 + is_max <= body["duration"] <= 15
        # a first frame sets the ratio, words alone cannot
        is_fitting &= body["ratio"] == "adaptive" if pictures else body["ratio"] in _RATIOS
        for picture in pictures:
            is_fitting &= (picture["type"], picture["role"]) == ("image_url", "first_frame")
            is_fitting &= picture["image_url"]["url"].startswith(("https://", "mm_file://", "data:image/"))
        if not is_fitting or len(pictures) > 1:
            raise Refused(Refusal.INVALID)
        return server.accept(**body)

    def _list(self, query: dict[str, str], server: WireServer) -> Answer:
        page, size = int(query.get("page_num", 1)), int(query.get("page_size", 20))
        made = [m for m in server.listed() if m.fields["model"] == query.get("filter.model", m.fields["model"])]
        shown = made[(page - 1) * size : page * size]
        return Answer(200, {"items": [self._task(m, server) for m in shown], "total": len(made)})

    def _delete(self, task: str, server: WireServer) -> Answer:
        made = server.made.get(task)
        if made is None or made.state not in (State.QUEUED, State.SUCCEEDED, State.FAILED):
            raise Refused(Refusal.NOT_FOUND if made is None else Refusal.INVALID)
        action = "cancelled" if made.state is State.QUEUED else "deleted"
        made.is_forgotten = action == "deleted"
        made.state = State.CANCELLED if action == "cancelled" else made.state
        return Answer(200, {"task_id": made.id, "action": action, "status": action})

    def _task(self, made: Made, server: WireServer) -> dict[str, Any]:
        fields = {name: made.fields[name] for name in ("model", "resolution", "duration", "ratio")}
        at = int(made.created_at)
        task = {"id": made.id, "status": self.words[made.state], "created_at": at, "updated_at": at, "usage": {}}
        task |= fields | {"task_type": "generation", "modality": "video"}
        if made.state is State.SUCCEEDED:
            task["content"] = {"url": server.content_url(made)}
        elif made.state is State.BLOCKED:
            task["error"] = {"code": "1027", "message": "generated video contains sensitive content"}
        elif made.state is State.FAILED:
            task["error"] = {"code": "1033", "message": "system error"}
        return task
