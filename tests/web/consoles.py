"""A console in a process of its own, over a results folder with documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import MappingProxyType

import uvicorn
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from db.engine import make_engine
from db.migrate import upgrade
from db.models import Verdict
from producer.machine.crew import countersign
from producer.machine.ports import free_port, http_answers
from producer.machine.processes import child_environment, start_process, stopped_at_exit, wait_until
from producer.services.run_folder import DATABASE, OBJECTS
from tests import fakes
from tests.waiting import until
from tests.world import World
from web.app import guarded_app, make_web_app
from web.deps import WebDeps
from web.guard import Bounds
from worker.errors import EmptyDocument
from worker.storage.folder import Folder

ROOT = Path(__file__).resolve().parents[2]


def filled(root: Path) -> Path:
    """A results folder: four signed documents whose claims want a person, and one in quarantine."""
    engine = make_engine(f"sqlite:///{root / DATABASE}")
    upgrade(engine)
    world = World(engine, encoder=fakes.PartEncoder())
    world.renderer.documents[b"reference"] = [fakes.page(3, marks=1)]
    world.enroll("Zoe", "z.png", b"reference")
    for number in range(4):
        world.through(
            world.arrive(f"in/contract-{number}.pdf", [fakes.page(number, marks=1)], claims=("Zoe",))
        )
    world.through(world.arrive("in/empty.pdf", EmptyDocument("no bytes")))
    with world.sessions() as session:
        session.execute(update(Verdict).values(outcome="inconclusive", probability=0.5))
    store = Folder(root / OBJECTS)
    for key, data in world.store.objects.items():
        store.put(key, data)
    engine.dispose()
    return root


@contextmanager
def serving(
    folder: Path, *words: str, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """The url of a server in a process of its own."""
    port = free_port()
    command = countersign("serve", "--results", str(folder), "--port", str(port), *words)
    log = folder / f"serve-{port}.log"
    process = start_process(
        "serve", command, log=log, env=child_environment({"PYTHONPATH": str(ROOT), **environment})
    )
    url = f"http://127.0.0.1:{port}"
    with stopped_at_exit(process):
        wait_until(lambda: http_answers(f"{url}/v1/health"), process, within=90)
        yield url


@contextmanager
def served(deps: WebDeps) -> Iterator[str]:
    """The url of a server over these dependencies, in a thread of this process."""
    config = uvicorn.Config(guarded_app(make_web_app(deps), Bounds()), port=0, log_config=None)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def clean_tab(browser: Browser, url: str) -> Iterator[Page]:
    """A tab in which nothing may be refused or fail: no policy violated, no script broken."""
    with browser.new_context(base_url=url) as context:
        opened = context.new_page()
        complaints: list[str] = []
        opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        yield opened
        # Browsers ask for an icon by themselves.
        assert [line for line in complaints if "favicon" not in line and "404" not in line] == []
