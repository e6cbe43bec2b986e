"""Runway's API, version 2024-11-06: the bodies, tasks and refusals of ``runwayml`` 5.24.0 and docs.dev.runwayml.com."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple

from tests.fakes.wires.core import Answer, Call, Made, Refusal, Refused, Says, State, Wire, WireServer

_WIDE = {"1280:720", "720:1280"}
_SIX = {*_WIDE, "1104:832", "960:960", "832:1104", "1584:672"}
_PICTURE = re.compile(r"data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]+=*")
_MAX_URI = 5_000_000


class _Model(NamedTuple):
    """What a body of this model may hold. ``ratios`` are those of text_to_video, empty where it has none."""

    durations: range
    ratios: set[str]
    image_ratios: set[str]
    optional: set[str]
    credits: int
    prompt_limit: int = 1000


_MODELS = {
    "gen4.5": _Model(range(2, 11), _WIDE, _SIX, {"seed", "contentModeration", "outputFormat"}, 12),
    "gen4_turbo": _Model(range(2, 11), set(), _SIX, {"seed", "contentModeration"}, 5),
    **{
        name: _Model(range(4, 9, 2), ratios, ratios, {"seed", "audio", "negativePrompt"}, price)
        for ratios in ({*_WIDE, "1920:1080", "1080:1920"},)
        for name, price in (("veo3.1", 40), ("veo3.1_fast", 15))
    },
    **{
        name: _Model(range(3, 16), ratios, ratios, {"audio", "cfgScale", "providerSettings"}, price, 2500)
        for name, ratios, price in (
            ("kling3.0_standard", {*_WIDE, "960:960"}, 13),
            ("kling3.0_pro", {"1920:1080", "1080:1920", "1440:1440"}, 17),
        )
    },
}


class RunwayWire(Wire):
    """``is_throttled``: accepted tasks wait for a place of the account. A task that was deleted is gone, and
    ``Made.fields["refunded"]`` says whether it had not begun by then."""

    name = "runway"
    words: ClassVar[dict[State, str]] = {
        State.QUEUED: "PENDING",
        State.RUNNING: "RUNNING",
        State.SUCCEEDED: "SUCCEEDED",
        State.FAILED: "FAILED",
        State.BLOCKED: "FAILED",
        State.CANCELLED: "CANCELLED",
        State.STRANGE: "HIBERNATING",
    }
    refusals: ClassVar[dict[Refusal, tuple[int, str]]] = {
        Refusal.WRONG_KEY: (401, "Unauthorized"),
        Refusal.RATE_LIMITED: (429, "Too many requests"),
        Refusal.NO_QUOTA: (400, "You do not have enough credits to run this task."),
        Refusal.REJECTED: (400, "The prompt was refused by content moderation."),
        Refusal.INVALID: (400, "Validation of body failed"),
        Refusal.OVERLOADED: (503, "Service unavailable"),
        Refusal.SERVER_ERROR: (500, "Internal server error"),
        Refusal.GONE: (410, "This version of the API has been retired."),
        Refusal.NOT_FOUND: (404, "Not found"),
        Refusal.NOT_READY: (404, "Not found"),
    }

    def __init__(self, *, is_throttled: bool = False, daily_cap: int = 1000, credit: int = 5000) -> None:
        self.is_throttled, self.daily_cap, self.credit = is_throttled, daily_cap, credit

    def id(self) -> str:
        return str(uuid.uuid4())

    def refusal(self, kind: Refusal) -> Answer:
        status, error = self.refusals[kind]
        issues = [{"code": "invalid_value", "path": ["duration"], "message": "Invalid duration"}]
        return Answer(status, {"error": error} | ({"issues": issues} if kind is Refusal.INVALID else {}))

    def answer(self, call: Call, server: WireServer) -> Answer:
        if call.headers.get("x-runway-version") != "2024-11-06":
            raise Refused(Refusal.INVALID)
        match call.method, call.path.strip("/").split("/"):
            case "POST", ["v1", "text_to_video" | "image_to_video" as path]:
                made = self._accept(call.json, server, has_image=path == "image_to_video")
                return Answer(200, {"id": made.id, "estimatedCost": {"credits": made.fields["credits"]}})
            case "GET", ["v1", "tasks", task_id]:
                return Answer(200, self._task(server.look(task_id), server))
            case "DELETE", ["v1", "tasks", task_id]:
                made = server.made.get(task_id)
                if made is None or made.is_forgotten:
                    raise Refused(Refusal.NOT_FOUND)
                made.is_forgotten = True
                made.fields["refunded"] = made.state is State.QUEUED
                return Answer(204)
            case "GET", ["v1", "organization"]:
                tier = {"maxMonthlyCreditSpend": 10_000, "models": {"gen4.5": {"maxConcurrentGenerations": 1}}}
                usage = {"models": {"gen4.5": {"dailyGenerations": len(server.charges)}}}
                credit = self.credit - sum(made.fields["credits"] for made in server.charges)
                return Answer(200, {"creditBalance": credit, "tier": tier, "usage": usage})
        raise Refused(Refusal.NOT_FOUND)

    def _accept(self, body: dict[str, Any], server: WireServer, *, has_image: bool) -> Made:
        model = _MODELS.get(str(body.get("model")))
        required = {"model", "promptText", "ratio", "duration"} | ({"promptImage"} if has_image else set())
        if model is None or not required <= set(body) <= required | model.optional:
            raise Refused(Refusal.INVALID)
        is_fit = (
            body["duration"] in model.durations
            and body["ratio"] in (model.image_ratios if has_image else model.ratios)
            and 1 <= len(body["promptText"].encode("utf-16-le")) // 2 <= model.prompt_limit
            and isinstance(body.get("audio", False), bool)
            and isinstance(body.get("seed", 0), int)
        )
        images = body.get("promptImage", [])
        is_pictured = all(
            set(image) == {"uri", "position"}
            and image["position"] == "first"
            and image["uri"].startswith(
                ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,")
            )
            and len(image["uri"]) <= _MAX_URI
            for image in images
        )
        if not is_fit or not is_pictured or len(images) != has_image:
            raise Refused(Refusal.INVALID)
        if len(server.charges) >= self.daily_cap:
            raise Says(Answer(429, {"error": "Your daily task limit has been reached."}))
        return server.accept(**body, credits=model.credits * body["duration"], refunded=False)

    def _task(self, made: Made, server: WireServer) -> dict[str, Any]:
        word = self.words[made.state]
        if made.state is State.QUEUED and self.is_throttled:
            word = "THROTTLED"
        created_at = datetime.fromtimestamp(made.created_at, UTC).isoformat(timespec="milliseconds")
        shown: dict[str, Any] = {"id": made.id, "status": word, "createdAt": created_at.replace("+00:00", "Z")}
        credit = made.fields["credits"]
        match made.state:
            case State.SUCCEEDED:
                return shown | {"cost": {"credits": credit}, "output": [server.content_url(made)]}
            case State.FAILED:
                failure = {"failure": "The renderer gave up.", "failureCode": "INTERNAL.BAD_OUTPUT.CODE01"}
                return shown | {"cost": {"credits": 0}, **failure}
            case State.BLOCKED:
                failure = {"failure": "The result was moderated.", "failureCode": "SAFETY.OUTPUT.VIDEO"}
                return shown | {"cost": {"credits": credit}, **failure}
            case State.CANCELLED:
                return shown | {"cost": {"credits": 0}}
        progress = {"progress": made.progress} if made.state is State.RUNNING else {}
        return shown | {"estimatedCost": {"credits": credit}} | progress
