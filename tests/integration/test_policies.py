"""Each role's policy lets it do its work in the object store and nothing else; the store enforces it."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from db.documents import Object
from producer.machine.ports import free_port, http_answers
from producer.machine.processes import child_environment, start_process, stopped_at_exit, wait_until
from producer.sources.bucket import metadata, upload
from producer.sources.listing import list_pages
from worker.settings import Storage
from worker.storage.s3 import S3, s3_client

ROOT = Path(__file__).resolve().parents[2]
INTAKE, RESULTS = "countersign-intake", "countersign-results"
ROLES = ("producer", "worker", "desk")
AsRole = Callable[[str], Any]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Storage]]:
    """A store that asks for keys, with a document and a result in it; the settings of each role."""
    folder, port = tmp_path_factory.mktemp("store"), free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    env = child_environment({"INITIAL_NO_AUTH_ACTION_COUNT": "1000"})
    process = start_process("store", command, log=folder / "store.log", env=env)
    with stopped_at_exit(process):
        wait_until(lambda: http_answers(endpoint), process, within=60)
        clients = {role: _made(role, endpoint) for role in ROLES}
        client = _plain("s3", endpoint)
        for name in (INTAKE, RESULTS):
            client.create_bucket(Bucket=name)
        client.put_object(Bucket=INTAKE, Key="a.pdf", Body=b"document")
        client.put_object(Bucket=RESULTS, Key="documents/1/result.json", Body=b"{}")
        plain = {"Content-Type": "application/octet-stream"}
        enforce = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", data=b"0", headers=plain)
        urllib.request.urlopen(enforce, timeout=10)
        yield clients


def _plain(service: str, endpoint: str) -> Any:
    login = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", **login)


def _made(role: str, endpoint: str) -> Storage:
    """A user with the role's policy, as `deploy/minio-init.sh` makes it."""
    iam = _plain("iam", endpoint)
    policy = (ROOT / "deploy" / "policies" / f"{role}.json").read_text()
    iam.create_user(UserName=role)
    iam.put_user_policy(UserName=role, PolicyName=role, PolicyDocument=policy)
    key = iam.create_access_key(UserName=role)["AccessKey"]
    return Storage(
        s3_endpoint=endpoint, s3_access_key=key["AccessKeyId"], s3_secret_key=key["SecretAccessKey"]
    )


@pytest.fixture
def client(keys: dict[str, Storage]) -> AsRole:
    return lambda role: s3_client(keys[role])


def refused(act: Callable[..., Any], **request: Any) -> bool:
    with pytest.raises(ClientError) as caught:
        act(**request)
    return caught.value.response["Error"]["Code"] in ("AccessDenied", "403")


def test_the_producer_lists_reads_metadata_and_uploads(client: AsRole, tmp_path: Path) -> None:
    ours = client("producer")
    (tmp_path / "b.pdf").write_bytes(b"another")

    document = next(one for page in list_pages(ours, INTAKE) for one in page if one.key == "a.pdf")
    uploaded = upload(ours, tmp_path / "b.pdf", bucket=INTAKE, key="b.pdf")

    assert metadata(ours, document) == {}
    assert isinstance(uploaded, Object)


def test_the_producer_has_no_way_to_the_results(client: AsRole) -> None:
    ours = client("producer")

    assert refused(ours.get_object, Bucket=RESULTS, Key="documents/1/result.json")
    assert refused(ours.put_object, Bucket=RESULTS, Key="documents/1/result.json", Body=b"{}")


def test_a_worker_reads_documents_and_writes_results(client: AsRole) -> None:
    ours = client("worker")
    store, ((document, *_),) = S3(ours, RESULTS), list_pages(client("producer"), INTAKE)

    store.put("documents/2/result.json", b"{}")

    assert store.fetch(INTAKE, document.key, document.version, max_bytes=100) == b"document"
    assert store.get("documents/2/result.json") == b"{}"


def test_a_worker_writes_no_documents(client: AsRole) -> None:
    assert refused(client("worker").put_object, Bucket=INTAKE, Key="a.pdf", Body=b"forged")


@pytest.mark.parametrize("role", ROLES)
def test_nobody_deletes_a_document_and_only_the_desk_a_result(client: AsRole, role: str) -> None:
    ours = client(role)

    assert refused(ours.delete_object, Bucket=INTAKE, Key="a.pdf")
    if role != "desk":
        assert refused(ours.delete_object, Bucket=RESULTS, Key="documents/1/result.json")


def test_the_desk_erases_results(client: AsRole) -> None:
    store = S3(client("desk"), RESULTS)
    store.put("documents/3/result.json", b"{}")

    assert store.erase("documents/3/") == 1


@pytest.mark.parametrize("role", ROLES)
def test_no_role_sees_or_makes_another_bucket(client: AsRole, role: str) -> None:
    assert refused(client(role).create_bucket, Bucket="mine")
    assert refused(client(role).put_object, Bucket="elsewhere", Key="a", Body=b"")
