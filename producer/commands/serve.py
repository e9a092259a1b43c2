"""`countersign serve`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from db.states import ReviewReason
from producer.console import err, plain


def serve(
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            "--run",
            help="Folder that `countersign run --out` has left; default: the configured servers.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8020,
    name: Annotated[
        list[str] | None,
        typer.Option(help="Host name by which browsers may call it."),
    ] = None,
    login: Annotated[
        bool, typer.Option("--login", help="Ask for a key even on this machine's own address.")
    ] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Take no documents in.")] = False,
    tls_in_front: Annotated[
        bool,
        typer.Option("--tls-in-front", help="A proxy in front speaks TLS: the cookie is for TLS alone."),
    ] = False,
    four_eyes: Annotated[
        bool, typer.Option("--four-eyes", help="Ask two persons before a review ends.")
    ] = False,
    four_eyes_for: Annotated[
        list[ReviewReason] | None,
        typer.Option(help="Ask two persons where this is why it is asked; may be given several times."),
    ] = None,
    four_eyes_from: Annotated[
        float | None,
        typer.Option(min=0, help="Ask two persons about documents of this amount or more."),
    ] = None,
    sample: Annotated[
        float, typer.Option(min=0, max=1, help="Share of genuine verdicts that are reviewed for no reason.")
    ] = 0.0,
    planted: Annotated[
        float, typer.Option(min=0, max=1, help="Share of questions that are cases of `reviews plant`.")
    ] = 0.0,
) -> None:
    """Serve the HTTP API and a console for people, until Ctrl-C.

    On a results folder only this machine can reach it, and it asks for no key. On the configured servers, on
    another address or with --login it asks for a key of `countersign keys make`.
    """
    from web.serve import ServeOptions, open_app, serve_app  # noqa: PLC0415 - help loads no server

    options = ServeOptions(
        host=host,
        port=port,
        results=results,
        names=tuple(name or ()),
        login=login,
        read_only=read_only,
        tls_in_front=tls_in_front,
        four_eyes=four_eyes,
        four_eyes_for=frozenset(four_eyes_for or ()),
        four_eyes_from=math.inf if four_eyes_from is None else four_eyes_from,
        sample=sample,
        planted=planted,
    )
    with open_app(options) as app:
        if app.needs_first_key:
            err.print("no key is on file: make one with `countersign keys make NAME`", soft_wrap=True)
        serve_app(options, app, on_start=_tell)


def _tell(url: str) -> None:
    err.print(f"open {plain(url)} in a browser; Ctrl-C ends it", soft_wrap=True)
