"""What a person sees of a stack that runs in a terminal, and how Ctrl-C ends it."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from deploy.stack import ROOT, Stack, running_stack
from producer.machine import crew
from producer.machine.missing import ServerMissing
from producer.machine.processes import ProcessDied

#: Signals that end the stack as Ctrl-C does.
ENDING = (signal.SIGTERM, signal.SIGHUP)


def run_in_terminal(folder: Path) -> None:
    """Run a stack until Ctrl-C or SIGTERM, reporting every process that dies on the way."""
    console = Console(stderr=True)
    for number in ENDING:
        signal.signal(number, signal.default_int_handler)
    try:
        _run(folder, console)
    except KeyboardInterrupt:
        console.print("stopped")
    except (ServerMissing, ProcessDied) as reason:
        console.print(f"[red]The stack does not run:[/] {escape(str(reason))}")
        sys.exit(1)


def _run(folder: Path, console: Console) -> None:
    """Start, show, watch; a KeyboardInterrupt leads out, past the orderly stop."""
    with console.status("starting servers and workers ..."):
        running = running_stack(folder, web=True)
        stack = running.__enter__()
    try:
        write_environment(folder / "env", stack.env)
        console.print(address_panel(stack))
        _watch(stack, console)
    finally:
        # A shorter wait would leave processes behind; the deadlines bound the wait.
        for number in (signal.SIGINT, *ENDING):
            signal.signal(number, signal.SIG_IGN)
        console.print("stopping ...")
        running.__exit__(None, None, None)


def _watch(stack: Stack, console: Console) -> None:
    """Report each death once, with the process's last words; restart nothing."""
    reported: set[str] = set()
    while True:
        for process in stack.dead():
            if process.name not in reported:
                reported.add(process.name)
                console.print(f"[red]{escape(str(process.died()))}")
        time.sleep(0.5)


def write_environment(path: Path, env: Mapping[str, str]) -> None:
    """Write the variables as a file for a shell to source; only its owner may read it."""
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items()))


def address_panel(stack: Stack) -> Panel:
    """Return the addresses, and what to try in another terminal."""
    near = Path.cwd()
    folder = stack.folder.relative_to(near) if stack.folder.is_relative_to(near) else stack.folder
    program = Path(crew.countersign()[0])
    command = program.relative_to(near) if program.is_relative_to(near) else program
    console = [f"Console   {stack.web_url}   [dim]{stack.web_key}[/]"] if stack.web_url else []
    lines = (
        *console,
        f"Flower    {stack.flower_url}   [dim]{escape(stack.flower_login.replace(':', ' / '))}[/]",
        f"Storage   {stack.env['COUNTERSIGN_S3_ENDPOINT']}/{stack.env['COUNTERSIGN_INTAKE_BUCKET']}",
        f"Logs      {folder}/*.log",
        "",
        "In another terminal:",
        f"  . {folder}/env",
        f"  {command} submit demo/samples/documents",
        f"  {command} status",
        f"  {command} results --format jsonl",
        "",
        "Ctrl-C stops all of it; nothing is kept.",
    )
    return Panel("\n".join(lines), title="Countersign", expand=False)


if __name__ == "__main__":
    run_in_terminal(ROOT / ".stack")
