"""``python -m bench.assessor``: make the set, assess it, print what the verdicts are worth."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
from pathlib import Path

from bench.assessor.counting import as_json, as_table
from bench.assessor.labels import BadSet, Label, read_labels
from bench.assessor.running import CACHE, Run, run_set
from bench.assessor.speed import measure_speed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.assessor", description=__doc__)
    parser.add_argument("--set", type=Path, dest="folder", help="a labelled set of your own (see README.md)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth clip")
    parser.add_argument("--only", default="", metavar="WORD", help="only clips whose file, defect or kind holds it")
    parser.add_argument("--maker", default="", help="only clips of this maker")
    parser.add_argument("--workers", type=int, default=2, help="clips at once")
    parser.add_argument("--fresh", action="store_true", help="assess again what this code has assessed already")
    parser.add_argument("--make", action="store_true", help="only make the clips")
    parser.add_argument("--speed", action="store_true", help="measure time and memory instead of verdicts")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    asked = parser.parse_args()
    try:
        if asked.speed:
            told = asyncio.run(measure_speed())
            print(json.dumps(told.as_json(), indent=2) if asked.json else told.as_table())
            sys.exit(0 if told.is_kept else 1)
        folder = asked.folder or _made(asked.workers)
        if asked.make:
            return
        labels = _choose(read_labels(folder), asked)
        run = asyncio.run(run_set(folder, labels, workers=asked.workers, is_fresh=asked.fresh))
    except BadSet as error:
        sys.exit(str(error))
    print(json.dumps(_as_json(run), indent=2) if asked.json else f"{as_table(run.outcomes)}\n\n{_cost(run)}")


def _made(workers: int) -> Path:
    from bench.assessor.making import make_set

    return make_set(CACHE / "assessor", workers=workers)


def _choose(labels: list[Label], asked: argparse.Namespace) -> list[Label]:
    chosen = [
        label
        for label in labels
        if asked.maker in ("", label.maker) and (asked.only in label.file or asked.only in label.sort)
    ][:: asked.every]
    if not chosen:
        raise BadSet("no clip of the set is meant by that")
    return chosen


def _as_json(run: Run) -> dict[str, object]:
    cost = {"clips": run.fresh, "clip_seconds": run.clip_seconds, **dataclasses.asdict(run.toll)}
    return {**as_json(run.outcomes), "cost": cost}


def _cost(run: Run) -> str:
    if not run.fresh:
        return "All of it was assessed by this very code before; --fresh assesses again."
    toll, seconds = run.toll, run.clip_seconds
    return (
        f"{run.fresh} clips of {seconds:.0f} s took {toll.wall_seconds:.0f} s and {toll.cpu_seconds:.0f} s of CPU: "
        f"{toll.wall_seconds / seconds:.2f} and {toll.cpu_seconds / seconds:.2f} per second of clip, models warm. "
        f"Memory at most {toll.peak_mb:.0f} MB, {toll.own_mb:.0f} MB of it this process."
    )


if __name__ == "__main__":
    main()
