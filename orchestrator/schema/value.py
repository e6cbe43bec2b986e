"""The base of all our values: frozen, compared by content, refusing unknown fields."""

from providers.base import Value as Value
