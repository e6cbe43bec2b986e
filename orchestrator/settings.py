"""All settings, read once from the environment and ``.env``. Nothing else in the project reads the environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveInt, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Names = Annotated[tuple[str, ...], NoDecode]
Seconds = Annotated[tuple[PositiveInt, ...], NoDecode]

OLD_NAMES = {
    "supabase_service_role_key": "supabase_secret_key",
    "supabase_anon_key": "supabase_publishable_key",
}

# Shorter ones would blot out words that have nothing to do with them.
_SECRET_MIN = 8


def _check_size(size: str) -> str:
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", size):
        raise ValueError("write sizes as WIDTHxHEIGHT in pixels, such as 1280x720")
    return size


Sizes = Annotated[tuple[Annotated[str, AfterValidator(_check_size)], ...], NoDecode]


def _password_of(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


class Settings(BaseSettings):
    """Every value has a default that works with no key, no server and no network."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True, frozen=True
    )

    # where things are kept
    data_dir: Path = Path("data")
    assets_dir: Path | None = None
    database_url: SecretStr = SecretStr("")
    supabase_url: str = ""
    supabase_secret_key: SecretStr = SecretStr("")
    supabase_publishable_key: SecretStr = SecretStr("")
    supabase_service_role_key: SecretStr = SecretStr("")
    supabase_anon_key: SecretStr = SecretStr("")
    video_storage_bucket: str = "video-assets"
    asset_cache_mb: int = Field(default=10_000, ge=100)

    # who makes the clips
    video_provider: str = "mock"
    fallback_providers: Names = ()
    sora_api_key: SecretStr = SecretStr("")
    sora_base_url: str = "https://api.openai.com/v1"
    sora_model: str = "sora-2"
    sora_durations: Seconds = ()
    sora_sizes: Sizes = ()
    sora_has_sound: bool = True
    sora_cost_usd_per_second: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    runway_api_key: SecretStr = SecretStr("")
    runway_base_url: str = "https://api.dev.runwayml.com"
    runway_model: str = ""
    kling_api_key: SecretStr = SecretStr("")
    kling_access_key: SecretStr = SecretStr("")
    kling_secret_key: SecretStr = SecretStr("")
    kling_base_url: str = "https://api-singapore.klingai.com"
    kling_model: str = ""
    gemini_api_key: SecretStr = SecretStr("")
    gemini_base_url: str = "https://generativelanguage.googleapis.com"
    gemini_model: str = ""
    google_cloud_project: str = ""
    google_cloud_location: str = "us-central1"
    google_application_credentials: Path | None = None
    veo_base_url: str = ""
    veo_model: str = ""
    luma_api_key: SecretStr = SecretStr("")
    luma_base_url: str = ""
    luma_model: str = ""
    minimax_api_key: SecretStr = SecretStr("")
    minimax_base_url: str = "https://api.minimax.io"
    minimax_model: str = ""
    provider_options: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)

    # the mock provider
    mock_delay_seconds: float = Field(default=0.0, ge=0)
    mock_failure_rate: float = Field(default=0.0, ge=0, le=1)
    mock_defects: str = ""

    # who listens and looks
    whisper_model: str = "base"
    read_text: bool = True
    compare_stills: bool = True
    vision_model: str = "gpt-6.1-terra"
    vision_input_usd_per_mtok: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    vision_output_usd_per_mtok: float = Field(default=5.0, ge=0, allow_inf_nan=False)
    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"

    # how the work is done
    role: Literal["all", "ui", "worker"] = "all"
    max_concurrent_clips: int = Field(default=3, ge=1, le=64)
    max_clips_per_worker: int = Field(default=24, ge=1, le=1000)
    max_clips_total: int = Field(default=96, ge=1, le=10_000)
    render_width: int = Field(default=1, ge=1, le=16)
    assess_width: int = Field(default=1, ge=1, le=16)
    default_clip_duration: int = Field(default=8, gt=0)
    max_retry_attempts: int = Field(default=3, ge=1, le=10)
    budget_usd: float | None = Field(default=None, ge=0)

    # who reviews takes here, where nobody says so
    reviewer_name: str = Field(default="local", min_length=1, max_length=80)

    # who may change the installation itself, where people sign in
    admins: Names = ()

    # what is told of it
    log_level: Literal["", "debug", "info", "warning", "error"] = ""
    log_format: Literal["text", "json"] = "text"
    otel_exporter_otlp_endpoint: str = ""
    otel_exporter_otlp_headers: SecretStr = SecretStr("")
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=1, le=65535)

    # who signs in
    sign_in: bool = False
    sign_in_with: Names = ()
    public_url: str = ""

    # who may ask over REST, besides this machine
    api_token: SecretStr = SecretStr("")
    allowed_hosts: Names = ()

    @field_validator(
        "fallback_providers", "allowed_hosts", "sign_in_with", "sora_durations", "sora_sizes", mode="before"
    )
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(n.strip() for n in value.split(",") if n.strip()) if isinstance(value, str) else value

    @field_validator("admins", mode="before")
    @classmethod
    def _read_admins(cls, value: object) -> object:
        return tuple(n.strip().lower() for n in value.split(",") if n.strip()) if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _take_old_names(cls, values: Any) -> Any:
        """Supabase's keys under the names they had before; those of today win."""
        if isinstance(values, dict):
            for old, name in OLD_NAMES.items():
                if values.get(old) and not values.get(name):
                    values[name] = values[old]
        return values

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    def found_at(self, address: str) -> str:
        """Where browsers find this app, without a slash at its end: as ``PUBLIC_URL`` has it, else at ``address``."""
        return (self.public_url or address).rstrip("/")

    def secrets(self) -> tuple[str, ...]:
        """All that is secret here, to be blotted out of what is told. The longest first, for one may hold another."""
        given = [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]
        given += [str(v) for options in self.provider_options.values() for v in options.values() if isinstance(v, str)]
        given.append(_password_of(self.database_url.get_secret_value()))
        return tuple(sorted({s for s in given if len(s) >= _SECRET_MIN}, key=len, reverse=True))
