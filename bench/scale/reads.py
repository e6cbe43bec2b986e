"""Every read of ``Views``, asked as pages, REST and the command line ask it, and what the metrics count."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench.scale.seeding import Ids
from orchestrator.bootstrap import App
from orchestrator.db import counts
from orchestrator.db.models import utc_now
from orchestrator.db.paging import Cursor, write_cursor
from orchestrator.errors import NotFound
from orchestrator.schema.assessment import CheckName, Verdict
from orchestrator.schema.library import ProjectState
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.reviewing import AssessmentFilter, AssessmentOrder, NeedKind
from orchestrator.views import Views

Read = Callable[[Views, Ids], Any]
_LAST_ID = "00000000-0000-0000-0000-000000000000"
_SETTINGS = ProjectSettings(provider="mock", size="320x180")


def _without_file(read: Read) -> Read:
    """Of a stored file that is not on this machine the row is read, and then it is missed."""

    def missed(views: Views, ids: Ids) -> None:
        with contextlib.suppress(NotFound):
            read(views, ids)

    return missed


def _assessed(order: AssessmentOrder = AssessmentOrder.NEWEST, *, after: str = "", **wanted: Any) -> Read:
    return lambda views, _: views.assessments(AssessmentFilter(**wanted), order=order, after=after)


def _last(name: str, *, key: datetime | float = datetime(1970, 1, 1, tzinfo=UTC)) -> str:
    """The cursor of the last page of a list that is sorted downwards."""
    return write_cursor(name, Cursor(key, _LAST_ID, is_back=True))


# name of the method, and after a colon what it is asked for where it is asked in several ways
READS: dict[str, Read] = {
    # storyboard
    "project": lambda v, ids: v.project(ids.project),
    "plan": lambda v, ids: v.plan(ids.plan),
    "lately": lambda v, ids: v.lately(v.plan, ids.plan),
    "takes": lambda v, ids: v.takes(ids.clip),
    "takes_of_plan": lambda v, ids: v.takes_of_plan(ids.plan),
    "take": lambda v, ids: v.take(ids.run),
    "estimate": lambda v, ids: v.estimate((4, 8), settings=_SETTINGS),
    "take_price_usd": lambda v, ids: v.take_price_usd(ids.clip),
    "crafted_prompt": lambda v, ids: v.crafted_prompt(ids.clip),
    "edit_history": lambda v, ids: v.edit_history(ids.project),
    "version": lambda v, ids: v.version(ids.project),
    "clip_plan_of": lambda v, ids: v.clip_plan_of(ids.clip),
    "animatic": lambda v, ids: v.animatic(ids.plan),
    "appearances": lambda v, ids: v.appearances(ids.project),
    "picture_limits": lambda v, ids: v.picture_limits("mock"),
    "render": lambda v, ids: v.render(ids.render),
    "renders": lambda v, ids: v.renders(ids.plan),
    "export: json": lambda v, ids: v.export(ids.plan, "json"),
    "export: otio": lambda v, ids: v.export(ids.plan, "otio"),
    "export_package": lambda v, ids: v.export_package(ids.plan, io.BytesIO()),
    # review
    "review_queue": lambda v, ids: v.review_queue(),
    "needs_you": lambda v, ids: v.needs_you(),
    "needs_you: of a kind": lambda v, ids: v.needs_you(kind=NeedKind.REVIEW),
    "needs_you: of a project": lambda v, ids: v.needs_you(project_id=ids.project),
    "last_decision": lambda v, ids: v.last_decision(),
    "assessments": _assessed(),
    "assessments: last page": _assessed(after=_last("newest")),
    "assessments: worst": _assessed(AssessmentOrder.WORST),
    "assessments: dearest": _assessed(AssessmentOrder.DEAREST),
    "assessments: cheapest": _assessed(AssessmentOrder.DEAREST, after=_last("dearest", key=-1.0)),
    "assessments: of a project": lambda v, ids: v.assessments(AssessmentFilter(project_id=ids.project)),
    "assessments: of a provider": _assessed(provider="mock"),
    "assessments: verdict": _assessed(verdict=Verdict.NEEDS_REVIEW),
    "assessments: passed": _assessed(verdict=Verdict.PASS),
    "assessments: failed check": _assessed(failed_check=CheckName.CONTINUITY),
    "assessments: overridden": _assessed(is_overridden=True),
    "assessments: last 30 days": _assessed(days=30),
    "policy": lambda v, ids: v.policy(ids.project),
    "my_role": lambda v, ids: v.my_role(ids.project),
    "people": lambda v, ids: v.people(ids.project),
    "judged_projects": lambda v, ids: v.judged_projects(),
    "what_if": lambda v, ids: v.what_if(ids.project, AssessmentPolicy()),
    "calibration": lambda v, ids: v.calibration(),
    "calibration: of a project": lambda v, ids: v.calibration(ids.project),
    "labels": lambda v, ids: v.labels(),
    # single clips
    "single": lambda v, ids: v.single(ids.single),
    "history": lambda v, ids: v.history(),
    "wishes": lambda v, ids: v.wishes(),
    "wishes: last page": lambda v, ids: v.wishes(after=_last("wishes")),
    "wish": lambda v, ids: v.wish(ids.single),
    "deleted_singles": lambda v, ids: v.deleted_singles(ids.deleted_singles),
    "under_way": lambda v, ids: v.under_way(),
    "wait": lambda v, ids: v.wait(provider="mock", model="mock-1"),
    "line_fit": lambda v, ids: v.line_fit(prompt="", line="Hello", durations_seconds=(4, 8)),
    "can_remix": lambda v, ids: v.can_remix(provider="mock", model="mock-1"),
    "compare_prompts": lambda v, ids: v.compare_prompts("A lamp", "A lamp is lit"),
    "single_budget_left_usd": lambda v, ids: v.single_budget_left_usd(),
    # dashboard
    "projects": lambda v, ids: v.projects(),
    "project_names": lambda v, ids: v.project_names(),
    "library": lambda v, ids: v.library(),
    "library: last page": lambda v, ids: v.library(after=_last("projects active")),
    "library: searched": lambda v, ids: v.library(search="lamp"),
    "library: archived": lambda v, ids: v.library(state=ProjectState.ARCHIVED),
    "listed_project": lambda v, ids: v.listed_project(ids.project),
    "last_put_away": lambda v, ids: v.last_put_away(),
    "films": lambda v, ids: v.films(),
    "films: last page": lambda v, ids: v.films(after=_last("films")),
    "rating": lambda v, ids: v.rating(ids.render, by="Ann"),
    "at_work": lambda v, ids: v.at_work(),
    "metrics": lambda v, ids: v.metrics(),
    "metrics: last 30 days": lambda v, ids: v.metrics(days=30),
    "trends": lambda v, ids: v.trends(),
    "trends: last 30 days": lambda v, ids: v.trends(days=30),
    "calls": lambda v, ids: v.calls(),
    "ledger": lambda v, ids: v.ledger(),
    "ledger: last page": lambda v, ids: v.ledger(after=_last("ledger")),
    "ledger: of a project": lambda v, ids: v.ledger(project_id=ids.project),
    "calls: of a project": lambda v, ids: v.calls(project_id=ids.project),
    "spending": lambda v, ids: v.spending(),
    # media and the house
    "asset_file": _without_file(lambda v, ids: v.asset_file(ids.video)),
    "asset_link": lambda views, ids: views.asset_link(ids.video, is_download=False),
    "still": _without_file(lambda v, ids: v.still(ids.video, at_seconds=0, width=320)),
    "peaks": _without_file(lambda v, ids: v.peaks(ids.video, bins=10)),
    "providers": lambda v, ids: v.providers(),
    "provider": lambda v, ids: v.provider("mock"),
    "doctor": lambda v, ids: v.doctor(),
    "workspace": lambda v, ids: v.workspace(),
    "storage": lambda v, ids: v.storage(),
}


def count_all(app: App) -> dict[str, Callable[[], Any]]:
    """What ``/metrics`` counts each time it is asked, by name."""
    is_sqlite = app.database.is_sqlite
    asked: dict[str, Callable[..., Any]] = {
        "plans": counts.plans,
        "clips": counts.clips,
        "takes": counts.takes,
        "creates": counts.creates,
        "costs_usd": counts.costs_usd,
        "phases": lambda session: counts.phases(session, is_sqlite=is_sqlite),
        "queues": counts.queues,
        "executors": lambda session: counts.executors(session, now=utc_now()),
    }

    def within(question: Callable[..., Any]) -> Callable[[], Any]:
        def ask() -> Any:
            with app.database.read() as session:
                return question(session)

        return ask

    return {f"/metrics {name}": within(question) for name, question in asked.items()}
