"""All settings, read once from the environment and ``.env``. Nothing else in the project reads the environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PositiveInt, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Names = Annotated[tuple[str, ...], NoDecode]
Seconds = Annotated[tuple[PositiveInt, ...], NoDecode]


def _check_size(size: str) -> str:
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", size):
        raise ValueError("write sizes as WIDTHxHEIGHT in pixels, such as 1280x720")
    return size


Sizes = Annotated[tuple[Annotated[str, AfterValidator(_check_size)], ...], NoDecode]


class Settings(BaseSettings):
    """Every value has a default that works with no key, no server and no network."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True, frozen=True
    )

    # where things are kept
    data_dir: Path = Path("data")
    database_url: SecretStr = SecretStr("")
    supabase_url: str = ""
    supabase_secret_key: SecretStr = SecretStr("")
    supabase_publishable_key: SecretStr = SecretStr("")
    video_storage_bucket: str = "video-assets"

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
    vision_model: str = "gpt-4o"
    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"

    # how the work is done
    max_concurrent_clips: int = Field(default=3, ge=1, le=64)
    default_clip_duration: int = Field(default=8, gt=0)
    max_retry_attempts: int = Field(default=3, ge=1, le=10)
    budget_usd: float | None = Field(default=None, ge=0)

    # who may ask over REST, besides this machine
    api_token: SecretStr = SecretStr("")
    allowed_hosts: Names = ()

    @field_validator("fallback_providers", "allowed_hosts", "sora_durations", "sora_sizes", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(n.strip() for n in value.split(",") if n.strip()) if isinstance(value, str) else value
