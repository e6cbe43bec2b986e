"""Evidence as people see it: which words, which frames, which seconds, whatever version stored it."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.bootstrap import App
from orchestrator.schema.assessment import CheckName, CheckResult, CheckStatus, Finding, Verdict
from orchestrator.schema.clip_run import Edit
from orchestrator.schema.status import RunStatus
from orchestrator.schema.view import DecisionView, TakeView
from pages.components.shared import prompt_diff
from pages.components.takes import assessment, decision_history, evidence, evidence_player, take_compare, take_story
from tests.ui.conftest import OpenPage, words

VIDEO, OTHER = "/api/v1/media/ours", "/api/v1/media/theirs"
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'>"
TAGS = {
    "a", "abbr", "b", "dd", "del", "details", "div", "dl", "dt", "em", "figcaption", "figure", "i", "img", "ins", "li",
    "ol", "p", "small", "span", "strong", "summary", "ul",
}  # fmt: skip


class Page(HTMLParser):
    """The tags, attributes and text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def take(checks: dict[CheckName, CheckResult] | None = None, **values: Any) -> TakeView:
    known: dict[str, Any] = {
        "run_id": "ours", "clip_id": "c", "project_id": "p", "project_name": "Lamp", "position": 2, "attempt": 1,
        "status": RunStatus.SETTLED, "status_text": "Failed", "verdict": Verdict.FAIL, "score": 0.5, "provider": "mock",
        "model": "", "prompt": "", "seconds": 8, "size": "320x180", "video_url": VIDEO, "weight_run": 0.5,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return TakeView(**{**known, "checks": checks or {}, **values})


def failed(*findings: Finding, **given: Any) -> CheckResult:
    return CheckResult(status=CheckStatus.FAIL, score=0.4, findings=findings, evidence=given)


def drawn(view: TakeView, neighbours: dict[str, TakeView] | None = None) -> Page:
    return Page(assessment.rows(view, neighbours=neighbours or {}))


# --- words ---

HEARD = [["We", 0.2, 0.4], ["like", 0.5, 0.7], ["the", 0.8, 0.9], ["ship", 1.0, 1.4], ["too", 1.5, 1.8]]
EXPECTED, SAID = "We light the old lamp.", "We like the ship too"
OLD_DIFF = [["equal", "we", "we"], ["wrong", "light", "like"], ["equal", "the", "the"], ["missing", "old", ""],
            ["wrong", "lamp", "ship"], ["extra", "", "too"]]  # fmt: skip
DIFF = [[*row, *times] for row, times in zip(
    OLD_DIFF, [(0.2, 0.4), (0.5, 0.7), (0.8, 0.9), (None, None), (1.0, 1.4), (1.5, 1.8)], strict=True
)]  # fmt: skip


@pytest.mark.parametrize("diff", [DIFF, OLD_DIFF], ids=["with times", "as stored before there were times"])
def test_every_word_that_was_heard_leads_to_its_second(diff: list[list[Any]]) -> None:
    check = failed(expected=EXPECTED, heard=SAID, diff=diff, words=HEARD)
    page = drawn(take({CheckName.TRANSCRIPT_MATCH: check}))
    assert page.links == [f"{VIDEO}#t={start:.2f}" for _, start, _ in HEARD]


def test_words_are_spelled_as_in_the_script_and_marked_by_more_than_colour() -> None:
    check = failed(expected=EXPECTED, heard=SAID, diff=DIFF, words=HEARD)
    html = assessment.rows(take({CheckName.TRANSCRIPT_MATCH: check}), neighbours={})
    for marked in ("<del>light</del>", "missing: </span>old", "<del>lamp.</del>", '<ins class="wrong">', "added: "):
        assert marked in html
    assert "We" in Page(html).text


def test_words_without_any_time_are_shown_all_the_same() -> None:
    check = failed(expected=EXPECTED, heard="", diff=[["missing", "we light the old lamp", ""]], words=[])
    page = drawn(take({CheckName.TRANSCRIPT_MATCH: check}))
    assert (page.links, "del" in page.tags, EXPECTED in page.text) == ([], True, True)
    silent = drawn(take({CheckName.TRANSCRIPT_MATCH: failed(expected=EXPECTED, heard="")}))
    assert "Heard: nothing" in silent.text


# --- pictures ---


@pytest.mark.parametrize(("side", "order"), [("before", [OTHER, VIDEO]), ("after", [VIDEO, OTHER])])
def test_frames_of_a_joint_stand_in_the_order_of_the_film(side: str, order: list[str]) -> None:
    joint = {"side": side, "run_id": "theirs", "their_seconds": 7.9, "seconds": 0.1, "palette_distance": 0.4}
    view = take({CheckName.CONTINUITY: failed(joints=[{**joint, "similarity": None}])})
    page = drawn(view, {"theirs": take(run_id="theirs", position=1, attempt=3, video_url=OTHER)})
    stills = [link for link in page.links if "/still?" in link]
    assert [link.partition("/still?")[0] for link in stills] == order
    assert {f"{OTHER}/still?at=7.90&width=480", f"{VIDEO}/still?at=0.10&width=480"} == set(stills)
    assert "Clip 1, take 3" in page.text
    assert "0.4 of 100 apart" in page.text
    assert "Likeness" not in page.text


def test_a_joint_with_a_take_that_is_gone_shows_what_is_left() -> None:
    page = drawn(take({CheckName.CONTINUITY: failed(joints=[{"side": "before", "run_id": "gone", "seconds": 0.0}])}))
    assert "No picture" in page.text
    assert [link for link in page.links if "/still?" in link] == [f"{VIDEO}/still?at=0.00&width=480"]


def test_an_answer_shows_the_still_it_rests_on() -> None:
    answers = [["Is it night?", "no", "The sun is up", 1], ["A lamp?", "unsure", "", 7], ["A cat?", "yes", "In bed"]]
    page = drawn(take({CheckName.VISUAL_REQUIREMENTS: failed(answers=answers, stills=[0.5, 2.5], by="vision model m")}))
    assert [link for link in page.links if "/still?" in link] == [f"{VIDEO}/still?at=2.50&width=240"]
    for said in ("✕ No", "? Unsure", "✓ Yes", "The sun is up (2.5 s)", "Judged by vision model m · 2 stills"):
        assert said in page.text


def test_a_finding_with_a_place_is_a_link_and_a_mark() -> None:
    black = Finding(code="black", message="The picture is black", start_seconds=2.0, end_seconds=3.0)
    click = Finding(code="clicks", message="A click", start_seconds=2.5)
    late = Finding(code="frozen", message="It stands still", start_seconds=7.5, end_seconds=99.0)
    checks = {
        CheckName.NO_ARTIFACTS: failed(black, click, late, Finding(code="wrong_size", message="Too small")),
        CheckName.DURATION_OK: CheckResult(status=CheckStatus.PASS, score=1.0, evidence={"actual_seconds": 7.9}),
    }
    view = take(checks)
    marks = evidence_player.describe(view, label="Take 1")["marks"]
    assert [(mark["start"], mark["end"], mark["lane"], mark["tone"]) for mark in marks] == [
        (2.0, 3.0, 0, "fail"), (2.5, 2.5, 1, "fail"), (7.5, 7.9, 0, "fail")
    ]  # fmt: skip
    assert marks[0]["title"] == "No artifacts: The picture is black (2.0 to 3.0 s)"
    page = drawn(view)
    assert f"{VIDEO}#t=2.50" in page.links
    assert len([link for link in page.links if "/still?" in link]) == 2  # a click shows nothing on a picture


def test_the_score_says_how_much_of_the_weight_was_measured() -> None:
    assert "0.50" in Page(assessment.score_line(take())).text
    assert "over the 50% that could be measured" in assessment.score_line(take())
    assert "measured" not in assessment.score_line(take(weight_run=1.0))
    absent = CheckResult(status=CheckStatus.NOT_RUN, reason="no key is set")
    assert "not run: no key is set" in drawn(take({CheckName.CONTINUITY: absent})).text


def test_failed_checks_come_first_and_unmeasured_ones_say_so() -> None:
    checks = {
        CheckName.DURATION_OK: CheckResult(status=CheckStatus.PASS, score=1),
        CheckName.CONTINUITY: CheckResult(status=CheckStatus.NOT_RUN, reason="no earlier <take>"),
        CheckName.TRANSCRIPT_MATCH: CheckResult(
            status=CheckStatus.FAIL, score=0.2, findings=(Finding(code="x", message="Said <b>", start_seconds=1.0),)
        ),
    }
    html = assessment.rows(take(checks), neighbours={})
    assert html.index("Transcript") < html.index("Continuity") < html.index("Duration")
    assert "not run: no earlier &lt;take&gt;" in html
    assert "Said &lt;b&gt; (1.0 s)" in html
    assert html.count("<details open>") == 1


# --- anything ---

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.just(HOSTILE))
ROWS = st.lists(st.lists(LEAVES | st.floats(0, 9), max_size=6), max_size=4)
JOINTS = st.lists(
    st.dictionaries(st.sampled_from(("side", "run_id", "their_seconds", "seconds", "similarity")), LEAVES)
)
ANYTHING = st.recursive(LEAVES | ROWS | JOINTS, lambda inner: st.lists(inner, max_size=4), max_leaves=6)
NAMES = st.sampled_from((
    "expected", "heard", "diff", "words", "speech", "joints", "answers", "stills", "texts", "scene_cuts", "by",
    "language", "not_compared", "second_witness", "actual_seconds", "target_seconds", "loudness_lufs", "cost_usd",
    "is_cached",
))  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(NAMES, ANYTHING), st.sampled_from(list(CheckName)))
def test_no_stored_evidence_breaks_a_page_or_gets_out_of_its_place(
    given_evidence: dict[str, Any], name: CheckName
) -> None:
    check = failed(Finding(code="x", message=HOSTILE, start_seconds=1.0), **given_evidence)
    page = drawn(take({name: check}))
    assert page.tags <= TAGS
    assert not [attribute for attribute in page.attributes if attribute.startswith("on")]
    assert all(link.startswith(VIDEO) for link in page.links)
    evidence_player.describe(take({name: check}), label="Take 1")


