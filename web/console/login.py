"""Logging in, with a key or at a provider of identities, and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from producer.services.keys import SESSION, log_in, log_in_person, log_out
from producer.services.missing import NotFound
from web.auth import COOKIE, check_form
from web.console.templating import render_template
from web.deps import Deps, WebDeps

if TYPE_CHECKING:
    from web.identity import IdentityProvider

router = APIRouter(include_in_schema=False)

#: Name of the cookie of a login that is under way.
_BEGUN = "countersign_login"


@router.get("/login")
def login_page(
    request: Request, deps: Deps, onward: Annotated[str, Query(alias="next", max_length=2000)] = "/"
) -> Response:
    """Ask for a key."""
    return _login_page(request, deps, onward, refused=False)


@router.post("/login")
def login(
    request: Request,
    deps: Deps,
    key: Annotated[str, Form(max_length=200)],
    onward: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """Open a session under a new cookie, whatever cookie the browser brought."""
    earlier = request.cookies.get(COOKIE)
    if earlier:
        log_out(deps.sessions, earlier)
    cookie = log_in(deps.sessions, key.strip())
    if cookie is None:
        return _login_page(request, deps, onward, refused=True)
    answer = RedirectResponse(_inside(onward), 303)
    _set_cookie(answer, cookie, deps)
    return answer


@router.get("/login/provider")
def login_at_provider(
    request: Request, deps: Deps, onward: Annotated[str, Query(alias="next", max_length=2000)] = "/"
) -> Response:
    """Send the browser to the provider of identities; what it must bring back is in a cookie of its own."""
    provider = _provider(deps)
    begun = provider.begin(_inside(onward))
    answer = RedirectResponse(provider.address(begun, _return_address(request, deps)), 303)
    # The provider is another site: a strict cookie would not come back from there.
    answer.set_cookie(
        _BEGUN,
        provider.cookie(begun),
        max_age=600,
        path="/login",
        httponly=True,
        samesite="lax",
        secure=deps.secure_cookies,
    )
    return answer


@router.get("/login/return")
def login_from_provider(
    request: Request,
    deps: Deps,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Open a session for whom the provider names. A page goes on: from here the strict cookie comes along."""
    provider = _provider(deps)
    begun = provider.resume(request.cookies.get(_BEGUN, ""), state)
    person = provider.person(begun, _return_address(request, deps), code=code)
    cookie = log_in_person(deps.sessions, person.name, person.rights)
    answer = render_template(request, "logged_in.html", onward=_inside(begun.onward), person=person.name)
    answer.delete_cookie(_BEGUN, path="/login")
    _set_cookie(answer, cookie, deps)
    return answer


@router.post("/logout")
def logout(  # nosec B107: no password, but what a form without a token brings; check_form refuses it
    request: Request, deps: Deps, token: Annotated[str, Form()] = ""
) -> Response:
    """Close the session, here and in the browser."""
    check_form(request, deps, token)
    log_out(deps.sessions, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _login_page(request: Request, deps: WebDeps, onward: str, *, refused: bool) -> Response:
    return render_template(
        request,
        "login.html",
        status=403 if refused else 200,
        onward=_inside(onward),
        refused=refused,
        at_provider=deps.identities is not None,
    )


def _provider(deps: WebDeps) -> IdentityProvider:
    if deps.identities is None:
        raise NotFound("provider of identities here")
    return deps.identities


def _return_address(request: Request, deps: WebDeps) -> str:
    base = deps.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/login/return"


def _inside(onward: str) -> str:
    """A path of ours: nobody is sent on to another site."""
    plain = onward.startswith("/") and not onward.startswith(("//", "/\\"))
    return onward if plain and onward.isprintable() else "/"


def _set_cookie(answer: Response, cookie: str, deps: WebDeps) -> None:
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(SESSION.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=deps.secure_cookies,
    )
