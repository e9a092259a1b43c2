"""A signer is erased while workers read documents that name them: what they write names nobody either."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import cv2
import pytest

from db import answers
from producer.services.erase import erase_signer
from tests.erasures import erased_signer, everything, signed
from tests.fakes import MemoryStore, page
from tests.handwriting import signature
from tests.integration.test_erase_signers import WideEncoder
from tests.integration.test_signers_merged import waits_for_a_lock
from tests.waiting import until
from tests.world import World


class Interrupted(WideEncoder):
    """Something else happens, once, while it embeds."""

    def __init__(self, meanwhile):
        super().__init__()
        self.meanwhile = [meanwhile]

    def encode(self, crops, *, steady=True):
        while self.meanwhile:
            self.meanwhile.pop()()
        return super().encode(crops, steady=steady)


def enrolled(world: World, name: str, *, seed: int = 3) -> None:
    world.encoder = WideEncoder()
    image = cv2.imencode(".png", signature(seed))[1].tobytes()
    world.renderer.documents[image] = [page(0, marks=1)]
    world.enroll(name, name, image)


@dataclass
class InterruptedStore(MemoryStore):
    """Something else happens, once: when the result of an answer is in it, or before such a key comes in."""

    meanwhile: list = field(default_factory=list)
    before: str | None = None

    def put(self, key, data):
        while self.before and key.startswith(self.before) and self.meanwhile:
            self.meanwhile.pop()()
        super().put(key, data)
        while key.endswith(".json") and self.meanwhile:
            self.meanwhile.pop()()


def test_who_is_erased_while_a_worker_compares_is_named_by_nothing_it_writes(world: World):
    enrolled(world, "Ann")
    document_id = signed(world, "a.pdf", claims=("Ann",))
    world.encoder = Interrupted(lambda: erased_signer(world, "Ann"))

    world.before_closing(document_id)
    left = world.open_chunks(document_id)
    world.before_closing(document_id)
    world.through(document_id)

    assert left
    assert world.document(document_id).status == "done"
    assert "Ann" not in everything(world)
    assert not [key for key, data in world.store.objects.items() if b"Ann" in data]


def test_who_is_erased_while_an_answer_is_written_stands_in_none(world: World):
    enrolled(world, "Ann")
    document_id = signed(world, "a.pdf", claims=("Ann",))
    world.before_closing(document_id)
    world.store = InterruptedStore(world.store.objects, meanwhile=[lambda: erased_signer(world, "Ann")])

    first = world.closing(document_id)
    second = world.closing(document_id)

    assert (first.answer, second.answer) == (None, 1)
    assert "Ann" not in everything(world)
    assert b"Ann" not in world.store.objects[second.result_key or ""]


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_who_is_erased_while_a_reference_is_put_on_file_leaves_none_of_it(world: World):
    enrolled(world, "Ann")
    erasing = threading.Thread(target=erased_signer, args=(world, "Ann"), daemon=True)

    def erase_meanwhile():
        erasing.start()
        until(lambda: waits_for_a_lock(world))

    world.store = InterruptedStore(world.store.objects, meanwhile=[erase_meanwhile], before="signers/")
    enrolled(world, "Ann", seed=7)
    erasing.join(timeout=60)

    assert "Ann" not in everything(world)
    assert not [key for key in world.store.objects if key.startswith("signers/")]


def test_an_answer_given_in_the_midst_of_an_erasure_is_given_again_without_the_name(world: World):
    enrolled(world, "Ann")
    document_id = signed(world, "a.pdf", claims=("Ann",))
    world.before_closing(document_id)
    written, go_on = threading.Event(), threading.Event()
    world.store = InterruptedStore(
        world.store.objects, meanwhile=[lambda: (written.set(), go_on.wait(timeout=60))]
    )
    finisher = threading.Thread(target=world.closing, args=(document_id,), daemon=True)
    opened = []

    def finish_between():
        opened.append(1)
        if len(opened) == 2:
            go_on.set()
            finisher.join(timeout=60)
        return world.sessions()

    finisher.start()
    assert written.wait(timeout=60)
    erase_signer(finish_between, world.store, "Ann", who="ann@desk")

    with world.sessions() as session:
        causes = [answer.cause for answer in answers.of_document(session, document_id)]
    assert causes == ["first_reading", "erasure"]
    assert "Ann" not in everything(world)
    assert not [key for key, data in world.store.objects.items() if b"Ann" in data]
