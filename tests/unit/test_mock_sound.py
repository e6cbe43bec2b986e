from __future__ import annotations

import numpy as np
import pytest

from providers.mock.sound import RATE, mix, resample, wind


def test_pitch_and_length_stay_when_resampled() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    sound = resample(tone, rate=22_050)
    assert abs(len(sound) - RATE) < RATE // 100
    assert np.argmax(np.abs(np.fft.rfft(sound[:RATE]))) == pytest.approx(440, abs=1)


def test_wind_is_quiet_but_never_silent() -> None:
    sound = np.abs(wind(3, RATE * 8)).max(axis=1)
    assert sound.max() < 0.05
    windows = sound[: RATE * 8 // 4800 * 4800].reshape(-1, 4800).max(axis=1)
    assert windows.min() > 10 ** (-45 / 20)


def test_speech_has_air_around_it_when_mixed() -> None:
    speech = np.full(RATE * 2, 0.7, np.float32)
    loud = np.flatnonzero(np.abs(mix(speech, seed=1, count=RATE * 4)[:, 0]) > 10_000)
    assert loud[0] == RATE // 2
    assert len(loud) == RATE * 2
