"""Takes a document through a stack of the code on PYTHONPATH; prints what its stage `measure` noted.

Arguments: the addresses of Redis, PostgreSQL and S3, the document, and a folder for logs.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import select

from db.engine import Sessions, make_engine, make_sessions
from db.models import Document, Event
from db.states import Status
from deploy.servers import Servers
from deploy.stack import ROOT, running_stack
from producer.machine.processes import child_environment

#: Seconds that a document may take on a busy machine.
TIMEOUT = 120.0


def main(redis: str, database: str, store: str, document: str, folder: str) -> None:
    """Run the stack, submit the document, wait for its end."""
    left_out = ("beat", "flower")
    with running_stack(
        Path(folder), servers=Servers(redis, database, store), watch=False, without=left_out, cores=1
    ) as stack:
        command = [sys.executable, "-c", "from producer.cli import main; main()", "submit", document]
        env = child_environment({**stack.env, "PYTHONPATH": str(ROOT)})
        subprocess.run(command, env=env, check=True, capture_output=True)
        sessions = make_sessions(make_engine(stack.env["COUNTERSIGN_DATABASE_URL"]))
        wait_for_end(sessions)
        with sessions() as session:
            noted = select(Event.event, Event.detail).where(Event.stage == "measure").order_by(Event.id)
            for event, detail in session.execute(noted):
                sys.stdout.write(f"{event} {detail}\n")


def wait_for_end(sessions: Sessions) -> None:
    """Return once the only document is done; fail when it ends otherwise or takes too long."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        with sessions() as session:
            status, detail = session.execute(select(Document.status, Document.detail)).one()
        if status.final:
            assert status is Status.DONE, detail
            return
        threading.Event().wait(0.2)
    raise AssertionError(f"the document is still {status}")


if __name__ == "__main__":
    main(*sys.argv[1:])