def test_numbers_are_told_from_everything_else() -> None:
    assert [evidence.number(value) for value in (1, 0.5, True, "1", None, float("nan"))] == [1.0, 0.5] + [None] * 4


# --- what people and repairs did ---


def test_the_story_says_what_led_to_each_take_and_what_was_free() -> None:
    takes = (
        take(attempt=1, repair_strategy="prompt_patch", repair_reason=HOSTILE, cost_usd=0.4, is_cost_final=True),
        take(attempt=2, repair_strategy="trim", repair_reason="Only the end is off"),
        take(
            attempt=3,
            verdict=Verdict.PASS,
            is_accepted=True,
            source_attempt=2,
            edit=Edit(start_seconds=0, end_seconds=4),
        ),
    )
    page = Page(take_story.story(takes))
    assert page.tags <= TAGS | {"mark"}
    for said in (
        f"Prompt changed: {HOSTILE}",
        "Trimmed at no cost: Only the end is off",
        "$0.40",
        "cut from take 2 kept",
    ):
        assert said in page.text
    assert page.text.index("Take 1") < page.text.index("Trimmed") < page.text.index("Take 3")


def test_two_takes_are_compared_check_by_check() -> None:
    worse = failed()
    better = CheckResult(status=CheckStatus.PASS, score=0.9)
    first = take({CheckName.TRANSCRIPT_MATCH: worse, CheckName.NO_ARTIFACTS: better}, score=0.6)
    second = take({CheckName.TRANSCRIPT_MATCH: better, CheckName.NO_ARTIFACTS: worse}, attempt=2, score=0.6)
    text = Page(take_compare.table(first, second)).text
    for said in ("0.400.90▲ 0.50 better", "0.900.40▼ 0.50 worse", "0.600.60same", "Not assessedNot assessed"):
        assert said in text


