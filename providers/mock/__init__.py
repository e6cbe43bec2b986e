"""A provider that needs no key and no network: it draws a landscape, captions the line and speaks it."""

from providers.mock.defects import Defect, parse_defects
from providers.mock.provider import PROFILE, MockProvider

__all__ = ["PROFILE", "Defect", "MockProvider", "parse_defects"]
