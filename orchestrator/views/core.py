"""Reads shaped for screens, status routes and the command line. Nothing here writes."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.calibration import calibrate, export_line, what_if
from orchestrator.calls import spent_usd
from orchestrator.costs import add_up, estimate
from orchestrator.db import queries
from orchestrator.db.exports import assets_of
from orchestrator.db.films import films_of
from orchestrator.db.models import (
    AssetRow,
    BriefRow,
    ClipRow,
    PerceptionCallRow,
    PlanRow,
    ProjectRow,
    RenderRow,
    RunRow,
    ScriptRow,
    utc_now,
)
from orchestrator.db.records import (
    brief_of,
    clip_of,
    default_policy,
    fetch,
    newest,
    policy_of,
    settings_for,
    settings_of,
    stored_take,
)
from orchestrator.db.session import Session
from orchestrator.decisions import is_being_cut
from orchestrator.errors import BadInput, NotFound
from orchestrator.media.peaks import read_peaks
from orchestrator.media.stills import read_still
from orchestrator.presentation import (
    call_view,
    clip_view,
    eta_seconds,
    look_view,
    missing_clips,
    plan_message,
    plan_progress,
    render_view,
    take_shown,
)
from orchestrator.renders import is_current
from orchestrator.rights import admins
from orchestrator.scene_crafter import craft_clip
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.calibration import Calibration, PolicyView, Unspoken, WhatIf
from orchestrator.schema.peaks import Peaks
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus, RenderStatus
from orchestrator.schema.view import (
    CallView,
    CostEstimate,
    DoctorItem,
    LedgerPage,
    PlanView,
    ProjectDetail,
    ProviderView,
    RenderView,
    SceneView,
    SpendingView,
    TakeView,
)
from orchestrator.views.base import AssetFile, Reads
from orchestrator.views.takes import take_views
from providers.base import ProviderProfile

# How many assessed takes are looked at, the newest first: a person waits for the answer.
TAKES_REJUDGED, TAKES_CALIBRATED = 500, 2_000


class CoreViews(Reads):
    """Projects, plans, takes, films and the house they are in."""

    # --- projects ---

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
                is_deleted=row.deleted_at is not None,
                version=row.version,
            )

    # --- plans and clips ---

    def plan(self, plan_id: str) -> PlanView:
        with self._database.read() as session:
            plan = queries.plan_at_a_glance(session, fetch(session, PlanRow, plan_id).id)
            settings = settings_of(plan)
            order = sorted(plan.clips, key=lambda c: c.order_key)
            creates, costs = queries.clip_costs_usd(session, plan_id)
            clips = tuple(
                clip_view(c, place=place, settings=settings, cost_usd=round(costs[c.id], 4))
                for place, c in enumerate(order, start=1)
            )
            render = queries.newest_render(session, plan_id)
            render_shown = _render_view(render, plan) if render else None
            partial = queries.newest_render(session, plan_id, is_partial=True)
            if partial and render and partial.created_at < render.created_at:
                partial = None
            missing = missing_clips(clips)
            budget = ProjectSettings.model_validate(plan.project.settings).budget_usd
            is_rendering = render is not None and not RenderStatus(render.status).is_over
            is_working = plan.status == PlanStatus.RUNNING or not plan.is_parked or is_rendering
            is_active = is_working or (partial is not None and not RenderStatus(partial.status).is_over)
            is_active = is_active or any(map(is_being_cut, order))
            counts = {s: sum(c.status == s for c in clips) for s in ClipStatus}
            is_attended = not is_active or self._is_attended()
            width = self._choices.settings.max_concurrent_clips
            eta = eta_seconds(plan, clips, width=width) if is_working and is_attended else None
            return PlanView(
                id=plan.id,
                project_id=plan.project_id,
                project_name=plan.project.name,
                version=plan.project.version,
                status=PlanStatus(plan.status),
                is_active=is_active,
                clips=clips,
                scenes=tuple(
                    SceneView(id=s.id, position=s.position, title=s.title) for s in queries.scenes_of(session, plan_id)
                ),
                total_seconds=plan.total_seconds,
                spoken_words=plan.spoken_words,
                words_per_minute=plan.words_per_minute,
                passed=counts[ClipStatus.PASSED],
                failed=counts[ClipStatus.FAILED],
                needs_review=counts[ClipStatus.NEEDS_REVIEW],
                progress=plan_progress(clips, render_shown),
                eta_seconds=eta,
                cost_usd=round(sum(costs.values()), 4),
                budget_usd=budget,
                spent_usd=round(spent_usd(session, plan.project_id), 4),
                reason=plan.reason,
                pause_cause=PauseCause(plan.pause_cause) if plan.pause_cause else None,
                missing=missing,
                estimate=self._estimate_open(session, order),
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

    def estimate(
        self, seconds: Sequence[int], *, settings: ProjectSettings, has_reference: bool = False
    ) -> CostEstimate | None:
        """What clips of these lengths will cost; None when there are none or the provider is not set up."""
        with self._database.read() as session:
            return self._estimate(session, settings, seconds, has_reference=has_reference)

    def _estimate(
        self, session: Session, settings: ProjectSettings, seconds: Sequence[int], *, has_reference: bool = False
    ) -> CostEstimate | None:
        try:
            complete = self._choices.complete(settings, has_reference=has_reference)
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

    def _estimate_open(self, session: Session, clips: Sequence[ClipRow]) -> CostEstimate | None:
        """What the clips that are not settled will cost, each at the provider that is to make it; None when there are
        none or one of those is not set up."""
        if not clips:
            return None
        seconds: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        settings = settings_of(clips[0].plan)
        for clip in clips:
            if not ClipStatus(clip.status).is_settled:
                own = settings_for(clip)
                seconds[own.provider, own.model].append(clip.seconds)
        found: list[tuple[int, CostEstimate]] = []
        for (provider, model), lengths in seconds.items():
            try:
                profile = self._choices.profile(provider, model)
            except BadInput:
                return None
            price = estimate(
                lengths,
                profile=profile,
                model=model or profile.models[0],
                size=settings.size or profile.sizes[0],
                max_attempts=settings.retry_policy.max_attempts,
                history=queries.takes_per_clip(session, provider),
            )
            found.append((len(lengths), price))
        return add_up(found)

    def take_price_usd(self, clip_id: str, *, provider: str = "", model: str = "") -> float:
        """What one more take of a clip costs, in US dollars, at its own provider or the one named; 0 where that is free
        or not set up."""
        with self._database.read() as session:
            clip = fetch(session, ClipRow, clip_id)
            settings = settings_for(clip)
            name, model = (provider, model) if provider else (settings.provider, settings.model)
            try:
                profile = self._choices.profile(name, model)
            except BadInput:
                return 0.0
            seconds, size = profile.fit_seconds(clip.seconds), profile.fit_size(settings.size or profile.sizes[0])
        return profile.cost_usd(model=model or profile.models[0], seconds=seconds, size=size)

    def crafted_prompt(self, clip_id: str) -> str:
        """The prompt the plan gives a clip, as its provider would be sent it for a first take."""
        with self._database.read() as session:
            clip = fetch(session, ClipRow, clip_id)
            settings = settings_for(clip)
            profile = self._choices.profile(settings.provider, settings.model)
            return craft_clip(
                clip_of(clip),
                brief=brief_of(clip.plan.brief),
                profile=profile,
                model=settings.model or profile.models[0],
                size=profile.fit_size(settings.size or profile.sizes[0]),
                key=clip.id,
            ).prompt

    def takes(self, clip_id: str) -> tuple[TakeView, ...]:
        with self._database.read() as session:
            clip = fetch(session, ClipRow, clip_id)
            return take_views(session, clip.runs[::-1])

    def takes_of_plan(self, plan_id: str) -> dict[str, tuple[TakeView, ...]]:
        """The takes of every clip of a plan, oldest first, by clip id."""
        with self._database.read() as session:
            plan = queries.plan_with_takes(session, fetch(session, PlanRow, plan_id).id)
            runs = [run for clip in plan.clips for run in clip.runs]
            takes = take_views(session, runs)
            return {clip.id: tuple(take for take in takes if take.clip_id == clip.id) for clip in plan.clips}

    def take(self, run_id: str) -> TakeView:
        with self._database.read() as session:
            return take_views(session, [fetch(session, RunRow, run_id)])[0]

    def review_queue(self) -> tuple[TakeView, ...]:
        """Takes that wait for a person: of every clip that needs review its best, or the one that is asked about."""
        with self._database.read() as session:
            clips = queries.clips_to_review(session)
            return take_views(session, [run for clip in clips if (run := take_shown(clip))])

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
            single = queries.single_project(session, self._owner_id)
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
            policy = _policy(session, project_id)
            scores = queries.assessed_scores(session, project_id=project_id, limit=TAKES_CALIBRATED + 1)
            newest = dict((run_id, (at, score)) for run_id, at, score in scores[:TAKES_CALIBRATED])
            runs = queries.assessed_runs(session, project_id=project_id, limit=TAKES_CALIBRATED, is_decided=True)
            takes = [stored_take(run) for run in runs if run.id in newest]
        spoken = {take.run_id for take in takes}
        unspoken = [Unspoken(assessed_at=at, score=score) for i, (at, score) in newest.items() if i not in spoken]
        return calibrate(takes, policy=policy, unspoken=unspoken, has_more=len(scores) > TAKES_CALIBRATED)

    def labels(self, project_id: str = "") -> tuple[tuple[dict[str, Any], Path], ...]:
        """(line of a labelled set, video on this machine) of every take whose video is there and on which people said
        enough."""
        with self._database.read() as session:
            policy = _policy(session, project_id)
            runs = queries.assessed_runs(session, project_id=project_id, limit=TAKES_CALIBRATED, is_decided=True)
            assets = assets_of(session, runs)
            takes = [stored_take(run, assets.get(run.asset_id)) for run in runs if run.asset_id]
        found: list[tuple[dict[str, Any], Path]] = []
        for take in takes:
            with contextlib.suppress(NotFound):
                path = self._store.local_path(take.media_key, take.media_sha256)
                if line := export_line(take, file=f"{take.run_id}{path.suffix}", policy=policy):
                    found.append((line, path))
        return tuple(found)

    # --- films ---

    def render(self, render_id: str) -> RenderView:
        with self._database.read() as session:
            row = fetch(session, RenderRow, render_id)
            return _render_view(row, fetch(session, PlanRow, row.clip_plan_id))

    def renders(self, plan_id: str, *, limit: int = 20) -> tuple[RenderView, ...]:
        """The films of a plan, newest first, also partial ones and those that could not be made."""
        with self._database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            return tuple(_render_view(row, plan) for row in films_of(session, plan_id, limit=limit))

    def asset_file(self, asset_id: str) -> AssetFile:
        """Where a stored file can be read. Raises ``NotFound``."""
        with self._database.read() as session:
            row = fetch(session, AssetRow, asset_id)
            key, mime, sha256, filename = row.storage_key, row.mime, row.sha256, _filename(row)
        return AssetFile(path=self._store.local_path(key, sha256), mime=mime, filename=filename, sha256=sha256)

    def asset_link(self, asset_id: str, *, is_download: bool) -> str:
        """Where browsers get a stored file from its storage, for a while; empty where they get it from here. Raises
        ``NotFound`` and ``StorageAway``."""
        with self._database.read() as session:
            row = fetch(session, AssetRow, asset_id)
            key, filename = row.storage_key, _filename(row)
        return self._store.link(key, filename=filename if is_download else "")

    def still(self, asset_id: str, *, at_seconds: float, width: int) -> bytes:
        """JPEG of a stored video at ``at_seconds`` from its start, at most ``width`` pixels wide. Raises ``NotFound``,
        ``BadInput`` or ``UnreadableMedia``."""
        file = self.asset_file(asset_id)
        if not file.mime.startswith("video/"):
            raise BadInput("Stills are taken from videos, and this file is none.")
        return read_still(file.path, sha256=file.sha256, at_seconds=at_seconds, width=width)

    def peaks(self, asset_id: str, *, bins: int) -> Peaks:
        """How loud a stored video is along its length. Raises ``NotFound``, ``BadInput`` or ``UnreadableMedia``."""
        file = self.asset_file(asset_id)
        if not file.mime.startswith("video/"):
            raise BadInput("Sound is drawn of videos, and this file is none.")
        return read_peaks(file.path, sha256=file.sha256, bins=bins)

    # --- the house ---

    def providers(self) -> tuple[ProviderView, ...]:
        """Usable providers first, then those that lack a setting."""
        usual = self._choices.default_provider
        usable = [self._provider_view(profile, usual=usual) for profile in self._choices.profiles.values()]
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
                is_default=name == usual,
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
        return self._provider_view(
            self._choices.profile(name, model), model=model, usual=self._choices.default_provider
        )

    def _provider_view(self, profile: ProviderProfile, *, model: str = "", usual: str) -> ProviderView:
        model, size, seconds = model or profile.models[0], profile.sizes[0], profile.durations_seconds[0]
        return ProviderView(
            **profile.model_dump(include=set(ProviderView.model_fields) & set(type(profile).model_fields)),
            endpoint=self._endpoints.get(profile.name, ""),
            is_default=profile.name == usual,
            is_retired=profile.is_retired(utc_now()),
            test_seconds=seconds,
            test_cost_usd=profile.cost_usd(model=model, seconds=seconds, size=size),
        )

    def calls(self, *, project_id: str = "", limit: int = 200) -> tuple[CallView, ...]:
        """The newest of the ledger, by when each was first asked for."""
        return self.ledger(project_id=project_id, limit=limit).calls

    def ledger(self, *, project_id: str = "", limit: int = 50, after: str = "") -> LedgerPage:
        """Every request to a provider that may have been paid, those refused, and every look at a take; newest first.
        Raises ``BadInput`` for a cursor of another list."""
        with self._database.read() as session:
            page = queries.ledger_page(session, project_id=project_id, limit=limit, after=after)
            rows = [row for (row,) in page.rows]
            calls = tuple(look_view(row) if isinstance(row, PerceptionCallRow) else call_view(row) for row in rows)
        return LedgerPage(calls=calls, next=page.next, previous=page.previous)

    def spending(self) -> tuple[SpendingView, ...]:
        """What every provider cost so far, the dearest first."""
        with self._database.read() as session:
            return tuple(
                SpendingView(provider=name, takes=takes, refused=refused, cost_usd=cost, open_usd=open_usd)
                for name, takes, refused, cost, open_usd in queries.spending(session)
            )

    @admins
    def doctor(self) -> tuple[DoctorItem, ...]:
        """What is configured, what is missing and what that turns off."""
        return self._examine()


def _filename(row: AssetRow) -> str:
    return f"{row.kind}-{row.id[:8]}.{'jpg' if row.mime == 'image/jpeg' else 'mp4'}"


def _render_view(row: RenderRow, plan: PlanRow) -> RenderView:
    return render_view(row, is_current=is_current(row, plan))


def _policy(session: Session, project_id: str) -> AssessmentPolicy:
    """How strictly the takes of one project are judged, or of all of them when ``project_id`` is empty."""
    return policy_of(fetch(session, ProjectRow, project_id)) if project_id else default_policy(session)
