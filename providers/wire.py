"""What all adapters over HTTP share: one client, one way to send, and one reading of what an answer means for money.

A paid request is sent once. Whatever leaves open whether it was accepted is ``OutcomeUnknown``; only a refusal in the
provider's own words is a refusal. No SDK is used: theirs repeat a POST whose answer was lost, which would pay twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

import httpx

from providers.answers import packing, pieces, read_json, unpack
from providers.base import (
    AuthFailed,
    ContentRejected,
    CreateClipInput,
    Generation,
    GenerationNotFound,
    GenerationStatus,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    ProviderProfile,
    QuotaExhausted,
    RateLimited,
    Retired,
    Unavailable,
    VideoProvider,
)
from providers.downloads import MAX_BYTES, download, is_near

# The whole of a create, from connecting to the last byte of its answer.
CREATE_SECONDS = 80.0
READ_SECONDS = 45.0
MAX_ANSWER_BYTES = 8 << 20
_TIMEOUT = httpx.Timeout(40.0, connect=10.0)
_CREATE_TIMEOUT = httpx.Timeout(75.0, connect=10.0)

REJECTION_WORDS = ("moderation", "moderated", "sentinel_block", "content_policy", "content_filter", "safety")
QUOTA_WORDS = (
    *("insufficient_quota", "billing", "quota_exceeded", "insufficient_credit", "insufficient credit"),
    *("insufficient_balance", "insufficient balance", "insufficient_funds", "not enough credit", "budget_exhausted"),
)


class Answer(NamedTuple):
    """An HTTP answer, read whole. ``body`` is its JSON, None when it is not JSON."""

    status: int
    headers: httpx.Headers
    body: Any

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Complaint(NamedTuple):
    """What a body says went wrong."""

    code: str
    message: str

    @property
    def words(self) -> str:
        return f"{self.code} {self.message}".lower()


class HttpProvider(VideoProvider):
    """An adapter that talks to one base URL.

    ``base_url`` is http(s) without a password; plain http only to this machine or a private network when a key is
    sent. ``api_paths`` are endings people paste along with it, taken away; ``default_path`` is added to a bare host.
    Raises ``InvalidRequest`` for a URL that cannot be used.
    """

    max_answer_bytes = MAX_ANSWER_BYTES
    read_seconds = READ_SECONDS

    def __init__(
        self,
        *,
        base_url: str,
        profile: ProviderProfile,
        api_key: str = "",
        api_paths: tuple[str, ...] = (),
        default_path: str = "",
        max_download_bytes: int = MAX_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.profile = profile
        self._key = api_key.strip()
        self._base = _tidy_base(base_url, api_paths=api_paths, default_path=default_path, has_key=bool(self._key))
        self.endpoint = str(self._base)
        self._max_download_bytes = max_download_bytes
        # Connections are not kept: calls are seconds apart, and an idle one would outlive the loop it belongs to.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT,
            follow_redirects=False,
            transport=transport,
            limits=limits,
            headers={"Accept-Encoding": "identity"},
        )
        self._progress: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={str(self._base)!r})"

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        return await self._download(generation.content_url, destination)

    async def aclose(self) -> None:
        await self._client.aclose()

    # --- what adapters say of themselves ---

    async def _auth(self) -> dict[str, str]:
        """The headers that prove who asks. Raises ``AuthFailed`` where the key cannot be one."""
        return {"Authorization": f"Bearer {self._checked_key()}"}

    def _secrets(self) -> tuple[str, ...]:
        """What must not come back in what the provider says: the keys, and what is made from them."""
        return (self._key,)

    def _own_error(self, status: int, complaint: Complaint) -> type[ProviderError] | ProviderError | None:
        """The meaning of a refusal where this provider has words of its own for it; None for the usual reading."""
        return None

    def _complaint(self, body: Any) -> Complaint:
        return read_complaint(body)

    def _facts(self, request: CreateClipInput) -> ProviderProfile:
        """What holds for the model that is asked for. Raises ``InvalidRequest`` where the request does not fit it."""
        facts = self.profile.for_model(request.model)
        title, has_reference = f"{request.model} of {self.profile.title}", request.reference_path is not None
        if request.model not in self.profile.models:
            raise InvalidRequest(f"{self.profile.title} does not sell the model {request.model!r}.")
        if request.seconds not in facts.durations_seconds:
            raise InvalidRequest(f"{title} sells no clips of {request.seconds} s.")
        if request.size not in facts.sizes:
            raise InvalidRequest(f"{title} sells no clips of {request.size}.")
        for text in (request.prompt, request.negative_prompt):
            if (length := facts.prompt_length(text)) > facts.prompt_limit_characters:
                raise InvalidRequest(f"{title} takes {facts.prompt_limit_characters} characters; these are {length}.")
        if has_reference and not facts.supports_reference:
            raise InvalidRequest(f"{title} takes no reference picture.")
        if facts.needs_reference and not has_reference:
            raise InvalidRequest(f"{title} needs a reference picture.")
        return facts

    # --- sending ---

    async def _ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, is_paid: bool = False, **body: Any
    ) -> Answer:
        """One request, sent once. Raises ``Unavailable`` when it provably was not taken or costs nothing to repeat,
        ``OutcomeUnknown`` when a paid one may have been, ``InvalidRequest`` when it could not be written."""
        host = self._base.host
        asked = {**await self._auth(), **(headers or {})}
        request = self._client.build_request(
            method, f"{self._base}/{path}", headers=asked, timeout=_CREATE_TIMEOUT if is_paid else _TIMEOUT, **body
        )
        try:
            async with asyncio.timeout(CREATE_SECONDS if is_paid else self.read_seconds):
                return await self._read(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise Unavailable(f"{host} cannot be reached ({type(error).__name__}).") from None
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise InvalidRequest(f"The request could not be written ({type(error).__name__}).") from None
        except (httpx.TransportError, TimeoutError, _TooLong) as error:
            if is_paid:
                raise OutcomeUnknown(f"The answer of {host} was lost ({type(error).__name__}).") from None
            raise Unavailable(f"{host} did not answer ({type(error).__name__}).") from None

    async def _read(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            length = response.headers.get("content-length", "")
            if length.isdecimal() and int(length) > self.max_answer_bytes:
                raise _TooLong
            content = bytearray()
            async for piece in pieces(response):
                content += piece
                if len(content) > self.max_answer_bytes:
                    raise _TooLong
        finally:
            await response.aclose()
        unpacked = unpack(content, packing(response), max_bytes=self.max_answer_bytes + 1)
        if len(unpacked) > self.max_answer_bytes:
            raise _TooLong
        body = read_json(unpacked, secrets=self._secrets())
        return Answer(response.status_code, response.headers, body)

    async def _download(self, url: str, destination: Path) -> Path:
        return await download(
            self._client,
            url,
            destination,
            trusted=self._base,
            headers=await self._auth(),
            max_bytes=self._max_download_bytes,
        )

    async def _download_signed(self, url: str, destination: Path) -> Path:
        """Fetch a link that carries its own permission: no key goes along, and a refusal means that it has run out."""
        if not url:
            raise Unavailable("The provider names no file for this clip yet; ask for the generation again.")
        try:
            return await download(
                self._client, url, destination, trusted=self._base, headers={}, max_bytes=self._max_download_bytes
            )
        except (AuthFailed, GenerationNotFound):
            raise Unavailable("The download link is no longer valid; ask for the generation again.") from None

    def _checked_key(self) -> str:
        if not self._key:
            raise AuthFailed(f"No key is set for {self._base.host}.")
        return checked_secret(self._key)

    # --- reading ---

    def _error(self, answer: Answer, *, not_found: type[ProviderError], is_paid: bool = False) -> ProviderError:
        """The error that ``answer`` stands for. Only the provider's own words are quoted, without our request."""
        status, complaint = answer.status, self._complaint(answer.body)
        said = f"HTTP {status}" + (f": {complaint.message}" if complaint.message else "")
        wait = retry_after_seconds(answer.headers)
        own = self._own_error(status, complaint)
        if isinstance(own, ProviderError):
            return own
        kind = own or self._usual_error(answer, complaint, not_found=not_found, is_paid=is_paid)
        return kind(f"{_SAYS[kind]} ({said}).", retry_after_seconds=wait)

    def _usual_error(
        self, answer: Answer, complaint: Complaint, *, not_found: type[ProviderError], is_paid: bool
    ) -> type[ProviderError]:
        status, words = answer.status, complaint.words
        if answer.is_success:  # a page of some proxy, or a body that lacks what it must have
            return OutcomeUnknown if is_paid else Unavailable
        is_rejection = any(word in words for word in REJECTION_WORDS)
        if status == 402 or (status in (400, 403, 429) and any(word in words for word in QUOTA_WORDS)):
            return QuotaExhausted
        if status in (401, 403) and not any(word in complaint.code.lower() for word in REJECTION_WORDS):
            return AuthFailed
        if status == 429:
            return RateLimited
        if status < 500 and is_rejection:
            return ContentRejected
        if status == 410 and is_paid:
            return Retired
        if status in (404, 405, 410):
            # A page of some proxy in between says nothing about the generation.
            return not_found if is_paid or answer.body is not None else Unavailable
        if status in (408, 409, 425):
            # The same request may be under way there: neither taken for refused nor sent again.
            return OutcomeUnknown if is_paid else Unavailable
        if status < 500:
            return InvalidRequest
        if not is_paid or (status in (503, 529) and complaint.message):
            return Unavailable
        return OutcomeUnknown

    async def _look(self, generation_id: str) -> Generation | None:
        """The generation as it stands now; None when it is not known (any more)."""
        try:
            return await self.get_generation(generation_id)
        except GenerationNotFound:
            return None

    def _steady(self, generation: Generation) -> Generation:
        """Progress as people want to see it: some servers count backwards."""
        before = self._progress.pop(generation.id, None)
        progress = generation.progress
        if generation.status is GenerationStatus.COMPLETED:
            progress = 1.0
        elif progress is not None and before is not None:
            progress = max(progress, before)
        if progress is not None and not generation.status.is_final:
            self._progress[generation.id] = progress
        return generation.model_copy(update={"progress": progress})


