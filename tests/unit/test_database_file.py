"""A damaged file is never written to, never replaced, copied once, and named in words a person can act on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.db import file as database_file
from orchestrator.db.migrate import SCHEMA_VERSION
from orchestrator.db.models import ProjectRow, new_id
from orchestrator.db.session import Database, migrate_database, open_database
from orchestrator.errors import CannotWrite, DatabaseAway, DatabaseDamaged, NotConfigured, StorageFull

PAGE = 4096
VERSION_1 = Path(__file__).parent / "data" / "schema_1.sql"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A whole database with some hundred rows."""
    database = open_database("", data_dir=tmp_path)
    with database.write() as session:
        session.add_all(ProjectRow(name=f"Film {n} " + "x" * 200, settings={}) for n in range(300))
    database.close()
    return tmp_path / "orchestrator.sqlite3"


def overwrite(file: Path, offset: int, content: bytes) -> None:
    with file.open("r+b") as handle:
        handle.seek(offset)
        handle.write(content)


def spoil_rows(file: Path) -> None:
    """Rubbish over every page that holds rows of projects."""
    content = file.read_bytes()
    for page in range(1, len(content) // PAGE):
        if b"xxxxxxxxxx" in content[page * PAGE : (page + 1) * PAGE]:
            overwrite(file, page * PAGE, b"\xa5" * PAGE)


def empty_with_journal(file: Path) -> None:
    file.write_bytes(b"")
    file.with_name(f"{file.name}-wal").write_bytes(b"changes that were committed")


def missing_with_journal(file: Path) -> None:
    empty_with_journal(file)
    file.unlink()


def empty_beside_takes(file: Path) -> None:
    file.write_bytes(b"")
    (file.parent / "assets").mkdir()
    (file.parent / "assets" / "take.mp4").write_bytes(b"mp4")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "header": (lambda file: overwrite(file, 0, b"rubbish" * 10), "not a SQLite database"),
    "header after its first words": (lambda file: overwrite(file, 16, b"\xff" * 84), "damaged"),
    "format of the schema": (lambda file: overwrite(file, 44, b"\x00\x00\x00\x63"), "damaged"),
    "middle": (spoil_rows, "damaged"),
    "cut off": (lambda file: os.truncate(file, file.stat().st_size // 2), "damaged"),
    "cut off within the header": (lambda file: os.truncate(file, 50), "damaged"),
    "text": (lambda file: file.write_text("Dear diary,\n"), "not a SQLite database"),
    "empty with a journal": (empty_with_journal, "is empty, while orchestrator.sqlite3-wal still holds changes"),
    "missing with a journal": (missing_with_journal, "is missing, while orchestrator.sqlite3-wal still holds changes"),
    "empty beside takes": (empty_beside_takes, "is empty, although takes and films are there"),
}


def contents(folder: Path) -> dict[str, bytes]:
    """What is kept in the database: every file of it but the index of the journal, which SQLite makes to read."""
    found = {path.name: path.read_bytes() for path in folder.glob("orchestrator.sqlite3*")}
    return {name: content for name, content in found.items() if content and not name.endswith("-shm")}


def copies(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("orchestrator.damaged-*")}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_is_left_as_it_is_and_copied_once(file: Path, kind: str) -> None:
    spoil, words = DAMAGES[kind]
    spoil(file)
    before = contents(file.parent)
    for _ in range(2):
        with pytest.raises(DatabaseDamaged, match=words) as refusal:
            open_database("", data_dir=file.parent)
        assert "Nothing was changed" in refusal.value.message
        assert "begin anew" in refusal.value.hint
        assert contents(file.parent) == before
        kept = copies(file.parent)
        assert sorted(kept.values()) == sorted(before.values())
        assert all(name in refusal.value.message for name in kept)


def test_another_damage_is_another_copy(file: Path) -> None:
    for offset in (0, 4):
        overwrite(file, offset, b"rubbish")
        with pytest.raises(DatabaseDamaged):
            open_database("", data_dir=file.parent)
    assert len(copies(file.parent)) == 2


def test_changes_that_wait_in_the_journal_are_not_written_into_a_damaged_file(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:  # as a process that is killed leaves them
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE video_projects SET name = 'changed' WHERE rowid = 1")
        connection.commit()
        overwrite(file, 16, b"\xff" * 84)
        waiting = contents(file.parent)
        assert len(waiting) == 2
        with pytest.raises(DatabaseDamaged):
            open_database("", data_dir=file.parent)
        assert contents(file.parent) == waiting
        assert sorted(copies(file.parent).values()) == sorted(waiting.values())


def test_the_hint_names_the_backup_there_is(tmp_path: Path) -> None:
    write_version_1(tmp_path)
    open_database("", data_dir=tmp_path).close()
    overwrite(tmp_path / "orchestrator.sqlite3", 0, b"rubbish")
    with pytest.raises(DatabaseDamaged) as refusal:
        open_database("", data_dir=tmp_path)
    assert "orchestrator.schema-1.backup.sqlite3" in refusal.value.hint


def test_an_empty_file_is_a_new_database_where_nothing_was_kept_yet(tmp_path: Path) -> None:
    (tmp_path / "orchestrator.sqlite3").touch()  # as a first start leaves it that is killed at once
    (tmp_path / "assets").mkdir()
    database = open_database("", data_dir=tmp_path)
    assert count(database) == 0
    database.close()


def test_a_file_that_was_moved_away_is_begun_anew(file: Path) -> None:
    (file.parent / "assets").mkdir()
    (file.parent / "assets" / "take.mp4").write_bytes(b"mp4")
    file.rename(file.parent / "old.sqlite3")
    database = open_database("", data_dir=file.parent)
    assert count(database) == 0
    database.close()


def test_a_folder_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orchestrator.sqlite3").mkdir()
    with pytest.raises(NotConfigured, match="is a folder"):
        open_database("", data_dir=tmp_path)


def test_a_file_of_another_program_is_refused_and_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "orchestrator.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE scripts (id INTEGER)")
    before = file.read_bytes()
    with pytest.raises(NotConfigured, match="another program"):
        open_database("", data_dir=tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("scripts",)]
    assert len(before) == file.stat().st_size


# --- damage that shows in the middle of the work ---


def count(database: Database) -> int:
    with database.read() as session:
        return session.query(ProjectRow).count()


def names(database: Database) -> set[str]:
    with database.read() as session:
        return {row.name for row in session.query(ProjectRow)}


def test_damage_that_shows_later_is_told_and_looked_for_at_the_next_start(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_file, "CHECKED_BYTES_MAX", 0)  # a file too large to be looked through every time
    database = open_database("", data_dir=file.parent)
    spoil_rows(file)
    with pytest.raises(DatabaseDamaged, match="start it again"):
        names(database)
    database.close()
    with pytest.raises(DatabaseDamaged, match="A copy was kept"):
        open_database("", data_dir=file.parent)


def test_a_suspicion_that_proves_wrong_is_dropped(file: Path) -> None:
    database_file.suspect_damage(file)
    database = open_database("", data_dir=file.parent)
    assert count(database) == 300
    database.close()
    assert not list(file.parent.glob("*.suspect"))


def test_a_file_taken_away_while_it_is_open_is_not_made_anew(file: Path) -> None:
    database = open_database("", data_dir=file.parent)
    database.engine.dispose()  # as after an hour without work
    file.rename(file.parent / "elsewhere.sqlite3")
    with pytest.raises(DatabaseAway):
        count(database)
    assert not file.exists()
    (file.parent / "elsewhere.sqlite3").rename(file)
    assert count(database) == 300
    database.close()


def test_a_file_that_another_process_keeps_locked_is_away_and_comes_back(file: Path) -> None:
    database = open_database("", data_dir=file.parent)
    with database.read() as session:
        session.connection().exec_driver_sql("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseAway, match="Another process"), database.write() as session:
            session.add(ProjectRow(name="Late", settings={}))
        other.execute("ROLLBACK")
    with database.write() as session:
        session.add(ProjectRow(name="Late", settings={}))
    assert count(database) == 301
    database.close()


# --- a place that takes no more ---


def test_a_full_disk_is_told_and_what_was_there_stays(file: Path) -> None:
    database = open_database("", data_dir=file.parent)
    with database.read() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
        session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageFull), database.write() as session:
        session.add_all(ProjectRow(name="y" * PAGE, settings={}) for _ in range(20))
    assert count(database) == 300
    database.close()


@pytest.fixture
def freeze() -> Iterator[Callable[[Path], None]]:
    """Forbids every change to a file or folder, also to root; undone after the test."""
    frozen: list[Path] = []

    def forbid(path: Path) -> None:
        done = subprocess.run(["chattr", "+i", str(path)], check=False, capture_output=True)
        if done.returncode:
            pytest.skip("needs chattr +i")
        frozen.append(path)

    yield forbid
    for path in frozen:
        subprocess.run(["chattr", "-i", str(path)], check=True)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_place_is_told_and_nothing_is_changed(
    file: Path, what: str, freeze: Callable[[Path], None]
) -> None:
    before = contents(file.parent)
    freeze(file if what == "file" else file.parent)
    with pytest.raises(CannotWrite, match=r"(cannot be written to|cannot be opened)"):
        open_database("", data_dir=file.parent)
    assert contents(file.parent) == before


# --- bringing an older file up to date ---


def write_version_1(folder: Path) -> Path:
    file = folder / "orchestrator.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    return file


def dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("is_asked", [False, True], ids=["at start", "asked for"])
def test_an_older_file_is_kept_before_it_is_brought_up_to_date(tmp_path: Path, is_asked: bool) -> None:
    file = write_version_1(tmp_path)
    before = dump(file)
    backup = tmp_path / "orchestrator.schema-1.backup.sqlite3"
    if is_asked:
        said = migrate_database("", data_dir=tmp_path)
        assert said == f"brought from version 1 to {SCHEMA_VERSION}; the file as it was is kept as {backup.name}"
    else:
        open_database("", data_dir=tmp_path).close()
    assert dump(backup) == before != dump(file)
    assert {path.name for path in tmp_path.iterdir()} == {file.name, backup.name}


def test_the_backup_has_what_still_waited_in_the_journal(tmp_path: Path) -> None:
    file = write_version_1(tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE clip_runs SET generation_id = 'changed last'")
        connection.commit()
        open_database("", data_dir=tmp_path).close()
    assert any("changed last" in line for line in dump(tmp_path / "orchestrator.schema-1.backup.sqlite3"))


def test_an_older_file_opened_by_several_at_once_is_backed_up_as_it_was(tmp_path: Path) -> None:
    before = dump(write_version_1(tmp_path))
    with ThreadPoolExecutor(4) as pool:
        for database in pool.map(lambda _: open_database("", data_dir=tmp_path), range(4)):
            database.close()
    assert dump(tmp_path / "orchestrator.schema-1.backup.sqlite3") == before


def test_asking_again_says_that_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert migrate_database("", data_dir=tmp_path) == f"created, version {SCHEMA_VERSION}"
    assert migrate_database("", data_dir=tmp_path) == f"version {SCHEMA_VERSION}, up to date already"
    assert not list(tmp_path.glob("*backup*"))


def test_a_place_named_by_database_url_is_looked_after_in_the_same_way(tmp_path: Path) -> None:
    file = tmp_path / f"{new_id()}.sqlite3"
    file.write_bytes(b"rubbish")
    with pytest.raises(DatabaseDamaged, match="not a SQLite database"):
        open_database(f"sqlite:///{file}", data_dir=tmp_path)
    assert file.read_bytes() == b"rubbish"
