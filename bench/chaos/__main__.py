"""``python -m bench.chaos``: strike, count, print. Ends with 1 when a promise was broken."""

from __future__ import annotations

import argparse
import json
import sys

from bench.chaos.arena import Arena
from bench.chaos.place import Place
from bench.chaos.provider import Provider
from bench.chaos.tally import Tally, tally

_PEACE_SECONDS = 600.0
# The engine's promise on Postgres; on SQLite the lock is let go of at once, and a freeze is only a pause.
_TAKEOVER_SECONDS = {"sqlite": 4.0, "postgres": 15.0}


def run(asked: argparse.Namespace) -> Tally:
    workers = asked.workers if asked.database == "postgres" else 1
    with Place(asked.database, is_kept=asked.keep) as place:
        provider = Provider(place.folder / "provider")
        provider.start()
        arena = Arena(
            place,
            provider,
            seed=asked.seed,
            workers=workers,
            films_at_once=asked.films,
            clips=(asked.clips, max(asked.clips, min(2 * asked.clips, 6))),
            takeover_seconds=_TAKEOVER_SECONDS[asked.database],
        )
        print(f"Everything happens in {place.folder}", file=sys.stderr)
        try:
            provider.misbehave(asked.seed)
            arena.run(kills=asked.kills, peace_seconds=_PEACE_SECONDS)
            return tally(place, provider, arena.past, arena.films, first_work_seconds=asked.first_work_seconds)
        finally:
            provider.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.chaos", description="Strike the app while it makes films, and count.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=3, help="on Postgres")
    parser.add_argument("--films", type=int, default=3, help="how many are in flight at once")
    parser.add_argument("--clips", type=int, default=3, help="of the shortest film; the longest has twice as many")
    parser.add_argument("--first-work-seconds", type=float, default=5.0, help="more is too late")
    parser.add_argument("--keep", action="store_true", help="leave the folder with all logs and journals")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    asked = parser.parse_args()
    result = run(asked)
    print(json.dumps(result.as_json(), indent=2) if asked.json else result.as_table())
    sys.exit(1 if result.wrong else 0)


if __name__ == "__main__":
    main()
