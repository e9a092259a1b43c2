"""How long a reviewer waits for the next question: `python -m benchmarks.desk --waiting 10000`.

Serves so many waiting questions from servers of its own. A program answers some of them over HTTP; then keys
of Chromium do for a while. Prints how long an answer takes with the page behind it, and decisions a minute.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import cv2
import numpy as np
import psutil
import typer
from playwright.sync_api import sync_playwright
from sqlalchemy import Engine, text

from benchmarks.console import percentile
from db.engine import make_engine, make_sessions
from db.review_queue import QueueRules, fill_queue
from deploy.corner import s3_client_for
from deploy.stack import Stack, running_stack
from worker.pipeline import QUEUES
from worker.vision.verification.embedding import DIMENSION

#: References of each signer, and how many signers there are.
_REFERENCES, _SIGNERS = 5, 200
#: Questions that are put into the queue at a time.
_TOGETHER = 2_000
_PICTURE = "desk/signature.png"
# What holds answers to their order is not asked: a million rows are filled in at once.
_ROWS = """
SET LOCAL session_replication_role = replica;
INSERT INTO versions (id, digest, content) VALUES (1, 'd', '{"encoder": "e", "cleaner": "c"}');
INSERT INTO signers (id, name, enrolled_at)
SELECT n, 'Signer ' || n, now() FROM generate_series(1, :signers) n;
INSERT INTO "references" (id, signer_id, sha256, image_key, quality, encoder, embedding, enrolled_at, llr)
SELECT n, 1 + (n - 1) / :each, md5(n::text) || md5((-n)::text), :picture, '{"score": 0.9}', 'e+c',
    :embedding, now(), 3.0
FROM generate_series(1, :signers * :each) n;
INSERT INTO documents (id, bucket, key, version, sha256, status, stage, fence, deliveries, registered_at,
    finished_at, signed, pages_total, versions_id, cause, answer)
SELECT n, 'b', 'in/' || n || '.pdf', 'v', md5(n::text) || md5((-n)::text), 'done', 'closed', 1, 0, now(),
    now(), true, 1, 1, 'first_reading', 1
FROM generate_series(1, :count) n;
INSERT INTO answers (id, document_id, number, at, cause, status, signed, versions_id)
SELECT n, n, 1, now(), 'first_reading', 'done', true, 1 FROM generate_series(1, :count) n;
INSERT INTO claims (document_id, signer, source)
SELECT n, 'Signer ' || (1 + n % :signers), 'key' FROM generate_series(1, :count) n;
INSERT INTO chunks (id, document_id, index, stage, fence, deliveries)
SELECT n, n, 0, 'closed', 1, 0 FROM generate_series(1, :count) n;
INSERT INTO pages (id, document_id, chunk_id, index, status, image_key, width, height, dpi)
SELECT n, n, n, 0, 'detected', :picture, 1700, 2200, 200 FROM generate_series(1, :count) n;
INSERT INTO regions (id, page_id, index, label, score, x, y, width, height, crop_key, clean_key, embedding)
SELECT n, n, 0, 'signature', 0.9, 100, 100, 400, 150, :picture, :picture, :embedding
FROM generate_series(1, :count) n;
INSERT INTO verdicts (region_id, signer, outcome, probability, llr, confidence, "references", versions_id,
    compared_with)
SELECT n, 'Signer ' || s, 'inconclusive', 0.5, 0.0, 'low', :each, 1, json_agg(json_build_object(
    'id', r, 'number', 1 + (r - 1) % :each, 'sha256', 'x', 'image', :picture))
FROM (SELECT n, 1 + n % :signers AS s FROM generate_series(1, :count) n) rows,
    LATERAL generate_series(1 + (s - 1) * :each, s * :each) r
