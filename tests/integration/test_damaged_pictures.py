"""Pictures that are damaged in storage: each fails its own reference or region, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db import events
from db.models import Page, Reference, Region
from db.states import Status
from producer.machine.ports import free_port
from tests.conftest import Bucket
from tests.fakes import PartEncoder, page
from tests.world import World, make_overdue
from worker.errors import StorageUnavailable
from worker.result.document import DocumentResult
from worker.result.rows import document_result
from worker.settings import Storage
from worker.steps.detect import detect_chunk
from worker.steps.references import judge
from worker.steps.render import render_document
from worker.steps.verify import verify_chunk
from worker.storage.s3 import S3, s3_client
from worker.vision.choices import Outcome


class ResultsInS3(S3):
    """A real store for results; documents are kept beside it."""

    def __init__(self, bucket: Bucket, *, endpoint: str | None = None) -> None:
        settings = Storage(
            s3_endpoint=endpoint or bucket.endpoint,
            s3_access_key=bucket.access_key,
            s3_secret_key=bucket.secret_key,
        )
        super().__init__(s3_client(settings), bucket.name)
        self.objects: dict[str, bytes] = {}

    def fetch(self, bucket: str, key: str, version: str, *, max_bytes: int) -> bytes:
        return self.objects[key]


@pytest.fixture
def world(engine, s3: Bucket) -> World:
    return World(engine, store=ResultsInS3(s3), encoder=PartEncoder("old"))


def cut_off(store: S3, key: str) -> None:
    data = store.get(key)
    store.put(key, data[: len(data) // 2])


def emptied(store: S3, key: str) -> None:
    store.put(key, b"")


def of_another_format(store: S3, key: str) -> None:
    store.put(key, cv2.imencode(".bmp", np.zeros((40, 60), np.uint8))[1].tobytes())


def gone(store: S3, key: str) -> None:
    store.client.delete_object(Bucket=store.results_bucket, Key=key)


Damage = Callable[[S3, str], None]
DAMAGES = pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(cut_off, "it is cut off", id="cut off"),
        pytest.param(emptied, "it is empty", id="empty"),
        pytest.param(of_another_format, "it is neither JPEG nor PNG", id="another format"),
        pytest.param(gone, "it is missing", id="missing"),
    ],
)


def enrolled(world: World, signer: str, *marks: int) -> None:
    """A reference for each number: a picture with so many scribbles."""
    for number in marks:
        data = f"{signer} {number}".encode()
        world.renderer.documents[data] = [page(number, marks=number)]
        world.enroll(signer, "a.png", data)


def damage_reference(world: World, damage: Damage, number: int = 1) -> None:
    """What befalls the picture of the reference that was enrolled as the first, second, …"""
    with world.sessions() as session:
        keys = session.execute(select(Reference.image_key).order_by(Reference.id)).scalars().all()
    damage(world.store, keys[number - 1])


def damage_crop(world: World, damage: Damage, *, page: int, region: int) -> None:
    with world.sessions() as session:
        (key,) = [row.crop_key for row in regions(session) if (row.page.index, row.index) == (page, region)]
    damage(world.store, key)


def regions(session: Session) -> list[Region]:
    return list(session.execute(select(Region).order_by(Region.id)).scalars())


def result_of(world: World, document_id: int) -> DocumentResult:
    with world.sessions() as session:
        return document_result(session, document_id)


def history(world: World, document_id: int, event: str) -> list[str | None]:
    with world.sessions() as session:
        return [row.detail for row in events.history(session, document_id) if row.event == event]


@DAMAGES
def test_a_damaged_reference_is_left_out_and_all_others_are_compared(world: World, damage, reason: str):
    enrolled(world, "anna", 1, 2)
    enrolled(world, "bert", 1)
    damage_reference(world, damage)
    world.encoder = PartEncoder("new")

    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna", "bert"))
    document = world.through(document_id)

    verdicts = {row.signer: row for row in result_of(world, document_id).verdicts}
    assert document.status is Status.DONE
    assert (verdicts["anna"].references, verdicts["anna"].damaged_references) == (1, (1,))
    assert (verdicts["bert"].references, verdicts["bert"].damaged_references) == (1, ())
    assert verdicts["anna"].probability is not None
    assert history(world, document_id, "damaged_reference") == [
        f"reference 1 of 'anna' is damaged in storage: {reason}"
    ]


@DAMAGES
def test_where_no_reference_is_left_the_verdict_says_why(world: World, damage, reason: str):
    enrolled(world, "anna", 1)
    enrolled(world, "bert", 1)
    damage_reference(world, damage)
    world.encoder = PartEncoder("new")

    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna", "bert", "nobody"))
    document = world.through(document_id)

    verdicts = {row.signer: row for row in result_of(world, document_id).verdicts}
    assert document.status is Status.DONE
    assert verdicts["anna"].verdict is Outcome.NO_REFERENCE
    assert verdicts["anna"].reason == "damaged_reference"
    assert verdicts["bert"].probability is not None
    assert (verdicts["nobody"].verdict, verdicts["nobody"].reason) == (Outcome.NO_REFERENCE, None)


def test_the_enrolment_names_a_damaged_reference_and_judges_the_others(world: World):
    enrolled(world, "anna", 1, 2, 3, 4)
    damage_reference(world, cut_off, number=2)
    world.encoder = PartEncoder("new")

    enrolment = judge("anna", world.verify_deps)

    assert [one.damage for one in enrolment.references] == [None, "it is cut off", None, None]
    assert [one.llr is None for one in enrolment.references] == [False, True, False, False]


def test_a_reference_that_is_enrolled_again_counts_again(world: World):
    enrolled(world, "anna", 1)
    damage_reference(world, gone)
    world.encoder = PartEncoder("new")
    world.through(world.arrive("before.pdf", [page(0, marks=1)], claims=("anna",)))

    enrolled(world, "anna", 1)
    document_id = world.arrive("after.pdf", [page(0, marks=1)], claims=("anna",))
    world.through(document_id)

    (verdict,) = result_of(world, document_id).verdicts
    assert (verdict.references, verdict.damaged_references) == (1, ())
    assert judge("anna", world.verify_deps).references[0].damage is None


def test_a_document_that_claims_nobody_is_searched_among_the_others(world: World):
    enrolled(world, "anna", 1)
    enrolled(world, "bert", 1)
    damage_reference(world, cut_off)
    world.encoder = PartEncoder("new")

    document_id = world.arrive("letter.pdf", [page(0, marks=1)])
    world.through(document_id)

    (region,) = result_of(world, document_id).regions
    assert [one.signer for one in region.suggestions] == ["bert"]
    assert history(world, document_id, "damaged_reference") == []


@DAMAGES
def test_a_damaged_crop_leaves_its_region_without_verdict_and_its_neighbours_with(
    world: World, damage, reason: str
):
    enrolled(world, "anna", 1)
    document_id = world.arrive("letter.pdf", [page(0, marks=2), page(1, marks=1)], claims=("anna",))
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)
    detect_chunk(chunk_id, world.detect_deps)
    damage_crop(world, damage, page=0, region=1)

    document = world.through(document_id)

    sentence = f"page 1, region 2: the crop is damaged in storage: {reason}"
    result = result_of(world, document_id)
    damaged = [(region.page, region.index, region.detail) for region in result.regions if region.reason]
    assert damaged == [(0, 1, sentence)]
    assert [(verdict.page, verdict.region) for verdict in result.verdicts] == [(0, 0), (1, 0)]
    assert (document.status, document.signed, document.reason) == (Status.PARTIAL, True, "damaged_crop")
    assert document.detail == f"1 of 3 signatures could not be compared; {sentence}"
    assert history(world, document_id, "damaged_crop") == [sentence]


@DAMAGES
def test_a_damaged_page_image_fails_its_page_alone(world: World, damage, reason: str):
    document_id = world.arrive("letter.pdf", [page(0, marks=1), page(1, marks=1)])
    render_document(document_id, world.render_deps)
    with world.sessions() as session:
        key = session.execute(select(Page.image_key).where(Page.index == 1)).scalar_one()
    damage(world.store, key)

    document = world.through(document_id)

    first, second = result_of(world, document_id).pages
    assert (document.status, document.signed) == (Status.PARTIAL, True)
    assert (first.reason, second.reason) == (None, "unreadable_page")
    assert second.detail == f"the stored page image is damaged: {reason}"


def test_a_document_whose_only_crop_is_damaged_is_still_signed(world: World):
    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna",))
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)
    detect_chunk(chunk_id, world.detect_deps)
    damage_crop(world, emptied, page=0, region=0)

    document = world.through(document_id)

    assert (document.status, document.signed) == (Status.PARTIAL, True)
    assert result_of(world, document_id).claims[0].verdict is None


def test_a_store_that_does_not_answer_damages_nothing(world: World, s3: Bucket):
    enrolled(world, "anna", 1)
    document_id = world.arrive("letter.pdf", [page(0, marks=1)], claims=("anna",))
    render_document(document_id, world.render_deps)
    (chunk_id,) = world.open_chunks(document_id)
    detect_chunk(chunk_id, world.detect_deps)
    there, world.encoder = world.store, PartEncoder("new")

    world.store = ResultsInS3(s3, endpoint=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StorageUnavailable):
        verify_chunk(chunk_id, world.verify_deps)

    world.store = there
    make_overdue(world)
    assert world.through(document_id).status is Status.DONE
    assert result_of(world, document_id).verdicts[0].references == 1


def test_a_bucket_that_is_not_there_is_an_outage_and_no_damage(s3: Bucket):
    store = ResultsInS3(s3)
    store.results_bucket = f"{s3.name}-gone"

    with pytest.raises(StorageUnavailable):
        store.get("documents/1/crop.png")
