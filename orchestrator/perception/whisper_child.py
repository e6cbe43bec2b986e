"""The process that listens. Reads questions on stdin, answers on stdout, ends at end-of-file.

A question is one line of JSON (``bytes``, ``language``, ``expected``) followed by that many bytes of little-endian
float32 samples; an answer is one line of JSON in the shape of ``Heard``, or ``{"error": ...}``.

Whisper always encodes 30 s, however short the sound. A clip of 4 to 12 s needs no such window: CTranslate2 takes a
shorter one, and with 3 s of room after the clip the words come out the same for a third of the work. (With only 1 s of
room the model invents words.) Longer sound, and whatever goes wrong on the short way, takes faster-whisper's own way.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import math
import os
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import OrchestratorError
from orchestrator.perception.base import SAMPLE_RATE_HZ, Heard, HeardWord
from orchestrator.perception.weights import find_weights

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer
    from numpy.typing import NDArray

_FRAMES_PER_SECOND = 100
_MIN_WINDOW_FRAMES = 10 * _FRAMES_PER_SECOND
_MAX_WINDOW_FRAMES = 30 * _FRAMES_PER_SECOND
_ROOM_FRAMES = 3 * _FRAMES_PER_SECOND
_MAX_TOKENS = 224
# The thresholds of Whisper's own decoding loop (Radford et al. 2022, section 4.5).
_NO_SPEECH_FROM = 0.6
_UNLIKELY_BELOW = -1.0
_REPETITIVE_FROM = 2.4


class _ShortWayFailed(Exception):
    """The short window gave nothing that can be trusted."""


def listen(model: WhisperModel, samples: NDArray[np.float32], *, language: str, expected: str) -> Heard:
    """What is said in ``samples`` (mono, 16 kHz). Raises ``ValueError`` for a language the model does not know."""
    if language not in model.supported_languages:
        raise ValueError(f"this model does not know the language {language!r}")
    if len(samples) < SAMPLE_RATE_HZ // 10:
        return Heard(text="", language=language, no_speech_probability=1.0)
    try:
        return _listen_short(model, samples, language=language, expected=expected)
    except Exception:  # it leans on insides of two libraries; the long way is their public one
        return _listen_long(model, samples, language=language)


def _listen_short(model: WhisperModel, samples: NDArray[np.float32], *, language: str, expected: str) -> Heard:
    import numpy as np
    from faster_whisper.tokenizer import Tokenizer

    features = model.feature_extractor(samples)
    sound_frames = features.shape[1]
    window_frames = max(_MIN_WINDOW_FRAMES, (sound_frames + _ROOM_FRAMES + 1) // 2 * 2)
    if window_frames > _MAX_WINDOW_FRAMES:
        raise _ShortWayFailed("longer than one window")
    window = np.zeros((features.shape[0], window_frames), np.float32)
    window[:, :sound_frames] = features
    encoded = model.encode(window)
    tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
    result = model.model.generate(
        encoded,
        [[*tokenizer.sot_sequence, tokenizer.no_timestamps]],
        beam_size=1,
        max_length=_MAX_TOKENS,
        return_scores=True,
        return_no_speech_prob=True,
    )[0]
    tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
    text = tokenizer.decode(tokens).strip()
    if _is_repetitive(text):
        raise _ShortWayFailed("caught in a loop")
    is_speech = result.scores[0] > _UNLIKELY_BELOW or (result.no_speech_prob < _NO_SPEECH_FROM and _has_voice(samples))
    words = _align(model, tokenizer, encoded, tokens, sound_frames=sound_frames) if is_speech and tokens else ()
    return Heard(
        text=text if is_speech else "",
        words=words,
        language=language,
        no_speech_probability=_share(result.no_speech_prob),
        expected_probability=_score_expected(model, tokenizer, encoded, expected, sound_frames=sound_frames),
    )


def _has_voice(samples: NDArray[np.float32]) -> bool:
    """Whether Silero's voice detector, which ships with faster-whisper, finds a voice (20 ms of work)."""
    from faster_whisper.vad import get_speech_timestamps

    return bool(get_speech_timestamps(samples))


