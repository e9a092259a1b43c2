"""A URL names the store of results, a document's bucket the store of its bytes; no other file is opened."""

from __future__ import annotations

import os

import pytest

from worker.errors import DocumentTooLarge, ObjectDenied, ObjectMissing, WrongUse
from worker.settings import Storage
from worker.storage.files import LOCAL_BUCKET, file_version, key_of, read_document
from worker.storage.folder import LocalDocuments
from worker.storage.stores import STORES, open_store, scheme_of

MOST = 2**20


def written(path, data=b"%PDF-1.4"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return key_of(path), file_version(path.stat())


def test_a_folder_serves_documents_and_keeps_results_without_any_server(tmp_path):
    key, version = written(tmp_path / "intake" / "a.pdf")
    settings = Storage(results_bucket=f"file://{tmp_path}/out", intake_folder=tmp_path / "intake")

    store = open_store(settings)
    store.put("documents/1/result.json", b"{}")

    assert store.fetch(LOCAL_BUCKET, key, version, max_bytes=MOST) == b"%PDF-1.4"
    assert (tmp_path / "out/documents/1/result.json").read_bytes() == store.get("documents/1/result.json")
    assert store.erase("documents/1/") == 1


def test_a_file_that_changed_is_another_version(tmp_path):
    key, version = written(tmp_path / "a.pdf")
    os.utime(tmp_path / "a.pdf", ns=(0, 1))

    with pytest.raises(ObjectMissing):
        read_document(key, version, max_bytes=MOST)
    with pytest.raises(ObjectMissing):
        read_document(str(tmp_path / "none.pdf"), version, max_bytes=MOST)


def test_a_file_larger_than_allowed_is_not_read(tmp_path):
    key, version = written(tmp_path / "a.pdf", b"12345")

    with pytest.raises(DocumentTooLarge):
        read_document(key, version, max_bytes=4)


def replace(path, kind):
    """Put something that is no regular file, or nothing at all, where a registered file was."""
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(path.with_name("other.pdf"))
    elif kind == "circle of links":
        path.symlink_to(path)
    elif kind == "file as its folder":
        path.parent.rmdir()
        path.parent.write_bytes(b"")


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "circle of links", "file as its folder"])
def test_what_is_no_file_any_more_is_missing_and_no_outage(tmp_path, kind):
    path = tmp_path / "in" / "a.pdf"
    key, version = written(path)

    replace(path, kind)

    with pytest.raises(ObjectMissing):
        LocalDocuments(tmp_path).fetch(LOCAL_BUCKET, key, version, max_bytes=MOST)


def test_a_name_longer_than_any_file_s_is_missing(tmp_path):
    with pytest.raises(ObjectMissing):
        read_document(str(tmp_path / ("a" * 300)), "stat:1-1", max_bytes=MOST)


def test_links_are_followed_to_a_file_that_a_person_named(tmp_path):
    written(tmp_path / "a.pdf", b"read")
    (tmp_path / "link.pdf").symlink_to(tmp_path / "a.pdf")

    assert read_document(str(tmp_path / "link.pdf"), "sha256:0", max_bytes=MOST) == b"read"


@pytest.mark.parametrize("how", ["beside", "dots", "link", "no folder"])
def test_no_row_opens_a_file_outside_of_the_folder(tmp_path, how):
    key, version = written(tmp_path / "secret")
    written(tmp_path / "intake" / "a.pdf")
    (tmp_path / "intake" / "link.pdf").symlink_to(tmp_path / "secret")
    keys = {"dots": f"{tmp_path}/intake/../secret", "link": f"{tmp_path}/intake/link.pdf"}
    folder = None if how == "no folder" else tmp_path / "intake"

    store = open_store(Storage(results_bucket=f"file://{tmp_path}/out", intake_folder=folder))

    with pytest.raises(ObjectDenied):
        store.fetch(LOCAL_BUCKET, keys.get(how, key), version, max_bytes=MOST)


def test_a_name_without_a_scheme_is_a_bucket_and_an_unknown_scheme_wrong_use():
    assert Storage(results_bucket="results").results_url == "s3://results"
    assert (scheme_of("intake"), scheme_of(LOCAL_BUCKET)) == ("s3", "file")
    with pytest.raises(WrongUse, match="no store is called 'ftp'"):
        open_store(Storage(results_bucket="ftp://results"))


def open_documents(settings: Storage) -> LocalDocuments:
    """Makes this module one of a store that only serves documents."""
    return LocalDocuments(settings.intake_folder)


def test_a_store_that_only_serves_documents_needs_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setitem(STORES, "archive", __name__)
    key, version = written(tmp_path / "a.pdf")
    settings = Storage(results_bucket=f"file://{tmp_path}/out", intake_folder=tmp_path)

    assert open_store(settings).fetch("archive", key, version, max_bytes=MOST) == b"%PDF-1.4"
    with pytest.raises(WrongUse, match="keeps no results"):
        open_store(Storage(results_bucket="archive://place"))
