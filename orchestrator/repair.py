"""Repair: what to do after a take that did not pass. One pure decision, explained in words a creator understands.

The order of means is that of the product: say in the prompt what was wrong, then remix what is nearly right, then
another provider; a means that did not help with the same words is not repeated. Stopping has two forms: a person must
decide, or nothing sensible is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Finding, Verdict
from orchestrator.schema.clip_run import RepairInstruction, RepairStrategy, RetryPolicy
from providers.base import ProviderProfile

MAX_WAITS, MAX_WAITS_WHEN_BUSY = 5, 12
WAITS_BEFORE_FALLBACK = 2
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5.0, 300.0
WAIT_JITTER = 0.3

_BUSY = frozenset(("rate_limited", "unavailable"))
_CLOSED = {
    "retired": ("has been switched off for good", "Choose another provider in the settings."),
    "auth_failed": ("refused the key", "Check the key in the settings."),
    "quota_exhausted": ("has no credit left on this account", "Add credit or choose another provider."),
    "not_configured": ("is not set up", "Add its key in the settings or choose another provider."),
    "unknown_provider": ("is not known here", "Choose another provider in the settings."),
}
_FOR_A_PERSON = frozenset(("outcome_unknown", "needs_decision"))
_FINAL = {
    "invalid_request": "{title} does not accept this request as it stands. Change the clip's text, length or size.",
    "unsafe_link": "{title} made this clip, but it cannot be fetched safely. Look at it there.",
    "storage_full": "The disk is full. Free some space, then try this clip again.",
    "bad_input": "The line and the corrections are too long for {title}. Shorten the line.",
}
_NO_REMIX = frozenset(("invalid_request", "not_found"))
_SOFTER = (
    "Everything shown is peaceful, everyday and suitable for all ages.",
    "No real or famous people, brands, weapons, injuries or danger; only invented, ordinary people and places.",
)

_EXACT = "Say exactly: “{line}”"
# For each finding, what to ask for, mildest first; the next one is used when the one before did not help.
_REMEDIES: dict[str, tuple[str, ...]] = {
    "wrong_words": (_EXACT, "Speak slowly and clearly, one word after the other, and change no word."),
    "missing_words": (_EXACT, "Speak every word to the end of the line, without haste; leave none out."),
    "extra_words": (_EXACT, "Nothing is said before or after the line; nobody else speaks."),
    "wrong_order": (_EXACT, "Keep the order of the words as written."),
    "expected_unlikely": (_EXACT, "Speak slowly and pronounce every word clearly."),
    "no_speech": (
        "The line is spoken aloud and clearly heard: “{line}”",
        "The sound is one clear voice at normal loudness from the first second on.",
    ),
    "black": (
        "No black frames: the picture is lit and visible from the first frame to the last.",
        "Begin and end on the scene itself, without any fade.",
    ),
    "frozen": (
        "Keep the picture moving: gestures and small movements the whole time, never a still.",
        "The camera moves slowly and steadily from the first second to the last.",
    ),
    "clipped_sound": ("The voice is even and calm, never shouting, without distortion.",),
    "wrong_length": ("Speech and action fill the whole clip, from its first to its last second.",),
    "discontinuity": (
        "Match the clip before it: the same person, clothes, place, light and colours.",
        "Keep the background and the framing simple, so that nothing differs from the clip before.",
    ),
}
_REMEDIES["heard_differently"] = _REMEDIES["expected_unlikely"]
_REMEDIES["silent"] = _REMEDIES["no_speech"]
_REMEDIES["length_off"] = _REMEDIES["wrong_length"]
_REMEDIES["freeze"] = _REMEDIES["frozen"]
_FILE_FAULTS = frozenset(("unreadable", "decode_errors", "wrong_size"))  # no wording helps against these
_SPEECH_FAULTS = frozenset(
    (
        "wrong_words",
        "missing_words",
        "extra_words",
        "wrong_order",
        "expected_unlikely",
        "no_speech",
        "silent",
        "clipped_sound",
    )
)
_PROMPT_RESERVE_CHARACTERS = 200
_KEEP = "Keep the picture, the people, the place and the light exactly as they are. Change only this:"


class _Case(NamedTuple):
    """Everything a decision may look at. ``takes`` is how many were really made; ``here`` the history at this
    provider."""

    line: str
    takes: int
    policy: RetryPolicy
    profile: ProviderProfile
    history: tuple[RepairInstruction, ...]
    here: tuple[RepairInstruction, ...]
    fallback: str

    @property
    def is_spent(self) -> bool:
        return self.takes >= self.policy.max_attempts


def decide(
    *,
    line: str,
    assessment: Assessment | None,
    error_code: str,
    retry_after_seconds: float | None,
    attempt: int,
    policy: RetryPolicy,
    profile: ProviderProfile,
    history: tuple[RepairInstruction, ...],
    fallbacks: tuple[str, ...],
    error_message: str = "",
    jitter: float = 0.0,
) -> RepairInstruction | None:
    """What to do after attempt ``attempt`` (counting from 1); None when the take passed.

    ``error_code`` is the provider error's or generation's code, empty when a take was made; ``error_message`` only goes
    into the reason. ``history`` holds the
    instructions given for this clip so far, ``fallbacks`` the names of other providers that could make this clip, in
    order of preference. ``jitter`` (0..1, by chance) spreads out those who wait for the same busy provider.
    Waiting for a busy provider and leaving a closed one make no take, so they do not count towards
    ``policy.max_attempts``; waits have bounds of their own. An instruction's ``patch`` holds only what is
    new: see ``patches_of``.
    """
    last_move = max((i for i, h in enumerate(history) if h.strategy is RepairStrategy.FALLBACK_PROVIDER), default=-1)
    used = {profile.name, *(h.provider for h in history)}
    case = _Case(
        line=line,
        takes=attempt - sum(_is_wait(h) or h.is_unpaid for h in history),
        policy=policy,
        profile=profile,
        history=history,
        here=history[last_move + 1 :],
        fallback=next((name for name in fallbacks if name not in used and policy.has_fallbacks), ""),
    )
    if error_code:
        return _after_error(case, error_code, retry_after_seconds, error_message, jitter)
    if assessment is None:
        return _stop(RepairStrategy.NEEDS_HUMAN, "This take was not checked. Look at it and decide.")
    if assessment.verdict is Verdict.PASS:
        return None
    if assessment.verdict is Verdict.NEEDS_REVIEW:
        return _stop(RepairStrategy.NEEDS_HUMAN, _not_checked(assessment))
    return _after_failure(case, assessment)


def patches_of(history: Iterable[RepairInstruction]) -> tuple[str, ...]:
    """All lines the instructions so far add to the prompt, in order, each once."""
    return tuple(dict.fromkeys(line for instruction in history for line in instruction.patch))


# --- after an error ---


def _after_error(
    case: _Case, code: str, retry_after_seconds: float | None, message: str, jitter: float
) -> RepairInstruction:
    title = case.profile.title
    if code in _BUSY:
        return _after_busy(case, code, retry_after_seconds, jitter)
    if code in _CLOSED:
        what, advice = _CLOSED[code]
        return _move(case, f"{title} {what}", is_unpaid=True) or _stop(
            RepairStrategy.GIVE_UP, f"{title} {what}. {advice}"
        )
    if code in _FOR_A_PERSON:
        lost = message or f"{title} was asked for this take and its answer was lost, so it may already be paid for."
        return _stop(RepairStrategy.NEEDS_HUMAN, f"{lost} Look there first, then decide whether to ask again.")
    if code == "deadline":
        reason = f"{title} did not finish this take in time. It may still be charged; a retry asks for a new one."
        return _stop(RepairStrategy.NEEDS_HUMAN, reason)
    if code in _NO_REMIX and case.history and case.history[-1].strategy is RepairStrategy.REMIX and not case.is_spent:
        return _again(f"{title} could not remix this take. It is made anew.")
    if code == "not_found" and not case.profile.is_free:
        reason = (
            f"{title} does not know this take, though it took the request and may have charged it. If the key is "
            "another account's now, set it back and retry; otherwise decide whether to pay for a new one."
        )
        return _stop(RepairStrategy.NEEDS_HUMAN, reason)
    if code in _FINAL:
        said = f"{message.rstrip('.')}. " if message and code in ("invalid_request", "unsafe_link") else ""
        return _stop(RepairStrategy.GIVE_UP, said + _FINAL[code].format(title=title))
    if code == "content_rejected":
        return _after_rejection(case)
    what = f"{title} could not make this take ({message.rstrip('.') or code})"
    if case.is_spent:
        return _give_up(case, what)
    if any(h.strategy is RepairStrategy.RETRY and not _is_wait(h) for h in case.here):
        return _move(case, f"{what} again") or _again(f"{what} again. One more try with the same request.")
    return _again(f"{what}. It is asked for once more.")


def _after_busy(case: _Case, code: str, retry_after_seconds: float | None, jitter: float) -> RepairInstruction:
    waits = sum(map(_is_wait, case.here))
    what = f"{case.profile.title} " + ("asks for patience" if code == "rate_limited" else "cannot be reached")
    most = MAX_WAITS_WHEN_BUSY if code == "rate_limited" else MAX_WAITS
    patience = most if code == "rate_limited" else WAITS_BEFORE_FALLBACK
    if waits >= patience and (move := _move(case, f"{what}, still after {waits} waits", is_unpaid=True)):
        return move
    if waits >= most:
        return _stop(RepairStrategy.GIVE_UP, f"{what}, still after {waits} waits. Try this clip again later.")
    backoff = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**waits)
    delay = max(backoff, retry_after_seconds or 0.0) * (1 + WAIT_JITTER * jitter)
    return RepairInstruction(
        strategy=RepairStrategy.RETRY,
        reason=f"{what}. The same request is sent again in {delay:.0f} s; nothing was charged.",
        delay_seconds=delay,
    )


def _after_rejection(case: _Case) -> RepairInstruction:
    what = f"{case.profile.title}'s safety check refused this clip"
    if case.is_spent:
        return _give_up(case, what)
    given = patches_of(case.history)
    if softer := _fitting(case, (text for text in _SOFTER if text not in given), limit=1):
        return RepairInstruction(
            strategy=RepairStrategy.PROMPT_PATCH,
            reason=f"{what}. The next try asks for a gentler picture.",
            patch=softer,
        )
    # The same words are not carried to another provider; gentler ones that were refused here may be.
    is_softened = any(text in given for text in _SOFTER)
    move = _move(case, what) if is_softened else None
    return move or _stop(
        RepairStrategy.GIVE_UP, f"{what}, also in gentler words. Reword the line or what is to be seen."
    )


# --- after a failed assessment ---


def _after_failure(case: _Case, assessment: Assessment) -> RepairInstruction:
    findings = _decisive_findings(assessment)
    codes = {finding.code for finding in findings}
    what = _summarise(findings) or assessment.summary or "The take did not pass its checks"
    if case.is_spent:
        return _give_up(case, what)
    if codes and codes <= _FILE_FAULTS:
        has_retried = any(h.strategy is RepairStrategy.RETRY and not _is_wait(h) for h in case.here)
        move = _move(case, f"{what}, twice") if has_retried else None
        return move or _again(f"{what}. The same take is asked for again.")
    patch = _fitting(case, _remedies(case, assessment, findings))
    has_patched = any(h.strategy is RepairStrategy.PROMPT_PATCH for h in case.here)
    if patch and not (has_patched and _is_known(case, findings)):
        return _patch(patch, what)
    if remix := _remix(case, findings, patch, what):
        return remix
    if move := _move(case, what):
        return move
    if patch:
        return _patch(patch, what)
    return _stop(RepairStrategy.GIVE_UP, f"{what}. Everything that could be asked differently was tried.")


def _decisive_findings(assessment: Assessment) -> tuple[Finding, ...]:
    """What failed the take: the findings of failed checks and the vetoes, in the order of the checks."""
    return tuple(
        finding
        for name in CheckName
        if (check := assessment.checks.get(name)) is not None
        for finding in check.findings
        if check.status is CheckStatus.FAIL or finding.code in assessment.vetoes
    )


def _remedies(case: _Case, assessment: Assessment, findings: tuple[Finding, ...]) -> Iterator[str]:
    """New lines for the prompt, one step per kind of finding, the most telling first."""
    given = set(patches_of(case.history))
    offered: set[str] = set()
    for finding in findings:
        if finding.code in _FILE_FAULTS:
            continue
        if step := next((text for text in _steps(case, finding) if text not in given), ""):
            offered.add(step)
            yield step
    if any(text.startswith("Say exactly") for text in offered):
        yield from (text for text in _named_words(assessment) if text not in given)


def _steps(case: _Case, finding: Finding) -> tuple[str, ...]:
    """What to ask for against a finding, mildest first; never empty."""
    steps = tuple(text.format(line=case.line) for text in _REMEDIES.get(finding.code, ()))
    return steps or (_put_right(finding),)


def _put_right(finding: Finding) -> str:
    """A finding without a remedy of its own, turned into a wish."""
    if finding.code == "not_shown":  # “Not so: <question>: <what was asked for> (<what is seen instead>)”
        wanted = finding.message.rpartition(" (")[0] or finding.message
        return f"Clearly show: {wanted.rpartition('show: ')[2].strip(' .?')}."
    return f"Put this right: {finding.message.strip(' .')}."


def _named_words(assessment: Assessment) -> Iterator[str]:
    """The words that went wrong, by name: rows of the transcript's evidence are (what, expected, heard)."""
    check = assessment.checks.get(CheckName.TRANSCRIPT_MATCH)
    rows = check.evidence.get("diff", ()) if check else ()
    wrong = [row for row in rows if len(row) == 3 and row[0] in ("wrong", "missing")]
    if len(wrong) > 3:  # a list of everything would tell nothing
        return
    for _, expected, heard in wrong:
        yield f"Say “{expected}”, not “{heard}”." if heard else f"Do not leave out “{expected}”."


