"""The process that reads and compares. Takes questions on stdin, answers on stdout, ends at end-of-file.

A question is one line of JSON (``task``, for reading ``language``, and ``sizes`` in bytes) followed by the stills as
JPEG, one after the other; an answer is one line of JSON, or ``{"error": ...}``. The networks are read as data and run
with onnxruntime; what stands here is their input and output.

Reading is PP-OCR: a detector gives each pixel a probability to lie in the core of a line of text (Liao et al. 2020,
"Real-time Scene Text Detection with Differentiable Binarization", arXiv:1911.08947), a recogniser writes the line down
(CTC, Graves et al. 2006). The detector sees a small picture: text that cannot be found there could not be read either.
Only level lines are read: the words of a slanted one are no worse for being hard to read.

Comparing takes what the last layer but one of Yahoo's open_nsfw network (ResNet-50, 1024 numbers) says of a still.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import os
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.errors import OrchestratorError
from orchestrator.perception.lexicon import find_strange, find_unknown
from orchestrator.perception.networks import LIKENESS, TEXT_FINDER, TEXT_READER, read_network

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

_FINDER_SIDE = 640  # pixels of the longer side
_FINDER_STEP = 32  # the detector halves its input five times
_CELL = 4
_CORE_FROM = 0.3
_LINE_FROM = 0.6
_CORE_GROWS = 1.6  # a core is the line shrunk by the inverse of this (equation 10 of the paper)
_MIN_LINE_HEIGHT = 10  # pixels of the still; the reader guesses at what is smaller
_MAX_LINE_SHARE = 0.5  # of the picture's height; what is taller is a shape, not a line
_MIN_FILLED = 0.55  # of its box, for a line to be level
_MAX_LINES = 8
_LETTERS_OF_STROKES = 2
_SURE_CONFIDENCE = 0.9  # what is read so well is a word, though perhaps a name
_READER_HEIGHT = 48
_MAX_READER_WIDTH = 640
_LIKENESS_SIDE, _LIKENESS_CROP = 256, 224
_CHANNEL_MEANS = (104.0, 117.0, 123.0)  # blue, green, red
_LIKENESS_LAYER = "/ReduceMean_output_0"
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Line:
    """A line of text in a still. ``box`` is left, top, right, bottom as shares of the picture, 0..1."""

    text: str
    confidence: float
    box: tuple[float, float, float, float]


class Eyes:
    """The networks, each loaded when it is first needed. ``cpu_threads`` of each."""

    def __init__(self, *, cpu_threads: int) -> None:
        self._cpu_threads = cpu_threads

    def read(self, picture: Image.Image) -> list[Line]:
        """The largest level lines of text in ``picture``, from top to bottom."""
        return [self._read_line(picture, box) for box in self._find_lines(picture)]

    def describe(self, pictures: list[Image.Image]) -> NDArray[np.float32]:
        """A unit vector per picture, shape (pictures, 1024). The whole picture is taken, squeezed to a square."""
        import numpy as np

        features = self._likeness.run([_LIKENESS_LAYER], {"input_0": np.stack([_prepare(p) for p in pictures])})[0]
        return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)

    def _find_lines(self, picture: Image.Image) -> list[tuple[float, float, float, float]]:
        import numpy as np

        scale = _FINDER_SIDE / max(picture.size)
        width, height = (max(1, round(side * scale / _FINDER_STEP)) * _FINDER_STEP for side in picture.size)
        cores = self._finder.run(None, {"x": _normalise(picture.resize((width, height)))[np.newaxis]})[0][0, 0]
        found = []
        for left, top, right, bottom in _list_components(cores > _CORE_FROM):
            core = cores[top:bottom, left:right]
            is_core = core > _CORE_FROM
            if core[is_core].mean() < _LINE_FROM or is_core.mean() < _MIN_FILLED:
                continue
            grown = core.size * _CORE_GROWS / (2 * sum(core.shape))
            box = (
                max(0.0, left - grown),
                max(0.0, top - grown),
                min(width, right + grown),
                min(height, bottom + grown),
            )
            line_height = (box[3] - box[1]) * picture.height / height
            is_line = _MIN_LINE_HEIGHT <= line_height <= _MAX_LINE_SHARE * picture.height
            if is_line and box[2] - box[0] >= box[3] - box[1]:
                found.append((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
        found.sort(key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), reverse=True)
        return sorted(found[:_MAX_LINES], key=lambda box: (box[1], box[0]))

    def _read_line(self, picture: Image.Image, box: tuple[float, float, float, float]) -> Line:
        import numpy as np

        across, down = picture.size
        cut = picture.crop((round(box[0] * across), round(box[1] * down), round(box[2] * across), round(box[3] * down)))
        width = min(_MAX_READER_WIDTH, max(_READER_HEIGHT, round(cut.width * _READER_HEIGHT / max(1, cut.height))))
        cut = cut.resize((width, _READER_HEIGHT))
        steps = self._reader.run(None, {"x": _normalise(cut)[np.newaxis]})[0][0]
        best = steps.argmax(axis=1)
        is_written = (best > 0) & np.diff(best, prepend=-1).astype(bool)  # 0 writes nothing; a repetition is one letter
        if not is_written.any():
            return Line(text="", confidence=0.0, box=box)
        text = "".join(self._letters[index] for index in best[is_written])
        return Line(text=text.strip(), confidence=float(steps.max(axis=1)[is_written].mean()), box=box)

    @cached_property
    def _finder(self) -> Any:
        return self._load(read_network(TEXT_FINDER))

    @cached_property
    def _reader(self) -> Any:
        return self._load(read_network(TEXT_READER))

    @cached_property
    def _letters(self) -> list[str]:
        """What each output of the reader stands for: nothing, the letters its file lists, and a space."""
        return ["", *self._reader.get_modelmeta().custom_metadata_map["character"].split("\n"), " "]

    @cached_property
    def _likeness(self) -> Any:
        return self._load(_expose(read_network(LIKENESS), _LIKENESS_LAYER))

    def _load(self, network: bytes) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._cpu_threads
        options.enable_cpu_mem_arena = False  # stills differ in size; an arena would keep the most it ever needed
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def _expose(network: bytes, layer: str) -> bytes:
    """``network`` with ``layer`` as one more output.

    Two serialised messages put one after the other are their union (https://protobuf.dev/programming-guides/encoding,
    "Last One Wins"): appended is a ModelProto whose graph (field 7) has one output (field 12) with this name (field 1).
    """
    message = layer.encode()
    for key in (0x0A, 0x62, 0x3A):  # fields 1, 12 and 7, each with a length; lengths under 128 take one byte
        message = bytes((key, len(message))) + message
    return network + message


def _prepare(picture: Image.Image) -> NDArray[np.float32]:
    """As the network was trained: squeezed to 256x256, the middle 224x224, blue first, without the mean."""
    import numpy as np

    margin = (_LIKENESS_SIDE - _LIKENESS_CROP) // 2
    squeezed = picture.resize((_LIKENESS_SIDE, _LIKENESS_SIDE))
    middle = squeezed.crop((margin, margin, margin + _LIKENESS_CROP, margin + _LIKENESS_CROP))
    return np.asarray(middle, np.float32)[:, :, ::-1] - np.asarray(_CHANNEL_MEANS, np.float32)


def _normalise(picture: Image.Image) -> NDArray[np.float32]:
    """Channels first, blue first, -1..1."""
    import numpy as np

    return (np.asarray(picture, np.float32)[:, :, ::-1].transpose(2, 0, 1) / 127.5 - 1.0).astype(np.float32)


def _list_components(is_core: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom in pixels) of what hangs together on a grid of 4x4 pixels."""
    import numpy as np

    height, width = (side // _CELL for side in is_core.shape)
    cells = is_core.reshape(height, _CELL, width, _CELL).any(axis=(1, 3))
    unseen = {(int(y), int(x)) for y, x in np.argwhere(cells)}
    boxes = []
    while unseen:
        reached = [unseen.pop()]
        for y, x in reached:  # grows while it is walked through
            beside = {(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)} & unseen
            unseen -= beside
            reached.extend(beside)
        top, left = min(y for y, _ in reached) * _CELL, min(x for _, x in reached) * _CELL
        bottom, right = (max(y for y, _ in reached) + 1) * _CELL, (max(x for _, x in reached) + 1) * _CELL
        part = is_core[top:bottom, left:right]
        rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        boxes.append((left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1))
    return boxes


def _answer(eyes: Eyes, question: dict[str, Any], stills: list[bytes]) -> dict[str, Any]:
    from PIL import Image

    pictures = [Image.open(io.BytesIO(still)).convert("RGB") for still in stills]
    if question["task"] == "describe":
        return {"vectors": base64.b64encode(eyes.describe(pictures).astype("<f4").tobytes()).decode()}
    lines = [(index, line) for index, picture in enumerate(pictures) for line in eyes.read(picture) if line.text]
    return {"lines": [_tell(line, index, language=question["language"]) for index, line in lines]}


def _tell(line: Line, index: int, *, language: str) -> dict[str, Any]:
    """The fields of a ``ReadText``, with the number of the still as its label."""
    # Rows of one or two letters are strokes of a texture: no use to look them up in seven languages.
    words = [word for word in _WORD.findall(line.text) if len(set(word.casefold())) > _LETTERS_OF_STROKES]
    return {
        "label": index,
        "text": line.text,
        "confidence": round(line.confidence, 4),
        "box": [round(side, 4) for side in line.box],
        "unknown": find_unknown(words, language=language, is_thorough=line.confidence < _SURE_CONFIDENCE),
        "strange": find_strange(words, language=language),
    }


def _serve(*, cpu_threads: int) -> None:
    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing a library prints may land among the answers
    eyes = Eyes(cpu_threads=cpu_threads)
    while line := questions.readline():
        question = json.loads(line)
        stills = [questions.read(size) for size in question["sizes"]]
        if [len(still) for still in stills] != question["sizes"]:
            return
        try:
            answer = _answer(eyes, question, stills)
        except OrchestratorError as error:
            answer = {"error": error.message}
        except Exception as error:  # a damaged still or network; whatever it is, the next question may go well
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpu-threads", type=int, default=1)
    arguments = parser.parse_args()
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    _serve(cpu_threads=arguments.cpu_threads)


if __name__ == "__main__":
    main()
