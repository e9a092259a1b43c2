"""How long `POST /v1/documents` takes at a steady rate: `python -m benchmarks.submit --rate 50 --seconds 60`.

Starts the API on servers of its own, without workers, and sends drawn documents at their moments whatever the
answers before them do: an answer that is late makes no other one look quick.
"""

from __future__ import annotations

import http.client
import os
import secrets
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import psutil
import typer

from benchmarks.console import percentile
from deploy.stack import Stack, running_stack
from tests.waiting import until
from worker.pipeline import QUEUES

#: Connections that may be at work at the same time.
CLIENTS = 64
#: Requests that are sent before those that are measured.
_WARM_UP = 20
_BOUNDARY = "countersign"


def main(
    rate: Annotated[int, typer.Option(min=1, help="Documents a second.")] = 50,
    seconds: Annotated[int, typer.Option(min=1, help="For how long.")] = 60,
    size: Annotated[int, typer.Option(min=100, help="Bytes of a document.")] = 200_000,
) -> None:
    """Send, and print percentiles in milliseconds."""
    without = [*(str(queue.name) for queue in QUEUES), "beat", "flower", "deliver"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder), watch=False, web=True, without=without) as stack,
    ):
        until(lambda: _answers(stack), within=120)
        sender = _Sender(stack, size)
        for _ in range(_WARM_UP):
            sender.send(time.perf_counter())
        sender.took.clear()
        sender.statuses.clear()
        sent, worked = list[Future[None]](), _processor_seconds(stack)
        with ThreadPoolExecutor(CLIENTS) as pool:
            begin = time.perf_counter()
            for number in range(rate * seconds):
                moment = begin + number / rate
                time.sleep(max(0.0, moment - time.perf_counter()))
                sent.append(pool.submit(sender.send, moment))
        for request in sent:
            request.result()
        worked = [after - before for before, after in zip(worked, _processor_seconds(stack), strict=True)]
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    typer.echo(f"{len(sender.took)} documents of {size} bytes, {rate} a second: {dict(sender.statuses)}")
    for share in (0.5, 0.95, 0.99):
        typer.echo(f"p{100 * share:.0f} {percentile(sender.took, share):8.1f} ms")
    web, servers = (1000 * spent / len(sender.took) for spent in worked)
    typer.echo(f"processor: {web:.1f} ms a document in the API, {servers:.1f} ms in its servers")
    typer.echo(f"{cores} cores; load {load:.1f}")


class _Sender:
    """Sends documents, each over a connection of its own, and notes how long each took."""

    def __init__(self, stack: Stack, size: int) -> None:
        self._address, self._key, self._size = urlsplit(stack.web_url), stack.web_key, size
        self.took: list[float] = []
        self.statuses: Counter[int] = Counter()

    def send(self, moment: float) -> None:
        """One document, to be sent at that moment: what it waited for a free connection counts."""
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        }
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port)
        try:
            connection.request("POST", "/v1/documents", body=self._body(), headers=headers)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        self.took.append(1000 * (time.perf_counter() - moment))
        self.statuses[answer.status] += 1

    def _body(self) -> bytes:
        head = 'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        data = b"%PDF-1.7 " + secrets.token_bytes(self._size - 9)
        return f"--{_BOUNDARY}\r\n{head}".encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _processor_seconds(stack: Stack) -> tuple[float, float]:
    """What the API has used, and what the database, the store and Redis have."""
    web = psutil.Process(stack.process("web").pid)
    others = [child for child in psutil.Process().children(recursive=True) if child.pid != web.pid]
    return _used(web), sum(map(_used, others))


def _used(process: psutil.Process) -> float:
    try:
        spent = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(spent.user + spent.system)


def _answers(stack: Stack) -> bool:
    address = urlsplit(stack.web_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", "/v1/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    typer.run(main)
