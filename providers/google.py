"""What Google's services have in common: one error envelope, and quotas that are told in its details.

Two spellings of the envelope are in use: gRPC's (numeric ``code``, ``status``, ``details``; AIP-193) and the worded
``code`` of the Interactions API (ai.google.dev/gemini-api/docs/api-errors). RESOURCE_EXHAUSTED is said of a busy minute
and of a spent day alike; ``QuotaFailure`` names the quota, and a daily one counts as spent whatever delay comes along.
"""

from __future__ import annotations

from typing import Any

from providers.base import AuthFailed, ContentRejected, ProviderError, QuotaExhausted, RateLimited
from providers.wire import Answer, Complaint, HttpProvider

# The code of a refusal -> what it means. Codes that are not here are read by their HTTP status.
_MEANINGS: dict[str, type[ProviderError]] = {
    "resource_exhausted": RateLimited,
    "rate_limit_exceeded": RateLimited,
    "too_many_requests": RateLimited,
    "quota_exceeded": QuotaExhausted,
    "payment_required": QuotaExhausted,
    "authentication": AuthFailed,
    "unauthenticated": AuthFailed,
    "api_key_invalid": AuthFailed,
    "safety": ContentRejected,
    "prohibited_content": ContentRejected,
    "content_blocked": ContentRejected,
    "recitation": ContentRejected,
}
_REJECTION_WORDS = ("safety", "prohibited", "blocked", "responsible ai", "usage guidelines", "sensitive words")
_SPENT_WORDS = ("per day", "daily", "credits are depleted", "prepayment")


class GoogleProvider(HttpProvider):
    """An adapter for one of Google's services."""

    def _complaint(self, body: Any) -> Complaint:
        return read_google_complaint(body.get("error") if isinstance(body, dict) else None)

    def _own_error(self, status: int, complaint: Complaint) -> type[ProviderError] | None:
        # 402 is RESOURCE_EXHAUSTED too, and is no busy minute
        if status == 402 or status >= 500:
            return None
        meaning = _MEANINGS.get(complaint.code)
        return ContentRejected if meaning is None and status == 400 and is_rejected(complaint) else meaning

    def _error(self, answer: Answer, *, not_found: type[ProviderError], is_paid: bool = False) -> ProviderError:
        error = super()._error(answer, not_found=not_found, is_paid=is_paid)
        if error.retry_after_seconds is None:
            error.retry_after_seconds = retry_delay_seconds(answer.body)
        return error


def read_google_complaint(error: Any) -> Complaint:
    """Code, in lower case, and message of an ``error`` object; ``quota_exceeded`` is the code of every spent quota."""
    if not isinstance(error, dict):
        return Complaint("", "")
    code, message, details = error.get("code"), str(error.get("message") or "")[:300], _details(error)
    if not isinstance(code, str):
        code = str(error.get("status") or code or "")
    # a worded code may be a URI that ends in the word
    code = code.replace("#", "/").rpartition("/")[2].lower()
    reasons = {str(detail.get("reason", "")).lower() for detail in details}
    if "api_key_invalid" in reasons:
        code = "api_key_invalid"
    if _MEANINGS.get(code) is RateLimited:
        quotas = [str(v.get("quotaId")) for detail in details for v in _objects(detail.get("violations"))]
        words = message.lower().replace("_", " ")
        if any("PerDay" in quota for quota in quotas) or any(word in words for word in _SPENT_WORDS):
            code = "quota_exceeded"
    return Complaint(code, message)


def is_rejected(complaint: Complaint) -> bool:
    """Whether a safety system is meant. The services have codes for it, and sentences without one."""
    words = complaint.words
    return _MEANINGS.get(complaint.code) is ContentRejected or any(word in words for word in _REJECTION_WORDS)


def retry_delay_seconds(body: Any) -> float | None:
    """``google.rpc.RetryInfo`` of an error body; at most an hour."""
    error = body.get("error") if isinstance(body, dict) else None
    for detail in _details(error) if isinstance(error, dict) else ():
        try:
            return min(3600.0, max(0.0, float(str(detail["retryDelay"]).removesuffix("s"))))
        except (KeyError, ValueError):
            continue
    return None


def _details(error: dict[str, Any]) -> list[dict[str, Any]]:
    return _objects(error.get("details"))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
