"""What a run comes to: figures, what is wrong, and the table."""

from __future__ import annotations

import os
import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.arena import Past
from bench.chaos.films import Film, line_of
from bench.chaos.lives import Life, key_of
from bench.chaos.place import Place
from bench.chaos.provider import Provider
from bench.chaos.strikes import Kind

TAKEOVER_SECONDS = 15.0
_LONGEST_FREEZE_SECONDS = 25.0


@dataclass
class Tally:
    """``wrong`` is empty when every promise was kept."""

    database: str
    figures: dict[str, Any]
    wrong: list[str]
    remarks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"database": self.database, **self.figures, "wrong": self.wrong, "remarks": self.remarks}

    def as_table(self) -> str:
        rows = [(name.replace("_", " "), _plain(value)) for name, value in self.figures.items()]
        width = max(len(name) for name, _ in rows)
        lines = [f"{self.database}", *(f"  {name:<{width}}  {value}" for name, value in rows)]
        lines += [f"  remark: {remark}" for remark in self.remarks]
        lines += [f"  WRONG: {wrong}" for wrong in self.wrong] or [
            "  nothing lost, nothing paid twice, every film right"
        ]
        return "\n".join(lines)


def tally(place: Place, provider: Provider, past: Past, films: list[Film], *, first_work_seconds: float) -> Tally:
    """``first_work_seconds``: the longest that a process with work waiting may take from its start to its first."""
    charges = provider.charges()
    lines = {charge["number"]: line_of(charge["prompt"]) for charge in charges}
    for film in films:
        film.check(lines)
    calls = place.calls()
    paid = Counter(charge["key"] for charge in charges)
    twice = sorted(key for key, count in paid.items() if count > 1)
    clips = sum(film.clip_count for film in films)
    passed = sum(_passed(film) for film in films)
    bad = [film for film in films if film.problems]
    counted = [life for life in past.lives if life.has_due]
    first = [seconds for life in counted if (seconds := _first_work(life, past)) is not None]
    takeovers = _takeovers(past, provider.requests()) if place.kind == "postgres" else []
    unknown = {charge["id"] for charge in charges} - {call.generation_id for call in calls}
    undecided = [call for call in calls if call.state == "needs_decision"]
    figures = {
        "kills": past.kills,
        **{
            kind.value: past.count(kind) if kind not in place.not_possible else place.not_possible[kind]
            for kind in Kind
        },
        "kill -9 of the asking command": past.client_kills,
        "faults of the provider": dict(sorted(provider.faults.items())),
        "films": len(films),
        "films right at the end": len(films) - len(bad),
        "clips": clips,
        "clips lost": clips - passed,
        "paid creates": len(charges),
        "attempts paid": len(paid),
        "paid creates per attempt": round(len(charges) / max(1, len(paid)), 4),
        "attempts paid twice": len(twice),
        "takes beyond one per clip": len(charges) - clips,
        "orphan generations adopted": sum(call.is_adopted for call in calls),
        "commands given again after a refusal": sum(len(film.refusals) for film in films),
        "lives that began with work waiting": len(counted),
        "first work after start, median s": _middle(first),
        "first work after start, max s": round(max(first, default=0.0), 2),
        "first work after start, CPU s, max": round(
            max((life.worked_after_cpu_seconds for life in counted), default=0.0), 2
        ),
        "takeover by another worker, median s": _middle(takeovers),
        "takeover by another worker, max s": round(max(takeovers, default=0.0), 2),
        "load of the machine": round(os.getloadavg()[1], 1),
        "wall s": round(past.wall_seconds),
        "of it in peace s": round(past.peace_seconds),
    }
    wrong = [
        *past.problems,
        *(f"film {film.number}: {problem}" for film in bad for problem in film.problems),
        *(f"attempt {key} was paid {paid[key]} times" for key in twice),
        *(f"generation {generation} was paid and is not in the ledger" for generation in sorted(unknown)),
        *(f"a person is asked about a payment: {call.error_message}" for call in undecided),
        *_late(past, first_work_seconds),
    ]
    if passed < clips:
        wrong.append(f"{clips - passed} clips lost")
    if len(charges) > clips:
        wrong.append(f"{len(charges) - clips} takes were paid beyond one per clip")
    if max(takeovers, default=0.0) > TAKEOVER_SECONDS:
        wrong.append(f"a dead worker's work was taken over after {max(takeovers):.1f} s")
    remarks = past.remarks + [f"film {f.number} was refused: {refusal}" for f in films for refusal in f.refusals]
    remarks += [f"{count} x {error}" for error, count in Counter(place.errors()).most_common()]
    return Tally(database=place.kind, figures=figures, wrong=wrong, remarks=remarks)


