"""What follows when a take was made and did not pass its checks."""

from __future__ import annotations

from orchestrator.repair.case import Case, again, first_payable, give_up, move, stop, was_retried
from orchestrator.repair.edits import propose_edit
from orchestrator.repair.remedies import (
    EXACT,
    FILE_FAULTS,
    SPEECH_FAULTS,
    decisive_findings,
    fitting,
    new_lines,
    patches_of,
    steps_against,
)
from orchestrator.schema.assessment import Assessment, Finding
from orchestrator.schema.clip_run import RepairInstruction, RepairStrategy

_KEEP = "Keep the picture, the people, the place and the light exactly as they are. Change only this:"
_NAMED_AT_MOST = 3


def after_failure(case: Case, assessment: Assessment, before: Assessment | None) -> RepairInstruction:
    """``before`` is what was found of the take before this one, None when that is not known."""
    findings = decisive_findings(assessment)
    codes = {finding.code for finding in findings}
    what = _summarise(findings) or assessment.summary.strip(" .") or "The take did not pass its checks"
    if edit := propose_edit(case, assessment, what):
        return edit
    if case.is_spent:
        return give_up(case, what)
    if codes and codes <= FILE_FAULTS:
        moved = move(case, f"{what}, twice") if was_retried(case) else None
        return first_payable(case, (moved, again(f"{what}. The same take is asked for again.")), what) or give_up(
            case, what
        )
    effect = _effect(case, findings, before)
    patch = fitting(case, new_lines(case, assessment, findings))
    patched = _patch(patch, f"{what}.{effect}") if patch else None
    has_patched = any(h.strategy is RepairStrategy.PROMPT_PATCH for h in case.here)
    is_first = patched is not None and not (has_patched and _is_known(case, findings))
    options = (
        patched if is_first else None,
        _remix(case, findings, patch, f"{what}.{effect}"),
        move(case, f"{what}.{effect}".rstrip(".")),
        patched,
    )
    said = f"{what}. Everything that could be asked differently was tried."
    return first_payable(case, options, what) or stop(RepairStrategy.GIVE_UP, said)


def _is_known(case: Case, findings: tuple[Finding, ...]) -> bool:
    """Whether every fault was already answered once at this provider, in vain."""
    given = set(patches_of(case.here))
    steps = (steps_against(case, finding) for finding in findings if finding.code not in FILE_FAULTS)
    return all(not texts or texts[0] in given for texts in steps)


def _effect(case: Case, findings: tuple[Finding, ...], before: Assessment | None) -> str:
    """What the corrections given so far did: which faults are gone, and what was asked for in vain."""
    given = patches_of(case.here)
    in_vain = [text for text in given if any(text in steps_against(case, finding) for finding in findings)]
    was = decisive_findings(before) if before else ()
    now = {finding.code for finding in findings}
    gone = dict.fromkeys(_title(f.code) for f in was if f.code not in now) if given else {}
    helped = f" The last change helped against: {', '.join(gone)}." if gone else ""
    failed = " ".join(f"Asking for “{_quote(text)}” did not help." for text in in_vain[:_NAMED_AT_MOST])
    return helped + (f" {failed}" if failed else "")


def _remix(case: Case, findings: tuple[Finding, ...], patch: tuple[str, ...], what: str) -> RepairInstruction | None:
    """A remix where only the speech or one thing shown is off and the provider can; once per provider."""
    details = [f for f in findings if f.code not in SPEECH_FAULTS]
    is_picture_fine = not details or (len(details) == 1 and details[0].code == "not_shown")
    was_remixed = any(h.strategy is RepairStrategy.REMIX for h in case.here)
    if not case.profile.supports_remix or was_remixed or not is_picture_fine:
        return None
    wanted = [text for f in details for text in steps_against(case, f)[:1]]
    spoken = (EXACT.replace("{line}", case.line),) if case.line else ()
    text = _KEEP
    for wish in dict.fromkeys((*spoken, *wanted, *patch)):
        if case.profile.prompt_length(f"{text} {wish}") <= case.profile.prompt_limit_characters:
            text = f"{text} {wish}"
    if text == _KEEP:
        return None
    reason = f"{what} The rest is good, so this take is remixed: the picture stays, only that changes."
    return RepairInstruction(strategy=RepairStrategy.REMIX, reason=reason, remix_text=text)


def _patch(patch: tuple[str, ...], what: str) -> RepairInstruction:
    reason = f"{what} The next take is asked for with: {' '.join(patch)}"
    return RepairInstruction(strategy=RepairStrategy.PROMPT_PATCH, reason=reason, patch=patch)


def _summarise(findings: tuple[Finding, ...]) -> str:
    messages = list(dict.fromkeys(finding.message.strip(" .") for finding in findings))
    more = f" and {len(messages) - _NAMED_AT_MOST} more" if len(messages) > _NAMED_AT_MOST else ""
    return "; ".join(messages[:_NAMED_AT_MOST]) + more


def _title(code: str) -> str:
    return code.replace("_", " ")


def _quote(text: str) -> str:
    return text.translate(str.maketrans("“”", "‘’")).rstrip(".")
