"""A stack in a terminal: it tells what dies, and Ctrl-C, at whatever moment, leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from deploy.servers import Servers
from deploy.stack import ROOT
from producer.machine.processes import child_environment
from tests.waiting import until

#: What `make stack` runs, in a folder of the test. A shell in the background starts programs that ignore
#: Ctrl-C; one in a terminal does not.
CODE = """
import signal, sys
from pathlib import Path
from deploy.console import run_in_terminal

signal.signal(signal.SIGINT, signal.default_int_handler)
run_in_terminal(Path(sys.argv[1]))
"""


class Terminal:
    """The console as a process, with what it has written so far."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self._screen = folder / "screen"
        env = child_environment({"PYTHONPATH": str(ROOT), "COLUMNS": "200", **variables})
        command = [sys.executable, "-c", CODE, str(folder / "stack")]
        with self._screen.open("wb") as screen:
            self.process = subprocess.Popen(command, env=env, cwd=folder, stderr=screen)

    @property
    def text(self) -> str:
        return self._screen.read_text(encoding="utf-8")

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def shows(self, text: str, *, within: float) -> None:
        """Wait for it; a failure where the console ends before."""
        until(lambda: text in self.text or self.process.poll() is not None, within=within)
        assert text in self.text

    def end(self, number: signal.Signals) -> int:
        """The exit status after that signal."""
        self.process.send_signal(number)
        return self.process.wait(120)


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    """Terminals that a failed test leaves are ended."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        if terminal.process.poll() is None:
            terminal.end(signal.SIGTERM)


def on(servers: Servers) -> dict[str, str]:
    """The variables that have a stack use servers that run already."""
    return {
        "COUNTERSIGN_TEST_REDIS_URL": servers.redis_url,
        "COUNTERSIGN_TEST_DATABASE_URL": servers.database_url,
        "COUNTERSIGN_TEST_S3_ENDPOINT": servers.s3_endpoint,
    }


def alive(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if process.is_running()]


def test_a_death_is_told_once_and_ctrl_c_ends_all_the_others(
    servers: Servers, tmp_path: Path, opened: list[Terminal]
) -> None:
    opened.append(terminal := Terminal(tmp_path, **on(servers)))
    terminal.shows("Ctrl-C stops all of it", within=240)
    children = terminal.children()
    (watcher,) = [child for child in children if "watch" in child.cmdline()]

    watcher.kill()
    terminal.shows("watch ended with status -9", within=30)
    status = terminal.end(signal.SIGINT)

    assert (status, alive(children)) == (0, [])
    assert terminal.text.count("watch ended with status") == 1
    assert terminal.text.rstrip().endswith("stopped")
    assert (tmp_path / "stack" / "env").stat().st_mode & 0o077 == 0


def test_a_stack_that_is_told_to_end_while_it_starts_leaves_nothing_behind(
    servers: Servers, tmp_path: Path, opened: list[Terminal]
) -> None:
    opened.append(terminal := Terminal(tmp_path, **on(servers)))
    until((tmp_path / "stack" / "render.log").exists, within=120)
    children = terminal.children()

    status = terminal.end(signal.SIGTERM)

    assert (status, alive(children)) == (0, [])
    assert terminal.text.rstrip().endswith("stopped")


def test_a_stack_that_cannot_start_says_why_in_a_sentence(tmp_path: Path, opened: list[Terminal]) -> None:
    opened.append(terminal := Terminal(tmp_path, COUNTERSIGN_TEST_REDIS_URL="redis://:hush@127.0.0.1:9/0"))

    status = terminal.process.wait(120)

    assert status == 1
    assert "The stack does not run: the server that the environment names does not answer" in terminal.text
    assert "hush" not in terminal.text
    assert "Traceback" not in terminal.text
