"""What a provider sells, model by model, and what else it can do."""

from __future__ import annotations

from html import escape

from orchestrator.bootstrap import App
from orchestrator.schema.view import ProviderView
from pages.components.shared.provider_words import SOUND_WORDS, frames_words, lengths_words, price_words
from pages.components.shared.states import Badge


def models_table(app: App, provider: ProviderView) -> str:
    """One row per model with what it makes and asks for, as HTML; on a narrow screen the rows become cards."""
    views = {model: app.views.provider(provider.name, model=model) for model in provider.models}
    head = "".join(f"<th>{name}</th>" for name in model_facts(provider, model=provider.models[0]))
    rows = "".join(_row(model_facts(view, model=model)) for model, view in views.items())
    return f'<table class="svo-models"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def model_facts(provider: ProviderView, *, model: str) -> dict[str, str]:
    """What ``model`` makes and asks for, whose facts ``provider`` shows, under the titles of the table."""
    return {
        "Model": model + (" (from a picture only)" if provider.needs_reference else ""),
        "Lengths": lengths_words(provider.durations_seconds),
        "Frames": frames_words(provider.sizes),
        "Sound": SOUND_WORDS.get(provider.audio, ""),
        "Per second": price_words(provider, model=model),
    }


def _row(cells: dict[str, str]) -> str:
    return "<tr>" + "".join(f'<td data-title="{name}">{escape(text)}</td>' for name, text in cells.items()) + "</tr>"


def facts(provider: ProviderView) -> tuple[Badge, ...]:
    """What else it can do, as labels."""

    def label(is_so: bool, yes: str, no: str) -> Badge:
        return (yes, ":material/check:", "green") if is_so else (no, ":material/remove:", "gray")

    return (
        label(provider.supports_reference, "Takes a reference picture", "No reference picture"),
        label(provider.supports_remix, "Remixes a take", "No remix"),
        label(provider.supports_reconcile, "A lost answer is looked up", "A lost answer waits for you"),
    )