def _passed(film: Film) -> int:
    clips = film.report["clips"] if film.report else []
    return sum(clip["verdict"] == "pass" for clip in clips)


def _first_work(life: Life, past: Past) -> float | None:
    """Seconds from its start to the first work of anybody: workers that start together share what there is to do. None
    when it was struck before."""
    ends = [at - life.started_at for at, kind, number in past.strikes if number == life.number and kind.hits_process]
    seconds = [
        other.started_at + other.worked_after_seconds - life.started_at
        for other in past.lives
        if other.worked_after_seconds is not None
    ]
    first = min((s for s in seconds if s >= 0), default=None)
    return first if first is not None and first <= min(ends, default=first) else None


def _late(past: Past, limit_seconds: float) -> list[str]:
    """Lives that had something to do, and whose first work came late or not at all though they lived long enough."""
    late = []
    for life in past.lives:
        first = _first_work(life, past)
        ends = [at for at, kind, number in past.strikes if number == life.number and kind.hits_process]
        lived = min(ends, default=life.started_at) - life.started_at
        if not life.has_due or max(first or 0.0, lived if first is None else 0.0) <= limit_seconds:
            continue
        spent = f"{life.worked_after_cpu_seconds:.1f} s of CPU, load {life.load:.1f} on {os.cpu_count()} cores"
        worked = f"no work in {lived:.1f} s" if first is None else f"its first work after {first:.1f} s ({spent})"
        late.append(f"life {life.number} ({life.role}) did {worked}")
    return late


def _takeovers(past: Past, requests: list[dict[str, Any]]) -> list[float]:
    """For every generation that a worker looked after when it was killed or frozen, and had not fetched: how long until
    another one asked for it. Counted where one was there to take it over: up before, and not struck meanwhile."""
    seconds = []
    ends = [(at, key_of(number)) for at, kind, number in past.strikes if kind in (Kind.KILL, Kind.FREEZE)]
    for died_at, key in ends:
        paths = {r["path"] for r in requests if r["key"] == key and r["at"] <= died_at and r["path"].count("/") == 3}
        for path in paths:
            asked = [r for r in requests if r["path"] == path]
            before = [r for r in asked if r["at"] <= died_at]
            after = [r for r in asked if r["at"] > died_at and r["key"] != key]
            is_fetched = any(r["path"] == f"{path}/content" and r["at"] <= died_at for r in requests)
            if before[-1]["key"] == key and after and not is_fetched:
                taken_at = after[0]["at"]
                if any(_is_well(life, past, died_at, taken_at) for life in past.lives if life.key != key):
                    seconds.append(taken_at - died_at)
    return seconds


def _is_well(life: Life, past: Past, since: float, until: float) -> bool:
    """Whether the process was up by ``since``, and neither it nor what all of them need was struck until ``until``."""
    if life.up_at is None or life.up_at > since:
        return False
    around = (since - _LONGEST_FREEZE_SECONDS, until)
    return not any(
        around[0] <= at <= around[1] and (number == life.number or kind in (Kind.DATABASE, Kind.DISK))
        for at, kind, number in past.strikes
    ) and not any(number == life.number and kind.hits_process and at < since for at, kind, number in past.strikes)


def _middle(values: list[float]) -> float:
    return round(statistics.median(values), 2) if values else 0.0


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} x {name}" for name, count in value.items()) or "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
