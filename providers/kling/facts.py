"""What Kling sells, and what its codes mean. Data.

Prices are those of kling.ai/document-api/pricing (one unit is $0.14), with sound where there is sound. Kling names a
size by quality and shape; the pixels of square clips are those that Runway names for the same models.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from providers.base import (
    AudioSupport,
    AuthFailed,
    ContentRejected,
    InvalidRequest,
    ModelFacts,
    PromptDialect,
    ProviderError,
    ProviderProfile,
    QuotaExhausted,
    RateLimited,
    ReferenceRules,
    Unavailable,
)

KLING_BASE_URL = "https://api-singapore.klingai.com"
UNIT_USD = 0.14


class Format(NamedTuple):
    """How a size is asked for: by ``mode`` at the older API, by ``resolution`` at the present one."""

    mode: str
    resolution: str
    aspect_ratio: str


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "1280x720": Format("std", "720p", "16:9"),
        "720x1280": Format("std", "720p", "9:16"),
        "960x960": Format("std", "720p", "1:1"),
        "1920x1080": Format("pro", "1080p", "16:9"),
        "1080x1920": Format("pro", "1080p", "9:16"),
        "1440x1440": Format("pro", "1080p", "1:1"),
    }
)


def _rates(model: str, *, std: float, pro: float) -> dict[str, float]:
    return {f"{model}@{size}": std if form.mode == "std" else pro for size, form in FORMATS.items()}


PROFILE = ProviderProfile(
    name="kling",
    title="Kling",
    models=("kling-v3", "kling-v2-6", "kling-v2-5-turbo"),
    durations_seconds=tuple(range(3, 16)),
    sizes=tuple(FORMATS),
    prompt_limit_characters=2500,
    dialect=PromptDialect.PROSE,
    audio=AudioSupport.OPTIONAL,
    reference=ReferenceRules(
        formats=("image/jpeg", "image/png"), max_bytes=10_000_000, min_side_pixels=300, max_ratio=2.5
    ),
    supports_reference=True,
    supports_negative_prompt=True,
    supports_reconcile=True,
    charges_failures=False,
    max_concurrent=3,
    reconcile_grace_seconds=30.0,
    asset_lifetime_hours=30 * 24.0,
    cost_usd_per_second={
        **_rates("kling-v3", std=0.126, pro=0.168),
        **_rates("kling-v2-6", std=0.042, pro=0.14),
        **_rates("kling-v2-5-turbo", std=0.042, pro=0.07),
    },
    variants={
        # it has sound in 1080p only
        "kling-v2-6": ModelFacts(durations_seconds=(5, 10), sizes=("1920x1080", "1080x1920")),
        "kling-v2-5-turbo": ModelFacts(
            durations_seconds=(5, 10),
            sizes=("1280x720", "720x1280", "1920x1080", "1080x1920"),
            audio=AudioSupport.NONE,
        ),
    },
)

PROFILE_V2 = PROFILE.model_copy(
    update={
        "models": ("kling-3.0", "kling-3.0-turbo"),
        "supports_negative_prompt": False,
        "cost_usd_per_second": {
            **_rates("kling-3.0", std=0.126, pro=0.168),
            **_rates("kling-3.0-turbo", std=0.112, pro=0.14),
        },
        # always with sound: there is no switch for it
        "variants": {"kling-3.0-turbo": ModelFacts(audio=AudioSupport.NATIVE)},
    }
)


# What a code means. Codes from 5000 on are server errors: save for 5001 they leave open what became of the request.
CODES: Mapping[int, type[ProviderError]] = MappingProxyType(
    {
        **dict.fromkeys((1000, 1001, 1002, 1003, 1004), AuthFailed),
        **dict.fromkeys((1100, 1101, 1102), QuotaExhausted),  # account abnormal, in arrears, package used up
        1103: AuthFailed,  # the account may not use this API or model
        **dict.fromkeys((1200, 1201, 1202, 1203), InvalidRequest),  # 1203: no such model; see UNKNOWN_ID_CODES
        **dict.fromkeys((1300, 1301), ContentRejected),
        **dict.fromkeys((1302, 1303), RateLimited),  # too fast; more at once than the package allows
        1304: AuthFailed,  # this address is not on the account's list
        5001: Unavailable,  # maintenance
    }
)
# The token is not valid yet, or not any more.
CLOCK_CODES = (1003, 1004)
# What a look for an id that is not there may be answered with; it is not documented which.
UNKNOWN_ID_CODES = (1200, 1201, 1203)
# Words in the message of a failed generation when its content was refused; it has no code.
RISK_WORDS = ("risk control", "content risk", "content security", "security polic", "content polic", "sensitive")
