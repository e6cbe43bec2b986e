from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.errors import NotConfigured
from orchestrator.perception.weights import explain_missing, find_weights


def test_folder_is_used_as_it_is_when_it_is_complete(tmp_path: Path) -> None:
    for name in ("model.bin", "tokenizer.json", "config.json"):
        (tmp_path / name).touch()
    assert explain_missing(str(tmp_path)) == ""
    assert find_weights(str(tmp_path), cache_dir=tmp_path / "cache") == tmp_path


def test_folder_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    assert explain_missing(str(tmp_path)).endswith("lacks tokenizer.json, config.json")


@pytest.mark.parametrize("model", ["large-v3", "someone/some-model", "no such name"])
def test_unknown_weights_are_missing_with_advice_and_never_downloaded(model: str, tmp_path: Path) -> None:
    assert "WHISPER_MODEL" in explain_missing(model)
    with pytest.raises(NotConfigured, match="not on this machine"):
        find_weights(model, cache_dir=tmp_path)


@pytest.mark.skipif(bool(explain_missing("base")), reason="the offline weights are not installed")
def test_parts_are_joined_once_when_several_ask_at_the_same_time(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        folders = set(threads.map(lambda _: find_weights("base", cache_dir=tmp_path), range(2)))
    [folder] = folders
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    written = (folder / "model.bin").stat()
    assert written.st_size == 145_217_607
    assert find_weights("base", cache_dir=tmp_path) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == written.st_mtime_ns
