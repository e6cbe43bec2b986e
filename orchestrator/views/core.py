"""Reads shaped for screens, status routes and the command line. Nothing here writes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from orchestrator.calibration import calibrate, export_line, what_if
from orchestrator.calls import spent_usd
from orchestrator.costs import estimate
from orchestrator.db import queries
from orchestrator.db.models import (
    AssetRow,
    BriefRow,
    ClipRow,
    PlanRow,
    ProjectRow,
    RenderRow,
    RunRow,
    ScriptRow,
    utc_now,
)
from orchestrator.db.records import brief_of, fetch, newest, policy_of, settings_of, stored_take
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, NotFound
from orchestrator.media.stills import read_still
from orchestrator.presentation import (
    HELD_WORDS,
    call_view,
    clip_view,
    eta_seconds,
    look_view,
    missing_clips,
    plan_message,
    plan_progress,
    render_view,
    take_shown,
    take_view,
    url,
    waits_for_plan,
)
from orchestrator.renders import is_current
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.calibration import Calibration, PolicyView, WhatIf
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus, RenderStatus, RunStatus
from orchestrator.schema.view import (
    CallView,
    CostEstimate,
    DoctorItem,
    Metrics,
    PlanView,
    ProjectDetail,
    ProjectView,
    ProviderView,
    RenderView,
    SpendingView,
    TakeView,
)
from orchestrator.views.base import AssetFile, Reads
from providers.base import ProviderProfile

# How many assessed takes are looked at, the newest first: a person waits for the answer.
TAKES_REJUDGED, TAKES_CALIBRATED = 500, 2_000


class CoreViews(Reads):
    """Projects, plans, takes, films and the house they are in."""

    # --- projects ---

    def projects(self) -> tuple[ProjectView, ...]:
        with self._database.read() as session:
            return tuple(_project_view(session, row) for row in queries.films(session))

    def project(self, project_id: str) -> ProjectDetail:
        with self._database.read() as session:
            row = fetch(session, ProjectRow, project_id)
            brief, script = newest(session, BriefRow, project_id), newest(session, ScriptRow, project_id)
            plan = newest(session, PlanRow, project_id)
            return ProjectDetail(
                id=row.id,
                name=row.name,
                settings=ProjectSettings.model_validate(row.settings),
                brief=brief_of(brief) if brief else ContentBrief(),
                script=script.text if script else "",
                clip_plan_id=plan.id if plan else "",
            )

    # --- plans and clips ---

    def plan(self, plan_id: str) -> PlanView:
        with self._database.read() as session:
            plan = queries.plan_with_takes(session, fetch(session, PlanRow, plan_id).id)
            settings = settings_of(plan)
            order = sorted(plan.clips, key=lambda c: c.order_key)
            costs = queries.run_costs_usd(session, [r for c in order for r in c.runs])
            clips = tuple(
                clip_view(c, place=place, settings=settings, cost_usd=round(sum(costs[r.id] for r in c.runs), 4))
                for place, c in enumerate(order, start=1)
            )
            render = queries.newest_render(session, plan_id)
            render_shown = _render_view(render, plan) if render else None
            partial = queries.newest_render(session, plan_id, is_partial=True)
            if partial and render and partial.created_at < render.created_at:
                partial = None
            missing = missing_clips(clips)
            creates, cost_usd = queries.plan_calls(session, plan_id)
            budget = ProjectSettings.model_validate(plan.project.settings).budget_usd
            is_rendering = render is not None and not RenderStatus(render.status).is_over
            is_working = plan.status == PlanStatus.RUNNING or not plan.is_parked or is_rendering
            is_active = is_working or (partial is not None and not RenderStatus(partial.status).is_over)
            counts = {s: sum(c.status == s for c in clips) for s in ClipStatus}
            is_attended = not is_active or self._is_attended()
            width = self._choices.settings.max_concurrent_clips
            eta = eta_seconds(plan, clips, width=width) if is_working and is_attended else None
            return PlanView(
                id=plan.id,
                project_id=plan.project_id,
                project_name=plan.project.name,
                status=PlanStatus(plan.status),
                is_active=is_active,
                clips=clips,
                total_seconds=plan.total_seconds,
                spoken_words=plan.spoken_words,
                words_per_minute=plan.words_per_minute,
                passed=counts[ClipStatus.PASSED],
                failed=counts[ClipStatus.FAILED],
                needs_review=counts[ClipStatus.NEEDS_REVIEW],
                progress=plan_progress(clips, render_shown),
                eta_seconds=eta,
                cost_usd=round(cost_usd, 4),
                budget_usd=budget,
                spent_usd=round(spent_usd(session, plan.project_id), 4),
                reason=plan.reason,
                pause_cause=PauseCause(plan.pause_cause) if plan.pause_cause else None,
                missing=missing,
                estimate=self._estimate(session, settings, [c.seconds for c in clips if not c.status.is_settled]),
                creates=creates,
                render=render_shown,
                partial=_render_view(partial, plan) if partial else None,
                message=plan_message(
                    plan,
                    counts,
                    len(clips),
                    render_shown,
                    is_rendering=is_rendering,
                    missing=missing,
                    is_attended=is_attended,
                ),
            )

    def estimate(self, seconds: Sequence[int], *, settings: ProjectSettings) -> CostEstimate | None:
        """What clips of these lengths will cost; None when there are none or the provider is not set up."""
        with self._database.read() as session:
            return self._estimate(session, settings, seconds)

    def _estimate(self, session: Session, settings: ProjectSettings, seconds: Sequence[int]) -> CostEstimate | None:
        try:
            complete = self._choices.complete(settings)
        except BadInput:
            return None
        if not seconds:
            return None
        return estimate(
            seconds,
            profile=self._choices.profile(complete.provider, complete.model),
            model=complete.model,
            size=complete.size,
            max_attempts=complete.retry_policy.max_attempts,
            history=queries.takes_per_clip(session, complete.provider),
        )

    def takes(self, clip_id: str) -> tuple[TakeView, ...]:
        with self._database.read() as session:
            clip = fetch(session, ClipRow, clip_id)
            return _take_views(session, clip.runs[::-1])

    def take(self, run_id: str) -> TakeView:
        with self._database.read() as session:
            return _take_views(session, [fetch(session, RunRow, run_id)])[0]

    def single(self, clip_id: str) -> TakeView:
        """The newest take of a single clip, also before the engine has taken it up."""
        with self._database.read() as session:
            return self._newest_take(session, fetch(session, ClipRow, clip_id))

    def history(self, *, limit: int = 50) -> tuple[TakeView, ...]:
        """The newest take of every single clip, newest first."""
        with self._database.read() as session:
            return tuple(self._newest_take(session, clip) for clip in queries.single_clips(session, limit=limit))

    def review_queue(self) -> tuple[TakeView, ...]:
        """Takes that wait for a person: of every clip that needs review its best, or the one that is asked about."""
        with self._database.read() as session:
            clips = queries.clips_to_review(session)
            return _take_views(session, [run for clip in clips if (run := take_shown(clip))])

    def recent_takes(self, *, limit: int = 100) -> tuple[TakeView, ...]:
        with self._database.read() as session:
            return _take_views(session, queries.recent_runs(session, limit=limit))

    def _newest_take(self, session: Session, clip: ClipRow) -> TakeView:
        if clip.runs:
            return _take_views(session, clip.runs[-1:])[0]
        settings, is_held = settings_of(clip.plan), waits_for_plan(clip)
        return TakeView(
            run_id="",
            clip_id=clip.id,
            clip_plan_id=clip.clip_plan_id,
            project_id=clip.plan.project_id,
            project_name=clip.plan.project.name,
            position=clip.position,
            attempt=1,
            status=RunStatus.CRAFTED,
            status_text=HELD_WORDS if is_held else clip.reason or "Waiting for its turn",
            provider=settings.provider,
            model=settings.model,
            prompt=clip.prompt or clip.visual_intent,
            line=clip.text,
            seconds=clip.seconds,
            size=settings.size,
            is_newest=True,
            is_active=not ClipStatus(clip.status).is_settled and not is_held,
            is_held=is_held,
            reason=clip.plan.reason if is_held else clip.reason,
            created_at=clip.created_at,
        )

    # --- how strictly takes are judged ---

    def policy(self, project_id: str) -> PolicyView:
        """How strictly a project's takes are judged now."""
        with self._database.read() as session:
            row = fetch(session, ProjectRow, project_id)
            is_own = ProjectSettings.model_validate(row.settings).assessment is not None
            return PolicyView(project_id=row.id, policy=policy_of(row), is_own=is_own)

    def judged_projects(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the films, newest first, and of what holds the single clips."""
        with self._database.read() as session:
            single = queries.single_project(session)
            return tuple((row.id, row.name) for row in (*queries.films(session), *([single] if single else [])))

    def what_if(self, project_id: str, policy: AssessmentPolicy) -> WhatIf:
        """What another policy would make of the project's newest assessed takes. Nothing is measured or changed."""
        with self._database.read() as session:
            current = policy_of(fetch(session, ProjectRow, project_id))
            runs = queries.assessed_runs(session, project_id=project_id, limit=TAKES_REJUDGED + 1)
            takes = [stored_take(run) for run in runs[:TAKES_REJUDGED]]
        return what_if(takes, policy, current=current, has_more=len(runs) > len(takes))

    def calibration(self, project_id: str = "") -> Calibration:
        """How far people agree with the assessor, in one project or in all of them (then against the defaults)."""
        with self._database.read() as session:
            policy = policy_of(fetch(session, ProjectRow, project_id)) if project_id else AssessmentPolicy()
            runs = queries.assessed_runs(session, project_id=project_id, limit=TAKES_CALIBRATED + 1)
            takes = [stored_take(run) for run in runs[:TAKES_CALIBRATED]]
        return calibrate(takes, policy=policy, has_more=len(runs) > len(takes))

    def labels(self, project_id: str = "") -> tuple[tuple[dict[str, Any], Path], ...]:
        """(line of a labelled set, video on this machine) of every take whose video is there and on which people said
        enough."""
        with self._database.read() as session:
            policy = policy_of(fetch(session, ProjectRow, project_id)) if project_id else AssessmentPolicy()
            runs = queries.assessed_runs(session, project_id=project_id, limit=TAKES_CALIBRATED, is_decided=True)
            takes = [stored_take(run, session.get(AssetRow, run.asset_id)) for run in runs if run.asset_id]
        found: list[tuple[dict[str, Any], Path]] = []
        for take in takes:
            with contextlib.suppress(NotFound):
                path = self._store.local_path(take.media_key)
                if line := export_line(take, file=f"{take.run_id}{path.suffix}", policy=policy):
                    found.append((line, path))
        return tuple(found)

    # --- films ---

    def render(self, render_id: str) -> RenderView:
        with self._database.read() as session:
            row = fetch(session, RenderRow, render_id)
            return _render_view(row, fetch(session, PlanRow, row.clip_plan_id))

    def asset_file(self, asset_id: str) -> AssetFile:
        """Where a stored file can be read. Raises ``NotFound``."""
        with self._database.read() as session:
            row = fetch(session, AssetRow, asset_id)
            suffix = "jpg" if row.mime == "image/jpeg" else "mp4"
            return AssetFile(
                path=self._store.local_path(row.storage_key),
                mime=row.mime,
                filename=f"{row.kind}-{row.id[:8]}.{suffix}",
                sha256=row.sha256,
            )

    def still(self, asset_id: str, *, at_seconds: float, width: int) -> bytes:
        """JPEG of a stored video at ``at_seconds`` from its start, at most ``width`` pixels wide. Raises ``NotFound``,
        ``BadInput`` or ``UnreadableMedia``."""
        file = self.asset_file(asset_id)
        if not file.mime.startswith("video/"):
            raise BadInput("Stills are taken from videos, and this file is none.")
        return read_still(file.path, sha256=file.sha256, at_seconds=at_seconds, width=width)

    # --- the house ---

    def providers(self) -> tuple[ProviderView, ...]:
        """Usable providers first, then those that lack a setting."""
        usable = [self._provider_view(profile) for profile in self._choices.profiles.values()]
        lacking = [
            ProviderView(
                name=name,
                title=self._titles.get(name, name),
                models=(),
                durations_seconds=(),
                sizes=(),
                prompt_limit_characters=0,
                cost_usd_per_second={},
                is_free=False,
                is_default=name == self._choices.settings.video_provider,
                supports_remix=False,
                supports_reference=False,
                missing=self._choices.missing.get(name, ()),
                problem=self._choices.broken.get(name, ""),
            )
            for name in (*self._choices.broken, *self._choices.missing)
        ]
        return (*usable, *lacking)

    def provider(self, name: str, *, model: str = "") -> ProviderView:
        """One usable provider as it is with ``model``. Raises ``UnknownProvider``."""
        return self._provider_view(self._choices.profile(name, model), model=model)

    def _provider_view(self, profile: ProviderProfile, *, model: str = "") -> ProviderView:
        model, size, seconds = model or profile.models[0], profile.sizes[0], profile.durations_seconds[0]
        return ProviderView(
            **profile.model_dump(include=set(ProviderView.model_fields) & set(type(profile).model_fields)),
            endpoint=self._endpoints.get(profile.name, ""),
            is_default=profile.name == self._choices.settings.video_provider,
            is_retired=profile.is_retired(utc_now()),
            test_seconds=seconds,
            test_cost_usd=profile.cost_usd(model=model, seconds=seconds, size=size),
        )

    def calls(self, *, project_id: str = "", limit: int = 200) -> tuple[CallView, ...]:
        """The ledger: every request to a provider that may have been paid, those refused, and every look at a take;
        newest first."""
        with self._database.read() as session:
            calls = [call_view(row) for row in queries.newest_calls(session, project_id=project_id, limit=limit)]
            looks = [look_view(row) for row in queries.newest_looks(session, project_id=project_id, limit=limit)]
        return tuple(sorted((*calls, *looks), key=lambda call: call.sent_at, reverse=True)[:limit])

    def spending(self) -> tuple[SpendingView, ...]:
        """What every provider cost so far, the dearest first."""
        with self._database.read() as session:
            return tuple(
                SpendingView(provider=name, takes=takes, refused=refused, cost_usd=cost, open_usd=open_usd)
                for name, takes, refused, cost, open_usd in queries.spending(session)
            )

    def single_budget_left_usd(self) -> float | None:
        """What the next single clip may cost; None where no budget is set."""
        budget = self._choices.settings.budget_usd
        if budget is None:
            return None
        with self._database.read() as session:
            project = queries.single_project(session)
            return max(0.0, budget - (spent_usd(session, project.id) if project else 0.0))

    def doctor(self) -> tuple[DoctorItem, ...]:
        """What is configured, what is missing and what that turns off."""
        return self._examine()

    def metrics(self) -> Metrics:
        """The PRD's success metrics over all films."""
        with self._database.read() as session:
            settled = queries.tried_clips(session)
            first = [c for c in settled if c.accepted_run_id == c.runs[0].id]
            done = queries.completed_plans(session)
            paces = [
                (p.finished_at - p.started_at).total_seconds() / p.total_seconds * 60
                for p in done
                if p.finished_at and p.started_at and p.project.kind == "film"
            ]
            return Metrics(
                first_pass_rate=len(first) / len(settled) if settled else None,
                retries_per_clip=mean(sum(not r.edit for r in c.runs) - 1 for c in settled) if settled else None,
                seconds_per_film_minute=mean(paces) if paces else None,
                cost_usd=round(queries.total_cost_usd(session), 4),
                accepted_seconds=sum(c.seconds for c in settled if c.accepted_run_id),
            )


def _project_view(session: Session, row: ProjectRow) -> ProjectView:
    plan = newest(session, PlanRow, row.id)
    counts: dict[str, int] = {}
    poster, film = "", None
    if plan:
        counts = queries.clip_counts(session, plan.id)
        film = queries.newest_render(session, plan.id)
        poster = queries.first_poster(session, plan.id)
    return ProjectView(
        id=row.id,
        name=row.name,
        clip_plan_id=plan.id if plan else "",
        plan_status=PlanStatus(plan.status) if plan else None,
        clips_total=sum(counts.values()),
        clips_passed=counts.get(ClipStatus.PASSED, 0),
        needs_review=counts.get(ClipStatus.NEEDS_REVIEW, 0),
        cost_usd=round(spent_usd(session, row.id), 4),
        film_url=url(film.asset_id) if film else "",
        poster_url=url(poster or None),
        created_at=row.created_at,
        updated_at=max(row.updated_at, plan.updated_at) if plan else row.updated_at,
    )


def _render_view(row: RenderRow, plan: PlanRow) -> RenderView:
    return render_view(row, is_current=is_current(row, plan))


def _take_views(session: Session, runs: Sequence[RunRow]) -> tuple[TakeView, ...]:
    calls, stored, now = queries.calls_of(session, runs), queries.stored_at(session, runs), utc_now()
    looks = queries.look_costs_usd(session, runs)
    return tuple(
        take_view(run, call=calls.get(run.id), stored_at=stored.get(run.id), looks_usd=looks[run.id], now=now)
        for run in runs
    )
