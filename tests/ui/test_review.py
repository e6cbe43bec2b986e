"""The reviewing desk against the real service: what it lists, what a decision does, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.bootstrap import App
from orchestrator.db.models import ClipRow
from orchestrator.schema.assessment import CheckName, CheckResult, CheckStatus, Finding, Verdict
from orchestrator.schema.reviewing import AssessedTake, AssessmentOrder, NeedKind, NeedView
from orchestrator.schema.status import RunStatus
from orchestrator.schema.view import TakeView
from pages.components.takes import assessments_csv, assessments_filter, review_list, review_queue, waveform
from tests.ui.conftest import OpenPage, button, press, submit, words
from tests.unit.rows import add_clip, add_project

NOW = datetime.now(UTC)


@pytest.fixture
def failed(made: tuple[App, str]) -> tuple[App, str]:
    """A house with one clip that failed for good; (app, run id of its best take)."""
    app, _ = made
    (item,) = app.views.needs_you().items
    return app, item.run_id


def desk(open_page: OpenPage, **query: str) -> AppTest:
    return open_page("dashboard.py", view="review", **query)


def test_the_desk_shows_why_a_clip_waits_and_what_can_be_done(failed: tuple[App, str], open_page: OpenPage) -> None:
    page = desk(open_page)
    shown = words(page)
    assert "1 of 1 clip" in shown and "Failed (1)" in [name for row in page.segmented_control for name in row.options]
    assert "The take is silent where 5 words were due." in shown
    assert {"Looks right", "Wrong words", "Approve", "Reject", "Retry"} <= {b.label for b in page.button}
    assert button(page, "Previous").disabled and button(page, "Next").disabled  # type: ignore[attr-defined]


def test_a_reason_decides_at_once_and_undo_brings_the_clip_back(failed: tuple[App, str], open_page: OpenPage) -> None:
    app, run_id = failed
    page = press(desk(open_page), "Words are right, heard wrong")
    take = app.views.take(run_id)
    assert (take.is_accepted, take.override_reason) == (True, "Words are right, heard wrong")
    shown = words(page)
    assert "Nothing waits for you" in shown
    assert "Approved · clip 2: “Words are right, heard wrong”" in shown.replace("\\", "")
    page = press(page, "Undo")
    assert not app.views.take(run_id).is_accepted
    assert page.query_params["take"] == run_id
    assert "Taken back" in "".join(html.value for html in page.html)
    assert "Approved · clip 2" not in words(page)


def test_a_reason_of_ones_own_is_kept_and_none_is_asked_for(failed: tuple[App, str], open_page: OpenPage) -> None:
    app, run_id = failed
    page = press(desk(open_page), "Reject")
    assert "Give a reason" in words(page)
    submit(page, "Reject", Your_reason="<b>Not</b> *ours*")
    assert app.views.take(run_id).override_reason == "<b>Not</b> *ours*"


def test_a_dismissed_bar_stays_away_until_the_next_decision(failed: tuple[App, str], open_page: OpenPage) -> None:
    page = press(press(desk(open_page), "Looks right"), "Dismiss")
    assert "Undo" not in {b.label for b in page.button}


def test_the_address_says_what_is_listed_and_which_clip_is_open(app: App, open_page: OpenPage) -> None:
    project = add_project(app.database, NOW, status="incomplete")
    add_clip(app.database, project, NOW, takes=("needs_review",), status="needs_review")
    add_clip(app.database, project, NOW, takes=("fail",), status="failed")
    first, second = app.views.needs_you().items
    assert "clip 1" in page_head(desk(open_page))
    page = desk(open_page, take=second.run_id)
    assert "clip 2" in page_head(page)
    page = press(page, "Previous")
    assert page.query_params["take"] == first.run_id
    assert "clip 1" in page_head(page)
    assert "clip 2" in page_head(desk(open_page, needs="failed"))
    assert "Nothing of this kind waits for you" in words(desk(open_page, needs="lost"))
    assert "clip 1" in page_head(desk(open_page, needs="no-such-kind", take="../etc"))


def page_head(page: AppTest) -> str:
    words(page)
    return page.subheader[0].value


def test_a_lost_answer_and_a_clip_without_a_take_can_be_dealt_with(app: App, open_page: OpenPage) -> None:
    project = add_project(app.database, NOW, status="incomplete")
    lost = add_clip(app.database, project, NOW, takes=("lost",), status="needs_review")
    with app.database.write() as session:
        clip = session.get(ClipRow, lost)
        assert clip is not None
        clip.runs[-1].error_code, clip.runs[-1].error_message = "needs_decision", "Nobody knows."
    add_clip(app.database, project, NOW, takes=(), status="failed")
    assert "Was this take made?" in words(desk(open_page))
    page = desk(open_page, needs="failed")
    assert "Every attempt failed" in words(page)
    assert not button(page, "Retry").disabled  # type: ignore[attr-defined]


# --- what is drawn by the browser ---


def need(**values: object) -> NeedView:
    told = {"kind": NeedKind.REVIEW, "clip_id": "c", "clip_plan_id": "p", "project_id": "x", "seconds": 4}
    said = {"project_name": "Lamp", "position": 2, "line": "A", "why": "B", "since": NOW - timedelta(hours=5)}
    return NeedView.model_validate({**told, **said, **values})


def test_the_list_says_what_waits_for_how_long_and_why() -> None:
    told = review_list.describe([need(score=0.5)], chosen="c", now=NOW)
    (item,) = told["items"]
    assert told["chosen"] == item["id"] == "c"
    assert (item["where"], item["score"], item["since"]) == ("Lamp · clip 2", "0.50", "5 h")
    assert [review_list.waiting_words(s) for s in (3, 600, 3600 * 40)] == ["just now", "10 min", "2 days"]


def test_every_key_leads_to_something_that_is_drawn(failed: tuple[App, str], open_page: OpenPage) -> None:
    page = desk(open_page)
    drawn = {str(b.key) for b in page.button}
    for shortcut in review_queue.shortcuts("queue"):
        if shortcut.does == "press" and shortcut.key != "u":
            assert shortcut.place in drawn
        if shortcut.does == "choose":
            assert f"{shortcut.place.removesuffix('-why')}-0" in drawn


def test_sound_findings_are_marked_where_they_are() -> None:
    clipped = Finding(code="clipped_sound", message="Clipped", start_seconds=2.0, end_seconds=3.0)
    seen = Finding(code="flicker", message="Flickers", start_seconds=0.0, end_seconds=1.0)
    heard = CheckResult(status=CheckStatus.PASS, evidence={"speech": [[0.5, 1.5]]})
    take = TakeView(
        run_id="r", clip_id="c", project_id="p", project_name="", position=1, attempt=1, status=RunStatus.SETTLED,
        status_text="", provider="mock", model="m", prompt="", seconds=4, size="320x180", created_at=NOW,
        video_url="/api/v1/media/a",
        checks={
            CheckName.NO_ARTIFACTS: CheckResult(status=CheckStatus.FAIL, findings=(clipped, seen)),
            CheckName.TRANSCRIPT_MATCH: heard,
        },
    )  # fmt: skip
    told = waveform.describe(take)
    assert told["voice"] == [(0.5, 1.5)]
    assert told["marks"] == [{"start": 2.0, "end": 3.0, "label": "Clipped", "title": "Clipped"}]
    assert told["peaks"].startswith("/api/v1/media/a/peaks?bins=")


# --- everything that was assessed ---


def test_takes_are_listed_filtered_by_the_address_and_opened_from_it(
    made: tuple[App, str], open_page: OpenPage
) -> None:
    app, _ = made
    page = open_page("dashboard.py", view="takes")
    words(page)
    table = page.dataframe[0].value
    assert len(table) == app.views.assessments().total == 4
    page = open_page("dashboard.py", view="takes", verdict="fail", check="transcript_match")
    table = page.dataframe[0].value
    assert set(table["Verdict"]) == {"Failed"}
    assert all("Transcript match" in text for text in table["Failed checks"])
    assert "No take fits" in words(open_page("dashboard.py", view="takes", provider="nobody"))
    run_id = app.views.assessments().takes[0].run_id
    assert "Your decision" in words(open_page("dashboard.py", view="takes", take=run_id))
    assert "There is no take" in words(open_page("dashboard.py", view="takes", take="no-such-take"))


def test_what_makes_no_sense_in_the_address_filters_nothing() -> None:
    wanted, order = assessments_filter.read({"verdict": "maybe", "days": "x", "check": "beauty", "order": "loudest"})
    assert wanted == type(wanted)()
    assert order is AssessmentOrder.NEWEST
    wanted, order = assessments_filter.read({"verdict": "fail", "days": "7", "decided": "no", "order": "worst"})
    assert (wanted.verdict, wanted.days, wanted.is_overridden) == (Verdict.FAIL, 7, False)
    assert order is AssessmentOrder.WORST


def test_no_text_becomes_a_formula_in_a_spreadsheet() -> None:
    take = AssessedTake(
        run_id="r", clip_id="c", project_id="p", project_name="=HYPERLINK(1)", position=1, attempt=1, attempts=2,
        line='Say "yes", please', verdict=Verdict.FAIL, failed_checks=(CheckName.CONTINUITY,), provider="mock",
        model="m", seconds=4, assessed_at=NOW,
    )  # fmt: skip
    names, row = assessments_csv.write([take]).splitlines()
    assert names.startswith("run_id,project_name,")
    assert row.startswith("r,'=HYPERLINK(1),1,1,2,") and '"Say ""yes"", please"' in row
    assert ",continuity," in row