def _is_known(case: _Case, findings: tuple[Finding, ...]) -> bool:
    """Whether every fault was already answered once at this provider, in vain."""
    given = set(patches_of(case.here))
    return all(_steps(case, finding)[0] in given for finding in findings)


def _remix(case: _Case, findings: tuple[Finding, ...], patch: tuple[str, ...], what: str) -> RepairInstruction | None:
    """A remix where only the speech or one thing shown is off and the provider can; once per provider."""
    details = [f for f in findings if f.code not in _SPEECH_FAULTS]
    is_picture_fine = not details or (len(details) == 1 and details[0].code == "not_shown")
    was_remixed = any(h.strategy is RepairStrategy.REMIX for h in case.here)
    if not case.profile.supports_remix or was_remixed or not is_picture_fine:
        return None
    wishes = dict.fromkeys((_EXACT.format(line=case.line), *(_put_right(f) for f in details), *patch))
    text = _KEEP
    for wish in wishes:
        if len(text) + 1 + len(wish) <= case.profile.prompt_limit_characters:
            text = f"{text} {wish}"
    if text == _KEEP:
        return None
    reason = f"{what}. The rest is good, so this take is remixed: the picture stays, only that changes."
    return RepairInstruction(strategy=RepairStrategy.REMIX, reason=reason, remix_text=text)


