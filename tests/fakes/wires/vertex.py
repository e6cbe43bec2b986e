"""Veo on Vertex AI: ``predictLongRunning``, ``fetchPredictOperation`` and the token service that lets people in."""

from __future__ import annotations

import base64
import functools
import json
import uuid
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from google.auth import jwt

from tests.fakes.wires.core import KEY, Answer, Call, Made, Refusal, Refused, State, Wire, WireServer

_AUDIENCE = "https://oauth2.googleapis.com/token"  # whatever the URI is
_EMAIL = "films@films-4711.iam.gserviceaccount.com"


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class VertexWire(Wire):
    """One project. Finished clips are in the answer; tokens are had at ``/token`` by the service account whose file
    ``write_credentials`` makes, and are all ``KEY``."""

    name = "veo"
    project, location = "films-4711", "us-central1"
    models = f"v1/projects/{project}/locations/{location}/publishers/google/models"
    # HTTP status, gRPC status, message
    refusals: ClassVar[dict[Refusal, tuple[int, str, str]]] = {
        Refusal.WRONG_KEY: (401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
        Refusal.RATE_LIMITED: (429, "RESOURCE_EXHAUSTED", "Quota exceeded for long_running_requests_per_minute."),
        Refusal.NO_QUOTA: (403, "PERMISSION_DENIED", "This API method requires billing to be enabled."),
        Refusal.REJECTED: (400, "INVALID_ARGUMENT", "The prompt contains sensitive words (Responsible AI practices)."),
        Refusal.INVALID: (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
        Refusal.OVERLOADED: (503, "UNAVAILABLE", "The service is currently unavailable."),
        Refusal.SERVER_ERROR: (500, "INTERNAL", "Internal error encountered."),
        Refusal.GONE: (404, "NOT_FOUND", "Publisher Model was not found."),
        Refusal.NOT_FOUND: (404, "NOT_FOUND", "The operation was not found."),
        Refusal.NOT_READY: (503, "UNAVAILABLE", "Not ready."),
    }

    def id(self) -> str:
        return str(uuid.uuid4())

    def is_authorized(self, call: Call) -> bool:
        return call.path == "/token" or super().is_authorized(call)

    def refusal(self, kind: Refusal) -> Answer:
        status, word, message = self.refusals[kind]
        return Answer(status, {"error": {"code": status, "message": message, "status": word}})

    def write_credentials(self, path: Path, *, token_uri: str, email: str = _EMAIL) -> Path:
        """A service account's file; only that of ``_EMAIL`` is let in."""
        secret = _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"type": "service_account", "client_email": email, "private_key": secret, "private_key_id": "1"}
        path.write_text(json.dumps({**account, "token_uri": token_uri, "project_id": self.project}))
        return path

    def answer(self, call: Call, server: WireServer) -> Answer:
        if (call.method, call.path) == ("POST", "/token"):
            return self._token(call)
        model, _, verb = call.path.strip("/").removeprefix(f"{self.models}/").partition(":")
        match call.method, verb:
            case "POST", "predictLongRunning" if model.startswith("veo-3.1-"):
                made = self._accept(model, call.json, server)
                return Answer(200, {"name": self._operation(made)})
            case "POST", "fetchPredictOperation":
                made = server.look(call.json["operationName"].rpartition("/")[2])
                if call.json != {"operationName": self._operation(made)} or made.fields["model"] != model:
                    raise Refused(Refusal.INVALID)
                return self._show(made, call, server)
        raise Refused(Refusal.GONE)

    def _token(self, call: Call) -> Answer:
        form = parse_qs(call.body.decode())
        public = _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        claims = jwt.decode(form["assertion"][0], certs=public, audience=_AUDIENCE)
        if claims["iss"] != _EMAIL or "cloud-platform" not in claims["scope"]:
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid grant: account not found"})
        return Answer(200, {"access_token": KEY, "expires_in": 3600, "token_type": "Bearer"})

    def _accept(self, model: str, body: dict[str, Any], server: WireServer) -> Made:
        (instance,), parameters = body["instances"], body["parameters"]
        needed = {"sampleCount": 1, "generateAudio": True}
        allowed = {*needed, "durationSeconds", "aspectRatio", "resolution", "seed", "negativePrompt"}
        is_fitting = needed.items() <= parameters.items() and set(parameters) <= allowed
        is_fitting &= bool(instance["prompt"]) and set(instance) <= {"prompt", "image"}
        is_fitting &= parameters["durationSeconds"] in (4, 6, 8) and parameters["aspectRatio"] in ("16:9", "9:16")
        if not is_fitting or parameters["resolution"] not in ("720p", "1080p"):
            raise Refused(Refusal.INVALID)
        if image := instance.get("image"):
            base64.b64decode(image["bytesBase64Encoded"], validate=True)
        return server.accept(model=model)

    def _operation(self, made: Made) -> str:
        return f"{self.models.removeprefix('v1/')}/{made.fields['model']}/operations/{made.id}"

    def _show(self, made: Made, call: Call, server: WireServer) -> Answer:
        body: dict[str, Any] = {"name": self._operation(made)}
        if made.state is State.SUCCEEDED:
            content = server.content(call)
            data = content.body.encode() if isinstance(content.body, str) else content.body
            if length := content.headers.get("content-length"):  # the clip is in the answer, and so is what befalls it
                return Answer(200, data, {"content-length": length})
            video = {"mimeType": "video/mp4", "bytesBase64Encoded": base64.b64encode(data).decode()}
            body |= {"done": True, "response": {"videos": [video]}}
        elif made.state is State.BLOCKED:
            why = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["It violates the usage guidelines."]}
            body |= {"done": True, "response": why}
        elif made.state is State.FAILED:
            body |= {"done": True, "error": {"code": 13, "message": "Internal error. Try again later."}}
        elif made.state is State.CANCELLED:
            body |= {"done": True, "error": {"code": 1, "message": "The operation was cancelled."}}
        return Answer(200, body)
