"""The Interactions API of the Gemini API as Gemini Omni answers on it: ai.google.dev/gemini-api/docs/omni."""

from __future__ import annotations

import base64
import re
import uuid
from typing import Any, ClassVar

from tests.fakes.wires.core import KEY, LINK_FAULTS, Answer, Call, Made, Refusal, Refused, State, Wire, WireServer

_UNDER_WAY = (State.QUEUED, State.RUNNING)


class GeminiWire(Wire):
    """Finished clips are files of the service itself, fetched with the key."""

    name = "gemini"
    words: ClassVar[dict[State, str]] = {
        State.QUEUED: "queued",
        State.RUNNING: "in_progress",
        State.SUCCEEDED: "completed",
        State.FAILED: "failed",
        State.BLOCKED: "failed",
        State.CANCELLED: "cancelled",
        State.STRANGE: "pondering",
    }
    # HTTP status, code, message
    refusals: ClassVar[dict[Refusal, tuple[int, str, str]]] = {
        Refusal.WRONG_KEY: (401, "authentication", "The API key is missing or not valid."),
        Refusal.RATE_LIMITED: (429, "rate_limit_exceeded", "Too many requests per minute."),
        Refusal.NO_QUOTA: (402, "payment_required", "The prepaid balance is used up."),
        Refusal.REJECTED: (400, "prohibited_content", "The input was blocked."),
        Refusal.INVALID: (400, "invalid_request", "The request is malformed."),
        Refusal.OVERLOADED: (503, "service_unavailable", "The service is overloaded. Try again later."),
        Refusal.SERVER_ERROR: (500, "api_error", "An internal error has occurred."),
        Refusal.GONE: (404, "model_not_found", "The model was not found."),
        Refusal.NOT_FOUND: (404, "not_found", "The interaction was not found."),
        Refusal.NOT_READY: (400, "failed_precondition", "The file is not in an ACTIVE state."),
    }

    def is_authorized(self, call: Call) -> bool:
        return call.headers.get("x-goog-api-key") == KEY

    def id(self) -> str:
        return f"v1_{uuid.uuid4().hex}"

    def refusal(self, kind: Refusal) -> Answer:
        status, code, message = self.refusals[kind]
        return Answer(status, {"error": {"code": code, "message": message}})

    def answer(self, call: Call, server: WireServer) -> Answer:
        match call.method, call.path.strip("/").split("/"):
            case "POST", ["v1beta", "interactions"]:
                return self._show(self._accept(call.json, server), server)
            case "GET", ["v1beta", "interactions", interaction]:
                return self._show(server.look(interaction), server)
            case "POST", ["v1beta", "interactions", interaction, "cancel"]:
                return self._cancel(interaction, server)
            case "GET", ["v1beta", "files", file] if file.endswith(":download") and call.query == {"alt": "media"}:
                return server.content(call)
            case "GET", ["v1beta", "files", file] if file in {_file(made) for made in server.made.values()}:
                return Answer(200, {"name": f"files/{file}", "mimeType": "video/mp4", "state": "ACTIVE"})
            case "GET", ["v1beta", "models", model] if model.startswith("gemini-"):
                return Answer(200, {"name": f"models/{model}"})
        raise Refused(Refusal.NOT_FOUND)

    def _accept(self, body: dict[str, Any], server: WireServer) -> Made:
        film, source = body.get("response_format", {}), body.get("previous_interaction_id")
        allowed = {"model", "input", "background", "response_format"}
        allowed |= {"previous_interaction_id"} if source else {"generation_config"}
        if set(body) != allowed or body["background"] is not True or not body["model"].startswith("gemini-omni-"):
            raise Refused(Refusal.INVALID)
        if source is not None and source not in server.made:
            raise Refused(Refusal.NOT_FOUND)
        if not source:
            self._check_new(body, film)
        if film.get("type") != "video" or film.get("delivery") != "uri":
            raise Refused(Refusal.INVALID)
        return server.accept(**body)

    def _check_new(self, body: dict[str, Any], film: dict[str, Any]) -> None:
        task = body["generation_config"]["video_config"]["task"]
        blocks = body["input"]
        if isinstance(blocks, list):
            image, text = blocks
            is_fitting = task == "image_to_video" and text["type"] == "text" and image["type"] == "image"
            base64.b64decode(image["data"], validate=True)
        else:
            is_fitting = task == "text_to_video" and bool(blocks)
        seconds = re.fullmatch(r"(\d+)s", film.get("duration", ""))
        is_fitting &= seconds is not None and 3 <= int(seconds[1]) <= 15
        is_fitting &= film.get("aspect_ratio") in ("16:9", "9:16")
        if not is_fitting or film.get("resolution") not in ("360p", "720p", "1080p", "4k"):
            raise Refused(Refusal.INVALID)

    def _cancel(self, interaction: str, server: WireServer) -> Answer:
        made = server.made.get(interaction)
        if made is None:
            raise Refused(Refusal.NOT_FOUND)
        if made.state not in _UNDER_WAY:
            raise Refused(Refusal.INVALID)
        made.state = State.CANCELLED
        return self._show(made, server)

    def _show(self, made: Made, server: WireServer) -> Answer:
        body = {
            "id": made.id,
            "object": "interaction",
            "model": made.fields["model"],
            "status": self.words[made.state],
            "steps": [{"type": "user_input", "content": [{"type": "text", "text": "..."}]}],
        }
        if made.state is State.SUCCEEDED:
            link = f"{server.origin}/v1beta/files/{_file(made)}:download?alt=media"
            if server.fault in LINK_FAULTS or server.content_origin != server.origin:
                link = server.content_url(made)
            video = {"type": "video", "mime_type": "video/mp4", "uri": link}
            body["steps"].append({"type": "model_output", "content": [video]})
        elif made.state is State.BLOCKED:
            body["errors"] = [{"code": "safety", "message": "The generated video was blocked."}]
        elif made.state is State.FAILED:
            body["errors"] = [{"code": "internal", "message": "The video could not be generated."}]
        return Answer(200, body)


def _file(made: Made) -> str:
    return made.id.replace("_", "-")
