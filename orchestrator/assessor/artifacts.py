"""Is the take technically sound: nothing black, frozen, cut, blurred, silent, clipped or damaged, and the right size?
Pure: everything was measured before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from orchestrator.assessor.expectation import Expectation, conclude, find_silence
from orchestrator.assessor.transcript import is_line_due
from orchestrator.assessor.wishes import Wish, is_wished
from orchestrator.assessor.words import split_words
from orchestrator.media.probe import MediaInfo
from orchestrator.media.signals import Signals, Span, Stretch
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy

_SAME_SHAPE_RATIO = 0.02
_NAMED_PLACES = 6


class _Fault(NamedTuple):
    """A finding, and what it takes from the score beside the share of the take that it covers."""

    finding: Finding
    penalty: float


def check_artifacts(
    info: MediaInfo, signals: Signals, *, expectation: Expectation, policy: AssessmentPolicy
) -> CheckResult:
    """The score falls by the share of the take that is spoilt and, once for every kind of fault, by a penalty."""
    faults = [
        *_find_in_picture(signals, expectation=expectation, policy=policy),
        *_find_in_sound(info, signals, expectation=expectation, policy=policy),
        *_find_in_file(info, signals, expectation=expectation, policy=policy),
    ]
    spoilt = _covered_seconds(fault.finding for fault in faults if fault.penalty)
    penalties = {fault.finding.code: fault.penalty for fault in faults}
    seconds = max(signals.video_seconds or info.video_seconds, 1e-3)
    score = 1.0 - min(1.0, spoilt / seconds) - sum(penalties.values())
    evidence = {
        "width": signals.width or info.width,
        "height": signals.height or info.height,
        "fps": round(info.fps, 3),
        "frames": signals.frames,
        "pictures_per_second": _rounded(signals.pictures_per_second, 1),
        "is_still": signals.is_still,
        "sharpness": None if not signals.edge_pixels else round(1 / signals.edge_pixels, 3),
        "quantiser": signals.quantiser,
        "has_audio": info.has_audio,
        "loudness_lufs": signals.loudness_lufs,
        "true_peak_dbfs": signals.true_peak_dbfs,
        "noise_floor_db": signals.noise_floor_db,
        "clipped_ratio": round(signals.clipped_ratio, 5),
        "decode_errors": signals.decode_errors,
        "scene_cuts": [round(cut.start_seconds, 3) for cut in signals.scene_cuts],
    }
    findings = [fault.finding for fault in faults]
    return conclude(score, minimum=policy.minima[CheckName.NO_ARTIFACTS], findings=findings, evidence=evidence)


def _find_in_picture(signals: Signals, *, expectation: Expectation, policy: AssessmentPolicy) -> Iterator[_Fault]:
    def is_unasked(wish: Wish) -> bool:
        return not is_wished(wish, expectation)

    major = policy.major_penalty
    black = [span for span in signals.black if _is_too_black(span, signals, policy=policy)]
    if is_unasked(Wish.BLACK):
        yield from _place("black", "The picture is black", black, penalty=major)
    frozen = [
        span
        for span in signals.freeze
        if _length(span) >= _least_freeze_seconds(span, policy=policy) and not _is_within(span, signals.black)
    ]
    if is_unasked(Wish.STILL):
        yield from _place("frozen", "The picture stands still", frozen, penalty=major)
        if signals.is_still and not black and signals.video_seconds >= 1:
            yield _Fault(Finding(code="still", message="Nothing moves from the first frame to the last"), 0.0)
    flicker = [span for span in signals.flicker if span.level >= policy.min_flicker_share]
    if is_unasked(Wish.FLICKER):
        yield from _place("flicker", "The brightness flickers", flicker, penalty=major)
        flashes = [f for f in signals.flashes if f.level >= policy.min_flash_share and not _is_within(f, flicker)]
        yield from _point("flicker", "The picture flashes", flashes, penalty=major)
    cuts = [c for c in signals.scene_cuts if c.level >= policy.min_cut_difference and not _is_within(c, flicker)]
    if is_unasked(Wish.CUT):
        yield from _point("hidden_cut", "The picture jumps to another one", cuts, penalty=major)
    if is_unasked(Wish.BLUR):
        blurred = [span for span in signals.blur if span.level >= policy.min_blur_ratio]
        if signals.edge_pixels and signals.edge_pixels > policy.max_edge_pixels:
            message = f"The whole picture is blurred (its sharpest edges are {signals.edge_pixels:.1f} pixels wide)"
            yield _Fault(Finding(code="blur", message=message), major)
        else:
            # A cut to another picture, sharp in its own way, is a cut.
            kept = [span for span in blurred if not any(_is_near(span, cut) for cut in cuts)]
            yield from _place("blur", "The picture is blurred", kept, penalty=major)
    if is_unasked(Wish.BLOCKS):
        blocky = [span for span in signals.blocky if span.level > policy.max_blockiness]
        yield from _place("blocky", "The picture falls into blocks", blocky, penalty=major)
        if not blocky and signals.quantiser is not None and signals.quantiser > policy.max_quantiser:
            message = f"The picture is coded so coarsely that it smears (quantiser {signals.quantiser:.0f} of 51)"
            yield _Fault(Finding(code="blocky", message=message), major)
    if is_unasked(Wish.NOISE):
        noisy = [span for span in signals.noisy if span.level > policy.max_noise_share]
        yield from _place("noisy", "The picture is full of noise", noisy, penalty=major)
    if max(signals.bars) >= policy.max_bars_share and is_unasked(Wish.BARS):
        where = "above and below" if signals.bars[0] >= signals.bars[1] else "left and right"
        message = f"Black bars {where} take {max(signals.bars):.0%} of the picture, and none were ordered"
        yield _Fault(Finding(code="bars", message=message), major)


def _find_in_sound(
    info: MediaInfo, signals: Signals, *, expectation: Expectation, policy: AssessmentPolicy
) -> Iterator[_Fault]:
    if is_line_due(expectation):
        words = len(split_words(expectation.text, language=expectation.language))
        heard_seconds = signals.audio_seconds if signals.audio_seconds is not None else info.audio_seconds
        audible_seconds = (heard_seconds or 0.0) if info.has_audio else 0.0
        audible_seconds -= _covered_seconds(signals.silence)
        if audible_seconds < words * policy.min_seconds_per_word:
            yield _Fault(find_silence(words), 1.0)
    if signals.clipped_ratio > policy.max_clipped_ratio:
        message = f"The sound is clipped ({signals.clipped_ratio:.1%} of it has its tops cut off)"
        first, last = (signals.clipped[0], signals.clipped[-1]) if signals.clipped else (None, None)
        yield _Fault(
            Finding(
                code="clipped_sound",
                message=message,
                start_seconds=None if first is None else round(first.start_seconds, 3),
                end_seconds=None if last is None else round(last.end_seconds, 3),
            ),
            policy.major_penalty,
        )
    clicks = [click for click in signals.clicks if click.level >= policy.min_click_share]
    if not is_wished(Wish.CLICKS, expectation):
        yield from _point("clicks", "The sound clicks", clicks, penalty=policy.major_penalty)
    yield from _place("dropout", "The sound drops out", signals.dropouts, penalty=policy.major_penalty, places=3)
    if abs(signals.offset) > policy.max_offset_share:
        message = f"The sound wave is off its middle by {abs(signals.offset):.0%} of full scale"
        yield _Fault(Finding(code="sound_offset", message=message), policy.minor_penalty)


def _find_in_file(
    info: MediaInfo, signals: Signals, *, expectation: Expectation, policy: AssessmentPolicy
) -> Iterator[_Fault]:
    if signals.decode_errors:
        times = "once" if signals.decode_errors == 1 else f"{signals.decode_errors} times"
        message = f"The file is damaged: the decoder complained {times}"
        yield from _place("decode_errors", message, signals.damage, penalty=policy.major_penalty)
        if not signals.damage:
            yield _Fault(Finding(code="decode_errors", message=message), policy.major_penalty)
    width, height = signals.width or info.width, signals.height or info.height
    if expectation.width and expectation.height and (width, height) != (expectation.width, expectation.height):
        yield _find_wrong_size(width, height, signals, expectation=expectation, policy=policy)
    pace = signals.pictures_per_second
    if not is_wished(Wish.STEPS, expectation):
        if info.fps < policy.min_pictures_per_second and not signals.is_still:
            message = f"The file has {info.fps:.3g} pictures a second"
            yield _Fault(Finding(code="wrong_fps", message=message), policy.major_penalty)
        elif pace and pace < policy.min_pictures_per_second and signals.step >= policy.min_stutter_share:
            message = f"The motion stutters: {pace:.3g} different pictures a second, the others repeat them"
            yield _Fault(Finding(code="wrong_fps", message=message), policy.major_penalty)
    if info.is_hdr:
        message = "The picture is in high dynamic range; its colours may look pale in the film"
        yield _Fault(Finding(code="hdr", message=message), policy.minor_penalty)


def _find_wrong_size(
    width: int, height: int, signals: Signals, *, expectation: Expectation, policy: AssessmentPolicy
) -> _Fault:
    ordered_width, ordered_height = expectation.width or 1, expectation.height or 1
    message = f"The picture is {width}x{height}, {ordered_width}x{ordered_height} was ordered"
    is_large_enough = min(width / ordered_width, height / ordered_height) >= policy.min_size_ratio
    if is_large_enough and math.isclose(width / height, ordered_width / ordered_height, rel_tol=_SAME_SHAPE_RATIO):
        return _Fault(Finding(code="wrong_size", message=message), policy.minor_penalty)
    if signals.rotation_degrees % 180:
        message = f"{message}, because the file asks for a turn of {abs(signals.rotation_degrees)} degrees"
        return _Fault(Finding(code="wrong_rotation", message=message), policy.major_penalty)
    return _Fault(Finding(code="wrong_size", message=message), policy.major_penalty)


def _is_too_black(span: Span, signals: Signals, *, policy: AssessmentPolicy) -> bool:
    """The dark end of a fade is meant; black that it does not reach is not."""
    end_seconds = signals.video_seconds or signals.duration_seconds
    is_fade = span.end_seconds <= signals.fade_in_seconds or (
        signals.fade_out_seconds is not None
        and signals.fade_out_seconds < end_seconds
        and span.start_seconds >= signals.fade_out_seconds
    )
    return _length(span) >= (policy.max_fade_black_seconds if is_fade else policy.min_black_seconds)


def _least_freeze_seconds(span: Stretch, *, policy: AssessmentPolicy) -> float:
    """From where on a standing picture is a fault: at once when everything moved, after a moment when a part did (a
    speaker pauses), never when next to nothing does."""
    if span.level < policy.min_freeze_motion_share:
        return math.inf
    return policy.min_hitch_seconds if span.level >= policy.min_hitch_motion_share else policy.min_freeze_seconds


def _place(
    code: str, message: str, spans: Sequence[Span], *, penalty: float, places: int = _NAMED_PLACES
) -> Iterator[_Fault]:
    """One fault per stretch; what is beyond the first ``places`` is told by the last of them."""
    for number, span in enumerate(spans[:places], start=1):
        more = f", and at {len(spans) - places} more places" if number == places and len(spans) > places else ""
        where = f"from {span.start_seconds:.1f} to {span.end_seconds:.1f} s"
        if _length(span) < 0.1:
            where = f"at {span.start_seconds:.1f} s"
        yield _Fault(
            Finding(
                code=code,
                message=f"{message} {where}{more}",
                start_seconds=round(span.start_seconds, 3),
                end_seconds=round(span.end_seconds, 3),
            ),
            penalty,
        )


def _point(code: str, message: str, spans: Sequence[Span], *, penalty: float) -> Iterator[_Fault]:
    return _place(code, message, spans, penalty=penalty, places=3)


def _length(span: Span) -> float:
    # Times of frames carry rounding of the container.
    return round(span.end_seconds - span.start_seconds, 3)


def _is_within(span: Span, others: Iterable[Span], *, slack_seconds: float = 0.1) -> bool:
    """Whether ``span`` lies in one of ``others``: a black picture also stands still, and that is one fault."""
    return any(
        o.start_seconds - slack_seconds <= span.start_seconds and span.end_seconds <= o.end_seconds + slack_seconds
        for o in others
    )


def _is_near(span: Span, cut: Span, *, slack_seconds: float = 0.35) -> bool:
    return min(abs(span.start_seconds - cut.start_seconds), abs(span.end_seconds - cut.start_seconds)) <= slack_seconds


def _covered_seconds(spans: Iterable[Span | Finding]) -> float:
    """Seconds covered by at least one of ``spans``."""
    placed = [(s.start_seconds, s.end_seconds) for s in spans if s.start_seconds is not None]
    covered, reached = 0.0, 0.0
    for start, end in sorted((start, end) for start, end in placed if end is not None):
        covered += max(0.0, end - max(reached, start))
        reached = max(reached, end)
    return covered


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
