"""How log lines look and where they go: JSON for machines, text for a terminal, both to stderr.

Nothing here runs on import. Entry points call `configure`: the commands, and Celery's worker and beat.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

from worker.log import EMBEDDED, actor, logger, subject
from worker.settings import Logging
from worker.trace import describe_error

#: Attributes that every record has; whatever else a record holds was given with `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: Facts that the filter adds, in the order in which a line names them.
_CONTEXT = ("document", "chunk", "worker", "task")


class ContextFilter(logging.Filter):
    """Adds to each record the document, chunk, worker and task that are at work; drops no record.

    A fact that the caller gave with `extra` stays. Celery's own lines name their task themselves.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        facts = vars(record)
        # Celery's line about a task: the id is wanted; arguments and traceback are not.
        celery = facts.pop("data", None)
        if isinstance(celery, dict):
            facts["task"] = celery.get("id")
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        for name, value in _context().items():
            facts.setdefault(name, value)
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: timestamp, level, logger, message, context, extras, error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "timestamp": _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_facts(record),
        }
        if (error := _error(record)) is not None:
            # Told as in a document's history: no line of source, no value of a variable.
            line["error"] = describe_error(error)
        return json.dumps(line, default=str)


class TextLines(logging.Formatter):
    """A line for people: local time, level, message, facts; the traceback of an error below."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        moment = f"{_moment(record).astimezone():%Y-%m-%d %H:%M:%S}"
        facts = "".join(f"  {name}={value}" for name, value in _facts(record).items())
        line = f"{moment} {record.levelname:<8} {record.getMessage()}{facts}"
        # What came from outside must neither end the line nor steer the terminal.
        printable = "".join(character if character.isprintable() else " " for character in line)
        return f"{printable}\n{self.formatException(record.exc_info)}" if record.exc_info else printable


def configure(
    level: str = "INFO",
    form: Literal["auto", "json", "text"] = "auto",
    *,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of this process to the stream, stderr by default; a second call replaces the first.

    `auto` writes text to a terminal and JSON elsewhere. The level holds for this service and Celery. Other
    libraries write warnings and worse only: at DEBUG some tell the requests they send, with their keys.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.addFilter(ContextFilter())
    is_text = form == "text" or (form == "auto" and stream.isatty())
    handler.setFormatter(TextLines() if is_text else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logger.setLevel(level)
    logging.getLogger("celery").setLevel(level)
    logging.captureWarnings(capture=True)


def configure_service(settings: Logging) -> None:
    """For a process that runs on: from INFO on, unless the settings say otherwise."""
    configure(settings.log_level or "INFO", settings.log_format)


def configure_command(settings: Logging, *, level: str = "WARNING") -> None:
    """For a command that a person started: text, also through a pipe, unless the settings say otherwise."""
    form = "text" if settings.log_format == "auto" else settings.log_format
    configure(settings.log_level or level, form)


def _context() -> dict[str, object]:
    work, who = subject.get(), actor.get()
    worker = None if who is EMBEDDED else who.worker
    return {"document": work.document, "chunk": work.chunk, "worker": worker, "task": who.task}


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    """Context and extras that have a value."""
    facts = vars(record)
    names = (*_CONTEXT, *(name for name in facts if name not in _STANDARD and name not in _CONTEXT))
    return {name: facts[name] for name in names if facts.get(name) is not None}


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None
