"""How well it goes, from real rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from orchestrator.db import statistics
from orchestrator.db.models import utc_now
from orchestrator.db.session import Session
from orchestrator.db.statistics import Window
from orchestrator.schema.statistics import (
    ENOUGH_FOR_A_RATE,
    FIRST_PASS_TARGET,
    RETRIES_TARGET,
    SATISFACTION_TARGET,
    SECONDS_PER_FILM_MINUTE_TARGET,
    Failures,
    Figure,
    Metrics,
    Trends,
    WeekPasses,
    WeekSpend,
)
from orchestrator.views.base import Reads

WEEKS, WEEKS_AT_MOST = 12, 52


class StatisticsReads(Reads):
    """How well it goes, from real rows."""

    def metrics(self, *, days: int | None = None) -> Metrics:
        """The success metrics of the newest ``days`` days against the same time before, or of all time."""
        now = utc_now()
        with self._database.read() as session:
            if days is None:
                return self._measure(session, Window(None, now), None, days=None)
            since = now - timedelta(days=days)
            return self._measure(session, Window(since, now), Window(since - timedelta(days=days), since), days=days)

    def _measure(self, session: Session, window: Window, before: Window | None, *, days: int | None) -> Metrics:
        now = self._numbers(session, window)
        then = self._numbers(session, before) if before else None

        def figure(name: str, target: float | None = None, *, is_more_better: bool = False) -> Figure:
            value, sample = now[name]
            past = then[name][0] if then else None
            return Figure(value=value, sample=sample, before=past, target=target, is_more_better=is_more_better)

        return Metrics(
            days=days,
            first_pass_rate=figure("first_pass_rate", FIRST_PASS_TARGET, is_more_better=True),
            retries_per_clip=figure("retries_per_clip", RETRIES_TARGET),
            seconds_per_film_minute=figure("pace", SECONDS_PER_FILM_MINUTE_TARGET),
            cost_per_accepted_second=figure("cost_per_second"),
            satisfaction=figure("satisfaction", SATISFACTION_TARGET, is_more_better=True),
            spend=figure("spend"),
        )

    def _numbers(self, session: Session, window: Window) -> dict[str, tuple[float | None, int]]:
        """Of each metric its value and on how many it rests."""
        clips, passed, retries = statistics.first_takes(session, window, is_sqlite=self._database.is_sqlite)
        films, pace = statistics.pace(session, window, is_sqlite=self._database.is_sqlite)
        accepted, seconds = statistics.accepted_seconds(session, window)
        ratings, stars = statistics.satisfaction(session, window)
        takes, usd = statistics.spend(session, window)
        return {
            "first_pass_rate": (passed / clips if clips >= ENOUGH_FOR_A_RATE else None, clips),
            "retries_per_clip": (retries / clips if clips else None, clips),
            "pace": (pace, films),
            "cost_per_second": (usd / seconds if seconds else None, accepted),
            "satisfaction": (stars, ratings),
            "spend": (round(usd, 4), takes),
        }

    def trends(self, *, days: int | None = None) -> Trends:
        """Weeks for charts: the last twelve, or for all time (``days`` None) as many as there are, up to a year. Why
        takes fail is counted over the newest ``days`` days."""
        now, is_sqlite = utc_now(), self._database.is_sqlite
        with self._database.read() as session:
            first = statistics.first_day(session, is_sqlite=is_sqlite) if days is None else None
            mondays = weeks_until(now.date(), first=first)
            window = Window(datetime.combine(mondays[0], time(), UTC), now)
            since = None if days is None else now - timedelta(days=days)
            takes, by_check, not_delivered = statistics.failures(session, Window(since, now))
            return Trends(
                mondays=mondays,
                passes=by_week(statistics.first_takes_by_day(session, window, is_sqlite=is_sqlite)),
                spend=spend_by_week(statistics.spend_by_day(session, window, is_sqlite=is_sqlite)),
                failures=Failures(takes=takes, by_check=by_check, not_delivered=not_delivered),
            )


def weeks_until(today: date, *, first: date | None = None) -> tuple[date, ...]:
    """The mondays up to this week's: twelve, or more if ``first`` lies before them, up to a year. Pure."""
    last = monday_of(today)
    wanted = WEEKS if first is None else (last - monday_of(first)).days // 7 + 1
    number = min(max(WEEKS, wanted), WEEKS_AT_MOST)
    return tuple(last - timedelta(weeks=back) for back in reversed(range(number)))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def by_week(rows: Iterable[tuple[date, str, int, int]]) -> tuple[WeekPasses, ...]:
    """(day, provider, takes, passed) added up by week. Pure."""
    takes: Counter[tuple[date, str]] = Counter()
    passed: Counter[tuple[date, str]] = Counter()
    for day, provider, made, good in rows:
        takes[monday_of(day), provider] += made
        passed[monday_of(day), provider] += good
    return tuple(
        WeekPasses(monday=monday, provider=provider, takes=takes[monday, provider], passed=passed[monday, provider])
        for monday, provider in sorted(takes)
    )


def spend_by_week(rows: Sequence[tuple[date, str, float]]) -> tuple[WeekSpend, ...]:
    """(day, provider, US dollars) added up by week. Pure."""
    found: dict[tuple[date, str], float] = {}
    for day, provider, usd in rows:
        week = (monday_of(day), provider)
        found[week] = found.get(week, 0.0) + usd
    return tuple(
        WeekSpend(monday=monday, provider=provider, cost_usd=round(usd, 4))
        for (monday, provider), usd in sorted(found.items())
    )
