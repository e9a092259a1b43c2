"""The queued form: Celery workers, Redis, Postgres, S3 over HTTP and Flower, as `make stack` has them."""

from __future__ import annotations

import base64
import csv
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.corner import s3_client_for
from deploy.servers import Servers
from deploy.stack import Stack, running_stack
from producer.claims import to_metadata
from tests.acceptance.commands import countersign
from tests.results import without_ids
from tests.waiting import until
from worker.pipeline import UPKEEP
from worker.publisher import HIDDEN

#: Seconds after which every document must have ended; two cores share five workers here.
BOUND = 150


@pytest.fixture(scope="module")
def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Short leases, so that work of a killed worker is taken up again within the test."""
    quick = {
        "COUNTERSIGN_SWEEP_SECONDS": "2",
        "COUNTERSIGN_RESEND_SECONDS": "5",
        "COUNTERSIGN_RENDER_LEASE": "20",
        "COUNTERSIGN_DETECT_LEASE": "20",
        "COUNTERSIGN_VERIFY_LEASE": "20",
        "COUNTERSIGN_CHUNK_PAGES": "2",
    }
    with running_stack(tmp_path_factory.mktemp("stack"), env_overrides=quick, servers=servers) as running:
        yield running


@pytest.fixture(scope="module")
def claims(samples: Path) -> dict[str, list[str]]:
    with (samples / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["key"]: [r["signer"] for r in rows if r["key"] == row["key"]] for row in rows}


def drop_off(stack: Stack, key: str, data: bytes, signers: list[str]) -> None:
    """Put a document into the watched bucket, as a producer's customer does."""
    metadata = {"signer": to_metadata(signers)} if signers else {}
    s3_client_for(stack.env).put_object(
        Bucket=stack.env["COUNTERSIGN_INTAKE_BUCKET"], Key=key, Body=data, Metadata=metadata
    )


def counts(stack: Stack) -> dict[str, int]:
    finished = countersign("status", "--json", env=stack.env)
    numbers: dict[str, int] = finished.objects[0]["documents"]
    return numbers


def results(stack: Stack) -> dict[str, dict[str, Any]]:
    finished = countersign("results", "--format", "jsonl", env=stack.env)
    assert finished.status == 0, finished.err
    return {result["document"]: result for result in finished.objects}


def all_ended(stack: Stack, number: int) -> bool:
    numbers = counts(stack)
    return sum(numbers.values()) == number and numbers["waiting"] == numbers["working"] == 0


