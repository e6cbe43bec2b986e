"""A provider is asked no faster than it likes and left alone while it is down; what it sells passes through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from providers.base import (
    Account,
    AudioSupport,
    BrokenContent,
    ContentRejected,
    CreateClipInput,
    Generation,
    GenerationStatus,
    OutcomeUnknown,
    ProviderProfile,
    RateLimited,
    RemixClipInput,
    Unavailable,
    VideoProvider,
)
from providers.patience import (
    FAILURES_TO_OPEN,
    FIRST_REST_SECONDS,
    LONGEST_REST_SECONDS,
    LONGEST_WAIT_SECONDS,
    PROBE_SECONDS,
    WAITED_HERE_SECONDS,
    CircuitBreaker,
    OwnTurns,
    Pace,
    PatientProvider,
)


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- the circuit breaker ---


def open_breaker(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.admit() == 0
        breaker.note_failure()
    return breaker


def test_nobody_is_admitted_while_the_provider_rests_and_the_wait_is_told() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    assert breaker.admit() == FIRST_REST_SECONDS
    clock.now += FIRST_REST_SECONDS - 0.5
    assert breaker.admit() == 0.5


def test_one_caller_tries_after_the_rest_and_the_others_wait_for_it() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now += FIRST_REST_SECONDS
    assert breaker.admit() == 0
    assert breaker.admit() == PROBE_SECONDS
    clock.now += PROBE_SECONDS
    assert breaker.admit() == 0, "the first was never heard of again"


def test_rests_double_up_to_the_longest_when_every_try_is_vain() -> None:
    clock = Clock()
    breaker, rests = open_breaker(clock), []
    for _ in range(6):
        rests.append(breaker.admit())
        clock.now += rests[-1]
        assert breaker.admit() == 0
        breaker.note_failure()
    assert rests == [30, 60, 120, 240, 300, 300]


def test_calls_that_were_under_way_when_the_rest_began_do_not_lengthen_it() -> None:
    """Many takes are asked after at once: all of them fail together when the provider goes down."""
    clock = Clock()
    breaker = open_breaker(clock)
    for _ in range(20):
        breaker.note_failure()
    assert breaker.admit() == FIRST_REST_SECONDS


def test_an_answer_ends_the_rest_and_the_count_begins_anew() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now += FIRST_REST_SECONDS
    breaker.admit()
    breaker.note_failure()
    clock.now += 2 * FIRST_REST_SECONDS
    assert breaker.admit() == 0
    breaker.note_answer()
    for _ in range(FAILURES_TO_OPEN - 1):
        assert breaker.admit() == 0
        breaker.note_failure()
    assert breaker.admit() == 0, "not enough failures in a row"
    breaker.note_failure()
    assert breaker.admit() == FIRST_REST_SECONDS, "long rests are forgotten"


class Breaker(RuleBasedStateMachine):
    """Whatever happens in whatever order, told from the outside: when nobody may ask, and for how long."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = CircuitBreaker(self.clock)
        self.in_a_row = 0
        self.vain_tries = 0
        self.is_tried = False
        self.shut_until = 0.0

    @property
    def is_open(self) -> bool:
        return self.in_a_row >= FAILURES_TO_OPEN

    @rule(seconds=st.sampled_from([0.1, 1.0, 29.0, 30.0, 45.0, 90.0, 250.0, 300.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def someone_asks(self) -> None:
        wait = self.breaker.admit()
        if self.is_open and self.clock.now < self.shut_until:
            assert wait == pytest.approx(self.shut_until - self.clock.now)
            assert 0 < wait <= max(LONGEST_REST_SECONDS, PROBE_SECONDS)
        else:
            assert wait == 0
            if self.is_open:
                self.is_tried, self.shut_until = True, self.clock.now + PROBE_SECONDS

    @rule()
    def an_answer_comes(self) -> None:
        self.breaker.note_answer()
        self.in_a_row, self.vain_tries, self.is_tried = 0, 0, False

    @rule()
    def a_call_fails(self) -> None:
        self.breaker.note_failure()
        self.in_a_row += 1
        if self.is_tried:
            self.vain_tries += 1
        if self.is_tried or self.in_a_row == FAILURES_TO_OPEN:
            rest = min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS * 2**self.vain_tries)
            self.is_tried, self.shut_until = False, self.clock.now + rest

    @precondition(lambda self: not self.is_open)
    @rule()
    def everybody_may_ask(self) -> None:
        assert [self.breaker.admit() for _ in range(3)] == [0, 0, 0]

    @invariant()
    def failures_are_counted(self) -> None:
        assert self.breaker.failures == self.in_a_row


TestBreaker = Breaker.TestCase
TestBreaker.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# --- turns ---


@given(
    requests_per_minute=st.integers(1, 300),
    pauses=st.lists(st.sampled_from([0.0] * 30 + [0.1, 1.0, 7.0, 20.0, 61.0, 500.0]), min_size=1, max_size=400),
)
@settings(max_examples=60, deadline=None)
def test_no_minute_has_more_calls_than_the_provider_likes(requests_per_minute: int, pauses: list[float]) -> None:
    clock = Clock()
    turns, made = OwnTurns(requests_per_minute, clock=clock), list[float]()
    for pause in pauses:
        clock.now += pause
        wait = turns.take()
        assert 0 <= wait <= LONGEST_WAIT_SECONDS
        if wait > LONGEST_WAIT_SECONDS - 60:
            return  # more callers than such a provider can have
        made.append(clock.now + wait)
    assert made == sorted(made), "whoever came first goes first"
    for first, next_too_many in zip(made, made[requests_per_minute:], strict=False):
        assert next_too_many - first > 60


@given(requests_per_minute=st.integers(1, 10_000))
def test_most_of_what_the_provider_likes_is_used_when_many_calls_wait(requests_per_minute: int) -> None:
    clock = Clock()
    turns = OwnTurns(requests_per_minute, clock=clock)
    waits = [turns.take() for _ in range(requests_per_minute)]
    assert waits[: max(1, requests_per_minute // 10)] == pytest.approx(
        [0.0] * max(1, requests_per_minute // 10), abs=1e-6
    )
    assert waits[-1] < 61


def test_nobody_waits_for_ever_when_a_shared_clock_is_set_back() -> None:
    assert Pace.of(60).next_due(1_000_000.0, now=0.0) == LONGEST_WAIT_SECONDS


# --- the patient provider ---


class Answering(VideoProvider):
    """``error``, when set, is what every call is answered with. ``calls`` names the calls that arrived."""

    endpoint = "http://127.0.0.1:9/v1"

    def __init__(self, *, requests_per_minute: int = 6000) -> None:
        self.profile = ProviderProfile(
            name="answering",
            title="Answering",
            models=("one",),
            durations_seconds=(4,),
            sizes=("320x180",),
            prompt_limit_characters=100,
            audio=AudioSupport.NATIVE,
            requests_per_minute=requests_per_minute,
            cost_usd_per_second={"one": 0.1},
        )
        self.error: Exception | None = None
        self.calls: list[str] = []
        self.is_closed = False

    def _answer(self, call: str) -> Generation:
        self.calls.append(call)
        if self.error:
            raise self.error
        return Generation(id="1", status=GenerationStatus.QUEUED)

    async def create_clip(self, request: CreateClipInput) -> Generation:
        return self._answer("create")

    async def remix_clip(self, request: RemixClipInput) -> Generation:
        return self._answer("remix")

    async def get_generation(self, generation_id: str) -> Generation:
        return self._answer("get")

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        return self._answer("find")

    async def download_content(self, generation: Generation, destination: Path) -> Path:
        self._answer("download")
        return destination

    async def cancel(self, generation_id: str) -> bool:
        return bool(self._answer("cancel"))

    async def check_account(self) -> Account:
        self._answer("check")
        return Account(note="here")

    async def aclose(self) -> None:
        self.is_closed = True


REQUEST = CreateClipInput(key="k", prompt="A bay", model="one", seconds=4, size="320x180")
REMIX = RemixClipInput(**REQUEST.model_dump(), source_generation_id="1")
DONE = Generation(id="1", status=GenerationStatus.COMPLETED)

ASKS: dict[str, Callable[[VideoProvider], Any]] = {
    "create": lambda p: p.create_clip(REQUEST),
    "remix": lambda p: p.remix_clip(REMIX),
    "get": lambda p: p.get_generation("1"),
    "find": lambda p: p.find_generation(REQUEST, created_after=datetime.now(UTC), claimed=()),
    "cancel": lambda p: p.cancel("1"),
    "check": lambda p: p.check_account(),
}


async def take_down(inner: Answering, patient: PatientProvider) -> None:
    inner.error = Unavailable("down")
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(Unavailable, match="down"):
            await patient.get_generation("1")
    inner.calls.clear()


@pytest.mark.parametrize("ask", ASKS)
async def test_every_call_reaches_the_provider_once_and_its_answer_comes_back(ask: str) -> None:
    inner = Answering()
    patient = PatientProvider(inner)
    await patient.ready()
    assert await ASKS[ask](patient)
    assert inner.calls == [ask]


async def test_profile_endpoint_and_end_pass_through() -> None:
    inner = Answering()
    patient = PatientProvider(inner)
    assert patient.profile is inner.profile
    assert patient.endpoint == inner.endpoint
    assert (await patient.check_account()).note == "here"
    assert await patient.download_content(DONE, Path("take.mp4")) == Path("take.mp4")
    await patient.aclose()
    assert inner.is_closed


@pytest.mark.parametrize("ask", ASKS)
async def test_each_call_that_fails_counts_and_so_the_provider_is_left_alone(ask: str) -> None:
    clock, inner = Clock(), Answering()
    patient = PatientProvider(inner, clock=clock)
    inner.error = OutcomeUnknown() if ask in ("create", "remix") else Unavailable()
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(type(inner.error)):
            await ASKS[ask](patient)
    with pytest.raises(Unavailable, match="failed 5 times in a row; it is asked again in 30 s") as refusal:
        await patient.ready()
    assert refusal.value.retry_after_seconds == FIRST_REST_SECONDS


@pytest.mark.parametrize("ask", ["get", "find", "cancel"])
async def test_nothing_is_asked_while_the_provider_rests(ask: str) -> None:
    clock, inner = Clock(), Answering()
    patient = PatientProvider(inner, clock=clock)
    await take_down(inner, patient)
    with pytest.raises(Unavailable) as refusal:
        await ASKS[ask](patient)
    assert refusal.value.retry_after_seconds == FIRST_REST_SECONDS
    assert inner.calls == []


async def test_one_create_tries_after_the_rest_and_its_answer_lets_the_others_in() -> None:
    clock, inner = Clock(), Answering()
    patient = PatientProvider(inner, clock=clock)
    await take_down(inner, patient)
    clock.now += FIRST_REST_SECONDS
    await patient.ready()
    with pytest.raises(Unavailable):
        await patient.ready()
    inner.error = None
    await patient.create_clip(REQUEST)
    await patient.ready()
    await patient.get_generation("1")
    assert inner.calls == ["create", "get"]


@pytest.mark.parametrize("error", [ContentRejected("no"), RateLimited("slow", retry_after_seconds=1), BrokenContent()])
async def test_a_refusal_is_an_answer_and_not_a_failure(error: Exception) -> None:
    clock, inner = Clock(), Answering()
    patient = PatientProvider(inner, clock=clock)
    inner.error = Unavailable()
    for _ in range(FAILURES_TO_OPEN - 1):
        with pytest.raises(Unavailable):
            await patient.get_generation("1")
    inner.error = error
    with pytest.raises(type(error)):
        await patient.get_generation("1")
    inner.error = Unavailable()
    with pytest.raises(Unavailable):
        await patient.get_generation("1")
    await patient.ready()  # the count began anew


async def test_faults_of_downloads_say_nothing_about_the_provider() -> None:
    inner = Answering()
    patient = PatientProvider(inner, clock=Clock())
    inner.error = Unavailable("the other host is down")
    for _ in range(2 * FAILURES_TO_OPEN):
        with pytest.raises(Unavailable, match="the other host"):
            await patient.download_content(DONE, Path("take.mp4"))
    await patient.ready()


async def test_a_download_goes_on_while_the_provider_rests() -> None:
    inner = Answering()
    patient = PatientProvider(inner, clock=Clock())
    await take_down(inner, patient)
    inner.error = None
    assert await patient.download_content(DONE, Path("take.mp4"))
    with pytest.raises(Unavailable):
        await patient.ready()


async def test_creates_wait_as_long_as_the_provider_asked_for() -> None:
    inner = Answering()
    patient = PatientProvider(inner)
    inner.error = RateLimited("slow", retry_after_seconds=0.5)
    with pytest.raises(RateLimited, match="slow"):
        await patient.create_clip(REQUEST)
    began = time.monotonic()
    inner.error = None
    await patient.get_generation("1")
    assert time.monotonic() - began < 0.45, "looking after what is under way is not held"
    await patient.ready()
    assert time.monotonic() - began >= 0.49


async def test_a_wait_that_was_prolonged_meanwhile_is_waited_out() -> None:
    inner = Answering()
    patient = PatientProvider(inner)
    inner.error = RateLimited("slow", retry_after_seconds=0.1)
    with pytest.raises(RateLimited):
        await patient.create_clip(REQUEST)
    began = time.monotonic()
    waiting = asyncio.create_task(patient.ready())
    await asyncio.sleep(0.05)
    inner.error = RateLimited("slower", retry_after_seconds=0.3)
    with pytest.raises(RateLimited):
        await patient.remix_clip(REMIX)
    await waiting
    assert time.monotonic() - began >= 0.34


async def test_a_long_wait_is_said_instead_of_waited_out() -> None:
    clock, inner = Clock(), Answering()
    patient = PatientProvider(inner, clock=clock)
    inner.error = RateLimited("slow", retry_after_seconds=WAITED_HERE_SECONDS + 45)
    with pytest.raises(RateLimited):
        await patient.create_clip(REQUEST)
    clock.now += 20
    with pytest.raises(RateLimited, match="asked us to wait; 40 s are left") as refusal:
        await patient.ready()
    assert refusal.value.retry_after_seconds == pytest.approx(WAITED_HERE_SECONDS + 25)
    clock.now += 40
    await patient.ready()
    assert inner.calls == ["create"], "being ready asks nothing"


async def test_a_shorter_wait_asked_for_later_does_not_shorten_a_longer_one() -> None:
    clock, inner = Clock(), Answering()
    patient = PatientProvider(inner, clock=clock)
    for seconds in (60.0, 1.0):
        inner.error = RateLimited("slow", retry_after_seconds=seconds)
        with pytest.raises(RateLimited):
            await patient.create_clip(REQUEST)
    with pytest.raises(RateLimited) as refusal:
        await patient.ready()
    assert refusal.value.retry_after_seconds == 60


async def test_calls_are_spread_when_more_are_wanted_than_the_provider_likes() -> None:
    """600 a minute: 60 at once, then one every 100 ms, creates and looks together."""
    patient = PatientProvider(Answering(requests_per_minute=600))
    began = time.monotonic()
    await asyncio.gather(*(patient.ready() for _ in range(30)), *(patient.get_generation("1") for _ in range(35)))
    assert 0.45 <= time.monotonic() - began < 4
