"""Supabase Storage as an asset store: what becomes of it when something goes wrong."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from orchestrator.errors import (
    AssetDamaged,
    CannotWrite,
    NotConfigured,
    NotFound,
    OrchestratorError,
    StorageAway,
    StorageFull,
)
from orchestrator.storage.nearby import NearbyFiles
from orchestrator.storage.resumable import CHUNK_BYTES, ResumableUploads, Upload
from orchestrator.storage.supabase import SupabaseAssetStore
from orchestrator.storage.supabase_api import KeyKind, StorageApi, key_kind, read_url
from tests.fakes.storage_server import FakeStorageServer
from tests.fakes.stores import QUICK_SECONDS, remote_store

ROOT = Path(__file__).resolve().parents[2]
KEY = "project/take.mp4"
LEGACY_KEY = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeStorageServer]:
    with FakeStorageServer(tmp_path / "server") as server:
        yield server


@pytest.fixture
def store(server: FakeStorageServer, tmp_path: Path) -> Iterator[SupabaseAssetStore]:
    with remote_store(server, tmp_path) as store:
        yield store


def a_file(folder: Path, size_bytes: int) -> tuple[Path, str]:
    """(file, sha256) of so many bytes of chance."""
    path, content = folder / "take.mp4", os.urandom(size_bytes)
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def stored(server: FakeStorageServer) -> bytes:
    return server.objects()[KEY].read_bytes()


# --- uploads that are cut ---


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    size=st.integers(min_value=1, max_value=700_000),
    chunk=st.integers(min_value=20_000, max_value=200_000),
    cuts=st.lists(st.integers(min_value=0, max_value=250_000), max_size=6),
)
def test_wherever_an_upload_is_cut_all_of_it_arrives_and_no_more_than_a_piece_is_sent_again(
    server: FakeStorageServer, tmp_path: Path, size: int, chunk: int, cuts: list[int]
) -> None:
    source, sha256 = a_file(tmp_path, size)
    api = StorageApi(
        url=server.url, key=SecretStr(server.key), bucket=server.bucket, pauses_seconds=(0.001,) * (len(cuts) + 1)
    )
    uploads = ResumableUploads(api, tmp_path / "uploads", chunk_bytes=chunk)
    server.cuts, server.received_bytes = list(cuts), 0
    try:
        uploads.send(source, Upload(path=KEY, sha256=sha256, size_bytes=size, mime="video/mp4"))
    finally:
        api.close()
    happened = len(cuts) - len(server.cuts)
    server.cuts = []
    assert stored(server) == source.read_bytes()
    assert size <= server.received_bytes <= size + happened * chunk
    assert not list((tmp_path / "uploads").iterdir())


def test_an_upload_gets_on_for_as_long_as_each_try_brings_it_further(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    """More cuts than there are tries: a bad line is no reason to give up."""
    source, _ = a_file(tmp_path, 2 * CHUNK_BYTES)
    server.cuts = [1_000_000] * (3 * len(QUICK_SECONDS))
    store.put_file(source, KEY)
    assert stored(server) == source.read_bytes()


@pytest.mark.parametrize("size_bytes", [1000, CHUNK_BYTES + 1])
def test_passing_faults_are_tried_again(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path, size_bytes: int
) -> None:
    source, _ = a_file(tmp_path, size_bytes)
    server.errors = [503, 429, 500]
    store.put_file(source, KEY)
    assert stored(server) == source.read_bytes()


@pytest.mark.parametrize("size_bytes", [1000, CHUNK_BYTES + 1])
def test_a_storage_that_stays_away_is_said_and_the_same_put_goes_on_later(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path, size_bytes: int
) -> None:
    source, _ = a_file(tmp_path, size_bytes)
    server.is_away = True
    with pytest.raises(StorageAway, match="Nothing was lost"):
        store.put_file(source, KEY)
    server.is_away = False
    store.put_file(source, KEY)
    assert stored(server) == source.read_bytes()


def test_an_upload_that_the_server_forgot_is_begun_anew(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    source, _ = a_file(tmp_path, CHUNK_BYTES + 1000)
    server.cuts, server.errors = [CHUNK_BYTES // 2], []
    for upload in server.uploads_dir.iterdir():
        upload.unlink()
    server.forgets_uploads = True
    store.put_file(source, KEY)
    assert stored(server) == source.read_bytes()


_PUT = """
import sys
from pathlib import Path
from pydantic import SecretStr
from orchestrator.storage.supabase import SupabaseAssetStore
url, key, folder, source = sys.argv[1:]
folder = Path(folder)
store = SupabaseAssetStore(
    url=url, key=SecretStr(key), bucket="video-assets", uploads_dir=folder / "uploads",
    nearby_dir=folder / "nearby", nearby_max_bytes=1_000_000_000, pauses_seconds=(30.0,),
)
store.put_file(Path(source), "project/take.mp4")
"""


def test_after_a_kill_the_same_put_goes_on_where_the_server_is(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    source, _ = a_file(tmp_path, 4 * CHUNK_BYTES)
    server.cuts = [CHUNK_BYTES, CHUNK_BYTES, 1_000_000]  # two whole pieces, then the line breaks
    command = [sys.executable, "-c", _PUT, server.url, server.key, str(tmp_path), str(source)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while server.cuts and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not server.cuts
        time.sleep(0.2)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    came = server.received_bytes
    assert len(list((tmp_path / "uploads").glob("*.upload"))) == 1
    store.put_file(source, KEY)
    assert stored(server) == source.read_bytes()
    assert server.received_bytes - came <= source.stat().st_size - 2 * CHUNK_BYTES
    assert sum(request == ("POST", "/storage/v1/upload/resumable") for request in server.requests) == 1
    assert not list((tmp_path / "uploads").iterdir())


def test_another_file_under_the_same_key_does_not_go_on_where_the_first_one_was(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    first, _ = a_file(tmp_path, 2 * CHUNK_BYTES)
    server.cuts = [1_000_000] + [0] * 20
    with pytest.raises(StorageAway):
        store.put_file(first, KEY)
    server.cuts = []
    second, _ = a_file(tmp_path, 2 * CHUNK_BYTES)
    store.put_file(second, KEY)
    assert stored(server) == second.read_bytes()


def test_a_refused_upload_whose_rest_is_never_read_does_not_hold_up_the_next_one(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    source, _ = a_file(tmp_path, 1_000_000)
    server.size_limit, server.leaves_unread = 1000, True
    with pytest.raises(StorageFull):
        store.put_file(source, KEY)
    server.size_limit = None
    begun = time.monotonic()
    store.put_file(source, KEY)
    assert time.monotonic() - begun < 10  # the client gives up after 30
    assert stored(server) == source.read_bytes()


def test_closing_wakes_what_waits(server: FakeStorageServer, tmp_path: Path) -> None:
    server.is_away = True
    with remote_store(server, tmp_path, pauses_seconds=(3600.0,)) as store:
        import threading

        failures: list[BaseException] = []

        def put() -> None:
            try:
                store.put_file(a_file(tmp_path, 10)[0], KEY)
            except OrchestratorError as error:
                failures.append(error)

        thread = threading.Thread(target=put)
        thread.start()
        while not server.requests:
            time.sleep(0.01)
        store.close()
        thread.join(timeout=20)
        assert [type(failure) for failure in failures] == [StorageAway]


# --- refusals ---


@pytest.mark.parametrize("size_bytes", [2_000_000, CHUNK_BYTES + 1])
def test_a_file_that_is_too_large_is_said_with_the_limit(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path, size_bytes: int
) -> None:
    server.size_limit = 1_500_000
    with pytest.raises(StorageFull, match=r"at most 1\.5 MB a file, and the file has [26]\.\d MB") as raised:
        store.put_file(a_file(tmp_path, size_bytes)[0], KEY)
    assert "finished work was kept" in raised.value.hint


@pytest.mark.parametrize("size_bytes", [1000, CHUNK_BYTES + 1])
def test_a_missing_bucket_a_wrong_key_and_a_forbidden_kind_are_told_apart(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path, size_bytes: int
) -> None:
    source, _ = a_file(tmp_path, size_bytes)
    server.is_missing = True
    with pytest.raises(NotConfigured, match="no bucket 'video-assets'"):
        store.put_file(source, KEY)
    server.is_missing, server.mimes = False, ("image/jpeg",)
    with pytest.raises(CannotWrite, match="does not take files of this kind"):
        store.put_file(source, KEY)
    server.mimes, server.key = (), "sb_secret_another"
    with pytest.raises(NotConfigured, match="refuses SUPABASE_SECRET_KEY"):
        store.put_file(source, KEY)
    assert not server.objects()


def test_no_error_and_no_log_shows_the_key(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key, seen = server.key, [repr(store)]
    source, _ = a_file(tmp_path, 1000)
    for fault in ("is_missing", "is_away"):
        setattr(server, fault, True)
        with pytest.raises(OrchestratorError) as raised:
            store.put_file(source, KEY)
        seen += [str(raised.value), raised.value.hint]
        setattr(server, fault, False)
    store.put_file(source, KEY)
    server.key = f"not {key}"
    with pytest.raises(OrchestratorError) as raised:
        store.link(KEY)
    seen += [str(raised.value), str(store.examine())]
    assert key not in "".join(seen) + caplog.text


@pytest.mark.parametrize(("key", "kind"), [("sb_secret_abc", KeyKind.SECRET), (LEGACY_KEY, KeyKind.LEGACY)])
def test_the_kind_of_a_key_is_told_by_how_it_begins(key: str, kind: KeyKind) -> None:
    assert key_kind(key) is kind


@pytest.mark.parametrize("key", ["", "sb_publishable_abc", "secret", "sb_secret_a b", "sb_secret_\nx", "eyJonly.two"])
def test_what_is_no_key_or_may_not_write_is_refused(key: str) -> None:
    with pytest.raises(NotConfigured, match="SUPABASE_SECRET_KEY"):
        key_kind(key)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://abc.supabase.co", "https://abc.supabase.co/storage/v1"),
        (" https://abc.supabase.co/ ", "https://abc.supabase.co/storage/v1"),
        ("https://abc.supabase.co/rest/v1", "https://abc.supabase.co/storage/v1"),
        ("http://127.0.0.1:54321", "http://127.0.0.1:54321/storage/v1"),
        ("https://own.example/supabase", "https://own.example/supabase/storage/v1"),
    ],
)
def test_the_address_of_a_project_is_read_as_people_paste_it(url: str, base: str) -> None:
    assert str(read_url(url)) == base


@pytest.mark.parametrize(
    "url", ["", "abc.supabase.co", "ftp://a.b", "http://abc.supabase.co", "https://u:p@a.b", "http://["]
)
def test_what_is_no_address_or_would_show_the_key_is_refused(url: str) -> None:
    with pytest.raises(NotConfigured, match="SUPABASE_URL"):
        read_url(url)


# --- copies on this machine ---


def test_a_file_that_was_stored_here_or_read_before_is_not_loaded_again(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    source, sha256 = a_file(tmp_path, 1000)
    store.put_file(source, KEY)
    server.requests.clear()
    assert store.local_path(KEY, sha256).read_bytes() == source.read_bytes()
    assert not server.requests
    with remote_store(server, tmp_path / "another machine") as other:
        paths = {other.local_path(KEY, sha256) for _ in range(3)}
    assert len(paths) == 1
    assert [method for method, _ in server.requests] == ["GET"]


def test_a_download_that_breaks_off_is_loaded_again_and_half_of_one_is_never_seen(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    source, sha256 = a_file(tmp_path, 500_000)
    store.put_file(source, KEY)
    with remote_store(server, tmp_path / "another machine") as other:
        server.half_downloads = 2
        assert other.local_path(KEY, sha256).read_bytes() == source.read_bytes()
        server.half_downloads = 99
        with pytest.raises(StorageAway):
            other.local_path(KEY)
        assert len(list((tmp_path / "another machine" / "nearby").iterdir())) == 1


def test_content_that_is_not_what_was_stored_is_refused(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    source, sha256 = a_file(tmp_path, 1000)
    store.put_file(source, KEY)
    server.objects()[KEY].write_bytes(b"x" * 1000)
    with remote_store(server, tmp_path / "another machine") as other:
        with pytest.raises(AssetDamaged):
            other.local_path(KEY, sha256)
        assert not list((tmp_path / "another machine" / "nearby").iterdir())
    assert issubclass(AssetDamaged, NotFound)  # whatever does without a lost file does without this one


def test_the_least_used_copies_go_first_and_none_that_may_still_be_read(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 400)
    nearby = NearbyFiles(tmp_path / "nearby", max_bytes=1000, held_seconds=60)
    now = time.time()
    for name, age_seconds in (("old", 300), ("older", 400), ("young", 10)):
        nearby.keep(source, name)
        os.utime(nearby.path(name), (now - age_seconds,) * 2)
    assert nearby.find("old")  # used now
    nearby.keep(source, "new")
    assert sorted(path.name for path in (tmp_path / "nearby").iterdir()) == ["new", "old", "young"]


@pytest.mark.timeout(300)
def test_two_hundred_megabytes_are_stored_and_read_in_little_memory(
    server: FakeStorageServer, store: SupabaseAssetStore, tmp_path: Path
) -> None:
    source = tmp_path / "film.mp4"
    with source.open("wb") as file:
        file.truncate(200_000_000)
    tracemalloc.start()
    try:
        store.put_file(source, KEY)
        path = store.local_path(KEY)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size == 200_000_000
    assert peak_bytes < 20_000_000  # of server and client together


# --- what the doctor hears ---


def test_the_doctor_hears_of_a_private_bucket_and_its_limit(
    server: FakeStorageServer, store: SupabaseAssetStore
) -> None:
    server.size_limit = 50_000_000
    bucket, key = store.examine()
    assert (bucket.state, bucket.detail) == ("ok", "video-assets, private, files of at most 50.0 MB")
    assert (key.state, key.detail) == ("ok", "a secret key")


def test_the_doctor_warns_of_a_public_bucket_an_old_key_and_a_storage_that_is_away(tmp_path: Path) -> None:
    with (
        FakeStorageServer(tmp_path / "server", key=LEGACY_KEY) as server,
        remote_store(server, tmp_path) as store,
    ):
        server.is_public = True
        bucket, key = store.examine()
        assert (bucket.state, key.state) == ("broken", "ok")
        assert "private" in bucket.consequence
        assert "withdraws such keys" in key.consequence
        server.is_away = True
        (away,) = store.examine()
        assert away.state == "broken"


def test_large_uploads_of_hosted_projects_go_to_their_own_host() -> None:
    from orchestrator.storage.resumable import upload_base

    assert upload_base(read_url("https://abc.supabase.co")).host == "abc.storage.supabase.co"
    for url in ("http://127.0.0.1:54321", "https://own.example"):
        assert upload_base(read_url(url)) == read_url(url)
