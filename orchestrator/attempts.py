"""The next attempt at a clip: which provider, which model, how long, which words. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.db.models import ClipRow, PlanRow, RunRow, new_id
from orchestrator.db.records import brief_of, clip_of, repair_of, request_of, settings_of
from orchestrator.db.session import Session
from orchestrator.director import split_clip
from orchestrator.errors import BadInput, NotConfigured
from orchestrator.repair import patches_of
from orchestrator.scene_crafter import craft_clip, craft_remix
from orchestrator.scene_crafter.own import craft_own
from orchestrator.schema.clip_plan import Clip, PlanConstraints
from orchestrator.schema.clip_run import TAKEN_BACK, RepairInstruction, RepairStrategy
from orchestrator.schema.status import ClipStatus, RunStatus
from providers.base import AudioSupport, ProviderProfile


@dataclass(frozen=True)
class Attempts:
    """``profiles`` and ``endpoints`` are by provider name; in ``narrated_languages`` a silent take gets a voice."""

    profiles: Mapping[str, ProviderProfile]
    endpoints: Mapping[str, str]
    narrated_languages: frozenset[str]

    def profile(self, name: str, model: str = "") -> ProviderProfile:
        """Raises ``NotConfigured`` when the provider a plan was made for is no longer set up."""
        if name not in self.profiles:
            raise NotConfigured(f"The provider {name!r} is no longer set up. Set it up again, then retry this clip.")
        return self.profiles[name].for_model(model)

    def begin(self, session: Session, clip: ClipRow, plan: PlanRow) -> RunRow:
        """The next take of ``clip``, as a new row: crafted from the plan and everything repair has asked for so far.

        A clip longer than the provider's longest is split first: it keeps the first part, and the rest becomes clips
        of their own right after it. The caller holds the plan's lock.
        """
        history = history_of(clip)
        provider, model = self._choose(plan, history)
        profile = self.profile(provider, model)
        if not profile.holds(clip.seconds) and not clip.prompt:
            _split(session, clip, plan, profile)
        run = self._craft(clip, plan, history, profile=profile, model=model)
        session.add(run)
        return run

    def _choose(self, plan: PlanRow, history: Iterable[RepairInstruction]) -> tuple[str, str]:
        settings = settings_of(plan)
        provider, model = settings.provider, settings.model
        for instruction in history:
            if instruction.strategy is RepairStrategy.FALLBACK_PROVIDER:
                provider = instruction.provider
                model = self.profile(provider).models[0]
        return provider, model

    def _craft(
        self,
        clip: ClipRow,
        plan: PlanRow,
        history: tuple[RepairInstruction, ...],
        *,
        profile: ProviderProfile,
        model: str,
    ) -> RunRow:
        settings, repair = settings_of(plan), history[-1:]
        attempt = clip.runs[-1].attempt + 1 if clip.runs else 1
        last = next((run for run in reversed(clip.runs) if run.error_code not in TAKEN_BACK), None)
        run_id = new_id()
        scene = f"{settings.seed}-{clip.scene.position}"
        labels = {"position": str(clip.position), "attempt": str(attempt), "scene": scene}
        asked: dict[str, Any] = {
            "profile": profile,
            "model": model,
            "size": profile.fit_size(settings.size),
            "key": run_id,
            "patches": _patches(clip, history),
            "seed": settings.seed + clip.position * 1000 + attempt if profile.supports_seed else None,
            "labels": labels,
        }
        if last and repair and repair[0].strategy is RepairStrategy.RETRY and repair[0].delay_seconds:
            # The provider was busy and took nothing: the very same request is sent again.
            request = request_of(last).model_copy(update={"key": run_id, "labels": labels})
        elif clip.prompt:
            request = craft_own(clip.prompt, clip=clip_of(clip), **asked)
        else:
            request = craft_clip(clip_of(clip), brief=brief_of(plan.brief), **asked)
        if last and repair and repair[0].strategy is RepairStrategy.REMIX and last.generation_id:
            remix_text = repair[0].remix_text
            request = craft_remix(request, source_generation_id=last.generation_id, remix_text=remix_text)
        elif clip.remix_of:
            remix_text = "\n".join((clip.prompt, *patches_of(history)))
            request = craft_remix(request, source_generation_id=clip.remix_of, remix_text=remix_text)
        return RunRow(
            id=run_id,
            clip_id=clip.id,
            attempt=attempt,
            status=RunStatus.CRAFTED,
            provider=profile.name,
            model=request.model,
            endpoint=self.endpoints.get(profile.name, ""),
            request=request.model_dump(mode="json"),
            patches=list(repair[0].patch) if repair else [],
        )

    def able(self, names: Iterable[str], clip: ClipRow, *, now: datetime) -> tuple[str, ...]:
        """Those of ``names``, in their order, that could make this clip: in service, not tried in this round, long
        enough for it whole or, without a prompt of a person's own, in parts, and with a voice for a line, their own or
        ours. A remix is made where its source is and nowhere else."""
        used = {run.provider for run in clip.runs if run.attempt > clip.cycle_start}
        return tuple(
            name
            for name in dict.fromkeys(names)
            if name not in used and name in self.profiles and self._is_able(self.profiles[name], clip, now=now)
        )

    def _is_able(self, profile: ProviderProfile, clip: ClipRow, *, now: datetime) -> bool:
        if profile.is_retired(now) or profile.needs_reference or clip.remix_of:
            return False
        language = clip.plan.brief.language
        speaks = profile.audio is not AudioSupport.NONE or not clip.text or language in self.narrated_languages
        return speaks and (_takes_prompt(profile, clip) if clip.prompt else _holds_in_parts(profile, clip))


def history_of(clip: ClipRow) -> tuple[RepairInstruction, ...]:
    """Repairs of the present round of attempts, oldest first."""
    repairs = [repair_of(r) for r in clip.runs if r.attempt > clip.cycle_start and r.status == RunStatus.SETTLED]
    return tuple(r for r in repairs if r is not None)


def _takes_prompt(profile: ProviderProfile, clip: ClipRow) -> bool:
    is_short = profile.prompt_length(clip.prompt) <= profile.prompt_limit_characters
    return is_short and profile.holds(clip.seconds)


def _holds_in_parts(profile: ProviderProfile, clip: ClipRow) -> bool:
    if profile.holds(clip.seconds):
        return True
    try:
        return bool(_parts(clip, clip.plan, profile))
    except BadInput:
        return False


def _parts(clip: ClipRow, plan: PlanRow, profile: ProviderProfile) -> tuple[Clip, ...]:
    """``clip`` in parts that the provider holds. Raises ``SentenceTooLong``."""
    constraints = PlanConstraints(words_per_minute=plan.words_per_minute, durations_seconds=profile.durations_seconds)
    return split_clip(clip_of(clip), constraints=constraints, language=plan.brief.language)


def _patches(clip: ClipRow, history: Iterable[RepairInstruction]) -> tuple[str, ...]:
    """What repair has asked for, without demands to say a line the clip had before it was split."""
    former = {request_of(run).line for run in clip.runs} - {clip.text, ""}
    return tuple(patch for patch in patches_of(history) if not any(line in patch for line in former))


def _split(session: Session, clip: ClipRow, plan: PlanRow, profile: ProviderProfile) -> None:
    first, *rest = _parts(clip, plan, profile)
    # Last first: two clips of a plan never share a position, not even for a moment.
    for other in sorted(plan.clips, key=lambda c: c.position, reverse=True):
        if other.position > clip.position:
            other.position += len(rest)
            session.flush()
        if other.order_key > clip.order_key:
            other.order_key += len(rest)
    clip.text, clip.words, clip.seconds = first.text, first.words, first.seconds
    if rest:
        clip.reason = f"Split: {profile.title} makes at most {profile.durations_seconds[-1]} s at once."
    for offset, part in enumerate(rest, start=1):
        session.add(
            ClipRow(
                clip_plan_id=plan.id,
                scene_id=clip.scene_id,
                order_key=clip.order_key + offset,
                status=ClipStatus.PENDING,
                **part.model_dump(exclude={"acceptance"}),
                acceptance=list(part.acceptance),
            )
        )
    session.flush()
    session.expire(plan, ["clips"])
    plan.total_seconds = sum(c.seconds for c in plan.clips)
