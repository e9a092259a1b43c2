"""`countersign serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from producer.console import err, plain
from producer.services.folder import results_folder


def serve(
    results: Annotated[
        Path, typer.Option(help="Folder that `countersign run --out` has left.", file_okay=False)
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on; only this machine can reach it.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8020,
) -> None:
    """Serve the HTTP API and a console for people on a results folder, until Ctrl-C.

    The console shows documents with their pages, boxes, verdicts and history; the API is described at
    `/v1/openapi.json`. Whoever can log in on this machine can open it.
    """
    from web.deps import make_web_deps  # noqa: PLC0415 - help loads no server
    from web.guard import Bounds  # noqa: PLC0415
    from web.serve import Address, serve_app  # noqa: PLC0415

    address = Address(host, port)
    if not address.is_loopback:
        raise typer.BadParameter("without logins only this machine may reach it: give 127.0.0.1 or ::1")
    with results_folder(results) as folder:
        deps = make_web_deps(folder.sessions, folder.store)
        serve_app(deps, address, Bounds(), on_start=lambda bound: _tell(Address(host, bound).url))


def _tell(url: str) -> None:
    err.print(f"open {plain(url)} in a browser; Ctrl-C ends it")