def test_a_changed_prompt_shows_what_was_added_and_removed() -> None:
    parts = (("same", "A lamp."), ("added", f"Say exactly {HOSTILE}"), ("removed", "Softly."))
    page = Page(prompt_diff.draw(parts))
    assert page.tags == {"div", "p", "span", "i", "ins", "del"}
    assert f"added: +Say exactly {HOSTILE}" in page.text
    assert not prompt_diff.is_changed(take(prompt_diff=(("same", "A lamp."),)))


def test_decisions_stand_in_their_order_with_who_when_and_why() -> None:
    at = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    check = DecisionView(at=at, by="ann", check="transcript_match", old="fail", new="pass", reason=HOSTILE)
    whole = DecisionView(at=at, by="local", old="failed", new="approved", reason="Good enough")
    page = Page(decision_history.draw((check, whole), zone="Europe/Berlin"))
    assert page.tags == {"ol", "li", "strong", "time", "div"}
    assert f"Transcript match: Fail → Pass · ann · 01 Jan 2026, 13:30“{HOSTILE}”" in page.text
    assert page.text.index("ann") < page.text.index("Approved · local")
    assert "12:30 UTC" in decision_history.draw((whole,), zone="Nowhere/Else")


# --- on the page ---


def test_the_drawer_shows_player_evidence_and_the_way_to_decide(made: tuple[App, str], open_page: OpenPage) -> None:
    app, project_id = made
    clip = app.views.plan(app.views.project(project_id).clip_plan_id).clips[1]
    view = app.views.takes(clip.id)[0]
    page = open_page("dashboard.py", view="takes", take=view.run_id)
    assert "Your decision" in words(page)
    html = "".join(item.value for item in page.html)
    assert "could be measured" in html
    assert '<li class="fail"><details open>' in html
    assert f"{view.video_url}#t=" in html or "Heard: nothing" in html
