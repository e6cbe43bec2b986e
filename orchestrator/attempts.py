"""The next attempt at a clip: which provider, which model, how long, which words. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from orchestrator.calls import spent_usd
from orchestrator.db.edits import insert_clips
from orchestrator.db.models import ClipRow, PlanRow, RunRow, new_id
from orchestrator.db.records import (
    assessment_of,
    brief_of,
    clip_of,
    is_single,
    repair_of,
    request_of,
    settings_for,
    settings_of,
)
from orchestrator.db.session import Session
from orchestrator.director import split_clip
from orchestrator.errors import BadInput, NotConfigured
from orchestrator.repair import Asked, Budget, Canon, patches_of, reword
from orchestrator.scene_crafter import characters_of, craft_clip, craft_remix, picture_of
from orchestrator.scene_crafter.own import craft_own
from orchestrator.schema.assessment import Assessment
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip, PlanConstraints
from orchestrator.schema.clip_run import TAKEN_BACK, Edit, RepairInstruction, RepairStrategy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, RunStatus
from providers.base import AudioSupport, ContentRejected, ProviderProfile, RemixClipInput

CanonPart = TypeVar("CanonPart", StyleBible, CharacterBible)


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
        provider, model = self._choose(clip, history)
        profile = self.profile(provider, model)
        if not profile.holds(clip.seconds) and not clip.prompt:
            _split(session, clip, plan, profile)
        run = self._craft(clip, plan, history, profile=profile, model=model)
        session.add(run)
        return run

    def _choose(self, clip: ClipRow, history: Iterable[RepairInstruction]) -> tuple[str, str]:
        """The clip's own provider and model, else the plan's, unless repair has moved on from there."""
        settings = settings_for(clip)
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
        last = next((run for run in reversed(clip.runs) if run.error_code not in TAKEN_BACK and not run.edit), None)
        run_id = new_id()
        if last and repair and repair[0].edit:
            return _cut(last, repair[0].edit, run_id=run_id, attempt=attempt, clip=clip)
        scene = f"{settings.seed}-{clip.scene.position}"
        labels = {"position": str(clip.position), "attempt": str(attempt), "scene": scene}
        if settings.rehearsal:
            labels["rehearsal"] = settings.rehearsal
        rewording = tuple(pair for instruction in history for pair in instruction.rewording)
        asked: dict[str, Any] = {
            "profile": profile,
            "model": model,
            "size": profile.fit_size(settings.size),
            "key": run_id,
            "patches": _patches(clip, history, rewording),
            "seed": settings.seed + clip.position * 1000 + attempt if profile.supports_seed else None,
            "labels": labels,
        }
        picture = _picture_for(clip, profile)
        if last and repair and repair[0].strategy is RepairStrategy.RETRY and repair[0].delay_seconds:
            # The provider was busy and took nothing: the very same request is sent again.
            request, picture = request_of(last).model_copy(update={"key": run_id, "labels": labels}), _picture_in(last)
        elif clip.prompt:
            request = craft_own(_reword(clip.prompt, rewording, line=clip.text), clip=clip_of(clip), **asked)
        else:
            planned, brief = clip_of(clip), brief_of(plan.brief)
            planned = planned.model_copy(update={"visual_intent": reword(planned.visual_intent, rewording)})
            request = craft_clip(planned, brief=_reword_canon(brief, rewording), **asked)
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
            reference_asset_id="" if isinstance(request, RemixClipInput) else picture,
            patches=list(repair[0].patch) if repair else [],
        )

    def budget(self, session: Session, clip: ClipRow, names: Iterable[str]) -> Budget:
        """What is left of the project's money, and what one more take of this clip costs at its own provider and at
        each of ``names``."""
        plan = clip.plan
        limit_usd = ProjectSettings.model_validate(plan.project.settings).budget_usd
        if limit_usd is None:
            return Budget()
        own, model = self._choose(clip, history_of(clip))
        return Budget(
            left_usd=max(0.0, limit_usd - spent_usd(session, plan.project_id)),
            costs_usd={own: self._cost_usd(own, model, clip), **{n: self._cost_usd(n, "", clip) for n in names}},
        )

    def _cost_usd(self, provider: str, model: str, clip: ClipRow) -> float:
        profile = self.profile(provider, model)
        size = profile.fit_size(settings_of(clip.plan).size)
        return profile.cost_usd(model=model or profile.models[0], seconds=profile.fit_seconds(clip.seconds), size=size)

    def able(self, names: Iterable[str], clip: ClipRow, *, now: datetime) -> tuple[str, ...]:
        """Those of ``names``, in their order, that could make this clip: in service, not tried in this round, long
        enough for it whole or, without a prompt of a person's own, in parts, and with a voice for a line, their own or
        ours. A remix is made where its source is and nowhere else, a clip with a picture of its own where that is
        taken."""
        used = {run.provider for run in clip.runs if run.attempt > clip.cycle_start}
        return tuple(
            name
            for name in dict.fromkeys(names)
            if name not in used and name in self.profiles and self._is_able(self.profiles[name], clip, now=now)
        )

    def _is_able(self, profile: ProviderProfile, clip: ClipRow, *, now: datetime) -> bool:
        if profile.is_retired(now) or clip.remix_of:
            return False
        if (profile.needs_reference or clip.reference_asset_id) and not _picture_for(clip, profile):
            return False
        language = clip.plan.brief.language
        speaks = profile.audio is not AudioSupport.NONE or not clip.text or language in self.narrated_languages
        return speaks and (_takes_prompt(profile, clip) if clip.prompt else _holds_in_parts(profile, clip))


def history_of(clip: ClipRow) -> tuple[RepairInstruction, ...]:
    """Repairs of the present round of attempts, oldest first."""
    return tuple(instruction for instruction, _ in _repairs(clip))


def earlier_of(clip: ClipRow) -> tuple[Assessment | None, ...]:
    """What each repair of the present round was decided on; None after an error."""
    return tuple(assessment for _, assessment in _repairs(clip))


def _repairs(clip: ClipRow) -> Iterator[tuple[RepairInstruction, Assessment | None]]:
    for run in clip.runs:
        if run.attempt > clip.cycle_start and run.status == RunStatus.SETTLED and (repair := repair_of(run)):
            is_judged = bool(run.assessments) and not run.error_code
            yield repair, assessment_of(run.assessments[-1]) if is_judged else None


def places_without_picture(plan: PlanRow, profiles: Mapping[str, ProviderProfile]) -> tuple[int, ...]:
    """Which clips of a plan, counted as they play, cannot be made for want of a picture to start from."""
    places: list[int] = []
    for place, clip in enumerate(sorted(plan.clips, key=lambda c: c.order_key), start=1):
        made_by, is_open = settings_for(clip), not ClipStatus(clip.status).is_settled and not clip.remix_of
        usual = profiles.get(made_by.provider)
        profile = usual.for_model(made_by.model) if usual else None
        if is_open and profile and profile.needs_reference and not _picture_for(clip, profile):
            places.append(place)
    return tuple(places)


def _picture_for(clip: ClipRow, profile: ProviderProfile) -> str:
    """Asset id of the picture the next take starts from; empty for none. A picture of the canon, which nobody asked for
    in this very clip, is given up where a provider's safety check refused a take with it."""
    if not profile.takes_picture(clip.seconds):
        return ""
    own = clip.reference_asset_id or ""
    picture = picture_of(clip_of(clip), own=own, brief=brief_of(clip.plan.brief))
    refused = {
        _picture_in(r) for r in clip.runs if r.error_code == ContentRejected.code and r.attempt > clip.cycle_start
    }
    return picture if profile.needs_reference or picture == own or picture not in refused else ""


