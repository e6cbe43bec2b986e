"""Kling's two APIs, after kling.ai/document-api (state of October 2026)."""

from __future__ import annotations

import base64
import time
import uuid
from abc import abstractmethod
from email.utils import formatdate
from typing import Any, ClassVar

import jwt

from tests.fakes.wires.core import KEY, Answer, Call, Made, Refusal, Refused, Says, State, Wire, WireServer

_REASONS = {
    **dict.fromkeys((State.FAILED, State.CANCELLED), "Generation failed"),
    State.BLOCKED: "Failure to pass the risk control system",
}


class _KlingWire(Wire):
    words: ClassVar[dict[State, str]] = {
        State.QUEUED: "submitted",
        State.RUNNING: "processing",
        State.SUCCEEDED: "succeed",
        State.FAILED: "failed",
        State.BLOCKED: "failed",
        State.CANCELLED: "failed",  # nothing can be cancelled
        State.STRANGE: "reviewing",
    }
    # HTTP status, code, message
    refusals: ClassVar[dict[Refusal, tuple[int, int, str]]] = {
        Refusal.WRONG_KEY: (401, 1002, "Authorization is invalid"),
        Refusal.RATE_LIMITED: (429, 1303, "parallel task over resource pack limit"),
        Refusal.NO_QUOTA: (429, 1102, "Account balance not enough"),
        Refusal.REJECTED: (400, 1301, "The prompt triggers the content security policy"),
        Refusal.INVALID: (400, 1201, "Invalid parameters"),
        Refusal.OVERLOADED: (503, 5001, "Server temporarily unavailable"),
        Refusal.SERVER_ERROR: (500, 5000, "Server internal error"),
        Refusal.GONE: (404, 1203, "The requested resource does not exist"),
        Refusal.NOT_FOUND: (404, 1203, "The requested resource does not exist"),
        Refusal.NOT_READY: (404, 1203, "The requested resource does not exist"),
    }

    def id(self) -> str:
        return str(uuid.uuid4().int)[:18]

    def refusal(self, kind: Refusal) -> Answer:
        status, code, message = self.refusals[kind]
        return Answer(status, {"code": code, "message": message, "request_id": str(uuid.uuid4())})

    def answer(self, call: Call, server: WireServer) -> Answer:
        steps = call.path.strip("/").split("/")
        if (call.method, steps) == ("GET", ["account", "costs"]):
            if not {"start_time", "end_time"} <= set(call.query):
                raise Refused(Refusal.INVALID)
            packs = [{"resource_pack_name": "Video", "remaining_quantity": q, "status": s} for q, s in self.packs]
            return self.envelope({"code": 0, "msg": "success", "resource_pack_subscribe_infos": packs})
        return self.serve(call, steps, server)

    packs = ((118.5, "online"), (40.0, "expired"))

    @abstractmethod
    def serve(self, call: Call, steps: list[str], server: WireServer) -> Answer:
        """Everything but the account."""

    def envelope(self, data: Any) -> Answer:
        return Answer(200, {"code": 0, "message": "SUCCEED", "request_id": str(uuid.uuid4()), "data": data})

    def check(self, *facts: bool) -> None:
        if not all(facts):
            raise Refused(Refusal.INVALID)

    def check_new(self, external_id: str, server: WireServer) -> None:
        self.check(bool(external_id), all(made.key != external_id for made in server.charges))

    def is_picture(self, text: Any) -> bool:
        """Raw base64 of a JPEG or PNG, without the prefix of a data URI."""
        try:
            return base64.b64decode(text, validate=True).startswith((b"\x89PNG", b"\xff\xd8\xff"))
        except (TypeError, ValueError):
            return False


