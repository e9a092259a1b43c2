"""An S3 server over HTTP in a process of its own: moto's, which keeps everything in memory.

It accepts any credentials, so it can show that a request is well-formed but never that it is allowed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from producer.machine.missing import ServerMissing
from producer.machine.ports import free_port, http_answers
from producer.machine.processes import child_environment, start_process, stopped_at_exit, wait_until


@contextmanager
def running_s3(folder: Path, *, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run an S3 server while the block runs; yield its endpoint. The folder gets its log.

    `env` are variables of moto's own, and of its process.
    """
    if find_spec("moto") is None or find_spec("flask") is None:
        raise ServerMissing(
            "no S3 server: set COUNTERSIGN_TEST_S3_ENDPOINT, or pip install 'moto[server,s3]'"
        )
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = start_process("s3", command, log=folder / "s3.log", env=child_environment(dict(env or {})))
    with stopped_at_exit(process):
        wait_until(lambda: http_answers(endpoint), process, within=60)
        yield endpoint
