"""Clips changed before they are made."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import decisions
from orchestrator.commands.base import Commands
from orchestrator.db.models import ClipRow, PlanRow
from orchestrator.db.records import fetch, settings_of
from orchestrator.director import fit_line
from orchestrator.errors import BadInput, Conflict
from orchestrator.schema.clip_plan import MAX_TOTAL_SECONDS

INTENT_CHARACTERS_MAX = 2_000
CRITERION_CHARACTERS_MAX, CRITERIA_MAX = 300, 8


class EditCommands(Commands):
    """The others of the plan go on meanwhile."""

    def edit_clip(
        self,
        clip_id: str,
        *,
        text: str | None = None,
        visual_intent: str | None = None,
        acceptance: Sequence[str] | None = None,
        seconds: int | None = None,
    ) -> str:
        """Change what a clip says, what it shows, what must be seen in it or how long it is; its plan's id. None leaves
        a thing as it is, save that a clip with other words lasts as long as those take. The change counts for the next
        take.

        Raises ``Conflict`` while a take is being made or one is accepted, and for single clips; ``BadInput`` for words
        or lengths that do not fit, naming what would.
        """
        with self._database.write() as session:
            plan = fetch(session, PlanRow, fetch(session, ClipRow, clip_id).clip_plan_id, lock=True)
            clip = fetch(session, ClipRow, clip_id, lock=True)
            if reason := decisions.why_fixed(clip):
                raise Conflict(reason)
            words = clip.text if text is None else " ".join(text.replace("\x00", "").split())
            if words != clip.text or seconds is not None:
                constraints = self._choices.constraints(settings_of(plan))
                line = fit_line(
                    words,
                    seconds=seconds,
                    room_seconds=MAX_TOTAL_SECONDS - sum(c.seconds for c in plan.clips if c.id != clip.id),
                    constraints=constraints,
                    language=plan.brief.language,
                )
                clip.text, clip.words, clip.seconds = line.text, line.words, line.seconds
            clip.visual_intent = clip.visual_intent if visual_intent is None else _read_intent(visual_intent)
            clip.acceptance = clip.acceptance if acceptance is None else _read_criteria(acceptance)
            if session.is_modified(clip):
                decisions.begin_round(clip)
            plan.total_seconds = sum(c.seconds for c in plan.clips)
            plan.spoken_words = sum(c.words for c in plan.clips)
            return plan.id


def _read_intent(text: str) -> str:
    intent = " ".join(text.replace("\x00", "").split())
    if not intent:
        raise BadInput("Say what is to be seen in this clip.")
    if len(intent) > INTENT_CHARACTERS_MAX:
        raise BadInput(f"What is to be seen has {len(intent):,} characters; {INTENT_CHARACTERS_MAX:,} is the most.")
    return intent


def _read_criteria(lines: Sequence[str]) -> list[str]:
    criteria = [line for line in (" ".join(text.replace("\x00", "").split()) for text in lines) if line]
    if len(criteria) > CRITERIA_MAX or any(len(line) > CRITERION_CHARACTERS_MAX for line in criteria):
        raise BadInput(
            f"At most {CRITERIA_MAX} things can be asked for, in {CRITERION_CHARACTERS_MAX} characters each."
        )
    return criteria
