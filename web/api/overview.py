"""Routes that say how the whole stands."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from producer.services import browse
from producer.services.status import overview
from web.auth import WHOLE
from web.deps import Deps
from web.problem_details import PROBLEMS
from worker.result import OverviewResult

router = APIRouter(prefix="/v1", tags=["overview"], responses=PROBLEMS)


class HealthResult(BaseModel):
    """That this server and its database answer."""

    status: Literal["ok"] = Field(default="ok", description="That both answer.")


@router.get("/overview", dependencies=[WHOLE], summary="How many documents stand where")
def numbers(deps: Deps) -> OverviewResult:
    """Counts by status, reasons of the quarantine, the oldest that waits, stages and workers."""
    return overview(deps.sessions)


@router.get("/health", summary="Whether this server and its database answer")
def health(deps: Deps) -> HealthResult:
    """For a load balancer; needs no key."""
    browse.ask_database(deps.sessions)
    return HealthResult()
