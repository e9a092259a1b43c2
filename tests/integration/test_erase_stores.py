"""Stores forget every version below a prefix, and encrypt at rest what they are given."""

from __future__ import annotations

import pytest

from worker.settings import Storage
from worker.storage.folder import Folder
from worker.storage.s3 import S3, s3_client


@pytest.mark.parametrize("versions", [False, True], ids=["etags", "versions"])
def test_a_real_store_forgets_every_version_below_the_prefix_and_nothing_beside_it(s3, versions):
    if versions:
        s3.client.put_bucket_versioning(Bucket=s3.name, VersioningConfiguration={"Status": "Enabled"})
    store = S3(s3.client, s3.name)
    for key in ("documents/1/a", "documents/1/b", "documents/1/b", "documents/12/a"):
        store.put(key, b"x")

    assert (store.erase("documents/1/"), store.erase("documents/1/")) == (2, 0)

    left = s3.client.list_object_versions(Bucket=s3.name)
    assert [one["Key"] for one in left.get("Versions", [])] == ["documents/12/a"]
    assert "DeleteMarkers" not in left


def test_a_folder_forgets_the_folder_of_the_prefix(tmp_path):
    store = Folder(tmp_path)
    for key in ("documents/1/pages/a", "documents/1/b", "documents/12/a"):
        store.put(key, b"x")

    assert (store.erase("documents/1/"), store.erase("documents/1/")) == (2, 0)

    assert store.get("documents/12/a") == b"x"


@pytest.mark.parametrize("wanted", ["AES256", "aws:kms"])
def test_encryption_at_rest_is_asked_for_with_every_write(s3, wanted):
    settings = Storage(
        s3_endpoint=s3.endpoint, s3_access_key=s3.access_key, s3_secret_key=s3.secret_key, s3_sse=wanted
    )
    client = s3_client(settings)

    S3(client, s3.name).put("documents/1/a", b"x")
    client.put_object(Bucket=s3.name, Key="another", Body=b"x")

    for key in ("documents/1/a", "another"):
        assert s3.client.head_object(Bucket=s3.name, Key=key)["ServerSideEncryption"] == wanted