# --- the ways on and out ---


def _fitting(case: _Case, lines: Iterable[str], *, limit: int = 6) -> tuple[str, ...]:
    """As many of ``lines`` as the prompt has room for beside the line and all earlier patches."""
    room = case.profile.prompt_limit_characters - len(case.line) - _PROMPT_RESERVE_CHARACTERS
    room -= sum(len(text) + 1 for text in patches_of(case.history))
    kept: list[str] = []
    for text in dict.fromkeys(lines):
        if len(kept) < limit and len(text) + 1 <= room:
            kept.append(text)
            room -= len(text) + 1
    return tuple(kept)


def _patch(patch: tuple[str, ...], what: str) -> RepairInstruction:
    reason = f"{what}. The next take is asked for with: {' '.join(patch)}"
    return RepairInstruction(strategy=RepairStrategy.PROMPT_PATCH, reason=reason, patch=patch)


def _move(case: _Case, what: str, *, is_unpaid: bool = False) -> RepairInstruction | None:
    if not case.fallback:
        return None
    return RepairInstruction(
        strategy=RepairStrategy.FALLBACK_PROVIDER,
        reason=f"{what}. The next take is made by {case.fallback}.",
        provider=case.fallback,
        is_unpaid=is_unpaid,
    )


def _again(reason: str) -> RepairInstruction:
    return RepairInstruction(strategy=RepairStrategy.RETRY, reason=reason)


