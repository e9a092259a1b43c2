"""Log lines: JSON for machines, text for terminals, each with the document and the task it is about."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Callable, Iterator

import pytest

from worker.log import Actor, actor, logger, work_on
from worker.log_lines import configure


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, which is given back as it was."""
    loggers = [logging.getLogger(name) for name in ("", "countersign", "celery")]
    before = [(each.handlers[:], each.level) for each in loggers]
    yield loggers[0]
    for each, (handlers, level) in zip(loggers, before, strict=True):
        each.handlers[:] = handlers
        each.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def written(root: logging.Logger) -> Callable[[], list[dict[str, object]]]:
    """The JSON lines that were written."""
    stream = io.StringIO()
    configure("INFO", "json", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_a_moment_a_level_a_sentence_and_its_facts(written) -> None:
    logger.info("page detected", extra={"regions": 2})

    (line,) = written()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "INFO", "logger": "countersign", "message": "page detected", "regions": 2}


def test_a_line_names_the_document_chunk_and_task_at_work(written) -> None:
    token = actor.set(Actor("detect@host", "t-1"))
    with work_on(7, 3):
        logger.warning("slow")
    actor.reset(token)
    logger.warning("idle")

    busy, idle = written()
    ids = {"document": 7, "chunk": 3, "worker": "detect@host", "task": "t-1"}
    assert ids.items() <= busy.items()
    assert not ids.keys() & idle.keys()


def test_what_the_caller_says_of_the_document_stays(written) -> None:
    with work_on(7):
        logger.warning("a claim is refused", extra={"document": 8})

    assert written()[0]["document"] == 8


def test_an_error_is_told_without_lines_of_source(written) -> None:
    secret = "kanarienvogel"
    try:
        raise ValueError("no such kernel", len(secret))
    except ValueError:
        logger.exception("an attempt failed")

    error = str(written()[0]["error"])
    assert error.startswith("ValueError: ")
    assert "test_log_lines.py" in error
    assert secret not in json.dumps(written())


def test_of_celery_s_own_line_only_the_sentence_and_the_task_are_kept(written) -> None:
    context = {"id": "t-1", "name": "pages.detect", "args": ["hidden"], "traceback": "source"}
    text = "Task %(name)s failed\n%(traceback)s"
    logging.getLogger("celery.app.trace").error(text, context, extra={"data": context})

    (line,) = written()
    assert (line["message"], line["task"]) == ("Task pages.detect failed", "t-1")
    assert "source" not in json.dumps(line)


def test_other_libraries_write_warnings_only_even_at_debug(root: logging.Logger) -> None:
    stream = io.StringIO()
    configure("DEBUG", "json", stream=stream)

    logging.getLogger("botocore.endpoint").debug("a request with its key")
    logging.getLogger("botocore.endpoint").warning("slow")
    logger.debug("ours")

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["slow", "ours"]


def test_a_terminal_gets_text_and_a_file_gets_json(root: logging.Logger) -> None:
    ours, theirs = os.openpty()
    terminal, file = os.fdopen(theirs, "w", buffering=1), io.StringIO()
    for stream in (terminal, file):
        configure(stream=stream)
        with work_on(7):
            logger.warning("a claim is refused", extra={"reason": "an empty\x1b[2J name\n"})
    printed = os.read(ours, 1000).decode()
    terminal.close()
    os.close(ours)

    assert "WARNING  a claim is refused  document=7  reason=an empty [2J name" in printed
    assert printed.count("\n") == 1
    assert json.loads(file.getvalue())["document"] == 7


def test_text_has_the_traceback_below(root: logging.Logger) -> None:
    stream = io.StringIO()
    configure(form="text", stream=stream)
    try:
        raise ValueError("no such kernel")
    except ValueError:
        logger.exception("an attempt failed")

    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("an attempt failed")
    assert rest[-1] == "ValueError: no such kernel"
