"""What was measured of file, picture, sound and length, in words, as HTML. Pure."""

from __future__ import annotations

from html import escape
from typing import Any

from orchestrator.schema.assessment import CheckResult
from pages.components.shared.numbers import percent
from pages.components.takes import evidence
from pages.components.takes.evidence_player import link
from pages.components.takes.evidence_words import fact_list

TEXTS_AT_MOST = 6
# name in the evidence -> title, how it is written
_FIGURES = {
    "loudness_lufs": ("Loudness", "{:.1f} LUFS"),
    "true_peak_dbfs": ("Loudest peak", "{:.1f} dBFS"),
    "noise_floor_db": ("Noise floor", "{:.0f} dB"),
    "clipped_ratio": ("Clipped sound", "{:.2%}"),
    "sharpness": ("Sharpness", "{:.2f}"),
    "decode_errors": ("Decoding errors", "{:.0f}"),
}


def draw_signals(check: CheckResult, *, video_url: str) -> str:
    """Size, levels, cuts, and what was read in the picture."""
    width, height, fps = (evidence.figure(check, name) for name in ("width", "height", "fps"))
    facts: dict[str, str] = {}
    if width and height:
        facts["Picture"] = f"{width:.0f} x {height:.0f}" + (f" at {fps:g} a second" if fps else "")
    if check.evidence.get("has_audio") is False:
        facts["Sound"] = "none"
    for name, (title, form) in _FIGURES.items():
        value = evidence.figure(check, name)
        if value is not None:
            facts[title] = form.format(value)
    if cuts := evidence.numbers(check, "scene_cuts"):
        facts["Cuts"] = ", ".join(link(video_url, second, f"{second:.1f} s") for second in cuts)
    if read := _first_readings(check):
        shown = ", ".join(_text(row, video_url=video_url) for row in read[:TEXTS_AT_MOST])
        facts["Read in the picture"] = shown + (f" and {len(read) - TEXTS_AT_MOST} more" * (len(read) > TEXTS_AT_MOST))
    return fact_list(facts)


def _first_readings(check: CheckResult) -> list[list[Any]]:
    """Every text once, where it was read first."""
    found: dict[str, list[Any]] = {}
    for row in evidence.rows(check, "texts"):
        if len(row) >= 3 and (read := evidence.text(row[0]).strip()):
            found.setdefault(" ".join(read.lower().split()), row)
    return list(found.values())


def _text(row: list[Any], *, video_url: str) -> str:
    sure, at = evidence.number(row[1]), evidence.number(row[2])
    where = link(video_url, at, f"{at:.1f} s") if at is not None else ""
    told = ", ".join(filter(None, (percent(sure) + " sure" if sure is not None else "", where)))
    return f"“{escape(evidence.text(row[0]))}”" + (f" ({told})" if told else "")


def draw_duration(check: CheckResult) -> str:
    """Ordered against measured, and by how much it may differ."""
    ordered, measured = evidence.figure(check, "target_seconds"), evidence.figure(check, "actual_seconds")
    if ordered is None or measured is None:
        return ""
    off, allowed = measured - ordered, evidence.figure(check, "tolerance_seconds")
    facts = {
        "Ordered": f"{ordered:g} s",
        "Measured": f"{measured:.2f} s",
        "Off by": f"{off:+.2f} s" + ("" if allowed is None else f", {allowed:.2f} s are allowed"),
    }
    for name, title in (("container_seconds", "File says"), ("audio_seconds", "Sound lasts")):
        value = evidence.figure(check, name)
        if value is not None:
            facts[title] = f"{value:.2f} s"
    return fact_list(facts)
