"""The process that listens. Reads questions on stdin, answers on stdout, ends at end-of-file.

A question is one line of JSON, a list of takes (``bytes``, ``language``, ``expected``), followed by that many bytes of
little-endian float32 samples for each; an answer is one line of JSON, a list of as many values in the shape of
``Heard``, or ``{"error": ...}`` for a take that could not be heard.

Whisper always encodes 30 s, however short the sound. A clip of 4 to 12 s needs no such window: CTranslate2 takes a
shorter one, and with 3 s of room after the clip the words come out the same for a third of the work. (With only 1 s of
room the model invents words.) Takes that wait together share one pass. Longer sound, and whatever goes wrong on the
short way, takes faster-whisper's own way.
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import OrchestratorError
from orchestrator.perception.base import SAMPLE_RATE_HZ, ExpectedWord, Heard, HeardWord
from orchestrator.perception.voices import find_cuts, find_voices
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
_MIN_SAMPLES = SAMPLE_RATE_HZ // 10
# The thresholds of Whisper's own decoding loop (Radford et al. 2022, section 4.5).
_NO_SPEECH_FROM = 0.6
_UNLIKELY_BELOW = -1.0
_REPETITIVE_FROM = 2.4


@dataclass(frozen=True)
class Take:
    """Sound to be heard (mono, 16 kHz), and the text it is expected to hold, which never steers what is heard."""

    samples: NDArray[np.float32]
    language: str
    expected: str = ""

    @property
    def frames(self) -> int:
        return len(self.samples) * _FRAMES_PER_SECOND // SAMPLE_RATE_HZ

    @property
    def is_short(self) -> bool:
        """Whether it fits into one window with room to spare."""
        return self.frames + _ROOM_FRAMES <= _MAX_WINDOW_FRAMES


class _Untrusted(Exception):
    """The short window gave nothing that can be trusted."""


def listen(model: WhisperModel, takes: Sequence[Take]) -> list[Heard | Exception]:
    """What is said in each take; for one that cannot be heard, the reason."""
    results: dict[int, Heard | Exception] = {}
    batches: dict[str, list[int]] = {}
    for index, take in enumerate(takes):
        if take.language not in model.supported_languages:
            results[index] = ValueError(f"this model does not know the language {take.language!r}")
        elif len(take.samples) < _MIN_SAMPLES:
            results[index] = Heard(text="", language=take.language, no_speech_probability=1.0, speech=())
        elif take.is_short:
            batches.setdefault(take.language, []).append(index)
    for batch in batches.values():
        if len(batch) > 1:
            with contextlib.suppress(Exception):  # then each is tried alone
                results |= zip(batch, _listen_short(model, [takes[i] for i in batch]), strict=True)
    for index, take in enumerate(takes):
        if index not in results:
            results[index] = _listen_alone(model, take)
    return [results[index] for index in range(len(takes))]


def _listen_alone(model: WhisperModel, take: Take) -> Heard | Exception:
    try:
        if take.is_short:
            with contextlib.suppress(Exception):  # it leans on insides of two libraries; the long way is public
                return _listen_short(model, [take])[0]
        return _listen_long(model, take)
    except (OrchestratorError, ValueError, RuntimeError, OSError) as error:
        return error


def _listen_short(model: WhisperModel, takes: Sequence[Take]) -> list[Heard]:
    """Takes of one language in one window. Raises whatever goes wrong."""
    from faster_whisper.tokenizer import Tokenizer

    encoded, frames = _encode(model, takes)
    tokenizer = Tokenizer(
        model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=takes[0].language
    )
    results = model.model.generate(
        encoded,
        [[*tokenizer.sot_sequence, tokenizer.no_timestamps]] * len(takes),
        beam_size=1,
        max_length=_MAX_TOKENS,
        return_scores=True,
        return_no_speech_prob=True,
    )
    written = [[token for token in result.sequences_ids[0] if token < tokenizer.eot] for result in results]
    expected = [_expected_tokens(tokenizer, take.expected) for take in takes]
    timed = _time_words(model, tokenizer, encoded, written, frames=frames)
    likely = _score_tokens(model, tokenizer, encoded, written, frames=frames)
    fitting = _score_tokens(model, tokenizer, encoded, expected, frames=frames)
    languages = _detect_languages(model, encoded, count=len(takes))
    heard = []
    for n, (take, result) in enumerate(zip(takes, results, strict=True)):
        text = tokenizer.decode(written[n]).strip()
        voices = find_voices(take.samples)
        is_speech = result.scores[0] > _UNLIKELY_BELOW or (result.no_speech_prob < _NO_SPEECH_FROM and bool(voices))
        is_cut_at_start, is_cut_at_end = find_cuts(take.samples, voices)
        found = Heard(
            text=text if is_speech else "",
            words=_join_words(tokenizer, timed[n], likely[n]) if is_speech else (),
            language=take.language,
            spoken_language=languages[n][0],
            language_probability=languages[n][1],
            no_speech_probability=_share(result.no_speech_prob),
            expected_probability=_geometric_mean(fitting[n]),
            expected_words=_expected_words(tokenizer, expected[n], fitting[n]),
            speech=voices,
            is_cut_at_start=is_cut_at_start,
            is_cut_at_end=is_cut_at_end,
        )
        if _is_repetitive(text):  # caught in a loop; the long way decodes again at higher temperatures
            again = _listen_long(model, take)
            found = found.model_copy(update={"text": again.text, "words": again.words})
        heard.append(found)
    return heard


def _encode(model: WhisperModel, takes: Sequence[Take]) -> tuple[Any, list[int]]:
    """The encoder's output for one window that holds each take, and the frames that are sound in each."""
    import numpy as np

    features = [model.feature_extractor(take.samples) for take in takes]
    frames = [part.shape[1] for part in features]
    window_frames = max(_MIN_WINDOW_FRAMES, (max(frames) + _ROOM_FRAMES + 1) // 2 * 2)
    if window_frames > _MAX_WINDOW_FRAMES:
        raise _Untrusted("longer than one window")
    window = np.zeros((len(takes), features[0].shape[0], window_frames), np.float32)
    for row, part in zip(window, features, strict=True):
        row[:, : part.shape[1]] = part
    return model.encode(window), frames


def _time_words(
    model: WhisperModel, tokenizer: Tokenizer, encoded: Any, written: Sequence[list[int]], *, frames: list[int]
) -> list[list[dict[str, Any]]]:
    # lists of tokens and of frames, one per sound, whatever the annotations say
    return _any(model.find_alignment(tokenizer, _any(list(written)), encoded, _any(frames)))


def _score_tokens(
    model: WhisperModel, tokenizer: Tokenizer, encoded: Any, texts: Sequence[list[int]], *, frames: list[int]
) -> list[list[float]]:
    """The logarithm of what the model gives each token of each text, fed one by one."""
    if not any(texts):
        return [[] for _ in texts]
    results = model.model.align(encoded, tokenizer.sot_sequence, list(texts), _any(frames))
    return [[math.log(max(p, 1e-9)) for p in result.text_token_probs] for result in results]


def _expected_tokens(tokenizer: Tokenizer, expected: str) -> list[int]:
    tokens = tokenizer.encode(" " + expected.strip()) if expected.strip() else []
    return tokens if len(tokens) <= _MAX_TOKENS else []


def _expected_words(tokenizer: Tokenizer, tokens: list[int], likely: list[float]) -> tuple[ExpectedWord, ...]:
    if not tokens:
        return ()
    words, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    found, start = [], 0
    for word, part in zip(words[:-1], parts[:-1], strict=True):
        end = start + len(part)
        found.append(ExpectedWord(text=word.strip(), log_likelihood=round(min([0.0, *likely[start:end]]), 2)))
        start = end
    return tuple(word for word in found if _has_letters(word.text))


def _join_words(
    tokenizer: Tokenizer, timed: Sequence[dict[str, Any]], likely: Sequence[float]
) -> tuple[HeardWord, ...]:
    words, start = [], 0
    for word in timed:
        if _has_letters(word["word"]):
            words.append(_word(word["word"], word["start"], word["end"], word["probability"], likely[start]))
        start += len(word["tokens"])
    return tuple(words)


def _detect_languages(model: WhisperModel, encoded: Any, *, count: int) -> list[tuple[str, float | None]]:
    """What each sound is taken for, and how surely; nothing where the model knows one language only."""
    if not model.model.is_multilingual:
        return [("", None)] * count
    return [(found[0][0][2:-2], _share(found[0][1])) for found in model.model.detect_language(encoded)]


def _listen_long(model: WhisperModel, take: Take) -> Heard:
    passages, _ = model.transcribe(
        take.samples, language=take.language, beam_size=1, word_timestamps=True, condition_on_previous_text=False
    )
    spoken = list(passages)
    voices = find_voices(take.samples)
    is_cut_at_start, is_cut_at_end = find_cuts(take.samples, voices)
    return Heard(
        text=" ".join(passage.text.strip() for passage in spoken),
        words=tuple(
            _word(word.word, word.start, word.end, word.probability)
            for passage in spoken
            for word in passage.words or ()
            if _has_letters(word.word)
        ),
        language=take.language,
        no_speech_probability=_share(min((passage.no_speech_prob for passage in spoken), default=1.0)),
        speech=voices,
        is_cut_at_start=is_cut_at_start,
        is_cut_at_end=is_cut_at_end,
    )


def _word(
    text: str, start_seconds: float, end_seconds: float, probability: float, log_likelihood: float | None = None
) -> HeardWord:
    return HeardWord(
        text=text.strip(),
        start_seconds=round(float(start_seconds), 2),
        end_seconds=round(float(end_seconds), 2),
        probability=_share(probability),
        log_likelihood=None if log_likelihood is None else round(min(0.0, log_likelihood), 2),
    )


def _geometric_mean(likely: Sequence[float]) -> float | None:
    return _share(math.exp(sum(likely) / len(likely))) if likely else None


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 4)