def _picture_in(run: RunRow) -> str:
    return run.reference_asset_id or ""


def canon_of(clip: ClipRow) -> Canon:
    """What no correction of this clip may contradict. A single clip's prompt stands on its own."""
    if is_single(clip):
        return Canon()
    brief = brief_of(clip.plan.brief)
    return Canon(style=brief.style, characters=characters_of(clip_of(clip), brief.characters))


def asked_of(run: RunRow) -> Asked:
    clip = run.clip
    return Asked(prompt=request_of(run).prompt, own_prompt=clip.prompt, planned_seconds=clip.seconds)


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


def _patches(
    clip: ClipRow, history: Iterable[RepairInstruction], rewording: tuple[tuple[str, str], ...]
) -> tuple[str, ...]:
    """What repair has asked for, reworded but for the line, and without demands to say a line the clip had before it
    was split."""
    former = {request_of(run).line for run in clip.runs} - {clip.text, ""}
    patches = (patch for patch in patches_of(history) if not any(line in patch for line in former))
    return tuple(_reword(patch, rewording, line=clip.text) for patch in patches)


def _reword(text: str, rewording: tuple[tuple[str, str], ...], *, line: str) -> str:
    """``text`` reworded wherever it is not the line, of which no word is ever changed."""
    return line.join(reword(part, rewording) for part in text.split(line)) if line else reword(text, rewording)


