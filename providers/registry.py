"""Providers by name: the built-in ones, and those that installed packages offer.

A package offers one through the entry point group ``sora_orchestrator.providers``: the name is the provider's, the
object a ``VideoProvider`` class with a ``profile`` class attribute. Built-in names win.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from providers.base import ProviderProfile, VideoProvider

ENTRY_POINT_GROUP = "sora_orchestrator.providers"

# name -> module, what makes it; the module also holds PROFILE. Loaded when first asked for.
_BUILT_IN = {
    "mock": ("providers.mock", "MockProvider"),
    "sora": ("providers.openai_videos", "OpenAIVideosProvider"),
    "runway": ("providers.runway", "RunwayProvider"),
    "kling": ("providers.kling", "create_kling"),
    "gemini": ("providers.gemini", "GeminiProvider"),
    "veo": ("providers.vertex", "VertexVeoProvider"),
    "luma": ("providers.luma", "create_luma"),
    "minimax": ("providers.minimax", "MiniMaxProvider"),
}
NAMES: tuple[str, ...] = tuple(_BUILT_IN)


class UnknownProviderName(KeyError):
    """No provider of that name is built in or installed."""

    def __str__(self) -> str:
        return f"There is no provider {self.args[0]!r}. Known: {', '.join(known_names())}."


def known_names() -> tuple[str, ...]:
    """Built-in names first, then those of installed packages."""
    return (*NAMES, *sorted(set(_installed()) - set(NAMES)))


def profile_of(name: str) -> ProviderProfile:
    """The capability facts of a provider as they are without any configuration. Raises ``UnknownProviderName``."""
    if name in _BUILT_IN:
        return import_module(_BUILT_IN[name][0]).PROFILE
    return _load(name).profile  # pyright: ignore[reportFunctionMemberAccess]


def create_provider(name: str, **options: Any) -> VideoProvider:
    """A new provider; ``options`` are those of its class (``root=`` for the mock, ``base_url=, api_key=`` for others).

    Raises ``UnknownProviderName``.
    """
    if name in _BUILT_IN:
        module, cls = _BUILT_IN[name]
        return getattr(import_module(module), cls)(**options)
    return _load(name)(**options)


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def _load(name: str) -> Callable[..., VideoProvider]:
    point = _installed().get(name)
    if point is None:
        raise UnknownProviderName(name)
    return point.load()
