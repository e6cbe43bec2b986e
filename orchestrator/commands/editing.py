"""What a clip says and shows, how long it is, who makes it, and how it becomes the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator import decisions, journal
from orchestrator.commands.journalling import Change, JournalCommands, Seen, set_transition
from orchestrator.db.models import ClipRow, SceneRow
from orchestrator.db.records import clip_of, fetch, settings_for, settings_of
from orchestrator.director import fit_line
from orchestrator.errors import BadInput, Conflict
from orchestrator.rights import needs
from orchestrator.scene_crafter.own import craft_own
from orchestrator.schema.clip_plan import MAX_TOTAL_SECONDS
from orchestrator.schema.member import Role
from orchestrator.schema.timeline import Transition

INTENT_CHARACTERS_MAX = 2_000
CRITERION_CHARACTERS_MAX, CRITERIA_MAX = 300, 8
NAME_CHARACTERS_MAX = 120


class EditCommands(JournalCommands):
    """The others of the plan go on meanwhile. Everything here can be undone."""

    @needs(Role.CREATOR)
    def edit_clip(
        self,
        clip_id: str,
        *,
        text: str | None = None,
        visual_intent: str | None = None,
        acceptance: Sequence[str] | None = None,
        seconds: int | None = None,
        prompt: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        speaker: str | None = None,
        by: str = "",
        seen: Seen = None,
    ) -> str:
        """Change what a clip says, what it shows, what must be seen in it, how long it is, who speaks or who makes it;
        its plan's id. None leaves a thing as it is, save that a clip with other words lasts as long as those take, and
        one of another provider as long as that one's next longer clip. ``prompt`` is used as it stands; empty, the
        plan's again. ``provider`` empty is the plan's; ``model`` empty that provider's first. The change counts for the
        next take.

        Raises ``Conflict`` while a take is being made or one is accepted, and for single clips; ``ChangedMeanwhile``
        when what it changes is not as ``seen``; ``BadInput`` for words, lengths, prompts or models that do not fit,
        naming what would.
        """
        with self._changing(self._plan_of(clip_id), by=by, seen=seen) as change:
            clip = self._changeable(change, clip_id)
            before, former_line = _fields(clip), clip.text
            is_asked = provider is not None or model is not None
            is_moved = is_asked and self._give_to(clip, provider=provider, model=model)
            words = clip.text if text is None else _tidy(text)
            self._fit(change, clip, words, seconds=seconds, is_moved=is_moved)
            clip.prompt = with_line(clip.prompt, former_line, clip.text) if prompt is None else _tidy_lines(prompt)
            self._check_prompt(clip)
            clip.visual_intent = clip.visual_intent if visual_intent is None else _read_intent(visual_intent)
            clip.acceptance = clip.acceptance if acceptance is None else _read_criteria(acceptance)
            clip.speaker = clip.speaker if speaker is None else _tidy(speaker)[:NAME_CHARACTERS_MAX]
            if _fields(clip) != before:
                decisions.begin_round(clip)
            return change.plan.id

    @needs(Role.CREATOR)
    def choose_maker(
        self, clip_ids: Sequence[str], *, provider: str, model: str = "", by: str = "", seen: Seen = None
    ) -> None:
        """Have several clips of a plan made by this provider, all or none of them; as one change. Empty is the plan's.
        Raises as ``edit_clip`` does."""
        label = f"Changed who makes {len(clip_ids)} clips"
        with self._changing(self._plan_of(clip_ids[0]), by=by, label=label, seen=seen) as change:
            for clip in [self._changeable(change, clip_id) for clip_id in clip_ids]:
                if self._give_to(clip, provider=provider, model=model):
                    self._fit(change, clip, clip.text, seconds=None, is_moved=True)
                    self._check_prompt(clip)
                    decisions.begin_round(clip)

    @needs(Role.CREATOR)
    def set_transition(self, clip_id: str, transition: Transition | None, *, by: str = "", seen: Seen = None) -> str:
        """How this clip becomes the next one; None is the plan's way. Its plan's id. Possible at any time; a film that
        was made before is older than that."""
        with self._changing(self._plan_of(clip_id), by=by, seen=seen) as change:
            change.clip(clip_id).transition = _kept(transition)
            return change.plan.id

    @needs(Role.CREATOR)
    def set_transitions(
        self, clip_ids: Sequence[str], transition: Transition | None, *, by: str = "", seen: Seen = None
    ) -> None:
        """How each of several clips of a plan becomes the next one, as one change."""
        label = f"Changed {len(clip_ids)} transitions"
        with self._changing(self._plan_of(clip_ids[0]), by=by, label=label, seen=seen) as change:
            for clip_id in clip_ids:
                change.clip(clip_id).transition = _kept(transition)

    @needs(Role.CREATOR)
    def set_plan_transition(self, plan_id: str, transition: Transition, *, by: str = "", seen: Seen = None) -> None:
        """How clips become the next one where they have no way of their own."""
        with self._changing(plan_id, by=by, seen=seen) as change:
            set_transition(change.plan, transition)

    @needs(Role.CREATOR)
    def rename_scene(self, scene_id: str, title: str, *, by: str = "", seen: Seen = None) -> str:
        """Give a scene another name; its plan's id. Raises ``BadInput`` for none."""
        title = read_title(title)
        with self._database.read() as session:
            plan_id = fetch(session, SceneRow, scene_id).clip_plan_id
        with self._changing(plan_id, by=by, label=f"Renamed a scene to “{title}”", seen=seen) as change:
            fetch(change.session, SceneRow, scene_id).title = title
            return plan_id

    # --- what changes of clips share ---

    def _fit(self, change: Change, clip: ClipRow, words: str, *, seconds: int | None, is_moved: bool = False) -> None:
        """Give a clip these words and a length that its provider sells: ``seconds``, or what is long enough. Raises
        ``BadInput``."""
        constraints = self._choices.constraints(settings_for(clip))
        offered = constraints.durations_seconds
        if seconds is None and is_moved and words == clip.text and clip.seconds not in offered:
            seconds = next((d for d in offered if d >= clip.seconds), None)
            if seconds is None and not words:
                seconds = offered[-1]
        elif seconds is None and words == clip.text:
            return
        if not words and not clip.text and seconds is not None:  # a clip in which nobody speaks
            if seconds not in offered:
                raise BadInput(f"Clips last {', '.join(map(str, offered))} s, not {seconds} s.")
            clip.seconds = seconds
            return
        others = sum(c.seconds for c in change.plan.clips if c.id != clip.id)
        line = fit_line(
            words,
            seconds=seconds,
            room_seconds=MAX_TOTAL_SECONDS - others,
            constraints=constraints,
            language=change.plan.brief.language,
        )
        clip.text, clip.words, clip.seconds = line.text, line.words, line.seconds

    def _changeable(self, change: Change, clip_id: str) -> ClipRow:
        """Raises ``Conflict`` that says why it cannot be changed now."""
        clip = change.clip(clip_id)
        if reason := decisions.why_fixed(clip):
            raise Conflict(reason)
        return clip

    def _give_to(self, clip: ClipRow, *, provider: str | None, model: str | None) -> bool:
        """Give a clip another provider or model; whether it has others than before. Raises ``BadInput``."""
        former = clip.provider, clip.model
        clip.provider, clip.model = self._maker(clip, provider=provider, model=model)
        return former != (clip.provider, clip.model)

    def _maker(self, clip: ClipRow, *, provider: str | None, model: str | None) -> tuple[str, str]:
        """(provider, model) of a clip's own, both empty when they are the plan's. Raises ``BadInput``."""
        planned = settings_of(clip.plan)
        if not (provider or model):
            return "", ""
        name = provider or (clip.provider if provider is None else "") or planned.provider
        models = self._choices.profile(name).models
        usual = planned.model if name == planned.provider else ""
        model = model or usual or models[0]
        if model not in models and model != usual:
            raise BadInput(f"{name} has no model {model!r}. It has {', '.join(models)}.")
        return ("", "") if (name, model) == (planned.provider, planned.model) else (name, model)

    def _check_prompt(self, clip: ClipRow) -> None:
        """Raises ``BadInput`` when the clip's own prompt cannot be sent as it is."""
        if not clip.prompt:
            return
        settings = settings_for(clip)
        profile = self._choices.profile(settings.provider, settings.model)
        if not profile.holds(clip.seconds):
            longest = profile.durations_seconds[-1]
            raise BadInput(
                f"{profile.title} makes at most {longest} s at once, and a clip with a prompt of its own is not split."
            )
        craft_own(
            clip.prompt, clip=clip_of(clip), profile=profile, model=settings.model, size=settings.size, key=clip.id
        )


