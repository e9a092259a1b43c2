"""The operators' commands on the queued form: what they pack, what they show."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.commands import countersign
from tests.fakes import page
from tests.world import World
from worker.bundle import read
from worker.steps.keys import result_key
from worker.storage import S3


def test_the_commands_pack_a_queued_document_without_secrets_and_replay_it(
    postgres, s3, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    world = World(postgres)
    world.through(world.arrive("in/a.pdf", [page(0, marks=1)], claims=("Ann",), data=b"no document at all"))
    S3(s3.client, s3.name).put(result_key(1), world.store.objects[result_key(1)])
    s3.client.put_object(Bucket=s3.name, Key="in/a.pdf", Body=b"no document at all")
    etag = s3.client.head_object(Bucket=s3.name, Key="in/a.pdf")["ETag"].strip('"')
    with postgres.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE documents SET bucket = %s, version = %s", (s3.name, f"etag:{etag}")
        )
    env = {
        "COUNTERSIGN_DATABASE_URL": database_url,
        "COUNTERSIGN_BROKER_URL": redis_url,
        "COUNTERSIGN_S3_ENDPOINT": s3.endpoint,
        "COUNTERSIGN_S3_ACCESS_KEY": "canary-access",
        "COUNTERSIGN_S3_SECRET_KEY": "canary-secret",
        "COUNTERSIGN_RESULTS_BUCKET": s3.name,
    }

    packed = countersign("bundle", "in/a.pdf", "--out", tmp_path / "b.zip", env=env)
    replayed = countersign("replay", tmp_path / "b.zip", "--json")
    unknown = countersign("bundle", "nowhere.pdf", env=env)

    assert (packed.status, replayed.status, unknown.status) == (0, 1, 2), packed.err + replayed.err
    text = str(read(tmp_path / "b.zip"))
    assert "canary" not in text
    assert database_url.rpartition("@")[0].rpartition(":")[2] not in text
    fields = {one["field"]: one["now"] for one in replayed.objects[0]["differences"]}
    assert fields["status"] == "failed"
    assert fields["reason"] == "unknown_format"
