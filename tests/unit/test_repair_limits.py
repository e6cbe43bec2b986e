"""What a repair may not do: spend what is not there, contradict the bible, change a line, repeat itself, or go on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.repair import Asked, Budget, Canon, best_take, decide, diff_prompts, patches_of, reword, why_best
from orchestrator.repair.canon import conform, forbids
from orchestrator.repair.safety import find_risks
from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Finding, Verdict
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.clip_run import RepairInstruction, RepairStrategy, RetryPolicy
from providers.base import PromptUnit
from tests.unit.test_repair import CODES, LINE, PROFILE, REMIXING, failed, must

PAID = (
    RepairStrategy.RETRY,
    RepairStrategy.PROMPT_PATCH,
    RepairStrategy.REMIX,
    RepairStrategy.FALLBACK_PROVIDER,
)
MARA = CharacterBible(name="Mara", appearance="red hair", wardrobe="the green coat")
FINDINGS = [
    "wrong_words",
    "silent",
    "black",
    "not_shown",
    "odd",
    "wrong_language",
    "cut_end",
    "cut_start",
    "too_fast",
    "too_slow",
    "flicker",
    "hidden_cut",
    "blur",
    "blocky",
    "noisy",
    "bars",
    "clicks",
    "dropout",
    "garbled_text",
    "palette_jump",
    "light_jump",
    "different_look",
    "loudness_jump",
    "noise_jump",
    "discontinuity",
    "long_audio",
    "wrong_fps",
    "wrong_rotation",
    "wrong_length",
    "length_off",
    "extra_words",
]


def after(assessment: Assessment | None = None, **given: Any) -> RepairInstruction | None:
    usual: dict[str, Any] = {
        "line": LINE,
        "error_code": "",
        "retry_after_seconds": None,
        "attempt": 1,
        "policy": RetryPolicy(max_attempts=3),
        "profile": PROFILE,
        "history": (),
        "fallbacks": (),
    }
    return decide(assessment=assessment, **{**usual, **given})


# --- money ---


def test_a_take_that_cannot_be_paid_is_not_asked_for_and_the_reason_says_how_much_is_missing() -> None:
    budget = Budget(left_usd=0.12, costs_usd={"first": 0.4, "second": 0.3})
    instruction = must(after(failed("wrong_words"), budget=budget, fallbacks=("second",)))
    assert instruction.strategy is RepairStrategy.NEEDS_HUMAN
    assert "costs $0.30 and the budget has $0.12 left: $0.18 is missing" in instruction.reason


def test_a_cheaper_provider_is_chosen_when_the_own_one_costs_too_much() -> None:
    budget = Budget(left_usd=0.12, costs_usd={"first": 0.4, "dear": 1.0, "cheap": 0.1})
    instruction = must(after(failed("wrong_words"), budget=budget, fallbacks=("dear", "cheap")))
    assert (instruction.strategy, instruction.provider) == (RepairStrategy.FALLBACK_PROVIDER, "cheap")
    assert "First costs too much now" in instruction.reason and "$0.10" in instruction.reason


def test_a_refused_wording_is_not_carried_to_a_cheaper_provider() -> None:
    budget = Budget(left_usd=0.12, costs_usd={"first": 0.4, "cheap": 0.1})
    instruction = must(after(error_code="content_rejected", budget=budget, fallbacks=("cheap",)))
    assert instruction.strategy is RepairStrategy.NEEDS_HUMAN


# --- the canon ---


@pytest.mark.parametrize(
    ("patch", "style"),
    [
        ("The camera moves slowly and steadily.", StyleBible(avoid=("camera movement",))),
        ("The camera moves slowly and steadily.", StyleBible(camera="Static, on a tripod")),
        ("Clearly show: A red boat.", StyleBible(rules=("Calm water, never any boats.",))),
    ],
)
def test_what_the_style_forbids_is_not_asked_for(patch: str, style: StyleBible) -> None:
    assert conform(patch, style, ()) == ""


@pytest.mark.parametrize("patch", ["No writing anywhere in the picture.", "Clearly show: A boat.", "Say exactly: “Hi”"])
def test_what_the_style_does_not_forbid_is_left_as_it_is(patch: str) -> None:
    style = StyleBible(avoid=("writing", "fast cuts"), rules=("Warm light.", "No people in the boat"))
    assert forbids(patch, style) == "" and conform(patch, style, (MARA,)) == patch


def test_a_person_is_asked_for_in_the_bibles_words() -> None:
    assert conform("Clearly show: Mara in a red coat.", StyleBible(), (MARA,)).startswith("Mara wears the green coat.")
    assert (
        conform("Clearly show: Mara with a red boat.", StyleBible(), (MARA,)) == "Clearly show: Mara with a red boat."
    )
    drifted = Finding(code="different_look", message="Mara does not look as in the clip before")
    check = CheckResult(status=CheckStatus.FAIL, score=0, findings=(drifted,))
    assessment = Assessment(verdict=Verdict.FAIL, weight_run=1, checks={CheckName.CONTINUITY: check})
    assert must(after(assessment, canon=Canon(characters=(MARA,)))).patch == (
        "Mara wears the green coat. Mara: red hair.",
    )


def test_a_second_step_stands_in_for_a_first_one_the_style_forbids() -> None:
    style = StyleBible(avoid=("gestures",))
    patch = must(after(failed("frozen", check=CheckName.NO_ARTIFACTS), canon=Canon(style=style))).patch
    assert patch == ("The camera moves slowly and steadily from the first second to the last.",)


# --- words that are refused ---


def test_risky_words_of_the_picture_are_replaced_and_named_before_anything_else() -> None:
    asked = Asked(prompt=f"A man with a Gun and a bloody knife. He says: “{LINE}”")
    instruction = must(after(error_code="content_rejected", asked=asked))
    assert dict(instruction.rewording) == {"gun": "walking stick", "bloody": "red paint", "knife": "wooden spoon"}
    assert "“gun” by “walking stick”" in instruction.reason
    assert "Gun" not in reword(asked.prompt, instruction.rewording)
    calm = Asked(prompt=reword(asked.prompt, instruction.rewording))
    then = must(after(error_code="content_rejected", asked=calm, attempt=2, history=(instruction,)))
    assert then.patch and not then.rewording


def test_a_line_is_never_changed_and_its_suspicious_words_are_named() -> None:
    line = "He drew his gun at dawn."
    history: list[RepairInstruction] = []
    for attempt in range(1, 6):
        given: dict[str, Any] = {"line": line, "asked": Asked(prompt=f"A field. “{line}”")}
        policy = RetryPolicy(max_attempts=9)
        history.append(
            must(after(error_code="content_rejected", attempt=attempt, history=tuple(history), policy=policy, **given))
        )
        if not history[-1].strategy.is_retry:
            break
    assert not any(instruction.rewording for instruction in history)
    assert history[-1].strategy is RepairStrategy.NEEDS_HUMAN and "“gun”" in history[-1].reason


def test_what_is_to_be_kept_out_is_no_risk() -> None:
    assert find_risks("A quiet room. No weapons, injuries or danger. Avoid: blood; guns.") == ()


@given(
    st.lists(
        st.sampled_from(("a", "gun", "knives", "blood", "child", "war,", "Pixar", "whiskey.", "the", "hill", "nude")),
        max_size=12,
    )
)
def test_replaced_words_are_not_replaced_again(words: list[str]) -> None:
    text = " ".join(words)
    assert find_risks(reword(text, find_risks(text))) == ()


# --- the best take ---


def judged(verdict: Verdict, score: float | None, weight: float = 0.5, vetoes: tuple[str, ...] = ()) -> Assessment:
    return Assessment(verdict=verdict, score=score, weight_run=weight, checks={}, vetoes=vetoes)


def test_the_best_take_is_kept_not_the_last() -> None:
    assert best_take({}) is None
    takes = {
        "a": judged(Verdict.FAIL, 0.9),
        "b": judged(Verdict.NEEDS_REVIEW, 0.5, 0.3),
        "c": judged(Verdict.NEEDS_REVIEW, 0.5, 0.4),
        "d": judged(Verdict.NEEDS_REVIEW, None),
    }
    assert best_take(takes) == "c"
    assert why_best(takes) == "Best take: 40% of the evidence was measured, of the next one 30%."
    alike = {
        "x": judged(Verdict.FAIL, 0.4, vetoes=("silent",)),
        "y": judged(Verdict.FAIL, 0.4),
        "z": judged(Verdict.FAIL, 0.4),
    }
    assert best_take(alike) == "y"


def test_a_changed_prompt_is_told_statement_by_statement() -> None:
    before, after = "Style: warm.\nA boat. A quay.", "Style: warm.\nA boat. A bridge. Important: Say “hi”."
    assert diff_prompts(before, after) == (
        ("same", "Style: warm."),
        ("same", "A boat."),
        ("removed", "A quay."),
        ("added", "A bridge."),
        ("added", "Important: Say “hi”."),
    )


# --- every chain ---


@given(st.data())
def test_every_chain_ends_within_its_money_its_attempts_and_the_prompt(data: st.DataObject) -> None:
    max_attempts = data.draw(st.integers(1, 6))
    unit = data.draw(st.sampled_from(PromptUnit))
    limit = data.draw(st.sampled_from([150, 300, 700, 2000]))
    base = data.draw(st.sampled_from([PROFILE, REMIXING]))
    profile = base.model_copy(update={"prompt_limit_characters": limit, "prompt_unit": unit})
    left = data.draw(st.sampled_from([None, 0.0, 0.1, 1.0, 5.0]))
    costs = {name: data.draw(st.sampled_from([0.0, 0.1, 0.4])) for name in ("first", "second", "third")}
    fallbacks = tuple(data.draw(st.lists(st.sampled_from(["second", "third"]), unique=True)))
    canon = Canon(style=StyleBible(avoid=("camera movement", "gestures")), characters=(MARA,))
    history: list[RepairInstruction] = []
    earlier: list[Assessment | None] = []
    made = 1
    while True:
        error = data.draw(st.sampled_from(["", "", "", *CODES.split()]))
        codes = data.draw(st.lists(st.sampled_from(FINDINGS), max_size=3))
        check = data.draw(st.sampled_from(CheckName))
        assessment = (
            None if error else failed(*codes, check=check, evidence={"diff": [["wrong", "𝄞a", "b", None, None], 5]})
        )
        instruction = must(
            after(
                assessment, error_code=error, attempt=len(history) + 1, history=tuple(history), earlier=tuple(earlier),
                policy=RetryPolicy(max_attempts=max_attempts), profile=profile, fallbacks=fallbacks, canon=canon,
                budget=Budget(left_usd=left, costs_usd=costs), asked=Asked(prompt="A gun.", planned_seconds=8),
            )
        )  # fmt: skip
        assert instruction.reason.strip()
        assert not set(instruction.patch) & set(patches_of(history)), "nothing is asked for twice"
        assert profile.prompt_length(instruction.remix_text) <= limit
        words = LINE + "".join(patches_of([*history, instruction]))
        assert not instruction.patch or profile.prompt_length(words) <= limit
        history.append(instruction)
        earlier.append(assessment)
        if not instruction.strategy.is_retry:
            break
        provider = instruction.provider or profile.name
        if instruction.strategy in PAID and not instruction.delay_seconds and left is not None:
            assert costs[provider] <= left, "never beyond the budget"
            left -= costs[provider]
        profile = profile.model_copy(update={"name": provider})
        made += not instruction.strategy.is_edit and not instruction.delay_seconds and not instruction.is_unpaid
        assert made <= max_attempts
        assert len(history) < 60, "never stops"
