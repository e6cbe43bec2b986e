"""Make the clips of the set that are not there yet, two at a time, and write its labels."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from bench.assessor.case import Case
from bench.assessor.drawn import cases as drawn_cases
from bench.assessor.drawn import shot as drawn
from bench.assessor.filmed import cases as filmed_cases
from bench.assessor.filmed import reel as filmed
from bench.assessor.labels import write_labels

_MAKERS: dict[str, tuple[int, Callable[..., None]]] = {
    "Shot": (drawn.VERSION, drawn.make),
    "Reel": (filmed.VERSION, filmed.make),
}
_MADE = "made.json"


def all_cases() -> list[Case]:
    """The whole set in one order; a file is made once, whoever stands beside it."""
    return list({case.file: case for case in (*drawn_cases.cases(), *filmed_cases.cases())}.values())


def make_set(folder: Path, *, workers: int = 2, is_told: bool = True) -> Path:
    """Bring the set in ``folder`` up to date and return it. What was made from the same recipe stays as it is."""
    voices = folder / "voices"
    voices.mkdir(parents=True, exist_ok=True)
    cases = all_cases()
    kept = _read_made(folder)
    made = {
        c.file: _fingerprint(c) for c in cases if kept.get(c.file) == _fingerprint(c) and (folder / c.file).is_file()
    }
    due = [case for case in cases if case.file not in made]
    started = time.perf_counter()
    # Each maker has processes of its own: both use eSpeak, whose voice is a setting of the whole process.
    for maker in _MAKERS:
        part = [case for case in due if type(case.recipe).__name__ == maker]
        with ProcessPoolExecutor(max_workers=workers) as pool:
            work = {pool.submit(_make, case, folder): case for case in part}
            try:
                for number, future in enumerate(as_completed(work), start=1):
                    future.result()
                    made[work[future].file] = _fingerprint(work[future])
                    if is_told:
                        _tell(f"made {number} of {len(part)} clips ({maker})")
            finally:
                pool.shutdown(cancel_futures=True)
                _write_made(folder, made)
    write_labels(folder, [case.label for case in cases if case.label])
    if due and is_told:
        _tell(f"made {len(due)} clips in {time.perf_counter() - started:.0f} s\n")
    return folder


def _make(case: Case, folder: Path) -> None:
    _, make = _MAKERS[type(case.recipe).__name__]
    part = folder / f".part-{case.file}"
    try:
        make(case.recipe, part, voices=folder / "voices")
        part.replace(folder / case.file)
    finally:
        part.unlink(missing_ok=True)


def _fingerprint(case: Case) -> str:
    version, _ = _MAKERS[type(case.recipe).__name__]
    return hashlib.sha256(f"{version}|{case.recipe!r}".encode()).hexdigest()[:16]


def _read_made(folder: Path) -> dict[str, str]:
    try:
        return json.loads((folder / _MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write_made(folder: Path, made: dict[str, str]) -> None:
    (folder / _MADE).write_text(json.dumps(made, indent=0), encoding="utf-8")


def _tell(text: str) -> None:
    sys.stderr.write(f"\r{text}\x1b[K")
    sys.stderr.flush()
