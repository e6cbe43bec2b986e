"""Luma's two APIs: that of the ``luma-agents`` SDK 0.5, and Dream Machine as the ``lumaai`` SDK 1.21 speaks it."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from tests.fakes.wires.core import KEY, Answer, Call, Made, Refusal, Refused, State, Wire, WireServer

_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9")


class _LumaWire(Wire):
    words: ClassVar[dict[State, str]] = {
        State.QUEUED: "queued",
        State.RUNNING: "processing",
        State.SUCCEEDED: "completed",
        State.FAILED: "failed",
        State.BLOCKED: "failed",
        State.STRANGE: "pondering",
    }
    # HTTP status, detail
    refusals: ClassVar[dict[Refusal, tuple[int, str]]] = {
        Refusal.WRONG_KEY: (401, "Invalid API key"),
        Refusal.RATE_LIMITED: (429, "Too many concurrent generations"),
        Refusal.NO_QUOTA: (402, "Insufficient balance"),
        Refusal.REJECTED: (400, "The prompt was moderated"),
        Refusal.INVALID: (422, "Parameter combination rejected"),
        Refusal.OVERLOADED: (503, "Media ingestion is unavailable"),
        Refusal.SERVER_ERROR: (500, "Internal server error"),
        Refusal.GONE: (410, "This model is no longer served"),
        Refusal.NOT_FOUND: (404, "Generation not found"),
        Refusal.NOT_READY: (404, "Not ready"),
    }

    def id(self) -> str:
        return str(uuid.uuid4())

    def refusal(self, kind: Refusal) -> Answer:
        status, detail = self.refusals[kind]
        return Answer(status, {"detail": detail})

    def _record(self, made: Made) -> dict[str, Any]:
        created = datetime.fromtimestamp(made.created_at, UTC).isoformat()
        return {"id": made.id, "created_at": created, "state": self.words[made.state], "model": made.fields["model"]}


class LumaAgentsWire(_LumaWire):
    """Its keys begin with ``luma-api-``: ``key`` is the one it takes. It knows no cancelling."""

    name = "luma"
    base_path = "/v1"
    key = f"luma-api-{KEY}"

    def is_authorized(self, call: Call) -> bool:
        return call.headers.get("authorization") == f"Bearer {self.key}"

    def answer(self, call: Call, server: WireServer) -> Answer:
        match call.method, call.path.strip("/").split("/"):
            case "POST", ["v1", "generations"]:
                return Answer(201, self._show(self._accept(call.json, server), server))
            case "GET", ["v1", "generations", generation]:
                return Answer(200, self._show(server.look(generation), server))
            case "GET", ["v1", "files"]:
                return Answer(200, {"files": [], "has_more": False})
        raise Refused(Refusal.NOT_FOUND)

    def _accept(self, body: dict[str, Any], server: WireServer) -> Made:
        video = body.get("video", {})
        is_fitting = set(body) == {"type", "model", "prompt", "aspect_ratio", "video"} and body["type"] == "video"
        is_fitting &= body.get("model") == "ray-3.2" and 0 < len(body["prompt"]) <= 6000
        is_fitting &= set(video) <= {"resolution", "duration", "start_frame"} and body["aspect_ratio"] in _RATIOS
        is_fitting &= video.get("resolution") in ("360p", "540p", "720p", "1080p")
        is_fitting &= video.get("duration") in ("5s", "10s")
        if frame := video.get("start_frame"):
            is_fitting &= video["duration"] == "5s" and frame["media_type"].startswith("image/")
            base64.b64decode(frame["data"], validate=True)
        if not is_fitting:
            raise Refused(Refusal.INVALID)
        return server.accept(**body)

    def _show(self, made: Made, server: WireServer) -> dict[str, Any]:
        body = {**self._record(made), "type": "video"}
        if made.state is State.SUCCEEDED:
            body["output"] = [{"type": "video", "url": server.content_url(made)}]
        elif made.state in (State.FAILED, State.BLOCKED):
            body["failure_code"] = "generation_failed" if made.state is State.FAILED else "content_moderated"
            body["failure_reason"] = "It did not work out."
        return body


class DreamMachineWire(_LumaWire):
    """Every generation shows the request that made it."""

    name = "luma-dream-machine"
    base_path = "/dream-machine/v1"
    words: ClassVar[dict[State, str]] = {**_LumaWire.words, State.RUNNING: "dreaming"}

    def answer(self, call: Call, server: WireServer) -> Answer:
        match call.method, call.path.removeprefix(self.base_path).strip("/").split("/"):
            case "POST", ["generations", "video"]:
                return Answer(201, self._show(self._accept(call.json, server), server))
            case "GET", ["generations", generation]:
                return Answer(200, self._show(server.look(generation), server))
            case "GET", ["generations"]:
                return self._list(int(call.query["limit"]), int(call.query["offset"]), server)
            case "GET", ["credits"]:
                return Answer(200, {"credit_balance": 1234.0})
        raise Refused(Refusal.NOT_FOUND)

    def _accept(self, body: dict[str, Any], server: WireServer) -> Made:
        is_fitting = set(body) == {"model", "prompt", "aspect_ratio", "resolution", "duration"}
        is_fitting &= body.get("model") in ("ray-2", "ray-flash-2") and body["aspect_ratio"] in _RATIOS
        if (
            not is_fitting
            or body["duration"] not in ("5s", "9s")
            or body["resolution"] not in ("540p", "720p", "1080p")
        ):
            raise Refused(Refusal.INVALID)
        return server.accept(**body)

    def _list(self, limit: int, offset: int, server: WireServer) -> Answer:
        made = server.listed()
        shown = [self._show(m, server) for m in made[offset : offset + limit]]
        more = {"has_more": len(made) > offset + limit, "count": len(shown), "limit": limit, "offset": offset}
        return Answer(200, {"generations": shown, **more})

    def _show(self, made: Made, server: WireServer) -> dict[str, Any]:
        request = {"generation_type": "video", "loop": None, **made.fields}
        body = {**self._record(made), "generation_type": "video", "request": request, "assets": None}
        if made.state is State.SUCCEEDED:
            body["assets"] = {"video": server.content_url(made)}
        elif made.state in (State.FAILED, State.BLOCKED):
            why = "Prompt not allowed because advanced moderation failed"
            body["failure_reason"] = why if made.state is State.BLOCKED else "It did not work out."
        return body
