"""Clocks of workers may be wrong: what counts is the database's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import documents, sweep
from db.documents import Object
from db.engine import make_sessions, now
from db.models import Document
from db.states import DocumentStage
from deploy.settings import Machine
from tests.faults import clock

ROOT = Path(__file__).resolve().parents[2]
HOUR, LEASE = 3600, 60
#: A worker's process, as far as leases go: it says what time it believes it is.
CLAIM = """
import json, sys, time
from db import leases
from db.states import DocumentStage
from db.engine import make_engine, make_sessions
from db.models import Document

url, row, seconds = sys.argv[1:]
with make_sessions(make_engine(url))() as session:
    lease = leases.claim(session, DocumentStage.RENDER, int(row), seconds=float(seconds))
print(json.dumps([time.time(), lease is not None]))
"""


def claim_by_a_clock_that_is_ahead(engine: Engine, row_id: int, *, seconds: float, ahead: float) -> bool:
    """Whether a process with such a clock got the lease."""
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", CLAIM, url, str(row_id), str(seconds)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **clock.shifted(ahead)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    believed, got = json.loads(done.stdout)
    with make_sessions(engine)() as session:
        assert abs(believed - now(session).timestamp() - ahead) < HOUR / 2
    return bool(got)


@pytest.fixture(autouse=True)
def _needs_a_shifted_clock() -> None:
    if not clock.shifted(HOUR):
        (pytest.fail if Machine().is_ci else pytest.skip)(f"clocks are shifted by {clock.how()}")


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_lease_lasts_as_long_by_the_databases_clock_whatever_its_takers_says(
    postgres: Engine, ahead: int
) -> None:
    sessions = make_sessions(postgres)
    with sessions() as session:
        row_id, _ = documents.register(session, Object("intake", "letter.pdf", "v1"), {})
    assert claim_by_a_clock_that_is_ahead(postgres, row_id, seconds=LEASE, ahead=ahead)

    with sessions() as session:
        left = session.get_one(Document, row_id).lease_until - now(session)
        overdue = sweep.overdue(session, DocumentStage.RENDER, resend_after=timedelta(seconds=1), limit=9)

    assert timedelta() < left <= timedelta(seconds=LEASE)
    assert list(overdue) == []


def test_a_worker_whose_clock_is_ahead_takes_no_lease_that_still_lasts(postgres: Engine) -> None:
    with make_sessions(postgres)() as session:
        row_id, _ = documents.register(session, Object("intake", "letter.pdf", "v1"), {})
    assert claim_by_a_clock_that_is_ahead(postgres, row_id, seconds=LEASE, ahead=-HOUR)

    assert not claim_by_a_clock_that_is_ahead(postgres, row_id, seconds=LEASE, ahead=HOUR)