def _reword_canon(brief: ContentBrief, rewording: tuple[tuple[str, str], ...]) -> ContentBrief:
    """The canon as it may be shown; what it says is to be avoided stays as it is."""
    if not rewording:
        return brief

    def rewrite(canon: CanonPart, names: tuple[str, ...]) -> CanonPart:
        return canon.model_copy(update={name: reword(getattr(canon, name), rewording) for name in names})

    style = rewrite(brief.style, ("palette", "lighting", "mood", "camera"))
    style = style.model_copy(update={"rules": tuple(reword(rule, rewording) for rule in style.rules)})
    people = tuple(rewrite(c, ("appearance", "wardrobe", "personality")) for c in brief.characters)
    return brief.model_copy(update={"style": style, "characters": people})


def cut_by_hand(source: RunRow, edit: Edit) -> RunRow:
    """The next take of the clip of ``source``, made from it as a person wants. What the clip says by now is what it is
    held against."""
    clip = source.clip
    return _cut(source, edit, run_id=new_id(), attempt=clip.runs[-1].attempt + 1, clip=clip, line=clip.text)


def _cut(source: RunRow, edit: Edit, *, run_id: str, attempt: int, clip: ClipRow, line: str | None = None) -> RunRow:
    """A take made from ``source``, for which nothing is asked of its provider: it is to last as long as planned."""
    request = request_of(source).model_copy(update={"key": run_id, "seconds": clip.seconds})
    request = request if line is None else request.model_copy(update={"line": line})
    return RunRow(
        id=run_id,
        clip_id=clip.id,
        attempt=attempt,
        status=RunStatus.CRAFTED,
        provider=source.provider,
        model=source.model,
        endpoint=source.endpoint,
        request=request.model_dump(mode="json"),
        source_run_id=source.id,
        reference_asset_id=_picture_in(source),
        edit=edit.model_dump(mode="json"),
        narration=source.narration,
    )


def _split(session: Session, clip: ClipRow, plan: PlanRow, profile: ProviderProfile) -> None:
    first, *rest = _parts(clip, plan, profile)
    clip.text, clip.words, clip.seconds = first.text, first.words, first.seconds
    if rest:
        clip.reason = f"Split: {profile.title} makes at most {profile.durations_seconds[-1]} s at once."
    rows = [
        ClipRow(
            scene_id=clip.scene_id,
            status=ClipStatus.PENDING,
            provider=clip.provider,
            model=clip.model,
            **part.model_dump(exclude={"acceptance", "position"}),
            acceptance=list(part.acceptance),
        )
        for part in rest
    ]
    if rows:  # what came after the whole clip comes after its last part
        rows[-1].transition, clip.transition = clip.transition, None
    insert_clips(session, plan, rows, after=clip)
    plan.total_seconds = sum(c.seconds for c in plan.clips)
