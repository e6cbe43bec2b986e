"""What every adapter makes of everything that can go wrong: the expected outcomes, as data.

Rows are the faults of the service (``Fault``) and those of the person who set it up (``Slip``); columns are adapters,
one for each wire they speak. A row gives what holds for all, then the columns that differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from tests.fakes.wires.core import Fault


class Slip(StrEnum):
    """What people get wrong, or may write in more than one way, when they set a provider up."""

    OTHER_KEY = "somebody else's key"
    BROKEN_KEY = "key with a line break in it"
    NO_KEY = "no key"
    WITH_PATH = "base URL with /v1"
    BARE = "base URL without /v1"
    PLAIN_HTTP = "http:// base URL of a public host"
    NO_URL = "base URL that is none"


Row = Fault | Slip


class Outcome(StrEnum):
    """What became of one clip."""

    TAKE = "take"
    ADOPTED = "adopted"
    LATER = "later"
    AGAIN = "again"
    RESUMED = "resumed"
    DECISION = "decision"
    REJECTED = "rejected"
    INVALID = "invalid"
    AUTH = "auth"
    CREDIT = "credit"
    RETIRED = "retired"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    LOST = "lost"
    WAITS = "waits"
    BROKEN = "broken"
    UNSAFE = "unsafe"
    ABSENT = "–"

    @property
    def has_take(self) -> bool:
        return self in (Outcome.TAKE, Outcome.ADOPTED, Outcome.LATER, Outcome.AGAIN, Outcome.RESUMED)

    @property
    def is_refusal(self) -> bool:
        """Nothing was accepted, so nothing was charged."""
        return self in (Outcome.REJECTED, Outcome.INVALID, Outcome.AUTH, Outcome.CREDIT, Outcome.RETIRED)


MEANING: dict[Outcome, str] = {
    Outcome.TAKE: "a whole clip, as if nothing had happened",
    Outcome.ADOPTED: "a whole clip: the answer to the create was lost, the generation was found and taken over",
    Outcome.LATER: "a whole clip: the create was provably not accepted, and was sent again",
    Outcome.AGAIN: "a whole clip: asking for it, which is free, had to be repeated",
    Outcome.RESUMED: "a whole clip: the download went on where it broke off",
    Outcome.DECISION: "the create may have been accepted and cannot be looked up; a person decides, nothing is resent",
    Outcome.REJECTED: "moderation refused the prompt; nothing charged",
    Outcome.INVALID: "the request or the setting is refused as it stands; nothing charged",
    Outcome.AUTH: "the key is refused, or cannot be one; nothing charged",
    Outcome.CREDIT: "the account has no credit; nothing charged",
    Outcome.RETIRED: "the service is switched off for good; the next provider is tried; nothing charged",
    Outcome.FAILED: "the generation failed; another take may help",
    Outcome.BLOCKED: "moderation refused the result; the wording has to change",
    Outcome.CANCELLED: "the generation was cancelled",
    Outcome.LOST: "the provider does not know the generation any more",
    Outcome.WAITS: "still not finished; bounded by the profile's deadline",
    Outcome.BROKEN: "what came is not a whole video; nothing of it is kept",
    Outcome.UNSAFE: "the link leads inside the network or to no https; it was not followed",
    Outcome.ABSENT: "cannot happen on this wire",
}

COLUMNS = (
    *("mock", "openai", "vllm-omni", "sglang", "litellm"),
    *("runway", "kling-v1", "kling-v2", "gemini", "veo", "luma", "luma-dm", "minimax"),
)
_SERVERS = ("vllm-omni", "sglang")
_KLING = ("kling-v1", "kling-v2")
_LUMA = ("luma", "luma-dm")
_NO_LOOKUP = ("runway", "gemini", "veo", "luma")
_O = Outcome


def _row(usual: Outcome, **others: Outcome | tuple[str, ...]) -> dict[str, Outcome]:
    """``usual`` for all columns; ``outcome=columns`` where it differs; the mock has no such fault unless named."""
    row = dict.fromkeys(COLUMNS, usual) | {"mock": Outcome.ABSENT}
    for name, columns in others.items():
        row |= dict.fromkeys(columns, Outcome[name.upper()])
    return row


EXPECTED: Mapping[Row, Mapping[str, Outcome]] = {
    Fault.NONE: _row(_O.TAKE, take=("mock",)),
    # the create is refused
    Fault.WRONG_KEY: _row(_O.AUTH),
    Fault.RATE_LIMITED: _row(_O.LATER),
    Fault.RATE_LIMITED_FOR: _row(_O.LATER, later=("mock",)),
    Fault.NO_QUOTA: _row(_O.CREDIT, absent=_SERVERS),
    Fault.REJECTED: _row(_O.REJECTED, rejected=("mock",), absent=_SERVERS),
    # of one that is switched off, hardly any refusal means anything else
    Fault.INVALID: _row(_O.INVALID, retired=("openai",)),
    Fault.QUOTED: _row(_O.INVALID, retired=("openai",)),
    Fault.OVERLOADED: _row(_O.LATER),
    Fault.GONE: _row(_O.INVALID, retired=("openai", "runway", *_LUMA)),
    Fault.REDIRECTED: _row(_O.INVALID),
    # its answer is not what it should be
    Fault.ANSWER_LOST: _row(_O.ADOPTED, adopted=("mock",), decision=_NO_LOOKUP),
    Fault.ERROR_AFTER: _row(_O.ADOPTED, decision=_NO_LOOKUP),
    Fault.PAGE_AFTER: _row(_O.ADOPTED, decision=_NO_LOOKUP),
    Fault.NO_ID: _row(_O.ADOPTED, decision=_NO_LOOKUP),
    # the generation
    Fault.FAILED: _row(_O.FAILED, failed=("mock",)),
    Fault.FAILED_QUOTING: _row(_O.FAILED),
    Fault.BLOCKED: _row(_O.BLOCKED, absent=_SERVERS),
    Fault.CANCELLED: _row(_O.CANCELLED, cancelled=("mock",), absent=(*_KLING, *_LUMA)),
    Fault.STUCK: _row(_O.WAITS),
    Fault.STRANGE: _row(_O.WAITS, absent=("veo",)),
    Fault.BACKWARDS: _row(_O.TAKE),
    # OpenAI's own service knows nothing any more
    Fault.FORGOTTEN: _row(_O.LOST, lost=("mock",), retired=("openai",)),
    Fault.POLL_PAGE: _row(_O.AGAIN),
    Fault.POLL_LIMITED: _row(_O.AGAIN),
    # the clip; Veo's comes inside an answer, without a link
    Fault.LATE: _row(_O.AGAIN),
    # Google keeps the file itself; gone is gone
    Fault.LINK_EXPIRED: _row(_O.AGAIN, lost=("gemini",), absent=("veo",)),
    Fault.EMPTY: _row(_O.BROKEN),
    Fault.CUT: _row(_O.BROKEN),
    Fault.BROKEN_OFF: _row(_O.RESUMED, again=("veo",)),
    Fault.PICTURE: _row(_O.BROKEN),
    Fault.CONTENT_PAGE: _row(_O.BROKEN),
    Fault.HUGE: _row(_O.BROKEN, waits=("veo",)),
    Fault.FILE_LINK: _row(_O.UNSAFE, absent=("veo",)),
    Fault.LINK_LOCAL: _row(_O.UNSAFE, absent=("veo",)),
    Fault.OTHER_HOST: _row(_O.TAKE, absent=("veo",)),
    Fault.INWARD: _row(_O.UNSAFE, absent=("veo",)),
    # the setting
    Slip.OTHER_KEY: _row(_O.AUTH),
    Slip.BROKEN_KEY: _row(_O.AUTH),
    Slip.NO_KEY: _row(_O.AUTH),
    Slip.WITH_PATH: _row(_O.TAKE),
    Slip.BARE: _row(_O.TAKE),
    Slip.PLAIN_HTTP: _row(_O.INVALID),
    Slip.NO_URL: _row(_O.INVALID),
}

CELLS = [(column, row) for column in COLUMNS for row in EXPECTED if EXPECTED[row][column] is not Outcome.ABSENT]


def render(outcomes: Mapping[Row, Mapping[str, str]]) -> str:
    """A Markdown table, adapters across, what goes wrong down; cells that were not seen stay empty."""
    columns = [column for column in COLUMNS if any(column in row for row in outcomes.values())]
    lines = [["what goes wrong", *columns]]
    lines += [[row, *(outcomes[row].get(column, "") for column in columns)] for row in outcomes]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    texts = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    texts.insert(1, "-|-".join("-" * width for width in widths))
    return "\n".join(f"| {text} |" if number != 1 else f"|-{text}-|" for number, text in enumerate(texts))


def document() -> str:
    """The table as promised, and what its words mean: what docs/providers.md shows."""
    words = "\n".join(f"- **{outcome}**: {MEANING[outcome]}" for outcome in Outcome)
    return f"{render(EXPECTED)}\n\n{words}"


if __name__ == "__main__":
    print(document())
