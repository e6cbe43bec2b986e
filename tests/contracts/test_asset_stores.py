"""What every asset store promises, on a folder, on a Storage server on loopback, and by hand on a real project::

    SUPABASE_URL=... SUPABASE_SECRET_KEY=... pytest -m live tests/contracts/test_asset_stores.py

On the real one, everything is written below a folder of its own and deleted at the end.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from orchestrator.errors import NotFound
from orchestrator.schema.view import DoctorItem
from orchestrator.settings import Settings
from orchestrator.storage.base import AssetStore, StoredEntry
from orchestrator.storage.local import LocalAssetStore
from orchestrator.storage.resumable import CHUNK_BYTES
from orchestrator.storage.supabase import SupabaseAssetStore
from tests.fakes.storage_server import FakeStorageServer
from tests.fakes.stores import remote_store

# Read when the tests are collected: while they run, nothing of a developer's environment is left.
SETTINGS = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]
LARGE_BYTES = CHUNK_BYTES + 12_345
LIVE = pytest.param("live", marks=[pytest.mark.live, pytest.mark.timeout(900)])


@pytest.fixture(params=["local", "remote", LIVE])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AssetStore]:
    if request.param == "local":
        yield LocalAssetStore(tmp_path / "assets")
    elif request.param == "remote":
        with FakeStorageServer(tmp_path / "server") as server, remote_store(server, tmp_path) as store:
            yield store
    else:
        yield from live_store(tmp_path)


def live_store(tmp_path: Path) -> Iterator[AssetStore]:
    if not SETTINGS.supabase_url or not SETTINGS.supabase_secret_key.get_secret_value():
        pytest.skip("Set SUPABASE_URL and SUPABASE_SECRET_KEY to run it.")
    store = SupabaseAssetStore(
        url=SETTINGS.supabase_url,
        key=SETTINGS.supabase_secret_key,
        bucket=SETTINGS.video_storage_bucket,
        uploads_dir=tmp_path / "uploads",
        nearby_dir=tmp_path / "nearby",
        nearby_max_bytes=100_000_000,
    )
    below = Below(store, f"contract-{uuid.uuid4()}")
    yield below
    for entry in list(below.entries()):
        below.delete(entry.key)
    store.close()


class Below:
    """A store whose keys all lie in a folder of another one, which may hold what is nobody's business here."""

    def __init__(self, store: AssetStore, folder: str) -> None:
        self._store, self._folder = store, folder

    def put_file(self, source: Path, key: str) -> None:
        self._store.put_file(source, self._key(key))

    def local_path(self, key: str, sha256: str = "") -> Path:
        return self._store.local_path(self._key(key), sha256)

    def link(self, key: str, *, filename: str = "") -> str:
        return self._store.link(self._key(key), filename=filename)

    def delete(self, key: str) -> None:
        self._store.delete(self._key(key))

    def entries(self) -> Iterator[StoredEntry]:
        for entry in self._store.entries():
            if entry.key.startswith(f"{self._folder}/"):
                yield entry.model_copy(update={"key": entry.key.removeprefix(f"{self._folder}/")})

    def examine(self) -> tuple[DoctorItem, ...]:
        return self._store.examine()

    def close(self) -> None:
        self._store.close()

    def _key(self, key: str) -> str:
        if ".." in key.split("/"):
            raise NotFound  # as the store itself says it
        return f"{self._folder}/{key}"


def a_file(folder: Path, size_bytes: int, *, fill: int = 7) -> tuple[Path, str]:
    """(file, sha256) of so many bytes that repeat nowhere nearby."""
    path = folder / f"{uuid.uuid4().hex}.mp4"
    content = bytearray()
    while len(content) < size_bytes:
        content += hashlib.sha256(f"{fill} {len(content)}".encode()).digest() * 64
    path.write_bytes(content[:size_bytes])
    return path, hashlib.sha256(content[:size_bytes]).hexdigest()


@pytest.mark.parametrize("size_bytes", [0, 1, 100_000, CHUNK_BYTES, LARGE_BYTES])
def test_what_is_stored_is_read_back(store: AssetStore, tmp_path: Path, size_bytes: int) -> None:
    source, sha256 = a_file(tmp_path, size_bytes)
    store.put_file(source, "project/take.mp4")
    assert source.stat().st_size == size_bytes  # what was given stays where it is
    for path in (store.local_path("project/take.mp4", sha256), store.local_path("project/take.mp4")):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        assert path.suffix == ".mp4"


