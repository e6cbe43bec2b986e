"""What waits for a person, and everything that was assessed."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.db import reviewing
from orchestrator.db.members import role_in
from orchestrator.db.models import AssessmentRow, ClipRow, RunRow, utc_now
from orchestrator.db.records import fetch, standing
from orchestrator.decisions import REJECTED, decided, judgement
from orchestrator.presentation import take_shown, url
from orchestrator.schema.assessment import Verdict
from orchestrator.schema.member import Role
from orchestrator.schema.reviewing import (
    AssessedTake,
    AssessmentFilter,
    AssessmentOrder,
    AssessmentPage,
    LastDecision,
    NeedKind,
    NeedsView,
    NeedView,
)
from orchestrator.views.base import Reads

NEEDS_AT_MOST = 100
_UNDO_MINUTES = 30  # as long is the newest decision offered to be taken back unasked


class AssessmentReads(Reads):
    """What waits for a person, and everything that was assessed."""

    def needs_you(self, *, kind: NeedKind | None = None, project_id: str = "", limit: int = NEEDS_AT_MOST) -> NeedsView:
        """Clips that wait for a person: takes the checks cannot decide on, lost answers, and clips given up on."""
        with self._database.read() as session:
            counted = reviewing.count_needs(session, rejected=REJECTED)
            found = reviewing.needs(session, kind=kind, project_id=project_id, rejected=REJECTED, limit=limit)
            of_filter = [n for k, project, _, n in counted if kind in (None, k) and project_id in ("", project)]
            return NeedsView(
                items=tuple(_need_view(name, clip) for name, clip in found),
                total=sum(of_filter),
                counts={k: sum(n for name, _, _, n in counted if name is k) for k in NeedKind},
                projects=tuple(dict.fromkeys((project, name) for _, project, name, _ in counted)),
            )

    def last_decision(self) -> LastDecision | None:
        """The newest decision of a person that stands and can be taken back; None when it is half an hour old."""
        with self._database.read() as session:
            row = reviewing.newest_decision(session, since=utc_now() - timedelta(minutes=_UNDO_MINUTES))
            run = fetch(session, RunRow, row.clip_run_id) if row else None
            left = standing(run)[-1:] if run else []
            if row is None or run is None or not left or left[0].id != row.id or not row.before:
                return None
            role = role_in(session, run.clip.plan.project_id) if self._user else Role.OWNER
            if role is None or not role.covers(Role.REVIEWER):
                return None
            if row.new_value == "adopted" or run.clip.generation != row.before.get("until"):
                return None
            return LastDecision(
                id=row.id,
                run_id=run.id,
                clip_position=run.clip.order_key,
                check=row.check_name,
                new=row.new_value,
                reason=row.reason,
                by=row.made_by,
                at=row.created_at,
            )

    def assessments(
        self,
        wanted: AssessmentFilter | None = None,
        *,
        order: AssessmentOrder = AssessmentOrder.NEWEST,
        limit: int = 50,
        after: str = "",
    ) -> AssessmentPage:
        """A page of the assessed takes that fit. Raises ``BadInput`` for a cursor of another list."""
        wanted = wanted or AssessmentFilter()
        since = utc_now() - timedelta(days=wanted.days) if wanted.days else None
        with self._database.read() as session:
            now = {run.id: judgement(run) for run in reviewing.corrected_runs(session)} if wanted.verdict else {}
            (total, is_all), page = reviewing.assessed_takes(
                session,
                wanted,
                since=since,
                agreed=[run_id for run_id, held in now.items() if held and held.verdict is wanted.verdict],
                order=order,
                limit=limit,
                after=after,
            )
            projects, providers = reviewing.assessed_choices(session)
            return AssessmentPage(
                takes=tuple(_assessed_take(*row) for row in page.rows),
                total=total,
                has_more_than_total=not is_all,
                next=page.next,
                previous=page.previous,
                projects=tuple(projects),
                providers=tuple(providers),
            )


_NO_REASON = {
    NeedKind.REVIEW: "The checks cannot decide",
    NeedKind.LOST: "The answer to a paid request was lost",
    NeedKind.FAILED: "Every attempt failed",
}


def _need_view(kind: NeedKind, clip: ClipRow) -> NeedView:
    run = take_shown(clip)
    held = judgement(run) if run else None
    found = held.summary.partition(" Not run: ")[0] if held and held.verdict is not Verdict.PASS else ""
    return NeedView(
        kind=kind,
        clip_id=clip.id,
        run_id=run.id if run else "",
        clip_plan_id=clip.clip_plan_id,
        project_id=clip.plan.project_id,
        project_name=clip.plan.project.name,
        is_single=clip.plan.project.kind == "single",
        position=clip.order_key,
        attempt=run.attempt if run else 0,
        line=clip.text or clip.prompt or clip.visual_intent,
        why=(run.error_message if run and kind is NeedKind.LOST else "") or found or clip.reason or _NO_REASON[kind],
        seconds=clip.seconds,
        score=held.score if held else None,
        poster_url=url(run.poster_asset_id if run else None),
        since=clip.updated_at,
    )


def _assessed_take(run: RunRow, assessed: AssessmentRow, attempts: int) -> AssessedTake:
    clip, held = run.clip, judgement(run)
    verdict = held.verdict if held else Verdict(assessed.verdict)
    return AssessedTake(
        run_id=run.id,
        clip_id=clip.id,
        project_id=clip.plan.project_id,
        project_name=clip.plan.project.name,
        is_single=clip.plan.project.kind == "single",
        position=clip.order_key,
        attempt=run.attempt,
        attempts=attempts,
        line=str(run.request.get("line") or run.request.get("prompt") or ""),
        verdict=verdict,
        is_corrected=verdict != assessed.verdict,
        decision=decided(run),
        score=held.score if held else assessed.score,
        failed_checks=reviewing.failed_checks(assessed.body),
        is_accepted=clip.accepted_run_id == run.id,
        provider=run.provider,
        model=run.model,
        seconds=int(run.request.get("seconds") or clip.seconds),
        cost_usd=round(run.cost_usd, 4),
        poster_url=url(run.poster_asset_id),
        assessed_at=assessed.created_at,
    )
