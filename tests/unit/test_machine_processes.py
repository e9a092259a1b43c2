"""Children are started apart, watched, and gone when they should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from producer.machine import processes
from producer.machine.processes import (
    Process,
    ProcessDied,
    interruptions_held,
    start_process,
    stop_all,
    wait_until,
)

#: Says "up" once its handlers stand, so that no test races with its start.
POLITE = "print('up', flush=True); import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + POLITE


@pytest.fixture
def child(tmp_path):
    started = []

    def run(code: str, name: str = "child", **env: str) -> Process:
        process = start_process(
            name, [sys.executable, "-c", code], log=tmp_path / f"{name}.log", env={**os.environ, **env}
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()


def up(process: Process) -> Process:
    wait_until(lambda: "up" in process.tail(), process, within=20)
    return process


def test_what_a_child_says_lies_in_its_log(child):
    process = child("import os; print(os.environ['WORD'])", WORD="ledger")
    process.popen.wait(timeout=20)

    assert process.tail() == "ledger"


def test_a_polite_child_ends_when_asked(child):
    process = up(child(POLITE))

    assert process.stop(grace=20)
    assert not process.alive


def test_a_stubborn_child_is_killed_when_its_time_is_up(child):
    process = up(child(STUBBORN))

    assert not process.stop(grace=0.2)
    assert process.popen.returncode == -signal.SIGKILL


def test_killing_a_child_kills_what_it_started(child):
    process = up(
        child(
            "import subprocess, sys, time; "
            "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
            "print('up', p.pid, flush=True); time.sleep(60)"
        )
    )
    grandchild = psutil.Process(int(process.tail().split()[1]))

    process.kill()
    gone, alive = psutil.wait_procs([grandchild], timeout=20)

    # Without a process that reaps orphans it may stay a zombie, which runs nothing.
    assert gone or alive[0].status() == psutil.STATUS_ZOMBIE


def test_stopping_several_takes_one_grace_for_all(child):
    processes = [up(child(STUBBORN, name=f"stubborn-{number}")) for number in range(3)]

    before = time.monotonic()
    stop_all(processes, grace=0.5)

    assert not any(process.alive for process in processes)
    assert time.monotonic() - before < 3 * 0.5


def test_a_child_that_ends_while_it_is_awaited_is_reported_with_its_last_words(child):
    process = child("import sys; print('no such broker'); sys.exit(3)")

    with pytest.raises(ProcessDied, match=r"child ended with status 3(.|\n)*no such broker"):
        wait_until(lambda: False, process, within=20)


def test_a_child_that_never_answers_is_reported_when_the_time_is_up(child):
    process = up(child(POLITE))

    with pytest.raises(ProcessDied, match="did not answer in"):
        wait_until(lambda: False, process, within=0.1)


def test_stopping_the_dead_is_no_failure(child):
    process = child("pass")
    process.popen.wait(timeout=20)

    assert process.stop()


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, whatever this process was started with: shells let their background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_waits_until_what_is_started_is_noted():
    noted = []

    with pytest.raises(KeyboardInterrupt), interruptions_held():
        os.kill(os.getpid(), signal.SIGINT)
        noted.append("child")

    assert noted == ["child"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
def test_other_threads_are_not_interrupted_and_hold_nothing():
    done = []

    def work() -> None:
        with interruptions_held():
            done.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)

    assert done == [signal.default_int_handler]


@pytest.mark.usefixtures("interruptible")
def test_a_start_that_is_interrupted_leaves_no_child(tmp_path, monkeypatch):
    started = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            started.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(processes.subprocess, "Popen", Interrupted)

    with pytest.raises(KeyboardInterrupt):
        start_process("child", [sys.executable, "-c", POLITE], log=tmp_path / "log", env=dict(os.environ))

    (popen,) = started
    assert popen.poll() == -signal.SIGKILL