def _give_up(case: _Case, what: str) -> RepairInstruction:
    tries = "the one try" if case.policy.max_attempts == 1 else f"{case.policy.max_attempts} tries"
    return _stop(RepairStrategy.GIVE_UP, f"No take passed in {tries}. The last one: {what}.")


def _stop(strategy: RepairStrategy, reason: str) -> RepairInstruction:
    return RepairInstruction(strategy=strategy, reason=reason)


def _is_wait(instruction: RepairInstruction) -> bool:
    return instruction.strategy is RepairStrategy.RETRY and instruction.delay_seconds > 0


def _summarise(findings: tuple[Finding, ...]) -> str:
    messages = list(dict.fromkeys(finding.message.strip(" .") for finding in findings))
    more = f" and {len(messages) - 3} more" if len(messages) > 3 else ""
    return "; ".join(messages[:3]) + more


def _not_checked(assessment: Assessment) -> str:
    missing = [
        f"{name.value.replace('_', ' ')} ({check.reason})" if check.reason else name.value.replace("_", " ")
        for name, check in assessment.checks.items()
        if check.status is CheckStatus.NOT_RUN
    ]
    unchecked = f" Not checked: {'; '.join(missing)}." if missing else ""
    return f"What could be checked is not enough to accept this take.{unchecked} Look at it and decide."
