"""An erased signer is named nowhere any more."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from sqlalchemy import select, update

from db import answers, events, signers
from db.base import Base
from db.erase import NAMING_SIGNERS, digest
from db.models import AnsweredClaim, AnsweredMark, Decision, Event, Verdict
from producer.services.amend_claims import Amendment, ClaimAction, amend_claims
from producer.services.erase import choose
from producer.services.keys import Caller, Right
from producer.services.review import ReviewRules, decide, next_review
from tests.erasures import erased_signer, everything, lines, signed
from tests.fakes import MeanEncoder, page
from tests.handwriting import signature
from tests.world import World
from worker.result.decisions import DecisionOutcome
from worker.vision.verification.embedding import DIMENSION


class WideEncoder(MeanEncoder):
    """As many numbers as the matcher expects."""

    def encode(self, crops, *, steady=True):
        rows = [cv2.resize(crop, (16, 16), interpolation=cv2.INTER_AREA).ravel() for crop in crops]
        small = np.array(rows, dtype=np.float32).reshape(len(rows), 256)
        return np.pad(small, ((0, 0), (0, DIMENSION - small.shape[1])))


@pytest.fixture
def enrolled(world: World) -> World:
    """Ann and Bob on file; a document that claims both, and one that claims nobody."""
    world.encoder = WideEncoder()
    for name in ("Ann", "Bob"):
        image = cv2.imencode(".png", signature(len(name) + ord(name[0])))[1].tobytes()
        world.renderer.documents[image] = [page(0, marks=1)]
        world.enroll(name, name, image)
    world.through(signed(world, "a.pdf", claims=("Ann", "Bob")))
    world.through(signed(world, "b.pdf"))
    return world


def test_nothing_names_an_erased_signer_any_more(enrolled: World):
    assert "Ann" in everything(enrolled)

    assert erased_signer(enrolled, "Ann")

    assert "Ann" not in everything(enrolled)
    results = {key: json.loads(data) for key, data in enrolled.store.objects.items() if key.endswith(".json")}
    with enrolled.sessions() as session:
        causes = [answer.cause for answer in answers.of_document(session, 1)]
    assert causes == ["first_reading", "erasure"]
    assert len(results) == 3
    assert "Ann" not in str(results)
    key = enrolled.document(1).result_key or ""
    assert [claim["signer"] for claim in results[key]["claims"]] == ["Bob"]
    assert len([key for key in enrolled.store.objects if key.startswith("signers/")]) == 2
    with enrolled.sessions() as session:
        assert [name for name, _ in signers.enrolled(session)] == ["Bob"]
    (line,) = lines(enrolled)
    assert (line.kind, line.digest, line.objects) == ("signer", digest("Ann"), 3)


def test_with_a_signer_the_documents_that_claim_it_can_be_chosen(enrolled: World):
    signed(enrolled, "c.pdf", claims=("Ann",))

    assert choose(enrolled.sessions, signer="Ann", documents_too=True).documents == (3, 1)
    assert choose(enrolled.sessions, signer="Ann").documents == ()


def decided_by_eve(world: World, comment: str | None = None) -> Caller:
    """Eve, who has said that the signature on a document that claims Ann is forged."""
    world.through(signed(world, "a.pdf", claims=("Ann",)))
    with world.sessions() as session:
        session.execute(update(Verdict).values(outcome="forged", probability=0.1))
    reviewer = Caller("eve", "key:1", frozenset(Right))
    item = next_review(world.sessions, reviewer, ReviewRules())
    assert item is not None
    decide(
        world.sessions, reviewer, item.id, fence=item.fence, answer=DecisionOutcome.FORGED, comment=comment
    )
    return reviewer


def test_reviews_and_decisions_name_an_erased_signer_no_more(world: World):
    reviewer = decided_by_eve(world)
    next_review(world.sessions, reviewer, ReviewRules())

    assert erased_signer(world, "Ann")

    assert "Ann" not in everything(world)
    with world.sessions() as session:
        (decided,) = [event for event in events.history(session, 1) if event.event == "decided"]
    assert (decided.who, decided.signer, decided.detail) == ("eve", None, None)


def test_a_decision_on_a_claim_that_was_withdrawn_names_no_erased_signer(world: World):
    decided_by_eve(world)
    amendment = Amendment(action=ClaimAction.WITHDRAW, signer="Ann", who="eve", why="misread")
    amend_claims(world.sessions, world.outbox.send, "a.pdf", amendment)
    world.through(1)

    assert erased_signer(world, "Ann")

    assert "Ann" not in everything(world)


def test_a_comment_on_somebody_else_s_signature_names_no_erased_signer(world: World):
    decided_by_eve(world, "The hand of Bob, not of Bobby")

    world.through(signed(world, "b.pdf", claims=("Bob",)))
    erased_signer(world, "Bob")

    with world.sessions() as session:
        (decision,) = session.execute(select(Decision)).scalars()
    assert decision.comment == "The hand of [erased], not of Bobby"


def test_every_table_that_names_signers_is_known_to_the_erasure():
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    naming = {column.table.name for column in columns if column.name.endswith("signer")}
    losing_the_name = (AnsweredClaim, AnsweredMark, Event)

    assert naming == {model.__tablename__ for model in (*NAMING_SIGNERS, *losing_the_name)}


def test_a_signer_who_is_claimed_but_not_enrolled_can_be_erased(world: World):
    world.through(signed(world, "a.pdf", claims=("Ann",)))

    assert erased_signer(world, "Ann")
    assert not erased_signer(world, "Ann")

    assert "Ann" not in everything(world)
