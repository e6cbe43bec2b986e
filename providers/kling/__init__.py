"""Adapters for Kling's two APIs, both alive on one host.

``KlingV2Provider`` speaks the present one (an API key; ``/text-to-video/kling-3.0``), ``KlingV1Provider`` the older one
(access key and secret key, from which a JWT is made; ``/v1/videos/text2video``). ``create_kling`` picks by the keys.
Source: kling.ai/document-api (authentication, error codes, 3.0, 3.0 Turbo, account usage, prices; state of October
2026) and its earlier pages for text2video and image2video.

Whether a request was taken is said by ``code`` in the body: 429 is both "too fast" and "no credit left". Our key goes
along as ``external_task_id``, which is unique in an account and can be looked up. Failed generations are free. With a
first frame the clip has the shape of the picture. Files are deleted after 30 days; there is no way to cancel.
"""

from __future__ import annotations

import httpx

from providers.base import InvalidRequest
from providers.kling.facts import KLING_BASE_URL, PROFILE, PROFILE_V2
from providers.kling.v1 import KlingV1Provider
from providers.kling.v2 import KlingV2Provider

__all__ = ["KLING_BASE_URL", "PROFILE", "PROFILE_V2", "KlingV1Provider", "KlingV2Provider", "create_kling"]


def create_kling(
    *,
    api_key: str = "",
    access_key: str = "",
    secret_key: str = "",
    base_url: str = KLING_BASE_URL,
    model: str = "",
    transport: httpx.AsyncBaseTransport | None = None,
) -> KlingV1Provider | KlingV2Provider:
    """The adapter that fits the keys: an API key leads to the present API, an access key with its secret to the older
    one. Raises ``InvalidRequest`` for a model that only the other one sells."""
    has_api_key = bool(api_key.strip())
    ours, other = (PROFILE_V2, PROFILE) if has_api_key else (PROFILE, PROFILE_V2)
    if model in other.models:
        need = "an access key with its secret key" if has_api_key else "an API key"
        raise InvalidRequest(f"Kling sells {model} to those with {need}; with this key: {', '.join(ours.models)}.")
    if has_api_key:
        return KlingV2Provider(api_key=api_key, base_url=base_url, model=model, transport=transport)
    return KlingV1Provider(
        access_key=access_key, secret_key=secret_key, base_url=base_url, model=model, transport=transport
    )
