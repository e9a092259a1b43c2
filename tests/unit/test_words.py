"""Documentation, help, code and commits speak plain English: short sentences, the terms of the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import producer.cli
import training.cli
from producer.commands import functions
from tests.checkout import git
from worker.lazy import LazyGroup, loaded

ROOT = Path(__file__).parents[2]
MOST_WORDS = 30
#: Subjects of earlier commits stay as they are.
SHORT_SINCE = "2026-11-29T20:00:00Z"
LONGEST_SUBJECT = 72
PACKAGES = ("benchmarks", "db", "deploy", "producer", "tests", "training", "web", "worker")

#: Words of an earlier private dialect, as patterns, and what the field says.
DIALECT = {
    r"(pages?|documents?|writers?|those|which|that) (that |which )?(choose|chose)s?\b": "validation set",
    r"chose nothing": "held-out test set",
    r"\b(teach|teaches|taught|teaching)\b": "train on",
    r"\blearnt\b": "trained on",
    r"\bby eye\b": "ground truth, labelled by hand",
    r"\b(second|first) looks?\b|\blooks? (at )?(it |them |pages? )?twice\b": "second-stage classifier",
    r"\bweigh(s|ed)? (a signature's |its )?scores?\b|\bweighed\b": "rescoring",
    r"\b(?-i:couriers?)\b": "publisher",
    r"\bmailbox(es)?\b": "notification source",
    r"\b(im)?patience\b": "read timeout",
    r"\bdoorbells?\b": "thin task",
    r"\binvented (signers?|hands?|people)\b": "synthetic signer",
    r"\bmend(s|ed|ing)?\b": "repair",
    r"\btold apart\b": "distinguished",
    r"\bnobody's threshold\b|\bthreshold for .nobody.": "open-set threshold",
    r"\bquestioned (signatures?|crops?)\b": "query",
}

_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_CODE = re.compile(r"`[^`]*`")
_APART = re.compile(r"^(\||#|    \S|={3,}|-{3,}$)")
_ITEM = re.compile(r"^ *([-*]|\d+\.) ")
_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bet al)[.!?][)\"'*_]*(?=\s|$)")


def pages() -> list[Path]:
    """Everything that a stranger reads."""
    cards = [path for path in (ROOT / "worker" / "weights").glob("*.md") if path.stem != "HISTORY"]
    named = [
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "deploy/settings.md")
    ]
    return sorted([*(ROOT / "docs").rglob("*.md"), *cards, *named])


def modules() -> list[Path]:
    """The code, but for this list of words."""
    below = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted(path for path in below if path != Path(__file__))


def paragraphs(text: str) -> Iterator[str]:
    """The running text of a Markdown page: no code blocks, tables, headings; one list item at a time."""
    lines = list[str]()
    for line in [*_COMMENT.sub("", _FENCED.sub("", text)).splitlines(), ""]:
        apart = not line.strip() or _APART.match(line)
        if (apart or _ITEM.match(line)) and lines:
            yield " ".join(lines)
            lines = []
        if not apart:
            lines.append(_ITEM.sub("", line).strip())


def sentences(paragraph: str) -> list[str]:
    """A paragraph's sentences: a colon or a semicolon ends none; code in backticks is one word."""
    plain = _CODE.sub("code", _LINK.sub(r"\1", paragraph))
    return [part.strip() for part in _END.split(plain) if part.strip()]


def too_long(text: str) -> list[str]:
    """The sentences of a Markdown page that are too long."""
    return [one for part in paragraphs(text) for one in sentences(part) if len(one.split()) > MOST_WORDS]


def dialect(text: str) -> list[str]:
    """Each word of the dialect in a text, with the term that replaces it."""
    plain = _CODE.sub("code", text)
    return [
        f"{match.group(0)!r} is {term!r} here: …{plain[max(0, match.start() - 30) : match.end() + 30]}…"
        for pattern, term in DIALECT.items()
        for match in re.finditer(pattern, plain, re.IGNORECASE)
    ]


def documented(command: Any) -> str:
    """All help of a command: its text and that of its parameters."""
    options = (getattr(option, "help", None) or "" for option in command.params)
    return "\n\n".join([command.help or "", *options]).replace("\b", "").strip()


def product() -> Iterator[tuple[str, str]]:
    """The product's front door and every command of it, with all its help."""
    yield "countersign", documented(typer.main.get_command(producer.cli.app))
    yield from (
        (f"countersign {name}", documented(loaded(name, function))) for name, function in functions().items()
    )


def trained() -> Iterator[tuple[str, str]]:
    """Training's front door, its groups and every command, with all its help."""
    waiting = [("countersign-train", typer.main.get_command(training.cli.app))]
    while waiting:
        path, command = waiting.pop()
        yield path, documented(command)
        waiting += [(f"{path} {name}", below) for name, below in commands_of(command).items()]


def commands_of(command: Any) -> dict[str, Any]:
    """The commands of a group, whole; none of what is no group."""
    if isinstance(command, LazyGroup):
        return {name: loaded(name, function) for name, function in command.functions.items()}
    # Typer's own groups are no longer click's.
    return dict(getattr(command, "commands", {}))


DOORS = [*product(), *trained()]


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_of_a_page_are_short(path: Path) -> None:
    assert too_long(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_uses_the_terms_of_the_field(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name == "glossary.md":  # its tables name the old words on purpose
        text = "\n".join(line for line in text.splitlines() if not line.startswith("|"))

    assert dialect(text) == []


@pytest.mark.parametrize(("name", "text"), [pytest.param(*row, id=row[0]) for row in DOORS])
def test_help_is_short_and_in_the_terms_of_the_field(name: str, text: str) -> None:
    assert text, f"{name} has no help"
    assert too_long(text) == []
    assert dialect(text) == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_code_uses_the_terms_of_the_field(path: Path) -> None:
    assert dialect(path.read_text(encoding="utf-8")) == []


def test_subjects_of_commits_are_short_and_have_no_prefix() -> None:
    subjects = git("log", "--no-merges", f"--since={SHORT_SINCE}", "--format=%s")

    assert [one for one in subjects if len(one) > LONGEST_SUBJECT or not one[:1].isupper()] == []
    assert [one for one in subjects if one.endswith(".") or ":" in one.partition(" ")[0]] == []


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param("word " * 31 + ".", id="plain"),
        pytest.param("- " + "word " * 20 + "\n  " + "word " * 11, id="over two lines of a list"),
        pytest.param("Short.\n\n" + "word, " * 31, id="without an end"),
        pytest.param("word " * 20 + "; " + "word " * 20 + ".", id="two halves"),
    ],
)
def test_a_long_sentence_is_noticed(planted: str) -> None:
    assert len(too_long(planted)) == 1


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param("| " + "word " * 40 + "|", id="table"),
        pytest.param("```\n" + "word " * 40 + "\n```", id="code block"),
        pytest.param("word " * 20 + ". " + "word " * 20 + ".", id="two sentences"),
        pytest.param("Run `" + "word " * 40 + "` now.", id="code in a line"),
    ],
)
def test_what_is_no_sentence_is_passed_over(planted: str) -> None:
    assert too_long(planted) == []


@pytest.mark.parametrize(
    "planted",
    [
        "the pages that choose thresholds",
        "sets that taught nothing",
        "flagged as unsigned by eye",
        "a second look",
    ],
)
def test_a_word_of_the_dialect_is_noticed(planted: str) -> None:
    assert len(dialect(planted)) == 1
