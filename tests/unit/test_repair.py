"""What happens after a take that did not pass, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.repair import MAX_WAITS, MAX_WAITS_WHEN_BUSY, decide, patches_of
from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Finding, Verdict
from orchestrator.schema.clip_run import RepairInstruction, RepairStrategy, RetryPolicy
from providers.base import AudioSupport, ProviderProfile

LINE = "Every film begins {here} as words."
PROFILE = ProviderProfile(
    name="first",
    title="First",
    models=("m",),
    durations_seconds=(4, 8, 12),
    sizes=("320x180",),
    prompt_limit_characters=2000,
    audio=AudioSupport.NATIVE,
    cost_usd_per_second={},
)
REMIXING = PROFILE.model_copy(update={"supports_remix": True})
CODES = (
    "rate_limited unavailable outcome_unknown needs_decision content_rejected invalid_request auth_failed retired "
    "quota_exhausted not_found budget_exceeded provider_error timeout"
)


def failed(
    *codes: str, check: CheckName = CheckName.TRANSCRIPT_MATCH, evidence: dict[str, object] | None = None
) -> Assessment:
    findings = tuple(Finding(code=code, message=f"Found {code}") for code in codes)
    result = CheckResult(status=CheckStatus.FAIL, score=0, findings=findings, evidence=evidence or {})
    return Assessment(verdict=Verdict.FAIL, score=0, weight_run=1, checks={check: result}, summary="Failed.")


def after(
    assessment: Assessment | None = None,
    *,
    error: str = "",
    attempt: int = 1,
    max_attempts: int = 3,
    profile: ProviderProfile = PROFILE,
    history: tuple[RepairInstruction, ...] = (),
    fallbacks: tuple[str, ...] = (),
    retry_after_seconds: float | None = None,
    jitter: float = 0.0,
) -> RepairInstruction | None:
    return decide(
        line=LINE,
        assessment=assessment,
        error_code=error,
        retry_after_seconds=retry_after_seconds,
        attempt=attempt,
        policy=RetryPolicy(max_attempts=max_attempts),
        profile=profile,
        history=history,
        fallbacks=fallbacks,
        jitter=jitter,
    )


def must(instruction: RepairInstruction | None) -> RepairInstruction:
    assert instruction is not None
    return instruction


def run_until_stopped(
    assessment: Assessment | None = None, *, error: str = "", limit: int = 60, **given: object
) -> list[RepairInstruction]:
    """The instructions given when every attempt ends the same way."""
    history: list[RepairInstruction] = []
    while len(history) < limit:
        instruction = must(
            after(assessment, error=error, attempt=len(history) + 1, history=tuple(history), **given)  # type: ignore[arg-type]
        )
        history.append(instruction)
        if not instruction.strategy.is_retry:
            return history
    raise AssertionError("never stops")


def strategies(instructions: list[RepairInstruction]) -> list[str]:
    return [i.strategy.value for i in instructions]


def test_nothing_follows_when_the_take_passed() -> None:
    assert after(Assessment(verdict=Verdict.PASS, weight_run=1, checks={})) is None


def test_a_person_decides_when_too_little_was_measured_and_is_told_what() -> None:
    unseen = CheckResult(status=CheckStatus.NOT_RUN, reason="no vision key")
    review = Assessment(verdict=Verdict.NEEDS_REVIEW, weight_run=0.3, checks={CheckName.VISUAL_REQUIREMENTS: unseen})
    instruction = must(after(review))
    assert instruction.strategy is RepairStrategy.NEEDS_HUMAN
    assert "visual requirements (no vision key)" in instruction.reason


def test_a_take_that_was_not_checked_is_never_accepted() -> None:
    assert must(after(None)).strategy is RepairStrategy.NEEDS_HUMAN


def test_wrong_words_are_answered_with_the_exact_line_and_the_words_by_name() -> None:
    diff = [["equal", "every", "every"], ["wrong", "film", "firm"], ["missing", "words", ""]]
    instruction = must(after(failed("wrong_words", evidence={"diff": diff})))
    assert instruction.strategy is RepairStrategy.PROMPT_PATCH
    assert instruction.patch == (
        f"Say exactly: “{LINE}”",
        "Say “film”, not “firm”.",
        "Do not leave out “words”.",
    )
    assert "Found wrong_words" in instruction.reason


@pytest.mark.parametrize(
    ("code", "check", "words"),
    [
        ("black", CheckName.NO_ARTIFACTS, "No black frames"),
        ("frozen", CheckName.NO_ARTIFACTS, "Keep the picture moving"),
        ("silent", CheckName.NO_ARTIFACTS, "clearly heard"),
        ("clipped_sound", CheckName.NO_ARTIFACTS, "without distortion"),
        ("wrong_length", CheckName.DURATION_OK, "fill the whole clip"),
        ("discontinuity", CheckName.CONTINUITY, "Match the clip before it"),
        ("new_kind", CheckName.NO_ARTIFACTS, "Put this right: Found new_kind."),
    ],
)
def test_each_finding_has_its_own_patch(code: str, check: CheckName, words: str) -> None:
    assert words in " ".join(must(after(failed(code, check=check))).patch)


def test_what_was_not_shown_is_asked_for_by_name() -> None:
    finding = Finding(code="not_shown", message="Not so: Do the stills of this take show: A red boat? (a blue boat)")
    check = CheckResult(status=CheckStatus.FAIL, score=0, findings=(finding,))
    assessment = Assessment(verdict=Verdict.FAIL, weight_run=1, checks={CheckName.VISUAL_REQUIREMENTS: check})
    assert must(after(assessment)).patch == ("Clearly show: A red boat.",)


def test_findings_of_passed_checks_are_left_alone_unless_they_are_vetoes() -> None:
    fine = CheckResult(status=CheckStatus.PASS, score=0.9, findings=(Finding(code="extra_words", message="Added a"),))
    assessment = failed("black", check=CheckName.NO_ARTIFACTS)
    assessment = assessment.model_copy(update={"checks": {**assessment.checks, CheckName.TRANSCRIPT_MATCH: fine}})
    assert not any("Say exactly" in line for line in must(after(assessment)).patch)
    vetoed = assessment.model_copy(update={"vetoes": ("extra_words",)})
    assert any("Say exactly" in line for line in must(after(vetoed)).patch)


def test_a_patch_that_did_not_help_is_followed_by_a_remix_then_another_provider_then_other_words() -> None:
    taken = run_until_stopped(failed("wrong_words"), profile=REMIXING, fallbacks=("second",), max_attempts=10)
    assert strategies(taken) == ["prompt_patch", "remix", "fallback", "prompt_patch", "remix", "give_up"]
    assert LINE in taken[1].remix_text
    assert taken[2].provider == "second"
    assert len(patches_of(taken)) == sum(len(i.patch) for i in taken)


def test_a_bad_picture_is_not_remixed() -> None:
    taken = run_until_stopped(failed("black", check=CheckName.NO_ARTIFACTS), profile=REMIXING, max_attempts=10)
    assert strategies(taken) == ["prompt_patch", "prompt_patch", "give_up"]


def test_a_new_fault_gets_its_own_patch_before_anything_else() -> None:
    first = must(after(failed("wrong_words"), profile=REMIXING))
    second = must(after(failed("black", check=CheckName.NO_ARTIFACTS), attempt=2, profile=REMIXING, history=(first,)))
    assert second.strategy is RepairStrategy.PROMPT_PATCH
    assert "No black frames" in second.patch[0]


def test_the_last_attempt_gives_up_and_says_what_failed() -> None:
    instruction = must(after(failed("wrong_words", "black"), attempt=3, fallbacks=("second",)))
    assert instruction.strategy is RepairStrategy.GIVE_UP
    assert instruction.reason == "No take passed in 3 tries. The last one: Found wrong_words; Found black."


def test_a_broken_file_is_asked_for_again_without_new_words() -> None:
    taken = run_until_stopped(failed("unreadable", check=CheckName.NO_ARTIFACTS), fallbacks=("second",))
    assert strategies(taken) == ["retry", "fallback", "give_up"]


@pytest.mark.parametrize("code", ["rate_limited", "unavailable"])
def test_a_busy_provider_is_waited_for_longer_each_time(code: str) -> None:
    taken = run_until_stopped(error=code)
    waits = MAX_WAITS_WHEN_BUSY if code == "rate_limited" else MAX_WAITS
    assert strategies(taken) == ["retry"] * waits + ["give_up"]
    assert [i.delay_seconds for i in taken[:-1]] == ([5, 10, 20, 40, 80, 160] + [300] * 6)[:waits]


def test_a_provider_that_stays_busy_is_left_for_another_after_two_waits() -> None:
    taken = run_until_stopped(error="unavailable", fallbacks=("second",))
    assert strategies(taken[:3]) == ["retry", "retry", "fallback"]


def test_a_provider_that_asks_for_patience_gets_more_of_it_than_one_that_is_down() -> None:
    taken = run_until_stopped(error="rate_limited", fallbacks=("second",))
    assert strategies(taken[:13]) == ["retry"] * 12 + ["fallback"]


def test_a_provider_that_refuses_unpaid_uses_up_no_attempt() -> None:
    taken = run_until_stopped(error="auth_failed", fallbacks=("second",), max_attempts=1)
    assert strategies(taken) == ["fallback", "give_up"]
    hop = must(after(error="auth_failed", fallbacks=("second",)))
    assert must(after(failed("wrong_words"), attempt=2, max_attempts=1, history=(hop,))).reason.startswith("No take")
    assert must(after(failed("wrong_words"), attempt=2, max_attempts=2, history=(hop,))).strategy.is_retry


def test_those_who_wait_for_the_same_provider_are_spread_out() -> None:
    waits = [must(after(error="rate_limited", jitter=jitter)).delay_seconds for jitter in (0.0, 0.5, 1.0)]
    assert waits[0] < waits[1] < waits[2] <= waits[0] * 1.3


def test_a_refusal_hops_only_with_gentler_words() -> None:
    taken = run_until_stopped(error="content_rejected", fallbacks=("second",), max_attempts=5)
    assert strategies(taken)[:3] == ["prompt_patch", "prompt_patch", "fallback"]


def test_the_wait_a_provider_asks_for_is_kept() -> None:
    assert must(after(error="rate_limited", retry_after_seconds=33)).delay_seconds == 33


def test_waiting_does_not_use_up_attempts() -> None:
    waits = tuple(run_until_stopped(error="unavailable")[:2])
    assert must(after(failed("wrong_words"), attempt=3, history=waits)).strategy is RepairStrategy.PROMPT_PATCH


@pytest.mark.parametrize("code", ["retired", "auth_failed", "quota_exhausted"])
def test_a_closed_provider_is_replaced_or_the_reason_says_what_to_do(code: str) -> None:
    moved = must(after(error=code, fallbacks=("first", "second")))
    assert (moved.strategy, moved.provider) == (RepairStrategy.FALLBACK_PROVIDER, "second")
    stopped = must(after(error=code))
    assert stopped.strategy is RepairStrategy.GIVE_UP
    assert "settings" in stopped.reason or "credit" in stopped.reason


def test_a_fallback_is_used_only_once() -> None:
    assert strategies(run_until_stopped(error="retired", fallbacks=("second",))) == ["fallback", "give_up"]


def test_a_refused_clip_is_asked_for_more_gently() -> None:
    taken = run_until_stopped(error="content_rejected", max_attempts=5)
    assert strategies(taken) == ["prompt_patch", "prompt_patch", "give_up"]
    assert taken[0].patch != taken[1].patch


@pytest.mark.parametrize("code", ["outcome_unknown", "needs_decision"])
def test_a_lost_answer_is_never_paid_for_blindly(code: str) -> None:
    assert must(after(error=code, fallbacks=("second",))).strategy is RepairStrategy.NEEDS_HUMAN


def test_a_link_that_must_not_be_followed_is_not_paid_for_again() -> None:
    assert must(after(error="unsafe_link", fallbacks=("second",))).strategy is RepairStrategy.GIVE_UP


def test_a_paid_take_that_is_not_known_any_more_is_not_paid_again_unasked() -> None:
    assert must(after(error="not_found", fallbacks=("second",))).strategy is RepairStrategy.NEEDS_HUMAN
    free = PROFILE.model_copy(update={"is_free": True})
    assert must(after(error="not_found", profile=free)).strategy is RepairStrategy.RETRY


def test_a_request_not_accepted_stops_with_the_reason() -> None:
    assert must(after(error="invalid_request")).strategy is RepairStrategy.GIVE_UP


def test_a_remix_not_accepted_is_made_anew() -> None:
    remix = RepairInstruction(strategy=RepairStrategy.REMIX, reason="r", remix_text="t")
    assert must(after(error="invalid_request", attempt=2, history=(remix,))).strategy is RepairStrategy.RETRY


def test_patches_stop_where_the_prompt_has_no_more_room() -> None:
    small = PROFILE.model_copy(update={"prompt_limit_characters": 200 + len(LINE)})
    assert must(after(failed("wrong_words"), profile=small)).strategy is RepairStrategy.GIVE_UP


@given(
    st.sampled_from([*CODES.split(), ""]),
    st.lists(st.sampled_from(["wrong_words", "silent", "black", "unreadable", "not_shown", "odd"]), max_size=3),
    st.integers(1, 10),
    st.booleans(),
    st.lists(st.sampled_from(["first", "second", "third"]), unique=True),
)
def test_repair_always_stops_within_its_bounds_and_gives_reasons(
    error: str, codes: list[str], max_attempts: int, remixes: bool, fallbacks: list[str]
) -> None:
    taken = run_until_stopped(
        None if error else failed(*codes),
        error=error,
        max_attempts=max_attempts,
        profile=REMIXING if remixes else PROFILE,
        fallbacks=tuple(fallbacks),
    )
    assert len([i for i in taken[:-1] if i.delay_seconds == 0]) <= max_attempts + len(fallbacks)
    assert all(i.reason.endswith((".", "”")) for i in taken)
    assert all(bool(i.provider) == (i.strategy is RepairStrategy.FALLBACK_PROVIDER) for i in taken)
    assert all(bool(i.patch or i.rewording) == (i.strategy is RepairStrategy.PROMPT_PATCH) for i in taken)
