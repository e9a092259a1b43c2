"""Logging in and out with a key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from producer.services.keys import SESSION, log_in, log_out
from web.auth import COOKIE, check_form
from web.console.templating import render_template
from web.deps import Deps, WebDeps

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login_page(
    request: Request, onward: Annotated[str, Query(alias="next", max_length=2000)] = "/"
) -> Response:
    """Ask for a key."""
    return render_template(request, "login.html", onward=_inside(onward), refused=False)


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
        return render_template(request, "login.html", status=403, onward=_inside(onward), refused=True)
    answer = RedirectResponse(_inside(onward), 303)
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
