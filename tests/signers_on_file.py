"""Signers on file for tests: drawn signatures, and documents that claim them."""

from __future__ import annotations

import cv2
import numpy as np

from producer.services.enroll import enroll_images
from producer.services.signers import (
    verify_touched,
)
from tests.fakes import page
from tests.handwriting import signature
from tests.world import World
from worker.enrolling import Enroller
from worker.pipeline import QueueMessage
from worker.result.rows import document_result
from worker.vision.values import RenderedPage

WHO = "ann@desk"


def image_of(seed: int, *, wobble: int | None = None, scale: float = 1.0) -> bytes:
    """An image of one drawn signature."""
    return cv2.imencode(".png", signature(seed, wobble=wobble, scale=scale))[1].tobytes()


def known(world: World, data: bytes) -> bytes:
    """The renderer knows what these bytes show."""
    height, width = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE).shape
    world.renderer.documents[data] = [RenderedPage(0, data, "png", width, height, 300.0, "image")]
    return data


def enroll(world: World, enroller: Enroller, name: str, *seeds: int) -> None:
    images = [(f"{seed}.png", known(world, image_of(seed))) for seed in seeds]
    done = enroll_images(enroller, name, images, who=WHO)
    assert done.complete, done


def answered(world: World, key: str, *claims: str, data: bytes | None = None) -> int:
    document_id = world.arrive(key, [page(0, marks=1)], claims=claims, data=data)
    world.through(document_id)
    return document_id


def sent_by(world: World, *names: str) -> list[tuple[str, int]]:
    sent: list[QueueMessage] = []
    verify_touched(world.sessions, sent.append, names, who=WHO)
    assert all(message.chunk_id for message in sent)
    return [(message.stage.value, message.document_id) for message in sent]


def references_behind(world: World, document_id: int) -> dict[str, int]:
    with world.sessions() as session:
        return {row.signer: row.references for row in document_result(session, document_id).verdicts}
