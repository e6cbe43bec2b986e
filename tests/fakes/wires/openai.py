"""The ``/v1/videos`` protocol as OpenAI wrote it down, and as three living servers speak it.

OpenAI: openai-openapi 2.3.0. The others: the sources of vLLM-Omni 0.30, SGLang 0.5.23 and LiteLLM 1.109.
"""

from __future__ import annotations

import base64
import re
import uuid
from typing import Any, ClassVar
from urllib.parse import unquote

from tests.fakes.wires.core import (
    LINK_FAULTS,
    PAGE,
    Answer,
    Call,
    Made,
    Refusal,
    Refused,
    State,
    Wire,
    WireServer,
)

_ENDED = (State.SUCCEEDED, State.FAILED, State.BLOCKED, State.CANCELLED)


class OpenAIWire(Wire):
    """As api.openai.com was, to the letter; ``Refusal.GONE`` is what it can answer since it was switched off."""

    name = "openai"
    base_path = "/v1"
    can_remix = True
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
        Refusal.WRONG_KEY: (401, "invalid_api_key", "Incorrect API key provided."),
        Refusal.RATE_LIMITED: (429, "rate_limit_exceeded", "Rate limit reached for requests."),
        Refusal.NO_QUOTA: (429, "insufficient_quota", "You exceeded your current quota."),
        Refusal.REJECTED: (400, "moderation_blocked", "Your request was blocked by our moderation system."),
        Refusal.INVALID: (400, "invalid_value", "Invalid value for 'seconds' or 'size'."),
        Refusal.OVERLOADED: (503, "overloaded", "The server is overloaded. Try again later."),
        Refusal.SERVER_ERROR: (500, "server_error", "The server had an error."),
        Refusal.GONE: (404, "model_not_found", "The model 'sora-2' does not exist."),
        Refusal.NOT_FOUND: (404, "not_found", "Video not found"),
        Refusal.NOT_READY: (404, "not_found", "Video is still in progress."),
    }
    allowed = frozenset(("prompt", "model", "seconds", "size", "input_reference"))
    sizes = r"720x1280|1280x720|1024x1792|1792x1024"
    seconds = "4|8|12"

    def id(self) -> str:
        return f"video_{uuid.uuid4().hex}"

    def answer(self, call: Call, server: WireServer) -> Answer:
        steps = [unquote(step) for step in call.raw_path.removeprefix(self.base_path).strip("/").split("/")]
        match call.method, steps:
            case "POST", ["videos"]:
                return self._show(self._accept(self._form(call), server, source=None), server)
            case "POST", ["videos", source, "remix"] if self.can_remix:
                if source not in server.made:
                    raise Refused(Refusal.NOT_FOUND)
                if set(call.json) != {"prompt"}:
                    raise Refused(Refusal.INVALID)
                return self._show(
                    self._accept({**server.made[source].fields, **call.json}, server, source=source), server
                )
            case "GET", ["videos"]:
                return self._list(call, server)
            case "GET", ["videos", generation_id]:
                return self._show(server.look(generation_id), server)
            case "GET", ["videos", generation_id, "content"]:
                return self._content(generation_id, call, server)
            case "DELETE", ["videos", generation_id]:
                return self._delete(generation_id, server)
        raise Refused(Refusal.NOT_FOUND)

    def refusal(self, kind: Refusal) -> Answer:
        status, code, message = self.refusals[kind]
        return Answer(
            status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
        )

    def video(self, made: Made, server: WireServer) -> dict[str, Any]:
        """The Video as the API shows it."""
        is_done = made.state is State.SUCCEEDED
        shown = {
            "id": made.id,
            "object": "video",
            "model": made.fields["model"],
            "status": self.words[made.state],
            "progress": round(made.progress * 100),
            "created_at": int(made.created_at),
            "completed_at": int(made.created_at) + 1 if is_done else None,
            "expires_at": int(made.created_at) + 3600 if is_done else None,
            "prompt": made.fields["prompt"],
            "size": made.fields["size"],
            "seconds": made.fields["seconds"],
            "remixed_from_video_id": made.fields["source"],
            "error": self.error(made.state),
        }
        # OpenAI's has no link; gateways and servers with an object store give one
        return shown | ({"url": server.content_url(made)} if is_done and server.fault in LINK_FAULTS else {})

    def error(self, state: State) -> dict[str, Any] | None:
        """What a Video says went wrong."""
        if state is State.BLOCKED:
            return {"code": "moderation_blocked", "message": "The result was blocked by our moderation system."}
        return {"code": "server_error", "message": "The renderer gave up."} if state is State.FAILED else None

    def _form(self, call: Call) -> dict[str, Any]:
        is_form = call.headers.get("content-type", "").startswith("multipart/form-data")
        return call.form if is_form else call.json

    def _accept(self, asked: dict[str, Any], server: WireServer, *, source: str | None) -> Made:
        asked = {"model": "sora-2", "seconds": "4", "size": "720x1280", **asked}
        is_text = all(isinstance(asked.get(name), str) for name in ("prompt", "model", "seconds", "size"))
        if not is_text or not set(asked) <= self.allowed | {"source"} or not 1 <= len(asked["prompt"]) <= 32_000:
            raise Refused(Refusal.INVALID)
        if not re.fullmatch(self.seconds, asked["seconds"]) or not re.fullmatch(self.sizes, asked["size"]):
            raise Refused(Refusal.INVALID)
        return server.accept(**{**asked, "source": source})

    def _show(self, made: Made, server: WireServer) -> Answer:
        return Answer(200, self.video(made, server))

    def _list(self, call: Call, server: WireServer) -> Answer:
        videos = [self.video(made, server) for made in server.listed()]
        ids = [video["id"] for video in videos]
        start = ids.index(call.query["after"]) + 1 if call.query.get("after") in ids else 0
        page = videos[start : start + int(call.query.get("limit", "20"))]
        ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
        return Answer(200, {"object": "list", "data": page, **ends, "has_more": start + len(page) < len(videos)})

    def _content(self, generation_id: str, call: Call, server: WireServer) -> Answer:
        made = server.made.get(generation_id)
        if made is None or made.is_forgotten:
            raise Refused(Refusal.NOT_FOUND)
        if made.state is not State.SUCCEEDED:
            raise Refused(Refusal.NOT_READY)
        return server.content(call)

    def _delete(self, generation_id: str, server: WireServer) -> Answer:
        made = server.made.get(generation_id)
        if made is None or made.is_forgotten:
            raise Refused(Refusal.NOT_FOUND)
        if made.state not in _ENDED:
            raise Refused(Refusal.INVALID)
        made.is_forgotten = True
        return Answer(200, {"id": made.id, "object": "video.deleted", "deleted": True})


