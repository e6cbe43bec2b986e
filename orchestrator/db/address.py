"""Reading DATABASE_URL, and saying in one line what is wrong with it. No part of a password is ever repeated."""

from __future__ import annotations

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from orchestrator.errors import NotConfigured

_FORM = "It should look like postgresql://user:password@host:5432/name; empty is a SQLite file in DATA_DIR."
_ESCAPES = "In user and password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25."
# Supabase's poolers in transaction mode listen there; in session mode on 5432.
_TRANSACTION_PORT = 6543
_SUPABASE = (".supabase.com", ".supabase.co")


def read_address(url: str) -> URL:
    """The parts of a DATABASE_URL. Raises ``NotConfigured`` for what is no address of a database we can use."""
    # What follows a stray @ would be taken for the host, and shown in messages.
    if url.split("?")[0].count("@") > 1:
        raise NotConfigured("DATABASE_URL has more than one @.", hint=_ESCAPES)
    try:
        address = make_url(url)
    except ArgumentError:
        raise NotConfigured("DATABASE_URL is not a database address.", hint=_FORM) from None
    except ValueError:
        raise NotConfigured("DATABASE_URL has a port that is no number.", hint=f"{_FORM} {_ESCAPES}") from None
    kind = address.drivername.split("+")[0]
    if kind == "sqlite":
        if address.database in (None, "", ":memory:") or str(address.database).startswith("file:"):
            raise NotConfigured("DATABASE_URL names no SQLite file.", hint="Write sqlite:///folder/name.sqlite3.")
        return address
    if kind not in ("postgresql", "postgres"):
        raise NotConfigured("DATABASE_URL names a kind of database that this app does not know.", hint=_FORM)
    if not re.fullmatch(r"[\w.:%-]*", address.host or ""):
        raise NotConfigured("DATABASE_URL has a host that is none.", hint=f"{_FORM} {_ESCAPES}")
    if address.port == _TRANSACTION_PORT and (address.host or "").endswith(_SUPABASE):
        raise NotConfigured(
            f"DATABASE_URL leads to a transaction pooler (port {_TRANSACTION_PORT}). It keeps no session, and the "
            "engine needs one.",
            hint="Use the session pooler: the same address with port 5432.",
        )
    # Dashboards still hand out postgres://, and other drivers than ours may be named.
    return address.set(drivername="postgresql+psycopg")


def why_unreachable(error: BaseException | None, address: URL) -> NotConfigured:
    """What a server's refusal to be connected to means, and what to do."""
    said = " ".join(str(error).split())
    at = f"{address.host or 'this machine'}:{address.port or 5432}"
    for pattern, message, hint in (
        (
            r"invalid connection option|invalid \S+ value|invalid integer value|bad value for",
            "DATABASE_URL has an option after its ? that is none.",
            _FORM,
        ),
        (
            r"resolve host|Name or service|nodename nor servname|No address associated|getaddrinfo",
            f"The host of DATABASE_URL is not known: {address.host}.",
            "Check its spelling and your network. Supabase's direct host speaks IPv6 only: use its session pooler.",
        ),
        (
            r"Tenant or user not found|tenant/user",
            "The pooler of DATABASE_URL does not know this project.",
            "Behind a Supabase pooler the user is postgres.PROJECT, and the host that of the project's region.",
        ),
        (
            r"password authentication failed|no password supplied|SCRAM|wrong password",
            f"The database refused user and password of DATABASE_URL ({at}, user {address.username or 'none'}).",
            f"Check both, or reset the password. {_ESCAPES}",
        ),
        (
            r"role .* does not exist",
            f"The database has no user {address.username or ''} ({at}).",
            "Check the user in DATABASE_URL.",
        ),
        (
            r"database .* does not exist",
            f"There is no database {address.database or address.username} at {at}.",
            "Check the name at the end of DATABASE_URL, or create it with: createdb NAME",
        ),
        (
            r"too many (clients|connections)|remaining connection slots|MaxClients|max clients",
            f"The database takes no more connections ({at}).",
            "Stop other programs that use it, or raise its limit of connections.",
        ),
        (
            r"starting up|shutting down|in recovery mode",
            f"The database is starting or stopping ({at}).",
            "Try again in a moment.",
        ),
        (
            r"SSL|certificate|encryption|pg_hba",
            f"The database refused this way of connecting ({at}): encryption or this machine's address.",
            "Ask whether it wants encryption (?sslmode=require at the end of DATABASE_URL) and whom it lets in.",
        ),
        (
            r"refused|timeout|timed out|unreachable|No route|closed the connection|could not receive|No such file",
            f"No database answers at {at}.",
            "Check host and port in DATABASE_URL, whether the server runs, and firewalls between.",
        ),
    ):
        if re.search(pattern, said):
            return NotConfigured(message, hint=hint)
    return NotConfigured(f"The database of DATABASE_URL cannot be opened ({at}).", hint=_FORM)
