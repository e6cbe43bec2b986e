"""Every error as one kind of answer: ``{"error": {"code", "message", "hint"}}`` with the status its class decides."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.errors import Away, NotSignedIn, OrchestratorError
from orchestrator.schema.value import Value
from providers.base import (
    AuthFailed,
    BrokenContent,
    ContentRejected,
    GenerationNotFound,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Retired,
    Unavailable,
    UnsafeLink,
)

log = logging.getLogger(__name__)

MAX_PROBLEMS_SHOWN = 5

PROVIDER_STATUS: dict[type[ProviderError], int] = {
    RateLimited: 429,
    Unavailable: 503,
    OutcomeUnknown: 502,
    ContentRejected: 422,
    InvalidRequest: 422,
    AuthFailed: 502,  # the provider refused our key: the caller's own authorization is fine, so never 401
    QuotaExhausted: 402,
    Retired: 410,
    GenerationNotFound: 404,
    BrokenContent: 502,
    UnsafeLink: 502,
}

HTTP_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
}

DESCRIPTIONS = {
    401: "The API token is missing or wrong, or nobody is signed in",
    402: "The budget or the provider's credit does not cover it",
    403: "The request comes from a foreign page or names a foreign host, or your role does not allow it",
    404: "There is nothing with that id",
    409: "Not possible in the present state",
    413: "The body is too large",
    422: "The request cannot be used as it stands",
    500: "Something went wrong that nobody expected; the log knows more",
    503: "The service is not running yet, a setting is missing or the provider cannot be reached",
}


class ErrorDetail(Value):
    """``code`` is stable and meant for programs, ``message`` for people; ``hint`` says what to do and may be empty."""

    code: str
    message: str
    hint: str = ""


class ErrorAnswer(Value):
    error: ErrorDetail


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that can fail with these statuses."""
    return {status: {"model": ErrorAnswer, "description": DESCRIPTIONS[status]} for status in statuses}


def answer(error: Exception) -> JSONResponse:
    """The answer to ``error``. What nobody expected is logged and told without any detail."""
    match error:
        case OrchestratorError():
            if error.http_status >= 500:
                log.error("%s: %s", error.code, error.message)
            headers = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, Away) else None
            if isinstance(error, NotSignedIn):
                headers = {"WWW-Authenticate": "Bearer"}
            return _envelope(error.http_status, error.code, error.message, hint=error.hint, headers=headers)
        case ProviderError():
            return _provider_answer(error)
        case RequestValidationError():
            return _envelope(422, "invalid_request", _problems(error))
        case StarletteHTTPException():
            code = HTTP_CODES.get(error.status_code, "http_error")
            return _envelope(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))
        case _:
            log.error("unexpected error", exc_info=error)
            return _envelope(500, "error", "Something went wrong that we did not expect.", hint="The log has details.")


class ErrorBoundary:
    """ASGI middleware: turns whatever the middleware and routes inside it raise into an ``answer``.

    After the first byte was sent nothing can be answered any more; the error goes on, so that the server breaks the
    connection and half a file is not taken for a whole one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        has_started = False

        async def send_and_notice(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_and_notice)
        except Exception as error:
            if has_started:
                raise
            await answer(error)(scope, receive, send)


def register_handlers(api: FastAPI) -> None:
    """Give the expected errors of routes our form of answer instead of FastAPI's."""

    async def handle(_: Request, error: Exception) -> JSONResponse:
        return answer(error)

    for kind in (OrchestratorError, ProviderError, RequestValidationError, StarletteHTTPException):
        api.add_exception_handler(kind, handle)


def refusal(status: int, message: str, *, headers: dict[str, str] | None = None) -> HTTPException:
    """An error of the HTTP layer itself, to be raised."""
    return HTTPException(status, detail=message, headers=headers)


def _provider_answer(error: ProviderError) -> JSONResponse:
    status = next((PROVIDER_STATUS[kind] for kind in type(error).__mro__ if kind in PROVIDER_STATUS), 502)
    headers = {}
    if isinstance(error, RateLimited) and error.retry_after_seconds is not None:
        headers["Retry-After"] = str(max(0, round(error.retry_after_seconds)))
    return _envelope(status, error.code, str(error), headers=headers)


def _problems(error: RequestValidationError) -> str:
    """What is wrong where, in words. Never repeats what was sent: it may be long, or secret."""
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return "The body is not valid JSON."
    told = [_problem(problem) for problem in problems[:MAX_PROBLEMS_SHOWN]]
    if len(problems) > len(told):
        told.append(f"and {len(problems) - len(told)} more")
    return "; ".join(told)


def _problem(problem: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in problem["loc"][1:])
    return f"{place or problem['loc'][0]}: {problem['msg']}"


def _envelope(
    status: int, code: str, message: str, *, hint: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    detail = ErrorDetail(code=code, message=message, hint=hint)
    return JSONResponse(ErrorAnswer(error=detail).model_dump(), status_code=status, headers=headers)
