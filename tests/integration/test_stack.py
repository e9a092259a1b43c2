"""The queued form comes up whole, is watched over, and leaves nothing behind."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request

import psutil
import pytest
from sqlalchemy import create_engine, inspect

from db.engine import make_sessions
from deploy.console import address_panel, write_environment
from deploy.corner import s3_client_for
from deploy.stack import Stack, running_stack
from producer.machine.postgres_server import postgres_answers
from producer.machine.processes import ProcessDied
from producer.services.status import stages_with_work
from tests import fakes
from tests.acceptance.commands import countersign
from tests.waiting import until
from worker.pipeline import QUEUES


@pytest.fixture(scope="module")
def stack(servers, tmp_path_factory):
    with running_stack(tmp_path_factory.mktemp("stack"), servers=servers, cores=1) as running:
        yield running


def ask_flower(stack: Stack, path: str, *, login: str = "", data: bytes | None = None) -> int:
    request = urllib.request.Request(stack.flower_url + path, data=data)
    if login:
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def test_every_process_of_the_stack_runs(stack):
    assert set(stack.processes) == {*(queue.name for queue in QUEUES), "beat", "watch", "deliver", "flower"}
    assert stack.dead() == []


def test_the_database_has_its_tables_and_the_store_its_buckets(stack):
    engine = create_engine(stack.env["COUNTERSIGN_DATABASE_URL"])
    tables = inspect(engine).get_table_names()
    engine.dispose()
    client = s3_client_for(stack.env)
    buckets = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}

    assert "documents" in tables
    assert {stack.env["COUNTERSIGN_INTAKE_BUCKET"], stack.env["COUNTERSIGN_RESULTS_BUCKET"]} <= buckets


def test_flower_shows_nothing_to_strangers_and_lets_nobody_change_anything(stack):
    login = stack.flower_login

    assert ask_flower(stack, "/tasks") == 401
    assert ask_flower(stack, "/tasks", login=login) == 200
    assert ask_flower(stack, "/api/task/send-task/upkeep.sweep", login=login, data=b"{}") == 403
    assert ask_flower(stack, "/api/worker/shutdown/detect@host", login=login, data=b"") == 403


def test_no_secret_of_the_stack_stands_on_a_command_line(stack):
    lines = " ".join(" ".join(psutil.Process(one.pid).cmdline()) for one in stack.processes.values())

    assert stack.flower_login.partition(":")[2] not in lines
    assert stack.env["COUNTERSIGN_DATABASE_URL"] not in lines


def test_a_killed_worker_is_reported_and_can_be_started_again(stack):
    stack.process("finish").kill()

    assert [process.name for process in stack.dead()] == ["finish"]

    stack.start("finish")
    stack.wait_for_workers("finish")
    assert stack.dead() == []


def test_the_doctor_fails_at_once_when_every_worker_of_a_stage_is_dead_and_work_waits(stack):
    sessions = make_sessions(create_engine(stack.env["COUNTERSIGN_DATABASE_URL"]))
    stack.process("detect").kill()
    store = s3_client_for(stack.env)
    picture = fakes.page(0, marks=1).data
    store.put_object(Bucket=stack.env["COUNTERSIGN_INTAKE_BUCKET"], Key="a.png", Body=picture)
    until(lambda: "detect" in {stage.stage.value for stage in stages_with_work(sessions)}, within=60)

    without = progress_of(stack)
    stack.start("detect")
    stack.wait_for_workers("detect")
    until(lambda: stages_with_work(sessions) == [], within=120)

    assert without["ok"] is False
    assert without["found"] == "no worker answers for 1 before detect"
    assert progress_of(stack)["ok"] is True


def progress_of(stack):
    """What the doctor says of the stack's progress, on the settings of the stack."""
    told = countersign("doctor", "--json", env=stack.env)
    return next(row for row in told.objects if row["check"] == "progress")


def test_what_a_person_sees_names_flower_and_hides_the_database(stack):
    text = str(address_panel(stack).renderable)

    assert stack.flower_url in text
    assert stack.env["COUNTERSIGN_DATABASE_URL"] not in text


def test_the_file_to_source_is_only_its_owners(stack, tmp_path):
    path = tmp_path / "env"

    write_environment(path, {"COUNTERSIGN_X": "it's"})

    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text() == """export COUNTERSIGN_X='it'"'"'s'\n"""


def test_the_end_of_the_block_is_the_end_of_every_process_and_of_the_database(servers, tmp_path):
    left_out = ("render", "detect", "verify", "flower")
    with running_stack(tmp_path, servers=servers, watch=False, without=left_out, cores=1) as stack:
        pids = [process.pid for process in stack.processes.values()]

    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not postgres_answers(stack.env["COUNTERSIGN_DATABASE_URL"])


def test_a_stack_that_cannot_start_says_which_process_and_why(servers, tmp_path):
    overrides = {"COUNTERSIGN_VISIBILITY_TIMEOUT": "-1"}

    with (
        pytest.raises(ProcessDied, match=r"(?i)visibility_timeout"),
        running_stack(tmp_path, servers=servers, env_overrides=overrides, watch=False, cores=1),
    ):
        pytest.fail("it started with a timeout that cannot be")
