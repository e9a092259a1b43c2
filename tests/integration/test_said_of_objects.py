"""What metadata and sidecars say of an object beside its claims."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import select

from db.engine import make_sessions
from db.models import Event
from producer.claims import particulars_from
from producer.services.deps import IntakeDeps
from producer.services.submit import submit_objects
from producer.sources.s3 import S3Source
from tests.intake import Queue, registered
from worker.settings import Intake


def test_metadata_and_sidecars_say_how_urgent_a_document_is_its_type_and_amount(postgres, s3, tmp_path: Path):
    queue = Queue()
    source = S3Source(s3.client, s3.name)
    deps = IntakeDeps(make_sessions(postgres), source, queue.send, queue.depth, Intake())
    metadata = {
        "a.pdf": {"signer": "Ann", "priority": "HIGH", "type": "loan", "amount": "1250.5"},
        "b.pdf": {},
        "c.pdf": {"priority": "now", "type": "memo"},
    }
    sidecar = b'{"signer": "Ben", "priority": "low", "amount": 7}'
    s3.client.put_object(Bucket=s3.name, Key="b.pdf.json", Body=sidecar)
    for key, fields in metadata.items():
        s3.client.put_object(Bucket=s3.name, Key=key, Body=b"%PDF-1.4", Metadata=fields)

    submit_objects(chain.from_iterable(source.list()), deps)

    by_key = {row.key: (row.priority, row.type, row.amount) for row in registered(deps.sessions)}
    assert by_key == {"a.pdf": (1, "loan", 1250.5), "b.pdf": (-1, None, 7.0), "c.pdf": (0, "memo", None)}
    with deps.sessions() as session:
        refused = session.execute(select(Event.detail).where(Event.event == "claim_refused")).scalars().all()
    assert refused == ["metadata: priority: 'now' is not a valid Priority"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"amount": True}, "amount: an amount is a number"),
        ({"amount": []}, "amount: an amount is a number"),
        ({"amount": "-3"}, "amount: no amount: -3"),
        ({"amount": "inf"}, "amount: no amount: inf"),
        ({"type": "a\nb"}, "type: a name with control characters: a\\u000ab"),
    ],
)
def test_a_value_that_cannot_be_meant_costs_no_other(content: dict[str, object], reason: str) -> None:
    particulars, reasons = particulars_from({"priority": "high", **content})

    assert reasons == [reason]
    assert (particulars.priority, particulars.type, particulars.amount) == ("high", None, None)
