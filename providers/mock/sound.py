"""The sound of a mock clip: speech over a soft, steady wind, 48 kHz stereo."""

from __future__ import annotations

import numpy as np

RATE = 48_000
_BED_LEVEL = 0.006


def resample(samples: np.ndarray, *, rate: int) -> np.ndarray:
    """Mono samples at ``rate`` Hz to 48 kHz, band-limited (through the spectrum, so exact and repeatable)."""
    block = rate // np.gcd(rate, RATE)
    blocks = -(-len(samples) // block)
    padded = np.zeros(blocks * block, np.float32)
    padded[: len(samples)] = samples
    length = blocks * block * RATE // rate
    return (np.fft.irfft(np.fft.rfft(padded), length) * (length / len(padded))).astype(np.float32)


def wind(seed: int, count: int) -> np.ndarray:
    """``count`` stereo samples of quiet wind, shape (count, 2): loud enough not to be silence, never in the way."""
    rng = np.random.default_rng([seed, 7])
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    shape = np.where(hertz < 40, 0, 1 / (1 + (hertz / 420) ** 1.6))
    at = np.arange(count) / RATE
    channels = []
    for _ in range(2):
        spectrum = shape * np.exp(2j * np.pi * rng.random(len(hertz)))
        noise = np.fft.irfft(spectrum, count)
        swell = 1 + 0.25 * np.sin(2 * np.pi * (at * rng.uniform(0.08, 0.2) + rng.random()))
        channels.append(noise / np.std(noise) * swell * _BED_LEVEL)
    return np.stack(channels, axis=1).astype(np.float32)


def mix(speech: np.ndarray, *, seed: int, count: int, lead_seconds: float = 0.5) -> np.ndarray:
    """``speech`` (mono, 48 kHz) in the middle of ``count`` samples over wind, as int16 of shape (count, 2). It begins
    after ``lead_seconds``, or earlier where that leaves it in the middle."""
    sound = wind(seed, count)
    spare = max(0, count - len(speech))
    start = min(spare // 2, int(lead_seconds * RATE))
    sound[start : start + len(speech)] += speech[: count - start, None]
    edge = np.minimum(np.arange(count) / (0.01 * RATE), 1).astype(np.float32)[:, None]
    return np.rint(np.clip(sound * edge * edge[::-1], -1, 1) * 32767).astype(np.int16)
