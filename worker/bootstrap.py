"""Builds the real dependencies of the steps, once per process, from the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine

from db.engine import Sessions, make_engine, make_sessions
from worker import models
from worker.app import app
from worker.messages import CeleryCourier
from worker.rendering.renderer import SandboxRenderer
from worker.settings import Attempts, Database, Detection, Models, Reading, Storage
from worker.steps.ports import Deps, DetectDeps, RenderDeps, VerifyDeps
from worker.storage.stores import S3, Store, s3_client


@cache
def sessions() -> Sessions:
    """Transactions on the configured database."""
    return make_sessions(_engine(Database().database_pool))


def _engine(pool_size: int) -> Engine:
    settings = Database()
    return make_engine(
        settings.database_url.get_secret_value(),
        pool_size=pool_size,
        answer_within=settings.database_seconds,
    )


@contextmanager
def brief_sessions() -> Iterator[Sessions]:
    """Transactions on connections that are closed behind the block: no child process may inherit one."""
    engine = _engine(1)
    try:
        yield make_sessions(engine)
    finally:
        engine.dispose()


@cache
def store() -> Store:
    """The configured object store."""
    settings = Storage()
    return S3(s3_client(settings), settings.results_bucket)


@cache
def courier() -> CeleryCourier:
    """The way onto the queues."""
    return CeleryCourier(app)


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