class HostedProvider(HttpProvider):
    """An adapter of one hosted service. Where it is and what it sells unless told otherwise are facts of the class;
    ``home_path`` is where its generations live under the base URL. ``model`` is put first in the profile."""

    usual_base_url: ClassVar[str]
    usual_profile: ClassVar[ProviderProfile]
    api_paths: ClassVar[tuple[str, ...]] = ()
    home_path: ClassVar[str] = ""

    def __init__(
        self,
        *,
        api_key: str = "",
        base_url: str | None = None,
        model: str = "",
        profile: ProviderProfile | None = None,
        max_download_bytes: int = MAX_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(
            base_url=self.usual_base_url if base_url is None else base_url,
            profile=(profile or self.usual_profile).led_by(model),
            api_key=api_key,
            api_paths=self.api_paths,
            max_download_bytes=max_download_bytes,
            transport=transport,
        )
        self.endpoint = f"{self._base}{self.home_path}"


class _TooLong(Exception):
    """More was sent as an answer than any answer needs."""


_SAYS: dict[type[ProviderError], str] = {
    AuthFailed: "The provider refused the key",
    QuotaExhausted: "The account has no credit left",
    Retired: "The provider has switched this off for good",
    RateLimited: "The provider asks us to slow down",
    ContentRejected: "The provider's safety system refused the prompt",
    GenerationNotFound: "The provider does not have this",
    InvalidRequest: "The provider refused the request",
    Unavailable: "The provider is down or overloaded",
    OutcomeUnknown: "The provider did not say whether it took the request",
}


def read_complaint(body: Any) -> Complaint:
    """Code and message of an error body: OpenAI's envelope, ``detail``, plain strings; shortened."""
    if not isinstance(body, dict):
        return Complaint("", "")
    error = body.get("error") or body.get("detail") or body.get("message") or ""
    if isinstance(error, list):  # validation errors: [{"loc": [...], "msg": "..."}]
        error = "; ".join(str(e.get("msg", e)) if isinstance(e, dict) else str(e) for e in error)
    if isinstance(error, dict):
        code = error.get("code") or error.get("type") or ""
        return Complaint(str(code), str(error.get("message") or "")[:300])
    return Complaint(str(body.get("code") or ""), str(error)[:300])


def retry_after_seconds(headers: httpx.Headers) -> float | None:
    """Seconds to wait, from ``retry-after-ms``, or ``retry-after`` as seconds or as a date; at most an hour."""
    for header, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return min(3600.0, max(0.0, float(headers[header]) * scale))
        except (KeyError, ValueError):
            continue
    try:
        wait = parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)
        return min(3600.0, max(0.0, wait.total_seconds()))
    except (KeyError, ValueError, TypeError):
        return None


