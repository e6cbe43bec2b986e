"""What came over HTTP, made safe to read: unpacked within bounds, fit to be stored, and without our keys.

A server may quote anything in its errors, the request's own headers too, and what it says is shown to people and kept.
So every text of an answer is cleaned here, once, before an adapter reads or shortens it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterable, Collection
from typing import Any

import httpx

HIDDEN = "[key]"
# Longer texts are clips in base64; nobody is shown them.
_TEXT_CHARACTERS = 1 << 20
# A longer key is hidden wherever it stands, one that could be a part of some word only where it stands alone.
_KEY_CHARACTERS, _UNMISTAKABLE_CHARACTERS = 6, 12
# NUL and lone surrogates cannot be stored in every database; other control characters have no place in a text.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# A JSON Web Token (RFC 7519) in its compact form begins with {" in base64.
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_LINK = re.compile(r"https?://\S+")


def pieces(response: httpx.Response) -> AsyncIterable[bytes]:
    """The body as it comes. Other ways to read it would unpack it, without bound."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return response.stream


def packing(response: httpx.Response) -> str:
    """How the body is packed (``Content-Encoding``), in lower case; empty when it is not."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    return "" if encoding == "identity" else encoding


def unpack(content: bytes | bytearray, encoding: str, *, max_bytes: int) -> bytes:
    """``content`` unpacked, at most ``max_bytes`` of it. We ask for nothing packed; some gateways use gzip all the
    same, so one layer of it is taken off. Empty for anything else."""
    if encoding not in ("gzip", "x-gzip"):
        return b"" if encoding else bytes(memoryview(content)[:max_bytes])
    try:
        return zlib.decompressobj(wbits=31).decompress(content, max_bytes)
    except zlib.error:
        return b""


def read_json(content: bytes, *, secrets: Collection[str]) -> Any:
    """The JSON in ``content``, its texts cleaned, and ``secrets`` hidden in all that are not links; None when it is not
    JSON."""
    try:
        return _clean(json.loads(content), secrets)
    except (ValueError, RecursionError):
        return None


def tidy(text: str) -> str:
    """``text`` as it can be stored and shown."""
    return _UNFIT.sub("\ufffd", text)


def _clean(value: Any, secrets: Collection[str]) -> Any:
    match value:
        case str():
            return _clean_text(value, secrets) if len(value) <= _TEXT_CHARACTERS else value
        case list():
            return [_clean(item, secrets) for item in value]
        case dict():
            return {_clean(name, secrets): _clean(item, secrets) for name, item in value.items()}
    return value


def _clean_text(text: str, secrets: Collection[str]) -> str:
    text = tidy(text)
    if _LINK.fullmatch(text):  # it may have to be followed as it is
        return text
    for secret in secrets:
        if len(secret) >= _UNMISTAKABLE_CHARACTERS:
            text = text.replace(secret, HIDDEN)
        elif len(secret) >= _KEY_CHARACTERS and secret in text:
            text = re.sub(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", HIDDEN, text)
    return _TOKEN.sub(HIDDEN, text)