GROUP BY n, s;
ANALYZE;
"""


def main(
    waiting: Annotated[int, typer.Option(min=200, help="Questions that wait.")] = 10_000,
    answers: Annotated[int, typer.Option(min=10, help="Answers over HTTP.")] = 100,
    seconds: Annotated[int, typer.Option(min=0, help="How long keys are pressed.")] = 60,
) -> None:
    """Fill, answer, and print milliseconds."""
    without = [*(str(queue.name) for queue in QUEUES), "beat", "flower", "deliver"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder), watch=False, web=True, without=without) as stack,
    ):
        engine = make_engine(stack.env["COUNTERSIGN_DATABASE_URL"])
        _fill(engine, waiting)
        _keep_picture(stack)
        desk = _Desk(stack)
        desk.answer()
        worked = _processor_seconds(stack)
        took = [desk.answer() for _ in range(answers)]
        worked = _processor_seconds(stack) - worked
        for share in (0.5, 0.95):
            typer.echo(
                f"an answer and the next question: p{100 * share:.0f} {percentile(took, share):.1f} ms"
            )
        typer.echo(f"processor of the server: {1000 * worked / answers:.1f} ms each")
        if seconds:
            _press_keys(stack, seconds)
        engine.dispose()
    typer.echo(f"{len(os.sched_getaffinity(0))} cores; load {os.getloadavg()[0]:.1f}")


def _fill(engine: Engine, count: int) -> None:
    """Documents with a question each, all of them in the queue."""
    embedding = np.random.default_rng(1).normal(size=DIMENSION).astype("<f2").tobytes()
    values: Mapping[str, object] = {
        "count": count,
        "signers": _SIGNERS,
        "each": _REFERENCES,
        "picture": _PICTURE,
        "embedding": embedding,
    }
    with engine.begin() as connection:
        for statement in filter(str.strip, _ROWS.split(";\n")):
            used = {name: value for name, value in values.items() if re.search(rf":{name}\b", statement)}
            connection.execute(text(statement), used)
    with make_sessions(engine)() as session:
        while fill_queue(session, QueueRules(), limit=_TOGETHER):
            pass
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _keep_picture(stack: Stack) -> None:
    """The one picture that stands for all crops and references."""
    picture = np.full((150, 400), 255, np.uint8)
    strokes = np.random.default_rng(1).integers((20, 20), (380, 130), (30, 2)).astype(np.int32)
    cv2.polylines(picture, [strokes], isClosed=False, color=0, thickness=3)
    data = cv2.imencode(".png", picture)[1].tobytes()
    client = s3_client_for(stack.env)
    client.put_object(Bucket=stack.env["COUNTERSIGN_RESULTS_BUCKET"], Key=_PICTURE, Body=data)


class _Desk:
    """A person who has logged in, and answers what is asked."""

    def __init__(self, stack: Stack) -> None:
        address = urlsplit(stack.web_url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port)
        form = urlencode({"key": stack.web_key, "next": "/review"})
        self._cookie = ""
        self._cookie = self._ask("POST", "/login", form)[1].partition(";")[0]
        self._page = self._ask("GET", "/review")[0]

    def answer(self) -> float:
        """Answer the question at hand and fetch the next one; milliseconds from one to the other."""
        action = re.search(r'action="(/review/\d+)', self._page)
        assert action is not None, self._page[:2000]
        hidden = dict(re.findall(r'name="(token|fence)" value="([^"]*)"', self._page))
        begun = time.perf_counter()
        self._ask("POST", action.group(1), urlencode({**hidden, "answer": "genuine"}))
        self._page = self._ask("GET", "/review")[0]
        return 1000 * (time.perf_counter() - begun)

    def _ask(self, method: str, path: str, form: str | None = None) -> tuple[str, str]:
        """The body of the answer, and the cookie that it sets."""
        headers = {"Cookie": self._cookie} if self._cookie else {}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, form, headers)
        answer = self._connection.getresponse()
        body = answer.read().decode()
        assert answer.status in (200, 303), (answer.status, body)
        return body, answer.headers.get("set-cookie", "")


def _press_keys(stack: Stack, seconds: int) -> None:
    """Decide by keys in a browser, as fast as the questions come."""
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_context(base_url=stack.web_url).new_page()
        tab.goto("/review")
        tab.get_by_label("Key").fill(stack.web_key)
        tab.get_by_role("button", name="Log in").click()
        tab.wait_for_url("**/review")
        took: list[float] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.perf_counter()
            with tab.expect_navigation():
                tab.keyboard.press("1")
            tab.get_by_role("heading", name="Is this the signature of").wait_for()
            took.append(1000 * (time.perf_counter() - begun))
        browser.close()
    typer.echo(
        f"by keys: {60 * len(took) / seconds:.0f} decisions a minute, p95 {percentile(took, 0.95):.0f} ms"
    )


def _processor_seconds(stack: Stack) -> float:
    used = psutil.Process(stack.process("web").pid).cpu_times()
    return float(used.user + used.system)


if __name__ == "__main__":
    typer.run(main)