def _fields(clip: ClipRow) -> list[Any]:
    return [getattr(clip, name) for name in journal.CLIP_FIELDS]


def _kept(transition: Transition | None) -> dict[str, Any] | None:
    return transition.model_dump(mode="json") if transition else None


def with_line(prompt: str, former: str, line: str) -> str:
    """A person's own prompt with the words that are spoken now in the place of the former ones."""
    return prompt.replace(former, line) if former and former != line else prompt


def _tidy(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())


def _tidy_lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.replace("\x00", "").splitlines()).strip()


def read_title(text: str) -> str:
    if title := _tidy(text)[:NAME_CHARACTERS_MAX]:
        return title
    raise BadInput("Give the scene a name.")


def _read_intent(text: str) -> str:
    intent = _tidy(text)
    if not intent:
        raise BadInput("Say what is to be seen in this clip.")
    if len(intent) > INTENT_CHARACTERS_MAX:
        raise BadInput(f"What is to be seen has {len(intent):,} characters; {INTENT_CHARACTERS_MAX:,} is the most.")
    return intent


def _read_criteria(lines: Sequence[str]) -> list[str]:
    criteria = [line for line in map(_tidy, lines) if line]
    if len(criteria) > CRITERIA_MAX or any(len(line) > CRITERION_CHARACTERS_MAX for line in criteria):
        raise BadInput(
            f"At most {CRITERIA_MAX} things can be asked for, in {CRITERION_CHARACTERS_MAX} characters each."
        )
    return criteria
