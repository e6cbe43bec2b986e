"""The roster: which providers are set up, from the settings, and what the others lack. Names no adapter's class."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import SecretStr

from orchestrator.errors import BadInput
from orchestrator.settings import Settings
from providers.base import Account, AudioSupport, ProviderError, ProviderProfile, VideoProvider
from providers.registry import NAMES, UnusablePackage, create_provider, known_names, profile_of

_OPENAI_HOST = "api.openai.com"
_CHECK_SECONDS = 30.0
_SHORTEST_SECRET = 4


class _Setup(NamedTuple):
    """How one provider is made from settings. ``needs``: it can be used when all settings of one of these sets are
    there. ``options`` names the adapter's option for each setting."""

    needs: tuple[tuple[str, ...], ...]
    options: Mapping[str, str]


_SETUPS: dict[str, _Setup] = {
    "runway": _Setup(
        needs=(("runway_api_key",),),
        options={"api_key": "runway_api_key", "base_url": "runway_base_url", "model": "runway_model"},
    ),
    "kling": _Setup(
        needs=(("kling_api_key",), ("kling_access_key", "kling_secret_key")),
        options={
            "api_key": "kling_api_key",
            "access_key": "kling_access_key",
            "secret_key": "kling_secret_key",
            "base_url": "kling_base_url",
            "model": "kling_model",
        },
    ),
    "gemini": _Setup(
        needs=(("gemini_api_key",),),
        options={"api_key": "gemini_api_key", "base_url": "gemini_base_url", "model": "gemini_model"},
    ),
    "veo": _Setup(
        needs=(("google_cloud_project",),),
        options={
            "project": "google_cloud_project",
            "location": "google_cloud_location",
            "credentials_file": "google_application_credentials",
            "base_url": "veo_base_url",
            "model": "veo_model",
        },
    ),
    "luma": _Setup(
        needs=(("luma_api_key",),),
        options={"api_key": "luma_api_key", "base_url": "luma_base_url", "model": "luma_model"},
    ),
    "minimax": _Setup(
        needs=(("minimax_api_key",),),
        options={"api_key": "minimax_api_key", "base_url": "minimax_base_url", "model": "minimax_model"},
    ),
}


class Roster(NamedTuple):
    """``makers`` build the usable providers by name; ``missing`` says of the others what they need, one entry per way
    to set them up. ``broken`` says why the settings or the package of others cannot be used. ``titles`` are known for
    all."""

    makers: dict[str, Callable[[], VideoProvider]]
    missing: dict[str, tuple[str, ...]]
    titles: dict[str, str]
    broken: Mapping[str, str] = MappingProxyType({})

    def check(self, name: str) -> Account:
        """Ask a provider, at no cost, whether it answers and takes the key. Raises any ``ProviderError``."""

        async def ask() -> Account:
            provider = self.makers[name]()
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    return await provider.check_account()
            finally:
                await provider.aclose()

        return asyncio.run(ask())


def read_roster(settings: Settings, *, data_dir: Path) -> Roster:
    """Every built-in provider and those of installed packages; a package at fault is broken."""
    makers: dict[str, Callable[[], VideoProvider]] = {}
    missing: dict[str, tuple[str, ...]] = {}
    broken: dict[str, str] = {}
    titles: dict[str, str] = {}
    for name in known_names():
        titles[name] = name
        try:
            titles[name] = profile_of(name).title
            lacking = _lacking(name, settings)
        except UnusablePackage as error:
            broken[name] = f"Its package is at fault: {_one_line(str(error))}"
            continue
        if lacking:
            missing[name] = lacking
        else:
            makers[name] = _maker(name, settings, data_dir)
    return Roster(makers=makers, missing=missing, titles=titles, broken=broken)


