"""Documents are registered once, with the most trusted claims, and sent only after they are committed."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from botocore.awsrequest import AWSResponse
from sqlalchemy import select
from urllib3 import HTTPResponse

from db import events, signers
from db.claims import claimed_signers
from db.documents import Object
from db.engine import make_sessions
from db.models import Claim
from db.states import ClaimSource
from producer.claims_table import ClaimsTable
from producer.services.deps import IntakeDeps
from producer.services.submit import Counts, local_files, submit_objects, submit_place, upload_file
from producer.sources.s3 import S3Source
from tests.intake import Queue, keys, registered
from tests.records import times
from worker.app import make_app
from worker.errors import StorageUnavailable, WrongUse
from worker.publisher import CeleryPublisher
from worker.settings import Attempts, Broker, Intake


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def deps(postgres, s3, queue):
    return make_deps(postgres, s3, queue)


def make_deps(postgres, s3, queue, *, prefix="", **settings):
    sessions = make_sessions(postgres)
    return IntakeDeps(
        sessions, S3Source(s3.client, s3.name, prefix), queue.send, queue.depth, Intake(**settings)
    )


def put(s3, key, *, signer=None, sidecar=None, data=b"%PDF-1.4"):
    facts = {} if signer is None else {"signer": signer}
    if sidecar is not None:
        s3.client.put_object(Bucket=s3.name, Key=f"{key}.json", Body=sidecar)
    s3.client.put_object(Bucket=s3.name, Key=key, Body=data, Metadata=facts)


def everything(deps):
    return chain.from_iterable(deps.source.list())


def claims(deps):
    with deps.sessions() as session:
        rows = session.execute(select(Claim).order_by(Claim.id)).scalars().all()
    return [(row.signer, row.source) for row in rows]


def test_what_is_in_the_bucket_is_registered_and_sent_once(deps, queue, s3):
    put(s3, "a.pdf")
    put(s3, "b.pdf")

    assert submit_objects(everything(deps), deps) == Counts(new=2)
    assert submit_objects(everything(deps), deps) == Counts(known=2)
    assert queue.sent == [document.id for document in registered(deps.sessions)]


def test_the_same_object_twice_in_one_batch_counts_once(deps, queue, s3):
    put(s3, "a.pdf")

    assert submit_objects([*everything(deps), *everything(deps)], deps) == Counts(new=1, known=1)
    assert len(queue.sent) == 1


def test_a_document_is_committed_before_its_message_is_sent(deps, s3):
    committed = []

    def look(document_id):
        committed.append(document_id in [one.id for one in registered(deps.sessions)])

    put(s3, "a.pdf")

    submit_objects(everything(deps), replace(deps, send=look))

    assert committed == [True]


def test_a_broken_broker_loses_no_document(deps, queue, s3, caplog):
    put(s3, "a.pdf")
    put(s3, "b.pdf")
    queue.broken = True

    assert submit_objects(everything(deps), deps) == Counts(new=2)
    assert len(registered(deps.sessions)) == 2
    assert times(caplog, "documents wait for the sweep to send them", documents=2) == 1


def test_two_who_submit_the_same_in_opposite_order_register_it_once(deps, queue, s3):
    for number in range(60):
        put(s3, f"{number}.pdf")
    objects = list(everything(deps))
    answers = []

    def work(ordered):
        answers.append(submit_objects(ordered, deps))

    workers = [threading.Thread(target=work, args=(one,)) for one in (objects, objects[::-1])]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)

    assert sum(answers, Counts()) == Counts(new=60, known=60)
    assert sorted(queue.sent) == [document.id for document in registered(deps.sessions)]


def test_a_new_document_waits_in_the_queue_that_workers_read(postgres, s3, redis_url):
    app = make_app(Broker(broker_url=redis_url), Attempts())
    publisher = CeleryPublisher(app)
    deps = IntakeDeps(
        make_sessions(postgres), S3Source(s3.client, s3.name), publisher.start, publisher.depth, Intake()
    )
    put(s3, "a.pdf")

    submit_objects(everything(deps), deps)

    assert publisher.depth("render") == 1
    app.close()


def test_registration_is_the_first_line_of_a_documents_history(deps, s3):
    put(s3, "a.pdf", signer="A\\x07;" + "x" * 201)

    submit_objects(everything(deps), deps)

    with deps.sessions() as session:
        history = [(one.stage, one.event) for one in events.history(session, 1)]
    assert history == [("intake", "registered"), ("intake", "claim_refused")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(
            {"signer": "Ann; Bob", "sidecar": b'{"signer": "Cid"}'},
            [("Ann", "metadata"), ("Bob", "metadata")],
            id="metadata",
        ),
        pytest.param({"sidecar": b'{"signers": ["Cid"]}'}, [("Cid", "sidecar")], id="sidecar"),
        pytest.param({}, [("eve", "key")], id="key"),
        pytest.param({"signer": "", "sidecar": b"no json"}, [("eve", "key")], id="two refused, then key"),
        pytest.param({"signer": "M%C3%BCller"}, [("Müller", "metadata")], id="percent-encoded"),
        pytest.param({"signer": "=?UTF-8?B?TcO8bGxlcg==?="}, [("Müller", "metadata")], id="rfc 2047"),
    ],
)
def test_claims_come_from_the_most_trusted_source_that_has_any(postgres, s3, queue, written, expected):
    deps = make_deps(postgres, s3, queue, prefix="in/", key_pattern="{signer}/{name}")
    put(s3, "in/eve/a.pdf", **written)

    submit_objects(everything(deps), deps)

    assert claims(deps) == expected


def test_the_order_of_trust_is_a_setting(postgres, s3, queue):
    deps = make_deps(postgres, s3, queue, key_pattern="{signer}/{name}", claim_sources=["key", "metadata"])
    put(s3, "eve/a.pdf", signer="Ann")
    put(s3, "b.pdf", signer="Bob", sidecar=b'{"signer": "Cid"}')

    submit_objects(everything(deps), deps)

    assert sorted(claims(deps)) == [("Bob", ClaimSource.METADATA), ("eve", ClaimSource.KEY)]


def test_a_claims_file_is_trusted_most(deps, s3):
    put(s3, "in/a.pdf", signer="Ann")

    submit_objects(everything(deps), deps, table=ClaimsTable({"a.pdf": ["Bob"]}))

    assert claims(deps) == [("Bob", ClaimSource.FILE)]


def test_claims_of_one_version_are_not_those_of_another(deps, s3):
    setting = {"Status": "Enabled"}
    s3.client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration=setting)
    put(s3, "a.pdf", signer="Ann")
    put(s3, "a.pdf", signer="Bob")

    submit_objects(everything(deps), deps)

    by_version = {}
    for document in registered(deps.sessions):
        head = s3.client.head_object(Bucket=s3.name, Key="a.pdf", VersionId=document.version)
        with deps.sessions() as session:
            by_version[head["Metadata"]["signer"]] = claimed_signers(session, document.id)
    assert by_version == {"Ann": ["Ann"], "Bob": ["Bob"]}


def test_an_object_that_is_gone_is_no_document_and_hinders_no_other(deps, queue, s3, caplog):
    put(s3, "a.pdf")
    gone = Object(s3.name, "gone.pdf", "etag:0", 1)

    assert submit_objects([gone, *everything(deps)], deps) == Counts(new=1, skipped=1)
    assert keys(deps.sessions) == ["a.pdf"]
    assert times(caplog, "an object is not taken in", key="gone.pdf") == 1


def test_an_object_that_the_store_refuses_waits_for_the_next_listing(deps, queue, s3, caplog):
    put(s3, "a.pdf")
    put(s3, "secret.pdf")
    hook = "before-send.s3.HeadObject"

    s3.client.meta.events.register(hook, _refuse_the_secret)
    first = submit_objects(everything(deps), deps)
    s3.client.meta.events.unregister(hook, _refuse_the_secret)
    second = submit_objects(everything(deps), deps)

    assert (first, second) == (Counts(new=1, skipped=1), Counts(new=1, known=1))
    assert times(caplog, "an object is not taken in", key="secret.pdf") == 1


def _refuse_the_secret(request, **_):
    body = HTTPResponse(io.BytesIO(), preload_content=False)
    return AWSResponse(request.url, 403, {}, body) if "secret" in request.url else None


def test_a_store_that_is_away_is_said_so(deps, s3):
    s3.client.meta.events.register("before-send.s3.HeadObject", _no_answer)
    put(s3, "a.pdf")

    with pytest.raises(StorageUnavailable):
        submit_objects(everything(deps), deps)

    assert registered(deps.sessions) == []


def _no_answer(**_request):
    raise ConnectionResetError("cut")


def test_a_pattern_that_cannot_be_meant_is_wrong_use(postgres, s3, queue):
    with pytest.raises(WrongUse, match="key pattern"):
        submit_objects([], make_deps(postgres, s3, queue, key_pattern="{name}"))


def test_a_local_file_is_uploaded_with_its_claims_and_registered(postgres, s3, queue, tmp_path):
    deps = make_deps(postgres, s3, queue, prefix="in/")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 here")
    table = ClaimsTable({"a.pdf": ["Müller; Söhne", "Ann"]})

    uploaded = upload_file(tmp_path / "a.pdf", "a.pdf", deps, table=table)
    submit_objects([uploaded], deps)

    assert s3.client.get_object(Bucket=s3.name, Key="in/a.pdf")["Body"].read() == b"%PDF-1.4 here"
    assert claims(deps) == [("Müller; Söhne", ClaimSource.METADATA), ("Ann", ClaimSource.METADATA)]
    assert list(everything(deps)) == [uploaded]


def test_a_folder_goes_in_with_its_sidecars_and_what_is_not_used_is_named(deps, s3, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.4 " + name.encode())
    (tmp_path / "a.pdf.json").write_text('{"signer": "Ann"}')
    (tmp_path / "prices.csv").write_text("price")
    (tmp_path / "Thumbs.db").write_bytes(b"")
    table = ClaimsTable({"b.pdf": ["Bob"], "c.pdf": ["Cid"]}, path=Path("claims.csv"), lines={"c.pdf": [3]})
    unused = []

    counts = submit_place(str(tmp_path), deps, table=table, on_not_used=unused.append)
    again = submit_place(f"s3://{s3.name}", deps, table=ClaimsTable({"b.pdf": ["Bob"]}))

    assert counts == Counts(new=2, unused=2)
    assert [Path(one.name).name for one in unused] == [tmp_path.name, "prices.csv", "claims"]
    assert [one.is_litter for one in unused] == [True, False, False]
    assert claims(deps) == [("Ann", ClaimSource.SIDECAR), ("Bob", ClaimSource.FILE)]
    assert again == Counts(known=2), "a row of a document that is known has found it"


def test_a_row_of_two_files_is_taken_by_none_and_a_near_name_is_a_note(deps, s3, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.pdf").write_bytes(b"%PDF-1.4 " + folder.encode())
    (tmp_path / "x" / "b.pdf").write_bytes(b"%PDF-1.4 b")
    with deps.sessions() as session:
        signers.signer_id(session, "John Smith")
    table = ClaimsTable({"a.pdf": ["Ann"], "b.pdf": ["Jon Smiht"]}, path=Path("claims.csv"))
    unused, notes = [], []

    counts = submit_place(str(tmp_path), deps, table=table, on_not_used=unused.append, on_note=notes.append)

    assert counts == Counts(new=3, unused=1)
    assert [one.reason.partition(": ")[2] for one in unused] == [
        "'a.pdf' may mean 'x/a.pdf' and 'y/a.pdf': write the path"
    ]
    assert claims(deps) == [("Jon Smiht", ClaimSource.FILE)]
    assert notes == ["no signer 'Jon Smiht' is enrolled; near: 'John Smith'"]


def test_a_row_of_two_keys_of_a_bucket_is_taken_by_none_and_a_whole_key_goes_first(deps, s3):
    for key in ("a/dup.jpg", "sub/dup.jpg", "both.jpg", "sub/both.jpg", "a/alone.jpg"):
        put(s3, key)
    rows = {"dup.jpg": ["Ann"], "both.jpg": ["Bob"], "alone.jpg": ["Cid"]}
    unused = []

    counts = submit_place(
        f"s3://{s3.name}",
        deps,
        table=ClaimsTable(rows, path=Path("claims.csv")),
        on_not_used=unused.append,
    )

    assert counts == Counts(new=5, unused=1)
    assert [one.reason.partition(": ")[2] for one in unused] == [
        "'dup.jpg' may mean 'a/dup.jpg' and 'sub/dup.jpg': write the path"
    ]
    assert sorted(claims(deps)) == [("Bob", ClaimSource.FILE), ("Cid", ClaimSource.FILE)]


def test_other_claims_for_a_known_document_are_named_and_change_nothing(deps, s3, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    submit_place(str(tmp_path), deps, table=ClaimsTable({"a.pdf": ["Ann"]}))
    unused = []

    table = ClaimsTable({"a.pdf": ["Ann", "Bob"]}, path=Path("claims.csv"))
    again = submit_place(f"s3://{s3.name}", deps, table=table, on_not_used=unused.append)

    assert again == Counts(known=1, unused=1)
    assert [one.reason for one in unused] == [
        "claims.csv: 'a.pdf' is known as document 1 and keeps what it claims, 'Ann'; "
        "`countersign claim` changes them"
    ]
    assert claims(deps) == [("Ann", ClaimSource.FILE)]


@pytest.mark.parametrize("versions", [False, True], ids=["etags", "versions"])
def test_the_same_file_again_is_the_same_document(deps, s3, tmp_path, versions):
    if versions:
        setting = {"Status": "Enabled"}
        s3.client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration=setting)
    (tmp_path / "a.pdf").write_bytes(b"here")

    first = upload_file(tmp_path / "a.pdf", "a.pdf", deps)
    again = upload_file(tmp_path / "a.pdf", "a.pdf", deps)

    assert first == again
    assert list(everything(deps)) == [first]


def test_another_file_of_that_name_never_overwrites_what_is_there(deps, s3, tmp_path):
    put(s3, "a.pdf", data=b"there")
    (tmp_path / "a.pdf").write_bytes(b"here")

    with pytest.raises(WrongUse, match="another file"):
        upload_file(tmp_path / "a.pdf", "a.pdf", deps)

    assert s3.client.get_object(Bucket=s3.name, Key="a.pdf")["Body"].read() == b"there"


def test_another_file_of_that_name_is_another_version_where_there_are_versions(deps, s3, tmp_path):
    setting = {"Status": "Enabled"}
    s3.client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration=setting)
    put(s3, "a.pdf", data=b"there")
    (tmp_path / "a.pdf").write_bytes(b"here")

    uploaded = upload_file(tmp_path / "a.pdf", "a.pdf", deps)

    assert submit_objects([uploaded, *everything(deps)], deps) == Counts(new=2, known=1)


def test_a_file_that_cannot_be_read_is_wrong_use(deps, tmp_path):
    with pytest.raises(WrongUse, match="cannot read"):
        upload_file(tmp_path / "none.pdf", "none.pdf", deps)
    with pytest.raises(WrongUse, match="no file or folder"):
        list(local_files(tmp_path / "none"))


def test_a_folder_gives_its_files_with_their_paths_as_keys(tmp_path):
    for name in ("b.pdf", "in/a.pdf", ".hidden/c.pdf", "in/.d.pdf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(name))

    files = [(file.path, file.inside) for file in local_files(tmp_path)]
    assert files == [(tmp_path / "b.pdf", "b.pdf"), (tmp_path / "in/a.pdf", "in/a.pdf")]
    assert [file.inside for file in local_files(tmp_path / "b.pdf")] == ["b.pdf"]
