"""Builds the real dependencies of the steps, once per process, from the settings."""

from __future__ import annotations

from functools import cache

from worker import models
from worker.connections import brief_sessions, sessions, store
from worker.publisher import courier
from worker.rendering.renderer import SandboxRenderer
from worker.settings import Attempts, Detection, Models, Reading
from worker.steps.ports import Deps, DetectDeps, RenderDeps, VerifyDeps

__all__ = [
    "brief_sessions",
    "courier",
    "deps",
    "detect_deps",
    "render_deps",
    "sessions",
    "store",
    "verify_deps",
]


@cache
def deps() -> Deps:
    """What finish and sweep need."""
    return Deps(sessions(), store(), courier(), Attempts(), models.result_versions(Detection(), Models()))


@cache
def render_deps() -> RenderDeps:
    """What render needs."""
    reading = Reading()
    return RenderDeps(**vars(deps()), renderer=SandboxRenderer(reading), reading=reading)


@cache
def detect_deps() -> DetectDeps:
    """What detect needs; loads the detector."""
    return DetectDeps(**vars(deps()), detector=models.build_detector(Detection()))


@cache
def verify_deps() -> VerifyDeps:
    """What verify needs; loads cleaner, encoder and verifier."""
    settings = Models()
    encoder, verifier = models.build_verifier(settings)
    cleaner = models.build_cleaner(settings)
    return VerifyDeps(**vars(deps()), cleaner=cleaner, encoder=encoder, verifier=verifier)