def make_providers(roster: Roster, settings: Settings) -> tuple[dict[str, VideoProvider], Roster]:
    """One adapter each, and the roster as it then is: a provider whose settings cannot be used is broken, which does
    not keep the others from working. Raises ``BadInput`` for faults on purpose (MOCK_DEFECTS) that are none."""
    made: dict[str, VideoProvider] = {}
    broken: dict[str, str] = {}
    for name, make in roster.makers.items():
        try:
            made[name] = make()
        except Exception as error:
            if name == "mock":
                raise BadInput(f"MOCK_DEFECTS cannot be used. {error}") from None
            if name not in NAMES:
                broken[name] = f"Its options (PROVIDER_OPTIONS) cannot be used. {_refusal(error, name, settings)}"
            elif isinstance(error, ProviderError | TypeError | ValueError | OSError):
                broken[name] = f"Its settings ({_settings_of(name)}) cannot be used. {_one_line(str(error))}"
            else:
                raise
    makers = {name: make for name, make in roster.makers.items() if name in made}
    return made, roster._replace(makers=makers, broken={**roster.broken, **broken})


def _settings_of(name: str) -> str:
    """The names of a built-in provider's settings."""
    fields = _SETUPS[name].options.values() if name in _SETUPS else ("sora_base_url", "sora_api_key", "sora_model")
    return ", ".join(field.upper() for field in fields)


def _refusal(error: Exception, name: str, settings: Settings) -> str:
    """Why a class of an installed package cannot be made, without the texts it was given: one may be a key."""
    said = str(error)
    texts = (t for t in _texts(settings.provider_options.get(name, {})) if len(t) >= _SHORTEST_SECRET)
    for text in sorted(texts, key=len, reverse=True):
        said = said.replace(text, "…")
    return _one_line(f"{type(error).__name__}: {said}")


def _texts(value: Any) -> Iterator[str]:
    """All texts among options, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _one_line(text: str) -> str:
    return (text.strip() or "No reason is given.").splitlines()[0][:200]


def _lacking(name: str, settings: Settings) -> tuple[str, ...]:
    if name == "sora":
        # A server of one's own needs no key; OpenAI's did.
        is_set = _plain(settings, "sora_api_key") or _OPENAI_HOST not in settings.sora_base_url
        return () if is_set else ("SORA_BASE_URL", "SORA_API_KEY")
    if name not in _SETUPS:
        return ()
    needs = _SETUPS[name].needs
    if any(all(_plain(settings, field) for field in fields) for fields in needs):
        return ()
    return tuple(" and ".join(field.upper() for field in fields) for fields in needs)


def _maker(name: str, settings: Settings, data_dir: Path) -> Callable[[], VideoProvider]:
    if name == "mock":
        return lambda: create_provider(
            name,
            root=data_dir / "mock",
            delay_seconds=settings.mock_delay_seconds,
            failure_rate=settings.mock_failure_rate,
            defects=settings.mock_defects,
        )
    if name == "sora":
        return lambda: create_provider(
            name,
            base_url=settings.sora_base_url,
            api_key=settings.sora_api_key.get_secret_value(),
            model=settings.sora_model,
            profile=_own_server(profile_of(name), settings),
        )
    if name in NAMES:
        options = {option: _plain(settings, field) for option, field in _SETUPS[name].options.items()}
        return lambda: create_provider(name, **{option: value for option, value in options.items() if value})
    extra = settings.provider_options.get(name, {})
    return lambda: create_provider(name, **extra)


def _own_server(profile: ProviderProfile, settings: Settings) -> ProviderProfile:
    """What the server at SORA_BASE_URL sells, where the settings say so."""
    known: dict[str, Any] = {}
    if settings.sora_durations:
        known["durations_seconds"] = tuple(sorted(set(settings.sora_durations)))
    if settings.sora_sizes:
        known["sizes"] = settings.sora_sizes
    if not settings.sora_has_sound:
        known["audio"] = AudioSupport.NONE
    if settings.sora_cost_usd_per_second is not None:
        price = settings.sora_cost_usd_per_second
        known |= {"cost_usd_per_second": {settings.sora_model: price}, "is_free": price == 0}
    return profile.model_copy(update=known)


def _plain(settings: Settings, field: str) -> Any:
    value = getattr(settings, field)
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return value.strip() if isinstance(value, str) else value
