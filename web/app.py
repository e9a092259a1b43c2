"""The app: routes, pages and errors put together, inside the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from web.api import batches, documents, opinions, overview, reviews, signers, webhooks, writes
from web.console import login, pages, review, signer_pages
from web.deps import WebDeps
from web.guard import Bounds, Guard
from web.problem_details import Problem
from web.problems import handle_problems

_DESCRIPTION = """Where documents stand, what was found on them, and the pictures it rests on.
Errors are RFC 9457 problems; their `code` is stable. Pages and regions are numbered from 0."""
_ROUTERS = (
    documents.router,
    writes.router,
    batches.router,
    reviews.router,
    opinions.router,
    signers.router,
    webhooks.router,
    overview.router,
    pages.open_router,
    pages.router,
    signer_pages.router,
    review.router,
    login.router,
)


def make_web_app(deps: WebDeps) -> FastAPI:
    """The routes and pages over these dependencies, without the guard."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        deps.stopping.set()
        deps.opinions.close()

    app = FastAPI(
        title="Countersign",
        version="1",
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.deps = deps
    for router in _ROUTERS:
        app.include_router(router)
    handle_problems(app)
    _document_problems(app)
    return app


def guarded_app(app: FastAPI, bounds: Bounds) -> ASGIApp:
    """The same behind the guard."""
    return Guard(app, bounds)


def _document_problems(app: FastAPI) -> None:
    """Let the OpenAPI document define what all routes answer when they fail."""
    document = app.openapi()
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"].update({**schema.pop("$defs"), "Problem": schema})
