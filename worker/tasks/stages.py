"""The tasks of the five queues."""

from __future__ import annotations

from worker import bootstrap, messages
from worker.app import app
from worker.steps.detect import detect_chunk
from worker.steps.finish import finish_document
from worker.steps.render import render_document
from worker.steps.sweep import sweep_all
from worker.steps.verify import verify_chunk
from worker.tasks.base import StageTask


@app.task(base=StageTask, name=messages.RENDER)
def render(document_id: int) -> None:
    """Turn a document's bytes into page images."""
    render_document(document_id, bootstrap.render_deps())


@app.task(base=StageTask, name=messages.DETECT)
def detect(chunk_id: int) -> None:
    """Detect signatures on a chunk of pages."""
    detect_chunk(chunk_id, bootstrap.detect_deps())


@app.task(base=StageTask, name=messages.VERIFY)
def verify(chunk_id: int) -> None:
    """Compare a chunk's signatures with the references on file."""
    verify_chunk(chunk_id, bootstrap.verify_deps())


@app.task(base=StageTask, name=messages.FINISH)
def finish(document_id: int) -> None:
    """Close a document whose last chunk is closed."""
    finish_document(document_id, bootstrap.deps())


@app.task(base=StageTask, name=messages.SWEEP)
def sweep() -> None:
    """Send again what stands still."""
    sweep_all(bootstrap.deps(), bootstrap.courier().depth)