@pytest.mark.parametrize("size_bytes", [1000, LARGE_BYTES])
def test_a_key_is_replaced_when_it_is_stored_again(store: AssetStore, tmp_path: Path, size_bytes: int) -> None:
    store.put_file(a_file(tmp_path, 2000)[0], "project/take.mp4")
    source, sha256 = a_file(tmp_path, size_bytes, fill=8)
    store.put_file(source, "project/take.mp4")
    for path in (store.local_path("project/take.mp4", sha256), store.local_path("project/take.mp4")):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def test_what_was_written_to_the_source_afterwards_is_not_stored(store: AssetStore, tmp_path: Path) -> None:
    source, sha256 = a_file(tmp_path, 1000)
    store.put_file(source, "project/take.mp4")
    source.write_bytes(b"another")
    assert hashlib.sha256(store.local_path("project/take.mp4", sha256).read_bytes()).hexdigest() == sha256


def test_an_unknown_key_is_not_found_and_deleting_it_is_nothing(store: AssetStore) -> None:
    with pytest.raises(NotFound):
        store.local_path("project/nothing.mp4", "0" * 64)
    with pytest.raises(NotFound):
        store.local_path("project/nothing.mp4")
    store.delete("project/nothing.mp4")


def test_a_deleted_key_is_gone(store: AssetStore, tmp_path: Path) -> None:
    source, _ = a_file(tmp_path, 1000)
    for key in ("project/one.mp4", "project/two.jpg"):
        store.put_file(source, key)
    store.link("project/one.mp4")
    store.delete("project/one.mp4")
    with pytest.raises(NotFound):
        store.local_path("project/one.mp4")
    assert [entry.key for entry in store.entries()] == ["project/two.jpg"]


@pytest.mark.parametrize("key", ["../outside.mp4", "project/../../outside.mp4"])
def test_no_key_leads_out_of_the_store(store: AssetStore, tmp_path: Path, key: str) -> None:
    with pytest.raises(NotFound):
        store.put_file(a_file(tmp_path, 10)[0], key)
    with pytest.raises(NotFound):
        store.local_path(key)


def test_entries_name_everything_with_its_size_and_age(store: AssetStore, tmp_path: Path) -> None:
    assert list(store.entries()) == []
    sizes = {"a/one.mp4": 10, "a/two words.jpg": 20, "b/three.mp4": 30}
    for key, size in sizes.items():
        store.put_file(a_file(tmp_path, size)[0], key)
    found = {entry.key: entry for entry in store.entries()}
    assert {key: entry.size_bytes for key, entry in found.items()} == sizes
    now = datetime.now(UTC)
    assert all(now - timedelta(minutes=5) < entry.changed_at < now + timedelta(minutes=5) for entry in found.values())


def test_one_whole_file_is_there_when_two_are_stored_under_a_key_at_once(store: AssetStore, tmp_path: Path) -> None:
    sources, failures = [a_file(tmp_path, LARGE_BYTES, fill=fill) for fill in (1, 2)], list[BaseException]()

    def put(source: Path) -> None:
        try:
            store.put_file(source, "project/take.mp4")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(source,)) for source, _ in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    content = store.local_path("project/take.mp4").read_bytes()
    assert hashlib.sha256(content).hexdigest() in [sha256 for _, sha256 in sources]


def test_a_link_serves_ranges_and_attachments_without_any_key(store: AssetStore, tmp_path: Path) -> None:
    source, _ = a_file(tmp_path, 5000)
    store.put_file(source, "project/take one.mp4")
    link = store.link("project/take one.mp4")
    if not link:  # the app sends the file itself
        return
    content = source.read_bytes()
    whole = httpx.get(link)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, content, "video/mp4")
    part = httpx.get(link, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, content[100:300])
    attached = httpx.head(store.link("project/take one.mp4", filename="take-1 ä.mp4"))
    assert attached.headers["content-disposition"].startswith("attachment")
    assert "attachment" not in httpx.head(link).headers.get("content-disposition", "")


def test_the_same_link_is_given_while_it_is_good(store: AssetStore, tmp_path: Path) -> None:
    """So that a browser that draws a page anew need not load its films again."""
    store.put_file(a_file(tmp_path, 10)[0], "project/take.mp4")
    assert store.link("project/take.mp4") == store.link("project/take.mp4")


def test_a_link_to_nothing_is_not_found(store: AssetStore) -> None:
    if isinstance(store, LocalAssetStore):
        assert store.link("project/nothing.mp4") == ""
    else:
        with pytest.raises(NotFound):
            store.link("project/nothing.mp4")
