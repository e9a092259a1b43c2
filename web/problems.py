"""Errors as RFC 9457 problems for machines and as pages for people; both carry our reason codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from producer.services.erase import StillAtWork
from producer.services.keys import NotAllowed
from producer.services.missing import NotFound
from producer.services.opinions import Busy
from producer.services.receive import InProgress
from producer.services.review import NoLongerHeld
from producer.text import FOLDER_IS_READ_ONLY
from web.auth import NotLoggedIn
from web.console.templating import render_template
from web.problem_details import MEDIA_TYPE, FieldProblem, make_problem
from web.rates import TooOften
from worker import errors
from worker.log import logger
from worker.outages import is_read_only, server_errors

#: Seconds after which somebody may ask again who met a server that is away.
RETRY_AFTER = 5
#: HTTP statuses by the class of the error; the first that fits decides.
_STATUSES: tuple[tuple[type[errors.ServiceError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (NotLoggedIn, HTTPStatus.UNAUTHORIZED),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (InProgress, HTTPStatus.CONFLICT),
    (Busy, HTTPStatus.TOO_MANY_REQUESTS),
    (TooOften, HTTPStatus.TOO_MANY_REQUESTS),
    (NoLongerHeld, HTTPStatus.CONFLICT),
    (StillAtWork, HTTPStatus.CONFLICT),
    (errors.DocumentTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.TooManyPages, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.UnknownFormat, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (errors.DamagedImage, HTTPStatus.NOT_FOUND),
    (errors.TransientError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.PermanentError, HTTPStatus.UNPROCESSABLE_ENTITY),
)


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    fields: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a request that failed: JSON below `/v1`, a page elsewhere."""
    content = make_problem(status, code, detail, fields)
    if request.url.path.startswith("/v1/"):
        return JSONResponse(content.json_object(), status, headers, media_type=MEDIA_TYPE)
    page = render_template(request, "problem.html", status=status, problem=content)
    page.headers.update(headers or {})
    return page


def handle_problems(app: FastAPI) -> None:
    """Have every error of this app answered as a problem."""
    app.add_exception_handler(errors.ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _wrong_fields)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
    for kind in server_errors():
        app.add_exception_handler(kind, _server_away)


def status_of(error: errors.ServiceError) -> HTTPStatus:
    """The HTTP status of an error of ours."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def _service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.ServiceError)
    status = status_of(error)
    if isinstance(error, NotLoggedIn) and not request.url.path.startswith("/v1/"):
        return RedirectResponse(f"/login?{urlencode({'next': request.url.path})}", 303)
    headers = _hints(error)
    return problem(request, status, error.code, str(error), headers=headers)


def _hints(error: errors.ServiceError) -> dict[str, str]:
    """Headers that say what helps."""
    if isinstance(error, NotLoggedIn):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooOften):
        return {"Retry-After": str(error.seconds)}
    return {"Retry-After": str(RETRY_AFTER)} if isinstance(error, errors.TransientError) else {}


def _server_away(request: Request, error: Exception) -> Response:
    if is_read_only(error):
        return problem(request, 422, "wrong_use", FOLDER_IS_READ_ONLY)
    logger.warning("a request met a server that is away", extra={"reason": type(error).__name__})
    headers = {"Retry-After": str(RETRY_AFTER)}
    return problem(request, 503, "unavailable", "a server behind this one does not answer", headers=headers)


def _wrong_fields(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [
        FieldProblem(field=".".join(map(str, wrong["loc"])), problem=wrong["msg"]) for wrong in error.errors()
    ]
    return problem(request, 422, "wrong_use", "the request has wrong fields", fields=fields)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    return problem(request, error.status_code, code, str(error.detail), headers=error.headers)


def _unexpected(request: Request, error: Exception) -> Response:
    # Starlette raises it again behind this answer, and the server logs it with its traceback.
    return problem(request, 500, "unexpected", "this request met a fault of ours; it stands in the log")
