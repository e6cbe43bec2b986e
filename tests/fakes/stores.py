"""The adapters of the asset store as tests open them: quick to give up, small near copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from orchestrator.storage.supabase import SupabaseAssetStore
from tests.fakes.storage_server import FakeStorageServer

QUICK_SECONDS = (0.01, 0.01, 0.01)


@contextmanager
def remote_store(server: FakeStorageServer, folder: Path, **values: Any) -> Iterator[SupabaseAssetStore]:
    """The adapter for ``server``; what it keeps on this machine lies in ``folder``."""
    given: dict[str, Any] = {
        "url": server.url,
        "key": SecretStr(server.key),
        "bucket": server.bucket,
        "uploads_dir": folder / "uploads",
        "nearby_dir": folder / "nearby",
        "nearby_max_bytes": 100_000_000,
        "pauses_seconds": QUICK_SECONDS,
    }
    store = SupabaseAssetStore(**(given | values))
    try:
        yield store
    finally:
        store.close()
