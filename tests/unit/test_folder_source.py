"""A watched folder is a source like a bucket: every file once, in order, in the version that was listed."""

from __future__ import annotations

import os
import time
from itertools import chain

import pytest

from db.documents import Object
from producer.sources import open_source
from producer.sources.folder import FolderSource
from producer.sources.port import SourceSettings
from worker.errors import ObjectDenied, ObjectMissing, StorageUnavailable, WrongUse
from worker.settings import Broker, Intake, Storage
from worker.storage.files import LOCAL_BUCKET


def write(root, *names, data=b"%PDF-1.4"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def listed(source, **options):
    return list(chain.from_iterable(source.list(**options)))


def names(source, **options):
    return [document.key.removeprefix(source.prefix) for document in listed(source, **options)]


def opened(url, root):
    settings = SourceSettings(Intake(), Storage(intake_folder=root), Broker())
    return open_source(url, settings)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_files_come_once_in_the_order_of_their_paths_bytes(tmp_path, size):
    write(tmp_path, "a/b.pdf", "a-b.pdf", "a.pdf", "B.pdf", "ä.pdf", "a/a/c.pdf", "z.pdf")

    listed = names(FolderSource(tmp_path), size=size)

    assert listed == ["B.pdf", "a-b.pdf", "a.pdf", "a/a/c.pdf", "a/b.pdf", "z.pdf", "ä.pdf"]
    assert listed == sorted(listed, key=str.encode)


def test_hidden_files_links_and_sidecars_are_no_documents(tmp_path):
    write(tmp_path, "in/a.pdf", "in/a.pdf.json", "in/.half", ".hidden/b.pdf", "elsewhere/c.pdf")
    (tmp_path / "in" / "link.pdf").symlink_to(tmp_path / "elsewhere" / "c.pdf")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "elsewhere")

    assert names(FolderSource(tmp_path / "in")) == ["a.pdf"]


def test_a_name_that_is_not_unicode_is_left_alone_and_told(tmp_path, caplog):
    write(tmp_path, "a.pdf")
    (tmp_path / os.fsdecode(b"\xff.pdf")).write_bytes(b"x")

    source = FolderSource(tmp_path)

    assert names(source) == names(source) == ["a.pdf"]
    assert caplog.text.count("an object whose name no database holds is left alone") == 1


def test_a_folder_whose_name_no_row_holds_is_wrong_use(tmp_path):
    (tmp_path / os.fsdecode(b"\xff")).mkdir()

    with pytest.raises(WrongUse, match="no such name"):
        opened(f"file://{tmp_path}/%FF", tmp_path)


def test_what_may_still_be_written_to_waits_for_a_later_listing(tmp_path):
    write(tmp_path, "new.pdf", "old.pdf")
    os.utime(tmp_path / "old.pdf", (time.time() - 60, time.time() - 60))
    os.utime(tmp_path / "new.pdf", (time.time() + 60, time.time() + 60))

    source = FolderSource(tmp_path)

    assert names(source, settled=2) == ["old.pdf"]
    assert names(source) == ["new.pdf", "old.pdf"]


def test_a_file_from_the_future_does_not_wait_for_it(tmp_path):
    write(tmp_path, "future.pdf")
    os.utime(tmp_path / "future.pdf", (time.time() + 86_400, time.time() + 86_400))

    assert names(FolderSource(tmp_path), settled=2) == ["future.pdf"]


def test_a_listed_document_is_met_with_its_sidecar_until_it_changes(tmp_path):
    write(tmp_path, "a.pdf", data=b"old")
    write(tmp_path, "a.pdf.json", data=b'{"signer": "Ann"}')
    source = FolderSource(tmp_path)
    (document,) = listed(source)

    assert source.sidecar(document) == b'{"signer": "Ann"}'
    assert source.metadata(document) == {}
    assert (document.bucket, document.bytes) == (LOCAL_BUCKET, 3)

    write(tmp_path, "a.pdf", data=b"newer")
    with pytest.raises(ObjectMissing):
        source.metadata(document)
    assert listed(source)[0].version != document.version


def test_a_name_that_leaves_no_room_for_a_sidecar_has_none(tmp_path):
    write(tmp_path, "a" * 252)
    source = FolderSource(tmp_path)
    (document,) = listed(source)

    assert source.sidecar(document) is None
    assert not source.exists(f"{document.key}.json")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("a.pdf")])
def test_what_is_no_file_is_no_sidecar(tmp_path, make):
    write(tmp_path, "a.pdf")
    source = FolderSource(tmp_path)
    (document,) = listed(source)

    make(tmp_path / "a.pdf.json")

    assert source.sidecar(document) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_sidecar_that_we_may_not_read_is_refused_and_no_outage(tmp_path):
    write(tmp_path, "a.pdf", "a.pdf.json")
    (tmp_path / "a.pdf.json").chmod(0)
    source = FolderSource(tmp_path)
    (document,) = listed(source)

    with pytest.raises(ObjectDenied):
        source.sidecar(document)


def test_a_single_file_is_a_source_too(tmp_path):
    write(tmp_path, "a.pdf", "a.pdf2")

    assert [document.key for document in listed(FolderSource(tmp_path / "a.pdf"))] == [
        str(tmp_path / "a.pdf")
    ]


def test_a_folder_that_is_away_is_an_outage_for_a_listing_and_wrong_use_for_a_check(tmp_path):
    source = FolderSource(tmp_path / "none")

    with pytest.raises(WrongUse, match="no file or folder"):
        source.check()
    with pytest.raises(StorageUnavailable):
        listed(source)


def test_an_outage_in_the_middle_goes_on_where_the_listing_was(tmp_path):
    write(tmp_path, "a/1.pdf", "b/2.pdf")
    failures = [StorageUnavailable("b", "away")] * 2

    def patient(work):
        answer = work()
        while failures:
            failures.pop()
            answer = work()
        return answer

    assert names(FolderSource(tmp_path), call=patient) == ["a/1.pdf", "b/2.pdf"]


def test_a_url_opens_only_what_workers_may_read(tmp_path):
    write(tmp_path, "in here/a.pdf", "out/b.pdf")
    source = opened(f"file://{tmp_path}/in%20here", tmp_path / "in here")

    assert names(source) == ["a.pdf"]
    assert source.exists(f"{tmp_path}/in here/a.pdf")
    assert not source.exists(f"{tmp_path}/in here/none.pdf")
    for folder in (tmp_path / "in here", None):
        with pytest.raises(WrongUse, match="COUNTERSIGN_INTAKE_FOLDER"):
            opened(f"file://{tmp_path}/out", folder)


@pytest.mark.parametrize("url", ["ftp://host/", "documents", "s3://", "s3://file/a", "file://host/path"])
def test_a_url_that_names_no_source_is_wrong_use(url, tmp_path):
    with pytest.raises(WrongUse, match=r"give|cannot be called"):
        opened(url, tmp_path)


def test_results_are_not_kept_where_documents_are_looked_for(tmp_path):
    source = FolderSource(tmp_path)

    assert source.holds_results(f"file://{tmp_path}/results")
    assert not source.holds_results(f"file://{tmp_path}-results")
    assert not source.holds_results("s3://results")


def test_rows_of_a_folder_are_called_by_its_scheme(tmp_path):
    write(tmp_path, "a.pdf")

    (document,) = listed(FolderSource(tmp_path))

    assert document == Object("file", str(tmp_path / "a.pdf"), document.version, 8)
    assert document.version.startswith("stat:8-")