class VllmOmniWire(OpenAIWire):
    """vLLM-Omni: multipart only, serves one model, error codes are numbers, and the GET of a failed job answers with
    the job's own code as HTTP status. No remix. DELETE stops a running job."""

    name = "vllm-omni"
    model = "wan2_2"
    can_remix = False
    words: ClassVar[dict[State, str]] = {**OpenAIWire.words, State.STRANGE: "preempted"}
    refusals: ClassVar[dict[Refusal, tuple[int, str, str]]] = {
        **OpenAIWire.refusals,
        Refusal.INVALID: (400, "BadRequestError", "Model mismatch: the server serves another model."),
        Refusal.OVERLOADED: (503, "ServiceUnavailableError", "The engine is not ready."),
        Refusal.SERVER_ERROR: (500, "InternalServerError", "The engine died."),
        Refusal.GONE: (404, "NotFoundError", "Not Found"),
        Refusal.NOT_FOUND: (404, "NotFoundError", "Video not found"),
        Refusal.NOT_READY: (404, "NotFoundError", "Generation is still in-progress"),
    }
    allowed = OpenAIWire.allowed | {"seed", "negative_prompt"}
    sizes = r"\d+x\d+"
    seconds = r"[1-9]\d*"

    def id(self) -> str:
        return f"video_gen_{uuid.uuid4().hex}"

    def refusal(self, kind: Refusal) -> Answer:
        status, word, message = self.refusals[kind]
        if kind is Refusal.WRONG_KEY:
            return Answer(401, {"error": "Unauthorized"})
        if kind is Refusal.RATE_LIMITED:  # it limits nobody; the proxy in front of it does
            return Answer(429, PAGE, {"content-type": "text/html"})
        return Answer(status, {"error": {"message": message, "type": word, "param": None, "code": status}})

    def video(self, made: Made, server: WireServer) -> dict[str, Any]:
        extras = {"media_type": "video/mp4", "file_name": f"{made.id}.mp4", "inference_time_s": 1.5, "fps": 24}
        progress = 100 if made.state is State.SUCCEEDED else 0
        return super().video(made, server) | extras | {"progress": progress}

    def error(self, state: State) -> dict[str, Any] | None:
        return {"code": 500, "message": "CUDA out of memory"} if state is State.FAILED else None

    def _form(self, call: Call) -> dict[str, Any]:
        if not call.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refused(Refusal.INVALID)
        form = call.form
        if form.get("model", self.model) != self.model:
            raise Refused(Refusal.INVALID)
        return form

    def _show(self, made: Made, server: WireServer) -> Answer:
        error = self.error(made.state)
        return Answer(error["code"] if error else 200, self.video(made, server))

    def _delete(self, generation_id: str, server: WireServer) -> Answer:
        made = server.made.get(generation_id)
        if made is None or made.is_forgotten:
            raise Refused(Refusal.NOT_FOUND)
        made.is_forgotten = True
        return Answer(200, {"id": made.id, "object": "video.deleted", "deleted": True})


