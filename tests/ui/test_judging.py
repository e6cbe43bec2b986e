"""Thresholds and calibration on the dashboard, and a corrected check in the drawer's form, against the real service."""

from __future__ import annotations

from orchestrator.bootstrap import App
from orchestrator.schema.assessment import CheckName, CheckStatus, Verdict
from tests.ui.conftest import OpenPage, field, press, words


def test_thresholds_say_at_once_which_takes_change_and_are_kept_when_used(
    made: tuple[App, str], open_page: OpenPage
) -> None:
    app, project_id = made
    page = open_page("dashboard.py", view="numbers", part="thresholds")
    assert "No verdict changes" in words(page)
    counts = {item.label: int(item.value) for item in page.metric if item.label in ("Pass", "Fail", "Need you")}
    assert counts == {"Pass": 1, "Fail": 3, "Need you": 0}
    field(page, "Weight a pass needs (%)").set_value(90).run()  # type: ignore[attr-defined]
    assert "1 of 4 assessed takes would be judged otherwise." in words(page)
    assert app.views.policy(project_id).policy.min_weight_percent == 50, "nothing is saved before it is asked"
    press(page, "Use for this project")
    assert app.views.policy(project_id).policy.min_weight_percent == 90
    press(page, "Back to defaults")
    assert not app.views.policy(project_id).is_own
    assert "No verdict changes" in words(page)


def test_thresholds_that_somebody_else_set_meanwhile_are_not_written_over_unseen(
    made: tuple[App, str], open_page: OpenPage
) -> None:
    app, project_id = made
    page = open_page("dashboard.py", view="numbers", part="thresholds")
    field(page, "Weight a pass needs (%)").set_value(90).run()  # type: ignore[attr-defined]
    theirs = app.views.policy(project_id).policy.model_copy(update={"min_weight_percent": 70})
    app.service.set_policy(project_id, theirs)
    try:
        press(page, "Use for this project")
        assert "changed how takes are judged meanwhile. Nothing was written over it." in words(page)
        assert app.views.policy(project_id).policy == theirs
        press(page, "Use for this project")
        assert app.views.policy(project_id).policy.min_weight_percent == 90, "who was told may do it all the same"
    finally:
        app.service.set_policy(project_id, None)


def test_weights_that_do_not_sum_to_100_are_named(made: tuple[App, str], open_page: OpenPage) -> None:
    page = open_page("dashboard.py", view="numbers", part="thresholds")
    weight = next(item for item in page.number_input if item.label == "Weight (%)")
    weight.set_value(30).run()
    assert "weights sum to 100, and these to 105" in words(page).replace("\\", "")


def test_calibration_says_that_there_are_no_labels_yet(app: App, open_page: OpenPage) -> None:
    page = open_page("dashboard.py", view="numbers", part="calibration")
    assert "No labels yet" in words(page)


def test_calibration_counts_what_people_corrected(made: tuple[App, str], open_page: OpenPage) -> None:
    app, project_id = made
    plan = app.views.plan(app.views.project(project_id).clip_plan_id)
    take = next(take for take in app.views.takes(plan.clips[0].id) if take.is_accepted)
    try:
        outcome = app.service.override_check(
            take.run_id, check=CheckName.NO_ARTIFACTS, status=CheckStatus.FAIL, reason="It flickers"
        )
        assert outcome == "The take fails now, and its clip is failed."
        page = open_page("dashboard.py", view="numbers", part="calibration")
        assert "1 of them against the verdict" in words(page)
        figures = next(item.value for item in page.dataframe if "Of" in item.value.columns).set_index("Of")
        assert figures.loc["No artifacts", "Missed"] == 1
    finally:
        app.service.override_check(
            take.run_id, check=CheckName.NO_ARTIFACTS, status=CheckStatus.PASS, reason="It does not"
        )
    assert app.views.take(take.run_id).verdict is Verdict.PASS
    assert app.views.take(take.run_id).is_accepted
