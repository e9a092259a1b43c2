"""`countersign doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from producer.console import print_json
from producer.printing.findings import show_findings
from producer.services.doctor import examine


def doctor(
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Check only what `countersign run` needs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per check.")] = False,
) -> None:
    """Check Python, libraries, weights, queues, database, bucket and GPU; say what to do about each fault."""
    findings = list(examine(embedded=embedded))
    if as_json:
        for finding in findings:
            print_json(finding)
    else:
        show_findings(findings)
    raise typer.Exit(1 if any(finding.ok is False for finding in findings) else 0)
