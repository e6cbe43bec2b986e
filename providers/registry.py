"""Providers by name: the built-in ones, and those that installed packages offer.

A package offers one through the entry point group ``sora_orchestrator.providers``: the name is the provider's, the
object a ``VideoProvider`` class with a ``profile`` class attribute. Built-in names win.
"""

from __future__ import annotations

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


class UnusablePackage(Exception):
    """An installed package offers a provider that cannot be used."""


def known_names() -> tuple[str, ...]:
    """Built-in names first, then those of installed packages."""
    return (*NAMES, *sorted(set(_installed()) - set(NAMES)))


def profile_of(name: str) -> ProviderProfile:
    """The capability facts of a provider as they are without any configuration. Raises ``UnknownProviderName`` and
    ``UnusablePackage``."""
    if name in _BUILT_IN:
        return import_module(_BUILT_IN[name][0]).PROFILE
    return _load(name).profile


def create_provider(name: str, **options: Any) -> VideoProvider:
    """A new provider; ``options`` are those of its class (``root=`` for the mock, ``base_url=, api_key=`` for others).

    Raises ``UnknownProviderName`` and ``UnusablePackage``.
    """
    if name in _BUILT_IN:
        module, cls = _BUILT_IN[name]
        return getattr(import_module(module), cls)(**options)
    return _load(name)(**options)


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def _load(name: str) -> type[VideoProvider]:
    point = _installed().get(name)
    if point is None:
        raise UnknownProviderName(name)
    try:
        made = point.load()
    except Exception as error:  # the package is not ours: anything may happen while it is imported
        raise UnusablePackage(f"{point.value} cannot be loaded: {type(error).__name__}: {error}") from error
    if not (isinstance(made, type) and issubclass(made, VideoProvider)):
        raise UnusablePackage(f"{point.value} is no VideoProvider class")
    profile = getattr(made, "profile", None)
    if not isinstance(profile, ProviderProfile):
        raise UnusablePackage(f"{point.value} has no ProviderProfile as its class attribute profile")
    if profile.name != name:
        raise UnusablePackage(f"{point.value} calls itself {profile.name!r}, its package calls it {name!r}")
    return made
