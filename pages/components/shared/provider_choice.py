"""What may be chosen of a provider: it depends on the model."""

from __future__ import annotations

from orchestrator.bootstrap import App
from orchestrator.schema.view import ProviderView


def title(provider: ProviderView) -> str:
    return f"{provider.title} (switched off)" if provider.is_retired else provider.title


def offered_models(app: App, provider: ProviderView) -> tuple[str, ...]:
    """Its models, those last that only work from a picture."""
    return tuple(sorted(provider.models, key=lambda m: app.views.provider(provider.name, model=m).needs_reference))
