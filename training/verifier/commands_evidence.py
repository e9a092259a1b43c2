"""Commands beside the verifier's own figures: `evaluate copies` and `evaluate references`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from training.verifier.commands import DEFAULT_DATA, DataOption

if TYPE_CHECKING:
    from training.verifier.copies import Share

OutOption = Annotated[Path | None, typer.Option(help="Write the report as JSON to this file too.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]

_messages = Console(stderr=True)


def evaluate_copies(
    data: DataOption = DEFAULT_DATA,
    out: OutOption = None,
    as_json: JsonOption = False,
    copies_only: Annotated[
        bool,
        typer.Option("--copies-only", help="Leave out the pairs of genuine signatures, which take long."),
    ] = False,
) -> None:
    """Measure the search for copies.

    How rarely two acts of writing are taken for one, and how often a copy is found.
    Prints the tables of docs/accuracy.md, in Markdown.
    """
    from training.verifier.copies import evaluate  # noqa: PLC0415
    from worker.engines import build_cleaner  # noqa: PLC0415
    from worker.settings import Verification  # noqa: PLC0415

    with _messages.status("measuring …") as status:
        report = evaluate(
            data,
            build_cleaner(Verification()),
            pairs=not copies_only,
            notice=lambda stage: status.update(f"measuring: {stage} …"),
        )
    lines = [
        f"{report.date}, commit {report.commit}, cleaner {report.cleaner[:40]}, from {report.threshold}",
        "",
    ]
    if report.pairs:
        lines += _table("Set", "Pairs", "Flagged", "Rate (95 %)", "Similarity: median, 99 %, 99.9 %, largest")
        for name, found in report.pairs.items():
            alarms = found.false_alarms
            spread = ", ".join(f"{value:.2f}" for value in found.similarity)
            lines.append(f"| {name} | {alarms.of} | {alarms.found} | {_rate(alarms)} | {spread} |")
        lines.append("")
    lines += _table("Copy", "Copies", "Found (95 %)")
    lines += [f"| {name} | {share.of} | {_rate(share)} |" for name, share in report.copies.items()]
    if report.searched is not None:
        lines += [
            "",
            f"Original among the candidates, of {report.among} signatures: {_rate(report.searched)}",
        ]
    _deliver(report.as_json(), "\n".join(lines), out, as_json)


def evaluate_references(
    data: DataOption = DEFAULT_DATA, out: OutOption = None, as_json: JsonOption = False
) -> None:
    """Measure the check of references.

    How often a good reference is called doubtful, and how often a planted one is found.
    """
    from training.verifier.enrolment import evaluate  # noqa: PLC0415

    with _messages.status("measuring …") as status:
        report = evaluate(data, notice=lambda stage: status.update(f"measuring: {stage} …"))
    lines = [
        f"{report.date}, commit {report.commit}, encoder {report.encoder[:12]}, below {report.threshold}",
        "",
    ]
    lines += _table(
        "Set", "Good ones flagged", "Good sets with any", "Strangers found", "Skilled forgeries found"
    )
    for name, found in report.sources.items():
        shares = (found.wrongly, found.sets_with_any, found.strangers_found, found.forgeries_found)
        lines.append(f"| {name} | " + " | ".join(f"{_rate(share)} of {share.of}" for share in shares) + " |")
    _deliver(report.as_json(), "\n".join(lines), out, as_json)


def _deliver(report: dict[str, Any], tables: str, out: Path | None, as_json: bool) -> None:
    text = json.dumps(report, indent=2)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    typer.echo(text if as_json else tables)


def _table(*headings: str) -> list[str]:
    return ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]


def _rate(share: Share) -> str:
    return f"{share.rate:.2%} ({share.low:.2%}–{share.high:.2%})"
