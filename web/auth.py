"""Who calls: a key in a header, a browser that has logged in with one, or whoever sits at this machine."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from producer.services import access_check
from producer.services.keys import (
    LOCAL,
    Caller,
    NotAllowed,
    Right,
    caller_with_cookie,
    caller_with_key,
    check_right,
)
from web.deps import Deps, WebDeps
from web.rates import check_rate

#: Name of the cookie of a browser that has logged in.
COOKIE = "countersign_session"

_SHOWN = HTTPBearer(auto_error=False, description="A key of `countersign keys make`.", scheme_name="key")


class NotLoggedIn(NotAllowed):
    """No key was shown, or it opens nothing."""

    code = "not_logged_in"


def _caller(
    request: Request,
    deps: Deps,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_SHOWN)],
) -> Caller:
    caller: Caller | None
    if not deps.logins:
        caller = LOCAL
    elif credentials is not None:
        caller = caller_with_key(deps.sessions, credentials.credentials)
        if caller is not None:
            request.state.rate = deps.rates.count(caller.submitter)
            check_rate(request.state.rate)
    else:
        cookie = request.cookies.get(COOKIE)
        caller = None if cookie is None else caller_with_cookie(deps.sessions, cookie)
    if caller is None:
        raise NotLoggedIn("show a key: Authorization: Bearer cs_…")
    request.state.caller = caller
    return caller


#: A route's parameter of this type is who calls; NotLoggedIn where that is nobody we know.
CallerParam = Annotated[Caller, Depends(_caller)]


async def _own_documents(request: Request, deps: Deps, caller: CallerParam) -> None:
    """NotFound for documents that a key may not see: it is not told that they are there."""
    number = request.path_params.get("document_id")
    if caller.own_only and number is not None:
        await run_in_threadpool(access_check.check_submitted, deps.sessions, caller, str(number))


async def _whole(caller: CallerParam) -> None:
    """NotAllowed for keys that see their own documents only."""
    if caller.own_only:
        raise NotAllowed("this key sees only documents that were submitted with it")


#: For routes of documents, and for routes that speak of all documents or signers.
OWN_DOCUMENTS, WHOLE = Depends(_own_documents), Depends(_whole)


def needs(right: Right) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency: the caller, who must have this right."""

    async def checked(caller: CallerParam) -> Caller:
        check_right(caller, right)
        return caller

    return checked


#: Callers with one right each.
Submitter = Annotated[Caller, Depends(needs(Right.SUBMIT))]
Reviewer = Annotated[Caller, Depends(needs(Right.REVIEW))]
Admin = Annotated[Caller, Depends(needs(Right.ADMIN))]


def form_token(request: Request, deps: WebDeps) -> str:
    """What a form of ours must carry: another site can neither read nor guess it."""
    cookie = request.cookies.get(COOKIE)
    if not deps.logins or cookie is None:
        return deps.form_token
    return hmac.new(cookie.encode(), b"form", hashlib.sha256).hexdigest()


def check_form(request: Request, deps: WebDeps, token: str) -> None:
    """NotAllowed for a form that is not ours."""
    if not hmac.compare_digest(token.encode(), form_token(request, deps).encode()):
        raise NotAllowed("this form is too old: load its page again")
