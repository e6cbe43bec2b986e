"""The doctor: what is configured, what is missing and what that turns off. Costs nothing and calls nobody."""

from __future__ import annotations

import platform
import shutil
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.choices import Choices
from orchestrator.db.session import Database
from orchestrator.media.ffmpeg import binary
from orchestrator.perception.base import Listener, Viewer
from orchestrator.schema.view import DoctorItem
from orchestrator.settings import Settings


def examine(
    settings: Settings, choices: Choices, *, database: Database, listener: Listener, viewer: Viewer
) -> tuple[DoctorItem, ...]:
    """What is configured, what is missing and what that turns off."""
    free_gb = shutil.disk_usage(settings.data_dir).free / 1e9
    kind = "SQLite file in DATA_DIR" if database.is_sqlite else "Postgres at DATABASE_URL"
    items = [
        DoctorItem(name="Python", state="ok", detail=platform.python_version()),
        DoctorItem(name="ffmpeg", state="ok", detail=Path(binary()).name),
        DoctorItem(name="Database", state="ok", detail=kind),
        DoctorItem(
            name="Disk",
            state="ok" if free_gb > 2 else "broken",
            detail=f"{free_gb:.1f} GB free in DATA_DIR",
            consequence="" if free_gb > 2 else "Films may stop half-way for lack of space.",
        ),
        DoctorItem(
            name="Listening (Whisper)",
            state="missing" if listener.missing else "ok",
            detail=listener.missing or f"model {settings.whisper_model}",
            consequence="transcript_match is not run, so no take can pass by itself." if listener.missing else "",
        ),
        DoctorItem(
            name="Looking (vision model)",
            state="missing" if viewer.missing else "ok",
            detail=viewer.missing or f"model {settings.vision_model}",
            consequence="visual_requirements and continuity are not run; takes pass on the other half of the evidence."
            if viewer.missing
            else "",
        ),
    ]
    for name, profile in choices.profiles.items():
        price = "free" if profile.is_free else f"from ${min(profile.cost_usd_per_second.values()):.2f} a second"
        default = ", default" if name == settings.video_provider else ""
        if profile.retired_on and profile.retired_on <= datetime.now(UTC):
            items.append(
                DoctorItem(
                    name=f"Provider {name}",
                    state="broken",
                    detail=f"{profile.title}: switched off on {profile.retired_on:%Y-%m-%d}{default}",
                    consequence="Clips cannot be generated with it. Point its base URL at another server.",
                )
            )
            continue
        items.append(DoctorItem(name=f"Provider {name}", state="ok", detail=f"{profile.title}, {price}{default}"))
    for name, lacking in choices.missing.items():
        items.append(
            DoctorItem(
                name=f"Provider {name}",
                state="missing",
                detail=f"needs {' or '.join(lacking)}",
                consequence="Clips cannot be generated with it.",
            )
        )
    if settings.video_provider not in choices.profiles:
        items.append(
            DoctorItem(
                name="VIDEO_PROVIDER",
                state="broken",
                detail=f"{settings.video_provider} is not usable",
                consequence="Nothing can be generated until another provider is chosen or this one is set up.",
            )
        )
    if settings.supabase_url:
        items.append(
            DoctorItem(
                name="Supabase Storage",
                state="missing",
                detail="not connected in this version",
                consequence="Takes and films are kept in DATA_DIR; the database may still be Supabase's Postgres.",
            )
        )
    return tuple(items)
