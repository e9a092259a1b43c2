"""The pages show the pipeline as its table has it: the processes of README, the diagrams, the glossary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worker.pipeline import PIPELINE, QUEUES, Queue

ROOT = Path(__file__).parents[2]
_WORKER = re.compile(r"^celery -A worker\.app worker (.*?)(?: +#.*)?$", re.MULTILINE)
_CONCURRENCY = re.compile(r" -c (\d+) ")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def words_of(queue: Queue, documented: str) -> str:
    """What follows `celery worker` for a queue; -c is the number shown where the table leaves it open."""
    chosen = _CONCURRENCY.search(documented)
    concurrency = queue.concurrency or (chosen and chosen.group(1))
    return f"-Q {queue.name} -n {queue.name}@%h --pool {queue.pool} -c {concurrency} -E"


def test_the_readme_starts_a_worker_for_every_queue_in_order() -> None:
    documented = _WORKER.findall(page("README.md"))

    assert documented == [words_of(*pair) for pair in zip(QUEUES, documented, strict=True)]


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md"])
def test_the_diagram_of_the_pipeline_shows_every_queue_in_order(name: str) -> None:
    diagram = re.search(r"^intake bucket ── .*\n((?: \S+ .*\n)+)```", page(name), re.MULTILINE)

    assert diagram is not None
    assert [line.split()[0] for line in diagram.group(1).splitlines()] == [queue.name for queue in QUEUES]


def test_the_glossary_names_every_stage() -> None:
    row = re.search(r"^\| stage \| [^:|]*: ([^.|]*)\.", page("docs/glossary.md"), re.MULTILINE)

    assert row is not None
    assert row.group(1).split(", ") == [stage.name.value for stage in PIPELINE]
