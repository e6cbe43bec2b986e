"""The doctor: what is configured, what is missing and what that turns off. Costs nothing; calls nobody unasked."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.auth.needs import old_names
from orchestrator.choices import Choices
from orchestrator.db.session import Database
from orchestrator.media.ffmpeg import binary
from orchestrator.perception.base import Senses
from orchestrator.presentation import NOBODY
from orchestrator.roster import Roster
from orchestrator.schema.view import DoctorItem
from orchestrator.settings import Settings
from orchestrator.storage.base import StoredEntry
from providers.base import AudioSupport, ProviderError, ProviderProfile


def examine(
    settings: Settings, choices: Choices, *, database: Database, senses: Senses, is_attended: bool
) -> tuple[DoctorItem, ...]:
    """What is configured, what is missing and what that turns off."""
    listener, viewer, reader, likeness = senses.listener, senses.viewer, senses.reader, senses.likeness
    free_gb = shutil.disk_usage(settings.data_dir).free / 1e9
    kind = "SQLite file in DATA_DIR" if database.is_sqlite else "Postgres at DATABASE_URL"
    items = [
        DoctorItem(name="Python", state="ok", detail=platform.python_version()),
        DoctorItem(name="ffmpeg", state="ok", detail=Path(binary()).name),
        DoctorItem(name="Database", state="ok", detail=kind),
        DoctorItem(name="Takes and films", state="ok", detail=_place(settings)),
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
            consequence="visual_requirements is not run, and continuity goes by colours, light, likeness and sound."
            if viewer.missing
            else "",
        ),
        DoctorItem(
            name="Reading (text in the picture)",
            state="missing" if reader.missing else "ok",
            detail=reader.missing or "PP-OCR, on this machine",
            consequence="Garbled text in the picture is not found." if reader.missing else "",
        ),
        DoctorItem(
            name="Comparing (stills of neighbours)",
            state="missing" if likeness.missing else "ok",
            detail=likeness.missing or "open_nsfw features, on this machine",
            consequence="continuity goes by colours, light and sound alone." if likeness.missing else "",
        ),
    ]
    if not is_attended:
        items.append(DoctorItem(name="Work", state="broken", detail=NOBODY, consequence="Nothing is made until then."))
    items += [
        DoctorItem(
            name="Engine's file",
            state="broken",
            detail=f"was damaged once and is kept as {path.name}",
            consequence="Unfinished work went on from the database. Delete it when you need it no more.",
        )
        for path in sorted(settings.data_dir.glob("engine.damaged-*.sqlite3"))
    ]
    default = choices.default_provider
    items += [_provider_item(profile, is_default=profile.name == default) for profile in choices.profiles.values()]
    items += [
        DoctorItem(
            name=f"Provider {name}", state="broken", detail=reason, consequence="Clips cannot be generated with it."
        )
        for name, reason in choices.broken.items()
    ]
    items += [
        DoctorItem(
            name=f"Provider {name}",
            state="missing",
            detail=f"needs {', or '.join(lacking)}",
            consequence="Clips cannot be generated with it.",
        )
        for name, lacking in choices.missing.items()
    ]
    if default not in choices.profiles:
        items.append(
            DoctorItem(
                name="VIDEO_PROVIDER" if default == settings.video_provider else "Default provider",
                state="broken",
                detail=f"{default} is not usable",
                consequence="Nothing can be generated until another provider is chosen or this one is set up.",
            )
        )
    unknown = [name for name in settings.fallback_providers if name not in choices.profiles]
    if unknown:
        items.append(
            DoctorItem(
                name="FALLBACK_PROVIDERS",
                state="broken",
                detail=f"{', '.join(unknown)}: not set up, or no such provider",
                consequence="They are passed over when another provider cannot make a clip.",
            )
        )
    return (*items, *_sign_in_items(settings))


def _sign_in_items(settings: Settings) -> tuple[DoctorItem, ...]:
    """Whether people sign in, and what is odd about that. Who answers for them is asked elsewhere."""
    ways = ", ".join(("e-mail", *settings.sign_in_with))
    on = DoctorItem(name="Sign-in", state="ok", detail=f"on: {ways}")
    off = DoctorItem(name="Sign-in", state="ok", detail="off: all projects belong to one local owner")
    items = [on if settings.sign_in else off]
    items += [
        DoctorItem(name="Supabase key", state="missing", detail=notice, consequence="It goes on working until then.")
        for notice in old_names(settings)
    ]
    if settings.allowed_hosts and not settings.sign_in and not settings.api_token.get_secret_value():
        detail = f"answers for {', '.join(settings.allowed_hosts)}, with neither SIGN_IN nor API_TOKEN"
        items.append(
            DoctorItem(
                name="ALLOWED_HOSTS",
                state="broken",
                detail=detail,
                consequence="Whoever reaches the app may do everything, and spend.",
            )
        )
    return tuple(items)


def _provider_item(profile: ProviderProfile, *, is_default: bool) -> DoctorItem:
    """A provider that is set up: what it makes and asks for, or since when it is gone."""
    default = ", default" if is_default else ""
    name = f"Provider {profile.name}"
    if profile.retired_on and profile.is_retired(datetime.now(UTC)):
        return DoctorItem(
            name=name,
            state="broken",
            detail=f"{profile.title}: switched off on {profile.retired_on:%Y-%m-%d}{default}",
            consequence="Clips cannot be generated with it. Point its base URL at another server, or use another one.",
        )
    shortest, longest = profile.durations_seconds[0], profile.durations_seconds[-1]
    is_range = len(profile.durations_seconds) > 3
    made = f"{shortest} to {longest} s" if is_range else ", ".join(map(str, profile.durations_seconds)) + " s"
    voice = ", silent: our voice narrates" if profile.audio is AudioSupport.NONE else ""
    lost = "" if profile.supports_reconcile else ", a lost answer waits for you"
    price = profile.cost_usd(model=profile.models[0], seconds=shortest, size=profile.sizes[0]) / shortest
    asks = "free" if profile.is_free else f"${price:.3g} a second"
    picture = ", from a picture only" if profile.needs_reference else ""
    detail = f"{profile.title}, {profile.models[0]}{picture}, {made}, {asks}{voice}{lost}{default}"
    return DoctorItem(name=name, state="ok", detail=detail)


def _place(settings: Settings) -> str:
    if settings.supabase_secret_key.get_secret_value():
        return f"bucket {settings.video_storage_bucket} of Supabase Storage"
    return "folder ASSETS_DIR" if settings.assets_dir else "folder assets in DATA_DIR"


def orphans_item(orphans: Sequence[StoredEntry], *, is_deleted: bool) -> DoctorItem:
    """What the sweep of stored files found, with the first few by name."""
    if not orphans:
        return DoctorItem(name="Orphans", state="ok", detail="none: a row names every stored file older than a day")
    size_mb = sum(entry.size_bytes for entry in orphans) / 1e6
    names = ", ".join(entry.key for entry in orphans[:5]) + (" ..." if len(orphans) > 5 else "")
    detail = f"{len(orphans)} stored files of {size_mb:.1f} MB that no row names: {names}"
    if is_deleted:
        return DoctorItem(name="Orphans", state="ok", detail=f"deleted {detail}")
    return DoctorItem(name="Orphans", state="missing", detail=detail, consequence="Delete them with --sweep --yes.")


def answer_item(name: str, roster: Roster) -> DoctorItem:
    """Whether a provider answers and takes the key, asked at no cost."""
    try:
        account = roster.check(name)
    except ProviderError as error:
        return DoctorItem(name=f"Answer of {name}", state="broken", detail=str(error))
    except TimeoutError:
        return DoctorItem(name=f"Answer of {name}", state="broken", detail="did not answer in time")
    credit = "" if account.balance_usd is None else f"${account.balance_usd:.2f} credit left. "
    return DoctorItem(name=f"Answer of {name}", state="ok", detail=f"{credit}{account.note}".strip() or "it answers")
