"""Takes that people cut from others."""

from __future__ import annotations

from orchestrator import decisions
from orchestrator.attempts import cut_by_hand
from orchestrator.commands.base import Commands
from orchestrator.db.models import AssetRow
from orchestrator.db.records import fetch, lock_run
from orchestrator.errors import BadInput, Conflict
from orchestrator.rights import needs
from orchestrator.schema.clip_run import MAX_SPEED, MIN_SPEED, Edit
from orchestrator.schema.member import Role
from orchestrator.schema.status import ClipStatus, RunStatus

SECONDS_MIN = 0.5
_ROUNDING_SECONDS = 0.05  # a length is shown rounded, and may be given back so


class RetimeCommands(Commands):
    """No provider is asked and nothing is paid."""

    @needs(Role.CREATOR)
    def retime_take(self, run_id: str, start_seconds: float, end_seconds: float, speed: float = 1.0) -> str:
        """Make another take of this one: what stands between the two times, ``speed`` times as fast at the same pitch;
        its run id. It is assessed as any other. Its clip takes it when it passes and has none; where it has one, a
        person approves the better. It plays as long as it was cut. The same asked twice is one, while it is being made.

        Raises ``Conflict`` while a take of the clip is being made, ``BadInput`` for times outside of the take.
        """
        with self._database.write() as session:
            source = lock_run(session, run_id)
            clip = source.clip
            if source.status != RunStatus.SETTLED or not source.asset_id:
                raise Conflict("This take has no video to cut yet. Cut it when it is done.")
            length = fetch(session, AssetRow, source.asset_id).duration_seconds or 0.0
            edit = _read_edit(start_seconds, end_seconds, speed, length=length)
            last = clip.runs[-1]
            cut = edit.model_dump(mode="json")
            if last.status != RunStatus.SETTLED and (last.source_run_id, last.edit) == (source.id, cut):
                return last.id
            if not ClipStatus(clip.status).is_settled or decisions.why_open(clip):
                raise Conflict("A take of this clip is being made. Cut this one when that is done.")
            row = cut_by_hand(source, edit)
            session.add(row)
            new_id = row.id
        self._engine.enqueue("plans", "retime", f"retime:{new_id}", new_id)
        return new_id


def _read_edit(start: float, end: float, speed: float, *, length: float) -> Edit:
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise BadInput(f"A take plays {MIN_SPEED:g} to {MAX_SPEED:g} times as fast, not {speed:g} times.")
    if not 0 <= start < end <= length + _ROUNDING_SECONDS:
        raise BadInput(f"Choose a start before the end, both within the {length:.2f} s of this take.")
    edit = Edit(start_seconds=start, end_seconds=min(end, length), speed=speed, is_by_hand=True)
    if edit.seconds < SECONDS_MIN:
        raise BadInput(f"That leaves {edit.seconds:.2f} s; {SECONDS_MIN:g} s is the least.")
    if (start, edit.end_seconds, speed) == (0, length, 1):
        raise BadInput("That is the take as it is. Choose other times or another speed.")
    return edit
