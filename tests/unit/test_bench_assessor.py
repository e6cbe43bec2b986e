from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.assessor.counting import Outcome, Tally, as_json, as_table, count, count_checks
from bench.assessor.labels import LABELS, BadSet, Label, read_labels, write_labels
from bench.assessor.making import all_cases
from bench.assessor.running import expectation_of
from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Verdict


def label(file: str = "a.mp4", *, defect: str = "", maker: str = "", **checks: str) -> Label:
    truth = {"verdict": "fail" if defect else "pass", "checks": checks, "defect": defect, "strength": 2}
    expectation = {"text": "Hello there.", "target_seconds": 4}
    return Label.model_validate({"file": file, "expectation": expectation, "truth": truth, "maker": maker})


def outcome(of: Label, verdict: Verdict, **checks: CheckStatus) -> Outcome:
    results = {CheckName(name): CheckResult(status=status) for name, status in checks.items()}
    return Outcome(label=of, assessment=Assessment(verdict=verdict, weight_run=0.5, checks=results))


# --- labels ---


def test_set_of_others_is_read_when_it_holds_only_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "clip.webm").write_bytes(b"x")
    line = {"file": "clip.webm", "expectation": {"target_seconds": 5}, "truth": {"verdict": "pass"}}
    (tmp_path / LABELS).write_text(json.dumps(line) + "\n\n")
    (read,) = read_labels(tmp_path)
    assert (read.file, read.expectation.text, read.truth.checks) == ("clip.webm", "", {})


def test_labels_come_back_as_they_were_written(tmp_path: Path) -> None:
    labels = [case.label for case in all_cases() if case.label]
    for file in {file for one in labels for file in one.files}:
        (tmp_path / file).touch()
    write_labels(tmp_path, labels)
    assert read_labels(tmp_path) == labels


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"file": "missing.mp4"}, "there is no file missing.mp4"),
        ({"file": "../clip.mp4"}, "a file lies in the folder of its set"),
        ({"truth": {"verdict": "fail"}}, "a clip has a defect exactly when its verdict is fail"),
        ({"truth": {"verdict": "pass", "checks": {"duration_ok": "fail"}}}, "a clip that passes fails no check"),
        ({"truth": {"verdict": "pass", "checks": {"beauty": "pass"}}}, "truth.checks.beauty"),
        ({"expectation": {}}, "expectation.target_seconds"),
    ],
)
def test_line_that_makes_no_sense_is_named(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    good = {"file": "clip.mp4", "expectation": {"target_seconds": 5}, "truth": {"verdict": "pass"}}
    (tmp_path / LABELS).write_text(f"{json.dumps(good)}\n{json.dumps({**good, **change})}\n")
    with pytest.raises(BadSet, match="line 2") as caught:
        read_labels(tmp_path)
    assert reason in str(caught.value)


def test_folder_without_labels_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(BadSet, match=LABELS):
        read_labels(tmp_path)


# --- the set ---


def test_set_is_large_mixed_and_the_same_each_time() -> None:
    cases = all_cases()
    labels = [case.label for case in cases if case.label]
    assert cases == all_cases()
    assert len(labels) >= 200
    assert len({case.file for case in cases}) == len(cases)
    for maker in ("drawn", "filmed"):
        of_maker = [one for one in labels if one.maker == maker]
        bad = sum(one.truth.verdict == "fail" for one in of_maker)
        assert len(of_maker) >= 100
        assert 0.3 <= bad / len(of_maker) <= 0.7
        assert {one.is_held_out for one in of_maker} == {maker == "filmed"}


def test_line_with_a_changed_word_is_never_labelled_as_said() -> None:
    labels = {case.label.file: case for case in all_cases() if case.label}
    wrong = [
        case for case in labels.values() if case.label and case.label.truth.defect in ("wrong words", "dropped not")
    ]
    assert len(wrong) > 10
    assert all(case.recipe.line != case.label.expectation.text for case in wrong if case.label)


async def test_order_of_a_label_becomes_what_the_assessor_expects(tmp_path: Path) -> None:
    ordered = {"text": "Hi.", "language": "de", "target_seconds": 4, "size": "320x180", "prompt": "Dawn."}
    given = Label.model_validate({"file": "a.mp4", "expectation": ordered, "truth": {"verdict": "pass"}})
    expected = await expectation_of(given, tmp_path)
    assert (expected.width, expected.height, expected.language, expected.neighbours) == (320, 180, "de", ())
    assert (await expectation_of(label(), tmp_path)).width is None


# --- counting ---


def test_precision_and_recall_of_a_known_table() -> None:
    answers = ["fail"] * 8 + ["pass"] + ["needs_review"]
    tally = count([*(("fail", a) for a in answers), ("pass", "fail"), ("pass", "needs_review"), ("pass", "pass")])
    assert tally == Tally(bad_failed=8, bad_open=1, bad_passed=1, good_failed=1, good_open=1, good_passed=1)
    assert (tally.precision, tally.recall) == (0.8, 0.8)


def test_nothing_to_find_has_no_precision_and_no_recall() -> None:
    tally = count([("pass", "pass")])
    assert (tally.precision, tally.recall) == (None, None)


@given(
    st.lists(st.tuples(st.sampled_from(["pass", "fail"]), st.sampled_from(["pass", "fail", "needs_review", "not_run"])))
)
def test_every_take_is_counted_once(pairs: list[tuple[str, str]]) -> None:
    tally = count(pairs)
    assert tally.bad + tally.good == len(pairs)
    assert all(share is None or 0 <= share <= 1 for share in (tally.precision, tally.recall))


def test_check_is_counted_over_the_clips_whose_label_tells_of_it() -> None:
    told = label("a.mp4", defect="black", no_artifacts="fail")
    untold = label("b.mp4", defect="silence")
    outcomes = [outcome(o, Verdict.FAIL, no_artifacts=CheckStatus.FAIL) for o in (told, untold)]
    unmeasured = outcome(label("c.mp4", continuity="pass"), Verdict.PASS)
    assert count_checks([*outcomes, unmeasured]) == {
        CheckName.NO_ARTIFACTS: Tally(bad_failed=1),
        CheckName.CONTINUITY: Tally(good_open=1),
    }


def test_report_shows_makers_strengths_and_what_is_wrong() -> None:
    outcomes = [
        outcome(label("a.mp4", defect="black", maker="one"), Verdict.FAIL),
        outcome(label("b.mp4", defect="black", maker="two"), Verdict.PASS),
        outcome(label("c.mp4", maker="two"), Verdict.PASS),
    ]
    table, data = as_table(outcomes), as_json(outcomes)
    assert "black                   1/2    2: 1/2" in table
    assert "b.mp4 [black 2] is fail, said pass" in table
    assert data["makers"]["two"]["recall"] == 0.0
    assert [wrong["file"] for wrong in data["wrong"]] == ["b.mp4"]