@pytest.fixture(scope="module")
def processed(stack: Stack, samples: Path, claims: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    """The samples through the queues: enrolled, dropped into the bucket, awaited."""
    for signer in sorted((samples / "references").iterdir()):
        finished = countersign("enroll", signer.name, *sorted(signer.iterdir()), env=stack.env)
        assert finished.status == 0, finished.err
    documents = sorted((samples / "documents").iterdir())
    for path in documents:
        drop_off(stack, f"in/{path.name}", path.read_bytes(), claims.get(path.name, []))
    until(lambda: all_ended(stack, len(documents)), within=BOUND)
    return results(stack)


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """What must be the same in both forms: everything but names, places, moments and durations."""
    names = ("sha256", "status", "reason", "detail", "signed", "claims", "versions")
    pages = [
        {
            **page,
            "image": None,
            "regions": [{**region, "crop": None, "clean": None} for region in page["regions"]],
        }
        for page in result["pages"]
    ]
    # A folder's table and an object's metadata are different sources of the same claim.
    claims = [{**claim, "source": None} for claim in result["claims"]]
    verdicts = without_ids(result["verdicts"])
    return {**{name: result[name] for name in names}, "claims": claims, "pages": pages, "verdicts": verdicts}


def without_copies(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pages without who copies whom: of documents that show the same ink one is the first."""
    return [
        {**page, "regions": [{**region, "duplicate_of": None} for region in page["regions"]]}
        for page in pages
    ]


def test_run_and_the_queues_give_the_same_rows(
    processed: dict[str, dict[str, Any]], samples: Path, tmp_path: Path
) -> None:
    words = ("--references", samples / "references", "--claims", samples / "claims.csv", "--out", tmp_path)
    embedded = countersign("run", samples / "documents", *words, "--json").objects

    for result in embedded:
        queued = processed[f"in/{Path(result['document']).name}"]
        assert comparable(queued) == comparable(result), result["document"]


def test_the_result_json_lies_in_storage(stack: Stack, processed: dict[str, dict[str, Any]]) -> None:
    done = next(result for result in processed.values() if result["status"] == "done")
    (history,) = countersign("status", str(done["id"]), "--json", env=stack.env).objects
    key = history["answers"][-1]["result"]

    answer = s3_client_for(stack.env).get_object(Bucket=stack.env["COUNTERSIGN_RESULTS_BUCKET"], Key=key)

    stored = json.loads(answer["Body"].read())
    assert answer["VersionId"] not in (None, "null"), "the results bucket keeps no versions"
    assert stored["pages"] == done["pages"]
    assert stored["verdicts"] == done["verdicts"]


def test_flower_shows_the_chain_behind_its_login(stack: Stack, processed: dict[str, dict[str, Any]]) -> None:
    token = base64.b64encode(stack.flower_login.encode()).decode()
    asked = urllib.request.Request(
        f"{stack.flower_url}/api/tasks?limit=1000", headers={"Authorization": f"Basic {token}"}
    )
    with urllib.request.urlopen(asked) as answer:
        tasks = json.load(answer).values()

    names = {task["name"] for task in tasks}
    assert {"documents.render", "pages.detect", "pages.verify", "documents.finish"} <= names
    detected = next(task for task in tasks if task["name"] == "pages.verify")
    assert detected["parent_id"] in {task["uuid"] for task in tasks if task["name"] == "pages.detect"}
    assert {task["args"] for task in tasks if task["name"] != UPKEEP.task} == {HIDDEN}
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{stack.flower_url}/api/tasks")


def test_a_document_s_path_can_be_read_back(stack: Stack, processed: dict[str, dict[str, Any]]) -> None:
    key = next(key for key, result in processed.items() if result["status"] == "done")

    (told,) = countersign("status", key, "--json", env=stack.env).objects

    intake, *worked = told["events"]
    assert intake["stage"] == "intake"
    assert (worked[0]["stage"], worked[-1]["stage"]) == ("render", "finish")
    assert all(step["worker"] and step["task"] for step in worked)


@pytest.mark.parametrize("name", ["render", "detect", "verify"])
def test_a_killed_worker_loses_nothing(stack: Stack, samples: Path, name: str) -> None:
    """Killed with SIGKILL while it works, and started again: every document ends, once."""
    before = sum(counts(stack).values())
    path = next((samples / "documents").glob("framework*.pdf"))
    keys = [f"killed/{name}-{number}.pdf" for number in range(6)]
    for number, key in enumerate(keys):
        # A comment behind the end makes each of them a document of its own.
        drop_off(stack, key, path.read_bytes() + b"\n%" + f"{name}{number}".encode(), [])
    until(lambda: counts(stack)["working"] > 0, within=BOUND)

    stack.process(name).kill()
    stack.start(name)

    until(lambda: all_ended(stack, before + len(keys)), within=BOUND)
    answers = results(stack)
    assert {answers[key]["status"] for key in keys} == {"done"}
    assert len({json.dumps(without_copies(comparable(answers[key])["pages"])) for key in keys}) == 1


def test_retry_sends_a_quarantined_document_again(stack: Stack, processed: dict[str, dict[str, Any]]) -> None:
    (key,) = [key for key, result in processed.items() if result["status"] == "failed"]
    before = processed[key]

    finished = countersign("retry", "--reason", before["reason"], env=stack.env)

    assert finished.status == 0, finished.err
    until(lambda: counts(stack)["failed"] == 1, within=BOUND)
    (told,) = countersign("status", key, "--json", env=stack.env).objects
    quarantined = [step for step in told["events"] if step["event"] == "quarantined"]
    assert len(quarantined) == 2
