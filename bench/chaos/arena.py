"""One run: films kept in flight and struck until enough was struck, then left in peace until all are done."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.films import Film, draw_lines
from bench.chaos.lives import Life, begin
from bench.chaos.place import Place
from bench.chaos.provider import Provider
from bench.chaos.strikes import Kind, Strike, draw_strike

_TICK_SECONDS = 0.05
_APP_SHARE = 0.3
# How long a process takes to come up where nothing else is going on.
_BOOT_SECONDS = 2.5
_CLIENT_KILL_EVERY_SECONDS = (15, 40)
# Asked again so often, a user gives up.
_MAX_REFUSALS = 6
# Not every worker has something to do; it is struck all the same after so long.
_IDLE_SECONDS = 12.0
_EXCUSED_SECONDS = 15.0
# Where everything goes wrong there is no use in going on.
_MAX_PROBLEMS = 10


@dataclass
class Slot:
    """A place for one executor. ``strike`` is what comes next, at ``due_at`` once that is known."""

    index: int
    life: Life | None = None
    strike: Strike | None = None
    due_at: float | None = None
    back_at: float = 0.0
    thaw_at: float = 0.0


@dataclass
class Past:
    """What happened, for the tally."""

    lives: list[Life] = field(default_factory=list)
    strikes: list[tuple[float, Kind, int]] = field(default_factory=list)
    client_kills: int = 0
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    wall_seconds: float = 0.0
    peace_seconds: float = 0.0

    def count(self, kind: Kind) -> int:
        return sum(1 for _, struck, _ in self.strikes if struck is kind)

    @property
    def kills(self) -> int:
        return sum(1 for _, kind, _ in self.strikes if kind.hits_process) + self.client_kills


class Arena:
    def __init__(
        self,
        place: Place,
        provider: Provider,
        *,
        seed: int,
        workers: int,
        films_at_once: int,
        clips: tuple[int, int],
        takeover_seconds: float,
    ) -> None:
        self._place, self._provider = place, provider
        self._dice = random.Random(seed)
        self._slots = [Slot(index) for index in range(workers)]
        self._films_at_once, self._clips = films_at_once, clips
        self._takeover_seconds = takeover_seconds
        self._possible = set(Kind) - set(place.not_possible)
        self._read_to = 0
        self._started = time.monotonic()
        self._away_at = 0.0
        self._next_client_kill = time.monotonic() + self._dice.uniform(*_CLIENT_KILL_EVERY_SECONDS)
        self._has_begun = self._is_peace = False
        # On a busy machine everything takes longer, and what is struck would never get anywhere.
        self._pace = 1.0
        self.films: list[Film] = []
        self.past = Past()

    def run(self, *, kills: int, peace_seconds: float) -> None:
        """Returns when all films are done, or ``peace_seconds`` after the last strike. Leaves no process behind."""
        try:
            while self.past.kills < kills and len(self.past.problems) < _MAX_PROBLEMS:
                self._tick()
            self._say("No more strikes.")
            self._is_peace, calm = True, time.monotonic()
            self._provider.behave()
            while any(map(_is_open, self.films)):
                if time.monotonic() - calm > peace_seconds:
                    self.past.problems.append(f"not all films were done after {peace_seconds:.0f} s of peace")
                    break
                self._tick()
            self.past.peace_seconds = time.monotonic() - calm
        finally:
            self._end()
            self.past.wall_seconds = time.monotonic() - self._started

    def _tick(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            self._attend(slot, now)
        self._attend_films(now)
        self._watch()
        time.sleep(_TICK_SECONDS)

    # --- the executors ---

    def _attend(self, slot: Slot, now: float) -> None:
        life = slot.life
        if life is None:
            if now >= slot.back_at:
                self._begin(slot, now)
        elif slot.thaw_at:
            if now >= slot.thaw_at or self._is_peace:
                life.thaw()
                slot.thaw_at = 0.0
                self._plan(slot, now)
        elif life.process.poll() is not None:
            said = life.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            told = f"life {life.number} ({life.role}) ended by itself: {''.join(said)}"
            # To end with that reason is right for a process that starts while the database is away.
            is_excused = time.time() - self._away_at < _EXCUSED_SECONDS and "database" in told.lower()
            (self.past.remarks if is_excused else self.past.problems).append(told)
            slot.life, slot.back_at = None, now + 0.5
        elif slot.strike is not None and not self._is_peace:
            is_idle = life.worked_after_seconds is None and time.time() - (life.up_at or time.time()) < _IDLE_SECONDS
            if slot.due_at is None and not is_idle:
                slot.due_at = now + slot.strike.after_seconds * self._pace
            if slot.due_at is not None and now >= slot.due_at:
                self._strike(slot, life, slot.strike)

    def _begin(self, slot: Slot, now: float) -> None:
        role = "app" if self._place.kind == "sqlite" and self._dice.random() < _APP_SHARE else "worker"
        self._plan(slot, now)
        slot.life = begin(
            len(self.past.lives) + 1,
            role=role,
            environment=self._place.environment(self._provider.base_url, slot=slot.index),
            folder=self._place.folder / "lives",
            clock=self._place.clock if slot.strike is not None and slot.strike.kind is Kind.CLOCK else None,
            has_due=not self._is_anybody_up() and self._place.has_due(),
        )
        self.past.lives.append(slot.life)

    def _plan(self, slot: Slot, now: float) -> None:
        possible = self._possible - ({Kind.CLOCK} if slot.life else set())  # a clock is faked from the start or never
        slot.strike = draw_strike(
            self._dice, database=self._place.kind, possible=possible, takeover_seconds=self._takeover_seconds
        )
        is_early = slot.strike.is_early and self._has_begun
        slot.due_at = now + slot.strike.after_seconds * self._pace if is_early else None

    def _strike(self, slot: Slot, life: Life, strike: Strike) -> None:
        self.past.strikes.append((time.time(), strike.kind, life.number))
        if strike.kind in (Kind.FREEZE, Kind.DISK, Kind.DATABASE):
            for other in self._living():
                other.has_due = other.has_due and other.worked_after_seconds is not None  # it is kept from working
        age = time.time() - life.started_at
        self._say(f"{self.past.kills:4d}  {strike.kind}: life {life.number} ({life.role}), {age:.1f} s old")
        match strike.kind:
            case Kind.KILL | Kind.TERM:
                if strike.kind is Kind.KILL:
                    life.kill()
                elif not life.terminate():
                    self.past.problems.append(f"life {life.number} ({life.role}) did not stop when asked to")
                slot.life, slot.back_at = None, time.monotonic() + strike.down_seconds
                return
            case Kind.CUT:
                self._cut(strike)
                return
            case Kind.FREEZE:
                life.freeze()
                slot.thaw_at = time.monotonic() + strike.lasts_seconds
                return
            case Kind.CLOCK:
                life.set_clock(strike.jump_seconds)
            case Kind.DISK:
                with self._place.full_disk():
                    self._wait(strike.lasts_seconds)
            case Kind.DATABASE:
                with self._place.stopped_database(is_crash=strike.is_crash):
                    self._wait(strike.lasts_seconds)
                self._away_at = time.time()
        self._plan(slot, time.monotonic())

    def _cut(self, strike: Strike) -> None:
        """Power fails for all of them; the first to be struck is already noted."""
        for slot in self._slots:
            if slot.life is not None:
                if slot.strike is not strike:
                    self.past.strikes.append((time.time(), Kind.CUT, slot.life.number))
                slot.life.kill()
            slot.life, slot.thaw_at = None, 0.0
            slot.back_at = time.monotonic() + min(strike.down_seconds, 1.0)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._watch()
            time.sleep(_TICK_SECONDS)

    # --- the films ---

    def _attend_films(self, now: float) -> None:
        environment = self._place.environment(self._provider.base_url, slot=None)
        for film in self.films:
            if film.look():
                film.again_at = now + 1.0
                self._say(f"      film {film.number}: {'done' if film.report else (film.refusals or ['killed'])[-1]}")
            if film.process is None and _is_open(film) and now >= film.again_at:
                film.ask(environment)
        under_way = [film for film in self.films if _is_open(film)]
        if len(under_way) < self._films_at_once and not self._is_peace:
            fewest, most = self._clips
            lines = draw_lines(self._dice, fewest=fewest, most=most)
            film = Film(number=len(self.films) + 1, lines=lines, folder=self._place.folder / "films")
            self.films.append(film)
            film.ask(environment)
        if now >= self._next_client_kill and not self._is_peace:
            self._next_client_kill = now + self._dice.uniform(*_CLIENT_KILL_EVERY_SECONDS) * self._pace
            if clients := [film for film in under_way if film.process is not None]:
                film = self._dice.choice(clients)
                assert film.process is not None
                film.process.kill()
                self.past.client_kills += 1
                self._say(f"{self.past.kills:4d}  kill -9: the command that asked for film {film.number}")

    # --- signs of work ---

    def _watch(self) -> None:
        idle = {life.key: life for life in self._living() if life.worked_after_seconds is None}
        for request in self._new_requests():
            self._has_begun = True
            if life := idle.pop(request["key"], None):
                life.note_work(at=request["at"])
        for life in idle.values():
            life.look()
        boots = [life.up_at - life.started_at for life in self.past.lives[-5:] if life.up_at is not None]
        self._pace = max(1.0, statistics.median(boots) / _BOOT_SECONDS) if boots else self._pace

    def _is_anybody_up(self) -> bool:
        return any(slot.life is not None and not slot.thaw_at for slot in self._slots)

    def _living(self) -> list[Life]:
        return [slot.life for slot in self._slots if slot.life is not None]

    def _new_requests(self) -> list[dict[str, Any]]:
        path = self._provider.requests_path
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(self._read_to)
            lines = file.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        self._read_to += sum(map(len, whole))
        return [json.loads(line) for line in whole]

    def _end(self) -> None:
        for life in self._living():
            life.thaw()
            if not life.terminate():
                self.past.problems.append(f"life {life.number} ({life.role}) did not stop at the end")
        for film in self.films:
            if film.process is not None:
                film.process.kill()
                film.process.wait()

    def _say(self, line: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f}  {line}", file=sys.stderr, flush=True)


def _is_open(film: Film) -> bool:
    return film.report is None and len(film.refusals) < _MAX_REFUSALS
