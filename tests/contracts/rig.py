"""A stand for adapters: the service on loopback that each one talks to, and one clip's way through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import httpx
from PIL import Image

from providers.base import (
    AuthFailed,
    BrokenContent,
    ContentRejected,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Retired,
    Unavailable,
    UnsafeLink,
    VideoProvider,
)
from providers.gemini import GEMINI_BASE_URL, GeminiProvider
from providers.kling import KLING_BASE_URL, KlingV1Provider, KlingV2Provider
from providers.luma import AGENTS_BASE_URL, DREAM_MACHINE_BASE_URL, DreamMachineProvider, LumaAgentsProvider
from providers.minimax import MINIMAX_BASE_URL, MiniMaxProvider
from providers.openai_videos import OPENAI_BASE_URL, OpenAIVideosProvider
from providers.runway import RUNWAY_BASE_URL, RunwayProvider
from providers.vertex import VertexVeoProvider
from tests.contracts.matrix import Outcome, Slip
from tests.fakes.wires.core import CDN, ELSEWHERE, KEY, Call, Fault, OtherHost, Wire, WireServer
from tests.fakes.wires.gemini import GeminiWire
from tests.fakes.wires.kling import KlingV1Wire, KlingV2Wire
from tests.fakes.wires.luma import DreamMachineWire, LumaAgentsWire
from tests.fakes.wires.minimax import MiniMaxWire
from tests.fakes.wires.openai import LiteLLMWire, OpenAIWire, SGLangWire, VllmOmniWire
from tests.fakes.wires.routed import Routed
from tests.fakes.wires.runway import RunwayWire
from tests.fakes.wires.vertex import VertexWire

LOOKS, TRIES = 8, 3
CLOCK_SKEW = timedelta(seconds=30)
PASSING = (RateLimited, Unavailable, OutcomeUnknown)


@dataclass(frozen=True)
class Stand:
    """One adapter on one wire. ``world`` is the https address it has without being told, whose host is brought to
    loopback; empty for servers of one's own, which are plain http. ``build`` takes ``base_url``, ``key``,
    ``transport`` and the ``server``. ``keeps_files``: finished clips lie at the API's own host, and are fetched with
    the key. ``free_posts`` are endings of paths that are asked with POST and make nothing."""

    wire: Callable[[], Wire]
    build: Callable[..., VideoProvider]
    world: str = ""
    keeps_files: bool = False
    free_posts: tuple[str, ...] = ()

    def server(self, clip: Path, fault: Fault = Fault.NONE) -> WireServer:
        url = httpx.URL(self.world)
        origin = f"{url.scheme}://{url.host}" if self.world else ""
        content_origin = "" if self.keeps_files else CDN
        return WireServer(self.wire(), clip=clip, fault=fault, origin=origin, content_origin=content_origin)

    def base_url(self, server: WireServer, slip: Slip | None) -> str:
        usual = self.world or server.base_url
        bare = usual.removesuffix("/v1")
        return {
            Slip.WITH_PATH: f"{bare}/v1/",
            Slip.BARE: bare,
            Slip.PLAIN_HTTP: "http://93.184.215.14/v1",
            Slip.NO_URL: "api.example.com:key",
        }.get(slip, usual)  # pyright: ignore[reportArgumentType, reportCallIssue]

    def provider(self, server: WireServer, other: WireServer, slip: Slip | None) -> VideoProvider:
        routes = {CDN: server.address, ELSEWHERE: other.address}
        routes |= {self.world: server.address} if self.world else {}
        keys = {Slip.OTHER_KEY: "another-key-0815", Slip.BROKEN_KEY: f"{KEY}\r\nX-More: 1", Slip.NO_KEY: ""}
        key = keys.get(slip, KEY)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return self.build(base_url=self.base_url(server, slip), key=key, transport=Routed(routes), server=server)

    def creates(self, server: WireServer) -> list[Call]:
        """The requests that ask for a clip."""
        return [c for c in server.calls if c.method == "POST" and not c.path.endswith(self.free_posts or "?")]


def _with_key(provider: Callable[..., VideoProvider], **options: str) -> Callable[..., VideoProvider]:
    def build(*, base_url: str, key: str, transport: httpx.AsyncBaseTransport, **_: Any) -> VideoProvider:
        return provider(base_url=base_url, api_key=key, transport=transport, **options)

    return build


def _kling_v1(*, base_url: str, key: str, transport: httpx.AsyncBaseTransport, **_: Any) -> VideoProvider:
    return KlingV1Provider(base_url=base_url, access_key=key, secret_key=key, transport=transport)


def _luma(*, base_url: str, key: str, transport: httpx.AsyncBaseTransport, **_: Any) -> VideoProvider:
    key = key.replace(KEY, LumaAgentsWire.key)
    return LumaAgentsProvider(base_url=base_url, api_key=key, transport=transport)


def _veo(
    *, base_url: str, key: str, transport: httpx.AsyncBaseTransport, server: WireServer | None = None
) -> VideoProvider:
    """Its key is the file of a service account."""
    file, wire = Path("none.json"), VertexWire()
    if server is not None and key:
        file = server.clip.with_name(f"{server.server_address[1]}.json")
        stranger = {} if key.startswith(KEY) else {"email": "stranger@example.iam.gserviceaccount.com"}
        wire.write_credentials(file, token_uri=f"{server.address}/token", **stranger)
        if "\n" in key:
            file.write_text(file.read_text()[:-9])
    return VertexVeoProvider(project=wire.project, credentials_file=file, base_url=base_url, transport=transport)


STANDS: dict[str, Stand] = {
    "openai": Stand(OpenAIWire, _with_key(OpenAIVideosProvider), OPENAI_BASE_URL),
    "vllm-omni": Stand(VllmOmniWire, _with_key(OpenAIVideosProvider, model=VllmOmniWire.model)),
    "sglang": Stand(SGLangWire, _with_key(OpenAIVideosProvider, model="wan2.2")),
    "litellm": Stand(LiteLLMWire, _with_key(OpenAIVideosProvider, model="gemini/veo-3.1")),
    "runway": Stand(RunwayWire, _with_key(RunwayProvider), RUNWAY_BASE_URL),
    "kling-v1": Stand(KlingV1Wire, _kling_v1, KLING_BASE_URL),
    "kling-v2": Stand(KlingV2Wire, _with_key(KlingV2Provider), KLING_BASE_URL),
    "gemini": Stand(GeminiWire, _with_key(GeminiProvider), GEMINI_BASE_URL, keeps_files=True),
    "veo": Stand(
        VertexWire,
        _veo,
        "https://us-central1-aiplatform.googleapis.com",
        free_posts=("/token", ":fetchPredictOperation"),
    ),
    "luma": Stand(LumaAgentsWire, _luma, AGENTS_BASE_URL),
    "luma-dm": Stand(DreamMachineWire, _with_key(DreamMachineProvider), DREAM_MACHINE_BASE_URL),
    "minimax": Stand(MiniMaxWire, _with_key(MiniMaxProvider), MINIMAX_BASE_URL),
}


@dataclass
class Walk:
    """One clip's way from request to file, as the orchestrator goes it: a create is sent again only when it provably
    was not accepted, asking is free. ``sends`` and ``errors`` are what happened on it; ``progress`` what was
    shown, ``seen`` the generation in the end."""

    provider: VideoProvider
    request: CreateClipInput
    folder: Path
    looks: int = LOOKS
    pause_seconds: float = 0.0
    sends: int = 0
    errors: list[Exception] = field(default_factory=list)
    progress: list[float] = field(default_factory=list)
    path: Path | None = None
    is_created: bool = False
    is_adopted: bool = False
    seen: Generation | None = None
    on_created: Callable[[Generation], Any] | None = None

    async def go(self) -> Outcome:
        try:
            generation = await self._create()
            self.is_created = True
            if self.on_created and asyncio.iscoroutine(done := self.on_created(generation)):
                await done
            self.seen = generation = await self._finish(generation)
            if generation.status is GenerationStatus.FAILED:
                assert generation.error_message or generation.error_code
                return Outcome.BLOCKED if generation.is_rejection else Outcome.FAILED
            if generation.status is GenerationStatus.CANCELLED:
                return Outcome.CANCELLED
            if not generation.status.is_final:
                return Outcome.WAITS
            self.path = await self._download(generation)
        except ProviderError as error:
            self._note(error)
            return _AFTER[type(error)]
        if self.is_adopted:
            return Outcome.ADOPTED
        if self.sends > 1:
            return Outcome.LATER
        return Outcome.AGAIN if self.errors else Outcome.TAKE

    async def _create(self) -> Generation:
        while True:
            before = datetime.now(UTC)
            self.sends += 1
            try:
                return await self.provider.create_clip(self.request)
            except (RateLimited, Unavailable) as error:
                self._note(error)
                if self.sends == TRIES:
                    raise
            except OutcomeUnknown as error:
                self._note(error)
                if not self.provider.profile.supports_reconcile:
                    raise
                found = await self.provider.find_generation(self.request, created_after=before - CLOCK_SKEW, claimed=())
                if found is None:
                    raise
                self.is_adopted = True
                return found

    async def _finish(self, generation: Generation) -> Generation:
        for _ in range(self.looks):
            try:
                generation = await self.provider.get_generation(generation.id)
            except PASSING as error:
                self._note(error)
            if generation.progress is not None:
                self.progress.append(generation.progress)
            if generation.status.is_final:
                break
            await asyncio.sleep(self.pause_seconds)
        return generation

    async def _download(self, generation: Generation) -> Path:
        for left in reversed(range(TRIES)):
            try:
                return await self.provider.download_content(generation, self.folder / "take.mp4")
            except PASSING as error:
                self._note(error)
                if not left:
                    raise
                generation = await self.provider.get_generation(generation.id)
        raise AssertionError

    def _note(self, error: Exception) -> None:
        if error not in self.errors:
            self.errors.append(error)


_AFTER: dict[type[ProviderError], Outcome] = {
    OutcomeUnknown: Outcome.DECISION,
    ContentRejected: Outcome.REJECTED,
    InvalidRequest: Outcome.INVALID,
    AuthFailed: Outcome.AUTH,
    QuotaExhausted: Outcome.CREDIT,
    Retired: Outcome.RETIRED,
    GenerationNotFound: Outcome.LOST,
    BrokenContent: Outcome.BROKEN,
    UnsafeLink: Outcome.UNSAFE,
}


def a_request(provider: VideoProvider, folder: Path, **changes: Any) -> CreateClipInput:
    """The shortest clip of at least 4 s that the provider sells, with a picture where it needs one."""
    profile = provider.profile
    asked: dict[str, Any] = {
        "key": "run-1",
        "prompt": 'A quiet bay at dawn. "A kite over the harbour."',
        "model": profile.models[0],
        "seconds": profile.fit_seconds(4),
        "size": profile.sizes[0],
    }
    if profile.needs_reference:
        width, height = (int(side) for side in profile.sizes[0].split("x"))
        asked["reference_path"] = folder / "first.png"
        Image.new("RGB", (width, height), "teal").save(asked["reference_path"])
    return CreateClipInput(**asked | changes)


def foreign_calls(server: WireServer, other: OtherHost) -> list[Call]:
    """What was asked of hosts that are not the provider's API."""
    return [*other.calls, *(call for call in server.calls if call.headers["host"] in CDN)]


def count_frames(path: Path) -> int:
    """Every frame decoded, and the sound if there is any."""
    with av.open(str(path)) as container:
        assert not container.streams.audio or sum(1 for _ in container.decode(audio=0)) > 0
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
