"""The cookies of browsers in which somebody is signed in: their names, and when one may be believed. Pure.

Over https their names begin with ``__Host-``, which browsers take from this very host only, and only encrypted: no
other site, and nobody on the way, can put a sign-in of theirs into a browser. Over http the plain name does.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

SESSION, ERRAND = "svo_session", "svo_errand"
_SECURE = "__Host-"
_ERRAND_CHARACTERS_MAX = 3000
_NEXT_CHARACTERS_MAX = 1500


@dataclass(frozen=True)
class Carried:
    """What a browser carries while its person is at their mail or at another service: the proof that it was sent by us,
    where they wanted to go, and what they set out for."""

    verifier: str = field(default="", repr=False)
    next: str = "/"
    purpose: str = ""
    email: str = field(default="", repr=False)


def is_encrypted(scheme: str, headers: Mapping[str, str], *, allowed_hosts: tuple[str, ...], public_url: str) -> bool:
    """Whether the browser came by https. What a proxy says of that counts only for hosts that were named to us: anybody
    can send its header. ``headers`` are found in lower case."""
    host = headers.get("host", "").lower()
    if scheme in ("https", "wss"):
        return True
    public = urlsplit(public_url)
    if public.scheme == "https" and public.netloc.lower() == host:
        return True
    is_ours = re.sub(r":\d+$", "", host) in {name.lower() for name in allowed_hosts}
    return is_ours and headers.get("x-forwarded-proto", "").split(",")[0].strip().lower() == "https"


def name_of(cookie: str, *, is_secure: bool) -> str:
    return f"{_SECURE}{cookie}" if is_secure else cookie


def secret_in(cookies: Mapping[str, str], *, is_secure: bool) -> str:
    """The secret of the session; empty where there is none. The plain name counts for nothing over https."""
    return cookies.get(name_of(SESSION, is_secure=is_secure), "")


def pack(carried: Carried) -> str:
    return base64.urlsafe_b64encode(json.dumps(asdict(carried)).encode()).decode()


def unpack(value: str) -> Carried:
    """What ``pack`` made; nothing but the defaults for everything else."""
    try:
        said = json.loads(base64.urlsafe_b64decode(value[:_ERRAND_CHARACTERS_MAX]))
        carried = Carried(**{name: str(said[name]) for name in asdict(Carried())})
    except (ValueError, TypeError, KeyError):
        return Carried()
    return Carried(carried.verifier, safe_next(carried.next), carried.purpose, carried.email)


def safe_next(wanted: str) -> str:
    """``wanted`` when it is a page of ours, else the first page. Browsers read ``//host``, ``/\\host`` and a tab
    between the two slashes as another site."""
    if not wanted.startswith("/") or len(wanted) > _NEXT_CHARACTERS_MAX:
        return "/"
    if wanted.startswith("//") or "\\" in wanted or any(ord(c) < 33 or ord(c) == 127 for c in wanted):
        return "/"
    is_away = re.match(r"/(sign-in|api|_stcore)(/|\?|$)", wanted)
    return "/" if is_away else wanted
