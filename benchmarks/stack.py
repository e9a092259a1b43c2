"""Documents from a watched bucket to verdict rows, through the queued form: `python -m benchmarks.stack`.

Starts what `make stack` starts, drops drawn documents into the bucket, waits for the last answer, and checks
that every document has one answer, that its rows are there once, and that Flower shows its chain.
"""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import documents
from db.engine import Sessions, make_engine, make_sessions
from db.models import Document, Event, Page, Region, Verdict
from db.states import Status
from deploy.corner import s3_client_for
from deploy.stack import Stack, running_stack
from producer.claims import to_metadata
from producer.claims_table import read_claims
from producer.console import err, print_json
from producer.machine import crew
from producer.machine.processes import child_environment
from training.synthesis.loads import write_loads

#: Seconds between two looks at the database.
POLL = 0.5


def main(
    number: Annotated[int, typer.Option("--documents", min=1, help="How many documents.")] = 200,
    seconds: Annotated[float, typer.Option(help="Give up after this long.")] = 1800,
) -> None:
    """Run the benchmark; prints one JSON object. Exit status 1 says that a document or a row is missing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        err.print(f"drawing {number} documents ...")
        write_loads(folder / "samples", documents=number)
        err.print("starting the stack ...")
        with running_stack(folder / "stack") as stack:
            sessions = make_sessions(make_engine(stack.env["COUNTERSIGN_DATABASE_URL"]))
            enroll(stack, folder / "samples" / "references")
            started = time.monotonic()
            drop_off(stack, folder / "samples")
            wait(sessions, number, until=started + seconds)
            taken = time.monotonic() - started
            answer = {**measured(sessions, taken), "flower": chains_in_flower(stack)}
    print_json(answer)
    raise typer.Exit(0 if complete(answer, number) else 1)


def enroll(stack: Stack, references: Path) -> None:
    """Put the drawn signers' references on file."""
    for signer in sorted(references.iterdir()):
        images = [str(image) for image in sorted(signer.iterdir())]
        command = crew.countersign("enroll", signer.name, *images)
        subprocess.run(command, env=child_environment(dict(stack.env)), check=True, capture_output=True)


def drop_off(stack: Stack, samples: Path) -> None:
    """Put the documents into the watched bucket, their claims as metadata."""
    client = s3_client_for(stack.env)
    claims = read_claims(samples / "claims.csv")
    for path in sorted((samples / "documents").iterdir()):
        names = claims.get(path.name, [])
        client.put_object(
            Bucket=stack.env["COUNTERSIGN_INTAKE_BUCKET"],
            Key=path.name,
            Body=path.read_bytes(),
            Metadata={"signer": to_metadata(names)} if names else {},
        )


def wait(sessions: Sessions, number: int, *, until: float) -> None:
    """Return when so many documents have their answer, or the time is up."""
    with Progress(console=err) as bar:
        task = bar.add_task("documents", total=number)
        while time.monotonic() < until:
            with sessions() as session:
                counts = documents.counts(session)
            ended = sum(count for status, count in counts.items() if status.final)
            bar.update(task, completed=ended)
            if ended >= number:
                return
            time.sleep(POLL)


def measured(sessions: Sessions, taken: float) -> dict[str, Any]:
    """Numbers of rows, documents per second, and the seconds that each stage worked."""
    with sessions() as session:
        counts = {state.value: count for state, count in documents.counts(session).items()}
        rows = {model.__tablename__: _count(session, model) for model in (Page, Region, Verdict)}
        distinct = session.execute(select(func.count(func.distinct(Document.key)))).scalar_one()
        stages = session.execute(
            select(Event.stage, func.sum(Event.seconds))
            .where(Event.seconds.is_not(None))
            .group_by(Event.stage)
        )
        work = {stage: round(total or 0.0, 1) for stage, total in stages}
    return {
        "documents": counts,
        "distinct_documents": distinct,
        "rows": rows,
        "seconds": round(taken, 1),
        "documents_per_second": round(sum(counts.values()) / taken, 2),
        "pages_per_second": round(rows["pages"] / taken, 2),
        "stage_seconds": work,
    }


def _count(session: Session, model: Any) -> int:
    return session.execute(select(func.count()).select_from(model)).scalar_one()


def chains_in_flower(stack: Stack) -> dict[str, int]:
    """How many tasks of each name Flower shows, and how many verify tasks name their detect task."""
    token = base64.b64encode(stack.flower_login.encode()).decode()
    asked = urllib.request.Request(
        f"{stack.flower_url}/api/tasks?limit=100000", headers={"Authorization": f"Basic {token}"}
    )
    with urllib.request.urlopen(asked) as answer:
        tasks: Mapping[str, Any] = json.load(answer)
    names = Counter(task["name"] for task in tasks.values())
    return {**names, "verify_with_parent": sum(_has_parent(task, tasks) for task in tasks.values())}


def _has_parent(task: Mapping[str, Any], tasks: Mapping[str, Any]) -> bool:
    parent = tasks.get(task.get("parent_id") or "", {})
    return bool(task["name"] == "pages.verify" and parent.get("name") == "pages.detect")


def complete(answer: Mapping[str, Any], number: int) -> bool:
    """Every document once, every one with its final status."""
    counts = answer["documents"]
    ended = sum(counts[state.value] for state in Status if state.final)
    return bool(ended == number == answer["distinct_documents"] == sum(counts.values()))


if __name__ == "__main__":
    typer.run(main)
