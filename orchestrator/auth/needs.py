"""What must be set for people to sign in. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

import jwt

from orchestrator.errors import NotConfigured
from orchestrator.settings import OLD_NAMES, Settings
from orchestrator.storage.supabase_api import read_url

_DOCUMENT = "docs/sign-in.md says how to set it up."


def check_settings(settings: Settings) -> None:
    """Raises ``NotConfigured`` naming what is missing or wrong; nothing is asked for where ``SIGN_IN`` is off."""
    if not settings.sign_in:
        return
    if settings.api_token.get_secret_value():
        raise NotConfigured(
            "API_TOKEN and SIGN_IN do not go together: one token for all would be nobody's.",
            hint="Take API_TOKEN away; programs send the access token of a person who signed in.",
        )
    needed = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "SUPABASE_URL": settings.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": settings.supabase_publishable_key.get_secret_value(),
    }
    if lacking := [name for name, value in needed.items() if not value]:
        raise NotConfigured(f"SIGN_IN is on, but there is no {' and no '.join(lacking)}.", hint=_DOCUMENT)
    if needed["DATABASE_URL"].startswith("sqlite"):
        raise NotConfigured("Sign-in needs Postgres: SQLite cannot keep users apart.", hint=_DOCUMENT)
    project_url(settings)
    _check_key(needed["SUPABASE_PUBLISHABLE_KEY"])
    _check_public_url(settings.public_url)


def project_url(settings: Settings) -> str:
    """The address of the project, however it was pasted. Raises ``NotConfigured``."""
    return str(read_url(settings.supabase_url)).removesuffix("/storage/v1")


def old_names(settings: Settings) -> tuple[str, ...]:
    """One notice for each key that is set under its old name or is of the old kind."""
    notices = []
    for old, name in OLD_NAMES.items():
        value = getattr(settings, name).get_secret_value()
        if value and value == getattr(settings, old).get_secret_value():
            notices.append(f"{old.upper()} is an old name: set {name.upper()} instead")
        elif name == "supabase_publishable_key" and value.startswith("eyJ"):
            notices.append(f"{name.upper()} is a key of the old kind, which Supabase withdraws: set sb_publishable_...")
    return tuple(notices)


def _check_key(key: str) -> None:
    if key.startswith("sb_secret_") or _role_of(key) == "service_role":
        raise NotConfigured(
            "SUPABASE_PUBLISHABLE_KEY holds a secret key.", hint="Set the one that begins with sb_publishable_."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise NotConfigured("SUPABASE_PUBLISHABLE_KEY is no key of a Supabase project.", hint=_DOCUMENT)


def _role_of(key: str) -> str:
    """What a key of the old kind is for. Keys of today are no tokens."""
    try:
        return str(jwt.decode(key, options={"verify_signature": False}).get("role"))
    except (jwt.PyJWTError, ValueError):
        return ""


def _check_public_url(url: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        is_good, parts = False, urlsplit("")
    if not is_good or parts.path.strip("/") or parts.username:
        raise NotConfigured("PUBLIC_URL must be where browsers find the app, such as https://films.example.org.")
