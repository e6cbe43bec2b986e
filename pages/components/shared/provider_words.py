"""What providers sell, in words. Pure: no drawing, no input or output."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from orchestrator.schema.view import ProviderView
from pages.components.shared.numbers import shape
from pages.components.shared.prices import rate
from pages.components.shared.states import Badge

SOUND_WORDS = {
    "native": "With sound",
    "optional": "With sound, asked for",
    "none": "Silent; our voice narrates the line",
}


def is_usable(provider: ProviderView) -> bool:
    return not (provider.missing or provider.problem)


def setup_words(provider: ProviderView) -> str:
    """What to set, each way to do it, or what is wrong with what is set; empty when it can be used."""
    if provider.problem:
        return provider.problem
    return f"Set {', or '.join(provider.missing)} to use it." if provider.missing else ""


def state_badge(provider: ProviderView) -> Badge:
    if provider.problem:
        return ("Wrong settings", ":material/error:", "red")
    if provider.missing:
        return ("Not set up", ":material/key:", "gray")
    if provider.is_retired:
        return ("Switched off", ":material/power_off:", "red")
    return ("Ready", ":material/check_circle:", "green")


def retirement_words(provider: ProviderView) -> str:
    """Since when a provider is gone, or when it goes, and what to do; empty for one that stays."""
    if provider.retired_on is None:
        return ""
    day = f"{provider.retired_on.day} {provider.retired_on:%B %Y}"
    if provider.is_retired:
        return f"Switched off since {day}. Set its base URL to another server, or choose another provider."
    return f"It will be switched off on {day}. Choose another provider before that."


def host(provider: ProviderView) -> str:
    """Where its generations live; empty for a provider on this machine."""
    return urlsplit(provider.endpoint).netloc or provider.endpoint


def lengths_words(seconds: Sequence[int]) -> str:
    """``3 to 10 s`` for every length between, else ``4, 8 or 12 s``; never broken over two lines."""
    if len(seconds) > 2 and list(seconds) == list(range(seconds[0], seconds[-1] + 1)):
        return _unbroken(f"{seconds[0]} to {seconds[-1]} s")
    first, last = ", ".join(str(s) for s in seconds[:-1]), seconds[-1]
    return _unbroken(f"{first} or {last} s" if first else f"{last} s")


def frames_words(sizes: Sequence[str]) -> str:
    """Sizes by their shorter side: ``720p 16:9, 9:16 · 1080p 16:9``."""
    by_side: dict[int, list[str]] = {}
    for width, height in map(_sides, sizes):
        by_side.setdefault(min(width, height), []).append(shape(width, height) or f"{width} x {height}")
    return " · ".join(_unbroken(f"{side}p {', '.join(shapes)}") for side, shapes in sorted(by_side.items()))


def price_words(provider: ProviderView, *, model: str) -> str:
    """What a second of ``model`` costs, whose facts ``provider`` shows: one price, or one for each kind of clip."""
    if provider.is_free:
        return "Free"
    lines = [f"{kind}: {rate(usd)}" if kind else rate(usd) for kind, usd in prices(provider, model=model)]
    return " · ".join(_unbroken(line) for line in lines)


def prices(provider: ProviderView, *, model: str) -> tuple[tuple[str, float], ...]:
    """(kind of clip, US dollars a second) of ``model``, whose facts ``provider`` shows. The kind is empty where there
    is one price only; else it names the frames, and the lengths where those matter too."""
    lengths = provider.durations_seconds
    by_size = {size: {seconds: _rate(provider, model, size, seconds) for seconds in lengths} for size in provider.sizes}
    is_by_length = any(len(set(rates.values())) > 1 for rates in by_size.values())
    kinds: dict[tuple[int, float], list[str]] = {}
    for size, rates in by_size.items():
        for seconds, usd in rates.items() if is_by_length else [(0, next(iter(rates.values())))]:
            kinds.setdefault((seconds, usd), []).append(size)
    if len(kinds) == 1:
        return tuple(("", usd) for _, usd in kinds)
    return tuple(
        (", ".join(filter(None, (_frame_names(sizes), f"{seconds} s" if seconds else ""))), usd)
        for (seconds, usd), sizes in sorted(kinds.items(), key=lambda kind: min(map(_sides, kind[1])))
    )


def _rate(provider: ProviderView, model: str, size: str, seconds: int) -> float:
    """The price a clip is charged at: the most exact key that is known, the dearest for an unknown model."""
    rates = provider.cost_usd_per_second
    known = (rates[key] for key in (f"{model}@{size}@{seconds}s", f"{model}@{size}", model) if key in rates)
    return next(known, max(rates.values(), default=0.0))


def _frame_names(sizes: Sequence[str]) -> str:
    """Frames by their shorter side, each once: ``720p, 960p``."""
    return ", ".join(f"{side}p" for side in sorted({min(_sides(size)) for size in sizes}))


def _sides(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")
