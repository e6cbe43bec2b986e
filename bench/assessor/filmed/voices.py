"""eSpeak NG's own voices, many languages and accents, by way of ``espeakng-loader``. One process speaks at a time."""

from __future__ import annotations

import ctypes
import functools
import wave
from pathlib import Path

import numpy as np

_SYNCHRONOUS, _UTF8, _CHARACTER_POSITION = 2, 1, 1
_RATE_PARAMETER, _PITCH_PARAMETER = 1, 3
_ON_SAMPLES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _Speaker:
    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
        if self.rate <= 0:
            raise RuntimeError("eSpeak NG could not load its data")
        self._parts: list[np.ndarray] = []
        self._callback = _ON_SAMPLES(self._take)  # kept, or it would be freed under the library
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, *, voice: str, words_per_minute: int, pitch: int) -> np.ndarray:
        """Mono int16 samples at ``rate`` Hz."""
        self._parts.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise RuntimeError(f"eSpeak NG has no voice {voice!r}")
        self._library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
        self._library.espeak_SetParameter(_PITCH_PARAMETER, pitch, 0)
        raw = text.encode()
        self._library.espeak_Synth(raw, len(raw) + 1, 0, _CHARACTER_POSITION, 0, _UTF8, None, None)
        return np.concatenate(self._parts)

    def _take(self, samples: object, count: int, _: object) -> int:
        if samples and count:
            self._parts.append(np.ctypeslib.as_array(samples, (count,)).copy())  # pyright: ignore
        return 0


_speaker = functools.cache(_Speaker)


def save_speech(text: str, path: Path, *, voice: str, words_per_minute: int, pitch: int) -> float:
    """Write the line as a mono WAV and return its length in seconds."""
    speaker = _speaker()
    samples = speaker.speak(text, voice=voice, words_per_minute=words_per_minute, pitch=pitch)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speaker.rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return len(samples) / speaker.rate
