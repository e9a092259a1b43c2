"""A corner of shared servers that one stack has to itself: a database, two buckets, a Redis database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3

from deploy.redis_server import borrowed_database
from deploy.servers import Servers
from deploy.settings import GivenServers
from producer.machine.postgres_server import create_database, drop_database

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@contextmanager
def private_corner(servers: Servers, *, suffix: str) -> Iterator[dict[str, str]]:
    """Yield the variables of a database, two buckets and a numbered Redis database of our own.

    The databases are removed afterwards; the buckets, whose server forgets them, are not.
    """
    given = GivenServers()
    name = f"countersign_{secrets.token_hex(4)}"
    env = {
        "COUNTERSIGN_DATABASE_URL": create_database(servers.database_url, name),
        "COUNTERSIGN_S3_ENDPOINT": servers.s3_endpoint,
        "COUNTERSIGN_S3_ACCESS_KEY": given.s3_access_key,
        "COUNTERSIGN_S3_SECRET_KEY": given.s3_secret_key.get_secret_value(),
        "COUNTERSIGN_S3_REGION": given.s3_region,
        "COUNTERSIGN_INTAKE_BUCKET": f"countersign-intake{suffix}",
        "COUNTERSIGN_RESULTS_BUCKET": f"countersign-results{suffix}",
        # Without notifications the listing is the only news of a new object.
        "COUNTERSIGN_LIST_SECONDS": "2",
    }
    client = s3_client_for(env)
    try:
        for bucket in (env["COUNTERSIGN_INTAKE_BUCKET"], env["COUNTERSIGN_RESULTS_BUCKET"]):
            client.create_bucket(Bucket=bucket)
        # Whatever was ever written in place of an answer can be looked at.
        client.put_bucket_versioning(
            Bucket=env["COUNTERSIGN_RESULTS_BUCKET"], VersioningConfiguration={"Status": "Enabled"}
        )
        with borrowed_database(servers.redis_url) as redis_url:
            yield {**env, "COUNTERSIGN_BROKER_URL": redis_url}
    finally:
        drop_database(servers.database_url, name)


def s3_client_for(env: Mapping[str, str]) -> S3Client:
    """A client of the S3 server that these variables name."""
    return boto3.client(
        "s3",
        endpoint_url=env["COUNTERSIGN_S3_ENDPOINT"],
        aws_access_key_id=env["COUNTERSIGN_S3_ACCESS_KEY"],
        aws_secret_access_key=env["COUNTERSIGN_S3_SECRET_KEY"],
        region_name=env["COUNTERSIGN_S3_REGION"],
    )