class SGLangWire(OpenAIWire):
    """SGLang: ``{"detail": ...}`` for errors, bare UUIDs, no prompt in its answers, no code in a Video's error, and
    ``?variant=video`` is a 404. No remix. DELETE drops the record and lets the job run."""

    name = "sglang"
    can_remix = False
    refusals: ClassVar[dict[Refusal, tuple[int, str, str]]] = {
        **VllmOmniWire.refusals,
        Refusal.WRONG_KEY: (401, "", "Unauthorized"),
        Refusal.INVALID: (422, "", "String should match pattern"),
    }
    allowed = VllmOmniWire.allowed
    sizes, seconds = VllmOmniWire.sizes, VllmOmniWire.seconds

    def id(self) -> str:
        return str(uuid.uuid4())

    def refusal(self, kind: Refusal) -> Answer:
        status, _, message = self.refusals[kind]
        if kind is Refusal.RATE_LIMITED:
            return Answer(429, PAGE, {"content-type": "text/html"})
        if kind is Refusal.INVALID:
            return Answer(422, {"detail": [{"loc": ["body", "size"], "msg": message, "type": "string_pattern"}]})
        return Answer(status, {"detail": message})

    def video(self, made: Made, server: WireServer) -> dict[str, Any]:
        video = super().video(made, server)
        del video["prompt"], video["remixed_from_video_id"]
        return video | {"progress": min(99, video["progress"])}

    def error(self, state: State) -> dict[str, Any] | None:
        return {"message": "denoising failed"} if state is State.FAILED else None

    def _content(self, generation_id: str, call: Call, server: WireServer) -> Answer:
        if call.query.get("variant", "0") not in "0123456789":
            raise Refused(Refusal.NOT_FOUND)
        return super()._content(generation_id, call, server)

    def _delete(self, generation_id: str, server: WireServer) -> Answer:
        made = server.made.get(generation_id)
        if made is None or made.is_forgotten:
            raise Refused(Refusal.NOT_FOUND)
        made.is_forgotten = True
        return Answer(200, {**self.video(made, server), "status": "deleted"})


class LiteLLMWire(OpenAIWire):
    """A LiteLLM proxy in front of another provider: ids are base64 of where a video lives, work in progress may be
    called ``processing``, and there is no DELETE."""

    name = "litellm"
    words: ClassVar[dict[State, str]] = {**OpenAIWire.words, State.RUNNING: "processing"}
    seconds = r"[1-9]\d*"
    sizes = r"\d+x\d+"

    def id(self) -> str:
        # the tail puts all of base64's odd characters into it: + / =
        told = f"litellm:custom_llm_provider:gemini;video_id:{uuid.uuid4().hex};;".encode()
        return "video_" + base64.b64encode(told + b"\xfb\xef\xbe\xff\xff\xff=").decode()

    def _delete(self, generation_id: str, server: WireServer) -> Answer:
        return Answer(405, {"detail": "Method Not Allowed"})