def _align(
    model: WhisperModel, tokenizer: Tokenizer, encoded: Any, tokens: list[int], *, sound_frames: int
) -> tuple[HeardWord, ...]:
    batch: Any = [tokens]  # one list of tokens per sound, whatever the annotation says
    words = model.find_alignment(tokenizer, batch, encoded, sound_frames)[0]
    return tuple(
        _word(w["word"], w["start"], w["end"], w["probability"]) for w in words if any(map(str.isalnum, w["word"]))
    )


def _score_expected(
    model: WhisperModel, tokenizer: Tokenizer, encoded: Any, expected: str, *, sound_frames: int
) -> float | None:
    """How well ``expected`` fits the sound: geometric mean of what the model gives its tokens, fed one by one."""
    tokens = tokenizer.encode(" " + expected.strip()) if expected.strip() else []
    if not 0 < len(tokens) <= _MAX_TOKENS:
        return None
    probabilities = model.model.align(encoded, tokenizer.sot_sequence, [tokens], [sound_frames])[0].text_token_probs
    return _share(math.exp(sum(math.log(max(p, 1e-9)) for p in probabilities) / len(probabilities)))


def _listen_long(model: WhisperModel, samples: NDArray[np.float32], *, language: str) -> Heard:
    passages, _ = model.transcribe(
        samples, language=language, beam_size=1, word_timestamps=True, condition_on_previous_text=False
    )
    spoken = list(passages)
    return Heard(
        text=" ".join(passage.text.strip() for passage in spoken),
        words=tuple(
            _word(word.word, word.start, word.end, word.probability)
            for passage in spoken
            for word in passage.words or ()
        ),
        language=language,
        no_speech_probability=_share(min((passage.no_speech_prob for passage in spoken), default=1.0)),
    )


def _word(text: str, start_seconds: float, end_seconds: float, probability: float) -> HeardWord:
    return HeardWord(
        text=text.strip(),
        start_seconds=round(float(start_seconds), 2),
        end_seconds=round(float(end_seconds), 2),
        probability=_share(probability),
    )


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 4)


def _is_repetitive(text: str) -> bool:
    raw = text.encode()
    return bool(raw) and len(raw) / len(zlib.compress(raw)) > _REPETITIVE_FROM


def _serve(*, model_name: str, cache_dir: Path, cpu_threads: int) -> None:
    import numpy as np

    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing a library prints may land among the answers
    model: WhisperModel | None = None
    while line := questions.readline():
        question = json.loads(line)
        sound = questions.read(question["bytes"])
        if len(sound) < question["bytes"]:
            return
        try:
            model = model or _load(model_name, cache_dir=cache_dir, cpu_threads=cpu_threads)
            samples = np.frombuffer(sound, dtype="<f4")
            heard = listen(model, samples, language=question["language"], expected=question["expected"])
            answer = heard.model_dump_json()
        except (OrchestratorError, ValueError, RuntimeError, OSError) as error:
            is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
            answer = json.dumps({"error": str(error), "is_disk_full": is_full})
        answers.write(answer.encode() + b"\n")
        answers.flush()


def _load(model_name: str, *, cache_dir: Path, cpu_threads: int) -> WhisperModel:
    from faster_whisper import WhisperModel

    folder = find_weights(model_name, cache_dir=cache_dir)
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=cpu_threads, local_files_only=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--cache-dir", type=Path, required=True)
    parser.add_argument("--cpu-threads", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"  # no library below may reach for the network in the middle of a film
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    _serve(model_name=arguments.model, cache_dir=arguments.cache_dir, cpu_threads=arguments.cpu_threads)


if __name__ == "__main__":
    main()
