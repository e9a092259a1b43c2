"""The queued form on one machine without containers: servers, buckets, workers, watcher, Flower.

`python -m deploy.console` runs it until Ctrl-C; the acceptance tests start it as a library.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from celery import Celery
from pydantic import SecretStr

from deploy.corner import private_corner
from deploy.servers import Servers, running_servers
from deploy.settings import GivenServers
from producer.machine import crew
from producer.machine.ports import free_port, http_answers
from producer.machine.processes import (
    Process,
    ProcessDied,
    child_environment,
    interruptions_held,
    start_process,
    stop_all,
    wait_until,
)
from worker.app import make_app
from worker.pipeline import QUEUES
from worker.settings import Attempts, Broker

#: The repository, so that the children run the very code that starts them.
ROOT = Path(__file__).resolve().parent.parent
#: Seconds that a worker may take from its start to its first answer; the models load on first use.
STARTUP = 90.0
#: Seconds that the children together may take to end before they are killed.
STOP_GRACE = 15.0


@dataclass
class Stack:
    """A running stack: its addresses, its settings and its processes by name."""

    folder: Path
    #: The variables that connect any `countersign` command to this stack.
    env: Mapping[str, str]
    flower_url: str
    #: `user:password`, for Flower alone.
    flower_login: str
    commands: Mapping[str, list[str]]
    #: The console's address and a key to it; empty where it was not asked for.
    web_url: str = ""
    web_key: str = ""
    processes: dict[str, Process] = field(default_factory=dict)

    def process(self, name: str) -> Process:
        """Return the running or dead process of this name: a queue, `beat`, `watch` or `flower`."""
        return self.processes[name]

    def start(self, name: str) -> Process:
        """Start the process of this name, once more when an earlier one has died; its log is continued."""
        environment = child_environment({**self.env, **self._private(name), "PYTHONPATH": str(ROOT)})
        log = self.folder / f"{name}.log"
        with interruptions_held():
            self.processes[name] = start_process(
                name, self.commands[name], log=log, env=environment, cwd=self.folder
            )
        return self.processes[name]

    def start_all(self) -> None:
        """Start every process and return when all are up. Raises ProcessDied for the first that is not."""
        for name in self.commands:
            self.start(name)
        self.wait_for_workers()
        if "flower" in self.processes:
            health = f"{self.flower_url}/healthcheck"
            wait_until(lambda: http_answers(health), self.process("flower"), within=STARTUP)
        if "web" in self.processes:
            health_of_web = f"{self.web_url}/v1/health"
            wait_until(lambda: http_answers(health_of_web), self.process("web"), within=STARTUP)
        for process in self.dead():
            raise process.died()

    def dead(self) -> list[Process]:
        """Return the processes that have ended, though nobody asked them to."""
        return [process for process in self.processes.values() if not process.alive]

    def wait_for_workers(self, *queues: str, within: float = STARTUP) -> None:
        """Return once the workers of these queues answer; without names, those of every queue served.

        Raises ProcessDied when one of them ends first, or the time is up.
        """
        names = queues or tuple(queue.name for queue in QUEUES if queue.name in self.commands)
        answered: set[str] = set()
        with self._control() as app:
            for name in names:
                wait_until(partial(_answers, app, name, answered), self.process(name), within=within)

    @contextmanager
    def _control(self) -> Iterator[Celery]:
        """An app of this process that talks to the stack's workers."""
        broker = Broker(
            broker_url=SecretStr(self.env["COUNTERSIGN_BROKER_URL"]),
            queue_prefix=self.env.get("COUNTERSIGN_QUEUE_PREFIX", ""),
        )
        with make_app(broker, Attempts()) as app:
            yield app

    def _private(self, name: str) -> dict[str, str]:
        """What only this process needs to know. In its environment: a command line is everybody's."""
        if name == "web" and "flower" in self.commands:
            return {"COUNTERSIGN_FLOWER_URL": self.flower_url}
        if name != "flower":
            return {}
        port = self.flower_url.rpartition(":")[2]
        return {
            "FLOWER_BASIC_AUTH": self.flower_login,
            "FLOWER_ADDRESS": "127.0.0.1",
            "FLOWER_PORT": port,
            "FLOWER_READ_ONLY": "true",
        }


def _answers(app: Celery, queue: str, answered: set[str]) -> bool:
    """Whether the worker named after the queue has answered; adds to the set all that do so now."""
    if queue not in answered:
        replies = app.control.ping(timeout=0.5) or []
        answered.update(node.partition("@")[0] for reply in replies for node in reply)
    return queue in answered


@contextmanager
def running_stack(
    folder: Path,
    *,
    env_overrides: Mapping[str, str] | None = None,
    watch: bool = True,
    web: bool = False,
    without: Collection[str] = (),
    servers: Servers | None = None,
    cores: int | None = None,
) -> Iterator[Stack]:
    """Run the whole stack while the block runs; logs, and nothing that lasts, go into the folder.

    `without` names processes to leave out. With `servers`, those are used, and left as they were found; else
    new ones are started. The overrides are COUNTERSIGN_ variables for every process. `web` adds the console,
    with a key to it. Raises ServerMissing or ProcessDied.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        log.unlink()
    with ExitStack() as exits:
        # On servers of our own the buckets have their plain names; on others', names nobody else has.
        suffix = f"-{secrets.token_hex(4)}" if servers or GivenServers().s3_endpoint else ""
        servers = servers or exits.enter_context(running_servers(folder))
        env = {**exits.enter_context(private_corner(servers, suffix=suffix)), **(env_overrides or {})}
        _command(env, folder, "migrate")
        commands = crew.crew(
            folder, intake=f"s3://{env['COUNTERSIGN_INTAKE_BUCKET']}/" if watch else None, cores=cores
        )
        port = free_port()
        if web:
            commands["web"] = crew.countersign("serve", "--port", str(port))
        stack = Stack(
            folder,
            env,
            f"http://127.0.0.1:{free_port()}",
            f"countersign:{secrets.token_urlsafe(12)}",
            {name: command for name, command in commands.items() if name not in without},
            web_url=f"http://127.0.0.1:{port}" if web else "",
            web_key=_command(env, folder, *_OPERATOR) if web else "",
        )
        exits.callback(lambda: stop_all(list(stack.processes.values()), grace=STOP_GRACE))
        stack.start_all()
        yield stack


#: Makes a key that may do everything, for as long as a stack is likely to run.
_OPERATOR = (
    "keys",
    "make",
    "operator",
    "--days",
    "7",
    "--scope",
    "submit",
    "--scope",
    "review",
    "--scope",
    "admin",
)


def _command(env: Mapping[str, str], folder: Path, *words: str) -> str:
    """What a command of an operator says on stdout. Raises ProcessDied."""
    done = subprocess.run(
        crew.countersign(*words),
        env=child_environment({**env, "PYTHONPATH": str(ROOT)}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ProcessDied(
            f"`countersign {words[0]}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout.strip()
