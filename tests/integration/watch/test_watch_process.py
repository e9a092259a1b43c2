"""A watcher as a process: its sign of life, and its end on a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from producer.services.pulse import Pulse
from tests.intake import put, registered, turns, watching
from tests.waiting import until


def test_progress_is_seen_from_outside(tmp_path):
    file = tmp_path / "alive"
    pulse = Pulse(file)

    assert not file.exists()
    pulse()
    os.utime(file, (0, 0))
    pulse()
    assert file.stat().st_mtime > 0


def test_each_turn_is_a_sign_of_life(deps):
    with watching(deps) as watcher:
        turns(watcher, 3)


PROGRAM = """
import json, sys
from pathlib import Path
import boto3
from db.engine import make_engine, make_sessions
from producer.services.deps import IntakeDeps
from producer.sources.s3 import S3Source
from producer.waiting import Pace
from producer.services.pulse import Pulse
from producer.stopping import stop_on_signals
from producer.services.watch import watch_source
from worker.settings import Intake
given = json.loads(sys.argv[1])
client = boto3.client("s3", **given["client"])
sessions = make_sessions(make_engine(given["database"]))
source = S3Source(client, given["bucket"])
deps = IntakeDeps(sessions, source, lambda _: None, lambda _: 0, Intake(list_seconds=3600))
with stop_on_signals() as stop:
    counts = watch_source(deps, stop=stop, pulse=Pulse(Path(given["pulse"])))
print(counts.new)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_watch_in_good_order(deps, s3, database_url, tmp_path, number):
    put(s3, "a.pdf")
    given = {
        "client": {
            "endpoint_url": s3.endpoint,
            "aws_access_key_id": s3.access_key,
            "aws_secret_access_key": s3.secret_key,
            "region_name": s3.region,
        },
        "database": database_url,
        "bucket": s3.name,
        "pulse": str(tmp_path / "alive"),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(given)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: registered(deps.sessions), within=60)

    process.send_signal(number)
    output, errors = process.communicate(timeout=30)

    assert (process.returncode, output.strip()) == (0, b"1"), errors.decode()
    assert (tmp_path / "alive").exists()
