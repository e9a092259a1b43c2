"""A listing of a real bucket gives every document once, and names versions that can be read."""

from __future__ import annotations

import pytest

from producer.sources.listing import list_pages
from worker.errors import ObjectMissing
from worker.storage.s3 import S3


def put(bucket, *names: str, data: bytes = b"%PDF-1.4") -> None:
    for name in names:
        bucket.client.put_object(Bucket=bucket.name, Key=name, Body=data)


def keep_versions(bucket, status: str = "Enabled") -> None:
    setting = {"Status": status}
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration=setting)


def listed(bucket, prefix: str = "", *, size: int = 1000):
    return [one for page in list_pages(bucket.client, bucket.name, prefix, size=size) for one in page]


def read(bucket, document) -> bytes:
    return S3(bucket.client, "results").fetch(document.bucket, document.key, document.version, max_bytes=100)


def test_without_versions_every_object_is_named_by_its_etag(s3):
    put(s3, "b.pdf", "a.pdf", "c d+é.pdf")

    documents = listed(s3)

    assert [one.key for one in documents] == ["a.pdf", "b.pdf", "c d+é.pdf"]
    assert all(one.version.startswith("etag:") and '"' not in one.version for one in documents)
    assert [read(s3, one) for one in documents] == [b"%PDF-1.4"] * 3
    assert documents[0].bytes == 8


def test_a_replaced_object_is_another_document(s3):
    put(s3, "a.pdf", data=b"old")
    (old,) = listed(s3)
    put(s3, "a.pdf", data=b"new")
    (new,) = listed(s3)

    assert old.version != new.version
    assert read(s3, new) == b"new"
    with pytest.raises(ObjectMissing):
        read(s3, old)


def test_with_versions_every_version_is_a_document_and_deletion_none(s3):
    keep_versions(s3)
    put(s3, "a.pdf", data=b"one")
    put(s3, "a.pdf", data=b"two")
    put(s3, "b.pdf", data=b"three")
    s3.client.delete_object(Bucket=s3.name, Key="a.pdf")

    documents = listed(s3)

    assert sorted(read(s3, one) for one in documents) == [b"one", b"three", b"two"]
    assert len({one.version for one in documents}) == 3


def test_an_object_older_than_the_buckets_versions_keeps_its_name_until_it_is_covered(s3):
    put(s3, "a.pdf", data=b"old")
    (before,) = listed(s3)
    keep_versions(s3)
    (same,) = listed(s3)
    put(s3, "a.pdf", data=b"new")
    both = listed(s3)

    assert same == before
    assert sorted(read(s3, one) for one in both) == [b"new", b"old"]


@pytest.mark.parametrize("versions", [False, True], ids=["etags", "versions"])
def test_small_pages_give_the_same_as_one_large_page(s3, versions):
    if versions:
        keep_versions(s3)
    put(s3, *(f"{number}.pdf" for number in range(7)))
    put(s3, "3.pdf", data=b"again")

    assert len(listed(s3)) == (8 if versions else 7)
    assert sorted(listed(s3, size=2), key=repr) == sorted(listed(s3), key=repr)


def test_only_what_lies_below_the_prefix_is_listed(s3):
    put(s3, "in/a.pdf", "out/b.pdf", "inside.pdf")

    assert [one.key for one in listed(s3, "in/")] == ["in/a.pdf"]


@pytest.mark.parametrize("size", [1000, 1])
def test_folder_markers_and_sidecars_are_no_documents(s3, size):
    put(s3, "in/", "in/a.pdf", "in/a.pdf.json", "in/scan", "in/scan-2", "in/scan.json", "in/scan.tar")
    put(s3, "in/alone.json", "in/gone.TIFF.json", ".json")

    assert [one.key for one in listed(s3, size=size)] == [
        ".json",
        "in/a.pdf",
        "in/alone.json",
        "in/scan",
        "in/scan-2",
        "in/scan.tar",
    ]


def test_an_empty_bucket_lists_nothing(s3):
    assert listed(s3) == []