class KlingV1Wire(_KlingWire):
    """Access key and secret key are both ``core.KEY``. ``clock_ahead_seconds`` is by how much its clock differs from
    ours, ``tells_clock`` whether its ``Date`` header says so."""

    name = "kling-v1"
    models: ClassVar[dict[str, tuple[range, set[str]]]] = {
        "kling-v3": (range(3, 16), {"std", "pro", "4k"}),
        "kling-v2-6": (range(5, 11, 5), {"pro"}),
        "kling-v2-5-turbo": (range(5, 11, 5), set()),
    }

    def __init__(self, *, clock_ahead_seconds: float = 0.0, tells_clock: bool = True) -> None:
        self.clock_ahead_seconds, self.tells_clock = clock_ahead_seconds, tells_clock

    def is_authorized(self, call: Call) -> bool:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        now = time.time() + self.clock_ahead_seconds
        unclocked = {"verify_exp": False, "verify_nbf": False}
        try:
            claims = jwt.decode(token, KEY.encode().ljust(32, b"\0"), algorithms=["HS256"], options=unclocked)
        except jwt.InvalidTokenError:
            return False
        is_whole = set(claims) == {"iss", "exp", "nbf"} and claims["exp"] - claims["nbf"] == 1805
        if not is_whole or claims["iss"] != KEY or jwt.get_unverified_header(token) != {"alg": "HS256", "typ": "JWT"}:
            return False
        if claims["nbf"] <= now < claims["exp"]:
            return True
        code, word = (1003, "not yet valid") if now < claims["nbf"] else (1004, "expired")
        told = {"date": formatdate(now, usegmt=True)} if self.tells_clock else {}
        raise Says(Answer(401, {"code": code, "message": f"Authorization is {word}", "request_id": "r"}, told))

    def serve(self, call: Call, steps: list[str], server: WireServer) -> Answer:
        match call.method, steps:
            case "POST", ["v1", "videos", "text2video" | "image2video" as kind]:
                return self.envelope(self._task(self._accept(call.json, kind, server), server))
            case "GET", ["v1", "videos", "text2video" | "image2video" as kind]:
                self.check(1 <= int(call.query["pageNum"]) <= 1000, 1 <= int(call.query["pageSize"]) <= 500)
                size, made = int(call.query["pageSize"]), [m for m in server.listed() if m.fields["kind"] == kind]
                start = size * (int(call.query["pageNum"]) - 1)
                return self.envelope([self._task(m, server) for m in made[start : start + size]])
            case "GET", ["v1", "videos", kind, task_id]:
                made = next((m for m in server.listed() if task_id == m.key), None) or server.look(task_id)
                if made.fields["kind"] != kind:
                    raise Refused(Refusal.NOT_FOUND)
                return self.envelope(self._task(made, server))
        raise Refused(Refusal.NOT_FOUND)

    def _accept(self, body: dict[str, Any], kind: str, server: WireServer) -> Made:
        common = {"model_name", "prompt", "negative_prompt", "mode", "duration", "sound", "external_task_id"}
        own = {"aspect_ratio"} if kind == "text2video" else {"image"}
        self.check(set(body) <= common | own, own <= set(body), body.get("model_name") in self.models)
        durations, speaking_modes = self.models[body["model_name"]]
        self.check(
            body.get("mode") in ("std", "pro"),
            body.get("duration") in [str(seconds) for seconds in durations],
            body.get("sound", "off") == "off" or body["mode"] in speaking_modes,
            body.get("aspect_ratio", "1:1") in ("16:9", "9:16", "1:1"),
            1 <= len(body.get("prompt", "")) <= 2500,
            len(body.get("negative_prompt", "")) <= 2500,
            "image" not in body or self.is_picture(body["image"]),
        )
        self.check_new(body.get("external_task_id", ""), server)
        return server.accept(key=body["external_task_id"], kind=kind, **body)

    def _task(self, made: Made, server: WireServer) -> dict[str, Any]:
        created = int(made.created_at * 1000)
        shown = {
            "task_id": made.id,
            "task_status": self.words[made.state],
            "task_status_msg": _REASONS.get(made.state, ""),
            "task_info": {"external_task_id": made.key},
            "created_at": created,
            "updated_at": created + 1,
        }
        if made.state is not State.SUCCEEDED:
            return shown
        video = {"id": "v-1", "url": server.content_url(made), "duration": "5.1"}
        return shown | {"final_unit_deduction": "4.5", "task_result": {"videos": [video]}}


class KlingV2Wire(_KlingWire):
    """One API key, ``core.KEY``."""

    name = "kling-v2"
    words: ClassVar[dict[State, str]] = {**_KlingWire.words, State.SUCCEEDED: "succeeded"}

    def serve(self, call: Call, steps: list[str], server: WireServer) -> Answer:
        match call.method, steps:
            case "POST", ["text-to-video" | "image-to-video" as kind, "kling-3.0" | "kling-3.0-turbo" as model]:
                return self.envelope(self._task(self._accept(call.json, kind, model, server), server))
            case "GET", ["tasks"] if set(call.query) == {"task_ids"}:
                return self.envelope([self._task(server.look(call.query["task_ids"]), server)])
            case "GET", ["tasks"] if set(call.query) == {"external_task_ids"}:
                wanted = call.query["external_task_ids"].split(",")
                return self.envelope([self._task(m, server) for m in server.listed() if m.key in wanted])
        raise Refused(Refusal.NOT_FOUND)

    def _accept(self, body: dict[str, Any], kind: str, model: str, server: WireServer) -> Made:
        is_text, is_turbo = kind == "text-to-video", model == "kling-3.0-turbo"
        self.check(set(body) == {"prompt" if is_text else "contents", "settings", "options"})
        settings, options = body["settings"], body["options"]
        own = ({"aspect_ratio"} if is_text else set()) | (set() if is_turbo else {"audio", "multi_shot"})
        self.check(
            set(settings) <= {"resolution", "duration"} | own,
            settings.get("resolution") in ("720p", "1080p"),
            settings.get("duration") in range(3, 16),
            settings.get("aspect_ratio", "1:1") in ("16:9", "9:16", "1:1"),
            settings.get("audio", "off") in ("native", "off"),
            set(options) <= {"external_task_id", "callback_url", "watermark_info"},
        )
        contents = [{"type": "prompt", "text": body["prompt"]}] if is_text else body["contents"]
        texts = [item["text"] for item in contents if item["type"] == "prompt"]
        pictures = [item["url"] for item in contents if item["type"] == "first_frame"]
        self.check(len(texts) == 1, 1 <= len(texts[0]) <= 2500, len(pictures) == (not is_text))
        self.check(all(self.is_picture(picture) for picture in pictures))
        self.check_new(options.get("external_task_id", ""), server)
        return server.accept(key=options["external_task_id"], kind=kind, model=model, **body)

    def _task(self, made: Made, server: WireServer) -> dict[str, Any]:
        created = int(made.created_at * 1000)
        shown = {
            "id": made.id,
            "status": self.words[made.state],
            "message": _REASONS.get(made.state, ""),
            "create_time": created,
            "update_time": created + 1,
            "external_id": made.key,
        }
        if made.state is not State.SUCCEEDED:
            return shown
        output = {"type": "video", "id": "v-1", "url": server.content_url(made), "duration": "5"}
        billing = [{"charge_type": "unit", "amount": "4.5", "package_type": "video"}]
        return shown | {"outputs": [output], "billing": billing}
