"""The search by signature: whoever signed like this is found, on file and on documents, and nobody stale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from db.engine import make_sessions
from db.roles import ROLES, WEB, grant
from producer.services.compare import open_comparer
from producer.services.erase import erase_document
from producer.services.retry import retry_documents
from tests.fakes import CellVerifier, page
from tests.handwriting import signature
from tests.world import World
from worker.embedded.comparison import Comparer
from worker.embedded.searching import Searcher
from worker.engines import build_cleaner
from worker.settings import Verification
from worker.vision.values import RenderedPage
from worker.vision.verification.code_index import CodeIndex
from worker.vision.verification.embedding import GLOBAL


@pytest.fixture(scope="module")
def comparer() -> Iterator[Comparer]:
    made = open_comparer()
    yield made
    made.close()


@pytest.fixture
def searched(engine: Engine, comparer: Comparer) -> World:
    """Three signers on file, and documents whose embeddings are of the shipped encoder."""
    world = World(engine)
    world.encoder = world.verifier.encoder
    world.cleaner = build_cleaner(Verification())
    encoder, cleaner = comparer.embedding_versions
    world.versions = {**world.versions, "encoder": encoder, "cleaner": cleaner}
    for seed, name in enumerate(("Ann", "Bob", "Cid")):
        enroll(world, name, seed)
    for index, name in enumerate(("a.pdf", "b.pdf")):
        world.through(world.arrive(name, [page(index, marks=1)]))
    return world


def enroll(world: World, name: str, seed: int) -> None:
    image = picture(seed)
    world.renderer.documents[image] = [
        RenderedPage(0, image, "png", 10, 10, 100.0, "rendered", points=(10.0, 10.0))
    ]
    world.enroll(name, f"{name}.png", image)


def picture(seed: int) -> bytes:
    return cv2.imencode(".png", signature(seed))[1].tobytes()


def file_of(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "query.png"
    path.write_bytes(data)
    return path


def test_a_signer_is_found_by_the_signature_on_file(
    searched: World, comparer: Comparer, tmp_path: Path
) -> None:
    searcher = Searcher(comparer, searched.sessions)

    result = searcher.search(file_of(tmp_path, picture(1)))

    comparer.forget()
    assert result.signers[0].signer == "Bob"
    assert len(result.signers) == 3
    assert (result.searched_references, result.searched_regions) == (3, 2)
    assert [hit.likeness for hit in result.signers] == sorted(
        (hit.likeness for hit in result.signers), reverse=True
    )


def test_a_signature_on_a_document_is_found_until_the_document_is_erased(
    searched: World, comparer: Comparer, tmp_path: Path
) -> None:
    searcher = Searcher(comparer, searched.sessions)
    with searched.sessions() as session:
        key = session.execute(text("SELECT crop_key FROM regions ORDER BY id DESC LIMIT 1")).scalar_one()
    query = file_of(tmp_path, searched.store.objects[key])
    first = searcher.search(query, most=1)
    retry_documents(searched.sessions, lambda _: None, names=["b.pdf"], again=True)
    while_read = searcher.search(query)
    searched.through(2)
    again = searcher.search(query, most=1)
    erase_document(searched.sessions, searched.store, 2, who="ann")
    comparer.forget()
    gone = searcher.search(query)

    assert [(hit.document_id, hit.document, hit.page, hit.region) for hit in first.regions] == [
        (2, "b.pdf", 1, 0)
    ]
    assert first.regions == again.regions
    for result in (while_read, gone):
        assert [hit.document_id for hit in result.regions] == [1]
        assert result.searched_regions == 1


def test_who_is_put_on_file_later_is_found_and_other_names_are_one_signer(
    searched: World, comparer: Comparer, tmp_path: Path
) -> None:
    searcher = Searcher(comparer, searched.sessions)
    searcher.refresh()
    comparer.forget()
    enroll(searched, "Dan", 7)
    with searched.sessions() as session:
        session.execute(text("UPDATE signers SET merged_into = 2 WHERE name = 'Cid'"))

    result = searcher.search(file_of(tmp_path, picture(7)))
    comparer.forget()
    bob = searcher.search(file_of(tmp_path, picture(2)))

    assert result.signers[0].signer == "Dan"
    assert len(bob.signers) == 3
    assert (bob.signers[0].signer, bob.signers[0].reference) == ("Bob", 2)


def test_what_another_encoder_has_read_is_not_compared(
    searched: World, comparer: Comparer, tmp_path: Path
) -> None:
    searched.versions = {**searched.versions, "encoder": "another"}
    searched.through(searched.arrive("c.pdf", [page(5, marks=1)]))
    searched.through(searched.arrive("d.pdf", [page(5)]))

    result = Searcher(comparer, searched.sessions).search(file_of(tmp_path, picture(1)))

    assert result.searched_regions == 2


def test_an_image_that_will_not_do_says_why(searched: World, comparer: Comparer, tmp_path: Path) -> None:
    searcher = Searcher(comparer, searched.sessions)
    white = cv2.imencode(".png", np.full((80, 200, 3), 255, np.uint8))[1].tobytes()

    for data in (b"no image", white):
        comparer.forget()
        result = searcher.search(file_of(tmp_path, data))
        assert (result.reason, result.signers, result.regions) == ("unusable_image", (), ())


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_the_role_of_the_web_app_searches_and_no_other_calls_its_functions(
    searched: World, comparer: Comparer, tmp_path: Path, as_role: Callable[[str], Engine]
) -> None:
    grant(searched.engine, {})
    comparer.forget()
    result = Searcher(comparer, make_sessions(as_role(WEB))).search(file_of(tmp_path, picture(1)))

    assert (result.signers[0].signer, len(result.regions)) == ("Bob", 2)
    for role in set(ROLES) - {WEB}:
        for call in ("region_codes('{1}', 512)", "reference_embeddings('{1}')"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                as_role(role).begin() as connection,
            ):
                connection.exec_driver_sql(f"SELECT * FROM search_{call}")


def test_an_architecture_of_shorter_embeddings_is_searched_by_its_own_codes(
    engine: Engine, tmp_path: Path
) -> None:
    world = World(engine, verifier=CellVerifier())
    world.cleaner = build_cleaner(Verification())
    world.versions = {**world.versions, "encoder": world.encoder.version, "cleaner": world.cleaner.version}
    for seed, name in enumerate(("Ann", "Bob", "Cid")):
        enroll(world, name, seed)
    world.through(world.arrive("a.pdf", [page(0, marks=1)]))
    comparer = open_comparer()
    comparer._verifier = world.verifier

    result = Searcher(comparer, world.sessions).search(file_of(tmp_path, picture(1)))

    comparer.close()
    assert (result.signers[0].signer, len(result.regions)) == ("Bob", 1)


def test_the_nearest_codes_are_those_of_the_whole_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.vision.verification.code_index._BLOCK", 64)
    chance = np.random.default_rng(1)
    codes = chance.normal(size=(1000, GLOBAL)).astype(np.float16)
    query = chance.normal(size=GLOBAL + 9).astype(np.float32)
    index = CodeIndex(GLOBAL)
    for first in range(0, 1000, 100):
        ids = np.arange(first, first + 100)
        index.add(ids, ids // 10, codes[first : first + 100])
    index.forget({5, 99, 1000})
    index.forget(set())

    stay = np.array([number for number in range(1000) if number // 10 not in (5, 99)])
    expected = stay[np.argsort(-(codes[stay].astype(np.float32) @ query[:GLOBAL]))][:20]
    assert index.ids[index.nearest(query, 20)].tolist() == expected.tolist()
    assert (len(index), len(index.nearest(query, 5000)), len(CodeIndex(GLOBAL).nearest(query, 3))) == (
        980,
        980,
        0,
    )
