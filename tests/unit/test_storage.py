"""The asset store of this machine."""

from __future__ import annotations

import threading
from pathlib import Path

from orchestrator.storage.local import LocalAssetStore


def test_a_key_holds_one_whole_file_when_two_are_stored_under_it_at_once(tmp_path: Path) -> None:
    """As when a worker is taken for dead and wakes: both bring the same take home."""
    store, failures = LocalAssetStore(tmp_path / "assets"), list[BaseException]()
    contents = [bytes([number]) * 3_000_000 for number in (1, 2)]

    def put(content: bytes) -> None:
        source = tmp_path / f"{content[0]}.mp4"
        source.write_bytes(content)
        try:
            for _ in range(5):
                store.put_file(source, "project/take.mp4")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert store.local_path("project/take.mp4").read_bytes() in contents
    assert [p.name for p in (tmp_path / "assets" / "project").iterdir()] == ["take.mp4"]
