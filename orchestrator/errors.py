"""Every error a user can meet. The first line of the docstring is the message when none is given.

The class, not the text, decides what happens next: ``exit_code`` on the command line, ``http_status`` over REST.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self


class OrchestratorError(Exception):
    """Something went wrong that we did not expect."""

    exit_code = 1
    http_status = 500
    code = "error"

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])
        self.hint = hint
        self.report: dict[str, Any] = {}

    def with_report(self, report: dict[str, Any]) -> Self:
        """The same error, carrying what was reached before it."""
        self.report = report
        return self

    @property
    def message(self) -> str:
        return str(self)


class BadInput(OrchestratorError):
    """What was given cannot be used."""

    exit_code = 2
    http_status = 422
    code = "bad_input"


class EmptyScript(BadInput):
    """The script has no words to speak."""

    code = "empty_script"


class ScriptTooLong(BadInput):
    """The script needs more than the 300 s a film may last."""

    code = "script_too_long"


class SentenceTooLong(BadInput):
    """A passage without any pause is too long for one clip."""

    code = "sentence_too_long"


class UnknownProvider(BadInput):
    """There is no provider of that name."""

    code = "unknown_provider"


class UnreadableMedia(BadInput):
    """The file is not a video that can be read."""

    code = "unreadable_media"


class NotFound(OrchestratorError):
    """There is nothing with that id."""

    exit_code = 2
    http_status = 404
    code = "not_found"


class AssetDamaged(NotFound):
    """What the storage holds is not the file that was put there."""

    code = "asset_damaged"


class Conflict(OrchestratorError):
    """That is not possible in the present state."""

    http_status = 409
    code = "conflict"


class ChangedMeanwhile(Conflict):
    """Somebody else changed this meanwhile. Nothing was written over it.

    ``names`` are those of ``journal``; ``theirs`` is what goes by them now; ``by`` and ``at`` (UTC) are who changed it
    last and when, as far as that is known.
    """

    code = "changed_meanwhile"

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "Look at it as it is now, then change it again.",
        names: tuple[str, ...] = (),
        theirs: Mapping[str, Any] | None = None,
        by: str = "",
        at: datetime | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.names, self.theirs, self.by, self.at = names, dict(theirs or {}), by, at


class NotConfigured(OrchestratorError):
    """A setting this needs is missing."""

    exit_code = 2
    http_status = 503
    code = "not_configured"


class NotAllowed(OrchestratorError):
    """You may not do that in this project. Nothing was changed; its owner can give you another role."""

    exit_code = 2
    http_status = 403
    code = "not_allowed"


class NotSignedIn(OrchestratorError):
    """You are not signed in, or not any more. Nothing was changed; sign in and go on."""

    exit_code = 2
    http_status = 401
    code = "not_signed_in"


class SignInRefused(BadInput):
    """The sign-in was refused. Nothing was changed.

    ``retry_after_seconds`` is how long to wait where there were too many tries; None otherwise.
    """

    code = "sign_in_refused"

    def __init__(self, message: str = "", *, hint: str = "", retry_after_seconds: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class StorageFull(OrchestratorError):
    """The disk is full. Free some space and run the same again: finished work was kept."""

    http_status = 507
    code = "storage_full"


class Away(OrchestratorError):
    """Something this needs cannot be reached at the moment. Nothing was lost; try again in a moment.

    Steps of flows wait until it is back.
    """

    http_status = 503
    code = "away"
    retry_after_seconds = 5


class DatabaseAway(Away):
    """The database cannot be reached at the moment. Nothing was lost; try again in a moment."""

    code = "database_away"


class StorageAway(Away):
    """The storage of takes and films cannot be reached at the moment. Nothing was lost; try again in a moment."""

    code = "storage_away"


class SignInAway(Away):
    """The service that signs people in cannot be reached at the moment. Nothing was lost; try again in a moment."""

    code = "sign_in_away"


class DatabaseDamaged(OrchestratorError):
    """The database is damaged. Stop the app and start it again: it then keeps a copy and says what can be done."""

    code = "database_damaged"


class CannotWrite(OrchestratorError):
    """The output cannot be written there."""

    exit_code = 2
    code = "cannot_write"


class BudgetExceeded(OrchestratorError):
    """The next clip would cost more than the budget leaves. Raise the budget to go on; finished clips were kept."""

    http_status = 402
    code = "budget_exceeded"


class Withdrawn(OrchestratorError):
    """The plan was paused or cancelled before this take was asked for. Nothing was sent."""

    http_status = 409
    code = "withdrawn"


class NeedsDecision(OrchestratorError):
    """A paid request was sent and its answer lost, and the provider has no way to look it up. A person must decide."""

    http_status = 409
    code = "needs_decision"


UNFORESEEN = "Something unexpected went wrong; the log says more."
# Of a flow that only ended because its process did.
CUT_OFF = "The process stopped while it was at work."


def explain(error: Exception) -> OrchestratorError | None:
    """The error of ours behind ``error``: itself, a full disk, or None when nobody foresaw it."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull()
    return error if isinstance(error, OrchestratorError) else None


class MediaFailed(OrchestratorError):
    """ffmpeg could not finish the work."""

    code = "media_failed"


class PerceptionFailed(OrchestratorError):
    """Nobody could listen to the take or look at it."""

    http_status = 502
    code = "perception_failed"


class LookFailed(PerceptionFailed):
    """The vision service could not look at the take.

    ``tokens`` (input, output) are what the service says it used; None where it does not say. ``is_free``: it provably
    charged nothing.
    """

    code = "look_failed"

    def __init__(
        self, message: str = "", *, hint: str = "", tokens: tuple[int, int] | None = None, is_free: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.tokens = tokens
        self.is_free = is_free


class CannotNarrate(OrchestratorError):
    """The offline voice cannot speak the line of this clip."""

    http_status = 422
    code = "cannot_narrate"


class TakeNotFetched(OrchestratorError):
    """The finished clip could not be downloaded. It is paid and still at the provider."""

    http_status = 502
    code = "take_not_fetched"


class EndsTheApp(OrchestratorError):
    """The app ended again and again at this work, so it was given up. Nothing that was paid is lost."""

    code = "ends_the_app"


class FilmIncomplete(OrchestratorError):
    """Some clips have no accepted take, so the film was not made. Passed clips were kept."""

    code = "film_incomplete"