def _has_letters(text: str) -> bool:
    return any(map(str.isalnum, text))


def _is_repetitive(text: str) -> bool:
    raw = text.encode()
    return bool(raw) and len(raw) / len(zlib.compress(raw)) > _REPETITIVE_FROM


def _any(value: Any) -> Any:
    return value


def _serve(*, model_name: str, cache_dir: Path, cpu_threads: int) -> None:
    import numpy as np

    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing a library prints may land among the answers
    model: WhisperModel | None = None
    while line := questions.readline():
        takes = []
        for asked in json.loads(line):
            sound = questions.read(asked["bytes"])
            if len(sound) < asked["bytes"]:
                return
            samples = np.frombuffer(sound, dtype="<f4")
            takes.append(Take(samples=samples, language=asked["language"], expected=asked["expected"]))
        try:
            model = model or _load(model_name, cache_dir=cache_dir, cpu_threads=cpu_threads)
            results = listen(model, takes)
        except (OrchestratorError, ValueError, RuntimeError, OSError) as error:
            results = [error] * len(takes)
        answer = [_explain(r) if isinstance(r, Exception) else r.model_dump(mode="json") for r in results]
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _explain(error: Exception) -> dict[str, object]:
    return {"error": str(error), "is_disk_full": getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)}


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
