"""Child processes with a log file each, stopped politely and then for good."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

#: Between two looks at a process or a port, in seconds.
POLL = 0.02


class ProcessDied(RuntimeError):
    """A child ended, or never answered, while it was needed."""


@dataclass(frozen=True)
class Account:
    """The user a child runs as, when that is not the one who starts it."""

    name: str
    uid: int
    gid: int


class RunAs(TypedDict, total=False):
    """Arguments of `subprocess`: as whom a child runs."""

    user: int
    group: int
    extra_groups: list[int]


def run_as(account: Account | None) -> RunAs:
    """Return the arguments with which `subprocess` runs a child as this account, or as ourselves."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


@dataclass(frozen=True)
class Process:
    """One running child: its name, its handle and the file it writes to."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """The child's process id, which is also that of its group."""
        return self.popen.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self.popen.poll() is None

    def tail(self, lines: int = 20) -> str:
        """Return the last lines of the log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def died(self) -> ProcessDied:
        """Return the error that says how the child ended, with the end of its log."""
        return ProcessDied(f"{self.name} ended with status {self.popen.poll()}; {self.log}:\n{self.tail()}")

    def terminate(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask the child, not its own children, to end; a dead one is left alone."""
        if self.alive:
            self.popen.send_signal(how)

    def kill(self) -> None:
        """End the child and everything it started, at once; a dead one's leftovers too."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self, *, grace: float = 10.0, how: signal.Signals = signal.SIGTERM) -> bool:
        """Ask the child to end and kill it after `grace` seconds; whether asking was enough."""
        self.terminate(how)
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(timeout=grace)
        asked = not self.alive
        self.kill()
        return asked


@contextmanager
def interruptions_held() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM back until the block ends: a child that starts in it is noted by then.

    Only the main thread is interrupted; others run the block as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda came_now, _: came.append(came_now))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for first in came[:1]:
        signal.raise_signal(first)


def start_process(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    account: Account | None = None,
) -> Process:
    """Start the command in a process group of its own, so that Ctrl-C reaches only its parent.

    Raises FileNotFoundError or PermissionError when the command cannot be run. Interrupted meanwhile, nothing
    is left running.
    """
    started: list[Process] = []
    try:
        with interruptions_held():
            started.append(_started(name, command, log=log, env=env, cwd=cwd, account=account))
    except BaseException:  # whatever interrupts, no child is left; it is raised again
        for process in started:
            process.kill()
        raise
    return started[0]


def _started(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None,
    account: Account | None,
) -> Process:
    with log.open("ab") as out:
        popen = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            **run_as(account),
        )
    return Process(name, popen, log)


def child_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment for a child, with the overrides on top.

    One thread per child: many processes share few cores, and the pools of OpenMP and BLAS would
    otherwise each take all of them.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**threads, **os.environ, "PYTHONUNBUFFERED": "1", **overrides}


def wait_until(ready: Callable[[], bool], process: Process, *, within: float) -> None:
    """Return once `ready` says so; raise ProcessDied when the child ends first or time is up."""
    deadline = time.monotonic() + within
    while not ready():
        if not process.alive:
            raise process.died()
        if time.monotonic() > deadline:
            raise ProcessDied(
                f"{process.name} did not answer in {within:g} s; {process.log}:\n{process.tail()}"
            )
        time.sleep(POLL)


def stop_all(processes: Sequence[Process], *, grace: float) -> None:
    """Ask all to end, the last started first; kill what is left when `grace` seconds are over."""
    for process in reversed(processes):
        process.terminate()
    deadline = time.monotonic() + grace
    for process in reversed(processes):
        with suppress(subprocess.TimeoutExpired):
            process.popen.wait(timeout=max(0.0, deadline - time.monotonic()))
        process.kill()


@contextmanager
def stopped_at_exit(process: Process, *, how: signal.Signals = signal.SIGTERM) -> Iterator[Process]:
    """Stop the process when the block ends, however it ends."""
    try:
        yield process
    finally:
        process.stop(how=how)