def clock_ahead(headers: httpx.Headers) -> timedelta | None:
    """By how much the server's clock is ahead of ours, by its ``Date`` header; None without one."""
    try:
        said = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)) - datetime.now(UTC)


def is_newest_first(times: Sequence[Any]) -> bool:
    """Whether a list of things made at ``times`` shows itself to begin with the newest."""
    return len(times) > 1 and times[0] > times[-1] and list(times) == sorted(times, reverse=True)


def read_moment(value: Any) -> datetime:
    """A time as ISO 8601 says it, UTC where it names no zone; now for anything else."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def checked_secret(secret: str) -> str:
    """``secret`` if it can be a key. Raises ``AuthFailed`` without quoting it."""
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise AuthFailed("The key holds characters that no key has. Copy it again.")
    return secret


def paid_headers(request: CreateClipInput) -> dict[str, str]:
    """Our name for the request. No provider promises to honour it; where one does, a request is never taken twice."""
    key = request.key
    return {"Idempotency-Key": key, "X-Client-Request-Id": key} if key.isascii() and key.isprintable() else {}


def escape_id(generation_id: str) -> str:
    """A generation id as one step of a path. Raises ``GenerationNotFound`` for what cannot be one."""
    if generation_id in ("", ".", ".."):
        raise GenerationNotFound
    return quote(generation_id, safe="")


def _tidy_base(base_url: str, *, api_paths: tuple[str, ...], default_path: str, has_key: bool) -> httpx.URL:
    try:
        base = httpx.URL(base_url.strip().rstrip("/"))
    except httpx.InvalidURL:
        base = httpx.URL("")
    if base.scheme not in ("http", "https") or not base.host or base.userinfo or base.query or base.fragment:
        raise InvalidRequest("The base URL must be the http(s) address of a video server, without a password.")
    if base.scheme == "http" and has_key and not is_near(base.host):
        raise InvalidRequest("The base URL must be https: the key would be sent in the clear over http.")
    path = base.path.rstrip("/")
    for ending in api_paths:
        path = path.removesuffix(ending)
    return httpx.URL(str(base.copy_with(path=path or default_path or "/")).rstrip("/"))
